"""The pages about prices, the VAT table and the seller: what is missing, what is decided by whom, what cannot be."""

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.billing.models import Seller, Tariff, VatCell
from server.db import reading
from server.domain.roles import Role
from server.domain.rule_text import from_plain
from server.domain.tariffs import simple
from server.machines import service as machines
from server.people import service as people
from server.people.models import TenantKind
from tests.server import billing_lab
from tests.server.billing_lab import OPENED, close, issue, use
from tests.server.signed_in import page, signed_in, web_app
from wire.messages import RiskClass

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
PRICE = {
    "what": "category:printer",
    "kind": "",
    "p1_cents": "12,50",
    "p1_per": "1:00",
    "p1_step": "15",
    "p1_least": "",
    "fee": "",
    "since": "2026-11-01",
    "reason": "décision du comité",
}
CELL = {
    "regime": "normal",
    "treatment": "foreign_non_taxable",
    "nature": "machine_use",
    "category": "S",
    "rate": "20",
    "mention": "",
    "since": "2026-10-14",
    "reason": "consommateur final",
}
SELLER = {
    "trade_name": "Atelier du Fil",
    "legal_name": "Atelier du Fil SAS",
    "capital": "10 000 €",
    "street": "1 quai des Prototypes",
    "postcode": "68100",
    "city": "Mulhouse",
    "country": "FR",
    "siren": "000 010 009",
    "siret": "000 010 009 00017",
    "rcs": "Mulhouse 000 010 009",
    "vat_id": "FR 66 000010009",
    "iban": "FR76 3000 6000 0112 3456 7890 189",
    "bic": "EXEMFRPPXXX",
    "regime": "normal",
    "mode": "issue",
    "prefix": "AF",
    "payment_days": "30",
    "payment_days_public": "30",
    "payment_days_private": "30",
    "late_rate": "trois fois le taux d’intérêt légal",
    "since": "2027-01-01",
}


@pytest.fixture
def app(sqlite_url: str) -> Flask:
    """The web application on a lab with prices; what the services write is tested on both databases elsewhere."""
    web = web_app(sqlite_url, NOW)
    with web.app_context():
        billing_lab.furnish()
    return web


@pytest.fixture
def manager(app: Flask) -> FlaskClient:
    return signed_in(app, Role.MANAGER)


def refused(client: FlaskClient, path: str, data: dict[str, str]) -> str:
    answer = client.post(path, data=data)
    assert answer.status_code == 422, data
    return answer.text.replace("\u00a0", " ")


def rows(app: Flask, table: Any, *order: Any) -> list[Any]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(table).order_by(*order or (table.id,))).all())


def version(html: str) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', html)
    assert found
    return found[1]


# --- the price list ---------------------------------------------------------------------------------------------------


def test_the_list_of_a_day_shows_what_each_kind_of_tenant_pays(app: Flask, manager: FlaskClient) -> None:
    manager.post("/tariffs/new", data={**PRICE, "kind": "association"})

    today, later = page(manager, "/tariffs"), page(manager, "/tariffs?day=2026-11-01")

    (company, association), (_, later_association) = (
        re.findall(r"([\d,]+ €)</a>", html.split(">printer<")[1])[:2] for html in (today, later)
    )
    assert (company, association, later_association) == ("24,00 €", "24,00 €", "12,50 €")


def test_machines_without_a_price_stand_on_top_with_their_action(app: Flask, manager: FlaskClient) -> None:
    assert "Sans prix" not in page(manager, "/tariffs")
    with app.app_context():
        machines.add_machine("l1", "Laser L1", "laser", "agent-1", RiskClass.HIGH, actor="test", now=NOW)

    html = page(manager, "/tariffs")

    assert "1 machine · tous les types de structure" in html
    assert "/tariffs/new?what=category:laser" in html
    assert '<option selected value="category:laser">' in page(manager, "/tariffs/new?what=category:laser")


def test_of_two_prices_that_fit_the_page_says_which_one_goes_first(app: Flask, manager: FlaskClient) -> None:
    manager.post("/tariffs/new", data={**PRICE, "what": "machine:p1", "since": "2026-10-01"})

    assert "rien : d’autres passent partout avant" in page(manager, "/tariffs")
    manager.post("/tariffs/new", data={**PRICE, "kind": "association", "since": "2026-10-01"})
    assert page(manager, "/tariffs").count("rien : d’autres passent partout avant") == 2


def test_only_those_who_set_prices_are_offered_it(app: Flask) -> None:
    accountant = signed_in(app, Role.LAB_ACCOUNTANT)

    assert "/tariffs/new" not in page(accountant, "/tariffs")
    assert accountant.post("/tariffs/new", data=PRICE).status_code == 403
    assert signed_in(app, Role.DESK).get("/tariffs").status_code == 403


# --- deciding ---------------------------------------------------------------------------------------------------------


def test_money_is_typed_with_a_comma_or_a_point(app: Flask, manager: FlaskClient) -> None:
    amounts = {"12,50": 1250, "12.50": 1250, "12": 1200, "1 284,5 €": 128450}

    for kind, typed in zip(("", "school", "startup", "public"), amounts, strict=True):
        wanted = {**PRICE, "kind": kind, "p1_cents": typed, "fee": typed, "p1_least": "1:30"}
        assert manager.post("/tariffs/new", data=wanted).status_code == 303

    before, _, *new = rows(app, Tariff)
    assert [from_plain(one.rule) for one in new] == [simple(cents, 900, 5400, cents) for cents in amounts.values()]
    midnight = datetime(2026, 10, 31, 23, tzinfo=UTC)  # in the lab
    assert {one.valid_from for one in new} == {before.valid_until} == {midnight}


def test_a_price_that_cannot_be_is_refused_in_words(app: Flask, manager: FlaskClient) -> None:
    for changed, said in (
        ({"p1_cents": "a lot"}, "12,50"),
        ({"p1_cents": "-3"}, "Pas moins de zéro"),
        ({"p1_step": "0"}, "Au moins une seconde"),
        ({"since": "2025-12-31"}, "Quelque chose est déjà décidé à partir du 1er janvier 2026"),
        ({"reason": ""}, "Dites pourquoi"),
    ):
        assert said in refused(manager, "/tariffs/new", {**PRICE, **changed})

    assert len(rows(app, Tariff)) == 2


def test_another_price_follows_and_both_pages_name_each_other(app: Flask, manager: FlaskClient) -> None:
    seen = version(page(manager, "/tariffs/1/change"))

    answer = manager.post("/tariffs/1/change", data={**PRICE, "version": seen})

    assert answer.location == "/tariffs/3"
    assert "12,50 €" in page(manager, "/tariffs/1")
    assert "24,00 €" in page(manager, "/tariffs/3")
    assert "décision du comité" in page(manager, "/tariffs/3")


def test_the_second_of_two_who_change_a_price_sees_both(app: Flask, manager: FlaskClient) -> None:
    seen = version(page(manager, "/tariffs/1/change"))
    right = {**PRICE, "since": "2026-01-01", "version": seen}
    manager.post("/tariffs/1/change", data={**right, "p1_cents": "25,00"})

    told = manager.post("/tariffs/1/change", data={**right, "p1_cents": "26.00"})

    assert told.status_code == 409
    assert re.findall("<legend>(.*?)</legend>", told.text) == ["Prix"]
    assert "25,00" in told.text
    assert "26,00" in told.text
    assert from_plain(rows(app, Tariff)[0].rule) == simple(2500, 900)


def test_a_price_on_an_invoice_only_ends(app: Flask, manager: FlaskClient) -> None:
    with app.app_context():
        use()
        close()
        issue()
    html = page(manager, "/tariffs/1/change")

    answer = manager.post("/tariffs/1/change", data={**PRICE, "since": "2026-01-01", "version": version(html)})

    assert "1 ligne repose sur ce prix" in html
    assert answer.status_code == 422
    assert "sont déjà facturées à ce prix" in answer.text
    assert manager.post("/tariffs/1/end", data={"until": "2026-10-05", "reason": "fin"}).status_code == 422
    assert manager.post("/tariffs/1/end", data={"until": "2026-10-06", "reason": "fin"}).status_code == 303
    assert rows(app, Tariff)[0].valid_until == datetime(2026, 10, 5, 22, tzinfo=UTC)


# --- the VAT table ----------------------------------------------------------------------------------------------------


def test_what_establishments_need_and_nobody_decided_stands_on_top(app: Flask, manager: FlaskClient) -> None:
    html = page(manager, "/vat")

    assert "Verein Bachwerk" in html.split("Décidé")[0]
    assert "/vat/new?treatment=foreign_non_taxable" in html
    assert manager.post("/vat/new", data=CELL).status_code == 303
    assert "Pas décidé" not in page(manager, "/vat")


def test_a_cell_is_decided_by_a_named_person_with_a_reason(app: Flask, manager: FlaskClient) -> None:
    assert manager.post("/vat/new", data={**CELL, "reason": ""}).status_code == 422

    manager.post("/vat/new", data={**CELL, "rate": "5,5"})

    cell = rows(app, VatCell)[-1]
    assert (cell.rate_bp, cell.reason) == (550, "consommateur final")
    assert cell.decided_by.startswith("account:")
    assert "Manager" in page(manager, f"/vat/{cell.id}")


def test_a_proposal_fills_the_form_in_and_counts_only_once_somebody_took_it_over(sqlite_url: str) -> None:
    app = web_app(sqlite_url, NOW)
    manager = signed_in(app, Role.MANAGER)

    html = page(manager, "/vat/new?treatment=eu_business")

    assert "Autoliquidation – art. 259-1 du CGI" in html
    assert page(manager, "/vat").count("Regarder et reprendre") == 7
    assert rows(app, VatCell) == []
    taken = {**CELL, "treatment": "eu_business", "category": "AE", "rate": "0", "mention": "Autoliquidation"}
    manager.post("/vat/new?treatment=eu_business", data=taken)
    assert page(manager, "/vat").count("Regarder et reprendre") == 6
    assert rows(app, VatCell)[0].vatex == "VATEX-EU-AE"


def test_the_proposals_of_one_nature_are_taken_over_together_in_ones_name_and_what_is_doubtful_is_not_ticked(
    app: Flask, manager: FlaskClient
) -> None:
    html = page(manager, "/vat/proposals?nature=machine_use")
    assert html.count('name="chosen"') == 4  # three are decided in this lab
    assert html.count(" checked") == 4
    assert "CJUE C-647/17" in (courses := page(manager, "/vat/proposals?nature=open_course"))
    assert (courses.count('name="chosen"'), courses.count(" checked")) == (7, 0)

    nothing = {"since": "2026-10-14", "reason": "confirmé par le cabinet"}
    assert "Cochez ce que vous décidez" in refused(manager, "/vat/proposals?nature=open_course", nothing)
    taken = {**nothing, "chosen": ["fr_business", "eu_business"]}
    assert manager.post("/vat/proposals?nature=open_course", data=taken).status_code == 303

    new = [cell for cell in rows(app, VatCell) if cell.nature == "open_course"]
    assert {(cell.treatment, cell.category, cell.rate_bp) for cell in new} == {
        ("fr_business", "S", 2000),
        ("eu_business", "S", 2000),
    }
    assert {cell.reason for cell in new} == {"confirmé par le cabinet"}
    assert all(cell.decided_by.startswith("account:") for cell in new)
    assert page(manager, "/vat/proposals?nature=open_course").count('name="chosen"') == 5


def test_proposals_are_taken_over_for_the_nature_that_was_shown_also_by_the_second_of_two(
    app: Flask, manager: FlaskClient
) -> None:
    html = page(manager, "/vat/proposals")  # the first nature of which a cell is missing
    (sent_to,) = set(re.findall(r'action="(/vat/proposals[^"]*)"', html))
    where, ticked = unescape(sent_to), re.findall(r'name="chosen"[^>]* value="(\w+)"[^>]* checked', html)
    taken = {"since": "2026-10-14", "reason": "confirmé", "chosen": ticked}

    assert manager.post(where, data=taken).status_code == 303
    decided = rows(app, VatCell)
    again = manager.post(where, data=taken)

    assert again.status_code == 422
    assert len(rows(app, VatCell)) == len(decided)


def test_training_may_be_exempt_instead(app: Flask, manager: FlaskClient) -> None:
    where = "/vat/new?treatment=fr_business&nature=open_course"
    assert "Exonéré à la place ?" in page(manager, where)

    html = page(manager, f"{where}&other=1")

    assert "Exonération de TVA, art. 261, 4-4° a du CGI" in html
    exempt = {**CELL, "treatment": "fr_business", "nature": "open_course", "category": "E", "rate": "0"}
    assert "la loi veut sur le document une mention" in refused(manager, where, exempt)
    manager.post(where, data={**exempt, "mention": "Exonération de TVA, art. 261, 4-4° a du CGI"})
    assert rows(app, VatCell)[-1].vatex == "VATEX-FR-CGI261-4"


def test_a_nature_shows_all_its_treatments_and_each_regime_has_its_table(manager: FlaskClient) -> None:
    html = page(manager, "/vat?nature=goods")
    franchise = page(manager, "/vat?nature=goods&regime=franchise")

    assert html.count("Regarder et reprendre") == 7
    assert "Les biens sont taxés là où ils sont remis" in html
    assert "TVA non applicable, art. 293 B du CGI" in franchise
    assert "TVA non applicable, art. 293 B du CGI" not in html


def test_a_cell_that_cannot_be_is_refused(manager: FlaskClient) -> None:
    assert "Tapez un taux" in refused(manager, "/vat/new", {**CELL, "rate": "much"})
    for changed in ({"rate": "0"}, {"category": "O"}):
        assert "Seule la catégorie S" in refused(manager, "/vat/new", {**CELL, **changed})


def test_a_cell_ends_with_the_number_of_those_it_touches(app: Flask, manager: FlaskClient) -> None:
    cell = next(one for one in rows(app, VatCell) if one.treatment == "eu_business")

    assert "1 établissement" in page(manager, f"/vat/{cell.id}/end")
    ended = manager.post(f"/vat/{cell.id}/end", data={"until": "2026-10-14", "reason": "directive", "version": "1"})
    again = manager.post(f"/vat/{cell.id}/end", data={"until": "2026-05-01", "reason": "autre", "version": "1"})

    assert (ended.status_code, again.status_code) == (303, 422)
    assert "Quelqu’un a modifié cette case entre-temps" in again.text
    assert "Nordwerk GmbH" in page(manager, "/vat").split("Décidé")[0]


# --- the seller -------------------------------------------------------------------------------------------------------


def test_a_new_seller_follows_the_one_before(app: Flask, manager: FlaskClient) -> None:
    assert manager.post("/seller/new", data=SELLER).status_code == 303

    before, after = rows(app, Seller, Seller.valid_from)
    assert (before.valid_until, after.valid_from) == (date(2027, 1, 1), date(2027, 1, 1))
    assert (after.siren, after.siret, after.vat_id) == ("000010009", "00001000900017", "FR66000010009")
    assert "Halle Zéro SAS" in page(manager, "/seller")


def test_a_seller_with_a_wrong_number_is_refused_beside_its_field(app: Flask, manager: FlaskClient) -> None:
    for changed, said in (
        ({"siren": "000 010 008"}, "Ces 9 chiffres ne vont pas ensemble"),
        ({"siret": "000 010 009 00018"}, "Ces 14 chiffres ne vont pas ensemble"),
        ({"vat_id": "FR67000010009"}, "Le numéro de TVA de ce SIREN est FR66000010009"),
        ({"iban": "FR76 3000 6000 0112 3456 7890 180"}, "Pas un IBAN"),
        ({"bic": "EXEM"}, "Pas un BIC"),
        ({"payment_days_public": "45"}, "sous 30 jours (art. R2192-10"),
        ({"regime": "franchise", "vat_on_debits": "y"}, "Qui ne facture pas de TVA"),
        ({"prefix": "F"}, "Les numéros d’un autre vendeur commencent par F"),
        ({"prefix": "f facture"}, "Majuscules et chiffres"),
        ({"since": "2026-01-01"}, "Quelque chose est déjà décidé"),
    ):
        assert said in refused(manager, "/seller/new", {**SELLER, **changed})

    assert len(rows(app, Seller)) == 1


def test_a_term_of_sixty_days_on_a_monthly_invoice_is_refused_with_the_article(manager: FlaskClient) -> None:
    html = refused(manager, "/seller/new", {**SELLER, "payment_days": "60"})

    assert "payable sous 45 jours (art. L441-10 I al. 4 du code de commerce)" in html
    assert manager.post("/seller/new", data={**SELLER, "payment_days": "45"}).status_code == 303


def test_a_seller_may_leave_the_invoices_to_another_system_and_be_a_small_business(
    app: Flask, manager: FlaskClient
) -> None:
    manager.post("/seller/new", data={**SELLER, "mode": "statement", "regime": "franchise", "since": "2026-10-14"})

    row = rows(app, Seller)[-1]
    assert (row.mode, row.regime, row.series_prefix) == ("statement", "franchise", "AF")
    html = page(manager, "/seller")
    assert "Un autre système fait les factures" in html
    assert "taux de la Banque centrale européenne plus 8 points" in html
    assert "Franchise en base" in page(manager, "/vat")


def test_an_internal_tenant_needs_no_price(app: Flask, manager: FlaskClient) -> None:
    with app.app_context():
        people.add_tenant("more", "Encore un atelier", TenantKind.INTERNAL, actor="test", now=OPENED)

    assert "Interne" not in page(manager, "/tariffs")
