"""The wall in a browser: for a screen that nobody logs in to, read from five metres, and it names nobody."""

from itertools import product

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from server.db import writing
from server.people.models import Holder, Person
from tests.browser.conftest import OpenPage, Site
from tests.browser.helpers import axe, clipped_texts, fits, live, overlapping_texts, shot, speak
from tests.floor import HOLDER, Floor

SCREENS = ((1920, 1080), (1280, 720))
SMALLEST_PX = 20

SIZES = """() => [...document.querySelectorAll('.wall *')].filter((part) => part.checkVisibility() &&
  [...part.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())).map((part) => parseFloat(getComputedStyle(part).fontSize))"""


@pytest.fixture
def people(books: Flask, floor: Floor) -> tuple[str, ...]:
    """Whoever is at a machine in this lab has a name."""
    with writing() as session:
        session.add(Holder(number=HOLDER))
        session.flush()
        session.add(Person(holder_number=HOLDER, given_name="Perrine", family_name="Lachaise", shows_first_name=True))
    return ("Perrine", "Lachaise")


def wall(open_page: OpenPage, site: Site, **options: object) -> Page:
    """The wall on a screen where nobody has ever logged in."""
    page = open_page(path="wall", **options)
    page.context.clear_cookies()
    page.goto(site.address + "wall")
    return page


def test_without_a_login_the_wall_turns_and_names_nobody(
    people: tuple[str, ...], floor: Floor, open_page: OpenPage, site: Site
) -> None:
    page = live(wall(open_page, site, width=1920, height=1080))
    floor.start("m3")

    expect(page.locator("#t-m3")).to_have_attribute("data-state", "use", timeout=1000)
    expect(page.locator("#n-use b")).to_have_text("11")
    assert [name for name in people if name in page.content()] == []
    assert page.locator(".wall :is(a, button)").count() == 0


def test_everything_fits_the_screen_and_can_be_read_from_afar(floor: Floor, open_page: OpenPage, site: Site) -> None:
    page = wall(open_page, site, color_scheme="light")
    for language, (width, height) in product(("de", "fr", "en"), SCREENS):
        speak(page, language)
        page.set_viewport_size({"width": width, "height": height})
        shot(page, f"wall-{width}-{language}")

        where = f"{language} at {width}"
        assert fits(page), where
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), where
        assert clipped_texts(page) == [], where
        assert overlapping_texts(page) == [], where
        assert min(page.evaluate(SIZES)) >= SMALLEST_PX, where
    assert axe(page) == []
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(11, 13, 15)"


def test_the_minutes_count_and_the_picture_moves_against_burn_in(floor: Floor, open_page: OpenPage, site: Site) -> None:
    floor.start("m3", minutes=59.6)
    page = live(wall(open_page, site, clock=True))
    minutes, frame = page.locator("#t-m3 time"), page.locator("#wall")
    expect(minutes).to_have_text("59\u00a0min")
    page.clock.fast_forward(35_000)

    expect(minutes).to_have_text("1\u00a0h\u00a000")
    page.clock.run_for(1_000)
    shifted = "wall" if "shifted" in (frame.get_attribute("class") or "") else "wall shifted"  # by the hour it is now
    page.evaluate("offset += 3600000; tick()")
    expect(frame).to_have_attribute("class", shifted)


def test_a_lost_stream_is_said_in_large(floor: Floor, open_page: OpenPage, site: Site) -> None:
    page = live(wall(open_page, site))
    site.stop()

    expect(page.locator("#frozen")).to_contain_text("Page frozen since")
    expect(page.locator("#live")).to_have_text("Frozen", use_inner_text=True)
    assert (
        page.evaluate("() => parseFloat(getComputedStyle(document.getElementById('frozen')).fontSize)") >= SMALLEST_PX
    )
