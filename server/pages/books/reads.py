"""A tenant's month as its own people may see it: priced as the invoice will be, summed by cost centre and machine."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from server.billing import facts
from server.billing.drafting import rate_uses
from server.billing.models import Document
from server.billing.uses import Use
from server.db import db, reading
from server.domain.period import Period
from server.domain.rating import Rated, RatedSession
from server.people.models import Establishment, Tenant
from server.web.here import settings, zone


@dataclass(frozen=True, slots=True)
class Line:
    """A machine at a cost centre. ``cents`` is net, None where a price is missing."""

    machine: str
    sessions: int
    measured_s: int
    billed_s: int
    cents: int | None
    covered_s: int = 0  # of what is billed: included in the contract, at 0


@dataclass(frozen=True, slots=True)
class Centre:
    name: str
    lines: tuple[Line, ...]

    @property
    def measured_s(self) -> int:
        return sum(line.measured_s for line in self.lines)

    @property
    def billed_s(self) -> int:
        return sum(line.billed_s for line in self.lines)

    @property
    def cents(self) -> int:
        return sum(line.cents or 0 for line in self.lines)


@dataclass(frozen=True, slots=True)
class Paper:
    number: str
    month: str
    issued_on: date
    gross_cents: int
    state: str
    paid_on: date | None
    kind: str


@dataclass(frozen=True, slots=True)
class StartUp:
    """A tenant that belongs to the reader's: totals, and nothing that leads to a person. ``cents`` None: a price is missing."""

    name: str
    sessions: int
    measured_s: int
    cents: int | None


@dataclass(frozen=True, slots=True)
class Books:
    code: str
    name: str
    kind: str
    centres: tuple[Centre, ...]
    before_cents: int
    papers: tuple[Paper, ...]
    start_ups: tuple[StartUp, ...] = ()

    @property
    def lines(self) -> list[Line]:
        return [line for centre in self.centres for line in centre.lines]


def read_books(code: str, period: Period, before: Period, now: datetime) -> Books:
    """``before``: the month it is compared with. Sessions that have not ended are not in it."""
    with reading():
        tenant = db.session.scalars(select(Tenant).where(Tenant.code == code)).one()
        papers = _papers(tenant.id)
    centres = _centres(_rated(tenant.id, period))
    earlier = sum(centre.cents for centre in _centres(_rated(tenant.id, before)))
    return Books(tenant.code, tenant.name, tenant.kind, centres, earlier, papers, _start_ups(tenant.id, period))


def _start_ups(parent: int, period: Period) -> tuple[StartUp, ...]:
    """Each tenant that belongs to this one, with its whole month as one line."""
    with reading():
        own = select(Tenant.id, Tenant.name).where(Tenant.parent_id == parent, Tenant.ended_at.is_(None))
        children = db.session.execute(own.order_by(Tenant.name)).all()
    return tuple(_start_up(name, _rated(number, period)) for number, name in children)


def _start_up(name: str, rated: list[tuple[Use, Rated]]) -> StartUp:
    whole = _line(name, rated)
    return StartUp(name, whole.sessions, whole.measured_s, whole.cents)


def _rated(tenant_id: int, period: Period) -> list[tuple[Use, Rated]]:
    with reading():
        known = facts.load(period, settings().demo, tenant_id)
    return list(rate_uses(known, zone()))


def _centres(rated: Iterable[tuple[Use, Rated]]) -> tuple[Centre, ...]:
    grouped: dict[str, dict[str, list[tuple[Use, Rated]]]] = defaultdict(lambda: defaultdict(list))
    for use, price in rated:
        grouped[use.cost_centre][use.machine_name].append((use, price))
    return tuple(
        Centre(centre, tuple(_line(name, uses) for name, uses in sorted(machines.items())))
        for centre, machines in sorted(grouped.items())
    )


def _line(machine: str, uses: list[tuple[Use, Rated]]) -> Line:
    known = [price for _, price in uses if isinstance(price, RatedSession)]
    measured_s = sum(use.measured_s for use, _ in uses)
    cents = sum(price.net_cents for price in known) if len(known) == len(uses) else None
    billed_s, covered_s = (sum(getattr(price, name) for price in known) for name in ("billed_s", "covered_s"))
    return Line(machine, len(uses), measured_s, billed_s, cents, covered_s)


def _papers(tenant_id: int) -> tuple[Paper, ...]:
    """What was issued to the tenant's own establishments. Where another one pays for it, the invoices are that one's."""
    wanted = (
        select(
            *(Document.number, Document.month, Document.issued_on),
            *(Document.gross_cents, Document.state, Document.paid_on, Document.kind),
        )
        .join(Establishment, Establishment.id == Document.establishment_id)
        .where(Establishment.tenant_id == tenant_id)
        .order_by(Document.id.desc())
    )
    rows: Iterable[Sequence[Any]] = db.session.execute(wanted)
    return tuple(Paper(*row) for row in rows)
