"""When a machine may be kept for somebody, and what became of it: rules of plain values, without a table or a clock.

Bookings begin and end on a quarter of an hour. The quarter that goes on now may still be booked: its beginning is past.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from server.domain.facts import ClosureFact, HoursFact
from server.domain.opening import open_intervals
from server.domain.refusals import Refusal

QUARTER = timedelta(minutes=15)


class BookingError(Refusal):
    """What was asked cannot be done, in a sentence for the one who asked."""


class Outcome(StrEnum):
    KEPT = "kept"
    MISSED = "missed"
    EXCUSED = "excused"  # an outage, or the machine was not in service: nobody could have come


class Span(NamedTuple):
    begins: datetime
    ends: datetime

    def meets(self, other: "Span") -> bool:
        """Whether the two have a moment in common. One that ends as the other begins has not."""
        return self.begins < other.ends and other.begins < self.ends


class Ahead(NamedTuple):
    """What goes on or comes next at a machine. ``why`` is empty unless it is an outage."""

    begins: datetime
    ends: datetime
    is_outage: bool
    why: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a maker may book; staff are not bound."""

    longest: timedelta
    horizon: timedelta
    open_at_most: int


@dataclass(frozen=True, slots=True)
class Use:
    """Somebody was at a machine. ``ended`` is None while it goes on."""

    machine_id: int
    holder: int
    began: datetime
    ended: datetime | None


def quarter_of(moment: datetime) -> datetime:
    """The beginning of the quarter in which a moment lies. Every zone in use is whole quarters from UTC."""
    return moment - timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)


def refuse_odd_span(span: Span, now: datetime) -> None:
    """Raises BookingError for what is no stretch of time that lies ahead."""
    if span.ends <= span.begins:
        raise BookingError("It would end before it begins.")
    if span.begins != quarter_of(span.begins) or span.ends != quarter_of(span.ends):
        raise BookingError("Begin and end on a quarter of an hour, such as 14:00, 14:15 or 14:30.")
    if span.begins < quarter_of(now):
        raise BookingError("That lies in the past: begin now or later.")


def refuse_over_limits(span: Span, open_already: int, limits: Limits, now: datetime) -> None:
    """``open_already``: how many bookings of this holder have not ended yet."""
    if span.ends - span.begins > limits.longest:
        raise BookingError("One booking lasts %(hours)s hours at most.", hours=limits.longest // timedelta(hours=1))
    if span.begins > now + limits.horizon:
        raise BookingError("Bookings are open %(days)s days ahead.", days=limits.horizon.days)
    if open_already >= limits.open_at_most:
        raise BookingError(
            "%(count)s bookings are open already, as many as one person can have. Cancel one first.", count=open_already
        )


def refuse_closed(
    span: Span, category: str, hours: Iterable[HoursFact], closures: Iterable[ClosureFact], zone: ZoneInfo
) -> None:
    """Raises BookingError where the machines of this category are closed for a part of it."""
    for closure in closures:
        if closure.category in {None, category} and span.meets(Span(closure.begins, closure.ends)):
            raise BookingError(
                "The lab is closed from %(begins)s to %(ends)s.", begins=closure.begins, ends=closure.ends
            )
    open_at = open_intervals((row for row in hours if row.category == category), *span, zone)
    if open_at is None:
        return
    begins_ms, ends_ms = (round(moment.timestamp() * 1000) for moment in span)
    if not any(one.from_ms <= begins_ms and ends_ms <= one.until_ms for one in open_at):
        raise BookingError("The machine is closed for a part of that time. Its opening hours stand on its page.")


def waits_until(span: Span, made_at: datetime, patience: timedelta) -> datetime:
    """Until when the holder of a booking is waited for. Who books the quarter that goes on is given the same time."""
    return min(span.ends, max(span.begins, made_at) + patience)


def outcome(span: Span, waited: datetime, uses: Iterable[Use], out: bool, now: datetime) -> Outcome | None:
    """What became of a booking, None while that is open. ``uses`` are its holder's at its machine; ``waited``: until when
    the holder is waited for; ``out``: nobody could have used the machine then."""
    if any(use.began < waited and (use.ended is None or use.ended > span.begins) for use in uses):
        return Outcome.KEPT
    if now < waited:
        return None
    return Outcome.EXCUSED if out else Outcome.MISSED
