"""Whose documents are electronic invoices: those of customers established in France, and of whoever asks."""

from collections.abc import Mapping
from typing import Any

from server.domain.vat import Treatment

_FRENCH = frozenset({Treatment.FR_BUSINESS, Treatment.FR_PUBLIC, Treatment.FR_ESTABLISHMENT})
_BETWEEN_BUSINESSES = frozenset({Treatment.FR_BUSINESS, Treatment.FR_ESTABLISHMENT})


def has_xml(content: Mapping[str, Any]) -> bool:
    """Whether the PDF carries the invoice as data. A statement never does: it is no invoice."""
    return content["kind"] != "statement" and (french_rules(content) or bool(content["buyer"].get("wants_einvoice")))


def french_rules(content: Mapping[str, Any]) -> bool:
    """Whether the rules of the French platforms hold for it, on top of the European norm."""
    return content["kind"] != "statement" and content["buyer"]["treatment"] in _FRENCH


def between_businesses(content: Mapping[str, Any]) -> bool:
    """Public bodies are reached through Chorus and not as one business reaches another."""
    return content["buyer"]["treatment"] in _BETWEEN_BUSINESSES
