"""A list of names as it comes by mail is read line by line; what is wrong is said with its line."""

import pytest

from server.domain.namelist import Entry, Problem, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada Lovelace", ("Ada", "Lovelace", "")),
        ("  3. Ada Lovelace  ", ("Ada", "Lovelace", "")),
        ("Ada Lovelace <ada@example.org>", ("Ada", "Lovelace", "ada@example.org")),
        ("Ada Lovelace ada@example.org", ("Ada", "Lovelace", "ada@example.org")),
        ("Jean de la Tour", ("Jean", "de la Tour", "")),
        ("DE LA TOUR Jean", ("Jean", "DE LA TOUR", "")),
        ("Ada;Lovelace;ada@example.org", ("Ada", "Lovelace", "ada@example.org")),
        ("Ada\tLovelace", ("Ada", "Lovelace", "")),
        ('"Ada","Lovelace","ada@example.org"', ("Ada", "Lovelace", "ada@example.org")),
        ("Ada Lovelace; ada@example.org", ("Ada", "Lovelace", "ada@example.org")),
        ("Nom;Prénom;Courriel\nLovelace;Ada;ada@example.org", ("Ada", "Lovelace", "ada@example.org")),
        ("Nachname\tVorname\nLovelace\tAda", ("Ada", "Lovelace", "")),
    ],
)
def test_a_line_is_a_person(text: str, expected: tuple[str, str, str]) -> None:
    [entry] = parse(text)

    assert (entry.given, entry.family, entry.email, entry.problem) == (*expected, None)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Ada", Problem.ONE_NAME),
        (";Lovelace", Problem.ONE_NAME),
        ("Ada;Lovelace;ada@example", Problem.BAD_MAIL),
        (f"Ada {'x' * 101}", Problem.TOO_LONG),
    ],
)
def test_what_is_wrong_is_said_with_its_line(line: str, problem: Problem) -> None:
    entries = parse(f"Bob Clavel\n\n{line}")

    assert [(entry.line, entry.problem) for entry in entries] == [(1, None), (3, problem)]


def test_the_same_mail_twice_is_wrong_and_the_same_name_twice_is_said() -> None:
    entries = parse("Léa Ott <lea@example.org>\nLea Ott\nTim Rau <LEA@example.org>")

    assert entries[1:] == (
        Entry(2, "Lea", "Ott", "", None, same_as=1),
        Entry(3, "Tim", "Rau", "LEA@example.org", Problem.MAIL_TWICE, same_as=1),
    )


def test_a_list_of_nothing_is_empty() -> None:
    assert parse(" \n\n") == ()
