"""The PDF of a document from the words of its page, the same bytes every time: tagged, archivable, and for whoever gets an
electronic invoice with that invoice in it."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from server.billing.einvoice.embedding import told_as_factur_x
from server.paper import typeset

_DOCUMENT = Path(__file__).parent / "document" / "document.typ"


def pdf(page: Mapping[str, Any], xml: bytes | None = None) -> bytes:
    """Dated at the document's own day. ``xml``: the same document for programs."""
    words = {**page, "xml": None if xml is None else xml.decode()}
    made = typeset.pdf(_DOCUMENT, words, date.fromisoformat(page["issued_on"]), tagged=True)
    return made if xml is None else told_as_factur_x(made)
