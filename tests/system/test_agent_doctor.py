"""The agent's doctor before a real broker: let in with the right password, refused with a wrong one, and not the agent's rival."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.config import Broker as Settings
from agent.doctor.broker import meet
from server.demo.broker import HOST, Broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path / "broker")
    broker.add_user("agent-1", "right")
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.parametrize(("password", "refused"), [("right", 0), ("wrong", 0x87)])
def test_a_real_broker_answers_the_doctors_hello(broker: Broker, password: str, refused: int) -> None:
    settings = Settings(HOST, broker.port, "agent-1", password, False, None)

    assert meet(settings, "agent-1").refused == refused
