"""Words of what came in and of how old what is open is."""

from flask_babel import lazy_gettext

from server.domain.payments import Age, Means

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


def means(word: str) -> str:
    return str(MEANS[Means(word)])
