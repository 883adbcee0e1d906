"""Issued documents by their frozen words, some at a time: no transaction stands open while somebody reads a long list."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select

from server.billing.models import Document
from server.db import db, reading
from server.exports.tables import Asked

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Paper:
    """A document: its row's facts, and what it says."""

    id: int
    number: str
    kind: str
    month: str
    paid_on: date | None
    pdf_sha256: str | None
    external_number: str | None  # of a statement: the invoice that the operator's own system made of it
    external_on: date | None
    content: dict[str, Any]


def papers_of(asked: Asked) -> Iterator[Paper]:
    return _papers(*conditions(asked))


def conditions(asked: Asked) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Which documents a table is about."""
    stretch = asked.stretch
    within = Document.issued_on.between(stretch.first, stretch.last)
    return Document.specimen.is_(asked.specimen), Document.month.in_(stretch.months) if asked.by_month else within


def issued_between(first: date, last: date, specimen: bool) -> Iterator[Paper]:
    """Documents issued in a stretch, in the order of their numbering."""
    return _papers(Document.specimen.is_(specimen), Document.issued_on >= first, Document.issued_on <= last)


def issued_to(whom: Any, first: date, last: date, specimen: bool) -> Iterator[Paper]:
    """Those of some establishments."""
    within = Document.issued_on.between(first, last)
    return _papers(Document.specimen.is_(specimen), within, Document.establishment_id.in_(whom))


def of_ids(ids: Collection[int]) -> Iterator[Paper]:
    return _papers(Document.id.in_(ids))


def _papers(*conditions: ColumnElement[bool]) -> Iterator[Paper]:
    wanted: Any = select(
        *(Document.id, Document.number, Document.kind, Document.month),
        *(Document.paid_on, Document.pdf_sha256, Document.external_number, Document.external_on, Document.frozen),
    )
    last = 0
    while True:
        some = wanted.where(*conditions, Document.id > last).order_by(Document.id).limit(_AT_ONCE)
        with reading():
            rows = db.session.execute(some).all()
        for row in rows:
            yield Paper(*(*row[:-1], json.loads(row[-1])))
        if len(rows) < _AT_ONCE:
            return
        last = rows[-1][0]
