"""A card left on the reader while the power was away: the agent that comes back starts nothing for it. A real agent, real pins."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.agent.conftest import Bench
from tests.agent.live_box import CARD, LiveBox
from tests.waiting import until

_ALWAYS_S = 0.2  # a reader repeats its card more often; with a longer pause it would be gone and come again


class Lying:
    """A card that its reader tells over and over, as far as this computer lets it."""

    def __init__(self, box: LiveBox) -> None:
        self._box = box
        self._told_s: deque[float] = deque(maxlen=4)

    @property
    def was_still(self) -> bool:
        """It was told without a pause of late, which is when the agent began to listen."""
        return all(after - before < _ALWAYS_S for before, after in pairwise(self._told_s))

    def told_again(self) -> None:
        """Into a line that may be full as long as nobody reads it; opening it forgets all that."""
        answer = self._box.bench.ask("tap", machine="p1", card=CARD, frames=1)
        assert answer.get("ok") or "full" in str(answer), answer
        self._told_s.append(time.monotonic())


@pytest.fixture
def box(benches: Callable[..., Bench], tmp_path: Path) -> Iterator[LiveBox]:
    box = LiveBox(benches(virtual=False), tmp_path)
    yield box
    box.close()


def test_nothing_energises_for_a_card_that_lies_on_the_reader_when_the_agent_starts_again(box: LiveBox) -> None:
    box.start()
    box.starts_a_session()

    def started_again() -> bool:
        """A trial in which this computer paused shows nothing, and is made again."""
        box.kill()
        until(lambda: not box.pin().driven)
        before, card = box.log().count("a card lies on the reader"), Lying(box)
        box.start(meanwhile=card.told_again)
        time.sleep(_ALWAYS_S)  # what it starts, it starts within milliseconds
        return card.was_still and (box.pin().driven or box.log().count("a card lies on the reader") > before)

    until(started_again, within_s=60)

    assert not box.pin().driven
    time.sleep(0.5)  # it is taken away
    box.starts_a_session()  # and held there anew, as a control: this card may start
