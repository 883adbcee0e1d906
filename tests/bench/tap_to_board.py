"""From a badge at a reader to the machine's tile on the screen of whoever has the live board open: all of it real."""

from tests.bench.figures import Lines, spread
from tests.browser.conftest import chromium
from tests.browser.live_lab import live_lab

AIM_MS = {99: 1000.0}
_PATIENCE_S = 10.0


def measure(quick: bool) -> Lines:
    rounds = 4 if quick else 40
    with chromium() as browser, live_lab(browser) as lab:
        seconds = [took for _ in range(rounds) for took in lab.turns(_PATIENCE_S)]
    yield "  one agent, three machines, started and ended in turn; from the reader to the frame that shows the tile turned"
    yield from spread("badge → tile on the screen", seconds, AIM_MS)
