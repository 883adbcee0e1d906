"""What a pasted list would make, line by line, before anything is made: who is new, who is here already, what is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext

from server.db import reading
from server.domain.namelist import LONGEST, Entry, Problem, parse
from server.handouts.service import Newcomer, known_by_mail
from server.pages.people.names import Named, everybody, folded, named


@dataclass(frozen=True, slots=True)
class Row:
    """``wrong`` keeps the list from being begun; ``note`` does not. ``known``: who it is already."""

    entry: Entry
    known: Named | None
    wrong: str
    note: str

    @property
    def newcomer(self) -> Newcomer:
        entry = self.entry
        return Newcomer(entry.given, entry.family, entry.email or None, self.known.number if self.known else None)


@dataclass(frozen=True, slots=True)
class Preview:
    rows: Sequence[Row]
    wrong: str = ""  # with the list as a whole

    @property
    def is_good(self) -> bool:
        return bool(self.rows) and not self.wrong and not self.errors

    @property
    def errors(self) -> int:
        return sum(1 for row in self.rows if row.wrong)

    @property
    def new(self) -> int:
        return sum(1 for row in self.rows if not row.wrong and row.known is None)

    @property
    def here(self) -> int:
        return sum(1 for row in self.rows if not row.wrong and row.known is not None)


def preview(text: str) -> Preview:
    entries = parse(text)
    if len(entries) > LONGEST:
        return Preview((), gettext("A hand-out has at most %(most)s names. Split the list.", most=LONGEST))
    with reading():
        holders = known_by_mail(entry.email for entry in entries)
        people = named(number for numbers in holders.values() for number in numbers)
        namesakes = _by_name(everybody())
    return Preview([_row(entry, holders, people, namesakes) for entry in entries])


def _row(
    entry: Entry, holders: Mapping[str, list[int]], people: Mapping[int, Named], namesakes: Mapping[str, Named]
) -> Row:
    numbers = holders.get(entry.email.casefold(), []) if entry.email else []
    known = people[numbers[0]] if len(numbers) == 1 else None
    wrong = _problem(entry) or _against(numbers, known)
    return Row(entry, known, wrong, "" if wrong else _note(entry, known, namesakes))


def _problem(entry: Entry) -> str:
    match entry.problem:
        case Problem.ONE_NAME:
            return gettext("Type a given name and a family name.")
        case Problem.BAD_MAIL:
            return gettext("This is no mail address.")
        case Problem.TOO_LONG:
            return gettext("This is too long for a name or a mail address.")
        case Problem.MAIL_TWICE:
            return gettext("Line %(line)s has this mail address already.", line=entry.same_as)
    return ""


def _against(numbers: Sequence[int], known: Named | None) -> str:
    if len(numbers) > 1:
        return gettext("Several people have this mail address. Leave it out here, or correct theirs.")
    if known is not None and known.ended_at is not None:
        return gettext("%(name)s has left the lab. Take them back first.", name=known.name)
    return ""


def _note(entry: Entry, known: Named | None, namesakes: Mapping[str, Named]) -> str:
    if known is not None:
        return gettext("The same mail address: this is %(name)s, who is here already.", name=known.name)
    if entry.same_as is not None:
        return gettext("Line %(line)s has the same name: two people.", line=entry.same_as)
    other = namesakes.get(_key(entry.given, entry.family))
    if other is not None:
        return gettext(
            "Somebody of this name is here, number %(number)s. Add their mail address if it is the same person.",
            number=other.number,
        )
    return ""


def _by_name(people: Iterable[Named]) -> dict[str, Named]:
    return {_key(one.given, one.family): one for one in people if one.ended_at is None and one.family}


def _key(given: str, family: str) -> str:
    return f"{folded(given)} {folded(family)}"
