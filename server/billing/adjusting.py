"""What came to be known of a session after it was charged, as a row of the next document: its real end, or a decision.

The charge stays as it is. What the session comes to now, less what was charged, becomes an item of its own: at the VAT of the
original line, with the reason, and with the new stand of the session beside it, so that it is found once.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, or_, select

from server.billing import facts
from server.billing.charging import charge_of
from server.billing.drafting import plain, rate_uses
from server.billing.entries import sha256
from server.billing.facts import Facts
from server.billing.late import Issued, tenants_left
from server.billing.models import Charge, Document
from server.billing.uses import CREDITED, Use, load_uses
from server.db import db
from server.domain.decisions import says
from server.domain.invoicing import Extra, Item, Sold
from server.domain.items import BillItem, ItemKind, Unit
from server.domain.parting import Original
from server.domain.period import Period, day_of, period_of
from server.domain.rating import Rated, RatedSession
from server.domain.vat import Cell
from server.usage.models import SessionDecision, UsageSession

ADJUSTS = ":adjust:"  # in the subject of such a charge, after the session's
_LABELS = {
    "fr": "Régularisation de {number}, {machine}, session du {day}",
    "de": "Berichtigung zu {number}, {machine}, Nutzung vom {day}",
    "en": "Adjustment to {number}, {machine}, session of {day}",
}
_ENDED = {
    "fr": "La fin réelle de la session est connue depuis.",
    "de": "Das wirkliche Ende der Nutzung ist seither bekannt.",
    "en": "The real end of the session has become known since.",
}


@dataclass(frozen=True, slots=True)
class Adjustment:
    """``extra`` goes on a document; ``charge`` is what its charge says beside; ``original`` is what it corrects."""

    establishment_id: int
    extra: Extra
    charge: dict[str, Any]
    original: Original

    @property
    def subject(self) -> str:
        return self.extra.item.ref


@dataclass(frozen=True, slots=True)
class _Charged:
    """A charge of a session with its document, and what was charged of it in all."""

    charge: Charge
    document: Document
    cents: int
    times: int
    newest: Charge
    reason: str


def changed(specimen: bool, since: str) -> list[str]:
    """Sessions on documents of ``since`` and later that may not be what was charged: with another end, or decided about since
    that month began. Inside ``reading()``."""
    differs = or_(UsageSession.occupied_s != Charge.occupied_s, UsageSession.ended_at != Charge.ended_at)
    began = datetime.fromisoformat(f"{since}-01T00:00:00+00:00")
    decided = select(SessionDecision.session_id).where(SessionDecision.at >= began)
    wanted = (
        select(UsageSession.id)
        .join(Charge, and_(Charge.subject == UsageSession.id, Charge.kind == "session"))
        .join(Document, Document.id == Charge.document_id)
        .where(Document.month >= since, Document.specimen.is_(specimen), UsageSession.state == "ended")
        .where(or_(differs, UsageSession.id.in_(decided)))
        .distinct()
    )
    return list(db.session.scalars(wanted.order_by(UsageSession.id)))


def find(known: Facts, period: Period, issued: Issued, specimen: bool, zone: tzinfo) -> tuple[Adjustment, ...]:
    """Those that this month bills, inside ``reading()``: of months issued right before it; of tenants that have left, in the
    month of the document that is wrong."""
    months = set(issued.earlier(period.month))
    gone = tenants_left()
    since = min([*months, period.month])
    found: list[Adjustment] = []
    for session_id in changed(specimen, since):
        one = _charged(session_id)
        if one is not None:
            found += _of_session(known, one, months, period.month, gone, specimen, zone)
    return tuple(found)


def fill(charges: Iterable[dict[str, Any]], found: Mapping[str, Adjustment]) -> list[dict[str, Any]]:
    """The charges of a draft, adjustments among them saying what they follow from."""
    return [one | found[one["subject"]].charge if one["subject"] in found else one for one in charges]


def due(specimen: bool, since: str) -> str:
    """A short text that differs when an adjustment is due that was not. Inside ``reading()``."""
    names = changed(specimen, since)
    adjusted = db.session.scalar(select(func.count(Charge.id)).where(Charge.kind == "adjust")) or 0
    return f"{sha256(' '.join(names).encode())[:8]} {adjusted}" if names else ""


def _charged(session_id: str) -> _Charged | None:
    """None where a credit note has taken it back: then somebody has put it right otherwise."""
    own = select(Charge, Document).join(Document, Document.id == Charge.document_id)
    rows = db.session.execute(
        own.where(or_(Charge.subject == session_id, Charge.subject.like(f"{session_id}:%"))).order_by(Charge.id)
    ).all()
    if any(CREDITED in charge.subject for charge, _ in rows):
        return None
    (charge, document), newest = rows[0], rows[-1][0]
    decided = select(SessionDecision.reason).where(SessionDecision.session_id == session_id)
    reason = db.session.scalar(decided.order_by(SessionDecision.id.desc()).limit(1)) or ""
    return _Charged(charge, document, sum(one.net_cents for one, _ in rows), len(rows) - 1, newest, reason)


def _of_session(
    known: Facts, one: _Charged, months: set[str], month: str, gone: frozenset[int], specimen: bool, zone: tzinfo
) -> Iterator[Adjustment]:
    own_month = one.document.month
    (row,) = load_uses(UsageSession.id == one.charge.subject)
    belongs = own_month == month if row.tenant_id in gone else own_month in months
    stands = (row.measured_s, row.ended_at) == (one.newest.occupied_s, one.newest.ended_at)
    if not belongs or (stands and says(one.newest.counted_s, one.newest.free, row.measured_s, row.decision)):
        return
    for use, rated in _rated(period_of(own_month, zone), row, specimen, zone):
        if isinstance(rated, RatedSession):
            yield _adjustment(known, one, use, rated, zone)


def _rated(period: Period, row: Use, specimen: bool, zone: tzinfo) -> Iterator[tuple[Use, Rated]]:
    """The session among all that its tenant used in the month on whose document it stands, though it may have ended later."""
    known = facts.load(period, specimen, row.tenant_id)
    if all(use.id != row.id for use in known.uses):
        known.uses[:] = sorted([*known.uses, row], key=lambda use: (use.started_at, use.id))
    return (pair for pair in rate_uses(known, zone) if pair[0].id == row.id)


def _adjustment(known: Facts, one: _Charged, use: Use, rated: RatedSession, zone: tzinfo) -> Adjustment:
    charge, document = one.charge, one.document
    day, reason = day_of(use.started_at, zone), one.reason or _ENDED[known.buyers[document.establishment_id].language]
    words, vatex = _why(known, charge)
    cell = Cell("", "", charge.nature, charge.vat_category, charge.rate_bp, words, day, None, vatex)
    common: dict[str, Any] = {
        "payer": use.payer,
        "on_behalf_of": "" if known.owners.get(document.establishment_id) == use.tenant_id else use.tenant_name,
        "cost_centre": use.cost_centre,
        "machine_name": use.machine_name,
        "vat": cell,
        "treatment": _treated(document, charge.subject),
    }
    as_now = Item(ended_at=use.ended_at, end_day=day_of(use.ended_at, zone), rated=rated, **common)
    extra = Extra(item=_item(one, use, rated, day, reason), **common)
    stand = _stand(Sold(as_now, rated, cell), one.cents, reason, zone)
    return Adjustment(document.establishment_id, extra, stand, _original(document, reason))


def _original(document: Document, reason: str) -> Original:
    """The invoice: ours, or the one that the operator's own system made of a statement."""
    if document.kind != "statement":
        return Original(document.number, document.issued_on, reason)
    day = document.external_on or document.issued_on
    return Original(document.external_number or "", day, reason, document.number)


def _item(one: _Charged, use: Use, rated: RatedSession, day: date, reason: str) -> BillItem:
    cents = rated.net_cents - one.cents
    said = {"number": one.document.number, "machine": use.machine_name, "day": f"{day:%d.%m.%Y}"}
    return BillItem(
        ref=f"{one.charge.subject}{ADJUSTS}{one.times + 1}",
        kind=ItemKind.ADJUSTMENT,
        day=day,
        tenant=use.tenant,
        payer=use.payer,
        labels={language: words.format(**said) for language, words in _LABELS.items()},
        nature=one.charge.nature,
        quantity=Decimal(1),
        unit=Unit.SESSION,
        unit_cents=Decimal(cents),
        net_cents=cents,
        session=use.id,
        machine=use.machine,
        reason=reason,
    )


def _stand(now: Sold, before_cents: int, reason: str, zone: tzinfo) -> dict[str, Any]:
    """What the charge says of the session as it is now: to work it out again, and so that it is found once only."""
    as_sold = charge_of(now, zone)
    kept = ("started_at", "ended_at", "occupied_s", "counted_s", "free", "continues", "billed_s", "tariff", "machine")
    priced = {"adjusts": as_sold["subject"], "before_cents": before_cents, "steps": as_sold["priced"], "reason": reason}
    said: dict[str, Any] = plain({**{name: as_sold[name] for name in kept}, "priced": priced})
    return said | {"kind": "adjust", "day": None}


def _treated(document: Document, subject: str) -> str | None:
    """As what the buyer was billed then: the correction is told to authorities as the original was."""
    said = json.loads(document.frozen)
    own = (charge.get("treatment") for charge in said["charges"] if charge["subject"] == subject)
    found: str | None = next(own, None) or said["buyer"]["treatment"]
    return found


def _why(known: Facts, charge: Charge) -> tuple[str, str]:
    """The words that the law wants with this category, and their code: those of a cell that says the same of this nature."""
    same = (
        (cell.mention, cell.vatex)
        for cell in known.cells
        if (cell.nature, cell.category, cell.rate_bp) == (charge.nature, charge.vat_category, charge.rate_bp)
    )
    return next(same, ("", ""))
