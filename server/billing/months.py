"""Closing a month, and its drafts: thrown away and rebuilt at will, until their documents are issued.

Closing waits six hours after the month's end for what agents still have to send. It never waits for an open session and
never cuts one: that belongs to the month in which it will end. One whose agent fell silent before the month's end is closed
provisionally, at its last known second; the real end replaces that when it comes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from server.audit import service as audit
from server.billing import adjusting, checking, facts, late, progress
from server.billing.corrected import Adjustment
from server.billing.drafting import Beside, Month, NewDraft, draft_month, plain
from server.billing.errors import BillingError
from server.billing.freshness import bills_before, bills_of, made_of
from server.billing.models import Draft
from server.billing.models import Period as PeriodRow
from server.billing.uses import Dated, in_force
from server.db import db, reading, writing
from server.domain import oddities
from server.domain.oddities import Bill
from server.domain.period import Period, day_of, period_of
from server.jobs import service as jobs
from server.machines.models import Machine
from server.usage.models import UsageSession
from server.usage.service import close_silent

Tell = Callable[[int], None]  # how many of the three steps are behind: read, rated, stored
STEPS = 3


def _to_nobody(_step: int) -> None:
    """Whoever builds a small month waits for it."""


@dataclass(frozen=True, slots=True)
class DraftSummary:
    """What one document would come to. ``held`` is empty when it can be issued."""

    tenant: str
    name: str
    sessions: int
    net_cents: int
    vat_cents: int
    gross_cents: int
    held: str


@dataclass(frozen=True, slots=True)
class Drafts:
    """All drafts of a month; ``unplaced`` says in words which sessions no establishment pays for."""

    month: str
    drafts: tuple[DraftSummary, ...]
    unplaced: tuple[str, ...]

    @property
    def ready(self) -> tuple[DraftSummary, ...]:
        return tuple(draft for draft in self.drafts if not draft.held)

    @property
    def held(self) -> tuple[DraftSummary, ...]:
        return tuple(draft for draft in self.drafts if draft.held)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that began before the month's end and has not ended yet."""

    session: str
    machine: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class CloseReport:
    """What a closed month left: its drafts, and the sessions that went on into the next one."""

    month: str
    drafts: Drafts
    open_sessions: tuple[OpenSession, ...]
    provisional: tuple[str, ...]  # sessions closed at their last known second, because nothing was heard of them since


def close_month(
    month: str, actor: str, now: datetime, zone: tzinfo, specimen: bool, tell: Tell = _to_nobody
) -> CloseReport:
    """Close a month and build its drafts. Closing again builds them anew. BillingError when it is too early."""
    period = refuse_early(month, now, zone)
    provisional = tuple(close_silent(period.end, now))
    drafts = build_drafts(month, now, zone, specimen, tell)
    still_open = _open_sessions(period, specimen)
    with writing() as session:
        row = session.get_one(PeriodRow, month)
        if row.state != "closed":
            row.state, row.closed_at, row.closed_by = "closed", now, actor
            after = {"drafts": len(drafts.drafts), "held": len(drafts.held), "open": len(still_open)}
            audit.record(actor, "close", "period", month, {"state": "open"}, after, "", now)
        jobs.enqueue(checking.JOB, {"month": month}, now)
    return CloseReport(month, drafts, still_open, provisional)


def refuse_early(month: str, now: datetime, zone: tzinfo) -> Period:
    """The period; BillingError as long as it cannot be closed."""
    period = period_named(month, zone)
    if now < period.closable_from:
        first = period.closable_from.astimezone(zone)
        raise BillingError(
            "%(month)s can be closed from %(moment)s on, when its last events have arrived.",
            month=month,
            moment=f"{first:%Y-%m-%d %H:%M}",
        )
    return period


def refuse_without_seller(now: datetime, zone: tzinfo) -> None:
    with reading():
        _issuer_on(facts.load_issuers(), day_of(now, zone))


def build_drafts(month: str, now: datetime, zone: tzinfo, specimen: bool, tell: Tell = _to_nobody) -> Drafts:
    """Throw the month's drafts away and make them anew from what is not charged yet. ``tell``: how far it is."""
    period = period_named(month, zone)
    day = day_of(now, zone)
    with reading():
        source = made_of(period, specimen, day)  # first: what changes from here on makes these drafts old
        known = facts.load(period, specimen)
        before, so_far = bills_before(period, specimen), bills_of(period, specimen)
        beside, adjusted = _beside(known, period, specimen, zone)
    tell(1)
    built = draft_month(known, period, _issuer_on(known.issuers, day), zone, specimen, beside)
    tell(2)
    for draft in built.drafts:
        draft.content["charges"] = adjusting.fill(draft.content["charges"], adjusted)
    bills = _bills(built.drafts, before, so_far, now >= period.end)
    odd = (*oddities.look(built.looked, bills), *built.used_up)
    looks = {"built_from": source, "unplaced": _rows(built.unplaced), "oddities": _rows(odd), "figures": built.figures}
    _replace_drafts(month, built, looks, now)
    return Drafts(month, tuple(_summary(draft) for draft in built.drafts), tuple(map(str, built.unplaced)))


def _issuer_on(issuers: list[Dated], day: date) -> facts.Issuer:
    issuer: facts.Issuer | None = in_force(issuers, day)
    if issuer is None:
        raise BillingError("Nobody can issue documents on %(day)s: no seller is on record for that day.", day=day)
    return issuer


def _beside(known: facts.Facts, period: Period, specimen: bool, zone: tzinfo) -> tuple[Beside, dict[str, Adjustment]]:
    """What the month bills beside its own sessions; inside ``reading()``."""
    came, issued = late.find(known, period, specimen, zone), late.issued_months(specimen)
    adjusted = {one.subject: one for one in adjusting.find(known, period, issued, specimen, zone)}
    extras = tuple((one.establishment_id, one.extra) for one in adjusted.values())
    originals = {name: one.original for name, one in adjusted.items()}
    return Beside(came.here, came.elsewhere, extras, originals), adjusted


def period_named(month: str, zone: tzinfo) -> Period:
    """The period of a month written ``2026-10``; BillingError for anything else."""
    try:
        return period_of(month, zone)
    except ValueError:
        raise BillingError(f"{month!r} is not a month: it is written like 2026-10") from None


def refresh(month: str, now: datetime, zone: tzinfo, specimen: bool) -> bool:
    """Build the drafts anew where what they were made of has changed, unless they are being issued. Costs next to
    nothing where it has not. Returns whether they were built; BillingError as ``build_drafts``."""
    period = period_named(month, zone)
    with reading() as session:
        row = session.get(PeriodRow, month)
        if row is not None and (
            progress.under_way(row) or row.built_from == made_of(period, specimen, day_of(now, zone))
        ):
            return False
    build_drafts(month, now, zone, specimen)
    return True


def _bills(
    drafts: Iterable[NewDraft], before: dict[int, tuple[int, ...]], so_far: dict[int, int], is_over: bool
) -> Iterator[Bill]:
    """One an establishment, whatever it is split into, with what is issued of the month already."""
    of_house: dict[int, list[NewDraft]] = defaultdict(list)
    for draft in drafts:
        of_house[draft.establishment_id].append(draft)
    for house, own in of_house.items():
        buyer = own[0].content["buyer"]
        cents = sum(draft.content["net_cents"] for draft in own) + so_far.get(house, 0)
        seconds = sum(group["billed_s"] for draft in own for group in draft.content["groups"])
        yield Bill(house, buyer["legal_name"], buyer["tenant"], cents, seconds, before.get(house, ()), is_over)


def _rows(values: tuple[Any, ...]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [plain(asdict(value)) for value in values]
    return rows


def _replace_drafts(month: str, built: Month, looks: dict[str, Any], now: datetime) -> None:
    with writing() as session:
        # Whoever builds the same drafts at the same time waits here, and then sees and replaces ours.
        row = period_row(month)
        for name, value in looks.items():
            setattr(row, name, value)
        checked = checking.checked_before(list(session.scalars(select(Draft).where(Draft.month == month))))
        session.execute(delete(Draft).where(Draft.month == month))
        session.add_all([_row(month, draft, checked, now) for draft in built.drafts])


def period_row(month: str) -> PeriodRow:
    """The month, held fast; made where there is none. Inside ``writing()``."""
    if db.session.get(PeriodRow, month) is None:
        _open_period(month)
    return db.session.scalars(select(PeriodRow).where(PeriodRow.month == month).with_for_update()).one()


def _open_period(month: str) -> None:
    """Add the month, unless somebody else just has."""
    with suppress(IntegrityError), db.session.begin_nested():
        db.session.add(PeriodRow(month=month))


def _row(month: str, draft: NewDraft, checked: dict[str, list[dict[str, Any]]], now: datetime) -> Draft:
    money = {name: draft.content[name] for name in ("net_cents", "vat_cents", "gross_cents")}
    row = Draft(
        month=month,
        establishment_id=draft.establishment_id,
        part=draft.part,
        content=draft.content,
        held=draft.held,
        reasons=_rows(draft.holds),
        built_at=now,
        **money,
    )
    sha256 = checking.content_sha256(draft.content)
    if sha256 in checked:
        row.checked_sha256 = sha256
        checking.note(row, checked[sha256])
    return row


def _summary(draft: NewDraft) -> DraftSummary:
    content = draft.content
    return DraftSummary(
        tenant=content["buyer"]["tenant"],
        name=content["buyer"]["legal_name"],
        sessions=len(content["charges"]),
        net_cents=content["net_cents"],
        vat_cents=content["vat_cents"],
        gross_cents=content["gross_cents"],
        held=draft.held,
    )


def _open_sessions(period: Period, specimen: bool) -> tuple[OpenSession, ...]:
    wanted = (
        select(UsageSession.id, Machine.code, UsageSession.started_at)
        .join(Machine, Machine.id == UsageSession.machine_id)
        .where(UsageSession.state == "open", UsageSession.started_at < period.end)
        .where(UsageSession.simulated.is_(specimen))
        .order_by(UsageSession.started_at, UsageSession.id)
    )
    with reading():
        return tuple(OpenSession(*row) for row in db.session.execute(wanted))
