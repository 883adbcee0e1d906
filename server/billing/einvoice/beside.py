"""The invoice for programs lies beside its PDF as a file of its own; it must be the one that the PDF carries."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from server.billing.einvoice.wanted import has_xml


def attached(pdf: bytes) -> bytes | None:
    """The XML in a PDF; None where there is none."""
    from pypdf import PdfReader  # for whoever verifies or repairs, and no other

    root: Any = PdfReader(BytesIO(pdf)).trailer["/Root"]
    found = root.get("/AF")
    return None if not found else found[0]["/EF"]["/F"].get_data()


def faults(pdf: Path) -> Iterator[str]:
    """What is wrong with the file beside a PDF that is whole itself, as are its words."""
    if not has_xml(json.loads(pdf.with_suffix(".json").read_bytes())):
        return
    beside = pdf.with_suffix(".xml")
    if not beside.exists():
        yield f"{beside.name} is missing"
    elif beside.read_bytes() != attached(pdf.read_bytes()):
        yield f"{beside.name} is not the invoice that its PDF carries"
