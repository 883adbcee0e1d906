"""A list of people: read from any spreadsheet, every mistake with its line and its column, compared with who is here."""

from datetime import date

import pytest

from server.domain.roster import COLUMNS, Fault, Here, Line, Outcome, plan, read, write

HEAD = "given;family;email;language;payer;from;until;minor until"
ADA = Here(7, "Ada", "Lovelace", "fr", None, ties={"acme-rd": None})
PAYERS = {"acme-rd": True, "school-1": True, "old": False}


def lines(*rows: str, head: str = HEAD) -> list[Line]:
    found, wrong = read("\n".join([head, *rows]))
    assert wrong == []
    return found


def faults(*rows: str, head: str = HEAD) -> list[tuple[int, str, Fault]]:
    found, wrong = read("\n".join([head, *rows]))
    _, more = plan(found, {"ada@lab.test": [ADA]}, PAYERS)
    return [(one.line, one.column, one.fault) for one in (*wrong, *more)]


def steps(*rows: str, here: Here | None = ADA) -> list[tuple[Outcome, tuple[str, ...], bool]]:
    found, wrong = plan(lines(*rows), {"ada@lab.test": [here]} if here else {}, PAYERS)
    assert wrong == []
    return [(one.outcome, one.changes, one.joins) for one in found]


def test_a_line_says_who_pays_from_when_to_when_and_until_when_somebody_is_under_age() -> None:
    [line] = lines("Zoé;Muster;Zoe@Lab.test;DE;school-1;2026-11-02;30/06/2027;01.09.2028")

    assert line == Line(
        *(2, "Zoé", "Muster", "zoe@lab.test", "de", "school-1"),
        *(date(2026, 11, 2), date(2027, 6, 30), date(2028, 9, 1)),
    )


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("Prénom,Nom,Courriel", "Zoé,Muster,zoe@lab.test"),
        ("Vorname\tNachname\tE-Mail", "Zoé\tMuster\tzoe@lab.test"),
        ("\ufeffemail;FAMILY NAME;Given Name", "zoe@lab.test;Muster;Zoé"),
        ("given,family,email", '"Zoé","Muster",zoe@lab.test'),
    ],
)
def test_columns_come_in_any_order_language_and_with_any_mark_between_them(head: str, row: str) -> None:
    [line] = lines(row, head=head)

    assert (line.given, line.family, line.email) == ("Zoé", "Muster", "zoe@lab.test")


def test_every_mistake_is_named_by_line_and_column() -> None:
    assert faults(
        ";Muster;zoe@lab.test;;;;;",
        "Zoé;Muster;no-address;xx;nowhere;tomorrow;;",
        "Bob;Honig;bob@lab.test;;old;2026-11-02;2026-11-01;",
    ) == [
        (2, "given", Fault.MISSING),
        (3, "email", Fault.MAIL),
        (3, "language", Fault.LANGUAGE),
        (3, "from", Fault.DAY),
        (4, "until", Fault.ENDS_FIRST),
        (3, "payer", Fault.PAYER),
        (4, "payer", Fault.CLOSED),
    ]


@pytest.mark.parametrize(
    ("begins", "faults"), [("", [(2, "until", Fault.ENDS_FIRST)]), ("2026-09-01", [])], ids=["from today", "past"]
)
def test_a_membership_from_today_on_does_not_end_before_today(begins: str, faults: list[object]) -> None:
    found = lines(f"Bob;Honig;bob@lab.test;;acme;{begins};2026-10-13;")

    _, wrong = plan(found, {}, {"acme": True}, (), date(2026, 10, 14))

    assert [(one.line, one.column, one.fault) for one in wrong] == faults


def test_a_column_that_is_missing_or_unknown_is_said_before_any_line() -> None:
    assert faults("Zoé;x", head="given;shoe size") == [
        (1, "shoe size", Fault.UNKNOWN_COLUMN),
        (1, "family", Fault.NO_COLUMN),
        (1, "email", Fault.NO_COLUMN),
    ]
    assert faults(head=HEAD) == [(1, "", Fault.EMPTY)]


def test_lines_are_counted_as_the_spreadsheet_shows_them_and_empty_ones_are_left_out() -> None:
    found = lines("Zoé;Muster;zoe@lab.test", ";;;;;;;", "", "Bob;Honig;bob@lab.test")

    assert [line.number for line in found] == [2, 5]


def test_lines_end_as_any_spreadsheet_ends_them() -> None:
    found, wrong = read(f"{HEAD}\rZoé;Muster;zoe@lab.test\rBob;Honig;bob@lab.test\r")

    assert wrong == []
    assert [line.number for line in found] == [2, 3]


def test_a_quotation_mark_that_nobody_closed_is_named_and_not_a_crash() -> None:
    assert faults('"Zoé;Muster;zoe@lab.test', *["Bob;Honig;bob@lab.test"] * 8_000)[0][2] is Fault.QUOTE


@pytest.mark.parametrize("day", ["9999-12-31", "31/12/9999", "0001-01-01"])
def test_a_day_beyond_all_calendars_is_none(day: str) -> None:
    assert faults(f"Zoé;Muster;zoe@lab.test;;acme-rd;;{day};") == [(2, "until", Fault.DAY)]


def test_who_is_here_is_the_same_changed_or_joins_another_payer() -> None:
    assert steps("Ada;Lovelace;ada@lab.test") == [(Outcome.SAME, (), False)]
    assert steps("Ada;Lovelace;ada@lab.test;fr;acme-rd") == [(Outcome.SAME, (), False)]
    assert steps("Ada;King;ada@lab.test;en;acme-rd;;2027-06-30;2027-01-01") == [
        (Outcome.CHANGED, ("family", "language", "minor until", "until"), False)
    ]
    assert steps("Ada;Lovelace;ada@lab.test;;school-1") == [(Outcome.CHANGED, (), True)]
    assert steps("Zoé;Muster;zoe@lab.test;;school-1", here=None) == [(Outcome.NEW, (), True)]


def test_a_class_of_members_is_given_where_it_is_known_and_differs() -> None:
    mentor = Here(7, "Ada", "Lovelace", "fr", None, ties={"acme-rd": None}, classes={"acme-rd": "mentor"})
    head = f"{HEAD};catégorie"

    def planned(cell: str, here: Here) -> list[object]:
        found = lines(f"Ada;Lovelace;ada@lab.test;;acme-rd;;;;{cell}", head=head)
        done, wrong = plan(found, {"ada@lab.test": [here]}, PAYERS, {"mentor", "half"})
        return [*(one.changes for one in done), *(one.fault for one in wrong)]

    assert planned("mentor", mentor) == [()]
    assert planned("", mentor) == [()]
    assert planned("half", mentor) == [("class",)]
    assert planned("mentor", ADA) == [("class",)]
    assert planned("boss", ADA) == [Fault.CLASS]


def test_an_empty_cell_takes_nothing_away() -> None:
    minor = Here(7, "Ada", "Lovelace", "de", date(2027, 1, 1), ties={"acme-rd": date(2027, 6, 30)})

    assert steps("Ada;Lovelace;ada@lab.test;;acme-rd;;;", here=minor) == [(Outcome.SAME, (), False)]


def test_two_payers_are_two_lines_of_one_person_with_one_name() -> None:
    two = steps("Zoé;Muster;zoe@lab.test;;school-1", "Zoé;Muster;ZOE@lab.test;;acme-rd", here=None)

    assert two == [(Outcome.NEW, (), True)] * 2
    assert faults("Zoé;Muster;zoe@lab.test;;school-1", "Zoë;Muster;zoe@lab.test;;acme-rd") == [
        (3, "family", Fault.OTHER_NAME)
    ]
    assert faults(*["Zoé;Muster;zoe@lab.test;;school-1"] * 2) == [(3, "email", Fault.TWICE)]


def test_who_left_or_whose_address_two_people_have_is_refused() -> None:
    def against(*here: Here) -> list[Fault]:
        return [one.fault for one in plan(lines("Ada;Lovelace;ada@lab.test"), {"ada@lab.test": here}, PAYERS)[1]]

    left = Here(8, "Ada", "Lovelace", "fr", None, has_left=True)
    assert against(left) == [Fault.LEFT]
    assert against(ADA, Here(9, "Ada", "L", "fr", None)) == [Fault.TWO_PEOPLE]


def test_what_goes_out_comes_in_again_and_no_cell_is_a_formula() -> None:
    row = dict(
        zip(
            COLUMNS,
            ("=cmd()", "Muster", "zoe@lab.test", "de", "school-1", date(2026, 11, 2), None, None, None),
            strict=True,
        )
    )
    text = write([row])

    assert "'=cmd()" in text
    [line] = read(text)[0]
    assert (line.given, line.begins, line.until) == ("=cmd()", date(2026, 11, 2), None)
