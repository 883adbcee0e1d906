"""What an adjustment says of the document that it corrects: its number, the VAT of the original line, how much is left of it."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from server.billing.credit_notes import before_of
from server.billing.facts import Facts, Whose
from server.billing.models import Charge, Document
from server.db import db
from server.domain.invoicing import Extra
from server.domain.parting import Original
from server.domain.vat import Cell


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


class Limits:
    """How much of a document can still be taken back: an amount of no line in particular is not given back again."""

    def __init__(self) -> None:
        self._left: dict[tuple[int, str, int], int] = {}

    def take(self, charge: Charge, cents: int) -> int:
        """So much of it, or what is left. What is added is never too much."""
        rate = (charge.vat_category, charge.rate_bp)
        key = (charge.document_id, *rate)
        if key not in self._left:
            stood = select(func.sum(Charge.net_cents)).where(Charge.document_id == charge.document_id)
            stood = stood.where(Charge.kind != "adjust", Charge.vat_category == rate[0], Charge.rate_bp == rate[1])
            back = before_of(charge.document_id).by_rate.get(rate, 0)
            self._left[key] = (db.session.scalar(stood) or 0) - back
        taken = max(cents, -max(0, self._left[key]))
        self._left[key] += taken
        return taken


def original_of(document: Document, reason: str) -> Original:
    """The invoice: ours, or the one that the operator's own system made of a statement."""
    if document.kind != "statement":
        return Original(document.number, document.issued_on, reason)
    day = document.external_on or document.issued_on
    return Original(document.external_number or "", day, reason, document.number)


def as_billed(known: Facts, charge: Charge, document: Document, payer: str, whose: Whose) -> dict[str, Any]:
    """Who pays it, and how that one was treated."""
    own = known.owners.get(document.establishment_id) == whose.tenant_id
    return {
        "payer": payer,
        "on_behalf_of": "" if own else whose.tenant_name,
        "cost_centre": whose.cost_centre,
        "treatment": _treated(document, charge.subject),
    }


def cell_of(known: Facts, charge: Charge, day: date) -> Cell:
    """The VAT of the original line."""
    words, vatex = _why(known, charge)
    return Cell("", "", charge.nature, charge.vat_category, charge.rate_bp, words, day, None, vatex)


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
