"""Which items of a month may stand on one document."""

from dataclasses import dataclass
from datetime import date

from server.domain.splitting import parts
from server.domain.vat import Cell, MissingCell


@dataclass(frozen=True)
class Thing:
    name: str
    vat: Cell | MissingCell
    order: str = ""


def thing(name: str, category: str, order: str = "") -> Thing:
    rate = 2000 if category == "S" else 0
    return Thing(name, Cell("normal", "any", "goods", category, rate, "", date(2026, 1, 1), None), order)


def named(found: list[tuple[str, list[Thing]]]) -> list[tuple[str, str]]:
    return [(part, " ".join(one.name for one in own)) for part, own in found]


def test_one_document_is_enough_where_rates_and_reverse_charge_meet() -> None:
    found = parts([thing("mill", "AE"), thing("course", "S"), thing("training", "E")])

    assert named(found) == [("", "mill course training")]


def test_what_is_outside_the_scope_of_vat_stands_alone() -> None:
    found = parts([thing("mill", "O"), thing("plate", "S"), thing("laser", "O"), thing("lesson", "E")])

    assert named(found) == [("O", "mill laser"), ("S", "plate lesson")]


def test_alone_anyway_it_needs_no_name() -> None:
    assert named(parts([thing("mill", "O"), thing("laser", "O")])) == [("", "mill laser")]


def test_what_nobody_has_decided_does_not_hold_what_is_outside_the_scope() -> None:
    missing = Thing("plate", MissingCell("normal", "non_eu_business", "goods", date(2026, 10, 5)))

    assert named(parts([thing("mill", "O"), missing])) == [("O", "mill"), ("S", "plate")]


def test_whoever_wants_it_gets_a_document_for_each_order() -> None:
    items = [
        thing("mill", "S", "4500017"),
        thing("laser", "S", "4500012"),
        thing("saw", "S"),
        thing("lathe", "S", "4500017"),
    ]

    found = parts(items, lambda one: one.order)

    assert named(found) == [("", "saw"), ("4500012", "laser"), ("4500017", "mill lathe")]


def test_an_order_is_split_again_where_vat_asks_for_it() -> None:
    items = [thing("mill", "O", "4500017"), thing("plate", "S", "4500017"), thing("saw", "O", "4500012")]

    found = parts(items, lambda one: one.order)

    assert named(found) == [("4500012", "saw"), ("4500017/O", "mill"), ("4500017/S", "plate")]


def test_nothing_makes_no_document() -> None:
    nothing: list[Thing] = []

    assert parts(nothing) == []
