"""Why no VAT is charged: which of a document's sentences says so of a category, and under what code the norm knows it."""

from collections.abc import Iterable

WORDS = {  # without one of these words nobody learns why no VAT is charged
    "AE": ("autoliquidation",),
    "O": ("non applicable",),
    "E": ("exonération", "exonéré", "293 b", "261"),
}
_CODES_OF_EXEMPTIONS = (("293 b", "VATEX-FR-FRANCHISE"), ("261, 4", "VATEX-FR-CGI261-4"))


def reason(category: str, mentions: Iterable[str]) -> str:
    """The sentence as printed; empty where none says it."""
    words = WORDS.get(category, ())
    return next((one for one in mentions if any(word in one.casefold() for word in words)), "")


def code(category: str, said: str) -> str:
    """Empty where the norm has none for it; then its words must do."""
    if category in {"AE", "O"}:
        return f"VATEX-EU-{category}"
    return next((code for words, code in _CODES_OF_EXEMPTIONS if words in said.casefold()), "")
