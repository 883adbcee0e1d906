"""Who may use which machine now, until when, and why not: from plain facts to the list an agent enforces.

Reasons are a set: every one that holds is named, not the first found. What is wrong with a token, a holder or a
qualification denies; what is wrong with a membership, a tenant or a contract closes that *payer* and nothing else. Moments
(opening hours, the end of a right) are left to the agent, in UTC; a fact that starts later is not in the list yet.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from server.domain.bypass import bypassed_until
from server.domain.facts import Facts, MachineFact, PayerFact, StaffFact, TokenFact
from server.domain.opening import open_intervals
from server.domain.purses import NOBODY, Purse, card, purses_of
from server.domain.rules import requires
from server.domain.standings import ALONE, NEVER, Standing, standings_at
from wire.messages import (
    AccessList,
    Authorisation,
    Bypass,
    DenialReason,
    HolderEntry,
    MachineEntry,
    Master,
    PayerCard,
    Refusal,
    Revocation,
    RiskClass,
    Service,
    Taken,
    WrappedKey,
)

REVOKED_FOR = timedelta(days=45)  # as long as agents keep what was receipted (design rule 8)
VALIDITY = {
    RiskClass.LOW: timedelta(hours=72),
    RiskClass.MEDIUM: timedelta(hours=48),
    RiskClass.HIGH: timedelta(hours=24),
}
CLOSINGS = {
    Service.OUT: Taken.OUT_OF_SERVICE,
    Service.OUT_AFTER_JOB: Taken.OUT_OF_SERVICE,
    Service.MAINTENANCE: Taken.MAINTENANCE,
}
_MISSING = frozenset({DenialReason.QUALIFICATION_MISSING})
_Rights = tuple[tuple[Authorisation, ...], tuple[Refusal, ...]]


@dataclass(frozen=True, slots=True)
class Judged:
    """All that every agent's list shares: computed once from the facts, then cut to each agent's machines."""

    facts: Facts
    now: datetime
    holders: tuple[HolderEntry, ...]
    blocked: dict[int, datetime]
    ends: dict[int, datetime]  # by holder: the first end among tokens and memberships in force
    standings: dict[int, dict[str, Standing]]  # by holder and skill
    cards: tuple[PayerCard, ...]
    revoked: tuple[Revocation, ...]
    masters: tuple[Master, ...]
    rights: dict[tuple[frozenset[str], timedelta], _Rights]  # by skills and validity: the same at many machines


def judge(facts: Facts, now: datetime) -> Judged:
    """Everything about people and payers at ``now``."""
    payers = {payer.code: payer for payer in facts.payers}
    purses = purses_of(facts.memberships, payers, now)
    blocked = {one.number: one.blocked_at for one in facts.holders if one.blocked_at and one.blocked_at <= now}
    holders = {holder.number: holder for holder in facts.holders}
    tokens = [token for token in facts.tokens if _is_lent(token, now) and token.holder in holders]
    entries = tuple(
        HolderEntry(
            token=token.fingerprint,
            holder=token.holder,
            name=holders[token.holder].first_name,
            lang=holders[token.holder].language,
            payers=purses.get(token.holder, NOBODY).payers,
            denied=_denied(token, token.holder in blocked, now),
        )
        for token in sorted(tokens, key=lambda token: (token.holder, token.fingerprint))
    )
    masters = tuple(_masters(facts, entries, payers, now))
    used = {payer for entry in entries for payer in entry.payers} | {master.payer for master in masters}
    judged = Judged(
        facts=facts,
        now=now,
        holders=entries,
        blocked=blocked,
        ends=_first_ends(tokens, purses, now),
        standings=standings_at(facts.qualifications, now),
        cards=tuple(card(code, payers, now) for code in sorted(used)),
        revoked=_revoked(facts, now),
        masters=masters,
        rights={},
    )
    kinds = {(machine.skills, validity(machine)): machine for machine in facts.machines}
    return replace(judged, rights={kind: _rights(machine, judged) for kind, machine in kinds.items()})


def compile_list(
    judged: Judged, agent: str, revision: int, zone: ZoneInfo, key_id: str, newer: tuple[WrappedKey, ...] = ()
) -> AccessList:
    """The list of one agent. ``zone`` is the lab's, for its opening hours; ``key_id`` that of the newest site key;
    ``newer``: the site keys after the first, for agents that lack them."""
    machines = sorted((one for one in judged.facts.machines if one.agent == agent), key=lambda one: one.code)
    return AccessList(
        agent=agent,
        revision=revision,
        issued_ms=_milliseconds(judged.now),
        key_id=key_id,
        payers=tuple(_with_rates(card, machines, judged.facts) for card in judged.cards),
        holders=judged.holders,
        machines=tuple(_machine(machine, judged, zone) for machine in machines),
        revoked=judged.revoked,
        masters=judged.masters,
        keys=newer,
    )


def validity(machine: MachineFact) -> timedelta:
    """How long its agent may rely on a list without a newer one."""
    return VALIDITY[machine.risk] if machine.list_valid_s is None else timedelta(seconds=machine.list_valid_s)


def refusal_reasons(
    judged: Judged, machine: MachineFact, holder: int
) -> tuple[frozenset[DenialReason], datetime | None]:
    """Every reason that keeps this holder from this machine whoever pays, and since when the latest of them holds.

    No reason at all means the holder may."""
    reasons, since = set(), []
    if holder in judged.blocked:
        reasons.add(DenialReason.HOLDER_BLOCKED)
        since.append(judged.blocked[holder])
    standings = judged.standings.get(holder, {})
    for skill in machine.skills:
        reason, moment = standings.get(skill, NEVER)
        if reason is not None:
            reasons.add(reason)
            since += [moment] if moment else []
    if not machine.skills:
        reasons.add(DenialReason.QUALIFICATION_MISSING)
    return frozenset(reasons), max(since, default=None)


def _is_lent(token: TokenFact, now: datetime) -> bool:
    return token.valid_from <= now and (token.returned_at is None or now < token.returned_at)


def _denied(token: TokenFact, holder_blocked: bool, now: datetime) -> DenialReason | None:
    if token.blocked_at is not None and token.blocked_at <= now:
        return DenialReason.TOKEN_BLOCKED
    if token.valid_until is not None and token.valid_until <= now:
        return DenialReason.TOKEN_EXPIRED
    return DenialReason.HOLDER_BLOCKED if holder_blocked else None


# --- people ---------------------------------------------------------------------------------------------------------


def _masters(
    facts: Facts, entries: Iterable[HolderEntry], payers: Mapping[str, PayerFact], now: datetime
) -> Iterator[Master]:
    """Every badge of those who have a PIN, as long as the badge itself is good and somebody can be charged."""
    given = {master.holder: master for master in facts.masters if master.ended_at is None}
    for entry in entries:
        master = given.get(entry.holder)
        if master is not None and entry.denied is None and card(master.payer, payers, now).closed is None:
            yield Master(entry.token, entry.holder, master.pin, master.payer)


def _first_ends(tokens: list[TokenFact], purses: dict[int, Purse], now: datetime) -> dict[int, datetime]:
    """An agent out of reach stops at the first end it was told of; one in reach has a new list by then."""
    ends = {holder: purse.ends for holder, purse in purses.items() if purse.ends is not None}
    for token in tokens:
        for end in (token.valid_until, token.blocked_at, token.returned_at):
            if end is not None and end > now:
                ends[token.holder] = min(end, ends.get(token.holder, end))
    return ends


def _revoked(facts: Facts, now: datetime) -> tuple[Revocation, ...]:
    """What staff took away lately. The lists bring it to the agents, and they to a server that has forgotten it."""
    taken = ((kind, ref, at) for kind, ref, at in _taken(facts) if at is not None and now - REVOKED_FOR < at <= now)
    return tuple(Revocation(kind, ref, _milliseconds(at)) for kind, ref, at in sorted(taken))


def _taken(facts: Facts) -> Iterator[tuple[Taken, str, datetime | None]]:
    yield from ((Taken.TOKEN, token.ref, token.blocked_at) for token in facts.tokens)
    yield from ((Taken.RETURNED_TOKEN, token.ref, token.returned_at) for token in facts.tokens)
    yield from ((Taken.MASTER, str(master.holder), master.ended_at) for master in facts.masters)
    yield from ((Taken.HOLDER, str(holder.number), holder.blocked_at) for holder in facts.holders)
    yield from ((Taken.QUALIFICATION, row.ref, row.revoked_at) for row in facts.qualifications)
    yield from ((Taken.MEMBERSHIP, tie.ref, tie.ended_at) for tie in facts.memberships)
    yield from ((Taken.TENANT, tenant.code, tenant.suspended_from) for tenant in facts.suspended)
    for machine in facts.machines:
        if machine.service in CLOSINGS:
            yield CLOSINGS[machine.service], machine.code, machine.service_at
    yield from ((Taken.OUT_OF_SERVICE, machine.code, machine.ended_at) for machine in facts.gone)


# --- machines ---------------------------------------------------------------------------------------------------------


def _machine(machine: MachineFact, judged: Judged, zone: ZoneInfo) -> MachineEntry:
    until = judged.now + validity(machine)
    hours = (row for row in judged.facts.hours if row.category == machine.category)
    opening = open_intervals(hours, judged.now, until, zone)
    may, may_not = judged.rights[machine.skills, validity(machine)]
    entry = MachineEntry(
        machine=machine.code,
        name=machine.name,
        risk=machine.risk,
        valid_until_ms=_milliseconds(until),
        service=machine.service,
        note=machine.note,
        end_session=machine.end_session,
        clear_latch_upto=machine.clear_latch_upto,
        policy=machine.policy,
        open=opening,
        may=may,
        may_not=may_not,
        bypass=_bypass(machine, judged.now),
        staff=_staff(machine, judged),
    )
    return replace(entry, requires=requires(entry))


def _bypass(machine: MachineFact, now: datetime) -> Bypass | None:
    """Declared by staff, and over by itself."""
    until = bypassed_until(machine.bypass_until, now)
    return None if until is None else Bypass(machine.bypass_by, _milliseconds(until))


def _staff(machine: MachineFact, judged: Judged) -> tuple[int, ...]:
    """Whose badge clears a reported problem here: people with a live badge and a role that covers this machine."""
    there = {one.holder for one in judged.facts.staff if _covers(one, machine) and _holds(one, judged.now)}
    return tuple(sorted(there & {entry.holder for entry in judged.holders if entry.denied is None}))


def _covers(staff: StaffFact, machine: MachineFact) -> bool:
    return staff.machine in {"", machine.code} and staff.room in {"", machine.room}


def _holds(staff: StaffFact, now: datetime) -> bool:
    return staff.valid_from <= now and (staff.valid_until is None or now < staff.valid_until)


def _with_rates(card: PayerCard, machines: list[MachineFact], facts: Facts) -> PayerCard:
    known = ((machine.code, facts.rates.get((machine.code, card.id))) for machine in machines)
    rates = {code: cents for code, cents in known if cents is not None}
    return replace(card, rates=rates)


def _rights(machine: MachineFact, judged: Judged) -> _Rights:
    """Who may, and who may not and why. Who simply never learned it is left out: that is what absence says."""
    horizon = judged.now + validity(machine)
    may, may_not = [], []
    for holder in dict.fromkeys(entry.holder for entry in judged.holders):
        reasons, since = refusal_reasons(judged, machine, holder)
        if not reasons:
            may.append(Authorisation(holder, ALONE, _lapse(machine, judged, holder, horizon)))
        elif reasons != _MISSING:
            named = tuple(reason for reason in DenialReason if reason in reasons)
            may_not.append(Refusal(holder, named, None if since is None else _milliseconds(since)))
    return tuple(may), tuple(may_not)


def _lapse(machine: MachineFact, judged: Judged, holder: int, horizon: datetime) -> int | None:
    """When this right ends, where that is within the life of the list."""
    standings = judged.standings[holder]
    ends = [judged.ends.get(holder), *(standings[skill].moment for skill in machine.skills)]
    first = min((end for end in ends if end is not None), default=horizon)
    return _milliseconds(first) if first < horizon else None


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
