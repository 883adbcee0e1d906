"""A PDF from the words of a page: typst with our own fonts and nothing of the system's, the same bytes every time."""

import json
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typst

DOCUMENT = Path(__file__).parent / "document"


def pdf(page: dict[str, Any]) -> bytes:
    """PDF/A-3b, dated at the document's own day, so that rendering twice gives the same bytes."""
    day = date.fromisoformat(page["issued_on"])
    rendered = _compiler().compile(
        format="pdf",
        sys_inputs={"page": json.dumps(page, ensure_ascii=False)},
        pdf_standards=["a-3b"],
        timestamp=int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()),
    )
    assert isinstance(rendered, bytes)  # one file, and not one a page
    return rendered


@cache
def _compiler() -> "typst.Compiler":
    import typst  # seven MiB, for the process that renders and no other

    return typst.Compiler(
        DOCUMENT / "invoice.typ", root=DOCUMENT, font_paths=[DOCUMENT / "fonts"], ignore_system_fonts=True
    )
