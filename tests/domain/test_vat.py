"""The VAT table: what is decided counts from its day on, and what nobody decided is a value with words."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from server.domain.vat import Cell, Customer, MissingCell, Nature, Treatment, customer, decide, in_services_declaration
from server.domain.vat_proposals import Basis, Doubt, column, proposals_for

DAY = date(2026, 10, 5)
FRENCH = Cell("normal", "fr_business", "machine_use", "S", 2000, "", date(2026, 1, 1), None)


def test_a_decided_cell_gives_category_rate_and_words() -> None:
    cells = [
        Cell("normal", one.treatment, "machine_use", one.category, one.rate_bp, one.mention, date(2026, 1, 1), None)
        for one in column("normal", "machine_use")
        if one.treatment in {"fr_business", "eu_business", "non_eu_business"}
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
def test_a_cell_nobody_decided_is_named(other: dict[str, Any]) -> None:
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


# --- what the law texts suggest ---------------------------------------------------------------------------------------


def categories(regime: str, nature: str) -> str:
    """By treatment: France, public body, staff on site, EU, outside the EU, not taxable, private."""
    return " ".join(one.category for one in column(regime, nature))


@pytest.mark.parametrize(
    ("nature", "wanted"),
    [
        ("machine_use", "S S S AE O S S"),
        ("operator_service", "S S S AE O S S"),
        ("subscription", "S S S AE O S S"),
        ("tenant_training", "S S S AE O S S"),
        ("open_course", "S S S S S S S"),  # where it is held, whoever comes
        ("goods", "S S S S S S S"),  # handed over here
        ("machine_use_with_room", "S S S S S S S"),  # where the building stands
    ],
)
def test_for_each_nature_the_law_texts_suggest_a_cell_for_every_treatment(nature: str, wanted: str) -> None:
    assert categories("normal", nature) == wanted
    assert {one.rate_bp for one in column("normal", nature)} <= {0, 2000}


def test_a_seller_below_the_thresholds_charges_no_vat_in_france() -> None:
    assert categories("franchise", "machine_use") == "E E E AE O E E"
    assert column("franchise", "goods")[0].mention == "TVA non applicable, art. 293 B du CGI"


def test_a_course_may_be_exempt_instead_where_the_lab_holds_the_attestation() -> None:
    usual, instead = proposals_for("normal", "fr_business", "open_course")

    assert (usual.category, usual.doubt, instead.category, instead.basis) == (
        "S",
        Doubt.ATTESTATION,
        "E",
        Basis.TRAINING,
    )
    assert instead.is_alternative
    assert len(proposals_for("normal", "fr_business", "machine_use")) == 1


def test_nothing_is_suggested_for_what_nobody_knows() -> None:
    assert proposals_for("normal", "moon_base", "machine_use") == ()


def test_who_is_protected_like_a_private_person() -> None:
    assert customer("fr_public") is Customer.PUBLIC
    assert {customer("private"), customer("foreign_non_taxable")} == {Customer.PRIVATE}
    assert {customer(one) for one in ("fr_business", "fr_establishment", "eu_business", None)} == {Customer.BUSINESS}


def test_the_declaration_of_services_has_reverse_charge_to_the_eu_and_neither_courses_nor_goods() -> None:
    declared = [nature.value for nature in Nature if in_services_declaration("AE", Treatment.EU_BUSINESS, nature)]

    assert "machine_use" in declared
    assert not {"open_course", "goods", "machine_use_with_room"} & set(declared)
    assert in_services_declaration("AE", Treatment.FR_ESTABLISHMENT, "machine_use")  # of before it had one
    assert not in_services_declaration("S", Treatment.FR_ESTABLISHMENT, "machine_use")
    assert not in_services_declaration("O", Treatment.NON_EU_BUSINESS, "machine_use")
