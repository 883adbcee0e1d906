"""What came to be known of a session after it was charged, as a row of the next document: its real end, or a decision.

The charge stays as it is. What the session comes to now, less what was charged, becomes an item of its own: at the VAT of the
original line, with the reason, and with the new stand of the session beside it, so that it is found once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from server.billing import adjusting_items, facts
from server.billing.charging import charge_of
from server.billing.corrected import Adjustment, Limits, as_billed, cell_of, original_of
from server.billing.drafting import plain, rate_uses
from server.billing.facts import Facts, Whose
from server.billing.late import Issued, late_tenants, tenants_left
from server.billing.models import Charge, Document
from server.billing.stands import ADJUSTS, Stand, stands_of, unsettled
from server.billing.uses import Use
from server.db import db
from server.domain.included import used_of
from server.domain.invoicing import Extra, Item, Sold
from server.domain.items import BillItem, ItemKind, Unit
from server.domain.period import Period, day_of, month_of, period_of
from server.domain.proof import covered_in
from server.domain.rating import RatedSession
from server.people.models import Payer
from server.usage.models import SessionDecision

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
_OTHERS = {
    "fr": "Une autre session du mois a changé : les heures comprises et les plafonds se répartissent autrement.",
    "de": "Eine andere Nutzung des Monats hat sich geändert: Inklusivstunden und Höchstbeträge verteilen sich anders.",
    "en": "Another session of the month has changed: included hours and caps are shared out otherwise.",
}


def find(known: Facts, period: Period, issued: Issued, specimen: bool, zone: tzinfo) -> tuple[Adjustment, ...]:
    """Those that this month bills, inside ``reading()``: of months issued right before it; of tenants that have left, in the
    month of the document that is wrong."""
    months, gone = issued.earlier(period.month), tenants_left()
    tenants = unsettled(specimen, min([*months, period.month]))
    tenants |= {use.tenant_id for use in known.uses if use.charge is None and use.tenant_id in gone}
    for month in months:
        tenants |= set(late_tenants(period_of(month, zone), specimen))
    found: list[Adjustment] = []
    for tenant_id in sorted(tenants):
        own = [period.month] if tenant_id in gone else months
        found += _of_tenant(known, tenant_id, own, specimen, zone)
    return tuple(found)


def fill(charges: Iterable[dict[str, Any]], found: Mapping[str, Adjustment]) -> list[dict[str, Any]]:
    """The charges of a draft, adjustments among them saying what they follow from."""
    return [one | found[one["subject"]].charge if one["subject"] in found else one for one in charges]


def _of_tenant(known: Facts, tenant_id: int, own: list[str], specimen: bool, zone: tzinfo) -> Iterator[Adjustment]:
    """Every month that its documents of these months are about is rated anew as a whole: where one session takes more or less
    of included hours or of a cap, others follow."""
    documents = _documents(tenant_id, own, specimen)
    first = _first_end(tenant_id, documents)
    stands = {} if first is None else stands_of([tenant_id], first)
    homes: dict[str, dict[str, Stand]] = defaultdict(dict)
    for name, stand in stands.items():
        assert stand.charge.ended_at is not None, "of a session"
        homes[month_of(stand.charge.ended_at, zone)][name] = stand
    limits = Limits()
    for home in sorted(homes):
        within = facts.load(period_of(home, zone), specimen, tenant_id)
        prices = {
            name: stand.charge.tariff_id
            for name, stand in homes[home].items()
            if stand.charge.tariff_id and not stand.is_open
        }
        for use, rated in rate_uses(within, zone, prices):
            found = homes[home].get(use.id)
            if found is not None and found.charge.document_id in documents and isinstance(rated, RatedSession):
                yield from _of_session(known, found, documents[found.charge.document_id], use, rated, limits, zone)
        yield from adjusting_items.find(within, homes[home].keys(), documents, limits)


def _documents(tenant_id: int, months: list[str], specimen: bool) -> dict[int, Document]:
    payers = select(Payer.id).where(Payer.tenant_id == tenant_id)
    charged = select(Charge.document_id).where(Charge.payer_id.in_(payers), Charge.kind == "session")
    wanted = select(Document).where(Document.month.in_(months), Document.specimen.is_(specimen))
    return {row.id: row for row in db.session.scalars(wanted.where(Document.id.in_(charged)))}


def _first_end(tenant_id: int, documents: Mapping[int, Document]) -> datetime | None:
    payers = select(Payer.id).where(Payer.tenant_id == tenant_id)
    wanted = select(func.min(Charge.ended_at)).where(Charge.payer_id.in_(payers), Charge.kind == "session")
    first: datetime | None = db.session.scalar(wanted.where(Charge.document_id.in_(documents)))
    return first


def _of_session(
    known: Facts, stand: Stand, document: Document, use: Use, rated: RatedSession, limits: Limits, zone: tzinfo
) -> Iterator[Adjustment]:
    """Nothing where it stands as it is; nor where a credit note has taken something off, for somebody has put it right
    otherwise then. Of one that is charged anew, what adjustments have left goes back: its new charge says all of it."""
    if stand.is_open:
        if stand.cents and stand.adjustments:
            document = db.session.get_one(Document, stand.adjustments[-1].document_id)
            yield _adjustment(known, stand, document, -stand.cents, use, rated, zone)
        return
    differs = rated.net_cents - stand.cents
    if stand.is_given_back or (not differs and stand.says(use) and _covered(stand.steps) == used_of(rated.covered)):
        return
    cents = limits.take(stand.charge, differs)
    if cents or not stand.says(use) or not differs:
        yield _adjustment(known, stand, document, cents, use, rated, zone)


def _covered(steps: Mapping[str, Any]) -> Counter[str]:
    """What the last charge says that each allowance took over."""
    used: Counter[str] = Counter()
    for ref, amount in covered_in(steps):
        used[ref] += amount
    return used


def _reason(stand: Stand, use: Use, language: str) -> str:
    if stand.says(use):
        return _OTHERS[language]
    decided = select(SessionDecision.reason).where(SessionDecision.session_id == use.id)
    last: str | None = db.session.scalar(decided.order_by(SessionDecision.id.desc()).limit(1))
    return last or _ENDED[language]


def _adjustment(
    known: Facts, one: Stand, document: Document, cents: int, use: Use, rated: RatedSession, zone: tzinfo
) -> Adjustment:
    charge, day = one.charge, day_of(use.started_at, zone)
    reason = _reason(one, use, known.buyers[document.establishment_id].language)
    cell = cell_of(known, charge, day)
    whose = Whose(use.cost_centre, use.tenant_id, use.tenant_name)
    common = as_billed(known, charge, document, use.payer, whose) | {"machine_name": use.machine_name, "vat": cell}
    assert charge.ended_at is not None, "of a session"
    # Its hours and caps are those of the month in which it was charged, though it may have ended later.
    as_now = Item(ended_at=use.ended_at, end_day=day_of(charge.ended_at, zone), rated=rated, **common)
    extra = Extra(item=_item(one, document, cents, use, day, reason), **common)
    stand = _stand(Sold(as_now, rated, cell), rated.net_cents - cents, reason, zone)
    return Adjustment(document.establishment_id, extra, stand, original_of(document, reason))


def _item(one: Stand, document: Document, cents: int, use: Use, day: date, reason: str) -> BillItem:
    said = {"number": document.number, "machine": use.machine_name, "day": f"{day:%d.%m.%Y}"}
    return BillItem(
        ref=f"{one.charge.subject}{ADJUSTS}{len(one.adjustments) + 1}",
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
