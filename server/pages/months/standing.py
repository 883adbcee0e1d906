"""How a document stands after it was issued: what takes it back or what it takes back, what the platform says, whose number the
operator's own system gave it; and its lines, to choose from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext
from sqlalchemy import select

from server.billing import credit_notes, platform
from server.billing.models import Charge, Document
from server.billing.platform import ENDS, State
from server.db import db, reading
from server.domain.period import day_of
from server.machines.models import Machine
from server.pages.audit.trails import name_of
from server.web.here import zone

STATES = {
    State.DEPOSITED: lazy_gettext("deposited"),
    State.REJECTED: lazy_gettext("rejected by the platform"),
    State.REFUSED: lazy_gettext("refused by the buyer"),
    State.CASHED: lazy_gettext("cashed"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One state as it was typed in."""

    state: str
    word: str
    day: date
    words: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """``left_cents``: net of it that no credit note has taken back. ``ended``: the platform or the buyer does not take it."""

    notes: tuple[tuple[str, int], ...]  # credit notes to it, with their gross
    corrects: str | None
    left_cents: int
    states: tuple[Told, ...]
    external_number: str | None
    external_on: date | None

    @property
    def ended(self) -> bool:
        return bool(self.states) and State(self.states[-1].state) in ENDS


@dataclass(frozen=True, slots=True)
class LineRow:
    """A session or an item of a document that can be taken back: on which machine, when, what is left of it."""

    subject: str
    label: str
    day: date | None
    cents: int
    left_cents: int


def standing_of(number: str) -> Standing:
    """Of a document that is there."""
    with reading() as session:
        row = session.scalars(select(Document).where(Document.number == number)).one()
        notes = select(Document.number, Document.gross_cents).where(Document.corrects_id == row.id)
        original = None if row.corrects_id is None else session.get_one(Document, row.corrects_id).number
        taken = select(Document.net_cents).where(Document.corrects_id == row.id)
        left = row.net_cents + sum(session.scalars(taken))
        found = tuple((note, gross) for note, gross in session.execute(notes.order_by(Document.id)))
        external = row.external_number, row.external_on
    return Standing(found, original, left, tuple(_told(platform.states_of(number))), *external)


def lines_of(number: str) -> list[LineRow]:
    """The charges of an invoice, by machine and day; without clock times and without people."""
    left = credit_notes.left_of(number)
    with reading():
        names = dict(db.session.execute(select(Machine.id, Machine.name)).all())
        wanted = select(Charge).join(Document, Document.id == Charge.document_id).where(Document.number == number)
        rows = list(db.session.scalars(wanted.order_by(Charge.id)))
    found = [_line(row, names, left) for row in rows]
    return sorted((one for one in found if one.cents), key=lambda one: (one.label, one.day or date.min, one.subject))


def _line(row: Charge, names: dict[int, str], left: dict[str, int]) -> LineRow:
    said: dict[str, Any] = row.priced
    label = said.get("label") or names.get(row.machine_id or 0, "")
    day = row.day if row.started_at is None else day_of(row.started_at, zone())
    return LineRow(row.subject, label, day, row.net_cents, left.get(row.subject, 0))


def _told(rows: Iterable[Any]) -> Iterable[Told]:
    for row in rows:
        yield Told(row.state, str(STATES[State(row.state)]), row.day, row.words, name_of(row.by), row.at)
