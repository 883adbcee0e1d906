"""The sales journal of a stretch, for import into the accountant's program: everything booked, or what is still missing."""

from dataclasses import dataclass

from sqlalchemy import select

from server.db import db, reading
from server.domain.journal import BOOKED, Booking, NoAccount, book, is_balanced
from server.domain.stretch import Stretch
from server.exports.accounts import account_map
from server.exports.papers import issued_between
from server.machines.models import Machine


@dataclass(frozen=True, slots=True)
class Journal:
    """``missing``: what has no account, each once with its first day; then nothing may be exported. ``seller``: its SIREN."""

    bookings: tuple[Booking, ...]
    missing: tuple[NoAccount, ...]
    siren: str = ""

    @property
    def cents(self) -> int:
        return sum(row.debit for booking in self.bookings for row in booking.rows)


def journal_of(stretch: Stretch, specimen: bool) -> Journal:
    """Invoices and credit notes by their day of issue. Statements are booked with the operator's own invoices."""
    accounts, axes = account_map(), _axes()
    bookings: list[Booking] = []
    missing: dict[tuple[str, str], NoAccount] = {}
    siren = ""
    for paper in issued_between(stretch.first, stretch.last, specimen):
        if paper.kind not in BOOKED:
            continue
        siren = paper.content["seller"]["siren"]
        booked = book(paper.content, accounts, axes)
        if isinstance(booked, Booking):
            assert is_balanced(booked), paper.number
            bookings.append(booked)
            continue
        for one in booked:
            missing.setdefault((one.kind, one.subject), one)
    return Journal(tuple(bookings), tuple(sorted(missing.values())), siren)


def _axes() -> dict[str, str]:
    """The category of each machine, by the name that documents call it."""
    with reading():
        return dict(db.session.execute(select(Machine.name, Machine.category)).all())
