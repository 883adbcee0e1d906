"""What the pages about data protection show: classes with what goes tonight, runs, holds and looks, with names where they are known."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from server.db import db, reading
from server.domain.retention import Kept, Rule
from server.machines.models import Machine
from server.pages.people.names import named
from server.pages.privacy import words
from server.people.models import Tenant
from server.privacy import retention, traces
from server.privacy.models import Hold, RetentionRun
from server.privacy.night import Place, night_of
from server.privacy.viewing import Look, latest_looks, looks_at
from server.web.here import now, settings, today

_RUNS = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One class: its rule and its words; how many rows would go tonight, and since when the oldest stands there."""

    rule: Rule
    told: words.Told
    reason: str
    is_decided: bool
    rows: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Tonight:
    lines: list[Line]
    waiting: int  # sessions as old whose document is not issued yet

    @property
    def rows(self) -> int:
        return sum(line.rows for line in self.lines if line.rule.by_itself)


@dataclass(frozen=True, slots=True)
class Ran:
    began_at: datetime
    by: str
    is_done: bool
    counts: list[tuple[str, int]]
    rows: int


@dataclass(frozen=True, slots=True)
class HoldRow:
    id: int
    subject: str
    href: str
    since: datetime | None
    until: datetime | None
    reason: str
    placed_at: datetime
    placed_by: str
    ended_at: datetime | None
    decision: str
    version: int


@dataclass(frozen=True, slots=True)
class LookRow:
    look: Look
    whose: str
    what: str
    role: str


def place() -> Place:
    here = settings()
    return Place(here.zone, here.demo, here.backups_dir)


def lines(with_counts: bool = True) -> list[Line]:
    """Every class in its order; without counts where only the rules are told."""
    due = retention.dry_run(now(), place()) if with_counts else retention.as_decided()
    return [_line(one) for one in due]


def tonight() -> Tonight:
    return Tonight(lines(), traces.unbilled(night_of(now(), place())))


def line_of(kept: Kept) -> Line:
    return next(line for line in lines(with_counts=False) if line.rule.kept is kept)


def runs() -> list[Ran]:
    """The last ones, the newest first."""
    wanted = select(RetentionRun).order_by(RetentionRun.id.desc()).limit(_RUNS)
    with reading() as session:
        return [_ran(row) for row in session.scalars(wanted)]


def holds() -> list[HoldRow]:
    """Those that stand first, then by when they were placed."""
    wanted = select(Hold, Machine.code, Machine.name).outerjoin(Machine, Machine.id == Hold.machine_id)
    wanted = wanted.order_by(Hold.ended_at.is_not(None), Hold.placed_at.desc())
    with reading() as session:
        rows = session.execute(wanted).all()
        people = named(row.holder_number for row, _, _ in rows if row.holder_number is not None)
    return [_hold(row, code, name, people) for row, code, name in rows]


def hold(number: int) -> HoldRow:
    return next(row for row in holds() if row.id == number)


def looks(holder: int | None = None) -> list[LookRow]:
    """Who looked: at one person's traces, or for the manager at anybody's."""
    found = latest_looks() if holder is None else looks_at(holder)
    with reading():
        people = named(look.holder for look in found)
    return [
        LookRow(
            look,
            people[look.holder].name if look.holder in people else "",
            words.looked(look.what),
            words.role(look.role),
        )
        for look in found
    ]


def tenants_with_names() -> list[tuple[str, Any, str, bool]]:
    """Tenants that see who used what: the name, since when, why, and whether with the time of day."""
    wanted = select(Tenant.name, Tenant.names_since, Tenant.names_reason, Tenant.names_times)
    wanted = wanted.where(Tenant.names_since <= today(), Tenant.ended_at.is_(None)).order_by(Tenant.name)
    with reading():
        return [(row[0], row[1], row[2], row[3]) for row in db.session.execute(wanted)]


def _line(due: retention.Due) -> Line:
    one, told = due.in_force, words.CLASSES[due.in_force.rule.kept]
    return Line(one.rule, told, one.reason, one.decided_at is not None, due.waiting.rows, due.waiting.oldest)


def _ran(row: RetentionRun) -> Ran:
    counts = [(str(words.CLASSES[Kept(kept)].what), count) for kept, count in row.counts.items() if kept in set(Kept)]
    return Ran(row.began_at, row.by, row.ended_at is not None, counts, sum(row.counts.values()))


def _hold(row: Hold, code: str | None, name: str | None, people: Any) -> HoldRow:
    if row.holder_number is None:
        subject, href = name or "", f"/machines/{code}"
    else:
        subject, href = people[row.holder_number].name, f"/privacy/people/{row.holder_number}"
    times = (row.since, row.until, row.reason, row.placed_at, row.placed_by, row.ended_at, row.decision)
    return HoldRow(row.id, subject, href, *times, row.version)
