"""A list of people as a spreadsheet has it: read line by line, compared with who is here, and written the same way.

Pure. Each line is a person and, where it names a payer, a membership; somebody with two payers has two lines. A person is
known by the mail address. Whatever cannot be read is said with its line and its column, and then nothing is done at all.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

COLUMNS = ("given", "family", "email", "language", "payer", "from", "until", "minor until", "class")
NEEDED = ("given", "family", "email")
LANGUAGES = ("fr", "de", "en")
LONGEST = 4_000  # lines: what a browser sends back fits into a form
_NAMES = {  # how other spreadsheets call them
    "given": ("given name", "first name", "prénom", "prenom", "vorname"),
    "family": ("family name", "last name", "nom", "nachname", "name"),
    "email": ("mail", "e-mail", "courriel", "adresse mail", "e-mail-adresse"),
    "language": ("langue", "sprache"),
    "payer": ("payeur", "zahler", "cost centre", "centre de coûts", "kostenstelle"),
    "from": ("depuis", "du", "von", "ab"),
    "until": ("jusqu'au", "jusqu’au", "au", "bis"),
    "minor until": ("mineur jusqu'au", "mineur jusqu’au", "minderjährig bis"),
    "class": ("member class", "catégorie", "categorie", "klasse", "mitgliedsklasse"),
}
_KNOWN = {name: column for column, names in _NAMES.items() for name in (column, *names)}
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y")
_YEARS = range(1900, 2200)
_LENGTHS = {"given": 100, "family": 100, "email": 200}
_FORMULA = ("=", "+", "-", "@", "\t")


class Fault(StrEnum):
    """What can be wrong with a cell, or with the whole."""

    MISSING = "missing"
    NO_COLUMN = "no_column"
    UNKNOWN_COLUMN = "unknown_column"
    MAIL = "mail"
    DAY = "day"
    LANGUAGE = "language"
    TOO_LONG = "too_long"
    PAYER = "payer"
    CLOSED = "closed"
    CLASS = "class"
    OTHER_NAME = "other_name"
    TWICE = "twice"
    LEFT = "left"
    TWO_PEOPLE = "two_people"
    ENDS_FIRST = "ends_first"
    TOO_MANY = "too_many"
    QUOTE = "quote"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A cell by its line, as the spreadsheet counts them, and its column. ``said``: what stands there."""

    line: int
    column: str
    fault: Fault
    said: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says. None and empty texts say nothing: what is known stays."""

    number: int
    given: str
    family: str
    email: str
    language: str = ""
    payer: str = ""
    begins: date | None = None
    until: date | None = None
    minor_until: date | None = None
    member_class: str = ""


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody who is known already. ``ties``: by payer, the last day of the membership (None: no end); ``classes``: by
    payer, those that have one."""

    number: int
    given: str
    family: str
    language: str
    minor_until: date | None
    has_left: bool = False
    ties: Mapping[str, date | None] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)


class Outcome(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a line. ``holder`` is None for somebody new; ``changes`` name the columns that differ; ``joins``: it
    begins a membership."""

    line: Line
    outcome: Outcome
    holder: int | None = None
    changes: tuple[str, ...] = ()
    joins: bool = False


def read(text: str) -> tuple[list[Line], list[Wrong]]:
    """The lines of a pasted or uploaded list, with tabs, semicolons or commas between its cells."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    table = csv.reader(io.StringIO(text), delimiter=_delimiter(text))
    try:
        heads, *rows = list(table) or [[]]
    except csv.Error:  # a cell longer than any could be
        return [], [Wrong(table.line_num, "", Fault.QUOTE)]
    columns, wrong = _columns(heads)
    filled = [(number, row) for number, row in enumerate(rows, start=2) if any(cell.strip() for cell in row)]
    if not wrong and not filled:
        wrong.append(Wrong(1, "", Fault.EMPTY))
    if len(filled) > LONGEST:
        wrong.append(Wrong(LONGEST + 2, "", Fault.TOO_MANY, str(len(filled))))
    if wrong:
        return [], wrong
    lines = []
    for number, row in filled:
        cells = {column: _plain(row[place]) if place < len(row) else "" for column, place in columns.items()}
        line, faults = _line(number, cells)
        lines.append(line)
        wrong += faults
    return lines, wrong


def plan(
    lines: Iterable[Line],
    here: Mapping[str, Collection[Here]],
    payers: Mapping[str, bool],
    classes: Collection[str] = (),
    today: date = date.min,
) -> tuple[list[Step], list[Wrong]]:
    """What would become of each line. ``here``: who is known, by mail address in small letters; ``payers``: each by its
    code, and whether it is open; ``classes``: those of members that are given; ``today``: on which a
    membership begins that says nothing of it."""
    steps, wrong = [], []
    first: dict[str, Line] = {}
    seen: set[tuple[str, str]] = set()
    for line in lines:
        known = here.get(line.email, ())
        faults = list(_against(line, known, payers, first.get(line.email), seen))
        if line.member_class and line.member_class not in classes:
            faults.append(Wrong(line.number, "class", Fault.CLASS, line.member_class))
        step = _step(line, next(iter(known), None), line.email in first)
        if step.joins and line.until and not line.begins and line.until < today:
            faults.append(Wrong(line.number, "until", Fault.ENDS_FIRST, line.until.isoformat()))
        wrong += faults
        if not faults:
            steps.append(step)
        first.setdefault(line.email, line)
        seen.add((line.email, line.payer))
    return steps, wrong


def write(rows: Iterable[Mapping[str, object]]) -> str:
    """The same columns, for a spreadsheet: it opens them as they are, and takes no cell for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row.get(column)) for column in COLUMNS] for row in rows)
    return "\ufeff" + out.getvalue()


# --- reading ----------------------------------------------------------------------------------------------------------


def _delimiter(text: str) -> str:
    head = text.split("\n", 1)[0]
    return max("\t;,", key=head.count)


def _columns(heads: list[str]) -> tuple[dict[str, int], list[Wrong]]:
    found: dict[str, int] = {}
    wrong = []
    for place, head in enumerate(heads):
        column = _KNOWN.get(" ".join(head.casefold().replace("_", " ").split()))
        if column is not None:
            found.setdefault(column, place)
        elif head.strip():
            wrong.append(Wrong(1, head.strip(), Fault.UNKNOWN_COLUMN))
    return found, wrong + [Wrong(1, column, Fault.NO_COLUMN) for column in NEEDED if column not in found]


def _line(number: int, cells: Mapping[str, str]) -> tuple[Line, list[Wrong]]:
    email = cells.get("email", "").casefold()
    days = {column: _day(cells.get(column, "")) for column in ("from", "until", "minor until")}
    begins, until, minor = (day if isinstance(day, date) else None for day in days.values())
    language = cells.get("language", "").casefold()[:2]
    who = (cells.get("given", ""), cells.get("family", ""), email)
    line = Line(number, *who, language, cells.get("payer", ""), begins, until, minor, cells.get("class", ""))
    faults = [Wrong(number, column, Fault.DAY, cells[column]) for column, day in days.items() if day is False]
    return line, [*_cell_faults(line, cells), *faults]


def _cell_faults(line: Line, cells: Mapping[str, str]) -> Iterator[Wrong]:
    for column in NEEDED:
        if not cells.get(column):
            yield Wrong(line.number, column, Fault.MISSING)
    for column, length in _LENGTHS.items():
        if len(cells.get(column, "")) > length:
            yield Wrong(line.number, column, Fault.TOO_LONG, cells[column][:40])
    if line.email and not _MAIL.fullmatch(line.email):
        yield Wrong(line.number, "email", Fault.MAIL, cells["email"])
    if line.language and line.language not in LANGUAGES:
        yield Wrong(line.number, "language", Fault.LANGUAGE, cells["language"])
    if line.begins and line.until and line.until < line.begins:
        yield Wrong(line.number, "until", Fault.ENDS_FIRST, line.until.isoformat())


def _day(text: str) -> date | bool | None:
    """False where it is none; None where nothing is said."""
    if not text:
        return None
    for form in _DAYS:
        try:
            day = datetime.strptime(text, form).date()  # noqa: DTZ007 — a day has no zone
        except ValueError:
            continue
        return day if day.year in _YEARS else False  # 31/12/9999 means no end elsewhere; here an empty cell does
    return False


def _plain(cell: str) -> str:
    """Without spaces around it, and without the apostrophe that keeps a spreadsheet from computing it."""
    cell = " ".join(cell.split())
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


# --- comparing --------------------------------------------------------------------------------------------------------


def _against(
    line: Line,
    known: Collection[Here],
    payers: Mapping[str, bool],
    first: Line | None,
    seen: Collection[tuple[str, str]],
) -> Iterator[Wrong]:
    """What speaks against this line, given who is here and what stood above it."""
    if line.payer and line.payer not in payers:
        yield Wrong(line.number, "payer", Fault.PAYER, line.payer)
    elif line.payer and not payers[line.payer]:
        yield Wrong(line.number, "payer", Fault.CLOSED, line.payer)
    if len(known) > 1:
        yield Wrong(line.number, "email", Fault.TWO_PEOPLE, line.email)
    if any(one.has_left for one in known):
        yield Wrong(line.number, "email", Fault.LEFT, line.email)
    if first is not None and (first.given, first.family) != (line.given, line.family):
        yield Wrong(line.number, "family", Fault.OTHER_NAME, f"{first.number}: {first.given} {first.family}")
    elif (line.email, line.payer) in seen:
        yield Wrong(line.number, "email", Fault.TWICE, line.email)


def _step(line: Line, known: Here | None, is_further: bool) -> Step:
    """``is_further``: the person stands in a line above, and what is said of them is done there."""
    joins = bool(line.payer) and (known is None or line.payer not in known.ties)
    if known is None:
        return Step(line, Outcome.NEW, None, (), joins)
    changes = [] if is_further else list(_differs(line, known))
    if line.payer and not joins and line.until and line.until != known.ties[line.payer]:
        changes.append("until")
    if line.member_class and not joins and line.member_class != known.classes.get(line.payer, "") and line.payer:
        changes.append("class")
    outcome = Outcome.CHANGED if changes or joins else Outcome.SAME
    return Step(line, outcome, known.number, tuple(changes), joins)


def _differs(line: Line, known: Here) -> Iterator[str]:
    said = {"given": line.given, "family": line.family, "language": line.language}
    for column, value in said.items():
        if value and value != getattr(known, column):
            yield column
    if line.minor_until and line.minor_until != known.minor_until:
        yield "minor until"
