"""A card left on the reader while the power was away: the agent that comes back starts nothing for it. A real agent, real pins."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.agent.conftest import Bench
from tests.agent.live_box import LiveBox
from tests.waiting import until


@pytest.fixture
def box(benches: Callable[..., Bench], tmp_path: Path) -> Iterator[LiveBox]:
    box = LiveBox(benches(virtual=False), tmp_path)
    yield box
    box.close()


def test_nothing_energises_for_a_card_that_lies_on_the_reader_when_the_agent_starts_again(box: LiveBox) -> None:
    box.start()
    box.starts_a_session()
    box.kill()
    until(lambda: not box.pin().driven)

    box.start(meanwhile=box.tap)

    assert not box.pin().driven
    time.sleep(0.5)  # it is taken away
    box.starts_a_session()  # and held there anew, as a control: this card may start
