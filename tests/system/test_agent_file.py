"""The file that a manager downloads for an agent, with a real Mosquitto: it lets in, and the one before no longer does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from agent import config as agent_config
from server.demo.broker import HOST, Broker
from server.domain.roles import Role
from server.machines import service as machines
from server.settings import Mqtt
from tests.server.signed_in import signed_in, web_app
from tests.system.wired_agent import Sender
from tests.waiting import until
from wire.messages import RiskClass


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker(tmp_path / "broker")
    running.add_user("server", "s3cret")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def manager(sqlite_url: str, broker: Broker, tmp_path: Path, now) -> FlaskClient:
    files: dict[str, Any] = {
        "password_file": tmp_path / "broker/broker.passwords",
        "pid_file": tmp_path / "broker/broker.pid",
    }
    app = web_app(sqlite_url, mqtt=Mqtt(host=HOST, port=broker.port, password=SecretStr("s3cret"), **files))
    with app.app_context():
        machines.add_agent("agent-1", actor="test", now=now)
        machines.add_machine("p1", "Printer 1", "printer", "agent-1", RiskClass.LOW, actor="test", now=now)
    return signed_in(app, Role.MANAGER)


def test_an_agent_gets_in_with_its_file_and_no_longer_with_the_one_before(
    manager: FlaskClient, broker: Broker, tmp_path: Path
) -> None:
    first = Sender(broker, "agent-1", password_in(manager, tmp_path))
    until(first.client.is_connected)

    second = Sender(broker, "agent-1", password_in(manager, tmp_path))

    until(second.client.is_connected)
    until(lambda: first.said_no)  # thrown out at once, and not let in again
    assert not first.client.is_connected()
    for sender in (first, second):
        sender.leaves()


def password_in(manager: FlaskClient, folder: Path) -> str:
    """Download the file, as a browser does, and read it, as the agent does."""
    made = manager.post("/agents/agent-1/file", data={"address": HOST, "language": "fr"})
    page = manager.get(made.location).text
    assert "Le broker connaît le nouveau mot de passe" in page
    (folder / "agent.toml").write_text(manager.get(f"{made.location}/agent.toml").text)
    config = agent_config.load(folder / "agent.toml")
    assert config.broker.username == "agent-1"
    return config.broker.password
