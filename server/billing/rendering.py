"""The PDF of a document from the words of its page, the same bytes every time: tagged, archivable, and for whoever gets an
electronic invoice with that invoice in it."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from server.billing.einvoice.embedding import embed
from server.paper import typeset

_DOCUMENT = Path(__file__).parent / "document" / "document.typ"


def pdf(page: Mapping[str, Any], xml: bytes | None = None) -> bytes:
    """Dated at the document's own day. ``xml``: the same document for programs."""
    day = date.fromisoformat(page["issued_on"])
    made = typeset.pdf(_DOCUMENT, dict(page), day, tagged=True)
    return made if xml is None else embed(made, xml, day)
