"""Who may use which machine now, until when, and why not: from plain facts to the list an agent enforces.

What is wrong with a token, a holder or a qualification denies; what is wrong with a membership, a tenant or a contract closes
that *payer* and nothing else; what is wrong with a machine keeps everybody from it. Moments (opening hours, bookings, the end of
a right, a check that falls due) are left to the agent, in UTC; a fact that starts later is not in the list yet.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from server.domain.bypass import bypassed_until
from server.domain.entitlements import (
    Entitlement,
    People,
    covers,
    entitlement,
    holds,
    is_simply_untrained,
    teachers_at,
)
from server.domain.facts import Facts, HolderFact, MachineFact, Minors, PayerFact, TokenFact
from server.domain.opening import open_intervals
from server.domain.purses import NOBODY, Purse, card, purses_of, rules_of
from server.domain.rules import requires
from server.domain.standings import skills_asked, standings_at
from server.domain.takings import revoked
from wire.messages import (
    AccessList,
    Authorisation,
    Booked,
    Bypass,
    Dated,
    DenialReason,
    HolderEntry,
    Interval,
    Lesson,
    MachineEntry,
    Master,
    PayerCard,
    PayerRule,
    Refusal,
    Revocation,
    RiskClass,
    WrappedKey,
)

VALIDITY = {
    RiskClass.LOW: timedelta(hours=72),
    RiskClass.MEDIUM: timedelta(hours=48),
    RiskClass.HIGH: timedelta(hours=24),
}
_MISSING = frozenset({DenialReason.QUALIFICATION_MISSING})
_Rights = tuple[tuple[Authorisation, ...], tuple[Refusal, ...]]
_Kind = tuple[frozenset[str], timedelta, Minors, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Judged:
    """All that every agent's list shares: computed once from the facts, then cut to each agent's machines."""

    facts: Facts
    now: datetime
    zone: ZoneInfo
    people: People
    holders: tuple[HolderEntry, ...]
    tokens_end: bool  # some of them
    purses: dict[int, Purse]
    cards: tuple[PayerCard, ...]
    revoked: tuple[Revocation, ...]
    masters: tuple[Master, ...]
    rights: dict[_Kind, _Rights]  # the same at many machines

    def rights_at(self, machine: MachineFact) -> tuple[Authorisation, ...]:
        """Everybody with a badge whose training reaches for this machine."""
        return self.rights[_kind(machine, self)][0]


def judge(facts: Facts, now: datetime, zone: ZoneInfo) -> Judged:
    """Everything about people and payers at ``now``. ``zone`` is the lab's, for hours on its clock."""
    payers = {payer.code: payer for payer in facts.payers}
    purses = purses_of(facts.memberships, payers, now)
    until = now + max(map(validity, facts.machines), default=timedelta())
    people = people_of(facts, now)
    tokens = [token for token in facts.tokens if _is_lent(token, now) and token.holder in people.holders]
    rules = rules_of(facts.payer_rules, purses, now, until, zone)
    entries = tuple(
        _entry(token, people, purses, rules, now)
        for token in sorted(tokens, key=lambda token: (token.holder, token.fingerprint))
    )
    cards = {code: card(code, payers, now, until, zone) for code in _charged(facts, entries, payers)}
    judged = Judged(
        facts=facts,
        now=now,
        zone=zone,
        people=people,
        holders=entries,
        tokens_end=any(one.until_ms is not None for one in entries),
        purses=purses,
        cards=tuple(cards[code] for code in sorted(cards)),
        revoked=revoked(facts, now),
        masters=tuple(_masters(facts, entries, cards)),
        rights={},
    )
    kinds = {_kind(machine, judged): machine for machine in facts.machines}
    return replace(judged, rights={kind: _rights(machine, judged) for kind, machine in kinds.items()})


def people_of(facts: Facts, now: datetime) -> People:
    return People(
        holders={holder.number: holder for holder in facts.holders},
        blocked={one.number: one.blocked_at for one in facts.holders if one.blocked_at and one.blocked_at <= now},
        standings=standings_at(facts, now),
        skills={skill.code: skill for skill in facts.skills},
        teachers=tuple(one for one in facts.staff if one.trains),
    )


def compile_list(
    judged: Judged,
    agent: str,
    revision: int,
    key_id: str,
    newer: tuple[WrappedKey, ...] = (),
    booked_since: datetime | None = None,
) -> AccessList:
    """The list of one agent. ``key_id`` is that of the newest site key; ``newer``: the site keys after the first, for
    agents that lack them. ``booked_since``: with the bookings that have ended after that moment."""
    machines = sorted((one for one in judged.facts.machines if one.agent == agent), key=lambda one: one.code)
    return AccessList(
        agent=agent,
        revision=revision,
        issued_ms=_milliseconds(judged.now),
        key_id=key_id,
        payers=tuple(_with_rates(card, machines, judged.facts) for card in judged.cards),
        holders=judged.holders,
        machines=tuple(_machine(machine, judged, booked_since or judged.now) for machine in machines),
        revoked=judged.revoked,
        masters=judged.masters,
        keys=newer,
    )


def validity(machine: MachineFact) -> timedelta:
    """How long its agent may rely on a list without a newer one."""
    return VALIDITY[machine.risk] if machine.list_valid_s is None else timedelta(seconds=machine.list_valid_s)


# --- people -----------------------------------------------------------------------------------------------------------


def _is_lent(token: TokenFact, now: datetime) -> bool:
    return token.valid_from <= now and (token.returned_at is None or now < token.returned_at)


def _entry(
    token: TokenFact,
    people: People,
    purses: Mapping[int, Purse],
    rules: Mapping[int, tuple[PayerRule, ...]],
    now: datetime,
) -> HolderEntry:
    holder: HolderFact = people.holders[token.holder]
    return HolderEntry(
        token=token.fingerprint,
        holder=token.holder,
        name=holder.first_name,
        lang=holder.language,
        payers=purses.get(token.holder, NOBODY).payers,
        denied=_denied(token, token.holder in people.blocked, now),
        rules=rules.get(token.holder, ()),
        until_ms=None if (end := _end_of(token)) is None else _milliseconds(end),
    )


def _end_of(token: TokenFact) -> datetime | None:
    """When this badge no longer holds; the others of its holder do."""
    ends = [end for end in (token.valid_until, token.blocked_at, token.returned_at) if end is not None]
    return min(ends) if ends else None


def _denied(token: TokenFact, holder_blocked: bool, now: datetime) -> DenialReason | None:
    if token.blocked_at is not None and token.blocked_at <= now:
        return DenialReason.TOKEN_BLOCKED
    if token.valid_until is not None and token.valid_until <= now:
        return DenialReason.TOKEN_EXPIRED
    return DenialReason.HOLDER_BLOCKED if holder_blocked else None


def _charged(facts: Facts, entries: Iterable[HolderEntry], payers: Mapping[str, PayerFact]) -> set[str]:
    """Every payer that somebody could charge: in a purse, by a master badge, or for a class."""
    others = ({one.payer for one in facts.masters} | {one.payer for one in facts.lessons}) & payers.keys()
    return {payer for entry in entries for payer in entry.payers} | others


def _masters(facts: Facts, entries: Iterable[HolderEntry], cards: Mapping[str, PayerCard]) -> Iterator[Master]:
    """Every badge of those who have a PIN, as long as the badge itself is good and somebody can be charged."""
    given = {master.holder: master for master in facts.masters if master.ended_at is None}
    for entry in entries:
        master = given.get(entry.holder)
        if master is not None and entry.denied is None and cards[master.payer].closed is None:
            yield Master(entry.token, entry.holder, master.pin, master.payer)


# --- machines ---------------------------------------------------------------------------------------------------------


def _machine(machine: MachineFact, judged: Judged, booked_since: datetime) -> MachineEntry:
    until = judged.now + validity(machine)
    may, may_not = judged.rights[_kind(machine, judged)]
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
        open=open_at(machine, judged.facts, judged.now, until, judged.zone),
        may=may,
        may_not=may_not,
        bypass=_bypass(machine, judged.now),
        staff=_staff(machine, judged),
        denied=tuple(Dated(one.reason, _milliseconds(one.since)) for one in machine.denied),
        booked=_booked(machine, judged, booked_since),
        lessons=_lessons(machine, judged),
        log_only_until_ms=_log_only(machine, judged.now),
    )
    return replace(entry, requires=requires(entry, judged.cards, judged.facts.payer_rules, judged.tokens_end))


def open_at(
    machine: MachineFact, facts: Facts, start: datetime, end: datetime, zone: ZoneInfo
) -> tuple[Interval, ...] | None:
    """When it is open between these moments; None: always."""
    hours = (row for row in facts.hours if row.category == machine.category)
    closures = (one for one in facts.closures if one.category in {None, machine.category})
    return open_intervals(hours, start, end, zone, closures)


def _booked(machine: MachineFact, judged: Judged, since: datetime) -> tuple[Booked, ...]:
    known = judged.people.holders
    ahead = [one for one in judged.facts.bookings if one.machine == machine.code and one.ends > since]
    return tuple(
        Booked(_milliseconds(one.begins), _milliseconds(one.ends), one.holder if one.holder in known else None)
        for one in sorted(ahead, key=lambda one: (one.begins, one.ends))
    )


def _lessons(machine: MachineFact, judged: Judged) -> tuple[Lesson, ...]:
    ahead = [one for one in judged.facts.lessons if one.machine == machine.code and one.ends > judged.now]
    return tuple(
        Lesson(one.id, one.trainer, one.payer, _milliseconds(one.begins), _milliseconds(one.ends))
        for one in sorted(ahead, key=lambda one: (one.begins, one.id))
    )


def _log_only(machine: MachineFact, now: datetime) -> int | None:
    """Until when the lab only looks on. A machine that asks for nothing is not set up yet, and is open to nobody."""
    until = machine.log_only_until if machine.skills else None
    return None if until is None or until <= now else _milliseconds(until)


def _bypass(machine: MachineFact, now: datetime) -> Bypass | None:
    """Declared by staff, and over by itself."""
    until = bypassed_until(machine.bypass_until, now)
    return None if until is None else Bypass(machine.bypass_by, _milliseconds(until))


def _staff(machine: MachineFact, judged: Judged) -> tuple[int, ...]:
    """Whose badge clears a reported problem here: people with a live badge and a role that covers this machine."""
    there = {one.holder for one in judged.facts.staff if covers(one, machine) and holds(one, judged.now)}
    return tuple(sorted(there & {entry.holder for entry in judged.holders if entry.denied is None}))


def _with_rates(card: PayerCard, machines: list[MachineFact], facts: Facts) -> PayerCard:
    known = ((machine.code, facts.rates.get((machine.code, card.id))) for machine in machines)
    rates = {code: cents for code, cents in known if cents is not None}
    return replace(card, rates=rates, seconds_left=_left(card, machines, facts))


def _left(card: PayerCard, machines: list[MachineFact], facts: Facts) -> int | None:
    """What is left of included hours at all of an agent's machines; where they are of several categories, the least: no
    more is promised than is there. None where one of them has nothing included."""
    known = [facts.seconds_left.get((card.id, machine.category)) for machine in machines]
    told = [seconds for seconds in known if seconds is not None]
    return min(told) if told and len(told) == len(known) else None


def _kind(machine: MachineFact, judged: Judged) -> _Kind:
    """Machines of one kind have the same people who may and may not."""
    teachers = teachers_at(judged.people.teachers, machine, judged.now)
    return machine.skills, validity(machine), machine.minors, teachers


def _rights(machine: MachineFact, judged: Judged) -> _Rights:
    """Who may, and who may not and why. Who simply never learned it is left out: that is what absence says."""
    horizon = judged.now + validity(machine)
    teachers = teachers_at(judged.people.teachers, machine, judged.now)
    asked = skills_asked(machine.skills, judged.people.skills)
    may, may_not = [], []
    for holder in dict.fromkeys(entry.holder for entry in judged.holders):
        if is_simply_untrained(judged.people, asked, holder):
            continue
        right = entitlement(judged.people, machine, holder, teachers, judged.now)
        if not right.reasons:
            may.append(
                Authorisation(holder, right.level, _lapse(right, judged.purses.get(holder, NOBODY).ends, horizon))
            )
        elif right.reasons != _MISSING:
            named = tuple(reason for reason in DenialReason if reason in right.reasons)
            may_not.append(Refusal(holder, named, None if right.moment is None else _milliseconds(right.moment)))
    return tuple(may), tuple(may_not)


def _lapse(right: Entitlement, end: datetime | None, horizon: datetime) -> int | None:
    """When this right ends, where that is within the life of the list. ``end``: of the first of the holder's memberships; an
    agent in reach has a new list by then."""
    first = min((one for one in (right.moment, end) if one is not None), default=horizon)
    return _milliseconds(first) if first < horizon else None


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
