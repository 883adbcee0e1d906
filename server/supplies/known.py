"""What is read for a month's items: who pays, what things cost, what was noted. Plain values; inside ``reading()``."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from server.db import db
from server.domain.period import Period
from server.domain.supplies import Price
from server.machines.models import Machine
from server.people.models import Payer, Tenant, TenantKind
from server.supplies.models import Material, Noted, SupplyPrice
from server.supplies.rows import whole
from server.usage import decisions
from server.usage.models import UsageSession

FINISHED = ("ended", "provisional")
_IN_ONE = 500  # sessions asked for at once


@dataclass(frozen=True, slots=True)
class Who:
    """A payer and its tenant, by their codes."""

    id: int
    payer: str
    tenant: str
    tenant_kind: str


@dataclass(frozen=True, slots=True)
class Use:
    """The session a note belongs to. ``free``: why it is not charged."""

    session: UsageSession
    machine: str
    category: str
    free: str | None


def payers_of(tenant_id: int | None) -> dict[int, Who]:
    """Those of one tenant, or of all that are billed: what the lab itself uses is measured and never invoiced."""
    wanted = select(Payer.id, Payer.code, Tenant.code, Tenant.kind).join(Tenant, Tenant.id == Payer.tenant_id)
    if tenant_id is None:
        wanted = wanted.where(Tenant.kind != TenantKind.INTERNAL.value)
    else:
        wanted = wanted.where(Tenant.id == tenant_id)
    return {row[0]: Who(*row) for row in db.session.execute(wanted)}


def load_prices() -> list[Price]:
    """Every price there ever was; machines by their code."""
    wanted = select(SupplyPrice, Machine.code).outerjoin(Machine, Machine.id == SupplyPrice.machine_id)
    return [price_of(row, code) for row, code in db.session.execute(wanted)]


def price_of(row: SupplyPrice, machine: str | None) -> Price:
    return Price(
        id=row.id,
        what=row.what,
        cents=whole(row.cents_milli),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        material=row.material_id,
        machine=machine,
        category=row.category,
        tenant_kind=row.tenant_kind,
        step_s=row.step_s,
        free_s=row.free_s,
        per_hour=row.per_hour,
        within_h=row.within_h,
    )


def noted_in(period: Period, specimen: bool) -> list[tuple[Noted, Use | None]]:
    """What counts of each note of the month, by its root, with its session: notes on sessions that ended in it, and those
    without a session of its days."""
    ended = UsageSession.state.in_(FINISHED) & UsageSession.simulated.is_(specimen)
    ended &= (UsageSession.ended_at >= period.start) & (UsageSession.ended_at < period.end)
    on_session = Noted.session_id.in_(select(UsageSession.id).where(ended))
    without = Noted.session_id.is_(None) & Noted.day.between(period.first_day, period.last_day)
    return _newest(on_session | without)


def noted_about(roots: Collection[int]) -> list[tuple[Noted, Use | None]]:
    """These notes as they count now, by their root; also those of a session that still runs."""
    return _newest(Noted.id.in_(roots) | Noted.root_id.in_(roots))


def materials_by_id() -> dict[int, Material]:
    return {row.id: row for row in db.session.scalars(select(Material))}


def _newest(which: ColumnElement[bool]) -> list[tuple[Noted, Use | None]]:
    """Notes first, then their sessions: there are far fewer of them."""
    counted: dict[int, Noted] = {}
    for note in db.session.scalars(select(Noted).where(which).order_by(Noted.id)):
        counted[note.root_id or note.id] = note
    uses = _uses(sorted({note.session_id for note in counted.values() if note.session_id is not None}))
    return [(counted[root], uses.get(counted[root].session_id or "")) for root in sorted(counted)]


def _uses(ids: Sequence[str]) -> dict[str, Use]:
    found: dict[str, Use] = {}
    wanted = select(UsageSession, Machine.code, Machine.category).join(Machine, Machine.id == UsageSession.machine_id)
    for at in range(0, len(ids), _IN_ONE):
        some = UsageSession.id.in_(ids[at : at + _IN_ONE])
        decided = decisions.newest(some)
        for session, machine, category in db.session.execute(wanted.where(some)):
            free = decided[session.id].free if session.id in decided else None
            found[session.id] = Use(session, machine, category, free)
    return found
