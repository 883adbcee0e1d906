"""A newcomer's first day, from the desk to the machine and back: badge, training, work, and the training withdrawn.

One lab runs in real time, and all that staff does is clicked in a browser. Beside it lies the live map, which nobody touches.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from server.domain.roles import Role
from tests.browser.helpers import complaints, shot
from tests.browser.live_lab import AGENT, RealLab, real_lab, rest
from tests.waiting import until

BADGE = "77C0FFEE01"  # nobody has it yet
NAME = "Zoé Brisemontier"
MACHINE = "c1"  # asks for milling
MILL = "Fraiseuse C1"
PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def lab() -> Iterator[RealLab]:
    with real_lab() as running:
        yield running


@pytest.fixture
def desk(lab: RealLab, browser: Browser) -> Iterator[Page]:
    """The manager's browser. Whatever it complains about fails the test."""
    with closing(browser.new_context(locale="en", viewport={"width": 1440, "height": 900})) as context:
        context.set_default_timeout(PATIENCE_MS)
        lab.log_in(context, Role.MANAGER)
        page = context.new_page()
        told = complaints(page)
        page.goto(lab.address + "/people")
        yield page
    assert told == []


@pytest.fixture
def floor(lab: RealLab, desk: Page) -> Iterator[Page]:
    """The live map, as it hangs open beside everything else."""
    page = desk.context.new_page()
    told = complaints(page)
    page.goto(lab.address + "/map?view=list")
    page.wait_for_function("() => document.body.dataset.heard")
    yield page
    assert told == []


def test_a_newcomer_gets_a_badge_is_trained_works_and_loses_the_training(lab: RealLab, desk: Page, floor: Page) -> None:
    add_the_person(desk)
    lend_a_badge(lab, desk)
    refused_without_training(lab, desk, floor)
    give_the_training(desk)
    work_and_go(lab, floor)
    withdraw_the_training(desk)
    refused_after_it_was_withdrawn(lab, desk, floor)


def add_the_person(desk: Page) -> None:
    desk.get_by_role("link", name="Add a person").click()
    given, _, family = NAME.partition(" ")
    desk.get_by_label("Given name").fill(given)
    desk.get_by_label("Family name").fill(family)
    desk.get_by_label("Language").select_option("en")
    desk.get_by_label("Who pays").select_option("brumevent")
    desk.get_by_role("button", name="Add the person").click()

    expect(desk.get_by_role("heading", level=1)).to_have_text(NAME)
    expect(desk.locator("main")).to_contain_text("No badge is lent to this person.")


def lend_a_badge(lab: RealLab, desk: Page) -> None:
    """Somebody else's badge starts the machine, and the page says so; the unknown one after it is taken."""
    desk.get_by_role("link", name="Lend a badge").first.click()
    desk.get_by_label(MILL).check()
    desk.get_by_role("button", name="Wait for a badge").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text(f"Hold the badge to {MILL}")
    wait_through_an_outage(lab, desk)
    hold_the_wrong_one(lab, desk)
    rest()
    lab.tap(MACHINE, BADGE)

    lab.shows(MACHINE, "Badge inconnu")  # whose language nobody knows yet
    desk.wait_for_url("**/badges/lend/*")
    desk.get_by_label("Label").fill("Blue 7")
    desk.get_by_role("button", name="Lend the badge").click()
    expect(desk.locator("[data-toast]")).to_contain_text(f"is lent to {NAME}")
    expect(badges(desk)).to_contain_text("Blue 7")


def wait_through_an_outage(lab: RealLab, desk: Page) -> None:
    """The page that waits counts down; it says that the agent is away, and no longer when it is back."""
    left = desk.locator("#wait-left b")
    expect(left).not_to_have_text(left.inner_text())
    away = desk.locator(".wait .banner", has_text=f"{MILL} is offline.")
    lab.stage.processes.kill(AGENT)
    expect(away).to_be_visible()
    shot(desk, "journey-offline")
    lab.stage.until(lambda: not lab.board.connected(AGENT), "the board to miss the agent")
    lab.stage.start_agent(AGENT)
    expect(away).to_have_count(0, timeout=30_000)
    lab.shows(MACHINE, "Badge ici")


def hold_the_wrong_one(lab: RealLab, desk: Page) -> None:
    other = lab.lab.holders[0]
    lab.tap(MACHINE, other.card)
    expect(desk.locator(".wait")).to_contain_text(f"runs now: this badge is lent to {other.given} {other.family}")
    shot(desk, "journey-wrong-badge")
    for _ in range(2):
        rest()
        lab.tap(MACHINE, other.card)
    until(lambda: not lab.is_on(MACHINE))


def refused_without_training(lab: RealLab, desk: Page, floor: Page) -> None:
    lab.lists_in_force()
    rest()
    lab.tap(MACHINE, BADGE)

    lab.shows(MACHINE, "Refused\nQualification\nmissing")
    expect(latest(floor)).to_contain_text("Refused: qualification missing")
    assert not lab.is_on(MACHINE)
    seen(desk, "qualification missing")


def give_the_training(desk: Page) -> None:
    lacking = desk.locator(".verdict-group", has_text="Fraisage is missing")
    lacking.get_by_role("link", name="Give…").click()
    expect(desk.get_by_role("checkbox", name=NAME)).to_be_checked()
    end = datetime.now(UTC).date() + timedelta(days=365)
    desk.get_by_label("Until the end of").fill(end.isoformat())
    desk.get_by_label("What it rests on").fill("Course of the autumn, first piece watched")
    desk.get_by_role("button", name="Give the qualification").click()

    expect(desk.locator("[data-toast]")).to_contain_text("Given to one person")
    expect(desk.locator(".verdict-group.is-may")).to_contain_text(MILL)
    expect(qualifications(desk)).to_contain_text("first piece watched")


def work_and_go(lab: RealLab, floor: Page) -> None:
    tile = floor.locator(f"#t-{MACHINE}")
    lab.lists_in_force()
    rest()
    lab.tap(MACHINE, BADGE)

    lab.shows(MACHINE, "Granted")
    assert lab.is_on(MACHINE)
    expect(tile).to_have_attribute("data-state", "use", timeout=PATIENCE_MS)

    rest()
    lab.tap(MACHINE, BADGE)
    lab.shows(MACHINE, "Tap again: stop")
    rest()
    lab.tap(MACHINE, BADGE)
    lab.shows(MACHINE, "Ended")
    assert not lab.is_on(MACHINE)
    expect(tile).to_have_attribute("data-state", "free", timeout=PATIENCE_MS)


def withdraw_the_training(desk: Page) -> None:
    qualifications(desk).get_by_role("link", name="Revoke…").click()
    expect(desk.locator("#confirm")).to_contain_text("1 person loses access")
    desk.get_by_label("Reason").fill("Left the spindle running alone")
    desk.get_by_role("button", name="Revoke 1 qualification").click()

    expect(desk.locator("[data-toast]")).to_contain_text("1 qualification revoked")
    expect(desk.get_by_role("heading", level=1)).to_have_text(NAME)


def refused_after_it_was_withdrawn(lab: RealLab, desk: Page, floor: Page) -> None:
    lab.lists_in_force()
    rest()
    lab.tap(MACHINE, BADGE)

    lab.shows(MACHINE, "Refused\nQualification\nwithdrawn")
    expect(latest(floor)).to_contain_text("Refused: qualification withdrawn")
    assert not lab.is_on(MACHINE)
    seen(desk, "qualification withdrawn")
    expect(desk.locator(".verdict-group", has_text="Fraisage was revoked on")).to_contain_text(MILL)
    expect(qualifications(desk).locator("details")).to_contain_text("Left the spindle running alone")


def seen(desk: Page, words: str) -> None:
    """The person's page says the newest refusal."""
    desk.reload()
    expect(panel(desk, "Last refusals").locator("li").first).to_contain_text(words)


def latest(floor: Page) -> Locator:
    return floor.locator("#recent-rows li").first


def badges(desk: Page) -> Locator:
    return panel(desk, "Badges")


def qualifications(desk: Page) -> Locator:
    return panel(desk, "Qualifications")


def panel(page: Page, title: str) -> Locator:
    return page.locator("section.panel", has=page.get_by_role("heading", name=title))
