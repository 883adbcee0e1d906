"""What stands on a document beside a session that nobody pays for after all: where a broken machine has spoiled it, its material
goes back with it, and comes again when the session is charged again."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from sqlalchemy import or_, select

from server.billing.corrected import Adjustment, Limits, as_billed, cell_of, original_of
from server.billing.facts import Facts
from server.billing.models import Charge, Document
from server.billing.stands import ADJUSTS
from server.billing.uses import CREDITED, charge_in_force
from server.db import db
from server.domain.invoicing import Extra
from server.domain.items import BillItem, ItemKind, Unit
from server.usage.models import SessionDecision

_LABELS = {
    "fr": "Régularisation de {number}, {label}",
    "de": "Berichtigung zu {number}, {label}",
    "en": "Adjustment to {number}, {label}",
}


def find(
    known: Facts, sessions: Collection[str], documents: Mapping[int, Document], limits: Limits
) -> Iterator[Adjustment]:
    """Of the items of a month that belong to these sessions and stand on these documents. Inside ``reading()``."""
    for item in known.items:
        if isinstance(item, BillItem) and item.session in sessions:
            charge = charge_in_force(item.ref)
            if charge is not None and charge.document_id in documents:
                yield from _of_item(known, item, charge, documents[charge.document_id], limits)


def _of_item(known: Facts, item: BillItem, charge: Charge, document: Document, limits: Limits) -> Iterator[Adjustment]:
    """It keeps its price. Nothing where a credit note has taken something off."""
    rows = _rows(item.ref, charge)
    if any(CREDITED in row.subject and row.net_cents and not row.priced.get("reopens") for row in rows):
        return
    worth = charge.net_cents if charge.free is None else item.net_cents
    cents = limits.take(charge, (0 if item.free else worth) - sum(row.net_cents for row in rows))
    if cents:
        yield _adjustment(known, item, charge, document, cents, sum(row.kind == "item" for row in rows))


def _rows(ref: str, charge: Charge) -> list[Charge]:
    """The charge, and what came of it since."""
    of_it = or_(Charge.subject.startswith(ref + ADJUSTS), Charge.subject.startswith(ref + CREDITED))
    wanted = select(Charge).where(of_it, Charge.id > charge.id).order_by(Charge.id)
    return [charge, *db.session.scalars(wanted)]


def _adjustment(
    known: Facts, item: BillItem, charge: Charge, document: Document, cents: int, number: int
) -> Adjustment:
    whose, reason = known.payers[item.payer], _reason(item.session)
    said = BillItem(
        ref=f"{item.ref}{ADJUSTS}{number}",
        kind=ItemKind.ADJUSTMENT,
        day=item.day,
        tenant=item.tenant,
        payer=item.payer,
        labels={
            language: words.format(number=document.number, label=item.labels.get(language) or item.labels["fr"])
            for language, words in _LABELS.items()
        },
        nature=charge.nature,
        quantity=Decimal(1),
        unit=Unit.PIECE,
        unit_cents=Decimal(cents),
        net_cents=cents,
        session=item.session,
        machine=item.machine,
        reason=reason,
    )
    common = as_billed(known, charge, document, item.payer, whose)
    machine = known.machines.get(item.machine or "", "")
    extra = Extra(machine_name=machine, item=said, vat=cell_of(known, charge, item.day), **common)
    return Adjustment(document.establishment_id, extra, {}, original_of(document, reason))


def _reason(session_id: str | None) -> str:
    decided = select(SessionDecision.reason).where(SessionDecision.session_id == session_id)
    return db.session.scalar(decided.order_by(SessionDecision.id.desc()).limit(1)) or ""
