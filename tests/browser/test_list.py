"""The live board in a browser: it turns by itself, loses nothing of what its reader was doing, and can be read by all."""

import itertools

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Site
from tests.floor import Floor
from wire.messages import DenialReason

WIDTHS = (390, 640, 820, 1024, 1180, 1440, 1920)

CLIPPED = """() => [...document.querySelectorAll('h1, h2, h3, p, b, span, dt, dd, time, button, strong')]
  .filter((element) => element.getClientRects().length && element.textContent.trim())
  .filter((element) => {
    const box = element.getBoundingClientRect(), frame = (element.closest('.tile, button, li') || document.body).getBoundingClientRect();
    return element.scrollWidth > Math.ceil(box.width) + 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1 || box.right > innerWidth + 1;
  }).map((element) => `${element.tagName} ${element.textContent.trim()}`)"""

OVERLAPS = """() => {
  const ink = (part) => { const range = document.createRange(); range.selectNodeContents(part); return (part.textContent ? range : part).getBoundingClientRect(); };
  const parts = [...document.querySelectorAll('.tile')].flatMap((tile) => {
    const boxes = [...tile.querySelectorAll('h3, .word, .time time, .time span, .corner, .bar, .band')].map((part) => [part.textContent || part.className.baseVal, ink(part)]);
    return boxes.flatMap(([a, one], index) => boxes.slice(index + 1).filter(([, other]) =>
      one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1 && other.top < one.bottom - 1).map(([b]) => `${a} / ${b}`));
  });
  const texts = [...document.querySelectorAll('.load text')].map((text) => text.getBoundingClientRect());
  return parts.concat(texts.flatMap((one, index) => texts.slice(index + 1).filter((other) =>
    one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom).map(() => 'axis')));
}"""


def live(page: Page) -> Page:
    """The page once its stream is open: the first beat or board has been heard."""
    page.wait_for_function("() => document.body.dataset.heard")
    return page


def test_a_tap_turns_the_tile_within_a_second(floor: Floor, open_page: OpenPage) -> None:
    page = live(open_page())
    floor.start("m3")

    expect(page.locator("#t-m3")).to_have_attribute("data-state", "use", timeout=1000)
    expect(page.locator("#n-use b")).to_have_text("11")
    expect(page.locator("#recent-rows li").first).to_contain_text("FDM 3")


def test_a_refusal_appears_in_words(floor: Floor, open_page: OpenPage) -> None:
    page = open_page()
    floor.deny("m3", DenialReason.BUDGET_REACHED)

    expect(page.locator("#recent-rows li").first).to_contain_text("Refused: budget used up")


def test_focus_hover_scroll_filter_and_open_tables_survive_a_change(floor: Floor, open_page: OpenPage) -> None:
    page = open_page(height=500)
    page.locator("#only-use").click()
    page.locator("#load-table summary").click()
    page.locator("#recent-rows a").first.focus()
    page.evaluate("() => { document.getElementById('t-m3').kept = true; scrollTo({ top: 120, behavior: 'instant' }); }")
    focused = page.evaluate("() => document.activeElement.textContent")
    floor.start("m3")
    expect(page.locator("#t-m3")).to_have_attribute("data-state", "use")

    assert page.evaluate("() => document.activeElement.textContent") == focused
    assert page.evaluate("() => scrollY") == 120
    assert page.evaluate("() => document.getElementById('t-m3').kept")
    assert page.evaluate("() => document.getElementById('load-table').open")
    assert page.locator("#floor").get_attribute("data-only") == "use"
    assert page.locator("[aria-pressed=true]").count() == 1


def test_a_focused_tile_keeps_its_focus_while_it_changes(floor: Floor, open_page: OpenPage) -> None:
    page = open_page()
    page.locator("#t-m3").focus()
    floor.start("m3")
    expect(page.locator("#t-m3")).to_have_attribute("data-state", "use")

    assert page.evaluate("() => document.activeElement.id") == "t-m3"


def test_focus_stays_on_a_row_while_the_rows_above_come_and_go(floor: Floor, open_page: OpenPage) -> None:
    page = open_page()
    page.locator("#trouble-rows a", has_text="Pose CMS").focus()
    floor.report("m15", "idle")
    floor.report("m6", "idle", faults=["contact_closed"])
    expect(page.locator("#trouble-rows li").first).to_contain_text("FDM 6")

    assert page.locator("#trouble-rows", has_text="Tour CNC").count() == 0
    assert page.evaluate("() => document.activeElement.textContent") == "Pose CMS"


def test_the_minutes_count_in_the_browser(floor: Floor, open_page: OpenPage) -> None:
    floor.start("m3", minutes=59.6)
    page = live(open_page(clock=True))
    bar = page.locator("#t-m22 .done")
    minutes = page.locator("#t-m3 .time time")
    expect(minutes).to_have_text("59\u00a0min")
    page.clock.fast_forward(35_000)

    expect(minutes).to_have_text("1\u00a0h\u00a000")
    assert bar.get_attribute("width") == "100.0"


def test_a_lost_stream_freezes_the_page_and_says_since_when(floor: Floor, open_page: OpenPage, site: Site) -> None:
    page = live(open_page())
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
    page = live(open_page(clock=True))
    page.clock.run_for(2_000)
    page.clock.fast_forward(41_000)

    expect(page.locator("#frozen")).to_be_visible()


def test_the_count_strip_filters_and_lets_go(floor: Floor, open_page: OpenPage) -> None:
    page = open_page()
    page.locator("#only-fault").click()
    dimmed = "([...document.querySelectorAll('.tile')].filter((tile) => getComputedStyle(tile).opacity < 1).length)"

    page.wait_for_function(f"() => {dimmed} === 23")
    page.locator("#only-fault").click()
    page.wait_for_function(f"() => {dimmed} === 0")


def test_what_looks_wrong_leads_to_its_tile(floor: Floor, open_page: OpenPage) -> None:
    page = open_page()
    page.locator("#trouble-rows a", has_text="Tour CNC").click()

    assert page.evaluate("() => document.querySelector(':target').id") == "t-m15"


@pytest.mark.parametrize(("language", "width"), list(itertools.product(("fr", "de", "en"), WIDTHS)))
def test_nothing_is_clipped_or_overlaps_at_any_width(
    floor: Floor, open_page: OpenPage, language: str, width: int
) -> None:
    page = open_page(width=width, locale=language)
    page.evaluate("() => document.fonts.ready")

    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate(OVERLAPS) == []


def test_every_state_is_carried_by_shape_word_and_fill_or_pattern(floor: Floor, open_page: OpenPage) -> None:
    page = open_page()
    tiles = page.evaluate(
        """() => [...document.querySelectorAll('.tile')].map((tile) => [tile.dataset.state,
             tile.querySelector('.shape use').getAttribute('href'), tile.querySelector('.word b').textContent,
             getComputedStyle(tile).backgroundColor + getComputedStyle(tile).borderTopStyle, Boolean(tile.querySelector('.band'))])"""
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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_keyboard_reaches_every_control_and_shows_where_it_is(
    floor: Floor, open_page: OpenPage, theme: str
) -> None:
    page = open_page(color_scheme=theme)
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.id || document.activeElement.textContent"))
        ring = page.evaluate("() => parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert ring >= 2 or reached[-1] == page.evaluate("() => document.body.textContent")

    states = ("free", "use", "idle", "cool", "book", "lock", "off", "fault")
    assert [name for name in dict.fromkeys(reached) if name.startswith("only-")] == [
        f"only-{state}" for state in states
    ]
    assert "Tour CNC" in reached


def test_the_theme_follows_the_system(floor: Floor, open_page: OpenPage) -> None:
    paper = {
        theme: open_page(color_scheme=theme).evaluate("() => getComputedStyle(document.body).backgroundColor")
        for theme in ("light", "dark")
    }

    assert paper == {"light": "rgb(244, 243, 240)", "dark": "rgb(17, 20, 22)"}


def test_reduced_motion_moves_nothing(floor: Floor, open_page: OpenPage) -> None:
    still = open_page(reduced_motion="reduce")
    moving = open_page()
    seconds = "() => getComputedStyle(document.querySelector('.tile')).transitionDuration"

    assert set(still.evaluate(seconds).split(", ")) == {"0s"}
    assert "0s" not in moving.evaluate(seconds)


def test_the_page_can_be_read_without_scripts(floor: Floor, open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)

    assert page.locator(".tile").count() == 24
    assert page.locator("#t-m1 .time time").inner_text() == "42\u00a0min"
