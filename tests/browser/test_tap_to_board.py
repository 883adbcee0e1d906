"""A badge at a real agent's reader, and the machine's tile on the screen of whoever has the live board open."""

from playwright.sync_api import Browser

from tests.bench.figures import percentile
from tests.browser.live_lab import live_lab

ROUNDS = 2  # of six badges
WITHIN_S = 5.0  # the aim is one second; the computer the tests run on does other things too


def test_every_badge_turns_its_tile_on_the_screen(browser: Browser) -> None:
    with live_lab(browser) as lab:
        seconds = sorted(took for _ in range(ROUNDS) for took in lab.turns(WITHIN_S))

    print(f"\nbadge → tile: p50 {percentile(seconds, 50) * 1000:.0f} ms, p99 {percentile(seconds, 99) * 1000:.0f} ms")
    assert len(seconds) >= 10
    assert seconds[0] > 0
    assert seconds[-1] < WITHIN_S
