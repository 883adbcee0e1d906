"""The way each role takes most, from the login on and by links alone: on a phone that is touched, and at a desk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from server.domain.roles import Role
from tests.browser.conftest import LabWithAPast
from tests.browser.helpers import complaints, fits, shot
from tests.furnished import PASSWORD

DEVICES: dict[str, Any] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desk": {"viewport": {"width": 1440, "height": 900}},
}


@dataclass
class Visitor:
    """Somebody who has logged in and sees only what a page shows."""

    page: Page
    device: str

    def touch(self, what: Locator) -> None:
        """Tap or click what can be seen. Wherever it leads, the page fits."""
        expect(what).to_be_visible()
        with self.page.expect_navigation():
            what.tap() if self.device == "phone" else what.click()
        assert fits(self.page), self.page.url

    def follow(self, name: str, within: str = "main") -> None:
        self.touch(self.page.locator(within).get_by_role("link", name=name).first)

    def go_to(self, name: str) -> None:
        """By the rail, or by a phone's tabs and what is behind the last of them."""
        if self.device == "desk":
            return self.follow(name, ".rail")
        tab = self.page.locator(".phone-tabs").get_by_role("link", name=name, exact=True)
        if tab.count():
            return self.touch(tab)
        self.follow("More", ".phone-tabs")
        return self.follow(name)

    def search(self, name: str, text: str) -> None:
        self.page.locator("main").get_by_role("searchbox", name=name).fill(text)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def sees(self, heading: str) -> None:
        expect(self.page.locator("h1")).to_contain_text(heading)

    def fetches(self, link: Locator) -> bytes:
        """What a link hands over, with this visitor's cookies."""
        expect(link).to_be_visible()
        answer = self.page.request.get(urljoin(self.page.url, link.get_attribute("href")))
        assert answer.ok, answer.status
        return answer.body()


Enter = Callable[[Role], Visitor]


@pytest.fixture(params=list(DEVICES))
def enter(request: pytest.FixtureRequest, browser: Browser, lab_with_a_past: LabWithAPast) -> Iterator[Enter]:
    """Logs somebody of this role in, as people do. What the browser complains about fails the test."""
    context = browser.new_context(locale="en", **DEVICES[request.param])
    page = context.new_page()
    told = complaints(page)

    def entered(role: Role) -> Visitor:
        visitor = Visitor(page, request.param)
        page.goto(lab_with_a_past.site.address)
        page.get_by_label("Mail").fill(f"{role}@lab.test")
        page.get_by_label("Password").fill(PASSWORD)
        visitor.touch(page.get_by_role("button", name="Log in"))
        return visitor

    yield entered
    shot(page, f"role-{Path(request.node.name).name}")
    context.close()
    assert told == []


def test_a_maker_sees_what_runs_and_takes_her_data_along(enter: Enter) -> None:
    maker = enter(Role.HOLDER)

    maker.sees("Perrine")
    expect(maker.page.locator(".me-running").first).to_contain_text("In use for")
    data = maker.fetches(maker.page.get_by_role("link", name="Download all of it"))
    assert b"Lachaise" in data
    assert b"Oberlin" not in data


def test_the_desk_finds_a_person(enter: Enter) -> None:
    desk = enter(Role.DESK)
    desk.go_to("Holders")
    desk.search("Name, mail, badge or number", "lach")
    desk.follow("Perrine Lachaise")

    desk.sees("Perrine Lachaise")
    expect(desk.page.locator("main").get_by_role("link", name="Lend a badge")).to_be_visible()


def test_a_trainer_sees_whose_qualification_lapses_and_gives_it_again(enter: Enter) -> None:
    trainer = enter(Role.TRAINER)
    trainer.go_to("Qualifications")
    trainer.follow("Qualifications")
    trainer.follow("Impression 3D")
    trainer.sees("Impression 3D")

    trainer.follow("Give")

    expect(trainer.page.locator("main form").first).to_be_visible()


def test_an_accountant_opens_a_month_and_its_invoice(enter: Enter) -> None:
    accountant = enter(Role.LAB_ACCOUNTANT)
    accountant.go_to("Months")
    accountant.follow("August 2026")
    accountant.follow("DEMO-F-2026-0001")

    accountant.sees("DEMO-F-2026-0001")
    assert accountant.fetches(accountant.page.get_by_role("link", name="Open the PDF")).startswith(b"%PDF")


def test_a_tenant_sees_its_books_and_takes_the_invoice(enter: Enter) -> None:
    tenant = enter(Role.TENANT_ADMIN)
    tenant.sees("November 2026")
    tenant.follow("October 2026")
    tenant.sees("October 2026")

    expect(tenant.page.locator("main")).to_contain_text("Fraiseuse C1")
    assert tenant.fetches(tenant.page.get_by_role("link", name="DEMO-F-2026-0001 as PDF")).startswith(b"%PDF")
    assert "Lachaise" not in tenant.page.content()


def test_a_manager_begins_with_today_and_gives_an_unknown_badge_to_somebody(enter: Enter) -> None:
    manager = enter(Role.MANAGER)
    manager.sees("Today")
    manager.follow("Give it to…")
    manager.sees("Whose badge is")
    manager.search("Give it to", "lach")
    manager.follow("Perrine Lachaise")

    manager.sees("Lend")
    expect(manager.page.locator("main form button.is-primary")).to_be_visible()
