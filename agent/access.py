"""May this badge start this machine now, who pays, and if not, why: all reasons, from the list the agent holds.

Facts were judged by the server and stand in the list; moments (opening hours, the end of a right, the age of the list) are
judged here. Reasons deny by set: every one that holds is named, and a start needs an empty set (design rule 11).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from agent.hours import booked_until, lesson_of, next_opening, until_booked, until_booked_s, until_over, within
from wire.messages import (
    FEATURES,
    PAYER_REASONS,
    AccessList,
    Authorisation,
    DenialReason,
    HolderEntry,
    Level,
    MachineEntry,
    Master,
    PayerCard,
    Policy,
    Refusal,
    Revocation,
    RiskClass,
    Service,
    Shows,
    Stamp,
    TimeQuality,
    WrappedKey,
)


@dataclass(frozen=True, slots=True)
class Payer:
    """One who may be charged here. ``rate_cents`` an hour, or None: no price is set, which the panel says before it costs
    an argument."""

    id: str
    label: str
    rate_cents: int | None
    seconds_left: int | None = None
    shows: Shows = Shows.PRICE


Reason = DenialReason | str  # a word that only a newer server knows denies like any other

# where staff only look on for a while, these are told and deny nothing: what the lab decides about people and hours. Not what
# is wrong with a badge or a payer, and not what protects anybody, as the law on young people does
ONLY_TOLD = frozenset(
    {
        DenialReason.QUALIFICATION_MISSING,
        DenialReason.QUALIFICATION_EXPIRED,
        DenialReason.QUALIFICATION_REVOKED,
        DenialReason.SUPERVISED_ONLY,
        DenialReason.SHEET_NOT_ACCEPTED,
        DenialReason.OUTSIDE_HOURS,
        DenialReason.BOOKED,
    }
)
_MINDS_ONLY_A_START = PAYER_REASONS | {DenialReason.BOOKED}


@dataclass(frozen=True, slots=True)
class Grant:
    """``payers``: those who are open, the default first."""

    holder: int
    name: str | None
    lang: str
    payers: tuple[Payer, ...]
    revision: int
    policy: Policy
    level: Level | None = Level.ALONE  # None: no right at all, which is only told
    told: frozenset[Reason] = frozenset()  # what would deny if staff did more than look on
    lesson: str | None = None  # the class that this badge opens
    booked_s: int | None = None  # so long until somebody else's booking begins
    key_id: str = ""  # of the site key under which the badge is told

    @property
    def asks_trainer(self) -> bool:
        """A trainer's badge is asked for beside this one."""
        return self.level is Level.SUPERVISED and DenialReason.SUPERVISED_ONLY not in self.told


@dataclass(frozen=True, slots=True)
class Denied:
    """``since_ms`` and ``until_ms``: wall times at which the reason began and may end, where the list tells them.

    ``otherwise``: what would be granted if another payer than the default, which is closed, were chosen at the button.
    ``level``: how far the holder's right reaches here whatever else is in the way; None where badge or right are no good.
    """

    reasons: frozenset[Reason]
    revision: int = 0
    holder: int | None = None
    name: str | None = None
    lang: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    otherwise: Grant | None = None
    key_id: str = ""  # of the site key under which the badge is told
    level: Level | None = None
    good: bool = False  # the badge and its holder are known, and nothing is against them


Answer = Grant | Denied


def stands_by(answer: Answer) -> Level | None:
    """How far the right of somebody reaches who stands beside another's use; None for whom it does not."""
    return answer.level if isinstance(answer, Grant) or answer.good else None


def starts_beside(answer: Answer) -> Level | None:
    """The same for a start. Nobody pays for standing there, nor needs a booking; what else is in the way, is."""
    if isinstance(answer, Denied) and not answer.reasons <= _MINDS_ONLY_A_START:
        return None
    return stands_by(answer)


@dataclass(frozen=True, slots=True)
class MasterGrant:
    """What a master badge could do here with its PIN: let the expired list hold until then, or else start."""

    holder: int
    pin: str
    grant: Grant
    extend_until_ms: int | None  # wall


@dataclass(frozen=True, slots=True)
class Local:
    """What the agent knows of a machine without any list."""

    hindrances: frozenset[DenialReason] = frozenset()
    extended_revision: int = 0  # a master badge let this list hold until then
    extended_until_ms: int = 0  # wall


_NOTHING_LOCAL = Local()


@dataclass(frozen=True, slots=True)
class Rights:
    """One machine of a list, its people laid out for look-up."""

    entry: MachineEntry
    may: dict[int, Authorisation]
    may_not: dict[int, Refusal]


@dataclass(frozen=True, slots=True)
class Index:
    """An access list laid out for look-up, once when it arrives: a tap then costs the same with 10 000 holders."""

    agent: str
    revision: int
    issued_ms: int
    key_id: str
    payers: dict[str, PayerCard]
    holders: dict[str, HolderEntry]
    machines: dict[str, Rights]
    revoked: tuple[Revocation, ...]
    masters: dict[str, Master]
    masters_after_ms: int
    keys: tuple[WrappedKey, ...] = ()  # newer than those of the settings


@dataclass(frozen=True, slots=True)
class InForce:
    """The list an agent enforces, and when it came, which is what its age is counted from while the clock is not set."""

    index: Index
    received: Stamp


def index(access_list: AccessList) -> Index:
    return Index(
        agent=access_list.agent,
        revision=access_list.revision,
        issued_ms=access_list.issued_ms,
        key_id=access_list.key_id,
        payers={card.id: card for card in access_list.payers},
        holders={entry.token: entry for entry in access_list.holders},
        machines={entry.machine: _rights(entry) for entry in access_list.machines},
        revoked=access_list.revoked,
        masters={master.token: master for master in access_list.masters},
        masters_after_ms=access_list.masters_after_s * 1000,
        keys=access_list.keys,
    )


def decide(in_force: InForce | None, token: str, machine: str, now: Stamp, local: Local) -> Answer:
    """The answer to one tap. ``token`` is the card's fingerprint. It does not know whether the machine is in use."""
    rights = None if in_force is None else in_force.index.machines.get(machine)
    if in_force is None or rights is None:
        return Denied(local.hindrances | {DenialReason.LIST_MISSING})
    listed, entry = in_force.index, rights.entry
    holder = listed.holders.get(token)
    common = local.hindrances.union(machine_reasons(in_force, entry, now, local))
    if holder is None:
        reasons = common | {DenialReason.UNKNOWN_TOKEN}
        return Denied(reasons, listed.revision, until_ms=next_opening(entry, now))
    level = _level(rights, holder.holder, now)
    reasons = common.union(_holder_reasons(rights, holder, now))
    told = _told(entry, reasons, level, now)
    granted, closed = _terms(listed, rights, holder, level, now)
    granted = replace(granted, told=told)
    if not reasons - told and closed is None:
        return granted
    refusal = rights.may_not.get(holder.holder)
    return Denied(
        reasons if closed is None else reasons | {closed},
        listed.revision,
        holder.holder,
        holder.name,
        holder.lang,
        since_ms=None if refusal is None else refusal.since_ms,
        until_ms=booked_until(entry, holder.holder, now) or next_opening(entry, now),
        otherwise=granted if granted.payers and not reasons - told else None,
        level=level,
        good=against_badge(holder, now) is None,
    )


def machine_reasons(
    in_force: InForce, entry: MachineEntry, now: Stamp, local: Local = _NOTHING_LOCAL
) -> Iterator[Reason]:
    """What keeps everybody from this machine now."""
    if entry.service in (Service.OUT, Service.OUT_AFTER_JOB):
        yield DenialReason.OUT_OF_SERVICE
    if entry.service is Service.MAINTENANCE:
        yield DenialReason.MAINTENANCE
    if lacks_feature(entry):
        yield DenialReason.AGENT_UPDATE_NEEDED
    if entry.risk is RiskClass.HIGH and now.quality is TimeQuality.ESTIMATED:
        yield DenialReason.CLOCK_NOT_SET
    if validity_left_ms(in_force, entry, now) <= 0 and not extended(in_force, local, now):
        yield DenialReason.LIST_EXPIRED
    if not within(entry.open, now):
        yield DenialReason.OUTSIDE_HOURS
    yield from dated_reasons(entry, now)


def dated_reasons(entry: MachineEntry, now: Stamp) -> Iterator[Reason]:
    """What keeps everybody away from a day on, such as an overdue check. It protects people: no badge passes it."""
    return (dated.reason for dated in entry.denied if dated.from_ms <= now.wall_ms)


def lacks_feature(entry: MachineEntry) -> bool:
    """True when a rule of this machine is one this agent does not know: then nobody may start it (design §3, growth)."""
    return not FEATURES.issuperset(entry.requires)


def validity_left_ms(in_force: InForce, entry: MachineEntry, now: Stamp) -> int:
    """How long new starts may still rely on the list, by the clock; or, while it is not set, by the time since it came."""
    if now.quality is not TimeQuality.ESTIMATED:
        return entry.valid_until_ms - now.wall_ms
    return entry.valid_until_ms - in_force.index.issued_ms - age_ms(in_force, now)


def extended(in_force: InForce, local: Local, now: Stamp) -> bool:
    """True while a master badge lets this list hold beyond its end."""
    return local.extended_revision == in_force.index.revision and now.wall_ms < local.extended_until_ms


def age_ms(in_force: InForce, now: Stamp) -> int:
    """Time since the list came: exact within one boot, else by wall clocks that never go back."""
    came = in_force.received
    if came.boot == now.boot:
        return now.mono_ms - came.mono_ms
    return max(0, now.wall_ms - came.wall_ms)


# --- who pays -----------------------------------------------------------------------------------------------------------


def _terms(
    listed: Index, rights: Rights, holder: HolderEntry, level: Level | None, now: Stamp
) -> tuple[Grant, Reason | None]:
    """What would be granted, and why its default payer cannot be charged, if so."""
    entry = rights.entry
    granted = Grant(holder.holder, holder.name, holder.lang, (), listed.revision, entry.policy, level)
    lesson = lesson_of(entry, holder.holder, now) if level is Level.TRAINER else None
    order = _in_order(holder, entry.machine, now) if lesson is None else (lesson.payer,)
    payers = tuple(_payers(listed, order, entry.machine, now))
    closed = _closed(listed, order, entry.machine, now)
    if lesson is not None:
        policy = until_over(entry.policy, lesson, now)
        return replace(granted, payers=payers, policy=policy, lesson=lesson.id), closed
    booked_s = until_booked_s(entry, holder.holder, now)
    policy = until_booked(entry.policy, booked_s)
    return replace(granted, payers=payers, policy=policy, booked_s=booked_s), closed


def _in_order(holder: HolderEntry, machine: str, now: Stamp) -> tuple[str, ...]:
    """The holder's payers, the default first: that of the first rule that holds now, at this machine."""
    for rule in holder.rules:
        if (not rule.machines or machine in rule.machines) and rule.from_ms <= now.wall_ms < rule.until_ms:
            return (rule.payer, *(payer for payer in holder.payers if payer != rule.payer))
    return holder.payers


def _closed(listed: Index, order: tuple[str, ...], machine: str, now: Stamp) -> Reason | None:
    """Why the default payer cannot be charged. No other steps in by itself: nobody is billed by fallback."""
    default = listed.payers.get(order[0]) if order else None
    return DenialReason.MEMBERSHIP_ENDED if default is None else closed_here(default, machine, now)


def _payers(listed: Index, order: tuple[str, ...], machine: str, now: Stamp) -> Iterator[Payer]:
    for payer in order:
        card = listed.payers.get(payer)
        if card is not None and closed_here(card, machine, now) is None:
            yield payer_here(card, machine)


def closed_here(card: PayerCard, machine: str, now: Stamp) -> Reason | None:
    """Why this payer is not charged for a start at this machine now."""
    if card.closed is not None:
        return card.closed
    pays = (card.machines is None or machine in card.machines) and within(card.open, now)
    return None if pays else DenialReason.PAYER_NOT_HERE


def payer_here(card: PayerCard, machine: str) -> Payer:
    return Payer(card.id, card.label, card.rates.get(machine), card.seconds_left, card.shows)


def _rights(entry: MachineEntry) -> Rights:
    return Rights(
        entry=replace(entry, may=(), may_not=()),
        may={one.holder: one for one in entry.may},
        may_not={one.holder: one for one in entry.may_not},
    )


# --- the holder ---------------------------------------------------------------------------------------------------------


def against_badge(holder: HolderEntry, now: Stamp) -> Reason | None:
    """What is wrong with this badge, or with its holder, at every machine."""
    is_over = holder.until_ms is not None and holder.until_ms <= now.wall_ms
    return holder.denied or (DenialReason.TOKEN_EXPIRED if is_over else None)


def _holder_reasons(rights: Rights, holder: HolderEntry, now: Stamp) -> Iterable[Reason]:
    if (wrong := against_badge(holder, now)) is not None:
        yield wrong
    right = rights.may.get(holder.holder)
    if (refusal := rights.may_not.get(holder.holder)) is not None:
        yield from refusal.reasons or (DenialReason.QUALIFICATION_MISSING,)
    elif right is None:
        yield DenialReason.QUALIFICATION_MISSING
    elif right.until_ms is not None and right.until_ms <= now.wall_ms:
        yield DenialReason.QUALIFICATION_EXPIRED
    if booked_until(rights.entry, holder.holder, now) is not None:
        yield DenialReason.BOOKED


def _level(rights: Rights, holder: int, now: Stamp) -> Level | None:
    """How far the holder's right reaches now. A level that only a newer server knows counts as supervised."""
    right = rights.may.get(holder)
    if right is None or holder in rights.may_not or (right.until_ms is not None and right.until_ms <= now.wall_ms):
        return None
    return next((level for level in Level if level == right.level), Level.SUPERVISED)


def _told(entry: MachineEntry, reasons: frozenset[Reason], level: Level | None, now: Stamp) -> frozenset[Reason]:
    """What denies nothing while staff only look on. Not by a clock that was never set: that might hold for ever."""
    until_ms = entry.log_only_until_ms
    if until_ms is None or now.quality is TimeQuality.ESTIMATED or until_ms <= now.wall_ms:
        return frozenset()
    alone = frozenset({DenialReason.SUPERVISED_ONLY}) if level is Level.SUPERVISED else frozenset()
    return (ONLY_TOLD & reasons) | alone
