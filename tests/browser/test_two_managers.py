"""Two who change the same thing, a finger that clicks twice, and a browser without scripts: nothing is lost or made twice."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, Request, expect
from sqlalchemy import func, select

from server.accounts.models import Account
from server.billing.models import Tariff
from server.db import reading, writing
from server.machines.models import Machine
from server.people import service as people
from server.people.models import Person, Token
from server.usage.models import Denial, Event, Outbox
from tests.browser.conftest import OpenPage, Site
from tests.server.billing_lab import CLOSING, furnish
from tests.server.signed_in import StoppedClock, settings_for
from wire.messages import DenialReason

STRANGER = "00c0ffee" * 4  # the fingerprint of a badge nobody has
NAMES = ("Inès Vautrelle", "Odilon Marceau")


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Any:
    site = Site(settings_for(sqlite_url, data_dir=tmp_path), StoppedClock(CLOSING))
    yield site
    site.stop()


@pytest.fixture
def holder(books: Flask) -> int:
    """A person in a lab with prices and tenants."""
    furnish()
    with writing():
        added = people.add_holder("Ada", "Lovelace", "en", actor="test", now=CLOSING)
        people.add_membership(added.number, "acme-1", actor="test", now=CLOSING)
        return added.number


def two_managers(open_page: OpenPage, path: str) -> tuple[Page, Page]:
    """Both have the same page open, each in a browser of their own."""
    pages = open_page(path=path), open_page(path=path)
    with writing() as session:
        for account, name in zip(session.scalars(select(Account).order_by(Account.id)), NAMES, strict=True):
            account.name = name
    return pages


# --- two at once --------------------------------------------------------------------------------------------------------


def test_the_second_of_two_who_edit_a_person_sees_both_values_and_chooses(holder: int, open_page: OpenPage) -> None:
    first, second = two_managers(open_page, f"people/{holder}/edit")
    for page, family in ((first, "King"), (second, "Byron")):
        page.get_by_label("Family name").fill(family)
        page.get_by_role("button", name="Save").click()
    expect(first.get_by_role("heading", level=1)).to_have_text("Ada King")
    expect(second.get_by_role("heading", level=1)).to_have_text("Somebody else was faster")
    asked = second.get_by_role("group", name="Family name")
    expect(asked.locator("label")).to_have_text(["yoursByron", "stored nowKing"])
    expect(second.locator("fieldset")).to_have_count(1)  # only what differs
    assert family_name() == "King"
    expect(second.get_by_role("link", name="Leave it as it is stored")).to_have_attribute("href", f"/people/{holder}")

    asked.get_by_label("Byron").check()
    second.get_by_role("button", name="Store what is chosen").click()

    expect(second.get_by_role("heading", level=1)).to_have_text("Ada Byron")
    assert family_name() == "Byron"
    expect(journal(second)).to_contain_text(NAMES[0])
    expect(journal(second)).to_contain_text(NAMES[1])


def test_the_second_of_two_who_change_a_price_sees_the_one_decided_meanwhile(holder: int, open_page: OpenPage) -> None:
    first, second = two_managers(open_page, f"tariffs/{printing()}/change")
    for page, hour in ((first, "26.00"), (second, "28.00")):
        page.get_by_label("Price", exact=True).fill(hour)
        page.get_by_label("Reason").fill(f"{hour} as agreed")
        page.get_by_role("button", name="Decide the price").click()
    expect(first.locator("[data-toast]")).to_contain_text("The new price holds from 3 November 2026 on")
    asked = second.get_by_role("group", name="Price", exact=True)
    expect(asked.locator("label")).to_have_text(["yours€28.00", "stored now€26.00"])

    asked.get_by_label("€28.00").check()
    second.get_by_role("button", name="Store what is chosen").click()

    expect(second.locator(".figures")).to_contain_text("€28.00")
    assert prices() == [("2026-01-01", "2026-11-02", 2400), ("2026-11-02", None, 2800)]
    expect(journal(second)).to_contain_text(NAMES[0])
    expect(journal(second)).to_contain_text(NAMES[1])


def family_name() -> str:
    with reading() as session:
        return session.scalars(select(Person.family_name)).one()


def printing() -> int:
    with reading() as session:
        return session.scalars(select(Tariff.id).where(Tariff.category == "printer")).one()


def prices() -> list[tuple[str, str | None, int]]:
    """From, until (in UTC) and price of an hour of printing."""
    with reading() as session:
        rows = session.scalars(select(Tariff).where(Tariff.category == "printer").order_by(Tariff.valid_from)).all()
        return [
            (
                str(r.valid_from.date()),
                str(r.valid_until.date()) if r.valid_until else None,
                r.rule["parts"][0]["cents"],
            )
            for r in rows
        ]


def journal(page: Page) -> Any:
    return page.locator("section.panel", has=page.get_by_role("heading", name="Journal"))


# --- twice --------------------------------------------------------------------------------------------------------------


def test_a_form_sent_twice_makes_one_record_and_is_no_quarrel_with_oneself(holder: int, open_page: OpenPage) -> None:
    page = open_page(path="people/new")
    page.get_by_label("Given name").fill("Zoé")
    page.get_by_label("Family name").fill("Brisemontier")
    send_twice(page, "Add the person")
    expect(page.locator("[data-toast]")).to_contain_text("Zoé Brisemontier is here")
    assert count(Person) == 2

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Mail").fill("zoe@example.org")
    send_twice(page, "Save")

    expect(page.locator("[data-toast]")).to_contain_text("Zoé Brisemontier is changed")


def send_twice(page: Page, button: str) -> None:
    """Click again while the first is still being answered: the database is held meanwhile."""
    sent: list[Request] = []
    with (
        writing() as session,
        page.expect_request(lambda request: request.method == "POST" and is_second(request, sent)),
    ):
        session.connection()
        page.get_by_role("button", name=button).evaluate("(it) => { it.click(); setTimeout(() => it.click(), 100); }")


def is_second(request: Request, sent: list[Request]) -> bool:
    sent.append(request)
    return len(sent) == 2


def count(model: Any) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


# --- without a script ---------------------------------------------------------------------------------------------------


def test_a_newcomer_is_added_lent_a_badge_and_leaves_without_a_script(holder: int, open_page: OpenPage) -> None:
    refuse_a_stranger()
    page = open_page(path="today", java_script_enabled=False)
    page.get_by_role("link", name="Give it to…").click()
    page.get_by_role("link", name="Somebody new").click()
    page.get_by_role("button", name="Add and lend the badge").click()
    expect(page.get_by_role("alert")).to_contain_text("2 things are missing or wrong")
    page.get_by_label("Given name").fill("Zoé")
    page.get_by_label("Family name").fill("Brisemontier")
    page.get_by_label("Who pays").select_option("acme-1")
    page.get_by_role("button", name="Add and lend the badge").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lend badge …FFEE to Zoé Brisemontier?")
    page.get_by_role("button", name="Lend the badge").click()
    expect(page.locator("[data-toast]")).to_contain_text("is lent to Zoé Brisemontier")

    page.get_by_role("link", name="Leaves the lab…").click()
    expect(page.locator("#confirm li")).to_have_count(2)  # a membership and a badge
    page.get_by_role("button", name="End everything listed").click()
    expect(page.get_by_role("alert")).to_contain_text("Reason")
    page.get_by_label("Reason").fill("Moved to Lyon")
    page.get_by_role("button", name="End everything listed").click()

    expect(page.locator(".banner")).to_contain_text("Left the lab on 3 November 2026")
    with reading() as session:
        assert session.scalars(select(Token.returned_at).where(Token.fingerprint == STRANGER)).one() == CLOSING


def refuse_a_stranger() -> None:
    """A badge nobody knows was held to a machine a minute ago."""
    at = datetime(2026, 11, 3, 8, 59, tzinfo=UTC)
    with writing() as session:
        machine = session.scalars(select(Machine).where(Machine.code == "p1")).one()
        session.add(Outbox(id="box", agent_id=machine.agent_id, first_seen_at=at))
        session.flush()
        event = Event(outbox="box", n=1, agent_id=machine.agent_id, kind="access_denied", simulated=False)
        event.received_at, event.payload_hash, event.chain_hash = at, "0" * 64, "0" * 64
        session.add(event)
        session.flush()
        refusal = Denial(event_id=event.id, machine_id=machine.id, token=STRANGER, at=at)
        refusal.reasons = [str(DenialReason.UNKNOWN_TOKEN)]
        session.add(refusal)
