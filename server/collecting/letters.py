"""The words of mails that carry a document: the document itself, and three reminders. In its language, neutral, without reproach."""

from collections.abc import Callable
from datetime import date
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency

from server.accounts.letters import Letter, letter, texts
from server.domain.late import Owed
from server.domain.vat import Customer
from server.settings import Settings

_DAYS = {"fr": "d MMMM y", "de": "d. MMMM y", "en": "d MMMM y"}


def document_letter(content: dict[str, Any], lab: Settings) -> Letter:
    """What goes with an invoice, a credit note or a statement."""
    language, number = content["language"], content["number"]
    gettext = texts(language)
    blanks = {"number": number, "lab": content["seller"]["trade_name"], "month": content["month"]}
    blanks |= {"amount": _money(abs(content["gross_cents"]), language), "due": _day(content["due_on"], language)}
    match content["kind"]:
        case "credit_note":
            subject = gettext("Credit note %(number)s from %(lab)s")
            lines = [gettext("Attached is the credit note %(number)s over %(amount)s.")]
        case "statement":
            subject = gettext("Statement of use %(number)s from %(lab)s")
            lines = [gettext("Attached is the statement of use %(number)s. The invoice comes from our bookkeeping.")]
        case _:
            subject = gettext("Invoice %(number)s from %(lab)s")
            lines = [gettext("Attached is the invoice %(number)s over %(amount)s, to be paid before %(due)s.")]
    if _is_copy(content, lab):
        lines.append(gettext("This is a copy: the original is transmitted by the e-invoicing platform."))
    return _letter(content, subject % blanks, [line % blanks for line in lines], lab)


def reminder_letter(content: dict[str, Any], step: int, open_cents: int, owed: Owed, lab: Settings) -> Letter:
    """The first, second or third time. What being late has come to is told, and asked for by nobody."""
    language = content["language"]
    gettext = texts(language)
    seller = content["seller"]
    blanks = {
        "number": content["number"],
        "lab": seller["trade_name"],
        "issued": _day(content["issued_on"], language),
        "due": _day(content["due_on"], language),
        "open": _money(open_cents, language),
        "interest": _money(owed.interest_cents, language),
        "indemnity": _money(owed.indemnity_cents, language),
        "iban": seller["iban"],
        "bic": seller["bic"],
    }
    subject, asked = {
        1: (
            gettext("Reminder: invoice %(number)s"),
            gettext("Perhaps it was overlooked: %(open)s of the invoice %(number)s of %(issued)s were due on %(due)s."),
        ),
        2: (
            gettext("Second reminder: invoice %(number)s"),
            gettext(
                "%(open)s of the invoice %(number)s of %(issued)s, due on %(due)s, are still open. Please tell us when we may expect them."
            ),
        ),
        3: (
            gettext("Last reminder: invoice %(number)s"),
            gettext(
                "%(open)s of the invoice %(number)s of %(issued)s, due on %(due)s, are still open after two reminders. Please pay them within eight days."
            ),
        ),
    }[step]
    lines = [asked, gettext("Account: %(iban)s, %(bic)s. Reference: %(number)s.")]
    if owed.indemnity_cents and Customer(content["buyer"]["customer"]) is not Customer.PRIVATE:
        lines.append(_being_late(owed, gettext))
    lines.append(gettext("If you have paid in the meantime, or something is wrong with the invoice, answer this mail."))
    return _letter(content, subject % blanks, [line % blanks for line in lines], lab)


def _being_late(owed: Owed, gettext: Callable[[str], str]) -> str:
    if owed.no_rate_on is not None:  # nobody has typed it: no sum is said that is not one
        return gettext(
            "For your information: the law adds late interest, and %(indemnity)s for the costs of recovery. Neither is invoiced with this mail."
        )
    return gettext(
        "For your information: late interest has come to %(interest)s, and the law adds %(indemnity)s for the costs of recovery. Neither is invoiced with this mail."
    )


def _letter(content: dict[str, Any], subject: str, lines: list[str], lab: Settings) -> Letter:
    return letter(content["buyer"]["legal_name"], content["language"], subject, tuple(lines), lab)


def _is_copy(content: dict[str, Any], lab: Settings) -> bool:
    """Whether the original goes through a platform: invoices among businesses in France, from the seller's day on."""
    begins = lab.collecting.e_invoices_from
    if begins is None or content["kind"] == "statement":
        return False
    buyer = content["buyer"]
    is_domestic = buyer["country"] == "FR" and buyer["customer"] != Customer.PRIVATE
    return is_domestic and date.fromisoformat(content["issued_on"]) >= begins


def _money(cents: int, language: str) -> str:
    return str(format_currency(cents / 100, "EUR", locale=language)).replace("\u202f", "\u00a0")


def _day(iso: str, language: str) -> str:
    return str(format_date(date.fromisoformat(iso), _DAYS[language], language))
