"""What holds a document is said in words a manager understands, with the way to put it right."""

from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select

from server.billing.checking import check_month
from server.billing.einvoice.findings import XSD, Rule
from server.billing.models import Seller
from server.db import writing
from server.domain.roles import Role, Verb
from server.pages.months.norm import sentence, way
from tests.server.billing_lab import CLOSING, MONTH, close, furnish, issue, use
from tests.server.signed_in import page, signed_in, web_app


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path) -> Flask:
    return web_app(sqlite_url, CLOSING, data_dir=tmp_path)


def test_each_of_our_rules_has_words_of_its_own(web: Flask) -> None:
    with web.test_request_context(), force_locale("en"):
        said = {rule: sentence([(rule, "xyz")]) for rule in Rule}

    assert all(words.endswith(".") and "%(" not in words and "Rule " not in words for words in said.values())
    assert len(set(said.values())) == len(Rule)


def test_a_rule_of_the_norm_without_words_of_ours_is_named_with_its_own(web: Flask) -> None:
    with web.test_request_context(), force_locale("en"):
        foreign, schema = sentence([("BR-XY-01", "Something shall be.")]), sentence([(XSD, "100 % wrong")])

    assert foreign == "Rule BR-XY-01 of electronic invoices is not kept: Something shall be."
    assert "100 % wrong" in schema


def test_the_way_leads_to_who_is_wrong(web: Flask) -> None:
    with web.test_request_context():
        ways = [way([(rule, "")], "acme") for rule in (Rule.BUYER_SIREN, Rule.IBAN, Rule.NO_REASON)]

    assert [(verb, href) for verb, _, href in ways] == [
        (Verb.EDIT_TENANTS, "/tenants/acme"),
        (Verb.SET_PRICES, "/seller"),
        (Verb.SET_PRICES, "/vat"),
    ]


def test_an_invoice_that_is_not_valid_is_held_and_the_month_says_why_in_words(web: Flask) -> None:
    with web.app_context():
        furnish()
        use("acme-1")
        with writing() as session:
            session.scalars(select(Seller)).one().iban = "FR7630006000011234567890188"
        close()
        check_month(MONTH)
        given = issue()

    html = page(signed_in(web, Role.MANAGER), f"/months/{MONTH}")

    assert given == []
    assert "L’IBAN du vendeur est mal tapé (FR7630006000011234567890188)." in html
    assert 'href="/seller"' in html
