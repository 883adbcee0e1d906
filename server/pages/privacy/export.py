"""Everything the lab keeps about one person, as a file for programs and one to read; of others only what they are there."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask import render_template
from flask.json import dumps

from server.pages.me.data import my_data
from server.pages.privacy import words
from server.web import formats
from server.web.here import now


def archive(number: int) -> bytes:
    """A ZIP of ``data.json`` and ``data.html``."""
    everything = my_data(number)
    page = render_template("privacy/export.html", data=everything, at=now(), plain=plain, kind=kind)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("data.json", dumps(everything, indent=2, ensure_ascii=False))
        packed.writestr("data.html", page)
    return file.getvalue()


def kind(value: Any) -> str:
    """How a value is written: as a table of its rows, as a list of facts, or as a word."""
    match value:
        case Mapping():
            return "facts"
        case str() | bytes():
            return "word"
        case Sequence() if value and all(isinstance(row, Mapping) for row in value):
            return "rows"
        case _:
            return "word"


def plain(value: Any) -> str:
    match value:
        case None | "":
            return "–"
        case bool():
            return words.yes() if value else words.no()
        case datetime():
            return formats.moment(value)
        case date():
            return formats.day(value)
        case list() | tuple():
            return ", ".join(plain(one) for one in value) or "–"
        case _:
            return str(value)
