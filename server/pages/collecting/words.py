"""Words of what came in and of how old what is open is."""

from flask_babel import lazy_gettext

from server.domain.late import RateKind
from server.domain.payments import Age, Means
from server.domain.vat import Customer

MEANS = {
    Means.TRANSFER: lazy_gettext("Transfer"),
    Means.CARD: lazy_gettext("Card"),
    Means.CASH: lazy_gettext("Cash"),
    Means.CHEQUE: lazy_gettext("Cheque"),
    Means.OTHER: lazy_gettext("Other means"),
    Means.SET_OFF: lazy_gettext("Set off"),
}
AGES = {
    Age.NOT_DUE: lazy_gettext("Not due yet"),
    Age.TO_30: lazy_gettext("1 to 30 days late"),
    Age.TO_60: lazy_gettext("31 to 60 days late"),
    Age.TO_90: lazy_gettext("61 to 90 days late"),
    Age.OVER_90: lazy_gettext("over 90 days late"),
}
KINDS = {
    "invoice": lazy_gettext("Invoice"),
    "credit_note": lazy_gettext("Credit note"),
    "statement": lazy_gettext("Statement"),
}
RATES = {
    RateKind.ECB: lazy_gettext("Reference rate of the central bank"),
    RateKind.STATED: lazy_gettext("Rate stated by the seller, for companies"),
}
CUSTOMERS = {
    Customer.BUSINESS: lazy_gettext("Companies"),
    Customer.PUBLIC: lazy_gettext("Public bodies"),
    Customer.PRIVATE: lazy_gettext("Private persons"),
}
STEPS = {
    0: lazy_gettext("The document"),
    1: lazy_gettext("First reminder"),
    2: lazy_gettext("Second reminder"),
    3: lazy_gettext("Last reminder"),
}


def means(word: str) -> str:
    return str(MEANS[Means(word)])


def step(number: int) -> str:
    """Which mail of a document it is."""
    return str(STEPS[number])
