"""What looks odd in a month before it is billed: ends that nobody confirmed, very long sessions, one badge at two machines
that must be watched, and a bill far above or below the usual.

Pure. Somebody looks at each one: keeps it as it is, or corrects the session. What is decided already, free of charge or
issued is not looked at again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from statistics import median
from typing import Protocol, TypeVar

LONG_S = 12 * 3600
COMMON_S = 300  # at two machines for less than this is a walk across the room
USUAL_TIMES = 2.5
USUAL_LEAST_CENTS = 100_00  # above the usual; less than that is not worth a look
USUAL_MONTHS = 2  # before there are so many bills, nothing is usual
ESTIMATED_ENDS = frozenset({"power_loss"})
ESTIMATED_QUALITY = "estimated"
NEEDS_WATCHING = frozenset({"medium", "high"})


class Span(Protocol):
    """Somebody's time at a machine."""

    @property
    def id(self) -> str: ...
    @property
    def holder(self) -> int: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime: ...


Anyone = TypeVar("Anyone", bound=Span)


class Odd(StrEnum):
    """Kinds, in the order in which they are shown."""

    PROVISIONAL = "provisional"  # closed at the last known second: the agent never said how it ended
    ESTIMATED = "estimated"  # the agent lost power, or its clock was a guess
    LONG = "long"
    TWO_AT_ONCE = "two_at_once"
    UNUSUAL = "unusual"
    POWER = "power"  # a machine drew power while nobody used it
    SILENT_AGENT = "silent_agent"  # nothing was heard of an agent since before the month's end: sessions may be missing
    ORDER = "order"  # used up, where nobody asks for one


@dataclass(frozen=True, slots=True)
class Looked:
    """A session as it is looked at. ``cents`` is None where it has no price."""

    id: str
    holder: int
    machine: str
    machine_name: str
    risk: str
    tenant: str
    started_at: datetime
    ended_at: datetime
    day: date
    seconds: int
    state: str
    end_reason: str
    time_quality: str
    cents: int | None
    settled: bool  # a person has decided about it


@dataclass(frozen=True, slots=True)
class Bill:
    """What one establishment's month comes to, with what is issued of it, and what the months before did. A month that goes on
    is not compared with whole ones: only then ``is_over``."""

    establishment: int
    name: str
    tenant: str  # code
    cents: int
    seconds: int
    before: tuple[int, ...]
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Oddity:
    """One thing to look at. ``subject`` is what a note about it is kept under; ``usual`` is what it is compared with:
    seconds of a session on that machine, cents of a month."""

    kind: str
    subject: str
    tenant: str  # name
    machines: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    day: date | None = None
    until: datetime | None = None
    seconds: int = 0
    cents: int | None = None
    usual: int = 0
    why: str = ""


def look(sessions: Sequence[Looked], bills: Iterable[Bill]) -> tuple[Oddity, ...]:
    """All that looks odd, by kind and the dearest first."""
    open_ones = [session for session in sessions if not session.settled]
    usual = _usual_seconds(sessions)
    found = [oddity for session in open_ones if (oddity := _of_session(session, usual)) is not None]
    # Printers run alone, and many at a time: that is what they are for.
    found += [_overlap(*pair) for pair in together(one for one in open_ones if one.risk in NEEDS_WATCHING)]
    found += [oddity for bill in bills if (oddity := _unusual(bill)) is not None]
    order = list(Odd)
    return tuple(sorted(found, key=lambda odd: (order.index(Odd(odd.kind)), -(odd.cents or 0), odd.day or date.min)))


def usual_of(before: Sequence[int]) -> int:
    """What a month usually comes to, in cents; 0 while there are too few to say."""
    return sum(before) // len(before) if len(before) >= USUAL_MONTHS else 0


def _of_session(session: Looked, usual: Mapping[str, int]) -> Oddity | None:
    kind = _kind(session)
    if kind is None:
        return None
    return Oddity(
        kind,
        session.id,
        session.tenant,
        machines=(session.machine_name,),
        sessions=(session.id,),
        day=session.day,
        until=session.ended_at,
        seconds=session.seconds,
        cents=session.cents,
        usual=usual.get(session.machine, 0),
        why=session.end_reason,
    )


def _kind(session: Looked) -> Odd | None:
    """One row a session: the worst that can be said of it."""
    if session.state == "provisional":
        return Odd.PROVISIONAL
    if session.end_reason in ESTIMATED_ENDS or session.time_quality == ESTIMATED_QUALITY:
        return Odd.ESTIMATED
    return Odd.LONG if session.seconds > LONG_S else None


def _usual_seconds(sessions: Iterable[Looked]) -> dict[str, int]:
    times: dict[str, list[int]] = defaultdict(list)
    for session in sessions:
        times[session.machine].append(session.seconds)
    return {machine: int(median(own)) for machine, own in times.items()}


def together(spans: Iterable[Anyone]) -> Iterator[tuple[Anyone, Anyone, int]]:
    """Pairs in which one holder was at two machines at the same time, and for how many seconds."""
    of_holder: dict[int, list[Anyone]] = defaultdict(list)
    for span in sorted(spans, key=lambda one: (one.started_at, one.id)):
        of_holder[span.holder].append(span)
    for own in of_holder.values():
        for index, first in enumerate(own):
            for second in own[index + 1 :]:
                if second.started_at >= first.ended_at:
                    break
                common = min(first.ended_at, second.ended_at) - second.started_at
                if (seconds := int(common.total_seconds())) >= COMMON_S:
                    yield first, second, seconds


def _overlap(first: Looked, second: Looked, common_s: int) -> Oddity:
    cents = None if first.cents is None or second.cents is None else first.cents + second.cents
    return Oddity(
        Odd.TWO_AT_ONCE,
        f"{first.id}+{second.id}",
        first.tenant,
        machines=(first.machine_name, second.machine_name),
        sessions=(first.id, second.id),
        day=second.day,
        seconds=common_s,
        cents=cents,
    )


def _unusual(bill: Bill) -> Oddity | None:
    """Far above the usual, or far below: then sessions may be missing."""
    usual = usual_of(bill.before)
    is_above = bill.cents >= max(USUAL_TIMES * usual, usual + USUAL_LEAST_CENTS)
    is_below = bill.is_over and bill.cents * USUAL_TIMES <= usual and usual - bill.cents >= USUAL_LEAST_CENTS
    if usual <= 0 or not (is_above or is_below):
        return None
    return Oddity(
        Odd.UNUSUAL,
        str(bill.establishment),
        bill.name,
        seconds=bill.seconds,
        cents=bill.cents,
        usual=usual,
        why=bill.tenant,
    )
