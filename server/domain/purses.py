"""Which payers a holder can charge, the default first, and which of them are closed.

What is wrong with a membership, a tenant or a contract closes that payer and nothing else (design rule 11).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from server.domain.facts import MembershipFact, PayerFact, PayerRuleFact, WeekFact
from server.domain.opening import intervals_of
from wire.messages import DenialReason, Interval, PayerCard, PayerRule, Shows

ENDED = "#ended"  # after a payer's code: the same payer, closed for those whose membership is over


class Purse(NamedTuple):
    """The payers a holder can charge, the default first, and when the first of the open ties ends."""

    payers: tuple[str, ...]
    ends: datetime | None


NOBODY = Purse((ENDED,), None)  # of a holder without any membership


def purses_of(
    memberships: Iterable[MembershipFact], payers: Mapping[str, PayerFact], now: datetime
) -> dict[int, Purse]:
    """The purse of every holder with a membership that has begun."""
    by_holder: dict[int, list[MembershipFact]] = defaultdict(list)
    for membership in memberships:
        if max(membership.valid_from, payers[membership.payer].valid_from) <= now:
            by_holder[membership.holder].append(membership)
    return {holder: _purse(ties, payers, now) for holder, ties in by_holder.items()}


def _purse(ties: list[MembershipFact], payers: Mapping[str, PayerFact], now: datetime) -> Purse:
    """The open ties by rank. One that is over stays in front of those that rank behind it, closed: nobody is billed by
    fallback, and somebody has to say who pays from now on."""
    ties.sort(key=_rank)
    open_ties = [tie for tie in ties if not _over(tie, now)]
    live = dict.fromkeys(tie.payer for tie in open_ties)
    over = [tie for tie in ties if tie not in open_ties and tie.payer not in live]
    in_front = [tie.payer for tie in over if not open_ties or tie.rank < open_ties[0].rank]
    ends = (end for tie in open_ties for end in (tie.valid_until, tie.ended_at, payers[tie.payer].valid_until))
    codes = (*(code + ENDED for code in dict.fromkeys(in_front)), *live)
    return Purse(codes, min((end for end in ends if end is not None and end > now), default=None))


def _rank(tie: MembershipFact) -> tuple[int, datetime, str]:
    return tie.rank, tie.valid_from, tie.ref


def _over(tie: MembershipFact, now: datetime) -> bool:
    return (tie.ended_at is not None and tie.ended_at <= now) or (
        tie.valid_until is not None and tie.valid_until <= now
    )


def rules_of(
    rules: Iterable[PayerRuleFact], purses: Mapping[int, Purse], now: datetime, until: datetime, zone: ZoneInfo
) -> dict[int, tuple[PayerRule, ...]]:
    """Who pays by hour and machine, for those who have such rules: as moments, the first rule that counts first. A rule
    for a payer who is none of theirs any more says nothing."""
    told: dict[int, list[PayerRule]] = defaultdict(list)
    for rule in sorted(rules, key=lambda rule: (rule.holder, rule.rank)):
        if rule.payer in purses.get(rule.holder, NOBODY).payers:
            machines = tuple(sorted(rule.machines or ()))
            spans = weekly([rule.hours], now, until, zone)
            told[rule.holder] += [PayerRule(rule.payer, machines, span.from_ms, span.until_ms) for span in spans]
    return {holder: tuple(spans) for holder, spans in told.items()}


def usual_payer(
    holder: int, machine: str, purse: Purse, rules: Iterable[PayerRuleFact], at: datetime, zone: tzinfo
) -> str | None:
    """Who a start at this machine would be charged to if nothing is chosen: what a rule says of the hour, else the first of
    the purse. None where that one is closed: nobody is billed by fallback."""
    local = at.astimezone(zone)
    for rule in sorted(rules, key=lambda rule: rule.rank):
        is_there = rule.machines is None or machine in rule.machines
        is_then = local.weekday() in rule.hours.weekdays and rule.hours.begins <= local.time() < rule.hours.ends
        if rule.holder == holder and rule.payer in purse.payers and is_there and is_then:
            return rule.payer
    first = purse.payers[0]
    return None if first.endswith(ENDED) else first


def weekly(hours: Iterable[WeekFact], now: datetime, until: datetime, zone: ZoneInfo) -> tuple[Interval, ...]:
    """The moments that these hours mean between ``now`` and ``until``."""
    rows = [(day, one.begins, one.ends) for one in hours for day in one.weekdays]
    return intervals_of(rows, now, until, zone)


def card(code: str, payers: Mapping[str, PayerFact], now: datetime, until: datetime, zone: ZoneInfo) -> PayerCard:
    """What an agent is told of one payer, still without prices; ``until`` it may rely on it."""
    if code.endswith(ENDED):
        known = payers.get(code.removesuffix(ENDED))
        label, shows = (known.label, known.shows) if known else ("", Shows.PRICE)
        return PayerCard(id=code, label=label, closed=DenialReason.MEMBERSHIP_ENDED, shows=shows)
    payer, closed = payers[code], None
    if payer.budget_reached:
        closed = DenialReason.BUDGET_REACHED
    if payer.valid_until is not None and payer.valid_until <= now:
        closed = DenialReason.CONTRACT_ENDED
    if payer.tenant_suspended_from is not None and payer.tenant_suspended_from <= now:
        closed = DenialReason.TENANT_SUSPENDED
    return PayerCard(
        id=code,
        label=payer.label,
        closed=closed,
        shows=payer.shows,
        machines=None if payer.machines is None else tuple(sorted(payer.machines)),
        open=_pays_at(payer, now, until, zone),
    )


def _pays_at(payer: PayerFact, now: datetime, until: datetime, zone: ZoneInfo) -> tuple[Interval, ...] | None:
    """None: always. A pause that was announced ends it, also for an agent that is out of reach by then."""
    spans = None if payer.hours is None else weekly(payer.hours, now, until, zone)
    pause = payer.tenant_suspended_from
    if pause is None or pause <= now:
        return spans
    begins = _milliseconds(pause)
    always = (Interval(_milliseconds(now), begins),)
    return tuple(
        Interval(span.from_ms, min(span.until_ms, begins))
        for span in (always if spans is None else spans)
        if span.from_ms < begins
    )


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
