"""Use of the lab for those who pay for it from public money: by kind of tenant and quarter, and nobody is given away."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from server.db import db, reading
from server.domain.disclosure import TOTAL, Cell, Key, hidden_by_column, with_totals
from server.domain.period import day_start
from server.domain.stretch import Stretch, stretch_of
from server.domain.usage import SessionState
from server.people.models import Payer, Tenant, TenantKind
from server.usage.models import UsageSession

_FINISHED = (SessionState.ENDED, SessionState.PROVISIONAL)


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell. None: hidden."""

    sessions: int
    seconds: int
    people: int
    tenants: int


@dataclass(frozen=True, slots=True)
class Report:
    """``rows`` are kinds of tenant with any use, and the total; ``columns`` quarters that are over, and the total where there
    are several. ``asked``: the quarters that were asked for."""

    asked: tuple[str, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    figures: dict[Key, Figure | None]

    @property
    def hidden(self) -> int:
        return sum(figure is None for figure in self.figures.values())


def report_of(stretch: Stretch, today: date, specimen: bool, zone: ZoneInfo) -> Report:
    """Sessions that ended in each quarter of a year, or in one quarter, on the lab's clock. A quarter is told when it is over:
    of a running one, what is there today and was not yesterday would be about few."""
    asked = quarters_of(stretch)
    quarters = [quarter for quarter in asked if quarter.last < today]
    cells: dict[Key, Cell] = {}
    for quarter in quarters:
        for kind, cell in _used(quarter, specimen, zone):
            cells[kind, quarter.name] = cells.get((kind, quarter.name), Cell()) + cell
    kinds = [kind.value for kind in TenantKind if any(row == kind for row, _ in cells)]
    names = [quarter.name for quarter in quarters]
    table = with_totals(cells, kinds, names)
    secret = hidden_by_column(table, kinds, names)
    figures = {key: None if key in secret else _figure(cell) for key, cell in table.items()}
    columns = (*names, TOTAL) if len(names) > 1 else tuple(names)
    return Report(tuple(quarter.name for quarter in asked), (*kinds, TOTAL), columns, figures)


def quarters_of(stretch: Stretch) -> list[Stretch]:
    """Of a year its four quarters; of a quarter or a month, that quarter."""
    found: dict[str, Stretch] = {}
    for month in stretch.months:
        quarter = stretch_of(f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}")
        assert quarter is not None
        found[quarter.name] = quarter
    return list(found.values())


def rows_of(report: Report) -> Iterator[tuple[str, ...]]:
    """As CSV; what is hidden is an x."""
    yield ("kind", "quarter", "sessions", "hours", "people", "tenants")
    for row in report.rows:
        for column in report.columns:
            figure = report.figures[row, column]
            if figure is None:
                yield (row, column, "x", "x", "x", "x")
                continue
            hours = f"{figure.seconds / 3600:.1f}".replace(".", ",")
            yield (row, column, str(figure.sessions), hours, str(figure.people), str(figure.tenants))


def _used(quarter: Stretch, specimen: bool, zone: ZoneInfo) -> Iterator[tuple[str, Cell]]:
    """By kind of tenant, tenant and holder."""
    after = date.fromordinal(quarter.last.toordinal() + 1)
    wanted = (
        select(Tenant.kind, Tenant.id, UsageSession.holder_number, func.count(), func.sum(UsageSession.occupied_s))
        .join(Payer, Payer.id == UsageSession.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .where(UsageSession.simulated.is_(specimen), UsageSession.state.in_(_FINISHED))
        .where(UsageSession.ended_at >= day_start(quarter.first, zone), UsageSession.ended_at < day_start(after, zone))
        .group_by(Tenant.kind, Tenant.id, UsageSession.holder_number)
    )
    with reading():
        rows = db.session.execute(wanted).all()
    for kind, tenant, holder, count, seconds in rows:
        yield kind, Cell(count, int(seconds), frozenset({holder}), frozenset({tenant}))


def _figure(cell: Cell) -> Figure:
    return Figure(cell.sessions, cell.seconds, len(cell.people), len(cell.tenants))
