"""Reads a list of names as it comes by mail: one a line, or columns with semicolons, commas or tabs.

Pure. What is wrong stands with its line, so that a page can show all of it before anything is made.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

LONGEST = 200  # names; more is a file for the import of people
_NAME_LENGTH, _MAIL_LENGTH = 100, 200
_MAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")
_NUMBERED = re.compile(r"\d{1,3}[.)]\s+")
_HEADS: Mapping[str, str] = {
    **dict.fromkeys(("prenom", "prenoms", "vorname", "given name", "first name", "firstname", "given"), "given"),
    **dict.fromkeys(("nom", "nom de famille", "nachname", "name", "family name", "last name", "surname"), "family"),
    **dict.fromkeys(
        ("e-mail", "email", "mail", "courriel", "adresse e-mail", "adresse mail", "e-mail-adresse"), "email"
    ),
}
_USUAL = ("given", "family", "email")


class Problem(StrEnum):
    """What keeps a line from being a person."""

    ONE_NAME = "one_name"
    BAD_MAIL = "bad_mail"
    TOO_LONG = "too_long"
    MAIL_TWICE = "mail_twice"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``line`` counts from 1 as in an editor; ``same_as`` is the line with the same mail or the same name."""

    line: int
    given: str
    family: str
    email: str
    problem: Problem | None = None
    same_as: int | None = None


def parse(text: str) -> tuple[Entry, ...]:
    """Every line that says something, in order; a line of column heads says where the names stand."""
    columns: Sequence[str] = _USUAL
    found: list[Entry] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        heads = _heads(line)
        if heads is not None and not found:
            columns = heads
            continue
        given, family, email = _cells(line, columns)
        found.append(Entry(number, given, family, email, _problem(given, family, email)))
    return tuple(_told_apart(found))


def _heads(line: str) -> list[str] | None:
    """The columns a first line names, None where it is a person."""
    cells = [_plain(cell) for cell in _split(line) or ()]
    known = [_HEADS.get(cell, "") for cell in cells]
    return known if {"given", "family"} <= set(known) else None


def _cells(line: str, columns: Sequence[str]) -> tuple[str, str, str]:
    cells = _split(_NUMBERED.sub("", line.strip(), count=1))
    if cells is None:
        return _from_words(line)
    values = dict.fromkeys(_USUAL, "")
    values.update({name: cell for name, cell in zip(columns, cells, strict=False) if name})
    if "@" in values["family"] and not values["email"]:  # "Ada Lovelace; ada@example.org"
        given, family, _ = _from_words(values["given"])
        return given, family, values["family"]
    return values["given"], values["family"], values["email"]


def _from_words(line: str) -> tuple[str, str, str]:
    """ "Ada Lovelace <ada@example.org>"; where a part stands in capitals, as in lists of schools, it is the family name."""
    mail = _MAIL.search(line)
    words = (line.replace(mail[0], " ") if mail else line).replace("<", " ").replace(">", " ").split()
    if words and re.fullmatch(r"\d{1,3}[.)]", words[0]):
        words = words[1:]
    loud = [word for word in words if len(word) > 1 and word.isupper()]
    if loud and len(loud) < len(words):
        quiet = [word for word in words if word not in loud]
        return " ".join(quiet), " ".join(loud), mail[0] if mail else ""
    return " ".join(words[:1]), " ".join(words[1:]), mail[0] if mail else ""


def _split(line: str) -> list[str] | None:
    """The cells of a line with columns, None for plain words."""
    mark = next((mark for mark in "\t;," if mark in line), None)
    return None if mark is None else [cell.strip().strip('"').strip() for cell in line.split(mark)]


def _problem(given: str, family: str, email: str) -> Problem | None:
    if not given or not family:
        return Problem.ONE_NAME
    if email and not _MAIL.fullmatch(email):
        return Problem.BAD_MAIL
    if max(len(given), len(family)) > _NAME_LENGTH or len(email) > _MAIL_LENGTH:
        return Problem.TOO_LONG
    return None


def _told_apart(entries: Sequence[Entry]) -> Iterator[Entry]:
    """The same mail twice is one person twice; the same name twice may be two people, and is only said."""
    mails: dict[str, int] = {}
    names: dict[str, int] = {}
    for entry in entries:
        mail, name = entry.email.casefold(), _plain(f"{entry.given} {entry.family}")
        if mail and mail in mails:
            yield replace(entry, problem=entry.problem or Problem.MAIL_TWICE, same_as=mails[mail])
        else:
            yield replace(entry, same_as=names.get(name))
        mails.setdefault(mail, entry.line)
        names.setdefault(name, entry.line)


def _plain(text: str) -> str:
    """Small letters without marks, for comparing."""
    parts = unicodedata.normalize("NFKD", text.casefold().strip())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))
