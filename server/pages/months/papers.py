"""Issued documents as pages show them: found by number, buyer, month and whether they are paid; one with what it says."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from server.billing.einvoice.wanted import has_xml
from server.billing.models import Document
from server.collecting.models import Allocation
from server.db import reading
from server.pages.months.reads import PaperRow, paper_row
from server.people.models import Establishment
from server.web.paging import Page, paginate


class Show(StrEnum):
    """Which documents; without a choice, all."""

    ALL = ""
    UNPAID = "unpaid"
    OVERDUE = "overdue"
    PAID = "paid"


class Asked(NamedTuple):
    typed: str = ""
    month: str = ""
    show: Show = Show.ALL


class Unpaid(NamedTuple):
    """How many documents wait to be paid, how much that is with VAT, and how much of it is overdue."""

    number: int
    cents: int
    overdue: int
    overdue_cents: int


@dataclass(frozen=True, slots=True)
class Paper:
    """One document and what it says: ``content`` is its frozen words. ``written``: its PDF is there."""

    number: str
    month: str
    specimen: bool
    written: bool
    paid_on: date | None
    due_on: date
    issued_on: date
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        """An invoice, a credit note or a statement."""
        said: str = self.content["kind"]
        return said

    @property
    def is_einvoice(self) -> bool:
        """Whether the invoice for programs lies beside the PDF."""
        return has_xml(self.content)


def show_of(wanted: str | None) -> Show:
    return Show(wanted) if wanted in set(Show) else Show.ALL


def find_documents(asked: Asked, specimen: bool, today: date) -> Page[PaperRow]:
    """One page of the list, the newest first; what is unpaid, by the day it is due."""
    order = [Document.due_on, Document.id] if asked.show in {Show.UNPAID, Show.OVERDUE} else [Document.id.desc()]
    wanted = (
        select(
            *(Document.number, Establishment.legal_name, Document.net_cents, Document.gross_cents),
            *(Document.issued_on, Document.due_on, Document.paid_on, Document.state == "issued", Document.kind),
        )
        .join(Establishment, Establishment.id == Document.establishment_id)
        .where(Document.specimen.is_(specimen), *_conditions(asked, today))
        .order_by(*order)
    )
    with reading():
        return paginate(wanted).of(paper_row)


def unpaid(specimen: bool, today: date) -> Unpaid:
    """What is left to be paid of invoices and statements. A credit note is owed by the lab, and never late."""
    given = select(Allocation.document_id, func.sum(Allocation.cents).label("cents"))
    paid = given.group_by(Allocation.document_id).subquery()
    left = Document.gross_cents - func.coalesce(paid.c.cents, 0)
    waiting = (Document.specimen.is_(specimen), Document.paid_on.is_(None), Document.kind != "credit_note")
    wanted = select(func.count(), func.coalesce(func.sum(left), 0)).select_from(Document)
    wanted = wanted.outerjoin(paid, paid.c.document_id == Document.id).where(*waiting)
    with reading() as session:
        count, cents = session.execute(wanted).one()
        late, late_cents = session.execute(wanted.where(Document.due_on < today)).one()
    return Unpaid(count, int(cents), late, int(late_cents))


def months(specimen: bool) -> list[str]:
    """Months with documents, the newest first."""
    with reading() as session:
        wanted = select(Document.month).where(Document.specimen.is_(specimen)).distinct()
        return list(session.scalars(wanted.order_by(Document.month.desc())))


def paper(number: str) -> Paper:
    """Of a document that is there."""
    with reading() as session:
        row = session.scalars(select(Document).where(Document.number == number)).one()
    return Paper(
        row.number,
        row.month,
        row.specimen,
        row.state == "issued",
        row.paid_on,
        row.due_on,
        row.issued_on,
        json.loads(row.frozen),
    )


def _conditions(asked: Asked, today: date) -> Iterator[ColumnElement[bool]]:
    if asked.typed:
        like = f"%{asked.typed}%"
        yield or_(Document.number.ilike(like), Establishment.legal_name.ilike(like))
    if asked.month:
        yield Document.month == asked.month
    match asked.show:
        case Show.UNPAID:
            yield Document.paid_on.is_(None)
        case Show.OVERDUE:
            yield Document.paid_on.is_(None) & (Document.due_on < today) & (Document.kind != "credit_note")
        case Show.PAID:
            yield Document.paid_on.is_not(None)
