"""A commissioning record in which every line passed, for labs whose dangerous machines are to be used."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from server.care import commissioning
from server.care.commissioning import Sheet
from server.care.models import Commissioning
from server.domain.commissioning import Result, SheetLine, SheetTest

ZONE = ZoneInfo("Europe/Paris")


def lines_of(**others: Result) -> tuple[SheetLine, ...]:
    """Every line passed, but for those that are named; what is crossed out says why."""
    results = {test: others.get(test, Result.PASSED) for test in SheetTest}
    return tuple(
        SheetLine(test, result, "" if result is Result.PASSED else "as seen at the box")
        for test, result in results.items()
    )


def commission(code: str, now: datetime) -> Commissioning:
    sheet = Sheet(now.astimezone(ZONE).date(), "A. Oberlin, BR/BC", "EL-12 rev. B", lines_of())
    return commissioning.record(code, sheet, (), Path(), ZONE, actor="test", now=now)
