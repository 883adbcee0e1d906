"""Why no VAT is charged: in which words, and under what code the norm knows it.

A document knows both from the cells of the VAT table that were decided for its lines. Where it does not, its sentences tell.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

WORDS = {  # without one of these words nobody learns why no VAT is charged
    "AE": ("autoliquidation",),
    "O": ("non applicable",),
    "E": ("exonération", "exonéré", "293 b", "261"),
}
_CODES_OF_EXEMPTIONS = (("293 b", "VATEX-FR-FRANCHISE"), ("261, 4", "VATEX-FR-CGI261-4"))


class Untaxed(NamedTuple):
    """Either may be empty: the norm asks for one of them."""

    words: str
    code: str


def why(content: Mapping[str, Any], category: str) -> Untaxed:
    """As it was decided; nobody guesses a code beside it."""
    decided = content.get("untaxed", {}).get(category)
    if decided is not None:
        return Untaxed(decided["words"], decided["vatex"])
    said = reason(category, content["mentions"])
    return Untaxed(said, code(category, said))


def is_said(content: Mapping[str, Any], category: str) -> bool:
    """Whether the page says why: by words known here, or, of an exemption, by those that somebody decided."""
    if reason(category, content["mentions"]):
        return True
    words = why(content, category).words if category == "E" else ""
    return bool(words) and all(any(part in one for one in content["mentions"]) for part in words.split("; "))


def reason(category: str, mentions: Iterable[str]) -> str:
    """The sentence as printed; empty where none says it."""
    words = WORDS.get(category, ())
    return next((one for one in mentions if any(word in one.casefold() for word in words)), "")


def code(category: str, said: str) -> str:
    """Empty where the norm has none for it; then its words must do."""
    if category in {"AE", "O"}:
        return f"VATEX-EU-{category}"
    return next((code for words, code in _CODES_OF_EXEMPTIONS if words in said.casefold()), "")
