"""A month in the browser of whoever bills it: what is still open, what looks odd, closed, issued, printed, and paid.

The jobs are done as ``prolab work`` does them, by a thread beside the web process. What the paper says is what the screen
has said before.
"""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from server.billing.ledger import verify_billing
from server.db import db, make_app, writing
from server.domain.roles import Role
from server.people.models import Holder
from server.settings import Settings
from server.work import _do_one
from tests.browser.conftest import OpenPage, Site
from tests.browser.helpers import shot
from tests.server.billing_lab import CLOSING, furnish, use
from tests.server.signed_in import StoppedClock, settings_for

AFTERNOON = datetime(2026, 10, 30, 14, 0, tzinfo=UTC)  # 15:00 in Mulhouse


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Path) -> Settings:
    return settings_for(sqlite_url, data_dir=tmp_path)


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    site = Site(settings, StoppedClock(CLOSING))
    yield site
    site.stop()


@pytest.fixture
def october(books: Flask) -> None:
    """Three tenants who pay, one whose VAT nobody has decided, a power cut, and a session nobody ended."""
    furnish()
    with writing() as session:
        session.add(Holder(number=7))
    for day in range(1, 22):
        use("acme-1", start=datetime(2026, 10, day, 8, tzinfo=UTC), seconds=3500)
    for day in range(5, 9):
        use("acme-2", "c1", start=datetime(2026, 10, day, 9, tzinfo=UTC), seconds=4000)
        use("nord-1", start=datetime(2026, 10, day, 12, tzinfo=UTC), seconds=900)
    use("acme-2", "c1", start=datetime(2026, 10, 9, 9, tzinfo=UTC), end_reason="power_loss")
    use("bach-1", start=datetime(2026, 10, 23, 9, tzinfo=UTC))
    use("berg-1", "c1", start=AFTERNOON, seconds=1800, state="open", ended_at=None)


@contextmanager
def working(settings: Settings) -> Iterator[None]:
    """Jobs are done until the end of the block."""
    app, clock, over = make_app(settings.database_url), StoppedClock(CLOSING), Event()

    def work() -> None:
        while not over.is_set():
            if not _do_one(app, clock, settings):
                over.wait(0.05)
        with app.app_context():
            db.engine.dispose()

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_month_is_walked_from_its_open_session_to_a_paid_invoice(
    october: None, open_page: OpenPage, settings: Settings
) -> None:
    page = open_page(path="months", locale="fr")
    page.get_by_role("link", name="octobre 2026").click()
    expect(page.locator(".station").first).to_contain_text("1 encore ouverte")
    end_the_forgotten_session(page)
    keep_what_the_power_cut_left(page)
    close(page)
    drafted = look_at_a_draft(page)
    ask_to_issue(page)
    with working(settings):
        expect(page.locator("section.progress")).to_have_count(0)
        expect(page.locator("main")).to_contain_text("F-2026-0003")
        printed = open_the_invoice(page)

    for said in (*drafted, "F-2026-0001", "Acme SARL"):
        assert said in screen(page), said
        assert said in printed, said
    pay(page)
    assert verify_billing(settings.documents_dir) == []
    for_the_accountant(open_page, drafted)


def end_the_forgotten_session(page: Page) -> None:
    worry(page, "Fraiseuse C1").first.get_by_role("link").last.click()
    shot(page, "journey-end")
    page.get_by_label("Elle compte jusqu’à").fill("2026-10-30T17:00")
    page.get_by_label("Raison").fill("Vu partir à cinq heures")
    page.get_by_role("button", name="Compter jusqu’à ce moment").click()

    expect(page.locator("[data-toast]")).to_be_visible()
    back_to_the_month(page)
    expect(page.locator(".station").first).to_contain_text("toutes closes")


def keep_what_the_power_cut_left(page: Page) -> None:
    worry(page, "Coupure de courant").get_by_role("button", name="Garder").click()

    expect(worry(page, "Coupure de courant")).to_have_count(0)
    expect(worry(page, "TVA non décidée")).to_have_count(1)  # holds one invoice, and keeps no other back


def close(page: Page) -> None:
    page.get_by_role("button", name="Clore octobre 2026").click()

    expect(page.locator("[data-toast]")).to_contain_text("Le mois est clos")


def look_at_a_draft(page: Page) -> list[str]:
    """Net, VAT and what is to be paid."""
    page.locator(".drafts").get_by_role("link", name="Acme SARL").click()
    expect(page.locator("h1")).to_contain_text("Acme SARL")
    said = [plain(text) for text in page.locator("dl.totals dd").all_inner_texts()]
    # 21 hours of printing at 24.00; 4 × 4200 s and once 3600 s of milling at 36.00, with 2.50 a session: 216.50
    assert said == ["720,50 €", "144,10 €", "864,60 €"]
    back_to_the_month(page)
    return said


def ask_to_issue(page: Page) -> None:
    """The question lies over the page; without ``work`` nothing is done yet, and the page says how far it is."""
    page.locator(".drafts").get_by_role("link", name="Émettre les 3 prêts…").click()
    question = page.locator("dialog #confirm")
    expect(question).to_contain_text("Émettre 3 factures pour octobre 2026")
    expect(question).to_contain_text("1 attend une décision")
    question.get_by_role("button", name="Émettre 3 factures").click()

    expect(page.locator("section.progress")).to_contain_text("0 numéro attribué sur 3")


def open_the_invoice(page: Page) -> str:
    """The words of the PDF that the page shows in its frame."""
    with page.expect_response("**/documents/F-2026-0001/pdf") as shown:
        page.get_by_role("link", name="F-2026-0001").click()
    assert shown.value.status == 200
    expect(page.locator("iframe.pdf")).to_be_visible()
    shot(page, "journey-invoice")
    answer = page.request.get(shown.value.url)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("inline")
    words = subprocess.run(["pdftotext", "-layout", "-", "-"], input=answer.body(), check=True, capture_output=True)
    return plain(words.stdout.decode())


def pay(page: Page) -> None:
    page.get_by_label("Payée le").fill("2026-11-03")
    page.get_by_role("button", name="Noter le paiement").click()

    expect(page.locator("[data-toast]")).to_contain_text("F-2026-0001")
    expect(page.locator(".paid")).to_contain_text("payée le 3 novembre 2026")
    expect(page.get_by_role("button", name="Pas payée, en fait")).to_be_visible()


def for_the_accountant(open_page: OpenPage, said: list[str]) -> None:
    """The same figures; of payments the accountant says more, of the invoice nothing can be taken back."""
    page = open_page(path="documents/F-2026-0001", role=Role.LAB_ACCOUNTANT, locale="fr")

    assert all(amount in screen(page) for amount in said)
    expect(page.locator(".paid")).to_contain_text("payée le 3 novembre 2026")
    expect(page.get_by_role("button", name="Pas payée, en fait")).to_be_visible()
    expect(page.get_by_role("link", name="Avoir…")).to_have_count(0)


def worry(page: Page, words: str) -> Locator:
    return page.locator(".odd > li", has_text=words)


def back_to_the_month(page: Page) -> None:
    page.locator(".crumbs").get_by_role("link", name="octobre 2026").click()


def screen(page: Page) -> str:
    return plain(page.locator("main").inner_text())


def plain(text: str) -> str:
    """Every white space as one blank."""
    return re.sub(r"\s+", " ", text).strip()
