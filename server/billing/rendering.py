"""The PDF of an invoice from the words of its page, the same bytes every time."""

from datetime import date
from pathlib import Path
from typing import Any

from server.paper import typeset

_INVOICE = Path(__file__).parent / "document" / "invoice.typ"


def pdf(page: dict[str, Any]) -> bytes:
    """Dated at the document's own day."""
    return typeset.pdf(_INVOICE, page, date.fromisoformat(page["issued_on"]))
