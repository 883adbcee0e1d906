"""One month as its page shows it: what was made of its sessions, what looks odd, its drafts and documents, in figures."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select

from server.billing.issuing import Seen
from server.billing.models import Document, Draft, MonthNote
from server.billing.models import Period as PeriodRow
from server.billing.notes import DUTY
from server.billing.outside import Outside, outside
from server.billing.progress import Progress, progress
from server.db import db, reading
from server.domain.holds import Why
from server.domain.period import Period
from server.machines.models import Machine
from server.pages.months.listing import sessions_of
from server.people.models import Establishment, Tenant
from server.usage import sessions
from server.usage.service import SILENT_AFTER


@dataclass(frozen=True, slots=True)
class DraftRow:
    """``nothing``: it comes to 0.00 and waits for nobody."""

    establishment: int
    name: str
    tenant: str
    sessions: int
    net_cents: int
    vat_cents: int
    gross_cents: int
    reasons: tuple[dict[str, Any], ...]
    part: str = ""
    kind: str = "invoice"

    @property
    def nothing(self) -> bool:
        return any(reason["why"] == Why.NOTHING for reason in self.reasons)

    @property
    def known_cents(self) -> int:
        """Net, with what only waits for its VAT to be decided."""
        return self.net_cents + sum(reason["cents"] for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One issued document. ``written``: its PDF is there."""

    number: str
    name: str
    net_cents: int
    gross_cents: int
    issued_on: date
    due_on: date
    paid_on: date | None
    written: bool
    kind: str


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A session that goes on beyond the month's end, or has not ended yet."""

    id: str
    machine: str
    started_at: datetime
    last_known_at: datetime
    silent: bool


@dataclass(frozen=True, slots=True)
class Note:
    kind: str
    subject: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """``kept``: what somebody wants to leave as it is; ``built_at``: of the drafts, None without any."""

    period: Period
    closed_at: datetime | None
    closed_by: str
    sessions: int
    seconds: int
    unpriced: int
    free: int
    waived_cents: int
    open: tuple[OpenRow, ...]
    oddities: tuple[dict[str, Any], ...]
    unplaced: tuple[dict[str, Any], ...]
    kept: tuple[Note, ...]
    drafts: tuple[DraftRow, ...]
    papers: tuple[PaperRow, ...]
    progress: Progress | None
    machines: dict[str, str]
    outside: tuple[Outside, ...] = ()

    @property
    def ready(self) -> tuple[DraftRow, ...]:
        return tuple(draft for draft in self.drafts if not draft.reasons)

    @property
    def held(self) -> tuple[DraftRow, ...]:
        held = (draft for draft in self.drafts if draft.reasons and not draft.nothing)
        return tuple(sorted(held, key=lambda draft: -draft.known_cents))

    @property
    def for_nothing(self) -> tuple[DraftRow, ...]:
        return tuple(draft for draft in self.drafts if draft.nothing)

    @property
    def paid(self) -> int:
        return sum(paper.paid_on is not None for paper in self.papers)

    @property
    def seen(self) -> Seen:
        """What would be issued."""
        return Seen(len(self.ready), sum(draft.gross_cents for draft in self.ready))

    def is_over(self, now: datetime) -> bool:
        return now >= self.period.end


def month_facts(period: Period, specimen: bool, now: datetime) -> MonthFacts:
    with reading() as session:
        row = session.get(PeriodRow, period.month)
        count, seconds = sessions_of(period, specimen)
        figures = row.figures if row else {}
        return MonthFacts(
            period=period,
            closed_at=row.closed_at if row else None,
            closed_by=row.closed_by if row else "",
            sessions=count,
            seconds=seconds,
            unpriced=figures.get("unpriced", 0),
            free=figures.get("free", 0),
            waived_cents=figures.get("waived_cents", 0),
            open=_open(period, specimen, now),
            oddities=tuple(row.oddities) if row else (),
            unplaced=tuple(row.unplaced) if row else (),
            kept=_kept(period.month),
            drafts=drafts_of(period.month),
            papers=papers_of(Document.month == period.month),
            progress=progress(period.month),
            machines=dict(session.execute(select(Machine.code, Machine.name)).all()),
            outside=tuple(outside(period, specimen, now)),
        )


def drafts_of(month: str) -> tuple[DraftRow, ...]:
    """The dearest first; inside ``reading()``."""
    wanted = (
        select(
            *(Draft.establishment_id, Establishment.legal_name, Tenant.code, Draft.content),
            *(Draft.net_cents, Draft.vat_cents, Draft.gross_cents, Draft.reasons, Draft.part),
        )
        .join(Establishment, Establishment.id == Draft.establishment_id)
        .join(Tenant, Tenant.id == Establishment.tenant_id)
        .where(Draft.month == month)
        .order_by(Draft.net_cents.desc(), Establishment.legal_name)
    )
    return tuple(
        DraftRow(number, name, tenant, len(said["charges"]), net, vat, gross, tuple(reasons), part, said["kind"])
        for number, name, tenant, said, net, vat, gross, reasons, part in db.session.execute(wanted)
    )


def papers_of(*conditions: Any) -> tuple[PaperRow, ...]:
    """Documents by number; inside ``reading()``."""
    wanted = (
        select(
            *(Document.number, Establishment.legal_name, Document.net_cents, Document.gross_cents),
            *(Document.issued_on, Document.due_on, Document.paid_on, Document.state == "issued", Document.kind),
        )
        .join(Establishment, Establishment.id == Document.establishment_id)
        .where(*conditions)
        .order_by(Document.series, Document.sequence)
    )
    return tuple(map(paper_row, db.session.execute(wanted)))


def paper_row(row: Row[*tuple[Any, ...]]) -> PaperRow:
    return PaperRow(*row)


def draft_content(month: str, establishment: int, part: str = "") -> dict[str, Any] | None:
    """What one draft would say today."""
    own = select(Draft.content).where(Draft.month == month, Draft.establishment_id == establishment)
    own = own.where(Draft.part == part)
    with reading() as session:
        content: dict[str, Any] | None = session.scalar(own)
    return content


def _open(period: Period, specimen: bool, now: datetime) -> tuple[OpenRow, ...]:
    """Sessions without an end that began before the month's end."""
    names = dict(db.session.execute(select(Machine.id, Machine.name)).all())
    found = sessions.read(sessions.IS_OPEN) if now >= period.start else []  # few: one a machine at most
    own = (one for one in found if one.started_at < period.end and one.simulated is specimen)
    return tuple(
        OpenRow(
            one.id, names[one.machine_id], one.started_at, one.last_known_at, one.last_known_at < now - SILENT_AFTER
        )
        for one in own
    )


def _kept(month: str) -> tuple[Note, ...]:
    wanted = select(MonthNote.kind, MonthNote.subject, MonthNote.by, MonthNote.at)
    wanted = wanted.where(MonthNote.month == month, MonthNote.kind != DUTY)
    return tuple(Note(*row) for row in db.session.execute(wanted.order_by(MonthNote.at.desc())))
