"""Credit notes: an issued invoice is never changed; what is wrong on it is taken back by a document of its own, in its own
series, that refers to it. A whole one may let its sessions be invoiced anew."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import select

from server.billing import entries, stands
from server.billing.errors import BillingError
from server.billing.giving import GoneError, give
from server.billing.models import Charge, Document
from server.billing.uses import CREDITED, reopened
from server.db import Stale, db, reading
from server.domain import crediting
from server.domain.crediting import Amount, Before, Chosen, What, Whole
from server.domain.numbering import credit_prefix
from server.domain.period import day_of
from server.domain.refusals import Refusal
from server.machines.models import Machine

__all__ = ["Amount", "Chosen", "What", "Whole", "before_of", "credit", "left_of", "preview"]


def credit(
    number: str,
    what: What,
    reason: str,
    *,
    reopen: bool = False,
    seen: int | None = None,
    zone: tzinfo,
    actor: str,
    now: datetime,
) -> str:
    """Write a credit note to this invoice, and return its number. BillingError where there is nothing left to take back; Stale
    where somebody else has just taken something back, or has since ``seen`` was what ``taken_of`` said. ``reopen``: its
    sessions and items can be invoiced anew."""
    with reading():
        document = _document(number)
        before = before_of(document.id)
        if seen is not None and seen != _taken(before):
            raise Stale
        content = _content(document, what, reason, before, reopen)
        ids = entries.load_ids()
    _valid(content)

    def nothing_since(_charges: list[dict[str, Any]]) -> None:
        db.session.get(Document, document.id, with_for_update=True)
        if before_of(document.id) != before:
            raise GoneError

    try:
        day = day_of(now, zone)
        given = give(content, document.establishment_id, day, ids, nothing_since, reason=reason, actor=actor, now=now)
    except GoneError:
        raise Stale from None
    return str(given)


def preview(number: str, what: What, reason: str, *, reopen: bool = False) -> dict[str, Any]:
    """What the credit note would say."""
    with reading():
        document = _document(number)
        return _content(document, what, reason, before_of(document.id), reopen)


def taken_of(number: str) -> int:
    """Net cents of this invoice that are taken back already."""
    with reading():
        return _taken(before_of(_document(number).id))


def _taken(before: Before) -> int:
    return sum(before.by_rate.values())


def left_of(number: str) -> dict[str, int]:
    """Net cents of each charge of an invoice that are not credited yet, by its subject."""
    with reading():
        document = _document(number)
        before = before_of(document.id)
        rows = db.session.execute(select(Charge.subject, Charge.net_cents).where(Charge.document_id == document.id))
        return {subject: cents - before.cents.get(subject, 0) for subject, cents in rows}


def _document(number: str) -> Document:
    document: Document | None = db.session.scalar(select(Document).where(Document.number == number))
    if document is None:
        raise BillingError("There is no document %(number)s.", number=number)
    return document


def before_of(document_id: int) -> Before:
    """What is taken off this document already: by earlier credit notes, and by adjustments of its sessions that stand on
    later documents. Inside ``reading()`` or ``writing()``."""
    wanted = select(Charge).join(Document, Document.id == Charge.document_id).where(Document.corrects_id == document_id)
    cents: dict[str, int] = defaultdict(int)
    by_rate: dict[tuple[str, int], int] = defaultdict(int)
    times: Counter[str] = Counter()
    for row in db.session.scalars(wanted):
        by_rate[row.vat_category, row.rate_bp] -= row.net_cents
        if row.kind != "credit":
            continue  # an adjustment, see below
        subject = row.priced.get("corrects", row.subject.partition(CREDITED)[0])
        times[subject] += 1
        if row.machine_id is not None or not subject.endswith(f":{row.vat_category}:{row.rate_bp}"):
            cents[subject] -= row.net_cents
    for subject, elsewhere, rate, taken in _adjusted(document_id):
        cents[subject] += taken
        by_rate[rate] += elsewhere
    return Before(dict(cents), dict(times), dict(by_rate))


def _adjusted(document_id: int) -> Iterator[tuple[str, int, tuple[str, int], int]]:
    """Each session or item of which later documents give something back: how much of it not by a credit note to this one, at which
    rate, and how much in all."""
    own = select(Charge).where(Charge.document_id == document_id, Charge.kind.in_(("session", "item")))
    charges = {charge.subject: charge for charge in db.session.scalars(own)}
    again = reopened() if charges else {}
    payers = {charge.payer_id for charge in charges.values()}
    for subject, found in stands.adjusted(charges, payers).items():
        charge = charges[subject]
        if charge.round >= again.get(subject, 0):
            rows = [(row, corrects) for row, corrects in found if row.id > charge.id]
            taken = max(0, -sum(row.net_cents for row, _ in rows))
            here = -sum(row.net_cents for row, corrects in rows if corrects == document_id)
            if taken or here:
                yield subject, taken - here, (charge.vat_category, charge.rate_bp), taken


def _valid(content: dict[str, Any]) -> None:
    """BillingError where it would not be one that programs can read: it is looked at before it gets its number."""
    from server.billing.einvoice.service import hold_for  # brings the stylesheets of the norm along, for whoever checks

    if (hold := hold_for(content)) is not None:
        raise BillingError("The credit note would not be valid: %(why)s.", why=str(hold))


def _content(document: Document, what: What, reason: str, before: Before, reopen: bool) -> dict[str, Any]:
    original = json.loads(document.frozen)
    names = dict(db.session.execute(select(Machine.code, Machine.name)).all())
    prefix = credit_prefix(original["prefix"])
    try:
        return crediting.credit_note(original, what, reason, before, reopens=reopen, names=names, prefix=prefix)
    except Refusal as refusal:
        raise BillingError(refusal.sentence, **refusal.blanks) from None
