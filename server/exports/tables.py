"""What a table that leaves the house is: its columns, who may have it, and where its rows come from; written as CSV or XLSX.

Heads are plain words that never change, so that a spreadsheet made once goes on working; amounts are in euros, times in
hours, days as 2026-10-31. A table comes in batches, each read in a moment, so that a long one holds nobody up.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from io import BytesIO, StringIO
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select
from xlsxwriter import Workbook

from server.db import db, reading
from server.domain.cells import harmless
from server.domain.stretch import Stretch

_AT_ONCE = 2000
_AMOUNT = re.compile(r"[-−]?\d+(,\d+)?")
_MILLIONS = 1_000_000  # rows that a sheet has room for, a few less


class As(StrEnum):
    """How a value is written."""

    TEXT = "text"
    NUMBER = "number"
    EUROS = "euros"  # kept in cents
    MILLI_EUROS = "milli_euros"  # kept in thousandths of a cent
    MILLI = "milli"  # kept in thousandths
    HOURS = "hours"  # kept in seconds
    PERCENT = "percent"  # kept in hundredths of a percent
    DAY = "day"
    MOMENT = "moment"  # on the lab's clock
    WORDS = "words"  # a text by language: the French one
    LIST = "list"


class Privacy(StrEnum):
    """What stands in a table about people."""

    BOOKS = "books"  # nobody: tenants, machines, amounts
    TIMES = "times"  # holders by their number, and when they were there


@dataclass(frozen=True, slots=True)
class Asked:
    """``stretch``: what the table is about; of what has no day of its own, everything is told. ``today``: of open items."""

    stretch: Stretch
    specimen: bool
    zone: ZoneInfo
    today: date
    by_month: bool = False  # documents about the months of the stretch, whenever they were issued


Rows = Callable[[Asked], Iterable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Table:
    """``columns``: head and how it is written. ``dated``: its rows are those of a stretch."""

    name: str
    columns: tuple[tuple[str, As], ...]
    rows: Rows
    privacy: Privacy = Privacy.BOOKS
    dated: bool = True


def batches(select_of: Callable[[Asked], Select[*tuple[Any, ...]]], key: Any) -> Rows:
    """Rows of a statement, some thousand at a time in the order of ``key``, a column without doubles. Its statement selects
    that key first; the row goes on without it."""

    def rows(asked: Asked) -> Iterator[Sequence[Any]]:
        wanted = select_of(asked).order_by(key).limit(_AT_ONCE)
        after: Any = None
        while True:
            with reading():
                some = db.session.execute(wanted if after is None else wanted.where(key > after)).all()
            yield from (tuple(row)[1:] for row in some)
            if len(some) < _AT_ONCE:
                return
            after = some[-1][0]

    return rows


def csv_of(table: Table, asked: Asked) -> Iterator[bytes]:
    """As spreadsheets in France and Germany open it by a double click: semicolons, decimal commas, UTF-8 with its mark."""
    yield "\ufeff".encode()
    yield _line([head for head, _ in table.columns])
    for row in table.rows(asked):
        yield _line([_text(value, how, asked) for value, (_, how) in zip(row, table.columns, strict=True)])


def lines_of(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Rows of texts as CSV; amounts among them stay amounts."""
    yield "\ufeff".encode()
    for row in rows:
        yield _line([cell if _AMOUNT.fullmatch(cell) else harmless(cell) for cell in row])


def columns_of(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Rows for a program that parts them at tabulators, whatever stands between: no quotes are put around a name with quotes."""
    for row in rows:
        yield ("\t".join(" ".join(cell.split()) for cell in row) + "\r\n").encode()


def xlsx_of(table: Table, asked: Asked) -> bytes:
    """One sheet with numbers as numbers and days as days, the heads fixed on top. Row by row, in little memory."""
    target = BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    with Workbook(target, options) as book:
        sheet = book.add_worksheet(table.name[:31])
        bold = book.add_format({"bold": True})
        formats = {how: book.add_format({"num_format": form}) for how, form in _FORMATS.items()}
        sheet.freeze_panes(1, 0)
        for place, (head, how) in enumerate(table.columns):
            sheet.write_string(0, place, head, bold)
            sheet.set_column(place, place, max(12, len(head) + 2), formats.get(how))
        for line, row in enumerate(table.rows(asked), 1):
            if line > _MILLIONS:
                break
            for place, (value, (_, how)) in enumerate(zip(row, table.columns, strict=True)):
                _cell(sheet, line, place, _native(value, how, asked), formats.get(how))
    return target.getvalue()


_FORMATS = {
    As.EUROS: "#,##0.00",
    As.MILLI_EUROS: "#,##0.00000",
    As.HOURS: "0.00",
    As.PERCENT: "0.00",
    As.DAY: "yyyy-mm-dd",
    As.MOMENT: "yyyy-mm-dd hh:mm",
}
_DIVISORS = {As.EUROS: 100, As.MILLI_EUROS: 100_000, As.MILLI: 1000, As.HOURS: 3600, As.PERCENT: 100}
_PLACES = {As.EUROS: 2, As.MILLI_EUROS: 5, As.MILLI: 3, As.HOURS: 4, As.PERCENT: 2}


def _cell(sheet: Any, line: int, place: int, value: Any, form: Any) -> None:
    match value:
        case None:
            return
        case datetime() | date():
            sheet.write_datetime(line, place, value, form)
        case int() | float() if not isinstance(value, bool):
            sheet.write_number(line, place, value, form)
        case _:
            sheet.write_string(line, place, str(value))


def _native(value: Any, how: As, asked: Asked) -> Any:
    """As a spreadsheet keeps it."""
    if value is None:
        return None
    if how in _DIVISORS:
        return round(value / _DIVISORS[how], _PLACES[how])
    if isinstance(value, Decimal):
        return float(value)
    if how is As.MOMENT:
        return value.astimezone(asked.zone).replace(tzinfo=None, microsecond=0)
    return value if how in {As.NUMBER, As.DAY} else _words(value, how)


def _text(value: Any, how: As, asked: Asked) -> str:
    if value is None:
        return ""
    if how in _DIVISORS:
        exact = Decimal(value) / _DIVISORS[how]
        return f"{exact:.{_PLACES[how]}f}".replace(".", ",")
    match how:
        case As.MOMENT:
            return f"{value.astimezone(asked.zone):%Y-%m-%d %H:%M}"
        case As.DAY:
            return str(value.isoformat())
        case As.NUMBER:
            return str(value).replace(".", ",")
        case _:
            return harmless(_words(value, how))


def _words(value: Any, how: As) -> str:
    match how:
        case As.WORDS:
            return str(value.get("fr") or next(iter(value.values()), ""))
        case As.LIST:
            return ", ".join(map(str, value))
        case _:
            return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _line(cells: Sequence[str]) -> bytes:
    target = StringIO()
    csv.writer(target, delimiter=";", lineterminator="\r\n").writerow(cells)
    return target.getvalue().encode()
