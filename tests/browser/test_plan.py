"""The live plan in a browser: a badge turns a machine, the minutes count, a lost stream is said, and every label is legible."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Site
from tests.browser.helpers import clipped_texts, fits, live, overlapping_texts, shot, speak
from tests.floor import Floor

WIDTHS = (641, 820, 1024, 1180, 1440, 1920)
SMALLEST_PX = 11  # ui.md: nothing on a screen is set smaller

# Labels that leave their machine's tile, and labels of rooms that lie under one.
OUTSIDE = """() => {
  const box = (part) => part.getBoundingClientRect();
  const out = (one, of) => one.left < of.left + 2 || one.right > of.right - 2 || one.top < of.top || one.bottom > of.bottom;
  const cross = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const spots = [...document.querySelectorAll('.spot')], rooms = [...document.querySelectorAll('.room-name text')];
  const leaving = spots.flatMap((spot) => [...spot.querySelectorAll('text')].filter((text) => out(box(text), box(spot.querySelector('.edge')))));
  const hidden = rooms.filter((text) => spots.some((spot) => cross(box(text), box(spot.querySelector('.edge')))));
  return [...leaving, ...hidden].map((text) => text.textContent);
}"""
SMALLEST = """() => Math.min(...[...document.querySelectorAll('.plan text')].map((text) =>
  parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a))"""


def test_a_tap_turns_the_tile_and_what_was_focused_stays_so(floor: Floor, open_page: OpenPage) -> None:
    page = live(open_page(path="map"))
    tile = page.locator("#t-m3")
    tile.focus()
    floor.start("m3")

    expect(tile).to_have_attribute("data-state", "use", timeout=1000)
    expect(page.locator("#n-use b")).to_have_text("11")
    expect(page.locator("#running-head small")).to_have_text("11")
    assert page.evaluate("() => document.activeElement.id") == "t-m3"
    assert page.evaluate("() => document.activeElement instanceof SVGElement")


def test_the_minutes_count_in_the_browser(floor: Floor, open_page: OpenPage) -> None:
    floor.start("m3", minutes=59.6)
    page = live(open_page(path="map", clock=True))
    minutes = page.locator("#t-m3 .minutes")
    expect(minutes).to_have_text("59\u00a0min")
    page.clock.fast_forward(35_000)

    expect(minutes).to_have_text("1\u00a0h\u00a000")
    assert page.locator("#t-m22 .done").get_attribute("width") == "100.0"  # beyond its longest time


def test_a_lost_stream_freezes_the_page_and_says_since_when(floor: Floor, open_page: OpenPage, site: Site) -> None:
    page = live(open_page(path="map"))
    site.stop()

    expect(page.locator("#frozen")).to_be_visible()
    expect(page.locator("#frozen")).to_contain_text("Page frozen since")
    assert page.locator("#frozen-since").inner_text()[-3] == ":"
    assert page.locator("#live").inner_text() == "Frozen"
    assert page.locator("#t-m1").get_attribute("data-state") == "use"

    site.start()
    floor.start("m3")
    page.locator("#frozen-now").click()

    expect(page.locator("#frozen")).to_be_hidden()
    expect(page.locator("#t-m3")).to_have_attribute("data-state", "use")


def test_a_stream_that_says_nothing_for_long_counts_as_lost(floor: Floor, open_page: OpenPage) -> None:
    page = live(open_page(path="map", clock=True))
    page.clock.run_for(2_000)
    page.clock.fast_forward(41_000)

    expect(page.locator("#frozen")).to_be_visible()


def test_the_count_strip_filters_and_lets_go(floor: Floor, open_page: OpenPage) -> None:
    page = open_page(path="map")
    page.locator("#only-fault").click()
    dimmed = "([...document.querySelectorAll('.spot')].filter((tile) => getComputedStyle(tile).opacity < 1).length)"

    page.wait_for_function(f"() => {dimmed} === 23")
    page.locator("#only-fault").click()
    page.wait_for_function(f"() => {dimmed} === 0")


def test_every_label_is_legible_and_in_its_place_at_any_width(floor: Floor, open_page: OpenPage) -> None:
    """German, the longest, at every width; the other two at the least and on a desk. Narrower, the drawing scrolls."""
    page = open_page(path="map")
    for language, widths in (("de", WIDTHS), ("fr", (1024, 1440)), ("en", (1024, 1440))):
        speak(page, language)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            shot(page, f"plan-{width}-{language}")

            legible(page, f"{language} at {width}")


def legible(page: Page, where: str) -> None:
    assert fits(page), where
    assert clipped_texts(page) == [], where
    assert overlapping_texts(page) == [], where
    assert page.evaluate(OUTSIDE) == [], where
    assert page.evaluate(SMALLEST) >= SMALLEST_PX, where


def test_every_state_is_carried_by_shape_word_and_fill_or_pattern(floor: Floor, open_page: OpenPage) -> None:
    page = open_page(path="map")
    tiles = page.evaluate(
        """() => [...document.querySelectorAll('.spot')].map((tile) => { const edge = getComputedStyle(tile.querySelector('.edge'));
             return [tile.dataset.state, tile.querySelector('.shape use').getAttribute('href'), tile.querySelector('.said').textContent,
               [getComputedStyle(tile.querySelector('.ground')).fill, edge.strokeWidth, edge.strokeDasharray].join(), Boolean(tile.querySelector('.band'))]; })"""
    )
    looks = {state: (shape, word, fill, band) for state, shape, word, fill, band in tiles}

    assert {state: look[:2] for state, look in looks.items()} == {
        "free": ("#s-free", "Free"),
        "use": ("#s-use", "In use"),
        "lock": ("#s-lock", "Locked"),
        "off": ("#s-off", "Offline"),
        "fault": ("#s-fault", "Fault"),
    }
    assert len({look[2] for look in looks.values()}) == 5
    assert {state for state, look in looks.items() if look[3]} == {"off", "fault"}


def test_the_keyboard_walks_from_machine_to_machine_and_enters_one(floor: Floor, open_page: OpenPage) -> None:
    page = open_page(path="map")
    page.locator("#sheet").focus()
    reached, edge = [], page.locator("#t-m3 .edge")
    shortened = page.locator("#sheet").get_by_role("link", name="Établi de mesure et de reprise des cartes Free")
    expect(shortened).to_have_id("t-m24")  # a name too long for its tile is read out whole
    drawn = "edge => [getComputedStyle(edge).stroke, parseFloat(getComputedStyle(edge).strokeWidth)]"
    plain = edge.evaluate(drawn)
    for _ in range(24):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.id"))
        if reached[-1] == "t-m3":
            focused = edge.evaluate(drawn)
    page.keyboard.press("Enter")
    page.wait_for_url("**/machines/*")

    assert sorted(reached) == sorted(f"t-{code}" for code in floor.codes)
    assert focused[0] != plain[0]
    assert focused[1] >= 2


def test_a_phone_is_led_to_the_list(floor: Floor, open_page: OpenPage) -> None:
    page = open_page(path="map", width=390, height=844)
    page.wait_for_url("**/map?view=list")

    expect(page.locator(".tile")).to_have_count(24)


def test_the_plan_can_be_read_without_scripts(floor: Floor, open_page: OpenPage) -> None:
    page = open_page(path="map", java_script_enabled=False)

    assert page.locator(".spot").count() == 24
    assert page.locator("#t-m1 .minutes").text_content() == "42\u00a0min"
