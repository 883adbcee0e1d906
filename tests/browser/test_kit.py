"""The parts of all pages in a browser: readable by all, nothing cut off, and they work without a script."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.helpers import axe, clipped_texts, overlapping_texts, shot


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_parts_can_be_read_by_all_at_every_width(open_page: OpenPage, theme: str) -> None:
    page = open_page(path="kit", color_scheme=theme, locale="fr")
    for width in (390, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 900})

        assert axe(page) == []
        assert clipped_texts(page) == []
        assert overlapping_texts(page) == []
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        shot(page, f"kit-{width}-{theme}")


def test_axe_and_the_search_for_cut_texts_find_what_is_wrong(open_page: OpenPage) -> None:
    page = open_page(path="kit/form")
    page.evaluate(
        """() => {
          const main = document.querySelector('main');
          main.insertAdjacentHTML('beforeend', '<p id="low">hard to see</p><img src="/static/favicon.svg">');
          const low = document.getElementById('low');
          Object.assign(low.style, { color: '#ccc', width: '30px', overflow: 'hidden', whiteSpace: 'nowrap' });
        }"""
    )

    assert {finding.partition(":")[0] for finding in axe(page)} == {"color-contrast", "image-alt"}
    assert clipped_texts(page) == ["hard to see"]


def test_a_page_zoomed_to_200_percent_still_fits(open_page: OpenPage) -> None:
    page = open_page(width=640, height=450, device_scale_factor=2, path="kit/form", locale="de")

    assert clipped_texts(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_a_question_opens_over_the_page_with_the_safe_answer_first(open_page: OpenPage) -> None:
    page = open_page(path="kit/form")
    page.locator("a.is-ask").click()
    dialog = page.locator("dialog.over[open]:not(#keys)")

    expect(dialog.locator(".is-safe")).to_be_focused()
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_without_a_script_the_question_is_a_page_and_what_was_done_a_line(open_page: OpenPage) -> None:
    page = open_page(path="kit/form", java_script_enabled=False)
    page.locator("main form .is-primary").click()
    line = page.locator("[data-toast]")

    expect(line).to_contain_text("Fraiseuse 5 axes")
    line.locator("button").click()
    expect(page.locator("[data-toast]")).to_have_text("Taken back.")
    page.locator("a.is-ask").click()
    expect(page.locator("#confirm .is-danger")).to_be_visible()


def test_what_takes_longer_than_a_second_says_that_it_goes_on(open_page: OpenPage) -> None:
    page = open_page(path="kit/form")
    page.evaluate(
        "document.addEventListener('submit', (event) => event.preventDefault())"
    )  # an answer that does not come
    busy = page.locator(".busy")
    page.locator("main form .is-primary").click()
    expect(busy).to_be_empty()

    expect(busy).to_have_text("Working on it…")
    assert axe(page) == []
    shot(page, "busy")
    page.reload()
    expect(busy).to_be_empty()


def test_a_toast_goes_by_itself_and_waits_for_whoever_points_at_it(open_page: OpenPage) -> None:
    page = open_page(path="kit/form", clock=True)
    page.locator("main form .is-primary").click()
    toast = page.locator("[data-toast]")
    toast.hover()
    page.clock.run_for(20_000)
    expect(toast).to_be_visible()
    page.mouse.move(0, 0)
    page.clock.run_for(9_000)

    expect(toast).to_have_count(0)


def test_ctrl_k_goes_to_the_search_also_where_the_rail_is_narrow(open_page: OpenPage) -> None:
    page = open_page(path="kit/form", width=1024)
    page.keyboard.press("Control+k")

    expect(page.locator("#search")).to_be_focused()
    assert page.locator(".rail-search").evaluate("element => element.offsetWidth") >= 48


def test_phones_have_five_tabs_and_the_rest_behind_the_last(open_page: OpenPage) -> None:
    page = open_page(path="kit", width=390, java_script_enabled=False)
    tabs = page.locator(".phone-tabs a")

    expect(tabs).to_have_count(5)
    tabs.last.click()
    expect(page.locator(".ways a", has_text="Tariffs")).to_be_visible()


def test_a_page_prints_without_the_chrome(open_page: OpenPage) -> None:
    page = open_page(path="kit")
    page.emulate_media(media="print")

    expect(page.locator(".rail")).to_be_hidden()
    expect(page.locator("main h1")).to_be_visible()
