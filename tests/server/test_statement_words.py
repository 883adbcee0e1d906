"""A lab whose invoices another system makes: no page that its tenants read calls a statement an invoice, in no language."""

import dataclasses
import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing.models import Seller
from server.db import writing
from server.domain.decisions import Free
from server.domain.roles import Role, ScopeKind
from server.usage import decisions
from tests.server import billing_lab
from tests.server.billing_lab import CLOSING, close, issue, use
from tests.server.signed_in import page, signed_in, web_app
from tests.server.test_words import catalog

WORDS = {"fr": "factur", "de": "rechnung(?!skosten)", "en": "invoic|bill"}
# The document itself; what is charged is charged in both modes.
NOUNS = {
    "fr": r"\bfactures?\b",
    "de": r"(?<!ab)(?<!be)rechnung(?!skosten|skorrektur|sstellung)",
    "en": r"\binvoices?\b|\bbills\b",
}
WHERE_THERE_ARE_SOME = {
    "A credit note must say which invoice it corrects.",
    "A credit note pays an invoice, with an amount above zero.",
    "A document number has characters that electronic invoices do not allow: only letters, digits, + - _ /.",
    "An invoice comes to less than nothing, or a credit note to more.",
    "Attached is the invoice %(number)s over %(amount)s, to be paid before %(due)s.",
    "Electronic invoice (XML)",
    "Invoice",
    "Invoice %(number)s from %(lab)s",
    "Invoice not valid",
    "Invoices",
    "Issue %(num)d invoice",
    "Issue %(num)d invoice for %(month)s?",
    "It corrects an invoice that is younger than itself.",
    "It takes a credit note and an invoice of the same tenant, both open.",
    "On the platform for e-invoices",
    "Only an invoice is put right by a credit note.",
    "Rule %(rule)s of electronic invoices is not kept: %(value)s",
    "The electronic invoice has a form that its schema does not allow: %(value)s",
    "The invoice stays as it is, in its series. The credit note has a number of its own, names…",
    "There is no invoice or credit note %(number)s.",
    "electronic invoice not valid",
}
OF_THE_OTHER_SYSTEM = {
    "%(number)s cannot be paid with this sign: an invoice is paid, a credit note paid out.",
    "%(open)s of the invoice %(number)s of %(issued)s, due on %(due)s, are still open after two…",
    "%(open)s of the invoice %(number)s of %(issued)s, due on %(due)s, are still open. Please t…",
    "A credit note names the invoice it corrects: type in the number of the one that your own s…",
    "Another system makes the invoices; here statements of use, with their lines for import",
    "Attached is the statement of use %(number)s. The invoice comes from our bookkeeping.",
    "If you have paid in the meantime, or something is wrong with the invoice, answer this mail.",
    "Last reminder: invoice %(number)s",
    "Number of the operator’s invoice typed in",
    "Number of your invoice",
    "Perhaps it was overlooked: %(open)s of the invoice %(number)s of %(issued)s were due on %(due)s.",
    "Reminder: invoice %(number)s",
    "Second reminder: invoice %(number)s",
    "They come to %(net)s net, %(gross)s with VAT. Statements take no invoice number; a credit note take…",
    "They come to %(net)s net, %(gross)s with VAT. None of them takes an invoice number, and no…",
    "This is no invoice. Type in the number of the one that your own system has made of it.",
    "Type in the number of the invoice and its date.",
    "Type in the number of the invoice as it stands on it.",
    "Your invoice",
    "number of the corrected invoice missing",
}
OF_LAW_AND_CUSTOMERS = {
    "A monthly invoice is payable within %(days)s days (art. L441-10 I al. 4 of the code de commerce).",
    "A periodic invoice follows the end of its month within a few days (BOI-TVA-DECLA-30-20-10-40).",
    "A seller issues invoices, or statements for a system that does.",
    "Code of the reason, in e-invoices",
    "Electronic invoices",
    "From the day of the invoice; 45 at most on monthly invoices (art. L441-10 I al. 4 of the code de commerce).",
    "Invoices are made here",
    "Invoices of the month",
    "Invoices of these days that no French e-invoice tells of: private people and buyers abroad.",
    "It refuses invoices without its service code, and none is on record.",
    "Of invoices: F gives F-2026-0001. Each seller has its own.",
    "Public bodies and large companies refuse invoices without an order. Said here, such a draf…",
    "Refuses invoices without its service code",
    "Reverse-charge invoices",
    "Sales that no French e-invoice tells of: private people and buyers abroad.",
    "The customer refuses invoices without an order, and none holds on %(day)s. It holds the document.",
    "Used and not invoiced yet (factures à établir)",
    "Wants electronic invoices (Factur-X), though not established in France",
    "refuses invoices without its service code",
    "wants electronic invoices",
}
VERBS = {
    "%(num)d session would wait: its meter did not tell the time that the draft bills.",
    "A tenant is who is billed: a company, a school, a freelancer. People belong to one or several.",
    "For somebody who forgot theirs: it opens and charges what their own badge does, and ends at midnight.",
    "For your information: late interest has come to %(interest)s, and the law adds %(indemnity…",
    "For your information: the law adds late interest, and %(indemnity)s for the costs of recov…",
    "The seller is below the thresholds and charges no VAT (art. 293 B of the CGI).",
    "This person had no membership of %(payer)s then: nobody is billed by guess.",
    "What is charged again and again, such as a lost badge or a special training: write it once…",
    "Who charges no VAT has none that could be due on invoicing.",
}
OF_STAFF = (
    "/today",
    "/months/2026-10",
    "/tariffs",
    "/seller",
    "/vat",
    "/machines",
    "/tenants/acme",
    "/tenants/acme/bill-to",
    "/tenants/acme/contracts",
    "/tenants/acme/items",
    "/sessions",
    "/exports",
    "/collecting/reminders",
    "/disputes",
    "/privacy",
    "/notice",
    "/audit",
)
OF_TENANTS = ("books?month=2026-10", "books", "lines?month=2026-10", "charges", "open")


@pytest.fixture
def statements(sqlite_url: str, tmp_path: Path) -> Flask:
    """October is issued, and in November something was used again."""
    web = web_app(sqlite_url, CLOSING, data_dir=tmp_path)
    with web.app_context():
        billing_lab.furnish(seller=dataclasses.replace(billing_lab.SELLER, mode="statement"))
        use()
        close()
        assert issue() == ["R-2026-10-acme"]
        use(start=datetime(2026, 11, 2, 9, tzinfo=UTC), seconds=1800)
    return web


def read(html: str, between: str = " ") -> str:
    """What the page itself says: without the ways beside it, which are the same everywhere."""
    within = html.partition('id="content"')[2].partition('class="phone-tabs"')[0]
    return re.sub(r"<[^>]+>", between, within)


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("role", [Role.TENANT_ADMIN, Role.TENANT_ACCOUNTANT])
def test_a_tenant_reads_of_statements_and_never_of_an_invoice(statements: Flask, language: str, role: Role) -> None:
    tenant = signed_in(statements, role, ScopeKind.TENANT, "acme")
    tenant.set_cookie("lang", language)

    for path in OF_TENANTS:
        said = read(page(tenant, f"/tenants/acme/{path}"))
        assert re.findall(rf"\S*(?:{WORDS[language]})\S*", said, re.IGNORECASE) == [], path
    assert "R-2026-10-acme" in page(tenant, "/tenants/acme/books")


def test_the_lab_issues_statements_and_finds_them_under_that_name(statements: Flask) -> None:
    manager = signed_in(statements, Role.MANAGER)
    manager.set_cookie("lang", "fr")

    assert "Relevés d’utilisation" in read(page(manager, "/months"))
    assert "<h1>Relevés d’utilisation" in page(manager, "/documents")
    assert "Factures" not in read(page(manager, "/documents"))
    assert "Factur" not in read(page(manager, "/documents/R-2026-10-acme"))


@pytest.mark.parametrize("language", WORDS)
def test_a_sentence_that_names_an_invoice_means_one(language: str) -> None:
    """A statement is none: sentences for both modes speak of documents. Invoices are named where there are some, where the other
    system's are meant, and where the law or a customer speaks of them."""
    known = WHERE_THERE_ARE_SOME | OF_THE_OTHER_SYSTEM | OF_LAW_AND_CUSTOMERS | VERBS

    names = {each(one.id)[0] for one in catalog(language) if one.id and named(" ".join(each(one.string)), language)}

    assert "Your invoice" in names, "control: it would be seen"
    assert {name for name in names if not any(is_of(name, one) for one in known)} == set()


def is_of(name: str, known: str) -> bool:
    """A long sentence is known by how it begins."""
    return name.startswith(known[:-1]) if known.endswith("…") else name == known


def named(said: str, language: str) -> bool:
    return re.search(NOUNS[language], said, re.IGNORECASE) is not None


def each(said: Any) -> tuple[str, ...]:
    """The text, or singular and plural."""
    return (said,) if isinstance(said, str) else tuple(said)


@pytest.mark.parametrize("language", WORDS)
def test_staff_read_of_statements_and_documents(statements: Flask, language: str) -> None:
    manager = signed_in(statements, Role.MANAGER)
    manager.set_cookie("lang", language)
    known = OF_THE_OTHER_SYSTEM | OF_LAW_AND_CUSTOMERS | VERBS
    meant = [one for one in catalog(language) if one.id and any(is_of(each(one.id)[0], text) for text in known)]
    said = " ".join(str(one.string) for one in meant)

    for path in OF_STAFF:
        lines = [line.strip() for line in unescape(read(page(manager, path), "\n")).splitlines()]
        called = [line for line in lines if named(line, language)]
        assert [line for line in called if line not in said] == [], path


def test_its_lines_as_a_table_are_of_a_customer_and_counted(statements: Flask) -> None:
    manager = signed_in(statements, Role.MANAGER)
    manager.set_cookie("lang", "fr")

    table = manager.get("/documents/R-2026-10-acme/lines.csv").data.decode("utf-8-sig")

    assert "Client" in table.splitlines()[0]
    assert "Compté, h" in table
    assert "factur" not in table.casefold()


def test_a_credit_note_beside_statements_is_named_before_it_is_issued(sqlite_url: str, tmp_path: Path) -> None:
    december = datetime(2026, 12, 3, 9, tzinfo=UTC)
    web = web_app(sqlite_url, december, data_dir=tmp_path)
    with web.app_context():
        billing_lab.furnish()
        charged = use()
        close()
        assert issue() == ["F-2026-0001"]
        with writing() as session:
            session.scalars(select(Seller)).one().mode = "statement"
        decisions.do_not_charge(charged, Free.GOODWILL, "Geste", actor="manager", now=december)
        use(start=datetime(2026, 11, 9, 9, tzinfo=UTC))
        close("2026-11", december)
    manager = signed_in(web, Role.MANAGER)
    manager.set_cookie("lang", "en")

    asked = read(page(manager, "/months/2026-11/issue"))

    assert "Issue 2 documents for November 2026?" in asked
    assert "a credit note takes the next of its own" in asked


def test_a_lab_that_invoices_calls_them_invoices(sqlite_url: str, tmp_path: Path) -> None:
    web = web_app(sqlite_url, CLOSING, data_dir=tmp_path)
    with web.app_context():
        billing_lab.furnish()
        use()
        close()
        issue()
    tenant = signed_in(web, Role.TENANT_ACCOUNTANT, ScopeKind.TENANT, "acme")
    tenant.set_cookie("lang", "fr")

    assert "Factures" in read(page(tenant, "/tenants/acme/books"))
