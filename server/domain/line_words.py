"""What the lines of a document are called beside the time at a machine, in its language."""

from server.domain.allowances import Discount

WORDS = {
    "fee": {"fr": "forfait par session", "de": "Pauschale je Nutzung", "en": "session fee"},
    "day_fee": {"fr": "forfait journalier", "de": "Tagespauschale", "en": "day fee"},
    "minimum": {
        "fr": "complément au montant minimum",
        "de": "Aufzahlung auf den Mindestbetrag",
        "en": "added up to the minimum amount",
    },
    "cap": {"fr": "au-delà du plafond", "de": "über dem Höchstbetrag", "en": "above the limit"},
    "credit": {"fr": "crédit inclus ou prépayé", "de": "Guthaben", "en": "included or prepaid credit"},
}
_DISCOUNT = {"fr": "remise de {percent} %", "de": "Rabatt von {percent} %", "en": "{percent}% discount"}


def label(what: str, language: str) -> str:
    """Empty for time, which needs no word beside its machine."""
    return WORDS[what][language] if what in WORDS else ""


def discount_label(discount: Discount, language: str) -> str:
    percent = f"{discount.basis_points / 100:g}"
    return _DISCOUNT[language].format(percent=percent if language == "en" else percent.replace(".", ","))
