"""The legal calendar beside a month: what is due by which day, how many days are left, and who has ticked it."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from flask_babel import gettext, lazy_gettext, ngettext
from sqlalchemy import ColumnElement, func, select

from server.billing.gaps import rhythm_on
from server.billing.models import Charge, Document, Draft, MonthNote
from server.billing.notes import DUTY
from server.db import db, reading
from server.domain.duties import LONGEST_TERM, REPORTING_FROM, Due, Duty, Facts, duties
from server.domain.period import Period
from server.domain.stretch import stretch_of
from server.domain.vat import Treatment
from server.exports.tables import Asked
from server.exports.told import days_reported, payments_told
from server.people.models import TaxTreatment
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


_DECLARED = frozenset({Duty.DES, Duty.PAYMENTS, Duty.TRANSACTIONS, Duty.TRANSACTIONS_1, Duty.TRANSACTIONS_2})


@dataclass(frozen=True, slots=True)
class Row:
    """``done_by``: who has ticked it, as the audit trail names people; None while it is open. Below 0 ``left`` is too late.
    ``written``: it is about invoices, and all of them are."""

    duty: str
    name: str
    why: str
    day: date
    left: int
    compulsory: bool
    done_by: str | None
    done_at: datetime | None
    written: bool = False

    @property
    def is_open(self) -> bool:
        return self.done_by is None and self.compulsory and not self.written

    @property
    def is_late(self) -> bool:
        return self.is_open and self.left < 0

    @property
    def is_near(self) -> bool:
        return self.is_open and 0 <= self.left <= 3

    @property
    def when(self) -> str:
        if self.written:
            return gettext("all written")
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
        facts, written = _facts(period, specimen), _all_written(period.month, specimen)
    facts = _with_what_is_told(facts, period, specimen, today)
    return [_row(due, today, ticked.get(due.duty.value), written) for due in duties(facts)]


def to_declare(period: Period, specimen: bool, today: date) -> list[Row]:
    """What authorities are told of a month and nobody has ticked, within three days or too late. Invoices are seen otherwise."""
    rows = calendar_of(period, specimen, today)
    return [one for one in rows if one.duty in _DECLARED and (one.is_near or one.is_late)]


def _row(due: Due, today: date, tick: tuple[str, datetime] | None, written: bool) -> Row:
    by, at = tick or (None, None)
    name, left = str(NAMES[due.duty]), due.days_left(today)
    written = written and due.duty in {Duty.INVOICES, Duty.REVERSE_CHARGE}
    return Row(due.duty.value, name, _why(due), due.day, left, due.compulsory, by, at, written)


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
    """Of documents and drafts, without reading each. Statements are for another system to make invoices of, and count alike."""
    issued = (Document.month == period.month) & Document.specimen.is_(specimen) & (Document.kind != "credit_note")
    dues = db.session.scalars(select(Document.due_on).where(issued, Document.kind == "invoice")).all()
    owed = select(func.count(Document.id.distinct())).join(Charge, Charge.document_id == Document.id)
    return Facts(
        first_day=period.first_day,
        regime=rhythm_on(period.last_day),
        invoices=(db.session.scalar(select(func.count()).where(issued)) or 0) + _drafts(period.month),
        reverse_charge=(db.session.scalar(owed.where(issued, Charge.vat_category == "AE")) or 0) + _owed(period.month),
        last_due=max(dues, default=None),
    )


def _all_written(month: str, specimen: bool) -> bool:
    """No draft is left, and of each statement the invoice is known that was made of it."""
    own = (Document.month == month) & Document.specimen.is_(specimen)
    waits = select(Document.id).where(own, Document.kind == "statement", Document.external_number.is_(None)).limit(1)
    return not _drafts(month) and db.session.scalar(waits) is None


def _drafts(month: str) -> int:
    return db.session.scalar(select(func.count()).select_from(Draft).where(_is_draft(month))) or 0


def _is_draft(month: str) -> ColumnElement[bool]:
    """Of an invoice: what gives something back is none, and nothing is not invoiced."""
    return (Draft.month == month) & (Draft.net_cents > 0)


def _owed(month: str) -> int:
    """Drafts on which the buyer owes the VAT: looked for among those who are or were a business of the EU."""
    of_the_eu = select(TaxTreatment.establishment_id).where(TaxTreatment.treatment == Treatment.EU_BUSINESS.value)
    wanted = select(Draft.content).where(_is_draft(month), Draft.establishment_id.in_(of_the_eu))
    return sum(any(row["category"] == "AE" for row in content["vat"]) for content in db.session.scalars(wanted))


def _with_what_is_told(facts: Facts, period: Period, specimen: bool, today: date) -> Facts:
    """What the tax office is told of the month: by the day of the invoice and of the payment, as in the lists for it."""
    stretch = stretch_of(period.month)
    assert stretch is not None, period.month
    asked = Asked(stretch, specimen, zone(), today)
    return replace(facts, reported=days_reported(asked), paid=payments_told(asked))
