"""What went wrong on the way in, counted under a name that a manager can look up. Nothing is dropped uncounted."""

from collections import Counter
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select, update

from server.db import db, reading
from server.jobs.service import announce
from server.usage.models import IngestCount


class Count(StrEnum):
    """Names under which ``ingest_count`` counts."""

    DUPLICATE = "duplicate"  # an event that was stored before
    AHEAD = "ahead"  # one before it is missing: not stored, the receipt is sent again
    UNREADABLE = "unreadable"  # not an envelope
    UNKNOWN_AGENT = "unknown_agent"
    FOREIGN_OUTBOX = "foreign_outbox"  # an outbox that belongs to another agent
    TOO_MANY_OUTBOXES = "too_many_outboxes"
    REJECTED = "rejected"  # a readable envelope with something unusable inside
    FUTURE = "future"  # of these: dated more than five minutes ahead
    OUR_FAULT = "our_fault"  # of these: our own code could not cope
    UNKNOWN_KIND = "unknown_kind"  # stored, nothing applied: a newer agent
    FOREIGN_MACHINE = "foreign_machine"  # reported by an agent that does not gate it (any more)
    SECOND_END = "second_end"  # a session ended twice: the first end stands
    GAP = "gap"  # an agent lost its state file
    RECOVERED = "recovered_revocation"  # learnt again from an agent after a restore
    FOREIGN_KEY = "foreign_key"  # a badge was to be known by a site key that does not hold here: it stays as it is
    UNREADABLE_STATUS = "unreadable_status"
    FOREIGN_STATUS = "foreign_status"  # a status that speaks for another agent
    LATE_WILL = "late_will"  # of a boot that is over
    STATUS_FAULT = "status_fault"  # our own code could not cope with a status
    UNKNOWN_TOPIC = "unknown_topic"
    LIST_FAULT = "list_fault"  # compiling a list raised
    DISCONNECTED = "disconnected"  # the broker went away
    DATABASE_AWAY = "database_away"


class Tally:
    """Counts of one batch, each with the last word on what it was about."""

    def __init__(self) -> None:
        self.counts: Counter[Count] = Counter()
        self._details: dict[Count, str] = {}

    def note(self, count: Count, detail: str = "", times: int = 1) -> None:
        self.counts[count] += times
        self._details[count] = detail

    def save(self, now: datetime) -> None:
        """Raise the counters and announce it, inside the caller's ``writing()``."""
        raised = {name: times for name, times in self.counts.items() if times}
        if not raised:
            return
        table: Any = IngestCount.__table__
        connection = db.session.connection()
        for name, times in raised.items():
            seen = {"last_at": now, "detail": printable(self._details[name])}
            more = update(table).where(table.c.name == name.value).values(count=table.c.count + times, **seen)
            if connection.execute(more).rowcount == 0:
                connection.execute(insert(table).values(name=name.value, count=times, **seen))
        announce("ingest", "counts", now)


def totals() -> dict[str, int]:
    """Every counter that was ever raised."""
    with reading() as session:
        return dict(session.execute(select(IngestCount.name, IngestCount.count)).all())


def printable(words: str) -> str:
    """Words of a peer as any database takes them: no NUL, no half characters, not endless."""
    return words[:500].encode("utf-8", "backslashreplace").decode().replace("\x00", "")
