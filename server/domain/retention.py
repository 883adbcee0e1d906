"""How long what is kept about people, by class: what is proposed, how far it may be set, and before which moment it is over.

The proposals come from the yardsticks of supervisory authorities and from the law on books; the controller decides. A class is
over by calendar months on the lab's clock, because that is what the notice at the reader says.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum

from server.domain.period import day_of, day_start, month_of
from server.domain.refusals import Refusal

PSEUDONYMS_FROM = 10**12  # holders have six or seven digits: nobody can be taken for somebody


class Kept(StrEnum):
    """What is kept about people, each with a time of its own."""

    REFUSALS = "refusals"  # refused taps, taps of unknown badges
    SESSIONS = "sessions"  # who it was, of a session; the session itself stays
    MESSAGES = "messages"  # what boxes told of somebody, as they told it
    BOOKINGS = "bookings"  # who had kept a machine, and whether they came
    TOKENS = "tokens"  # fingerprints of badges that are back or blocked
    PEOPLE = "people"  # name, contact and login of who has left
    TRAINING = "training"  # qualifications and instruction records
    AUDIT = "audit"
    VIEWS = "views"  # who looked at whose traces
    MAILS = "mails"
    LOGINS = "logins"
    REQUESTS = "requests"  # of people about their data, answered
    LEDGER = "ledger"  # charges and documents
    BOXES = "boxes"  # events that agents keep after their receipt
    BACKUPS = "backups"


class Unit(StrEnum):
    DAYS = "days"
    MONTHS = "months"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Rule:
    """``keep`` units; a manager may set from ``lowest`` to ``highest``. ``by_itself``: the nightly job does it; else it is
    said only, because boxes see to it or a person has to decide."""

    kept: Kept
    keep: int
    unit: Unit
    lowest: int
    highest: int
    by_itself: bool = True

    @property
    def is_fixed(self) -> bool:
        return self.lowest == self.highest


_PROPOSED = (
    Rule(Kept.REFUSALS, 3, Unit.MONTHS, 1, 12),
    Rule(Kept.SESSIONS, 3, Unit.MONTHS, 1, 12),
    Rule(Kept.MESSAGES, 3, Unit.MONTHS, 1, 12),
    Rule(Kept.BOOKINGS, 3, Unit.MONTHS, 1, 12),
    Rule(Kept.TOKENS, 3, Unit.MONTHS, 1, 12),
    Rule(Kept.PEOPLE, 12, Unit.MONTHS, 1, 36),
    Rule(Kept.TRAINING, 5, Unit.YEARS, 3, 10),
    Rule(Kept.AUDIT, 12, Unit.MONTHS, 6, 36),
    Rule(Kept.VIEWS, 12, Unit.MONTHS, 6, 36),
    Rule(Kept.MAILS, 12, Unit.MONTHS, 1, 24),
    Rule(Kept.LOGINS, 6, Unit.MONTHS, 1, 12),
    Rule(Kept.REQUESTS, 3, Unit.YEARS, 1, 5),
    Rule(Kept.LEDGER, 10, Unit.YEARS, 10, 10, by_itself=False),
    Rule(Kept.BOXES, 45, Unit.DAYS, 45, 45, by_itself=False),
    Rule(Kept.BACKUPS, 45, Unit.DAYS, 7, 90),
)
PROPOSED: dict[Kept, Rule] = {rule.kept: rule for rule in _PROPOSED}


class RetentionError(Refusal):
    """What was asked of the retention rules cannot be, in a sentence."""


def checked(kept: Kept, keep: int) -> Rule:
    """The rule with another length. RetentionError where it is outside of what is sensible, or not ours to set."""
    rule = PROPOSED[kept]
    if rule.is_fixed:
        raise RetentionError("This time is not set here: the law or the boxes decide it.")
    if not rule.lowest <= keep <= rule.highest:
        raise RetentionError(
            "Between %(lowest)s and %(highest)s: shorter is not workable, longer needs another tool.",
            lowest=rule.lowest,
            highest=rule.highest,
        )
    return Rule(kept, keep, rule.unit, rule.lowest, rule.highest, rule.by_itself)


def first_day_kept(rule: Rule, today: date) -> date:
    """What lies before this day is over. Three months before 31 May is the last day of February."""
    match rule.unit:
        case Unit.DAYS:
            return date.fromordinal(today.toordinal() - rule.keep)
        case Unit.MONTHS:
            return _months_before(today, rule.keep)
        case Unit.YEARS if rule.kept is Kept.LEDGER:
            return date(today.year - rule.keep, 1, 1)  # counted from the end of its year
        case Unit.YEARS:
            return _months_before(today, 12 * rule.keep)


def over_before(rule: Rule, now: datetime, zone: tzinfo) -> datetime:
    """The first moment that is still kept: the beginning of its day on the lab's clock."""
    return day_start(first_day_kept(rule, day_of(now, zone)), zone)


@dataclass(frozen=True, slots=True)
class Trace:
    """A session of which the link to its person is due: whose, and when it ended."""

    session: str
    holder: int
    ended_at: datetime


def by_person_and_period(traces: Iterable[Trace], zone: tzinfo) -> list[tuple[int, list[str]]]:
    """The sessions that get one number together: of one holder, in one period. In the order in which they were found."""
    groups: dict[tuple[int, str], list[str]] = {}
    for trace in traces:
        groups.setdefault((trace.holder, month_of(trace.ended_at, zone)), []).append(trace.session)
    return [(holder, sessions) for (holder, _), sessions in groups.items()]


def whole_groups(traces: list[Trace], at_most: int, zone: tzinfo) -> list[Trace]:
    """Of what was read in one go, without the group at its end that may go on; all, where that group is the only one."""
    if len(traces) < at_most:
        return traces
    last = (traces[-1].holder, month_of(traces[-1].ended_at, zone))
    whole = [trace for trace in traces if (trace.holder, month_of(trace.ended_at, zone)) != last]
    return whole or traces


def _months_before(day: date, months: int) -> date:
    first = day.year * 12 + day.month - 1 - months
    year, month = divmod(first, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
