"""From an instruction record to the words on its page, in one of the three languages; layout is typst's."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from babel.dates import format_date

import server.instruction
from server.accounts.letters import texts
from server.domain.period import day_of
from server.pages.instruction.forms import NAMES
from server.pages.instruction.record_reads import Record, Taught
from server.paper import typeset
from server.web.here import settings, zone
from wire.messages import Level

_TEMPLATE = Path(server.instruction.__file__).parent / "document" / "record.typ"
_DAYS = {"fr": "d MMM y", "de": "d. MMM y", "en": "d MMM y"}
Gettext = Callable[[str], str]


def record_pdf(
    records: list[Record], language: str, tenant: str, trainers: Callable[[str], str], now: datetime
) -> bytes:
    """``tenant`` is named on the page, where the record is one of a tenant. ``trainers``: from who has given it to a name."""
    today = day_of(now, zone())
    return typeset.pdf(_TEMPLATE, page(records, language, tenant, trainers, today), today)


def page(
    records: list[Record], language: str, tenant: str, trainers: Callable[[str], str], today: date
) -> dict[str, Any]:
    gettext = texts(language)
    heads = (
        *(gettext("Instruction"), gettext("Content"), gettext("Length, language")),
        *(gettext("Trainer"), gettext("Confirmed by"), gettext("Counts until")),
    )
    return {
        "language": language,
        "lab": settings().lab_name,
        "title": gettext("Instruction record and certificate"),
        "subject": tenant,
        "issued": gettext("Issued on %(day)s") % {"day": _day(today, language)},
        "heads": list(heads),
        "people": [_person(one, language, trainers, gettext) for one in records],
        "nobody": gettext("Nobody here has a qualification that counts today."),
        "duty": gettext("Issued by the operator of the machines. The employer’s own duty to instruct remains."),
        "of": gettext("page {page} of {pages}"),
    }


def _person(record: Record, language: str, trainers: Callable[[str], str], gettext: Gettext) -> dict[str, Any]:
    return {
        "name": record.person.name if record.person.family or record.person.given else "",
        "number": gettext("Holder %(number)s") % {"number": record.person.number},
        "rows": [_row(one, language, trainers, gettext) for one in record.rows],
        "none": gettext("No qualification counts today."),
    }


def _row(row: Taught, language: str, trainers: Callable[[str], str], gettext: Gettext) -> list[list[str]]:
    """Each cell as lines: the first is read first, the others are smaller."""
    levels = {
        Level.ALONE: gettext("works alone"),
        Level.SUPERVISED: gettext("supervised use"),
        Level.TRAINER: gettext("trainer"),
    }
    content = [
        gettext("Safety sheet, version %(number)s") % {"number": row.sheet} if row.sheet else "",
        gettext("Checklist, version %(number)s") % {"number": row.checklist} if row.checklist else "",
        row.course,
    ]
    learner = gettext("learner: %(day)s") % {"day": _day(row.accepted, language)} if row.accepted else ""
    until = _day(row.until, language) if row.until else gettext("no end")
    minutes = gettext("%(minutes)s min") % {"minutes": row.minutes} if row.minutes else ""
    cells = [
        [row.skill, levels[row.level]],
        content,
        [minutes, NAMES.get(row.language, "")],
        [trainers(row.trainer)],
        [gettext("trainer: %(day)s") % {"day": _day(row.confirmed, language)}, learner],
        [until, gettext("next due: %(day)s") % {"day": _day(row.due, language)}],
    ]
    return [[line for line in lines if line] or ["–"] for lines in cells]


def _day(day: date, language: str) -> str:
    return format_date(day, _DAYS.get(language, _DAYS["fr"]), language).replace("\u202f", "\u00a0")
