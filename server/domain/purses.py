"""Which payers a holder can charge, the default first, and which of them are closed.

What is wrong with a membership, a tenant or a contract closes that payer and nothing else (design rule 11).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from server.domain.facts import MembershipFact, PayerFact
from wire.messages import DenialReason, PayerCard, Shows

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


def card(code: str, payers: Mapping[str, PayerFact], now: datetime) -> PayerCard:
    """What an agent is told of one payer, still without prices."""
    if code.endswith(ENDED):
        known = payers.get(code.removesuffix(ENDED))
        label, shows = (known.label, known.shows) if known else ("", Shows.PRICE)
        return PayerCard(id=code, label=label, closed=DenialReason.MEMBERSHIP_ENDED, shows=shows)
    payer, closed = payers[code], None
    if payer.valid_until is not None and payer.valid_until <= now:
        closed = DenialReason.CONTRACT_ENDED
    if payer.tenant_suspended_from is not None and payer.tenant_suspended_from <= now:
        closed = DenialReason.TENANT_SUSPENDED
    return PayerCard(id=code, label=payer.label, closed=closed, shows=payer.shows)
