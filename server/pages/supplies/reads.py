"""What the pages about supplies show: materials with their prices of today, other prices, and what was noted lately."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from flask import abort
from sqlalchemy import select

from server.db import db, reading
from server.domain.items import BillItem
from server.domain.period import month_of, period_of
from server.domain.supplies import OF_BOOKINGS, MissingItemPrice, Price, Wanted, What, needs_certified_scale, price_for
from server.machines.models import Machine
from server.pages.prices.words import kind as kind_name
from server.pages.supplies import words
from server.people.models import Payer, Tenant
from server.supplies.billing import note_item
from server.supplies.catalogue import materials
from server.supplies.known import Use, Who, load_prices, materials_by_id, noted_about, price_of
from server.supplies.models import Material, Noted, Preset, SupplyPrice
from server.supplies.rows import whole
from server.usage.models import UsageSession
from server.web.here import now, today, zone

_LATELY = timedelta(days=14)
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A price as a list shows it. ``scope``: where and for whom, in words."""

    price: Price
    where: str
    kind: str
    unit: str
    reason: str
    version: int

    @property
    def is_over(self) -> bool:
        return self.price.valid_until is not None and self.price.valid_until <= today()

    @property
    def is_ahead(self) -> bool:
        return self.price.valid_from > today()


@dataclass(frozen=True, slots=True)
class MaterialRow:
    id: int
    name: str
    unit: str
    nature: str
    ended_at: datetime | None
    prices: tuple[Line, ...]  # in force today, the one for all first
    version: int

    @property
    def is_priced(self) -> bool:
        return any(line.price.tenant_kind is None and not line.where for line in self.prices)


@dataclass(frozen=True, slots=True)
class NotedRow:
    """What counts of a note. ``item`` is what it comes to; None where nobody is billed for it. ``number`` is its first
    row's, ``newest`` the one that counts."""

    number: int
    newest: int
    what: str
    unit: str
    quantity: Decimal
    measured: str
    day: date
    tenant: str
    payer: str
    session: str | None
    machine: str
    by: str
    at: datetime
    reason: str
    item: BillItem | MissingItemPrice | None
    material: int | None

    @property
    def needs_scale(self) -> bool:
        cents = self.item.unit_cents if isinstance(self.item, BillItem) else None
        return needs_certified_scale(self.unit, self.measured, cents)


def material_rows() -> list[MaterialRow]:
    with reading():
        lines = price_lines()
        return [_material(row, lines) for row in materials()]


def material_row(number: int) -> tuple[MaterialRow, Material, list[Line]]:
    """With every price it ever had."""
    with reading():
        row = db.session.get(Material, number) or abort(404)
        lines = [line for line in price_lines() if line.price.material == number]
        return _material(row, lines), row, lines


def price_lines() -> list[Line]:
    """Every price, the newest first; inside ``reading()``."""
    wanted = (
        select(SupplyPrice, Machine.code, Machine.name, Material.unit)
        .outerjoin(Machine, Machine.id == SupplyPrice.machine_id)
        .outerjoin(Material, Material.id == SupplyPrice.material_id)
        .order_by(SupplyPrice.valid_from.desc(), SupplyPrice.id.desc())
    )
    return [
        Line(
            price=price_of(row, code),
            where=name or row.category or "",
            kind=kind_name(row.tenant_kind),
            unit=unit or "",
            reason=row.reason,
            version=row.version,
        )
        for row, code, name, unit in db.session.execute(wanted)
    ]


def price_line(number: int) -> Line:
    with reading():
        found = next((line for line in price_lines() if line.price.id == number), None)
    return found or abort(404)


def other_prices() -> dict[str, list[Line]]:
    """Of an operator's hour and of bookings, by what they are for; those that are over come last."""
    with reading():
        lines = price_lines()
    wanted = (What.OPERATOR, *OF_BOOKINGS)
    return {
        what: sorted((one for one in lines if one.price.what == what), key=lambda one: one.is_over) for what in wanted
    }


def presets() -> list[Preset]:
    with reading():
        rows = db.session.scalars(select(Preset).where(Preset.ended_at.is_(None))).all()
    return sorted(rows, key=lambda row: words.named(row.labels).casefold())


def preset(number: int) -> Preset:
    with reading():
        return db.session.get(Preset, number) or abort(404)


def material_choices() -> list[tuple[str, str]]:
    """Those that are offered, with their unit."""
    with reading():
        rows = [row for row in materials() if row.ended_at is None]
    return [(str(row.id), f"{words.named(row.names)} ({words.unit(row.unit)})") for row in rows]


def places() -> tuple[list[str], list[tuple[str, str]]]:
    """Categories and machines of the lab."""
    with reading():
        rows = db.session.execute(
            select(Machine.code, Machine.name, Machine.category)
            .where(Machine.ended_at.is_(None))
            .order_by(Machine.name)
        ).all()
    return sorted({row.category for row in rows}), [(row.code, row.name) for row in rows]


def noted_lately() -> list[NotedRow]:
    """What was noted in the last two weeks, the newest first, as it counts now."""
    since = today() - _LATELY
    wanted = select(Noted.id).where(Noted.root_id.is_(None), Noted.day >= since).order_by(Noted.id.desc()).limit(_SHOWN)
    with reading():
        return _rows(db.session.scalars(wanted).all())


def noted_on_session(session_id: str) -> list[NotedRow]:
    wanted = select(Noted.id).where(Noted.root_id.is_(None), Noted.session_id == session_id).order_by(Noted.id)
    with reading():
        return [row for row in _rows(db.session.scalars(wanted).all()) if row.quantity]


def noted_row(number: int) -> NotedRow:
    with reading():
        found = db.session.get(Noted, number) or abort(404)
        return _rows([found.root_id or found.id])[0]


def _rows(roots: Collection[int]) -> list[NotedRow]:
    prices, known = load_prices(), materials_by_id()
    whose = _whose()
    machines = dict(db.session.execute(select(Machine.code, Machine.name)).all())
    told = {note.root_id or note.id: (note, use) for note, use in noted_about(roots)}
    return [_row(root, *told[root], prices, known, whose, machines) for root in roots]


def _row(
    root: int,
    note: Noted,
    use: Use | None,
    prices: list[Price],
    known: dict[int, Material],
    whose: dict[int, tuple[Who, str, str]],
    machines: dict[str, str],
) -> NotedRow:
    who, tenant, centre = whose[use.session.payer_id if use else note.payer_id or 0]
    material = known.get(note.material_id or 0)
    period = period_of(month_of(now(), zone()), zone())
    item = note_item(note, use, who, period, prices, known) if note.quantity_milli else None
    return NotedRow(
        number=root,
        newest=note.id,
        what=words.named(material.names) if material else str(words.WHAT[What.OPERATOR]),
        unit=material.unit if material else "min",
        quantity=whole(note.quantity_milli),
        measured=note.measured or "",
        day=note.day,
        tenant=tenant,
        payer=centre,
        session=note.session_id,
        machine=machines.get(use.machine, "") if use else "",
        by=note.noted_by,
        at=note.noted_at,
        reason=note.reason,
        item=item,
        material=note.material_id,
    )


def _whose() -> dict[int, tuple[Who, str, str]]:
    wanted = select(Payer.id, Payer.code, Tenant.code, Tenant.kind, Tenant.name, Payer.cost_centre)
    wanted = wanted.join(Tenant, Tenant.id == Payer.tenant_id)
    return {row[0]: (Who(*row[:4]), row[4], row[5]) for row in db.session.execute(wanted)}


def _material(row: Material, lines: Iterable[Line]) -> MaterialRow:
    own = [line for line in lines if line.price.material == row.id and line.price.holds(today())]
    in_force = [line for line in own if _wins(line, own)]
    order = sorted(
        in_force, key=lambda line: (bool(line.where), line.price.tenant_kind is not None, line.where, line.kind)
    )
    return MaterialRow(row.id, words.named(row.names), row.unit, row.nature, row.ended_at, tuple(order), row.version)


def _wins(line: Line, own: Iterable[Line]) -> bool:
    """Of several for the very same the newest one."""
    price = line.price
    same = [
        one.price
        for one in own
        if (one.price.machine, one.price.category, one.price.tenant_kind)
        == (price.machine, price.category, price.tenant_kind)
    ]
    wanted = Wanted(price.what, today(), price.tenant_kind or "", price.material, price.machine, price.category)
    return price_for(same, wanted) is price


def session_words(session_id: str) -> tuple[str, str]:
    """The machine of a session and who pays, for the head of a form."""
    wanted = (
        select(Machine.name, Tenant.name, Payer.cost_centre)
        .select_from(UsageSession)
        .join(Machine, Machine.id == UsageSession.machine_id)
        .join(Payer, Payer.id == UsageSession.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .where(UsageSession.id == session_id)
    )
    with reading():
        machine, tenant, centre = db.session.execute(wanted).one_or_none() or abort(404)
    return machine, f"{tenant} · {centre}" if centre else tenant
