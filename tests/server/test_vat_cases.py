"""The cases of the law, from who is billed and what was decided to what the document says: nothing between is invented."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing import service as billing
from server.billing.einvoice.service import check
from server.billing.models import Draft, VatCell
from server.billing.pricing import priced
from server.contracts import service as contracts
from server.db import closing_database, make_app, reading, writing
from server.domain.invoicing import Seller
from server.domain.orders import Asked
from server.domain.status import ProofKind
from server.domain.tariffs import Scope, simple
from server.domain.vat import Nature, Regime
from server.domain.vat_proposals import column, proposals_for
from server.jobs import service as jobs
from server.machines import service as machines
from server.people import service as people
from server.people.models import Establishment, TaxTreatment, TenantKind
from server.supplies import service as supplies
from tests.server.billing_lab import CLOSING, MONTH, OPENED, ZONE, close, use
from wire.messages import RiskClass

BY: Any = {"actor": "accountant", "now": OPENED}
SINCE = OPENED.date()
REVERSE = "Autoliquidation – art. 259-1 du CGI, art. 44 et 196 de la directive 2006/112/CE"
OUTSIDE = "TVA non applicable – art. 259-1 du CGI"
SMALL = "TVA non applicable, art. 293 B du CGI"
TRAINING = "Exonération de TVA, art. 261, 4-4° a du CGI"


def seller(**changed: Any) -> Seller:
    known: dict[str, Any] = {
        "trade_name": "Halle Zéro",
        "legal_name": "Halle Zéro SAS",
        "capital": "50 000 €",
        "street": "7, quai de la Locomotive",
        "postcode": "68100",
        "city": "Mulhouse",
        "country": "FR",
        "siren": "900000001",
        "siret": "90000000100017",
        "rcs": "Mulhouse 900 000 001",
        "vat_id": "FR68900000001",
        "iban": "FR7630006000011234567890189",
        "bic": "EXEMFRPPXXX",
        "vat_on_debits": False,
        "payment_days": 30,
        "late_rate": "trois fois le taux d’intérêt légal",
        "email": "atelier@halle-zero.example",
    }
    return Seller(**known | changed)


def decided_but_nobody_is_billed(url: str, regime: Regime) -> Flask:
    """A mill at 60.00 € an hour by the quarter, a seller, and every proposal of its regime taken over."""
    application = make_app(url)
    with application.app_context(), closing_database(), writing():
        machines.add_agent("agent-1", **BY)
        machines.add_machine("p1", "Fraiseuse", "mill", "agent-1", RiskClass.LOW, **BY)
        billing.add_seller(seller(regime=regime.value), SINCE, **BY)
        billing.add_tariff(Scope(category="mill"), simple(6000, 900), OPENED, **BY)
        proposed = [one for nature in Nature for one in column(regime, nature)]
        billing.accept_proposals(proposed, SINCE, "confirmed by our accountant", **BY)
    return application


@pytest.fixture
def lab(sqlite_url: str) -> Any:
    with (app := decided_but_nobody_is_billed(sqlite_url, Regime.NORMAL)).app_context(), closing_database():
        yield app


@pytest.fixture
def small_lab(sqlite_url: str) -> Any:
    with (app := decided_but_nobody_is_billed(sqlite_url, Regime.FRANCHISE)).app_context(), closing_database():
        yield app


def customer(treatment: str, country: str = "FR", *, proof: ProofKind | None = None, **told: Any) -> int:
    """A tenant ``it`` with the payer ``it-1`` and one address, treated so since January. Returns the address."""
    site = (
        people.Site(True, date(2026, 1, 1), "M. Weber, Geschäftsführer", "Mietvertrag")
        if "establish" in treatment
        else None
    )
    with writing():
        people.add_tenant("it", "Nordwerk", told.pop("kind", TenantKind.COMPANY), told.pop("language", "fr"), **BY)
        told = {"email": "compta@it.example", **told, **BY}
        house: int = people.add_establishment(
            "it", "Nordwerk", "1 rue des Essais", "68100", "Mulhouse", country, **told
        ).id
        people.set_treatment(house, treatment, SINCE, "as stated", site, **BY)
        people.set_bill_to("it", house, SINCE, **BY)
        people.add_payer("it", "it-1", "Atelier", "Nordwerk", **BY)
        if proof:
            people.add_proof(house, people.Seen(proof, SINCE, "WAPIAAAAZ12"), (), Path(), today=SINCE, **BY)
    return house


def bought(nature: Nature, euros: int, day: date = date(2026, 10, 8)) -> None:
    unit = "person" if nature is Nature.OPEN_COURSE else "piece"
    facts = supplies.ItemFacts("it-1", day, {"fr": nature.value}, nature.value, Decimal(1), unit, Decimal(euros * 100))
    supplies.add_one_off(facts, "ordered", **BY)


def drafts() -> list[Draft]:
    close(now=CLOSING)
    with reading() as session:
        return list(session.scalars(select(Draft).where(Draft.month == MONTH).order_by(Draft.part)))


def draft() -> Draft:
    (only,) = drafts()
    return only


def vat(content: dict[str, Any]) -> list[tuple[str, int, int, int]]:
    """Category, rate, net and VAT of each row."""
    return [(row["category"], row["rate_bp"], row["net_cents"], row["vat_cents"]) for row in content["vat"]]


def numbered(content: dict[str, Any]) -> dict[str, Any]:
    """As it would be once issued."""
    days = {"issued_on": "2026-11-03", "due_on": "2026-12-03"}
    return {**content, "number": "F-2026-0001", "series": "F-2026", "sequence": 1, **days}


# --- who is billed ----------------------------------------------------------------------------------------------------


def test_a_french_company_pays_twenty_percent(lab: Flask) -> None:
    customer("fr_business", siren="900000019", vat_id="FR25900000019")
    use("it-1", seconds=5000)  # 1:23:20, six quarters begun: 1.5 h at 60.00 € = 90.00 €, VAT 18.00 €

    said = draft()

    assert (vat(said.content), said.held) == ([("S", 2000, 9000, 1800)], "")
    assert said.content["buyer"]["customer"] == "business"
    assert check(numbered(said.content)) == ()


def test_a_french_company_without_a_siren_is_held(lab: Flask) -> None:
    customer("fr_business")
    use("it-1")

    assert draft().held == "a French business is billed with its SIREN, and Nordwerk has none on record"


def test_a_start_up_is_billed_without_vat_by_a_seller_under_293_b(small_lab: Flask) -> None:
    customer("fr_business", siren="900000019", kind=TenantKind.STARTUP)
    use("it-1")
    bought(Nature.GOODS, 40)

    said = draft()

    assert (vat(said.content), said.held) == ([("E", 0, 10000, 0)], "")  # 60.00 € of mill and 40.00 € of goods
    assert SMALL in " ".join(said.content["mentions"])
    assert said.content["seller"]["regime"] == "franchise"
    assert said.gross_cents == 10000
    assert check(numbered(said.content)) == ()


def test_a_gmbh_gets_reverse_charge_for_the_mill_and_twenty_percent_for_the_open_course(lab: Flask) -> None:
    customer("eu_business", "DE", vat_id="DE136695976", proof=ProofKind.VIES, language="de")
    use("it-1")
    bought(Nature.OPEN_COURSE, 150)

    said = draft()  # one document: reverse charge and 20 % may meet

    assert (vat(said.content), said.held) == ([("S", 2000, 15000, 3000), ("AE", 0, 6000, 0)], "")
    assert f"{REVERSE} / Steuerschuldnerschaft des Leistungsempfängers" in " ".join(said.content["mentions"])
    assert (said.content["seller"]["vat_id"], said.content["buyer"]["vat_id"]) == ("FR68900000001", "DE136695976")
    assert check(numbered(said.content)) == ()


def test_the_same_gmbh_with_staff_upstairs_gets_twenty_percent_and_a_siren(lab: Flask) -> None:
    customer("fr_establishment", "FR", siren="900000027", vat_id="FR49900000027", language="de")
    use("it-1")

    said = draft()

    assert (vat(said.content), said.held) == ([("S", 2000, 6000, 1200)], "")
    assert (said.content["buyer"]["siren"], said.content["buyer"]["treatment"]) == ("900000027", "fr_establishment")
    assert "Autoliquidation" not in " ".join(said.content["mentions"])
    with reading() as session:
        stated = session.scalars(select(TaxTreatment)).one()
        assert (stated.staff_on_site, stated.staff_since, stated.stated_in) == (True, date(2026, 1, 1), "Mietvertrag")


def test_a_belgian_company_gets_reverse_charge(lab: Flask) -> None:
    customer("eu_business", "BE", vat_id="BE0428759497", proof=ProofKind.VIES)
    use("it-1")

    said = draft()

    assert (vat(said.content), said.held) == ([("AE", 0, 6000, 0)], "")
    assert REVERSE in said.content["mentions"]
    assert check(numbered(said.content)) == ()


def test_a_swiss_company_with_a_plate_gets_two_documents_and_both_validate(lab: Flask) -> None:
    customer("non_eu_business", "CH", vat_id="CHE107787577MWST", proof=ProofKind.SWISS_VAT, language="de")
    use("it-1")
    bought(Nature.GOODS, 25)

    outside, taxed = drafts()

    assert (outside.part, vat(outside.content), outside.held) == ("O", [("O", 0, 6000, 0)], "")
    assert (taxed.part, vat(taxed.content), taxed.held) == ("S", [("S", 2000, 2500, 500)], "")
    assert OUTSIDE in " ".join(outside.content["mentions"])
    assert "259-1" not in " ".join(taxed.content["mentions"])
    assert [check(numbered(one.content)) for one in (outside, taxed)] == [(), ()]


def test_a_swiss_private_person_pays_french_vat(lab: Flask) -> None:
    customer("private", "CH")
    use("it-1")

    said = draft()

    assert (vat(said.content), said.held) == ([("S", 2000, 6000, 1200)], "")
    assert said.content["buyer"]["customer"] == "private"
    assert "40" not in " ".join(said.content["mentions"])  # the fixed sum is between traders


def test_a_public_body_gets_its_service_code_and_its_order_number_or_is_held(lab: Flask) -> None:
    house = customer("fr_public", siren="900000035", needs_service_code=True, kind=TenantKind.PUBLIC)
    contracts.ask_orders(house, Asked(required=True), **BY)
    use("it-1")
    assert {one["why"] for one in draft().reasons} == {"service_code", "order"}
    assert "Nordwerk refuses invoices without its service code, and none is on record" in draft().held

    with writing() as session:
        session.get_one(Establishment, house).service_code = "ATELIERS-01"
    contracts.add_order(house, None, contracts.Numbered("EJ-2026-00471", SINCE), "letter", **BY)

    said = draft()
    assert (vat(said.content), said.held) == ([("S", 2000, 6000, 1200)], "")
    assert (said.content["buyer"]["customer"], said.content["buyer"]["service_code"]) == ("public", "ATELIERS-01")
    assert said.content["order"]["number"] == "EJ-2026-00471"
    assert check(numbered(said.content)) == ()


def test_a_swiss_company_that_wants_one_document_for_each_order_gets_each_of_them_split(lab: Flask) -> None:
    house = customer("non_eu_business", "CH", vat_id="CHE107787577MWST", proof=ProofKind.SWISS_VAT)
    contracts.ask_orders(house, Asked(one_each=True), **BY)
    contracts.add_order(house, None, contracts.Numbered("B-17", SINCE), "mail", **BY)
    use("it-1")
    bought(Nature.GOODS, 25)

    found = [(one.part, one.content["order"]["number"], vat(one.content)) for one in drafts()]

    assert found == [("B-17/O", "B-17", [("O", 0, 6000, 0)]), ("B-17/S", "B-17", [("S", 2000, 2500, 500)])]


# --- what is sold -----------------------------------------------------------------------------------------------------


def test_training_may_be_exempt_where_somebody_decided_it_and_stands_beside_what_is_taxed(lab: Flask) -> None:
    customer("fr_business", siren="900000019")
    _, exempt = proposals_for("normal", "fr_business", "open_course")
    billing.accept_proposals([exempt], date(2026, 10, 1), "attestation of 2026-09-12", **BY)
    use("it-1")
    bought(Nature.OPEN_COURSE, 150)

    said = draft()

    assert (vat(said.content), said.held) == ([("S", 2000, 6000, 1200), ("E", 0, 15000, 0)], "")
    assert TRAINING in said.content["mentions"]
    assert check(numbered(said.content)) == ()
    with reading() as session:
        cell = session.scalars(select(VatCell).where(VatCell.category == "E")).one()
        assert (cell.vatex, cell.decided_by, cell.reason) == (
            "VATEX-FR-CGI261-4",
            "accountant",
            "attestation of 2026-09-12",
        )


def test_of_two_rates_each_has_its_row_and_vat_once_on_its_sum(lab: Flask) -> None:
    customer("fr_business", siren="900000019")
    billing.add_vat_cell("normal", "fr_business", Nature.GOODS, "S", 550, "", date(2026, 10, 1), "books", **BY)
    use("it-1")
    bought(Nature.GOODS, 11)
    bought(Nature.GOODS, 12)

    # 23.00 € at 5.5 % is 1.265 €, 1.27 € rounded half up once; 60.00 € at 20 % is 12.00 €
    assert vat(draft().content) == [("S", 2000, 6000, 1200), ("S", 550, 2300, 127)]


def test_a_private_person_is_told_what_it_comes_to_with_vat(lab: Flask) -> None:
    customer("private", kind=TenantKind.FREELANCER)
    use("it-1")

    said = draft()

    assert (said.net_cents, said.vat_cents, said.gross_cents, said.held) == (6000, 1200, 7200, "")


@pytest.mark.parametrize(("treatment", "cents"), [("private", 7200), ("fr_business", 6000)])
def test_a_private_person_reads_prices_with_vat_at_the_machine_and_on_the_phone(
    lab: Flask, treatment: str, cents: int
) -> None:
    customer(treatment, siren="900000019")
    session_id = use("it-1", start=CLOSING - timedelta(hours=1), state="open", ended_at=None)

    assert set(billing.rates_for(CLOSING, ZONE).values()) == {cents}  # 60.00 €, and 20 % on it
    said = priced(session_id, CLOSING, ZONE)
    assert said is not None
    assert (said.is_with_vat, said.vat_cents) == (treatment == "private", 1200)


# --- what holds a document --------------------------------------------------------------------------------------------


def test_a_cell_that_nobody_decided_holds_the_document_and_is_named(lab: Flask) -> None:
    customer("fr_business", siren="900000019")
    with reading() as session:
        cell = session.scalars(
            select(VatCell.id).where(VatCell.treatment == "fr_business", VatCell.nature == "goods")
        ).one()
    billing.end_vat_cell(cell, date(2026, 10, 1), "the rule has changed", **BY)
    use("it-1")
    bought(Nature.GOODS, 40)

    assert draft().held == "no VAT cell for seller regime normal, treatment fr_business, nature goods on 2026-10-08"


def test_an_autoliquidation_invoice_without_proof_of_status_is_held_and_says_why(lab: Flask) -> None:
    house = customer("eu_business", "DE", vat_id="DE136695976")
    use("it-1")

    said = draft()
    assert said.held == (
        "Nordwerk is billed without VAT as a business abroad, and nobody has seen a proof of its status within twelve months"
    )
    assert said.reasons[0]["why"] == "proof"

    reply = people.Seen(ProofKind.VIES, date(2026, 11, 2), "WAPIAAAAZ12")
    people.add_proof(house, reply, (), Path(), today=date(2026, 11, 2), **BY)
    assert draft().held == ""


@pytest.mark.parametrize(("dated_on", "is_held"), [(date(2025, 10, 31), True), (date(2025, 11, 1), False)])
def test_a_proof_does_for_twelve_months(lab: Flask, dated_on: date, is_held: bool) -> None:
    house = customer("non_eu_business", "CH", vat_id="CHE107787577MWST")
    extract = people.Seen(ProofKind.REGISTER, dated_on, "CH-270")
    people.add_proof(house, extract, (), Path(), today=date(2026, 10, 1), **BY)
    use("it-1")

    assert (draft().held != "") is is_held  # the month's last day is 2026-10-31


def test_a_proof_about_another_vat_id_and_one_taken_back_prove_nothing(lab: Flask) -> None:
    house = customer("eu_business", "DE", vat_id="DE136695976", proof=ProofKind.VIES)
    use("it-1")
    with writing() as session:
        session.get_one(Establishment, house).vat_id = "DE900000006"
    assert "nobody has seen a proof" in draft().held

    with writing() as session:
        session.get_one(Establishment, house).vat_id = "DE136695976"
    assert draft().held == ""
    people.take_back_proof(1, "the reply was about the branch in Kehl", **BY)
    assert "nobody has seen a proof" in draft().held


def test_what_is_taxed_here_needs_no_proof(lab: Flask) -> None:
    customer("eu_business", "DE", vat_id="DE136695976")
    bought(Nature.OPEN_COURSE, 150)

    assert (vat((said := draft()).content), said.held) == ([("S", 2000, 15000, 3000)], "")


# --- when it changes --------------------------------------------------------------------------------------------------


def test_a_treatment_that_changes_on_the_fifteenth_counts_by_the_start_of_each_session(lab: Flask) -> None:
    house = customer("eu_business", "DE", vat_id="DE136695976", siren="900000027", proof=ProofKind.VIES)
    site = people.Site(True, date(2026, 10, 15), "M. Weber", "Mietvertrag vom 1. Oktober")
    people.set_treatment(house, "fr_establishment", date(2026, 10, 15), "staff since then", site, **BY)
    midnight = datetime(2026, 10, 14, 22, tzinfo=UTC)  # of the fifteenth, on the lab's clock
    use("it-1", start=midnight - timedelta(hours=1), seconds=7200)  # begins before, ends after
    use("it-1", start=midnight)

    said = draft()

    assert vat(said.content) == [("S", 2000, 6000, 1200), ("AE", 0, 12000, 0)]
    assert said.held == ""
    assert said.content["untaxed"] == {"AE": {"words": REVERSE, "vatex": "VATEX-EU-AE"}}
    assert [one["treatment"] for one in said.content["charges"]] == ["eu_business", "fr_establishment"]


def test_who_moves_abroad_on_the_fifteenth_gets_two_documents(lab: Flask) -> None:
    house = customer("fr_business", "CH", siren="900000019", vat_id="CHE107787577MWST", proof=ProofKind.SWISS_VAT)
    people.set_treatment(house, "non_eu_business", date(2026, 10, 15), "seat moved to Basel", **BY)
    use("it-1")
    use("it-1", start=datetime(2026, 10, 20, 8, tzinfo=UTC))

    outside, taxed = drafts()

    assert (outside.part, vat(outside.content), outside.held) == ("O", [("O", 0, 6000, 0)], "")
    assert (taxed.part, vat(taxed.content), taxed.held) == ("S", [("S", 2000, 6000, 1200)], "")
    assert [one.content["buyer"]["treatment"] for one in (outside, taxed)] == ["non_eu_business", "fr_business"]


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ("fr_business", "eu_business", ["FR", "INT"]),
        ("fr_establishment", "eu_business", ["FR", "INT"]),
        ("fr_business", "private", ["FR", "PRIV"]),
        ("fr_public", "fr_business", ["FR", "PUB"]),
        ("fr_business", "fr_establishment", [""]),
    ],
)
def test_who_is_somebody_else_to_the_tax_office_from_a_day_on_gets_a_document_of_each_time(
    lab: Flask, before: str, after: str, parts: list[str]
) -> None:
    here = {"siren": "900000019", "vat_id": "FR25900000019" if after != "eu_business" else "DE136695976"}
    house = customer(before, "FR" if after != "eu_business" else "DE", proof=ProofKind.VIES, **here)
    site = people.Site(True, date(2026, 10, 15), "M. Weber", "Bail") if after == "fr_establishment" else None
    people.set_treatment(house, after, date(2026, 10, 15), "seat moved", *([site] if site else []), **BY)
    use("it-1")
    use("it-1", start=datetime(2026, 10, 20, 8, tzinfo=UTC))

    found = drafts()

    assert sorted(one.part for one in found) == parts
    treated = {one.part: {charge["treatment"] for charge in one.content["charges"]} for one in found}
    if len(parts) == 2:
        assert all(treated[one.part] == {one.content["buyer"]["treatment"]} for one in found)
        assert sorted(one.content["buyer"]["treatment"] for one in found) == sorted((before, after))


def test_with_staff_on_site_nobody_is_treated_as_from_abroad(lab: Flask) -> None:
    house = customer("eu_business", "DE", vat_id="DE136695976")
    site = people.Site(True, date(2026, 5, 1), "M. Weber", "Mietvertrag")

    with pytest.raises(people.PeopleError, match="establishment in France"):
        people.set_treatment(house, "eu_business", date(2026, 5, 1), "x", site, **BY)
    with pytest.raises(people.PeopleError, match="who stated it"):
        people.set_treatment(house, "fr_establishment", date(2026, 5, 1), "x", **BY)


def test_a_decision_about_vat_goes_to_the_panels_of_private_persons_at_once(lab: Flask) -> None:
    seen = jobs.last_change_id()

    billing.add_vat_cell(
        *("normal", "private", Nature.MACHINE_USE, "S", 1000, ""),
        valid_from=date(2026, 12, 1),
        reason="A new rate",
        actor="manager",
        now=CLOSING,
    )

    assert ("access", "vat:private") in {(change.topic, change.key) for change in jobs.changes_after(seen)}
