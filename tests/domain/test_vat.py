"""The VAT table: what is decided counts from its day on, and what nobody decided is a value with words."""

from dataclasses import replace
from datetime import date

import pytest

from server.domain.vat import MACHINE_USE_FROM_FRANCE, Cell, MissingCell, Nature, decide

DAY = date(2026, 10, 5)
FRENCH = Cell("normal", "fr_business", "machine_use", "S", 2000, "", date(2026, 1, 1), None)


def test_a_decided_cell_gives_category_rate_and_words() -> None:
    cells = [
        Cell("normal", one.treatment, "machine_use", one.category, one.rate_bp, one.mention, date(2026, 1, 1), None)
        for one in MACHINE_USE_FROM_FRANCE
    ]

    found = {
        treatment: decide(cells, "normal", treatment, Nature.MACHINE_USE, DAY)
        for treatment in ("fr_business", "eu_business", "non_eu_business")
    }

    assert [(cell.category, cell.rate_bp) for cell in found.values() if isinstance(cell, Cell)] == [
        ("S", 2000),
        ("AE", 0),
        ("O", 0),
    ]
    assert found["eu_business"] == replace(
        cells[1], mention="Autoliquidation – art. 259-1 du CGI, art. 44 et 196 de la directive 2006/112/CE"
    )
    assert found["non_eu_business"] == replace(cells[2], mention="TVA non applicable – art. 259-1 du CGI")


@pytest.mark.parametrize(
    "other",
    [{"regime": "exempt"}, {"treatment": "eu_business"}, {"nature": "goods"}, {"valid_from": date(2026, 10, 6)}],
)
def test_a_cell_nobody_decided_is_named(other: dict[str, str]) -> None:
    found = decide([replace(FRENCH, **other)], "normal", "fr_business", Nature.MACHINE_USE, DAY)

    assert str(found) == (
        "no VAT cell for seller regime normal, treatment fr_business, nature machine_use on 2026-10-05"
    )
    assert decide([FRENCH], "normal", "fr_business", Nature.MACHINE_USE, DAY) == FRENCH


def test_an_establishment_without_a_treatment_says_so() -> None:
    found = decide([FRENCH], "normal", None, Nature.MACHINE_USE, DAY)

    assert found == MissingCell("normal", None, "machine_use", DAY)
    assert str(found) == "no VAT treatment of this establishment on 2026-10-05"


def test_a_decision_holds_until_the_day_it_ends() -> None:
    old = replace(FRENCH, valid_until=DAY)
    new = replace(FRENCH, rate_bp=2100, valid_from=DAY)

    rates = [
        found.rate_bp
        for day in (date(2026, 10, 4), DAY)
        if isinstance(found := decide([new, old], "normal", "fr_business", Nature.MACHINE_USE, day), Cell)
    ]

    assert rates == [2000, 2100]
