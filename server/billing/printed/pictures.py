"""The two small pictures of a document: hours by machine and hours by day, measured within the frame of what is billed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from server.billing.printed.figures import hours, long_day
from server.billing.printed.words import Words

_BARS = 7  # so many machines have a bar; of the others one line says how many they are
Content = Mapping[str, Any]


def machines(content: Content, words: Words) -> dict[str, Any]:
    """Bars as parts of the longest one. A machine whose price has several parts is shown by the time it was occupied."""
    found = _by_machine(content["groups"])
    longest = max((max(row[1:]) for row in found), default=0) or 1
    bars = [
        {
            "name": name,
            "measured": measured / longest,
            "billed": billed / longest,
            "words": hours(billed, words.language),
        }
        for name, measured, billed in found[:_BARS]
    ]
    told = ", ".join(f"{name} {hours(billed, words.language)}" for name, _, billed in found[:_BARS])
    return {"bars": bars, "rest": _rest(found[_BARS:], words), "alt": words("machines_alt", machines=told)}


def _by_machine(groups: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int]]:
    """(machine, measured, billed) in seconds, the most used first."""
    by_basis: dict[str, dict[str, list[int]]] = {}
    for line in (line for group in groups for line in group["lines"] if line["what"] == "time"):
        both = by_basis.setdefault(line["machine"], {}).setdefault(line["basis"] or "", [0, 0])
        both[0] += line["measured_s"]
        both[1] += line["billed_s"]
    shown = {name: own.get("occupied") or next(iter(own.values())) for name, own in by_basis.items()}
    return sorted(((name, both[0], both[1]) for name, both in shown.items()), key=lambda row: (-row[2], row[0]))


def _rest(found: Sequence[tuple[str, int, int]], words: Words) -> str:
    if not found:
        return ""
    billed = hours(sum(row[2] for row in found), words.language)
    return (
        words("other_machine", hours=billed)
        if len(found) == 1
        else words("other_machines", count=str(len(found)), hours=billed)
    )


def days(content: Content, words: Words) -> dict[str, Any] | None:
    """A column for each day of the period; None where its days are not known. What came late from before has none."""
    told = {day: (measured, billed) for day, measured, billed in content.get("days") or ()}
    known = {day: told.get(day.isoformat(), (0, 0)) for day in _period(content)}
    highest = max(max(both) for both in known.values())
    if not highest:
        return None
    busiest = max(known, key=lambda day: known[day][1])
    columns = [
        {"day": day.day, "measured": measured / highest, "billed": billed / highest}
        for day, (measured, billed) in known.items()
    ]
    longest = words("days_alt", day=long_day(busiest, words.language), hours=_time(known[busiest], words))
    return {
        "columns": columns,
        "alt": longest,
        "highest": words("at_most", hours=hours(highest, words.language)),
    }


def _time(both: Sequence[int], words: Words) -> str:
    return hours(both[1], words.language)


def _period(content: Content) -> Iterator[date]:
    first, last = (date.fromisoformat(day) for day in content["period"])
    return (first + timedelta(days=number) for number in range((last - first).days + 1))
