"""Finds people by what one types: "eloi" finds Éloi. Every name is read and compared here, because databases disagree on
letters with accents; a lab has a few thousand people, which takes milliseconds.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext
from sqlalchemy import select

from server.db import db
from server.domain.retention import PSEUDONYMS_FROM
from server.people.models import Holder, Person, Token

_WITHOUT_MARKS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l"})


@dataclass(frozen=True, slots=True)
class Named:
    """A holder and the name behind the number; the name may have been erased."""

    number: int
    given: str
    family: str
    email: str
    blocked_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def name(self) -> str:
        if not self.is_somebody:
            return gettext("Person no longer known")
        return f"{self.given} {self.family}".strip() or gettext("Holder %(number)s", number=self.number)

    @property
    def is_somebody(self) -> bool:
        """Not a number that took a person's place when the time was over."""
        return self.number < PSEUDONYMS_FROM


def folded(text: str) -> str:
    """Small letters without marks, for comparing."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_WITHOUT_MARKS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def natural(text: str) -> list[tuple[int, str]]:
    """For sorting names with numbers in them: P2 before P10."""
    return [(int(part), "") if part.isdecimal() else (0, folded(part)) for part in re.split(r"([0-9]+)", text)]


def everybody() -> list[Named]:
    """All holders by family name, inside ``reading()``."""
    wanted = select(
        Holder.number, Person.given_name, Person.family_name, Person.email, Holder.blocked_at, Holder.ended_at
    ).outerjoin(Person, Person.holder_number == Holder.number)
    found = [
        Named(number, given or "", family or "", email or "", blocked, ended)
        for number, given, family, email, blocked, ended in db.session.execute(wanted)
    ]
    return sorted(found, key=lambda one: (folded(one.family), folded(one.given), one.number))


def named(numbers: Iterable[int]) -> dict[int, Named]:
    """Some holders by number, inside ``reading()``."""
    wanted = select(
        Holder.number, Person.given_name, Person.family_name, Person.email, Holder.blocked_at, Holder.ended_at
    ).outerjoin(Person, Person.holder_number == Holder.number)
    rows = db.session.execute(wanted.where(Holder.number.in_(set(numbers))))
    return {row[0]: Named(row[0], row[1] or "", row[2] or "", row[3] or "", row[4], row[5]) for row in rows}


def matching(people: Iterable[Named], typed: str) -> list[Named]:
    """Those whose name, mail or number holds every word that was typed, or whose badge is called so. Inside ``reading()``."""
    words = folded(typed).split()
    if not words:
        return list(people)
    by_badge = _holders_of_badges(words)
    return [
        one
        for one in people
        if one.number in by_badge
        or all(word in folded(f"{one.given} {one.family} {one.email} {one.number}") for word in words)
    ]


def _holders_of_badges(words: list[str]) -> set[int]:
    """Whose badge has this label, or these last digits: "…7f3a" as pages write it."""
    typed = " ".join(words)
    tail = typed.removeprefix("…").removeprefix("...")
    wanted = select(Token.holder_number, Token.label, Token.fingerprint).where(Token.returned_at.is_(None))
    return {
        holder
        for holder, label, mark in db.session.execute(wanted)
        if typed in folded(label) or (len(tail) >= 4 and mark.endswith(tail))
    }
