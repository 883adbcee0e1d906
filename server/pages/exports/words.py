"""Words of what leaves the house: each table, each kind of account."""

from flask_babel import gettext, lazy_gettext

from server.domain.journal import EVERYBODY, AccountKind
from server.domain.stretch import Stretch
from server.domain.vat import Nature
from server.exports.declarations import Declared
from server.pages.prices import words as prices
from server.web import formats

TABLES = {
    "documents": lazy_gettext("Documents issued, with their sums and how they were paid"),
    "lines": lazy_gettext("Lines of documents, real and billed time side by side"),
    "vat": lazy_gettext("VAT of documents by rate"),
    "charges": lazy_gettext("Charges: each session or item once it is on a document"),
    "payments": lazy_gettext("Payments, and what was taken back"),
    "payments_by_rate": lazy_gettext("Payments by document and VAT rate"),
    "open_items": lazy_gettext("Open items at the end of it"),
    "reminders": lazy_gettext("Reminders sent"),
    "not_invoiced": lazy_gettext("Used and not invoiced yet (factures à établir)"),
    "paid_ahead": lazy_gettext("Paid ahead: what is left of packs (produits constatés d’avance)"),
    "series": lazy_gettext("Series of numbers: first, last, none missing"),
    "platform_states": lazy_gettext("What platforms have said of documents"),
    "contested_lines": lazy_gettext("Contested lines, and what became of them"),
    "sessions": lazy_gettext("Sessions, with holder numbers and times"),
    "use": lazy_gettext("Use by machine and cost centre"),
    "tariffs": lazy_gettext("Tariffs"),
    "vat_cells": lazy_gettext("The VAT table"),
    "sellers": lazy_gettext("Who issues the documents"),
    "tenants": lazy_gettext("Tenants"),
    "establishments": lazy_gettext("Addresses that documents go to, with their VAT treatment"),
    "payers": lazy_gettext("Cost centres"),
    "machines": lazy_gettext("Machines"),
    "contracts": lazy_gettext("Contracts"),
    "packs": lazy_gettext("Prepaid packs"),
    "budgets": lazy_gettext("Budgets"),
    "orders": lazy_gettext("Orders of customers"),
    "materials_used": lazy_gettext("Material used"),
    "one_off_items": lazy_gettext("Single items"),
    "recurring_items": lazy_gettext("Monthly items"),
    "accounts": lazy_gettext("The account map"),
}
DECLARED = {
    Declared.DES: lazy_gettext("Services to businesses of the EU (DES), to customs"),
    Declared.TRANSACTIONS: lazy_gettext("Transactions with private persons and buyers abroad"),
    Declared.PAYMENTS: lazy_gettext("Payments received for services, by VAT rate"),
}
ACCOUNTS = {
    AccountKind.CUSTOMER: lazy_gettext("Customer"),
    AccountKind.REVENUE: lazy_gettext("Revenue"),
    AccountKind.VAT: lazy_gettext("VAT owed when issued"),
    AccountKind.VAT_WAITING: lazy_gettext("VAT owed when paid"),
}


def stretch(of: Stretch) -> str:
    """``octobre 2026``, ``4e trimestre 2026``, ``2026``."""
    if len(of.months) == 1:
        return formats.month(of.name)
    if len(of.months) == 3:
        return gettext("quarter %(number)s of %(year)s", number=of.name[-1], year=of.name[:4])
    return of.name


def account(kind: str, subject: str) -> str:
    """What an account is for."""
    match AccountKind(kind):
        case AccountKind.CUSTOMER if subject == EVERYBODY:
            what = gettext("all customers")
        case AccountKind.CUSTOMER:
            what = subject
        case AccountKind.REVENUE:
            nature, _, category = subject.partition(":")
            what = f"{prices.NATURES[Nature(nature)]} · {category}"
        case _:
            what = f"{formats.number(int(subject) / 100)} %"
    return gettext("%(kind)s: %(what)s", kind=ACCOUNTS[AccountKind(kind)], what=what)


def all_kinds() -> str:
    return gettext("All kinds")
