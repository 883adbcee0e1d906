"""The legal calendar beside a month: what is due by which day, how many days are left, and who has ticked it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext
from sqlalchemy import select

from server.billing.models import Document, Draft, MonthNote, Seller
from server.billing.notes import DUTY
from server.db import db, reading
from server.domain.duties import LONGEST_TERM, REPORTING_FROM, Due, Duty, Facts, duties
from server.domain.period import Period
from server.domain.stretch import stretch_of
from server.domain.vat import REGIMES
from server.exports.tables import Asked
from server.exports.told import days_reported, payments_told
from server.web import formats
from server.web.here import zone

NAMES = {
    Duty.TRANSACTIONS_1: lazy_gettext("E-reporting, 1st to 10th"),
    Duty.TRANSACTIONS_2: lazy_gettext("E-reporting, 11th to 20th"),
    Duty.TRANSACTIONS: lazy_gettext("E-reporting of sales"),
    Duty.PAYMENTS: lazy_gettext("E-reporting of payments"),
    Duty.INVOICES: lazy_gettext("Invoices of the month"),
    Duty.DES: lazy_gettext("Declaration of services (DES)"),
    Duty.REVERSE_CHARGE: lazy_gettext("Reverse-charge invoices"),
    Duty.TERMS: lazy_gettext("Last day to pay"),
}
_SALES = lazy_gettext("Invoices of these days that no French e-invoice tells of: private people and buyers abroad.")
_WHY = {
    Duty.TRANSACTIONS_1: _SALES,
    Duty.TRANSACTIONS_2: _SALES,
    Duty.TRANSACTIONS: _SALES,
    Duty.PAYMENTS: lazy_gettext("What was received in this month for services, by VAT rate; reverse charge apart."),
    Duty.INVOICES: lazy_gettext(
        "A periodic invoice follows the end of its month within a few days (BOI-TVA-DECLA-30-20-10-40)."
    ),
    Duty.DES: lazy_gettext("To customs, by the 10th working day, for the month in which the service fell."),
    Duty.REVERSE_CHARGE: lazy_gettext("By the 15th of the month after (art. 289 I-3 of the CGI)."),
}


@dataclass(frozen=True, slots=True)
class Row:
    """``done_by``: who has ticked it, as the audit trail names people; None while it is open. Below 0 ``left`` is too late."""

    duty: str
    name: str
    why: str
    day: date
    left: int
    compulsory: bool
    done_by: str | None
    done_at: datetime | None

    @property
    def is_late(self) -> bool:
        return self.done_by is None and self.compulsory and self.left < 0

    @property
    def is_near(self) -> bool:
        return self.done_by is None and self.compulsory and 0 <= self.left <= 3

    @property
    def when(self) -> str:
        if not self.compulsory:
            return gettext("not compulsory yet")
        if self.left < 0:
            return ngettext("%(num)d day late", "%(num)d days late", -self.left)
        return gettext("today") if self.left == 0 else ngettext("in %(num)d day", "in %(num)d days", self.left)


def calendar_of(period: Period, specimen: bool, today: date) -> list[Row]:
    """By day. Empty while there is nothing to invoice."""
    with reading() as session:
        notes = select(MonthNote).where(MonthNote.month == period.month, MonthNote.kind == DUTY)
        ticked = {note.subject: (note.by, note.at) for note in session.scalars(notes)}
        facts = _facts(period, specimen)
    facts = _with_what_is_told(facts, period, specimen, today)
    return [_row(due, today, *ticked.get(due.duty.value, (None, None))) for due in duties(facts)]


def _row(due: Due, today: date, by: str | None, at: datetime | None) -> Row:
    name, left = str(NAMES[due.duty]), due.days_left(today)
    return Row(due.duty.value, name, _why(due), due.day, left, due.compulsory, by, at)


def _why(due: Due) -> str:
    duty = due.duty
    if not due.compulsory:
        return gettext(
            "Compulsory from %(day)s on for small and medium-sized businesses.", day=formats.day(REPORTING_FROM)
        )
    if duty is Duty.TERMS:
        return gettext(
            "At most %(days)s days after its date (art. L441-10 of the code de commerce).", days=LONGEST_TERM
        )
    return str(_WHY[duty])


def _facts(period: Period, specimen: bool) -> Facts:
    contents = list(_contents(period.month, specimen))
    dues = select(Document.due_on).where(Document.month == period.month, Document.specimen.is_(specimen))
    days = db.session.scalars(dues.where(Document.kind == "invoice")).all()
    seller = _seller(contents, period.first_day)
    return Facts(
        first_day=period.first_day,
        regime=seller.get("regime", REGIMES[0]),
        invoices=len(contents),
        reverse_charge=sum(any(row["category"] == "AE" for row in one["vat"]) for one in contents),
        last_due=max(days, default=None),
    )


def _with_what_is_told(facts: Facts, period: Period, specimen: bool, today: date) -> Facts:
    """What the tax office is told of the month: by the day of the invoice and of the payment, as in the lists for it."""
    stretch = stretch_of(period.month)
    assert stretch is not None, period.month
    asked = Asked(stretch, specimen, zone(), today)
    return replace(facts, reported=days_reported(asked), paid=payments_told(asked))


def _contents(month: str, specimen: bool) -> Iterator[dict[str, Any]]:
    """What is or will be invoiced; statements are for another system to make invoices of, and count alike."""
    frozen = select(Document.frozen).where(Document.month == month, Document.specimen.is_(specimen))
    yield from map(json.loads, db.session.scalars(frozen.where(Document.kind != "credit_note")))
    drafts = select(Draft.content).where(Draft.month == month, Draft.net_cents != 0)
    yield from (content for content in db.session.scalars(drafts) if content["kind"] != "credit_note")


def _seller(contents: list[dict[str, Any]], day: date) -> dict[str, Any]:
    if contents:
        return contents[-1]["seller"]
    holds = (Seller.valid_from <= day) & (Seller.valid_until.is_(None) | (Seller.valid_until > day))
    row = db.session.scalars(select(Seller).where(holds).order_by(Seller.valid_from.desc()).limit(1)).first()
    return {} if row is None else {"regime": row.regime}
