"""The live list by room in a browser: it turns by itself, loses nothing of what its reader was doing, and all can read it."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.helpers import clipped_texts, fits, live, overlapping_texts, shot, speak
from tests.floor import Floor
from wire.messages import DenialReason

LIST = "map?view=list"
WIDTHS = (390, 640, 820, 1024, 1180, 1440, 1920)

# Of one machine's line: name, word, minutes, bar and the cross in its corner.
ON_EACH_OTHER = """() => {
  const ink = (part) => { const range = document.createRange(); range.selectNodeContents(part); return (part.textContent ? range : part).getBoundingClientRect(); };
  return [...document.querySelectorAll('.tile')].flatMap((tile) => {
    const parts = [...tile.querySelectorAll('h3, .word, .time time, .time span, .corner, .bar')];
    const boxes = parts.map((part) => [part.textContent || part.className.baseVal, ink(part)]);
    return boxes.flatMap(([a, one], index) => boxes.slice(index + 1).filter(([, other]) =>
      one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1 && other.top < one.bottom - 1).map(([b]) => `${a} / ${b}`));
  });
}"""


def test_a_tap_turns_the_line_and_a_refusal_is_told_in_words(floor: Floor, open_page: OpenPage) -> None:
    page = live(open_page(path=LIST))
    newest = page.locator("#recent-rows li").first
    floor.start("m3")

    expect(page.locator("#t-m3")).to_have_attribute("data-state", "use", timeout=1000)
    expect(page.locator("#n-use b")).to_have_text("11")
    expect(newest).to_contain_text("FDM 3")
    floor.deny("m3", DenialReason.BUDGET_REACHED)
    expect(newest).to_contain_text("Refused: budget used up")


def test_focus_scroll_filter_and_open_tables_survive_a_change(floor: Floor, open_page: OpenPage) -> None:
    page = live(open_page(path=LIST, height=500, reduced_motion="reduce"))  # scrolls at once
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


def test_focus_stays_on_a_row_while_the_rows_above_come_and_go(floor: Floor, open_page: OpenPage) -> None:
    page = live(open_page(path=LIST))
    page.locator("#trouble-rows a", has_text="Pose CMS").focus()
    floor.report("m15", "idle")
    floor.report("m6", "idle", faults=["contact_closed"])
    expect(page.locator("#trouble-rows li").first).to_contain_text("FDM 6")

    assert page.locator("#trouble-rows", has_text="Tour CNC").count() == 0
    assert page.evaluate("() => document.activeElement.textContent") == "Pose CMS"


def test_nothing_is_clipped_or_overlaps_at_any_width(floor: Floor, open_page: OpenPage) -> None:
    """German, the longest, at every width; the other two on a phone and on a desk."""
    page = open_page(path=LIST)
    for language, widths in (("de", WIDTHS), ("fr", (390, 1440)), ("en", (390, 1440))):
        speak(page, language)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            shot(page, f"list-{width}-{language}")

            where = f"{language} at {width}"
            assert fits(page), where
            assert clipped_texts(page) == [], where
            assert page.evaluate(ON_EACH_OTHER) + overlapping_texts(page) == [], where


def test_every_state_is_carried_by_a_shape_and_a_word_and_what_is_wrong_stands_on_its_colour(
    floor: Floor, open_page: OpenPage
) -> None:
    page = open_page(path=LIST)
    lines = page.evaluate(
        """() => [...document.querySelectorAll('.tile')].map((tile) => [tile.dataset.state,
             tile.querySelector('.shape use').getAttribute('href'), tile.querySelector('.word b').textContent,
             getComputedStyle(tile.querySelector('.shape')).color, getComputedStyle(tile, '::before').backgroundColor])"""
    )
    looks = {state: (shape, word, hue, ground) for state, shape, word, hue, ground in lines}
    clear = "rgba(0, 0, 0, 0)"

    assert {state: look[:2] for state, look in looks.items()} == {
        "free": ("#s-free", "Free"),
        "use": ("#s-use", "In use"),
        "lock": ("#s-lock", "Locked"),
        "off": ("#s-off", "Offline"),
        "fault": ("#s-fault", "Fault"),
    }
    assert len({look[2] for look in looks.values()}) == 5
    assert {state for state, look in looks.items() if look[3] != clear} == {"fault"}


def test_what_looks_wrong_leads_to_its_machine(floor: Floor, open_page: OpenPage) -> None:
    page = open_page(path=LIST)
    page.locator("#trouble-rows a", has_text="Tour CNC").click()

    expect(page.locator("h1")).to_contain_text("Tour CNC")
    assert page.url.endswith("/machines/m15")


def test_the_keyboard_reaches_every_control_and_shows_where_it_is(floor: Floor, open_page: OpenPage) -> None:
    page = open_page(path=LIST, color_scheme="light")
    page.locator("#content").focus()
    reached = []
    for _ in range(46):
        page.keyboard.press("Tab")
        name, ring = page.evaluate(
            """() => {
              const element = document.activeElement, line = element.closest('.tile') || element;
              const ring = (part) => parseFloat(getComputedStyle(part).outlineWidth);
              return [element.id || element.textContent.trim(), Math.max(ring(element), ring(line))];
            }"""
        )
        reached.append(name)
        assert ring >= 2, name

    states = ("free", "use", "idle", "cool", "book", "lock", "off", "fault")
    assert [name for name in reached if name.startswith("only-")] == [f"only-{state}" for state in states]
    assert {"FDM 1", "Établi de mesure et de reprise des cartes", "Tour CNC"} <= set(reached)


def test_theme_and_motion_are_the_readers(floor: Floor, open_page: OpenPage) -> None:
    page = open_page(path=LIST, color_scheme="light")
    seconds = "() => getComputedStyle(document.querySelector('.tile')).transitionDuration"
    paper = "() => getComputedStyle(document.body).backgroundColor"

    assert "0s" not in page.evaluate(seconds)
    assert page.evaluate(paper) == "rgb(244, 243, 240)"
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert set(page.evaluate(seconds).split(", ")) == {"0s"}
    assert page.evaluate(paper) == "rgb(17, 20, 22)"


def test_the_list_can_be_read_without_scripts(floor: Floor, open_page: OpenPage) -> None:
    page = open_page(path=LIST, java_script_enabled=False)

    assert page.locator(".tile").count() == 24
    assert page.locator("#t-m1 .time time").inner_text() == "42\u00a0min"
