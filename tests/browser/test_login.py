"""Login and accounts in a browser: somebody comes in by the keyboard alone, and every page of it can be read by all."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from server.accounts import login, service
from server.accounts.service import AccountFacts
from server.domain.roles import Role
from tests.browser.conftest import OpenPage, Site
from tests.browser.helpers import axe, clipped_texts, shot
from tests.server.signed_in import settings_for

PAGES = (
    "account",
    "account/second-factor",
    "accounts",
    "accounts/new",
    "accounts/1",
    "accounts/1/end",
    "mails",
    "mails/1",
)
BEFORE = ("login", "reset", "reset/sent", "demo/mails")
PASSWORD = "quatre mots à la suite"


@pytest.fixture
def account(books: Flask, sqlite_url: str) -> str:
    """The mail address of a manager who has a password and has been written to."""
    now, lab = datetime.now(UTC), settings_for(sqlite_url)
    number = service.add_account(AccountFacts("ines@lab.test", "Inès Vautrelle"), actor="test", now=now)
    service.give_role(number, Role.MANAGER, actor="test", now=now)
    login.set_password(number, PASSWORD, lab, actor="test", now=now)
    service.invite(number, lab, actor="test", now=now)
    return "ines@lab.test"


@pytest.mark.parametrize(("width", "theme", "language"), [(1440, "light", "fr"), (390, "dark", "de")])
def test_the_pages_of_accounts_can_be_read_by_all(
    account: str, open_page: OpenPage, site: Site, width: int, theme: str, language: str
) -> None:
    page = open_page(width=width, height=844, path="account", color_scheme=theme, locale=language)
    for path in PAGES:
        look(page, site, path, f"{width}-{theme}")
    page.context.clear_cookies()
    for path in BEFORE:
        look(page, site, path, f"{width}-{theme}")


def look(page: Page, site: Site, path: str, name: str) -> None:
    page.goto(site.address + path)
    shot(page, f"{path.replace('/', '-')}-{name}")

    assert axe(page) == [], path
    assert clipped_texts(page) == [], path
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path


def test_somebody_comes_in_by_the_keyboard_alone(account: str, open_page: OpenPage, site: Site) -> None:
    page = open_page(path="account")
    page.context.clear_cookies()
    page.goto(site.address + "accounts?show=invited")
    expect(page.locator("#email")).to_be_focused()
    for typed in (account, PASSWORD):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "A":  # the way for who has forgotten
            page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts?show=invited")

    assert page.locator("h1").inner_text() == "Accounts"
