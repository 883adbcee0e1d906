"""The list of sessions: who was where and when, by what was typed and chosen, and which of them need a look.

With hundreds of thousands of sessions every condition leans on an index, and names are read for one page only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from server.db import db, reading
from server.domain.decisions import BY_HAND, Decision
from server.domain.oddities import LONG_S, NEEDS_WATCHING, together
from server.domain.period import day_start
from server.domain.usage import SessionState
from server.machines.models import Machine
from server.pages.people.names import Named, everybody, matching, named
from server.people.models import Payer, Tenant
from server.usage import decisions, sessions
from server.usage.models import UsageSession
from server.usage.service import SILENT_AFTER
from server.web.here import zone
from server.web.paging import Page, paginate


class Show(StrEnum):
    """Which sessions the list shows; without a choice, all of them."""

    ALL = ""
    OPEN = "open"
    PROVISIONAL = "provisional"
    ENDED = "ended"
    LOOK = "look"


class Look(StrEnum):
    """Why a session needs a look."""

    SILENT = "silent"  # open, and nothing was heard of it
    PROVISIONAL = "provisional"
    LONG = "long"
    TWO_AT_ONCE = "two_at_once"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. Days are the lab's; ``until`` still counts."""

    typed: str = ""
    machine: str = ""
    tenant: str = ""
    since: date | None = None
    until: date | None = None
    show: Show = Show.ALL


@dataclass(frozen=True, slots=True)
class SessionRow:
    id: str
    started_at: datetime
    ended_at: datetime | None
    measured_s: int
    state: str
    machine: str
    person: Named
    tenant: str
    cost_centre: str
    decision: Decision | None
    by_hand: bool
    looks: tuple[Look, ...]


class _At(NamedTuple):
    """Somebody at a machine."""

    id: str
    holder: int
    started_at: datetime
    ended_at: datetime


class _Busy(NamedTuple):
    """Sessions that need a look for what else goes on: open ones of which nothing was heard for too long (one that goes
    on reports every hour), and those of somebody at two machines at once. All of them began at ``since`` or later."""

    silent: set[str]
    two_at_once: set[str]
    since: datetime

    @property
    def ids(self) -> set[str]:
        return self.silent | self.two_at_once


def find_sessions(asked: Asked, now: datetime) -> Page[SessionRow]:
    """One page of the list, the newest first."""
    with reading():
        busy = _busy(asked, now)
        wanted = select(UsageSession).where(*_conditions(asked, now, busy))
        page = paginate(
            wanted.order_by(UsageSession.started_at.desc())
        )  # one key, or an index in this order is not used
        columns = _Columns(page.rows)
        return page.of(lambda row: columns.of(row, _looks(row, busy)))


def choices() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Machines and tenants by code and name, for the filters."""
    with reading() as session:
        machines = session.execute(select(Machine.code, Machine.name).order_by(Machine.name)).all()
        tenants = session.execute(select(Tenant.code, Tenant.name).order_by(Tenant.name)).all()
    return list(machines), list(tenants)


def _conditions(asked: Asked, now: datetime, busy: _Busy) -> Iterable[ColumnElement[bool]]:
    if asked.machine:
        yield UsageSession.machine_id == select(Machine.id).where(Machine.code == asked.machine).scalar_subquery()
    if asked.tenant:
        own = select(Payer.id).join(Tenant, Tenant.id == Payer.tenant_id).where(Tenant.code == asked.tenant)
        yield UsageSession.payer_id.in_(own)
    if asked.since:
        yield UsageSession.started_at >= day_start(asked.since, zone())
    if asked.until:
        yield UsageSession.started_at < day_start(asked.until + timedelta(days=1), zone())
    if asked.typed:
        yield _typed(asked.typed)
    if asked.show:
        yield _shown(asked, now, busy)


def _shown(asked: Asked, now: datetime, busy: _Busy) -> ColumnElement[bool]:
    if asked.show is Show.OPEN:
        return sessions.IS_OPEN
    if asked.show is not Show.LOOK:
        return UsageSession.state == asked.show.value
    odd = or_(UsageSession.state == SessionState.PROVISIONAL, UsageSession.occupied_s > LONG_S)
    recent = UsageSession.started_at >= _first_to_look_at(asked, now)
    return (UsageSession.started_at >= busy.since) & or_(UsageSession.id.in_(busy.ids), odd & recent)


def _typed(typed: str) -> ColumnElement[bool]:
    """A session's own number, or people."""
    try:
        return UsageSession.id == str(UUID(typed))
    except ValueError:
        return UsageSession.holder_number.in_([one.number for one in matching(everybody(), typed)])


def _first_to_look_at(asked: Asked, now: datetime) -> datetime:
    """Without a choice, back to the first day of last month: what is older stands on an invoice."""
    this_month = now.astimezone(zone()).date().replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    return day_start(asked.since or last_month, zone())


def _busy(asked: Asked, now: datetime) -> _Busy:
    since = _first_to_look_at(asked, now)
    quiet = [one for one in sessions.read(sessions.IS_OPEN) if one.last_known_at < now - SILENT_AFTER]
    doubled = _two_at_once(since, now) if asked.show is Show.LOOK else set()
    return _Busy({one.id for one in quiet}, doubled, min([since, *(one.started_at for one in quiet)]))


def _two_at_once(since: datetime, now: datetime) -> set[str]:
    """Sessions in which one holder was at two machines that must be watched."""
    first, second = aliased(UsageSession), aliased(UsageSession)
    watched = select(Machine.id).where(Machine.risk.in_(NEEDS_WATCHING))
    wanted = select(*_span(first), *_span(second)).where(
        *(first.started_at >= since, first.machine_id.in_(watched), second.machine_id.in_(watched)),
        *(second.holder_number == first.holder_number, second.id != first.id),
        *(second.started_at >= first.started_at, second.started_at < func.coalesce(first.ended_at, now)),
    )
    rows = db.session.execute(wanted).all()  # a handful, where all sessions since then are thousands
    halves = (half for row in rows for half in (row[:4], row[4:]))
    spans = {_At(session, holder, begin, end or now) for session, holder, begin, end in halves}
    return {one.id for earlier, later, _ in together(spans) for one in (earlier, later)}


def _span(of: Any) -> tuple[Any, ...]:
    return of.id, of.holder_number, of.started_at, of.ended_at


def _looks(row: UsageSession, busy: _Busy) -> tuple[Look, ...]:
    found = {
        Look.SILENT: row.id in busy.silent,
        Look.PROVISIONAL: row.state == SessionState.PROVISIONAL,
        Look.LONG: row.occupied_s > LONG_S,
        Look.TWO_AT_ONCE: row.id in busy.two_at_once,
    }
    return tuple(look for look, holds in found.items() if holds)


class _Columns:
    """The names and decisions behind the sessions on one page."""

    def __init__(self, rows: list[UsageSession]) -> None:
        self._people = named(row.holder_number for row in rows)
        self._machines: Mapping[int, str] = dict(
            _pairs(select(Machine.id, Machine.name), Machine.id, rows, "machine_id")
        )
        payers = select(Payer.id, Tenant.name, Payer.cost_centre).join(Tenant, Tenant.id == Payer.tenant_id)
        self._payers = {
            number: (tenant, centre) for number, tenant, centre in _pairs(payers, Payer.id, rows, "payer_id")
        }
        self._decisions = decisions.newest(UsageSession.id.in_([row.id for row in rows]))

    def of(self, row: UsageSession, looks: tuple[Look, ...]) -> SessionRow:
        tenant, cost_centre = self._payers[row.payer_id]
        return SessionRow(
            id=row.id,
            started_at=row.started_at,
            ended_at=row.ended_at,
            measured_s=row.occupied_s,
            state=row.state,
            machine=self._machines[row.machine_id],
            person=self._people.get(row.holder_number) or Named(row.holder_number, "", "", ""),
            tenant=tenant,
            cost_centre=cost_centre,
            decision=self._decisions.get(row.id),
            by_hand=row.time_quality == BY_HAND,
            looks=looks,
        )


def _pairs(wanted: Any, key: Any, rows: list[UsageSession], column: str) -> Any:
    return db.session.execute(wanted.where(key.in_({getattr(row, column) for row in rows}))).all()
