"""A PDF from a template and the words on it: typst with our own fonts and nothing of the system's, the same bytes every time.

Templates stand in the slice whose paper it is; they read their words from ``sys.inputs.page`` and may take the mark from
``/paper/mark.svg``.
"""

import json
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typst

_SERVER = Path(__file__).parents[1]
_FONTS = Path(__file__).parent / "fonts"
_ONE_AT_A_TIME = Lock()  # a compiler is not for several threads


def pdf(template: Path, page: dict[str, Any], day: date, *, tagged: bool = False) -> bytes:
    """PDF/A-3b, dated at a day of its own, so that rendering twice gives the same bytes. ``tagged``: PDF/UA-1 as well, so that
    it can be read aloud; the template must then name what its pictures show."""
    with _ONE_AT_A_TIME:
        rendered = _compiler(template).compile(
            format="pdf",
            sys_inputs={"page": json.dumps(page, ensure_ascii=False)},
            pdf_standards=["a-3b", "ua-1"] if tagged else ["a-3b"],
            timestamp=int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()),
        )
    assert isinstance(rendered, bytes)  # one file, and not one a page
    return rendered


@cache
def _compiler(template: Path) -> "typst.Compiler":
    import typst  # seven MiB, for the process that renders and no other

    return typst.Compiler(template, root=_SERVER, font_paths=[_FONTS], ignore_system_fonts=True)
