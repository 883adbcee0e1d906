"""What somebody must decide or see before it holds an invoice: VAT cells of what is sold here, proofs that run out; on both
databases."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing import service as billing
from server.billing.gaps import vat_gaps
from server.billing.models import VatCell
from server.billing.natures import natures_in_use
from server.billing.proving import proofs_wanted
from server.db import reading
from server.domain.status import ProofKind
from server.domain.vat import Nature, Regime
from server.domain.vat_proposals import column
from server.people import service as people
from server.supplies import service as supplies
from tests.server.billing_lab import OPENED, furnish

DAY = date(2026, 10, 14)
BY: Any = {"actor": "test", "now": OPENED}


@pytest.fixture(autouse=True)
def _lab(app: Flask) -> None:
    furnish()


def used(day: date = DAY) -> set[str]:
    with reading():
        return {nature.value for nature in natures_in_use(day)}


def gaps() -> set[tuple[str | None, str]]:
    return {(gap.treatment, gap.nature) for gap in vat_gaps(DAY)}


def test_a_lab_that_only_lends_machines_needs_only_their_cells() -> None:
    assert used() == {"machine_use"}
    assert gaps() == {("foreign_non_taxable", "machine_use")}


def test_cells_of_every_nature_that_is_sold_here_are_needed() -> None:
    names = {"fr": "Plaque", "de": "Platte", "en": "Plate"}
    supplies.add_material(supplies.MaterialFacts(names, "piece", "goods"), **BY)
    supplies.add_preset({"fr": "Badge perdu"}, "fee", Decimal(1500), **BY)
    supplies.add_recurring("acme-1", {"fr": "Casier"}, "subscription", 2500, date(2026, 9, 1), "locker", **BY)

    assert used() == {"machine_use", "goods", "fee", "subscription"}
    assert ("fr_business", "goods") in gaps()
    assert ("eu_business", "fee") in gaps()
    assert len(gaps()) == 1 + 4 * 3  # four treatments are billed here, three natures are new

    proposed = [one for nature in Nature for one in column(Regime.NORMAL, nature) if one.nature != "machine_use"]
    billing.accept_proposals(proposed, DAY, "confirmed", **BY)
    assert gaps() == {("foreign_non_taxable", "machine_use")}


def test_what_was_sold_once_counts_for_a_year() -> None:
    item = supplies.ItemFacts("acme-1", date(2026, 3, 2), {"fr": "Livre"}, "goods", Decimal(1), "piece", Decimal(900))
    supplies.add_one_off(item, "open day", **BY)

    assert used(date(2027, 3, 1)) == {"machine_use", "goods"}
    assert used(date(2027, 3, 2)) == {"machine_use"}


def test_proposals_are_taken_over_all_or_none() -> None:
    goods = column(Regime.NORMAL, Nature.GOODS)
    billing.accept_proposals(goods[2:3], date(2026, 11, 1), "staff on site first", **BY)

    with pytest.raises(billing.BillingError, match="already decided from 2026-11-01"):
        billing.accept_proposals(goods, DAY, "all of them", **BY)

    with reading() as session:
        decided = select(VatCell.treatment).where(VatCell.nature == "goods")
        assert session.scalars(decided).all() == ["fr_establishment"]


def test_a_proof_is_asked_for_of_whoever_is_treated_as_from_abroad_and_thirty_days_before_it_runs_out() -> None:
    assert proofs_wanted(DAY) == ()

    day = date(2026, 12, 1)  # those of this lab do until 2027-01-01
    assert proofs_wanted(day) == ()
    assert [(one.legal_name, one.until) for one in proofs_wanted(date(2026, 12, 2))] == [
        ("Bergzeug AG", date(2027, 1, 1)),
        ("Nordwerk GmbH", date(2027, 1, 1)),
    ]
    assert {one.until for one in proofs_wanted(date(2027, 1, 1))} == {None}


def test_a_newer_proof_ends_the_warning_and_one_taken_back_brings_it_at_once() -> None:
    house = next(one.establishment for one in proofs_wanted(date(2027, 1, 1)) if one.legal_name == "Nordwerk GmbH")
    reply = people.Seen(ProofKind.VIES, date(2026, 12, 3), "WAPIBBBBZ12")
    newer = people.add_proof(house, reply, (), Path(), today=date(2026, 12, 3), **BY)
    assert [one.legal_name for one in proofs_wanted(date(2027, 1, 1))] == ["Bergzeug AG"]

    people.take_back_proof(newer.id, "of another company", **BY)

    assert len(proofs_wanted(date(2027, 1, 1))) == 2
    with pytest.raises(people.PeopleError, match="taken back already"):
        people.take_back_proof(newer.id, "again", **BY)
