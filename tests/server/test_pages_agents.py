"""The pages about agents: who is heard, a new one, the end of one, and the file it is set up with."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import select

from agent import config as agent_config
from server.audit.models import AuditEntry
from server.db import reading, writing
from server.domain.roles import Role
from server.lists.models import PublishedList
from server.machines import changes, pairing
from server.machines import service as machines
from server.machines.broker import password_line
from server.machines.models import Agent
from server.pages.agents.views import address
from server.settings import Mqtt, badge_key
from tests.server.signed_in import clock_of, signed_in, web_app
from wire.messages import RiskClass

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "test", "now": NOW}
FORM = {"address": "192.168.1.10", "language": "de"}


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    file = tmp_path / "passwords"
    file.write_text(f"{password_line('server', 's')}\n{password_line('agent-1', 'old')}\n")
    file.chmod(0o640)
    return file


@pytest.fixture
def make(sqlite_url: str) -> Callable[..., Flask]:
    """The web application with one agent that gates two machines, and one that gates none."""

    def made(**mqtt: Any) -> Flask:
        broker = Mqtt(host="127.0.0.1", port=8883, password=SecretStr("x"), tls=True, **mqtt)
        web = web_app(sqlite_url, NOW, mqtt=broker)
        with web.app_context():
            for name in ("agent-1", "agent-2"):
                machines.add_agent(name, **BY)
            for code in ("p1", "p2"):
                machines.add_machine(code, f"Imprimante {code.upper()}", "printer", "agent-1", RiskClass.LOW, **BY)
        return web

    return made


@pytest.fixture
def app(make: Callable[..., Flask], passwords: Path) -> Flask:
    return make(password_file=passwords)


@pytest.fixture
def manager(app: Flask) -> FlaskClient:
    return signed_in(app, Role.MANAGER)


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.status
    return answer.text.replace("\u00a0", " ")


def download(client: FlaskClient, name: str = "agent-1") -> tuple[str, str]:
    """The page that a new file leads to, and the file."""
    made = client.post(f"/agents/{name}/file", data=FORM)
    assert made.status_code == 303
    return page(client, made.location), client.get(f"{made.location}/agent.toml").text


def says(app: Flask, name: str, **facts: object) -> None:
    """The agent has reported this of itself."""
    with app.app_context(), writing() as session:
        agent = session.scalars(select(Agent).where(Agent.name == name)).one()
        for fact, value in facts.items():
            setattr(agent, fact, value)


# --- who is heard -----------------------------------------------------------------------------------------------------


def test_the_list_says_who_is_heard_which_list_is_in_force_and_what_hangs_on_whom(
    app: Flask, manager: FlaskClient
) -> None:
    sent = round((NOW - timedelta(minutes=5)).timestamp() * 1000)
    says(app, "agent-1", online=True, last_seen_at=NOW, version="0.1.0", synced=True, revision=sent)
    says(app, "agent-2", online=False, last_seen_at=NOW - timedelta(minutes=34))
    with app.app_context(), writing() as session:
        for number, agent in enumerate(session.scalars(select(Agent.id).order_by(Agent.id))):
            issued = NOW - timedelta(minutes=5)
            row = {"agent_id": agent, "revision": sent + number, "issued_at": issued, "renew_at": NOW, "size": 113_000}
            session.add(PublishedList(**row, content_sha256="0" * 64))

    silent, heard = re.findall(r"<tr>\s*<th scope=.row.*?</tr>", page(manager, "/agents"), re.DOTALL)

    for word in ("agent-1", "En ligne", "Imprimante P1", "Imprimante P2", "à jour, de 09:55", "à l’heure", "0.1.0"):
        assert word in heard
    for word in ("agent-2", "Muet depuis 09:26", "pas reçue ; la dernière de 09:55"):
        assert word in silent


def test_an_agent_is_added_and_then_asks_for_machines(app: Flask, manager: FlaskClient) -> None:
    answer = manager.post("/agents/new", data={"name": "agent-7"})

    assert answer.location == "/agents/agent-7"
    assert "Jamais entendu" in page(manager, "/agents/agent-7")
    assert "Il n’a pas encore de machine" in page(manager, "/agents/agent-7/file")
    assert manager.post("/agents/agent-7/file", data=FORM).status_code != 303


def test_a_name_that_cannot_be_is_refused_in_words(manager: FlaskClient) -> None:
    for name, said in (("agent-1", "Il y a déjà un boîtier agent-1"), ("server", "ne peut pas nommer")):
        answer = manager.post("/agents/new", data={"name": name})
        assert answer.status_code == 422
        assert said in answer.text


def test_an_agent_ends_only_without_machines_and_loses_its_account(
    app: Flask, manager: FlaskClient, passwords: Path
) -> None:
    refused = manager.post("/agents/agent-1/end", data={"reason": "cassé"})
    with app.app_context():
        for code in ("p1", "p2"):
            changes.end_machine(code, "sold", **BY)

    ended = manager.post("/agents/agent-1/end", data={"reason": "cassé"})

    assert "Dépendent encore de agent-1\u00a0: Imprimante P1, Imprimante P2" in refused.text
    assert (refused.status_code, ended.status_code) == (422, 303)
    assert accounts(passwords) == ["server"]
    told = page(manager, "/agents")
    assert "agent-1 n’est plus attendu" in told
    assert "Le broker refuse agent-1 après" in told
    assert "agent-1" not in page(manager, "/agents")
    assert "agent-1" in page(manager, "/agents?show=ended")


# --- the file ---------------------------------------------------------------------------------------------------------


def accounts(file: Path) -> list[str]:
    return [line.split(":")[0] for line in file.read_text().splitlines()]


def test_the_file_is_one_that_an_agent_starts_with(app: Flask, manager: FlaskClient, tmp_path: Path) -> None:
    told, text = download(manager)
    (tmp_path / "agent.toml").write_text(text)

    config = agent_config.load(tmp_path / "agent.toml")

    assert (config.name, config.language, config.site_key) == ("agent-1", "de", badge_key(bytes.fromhex("ab" * 32)))
    assert (config.broker.host, config.broker.port, config.broker.tls) == ("192.168.1.10", 8883, True)
    assert [(place.id, place.relay) for place in config.machines] == [("p1", 17), ("p2", 27)]
    assert config.broker.password not in told


def test_each_file_brings_another_password_and_the_one_before_is_gone(
    app: Flask, manager: FlaskClient, passwords: Path
) -> None:
    before = passwords.read_text().splitlines()
    (_, first), (_, second) = download(manager), download(manager)
    after = passwords.read_text().splitlines()

    assert first != second
    assert accounts(passwords) == ["server", "agent-1"]
    assert (after[0], after[1] == before[1]) == (before[0], False)
    assert passwords.stat().st_mode & 0o777 == 0o640
    with app.app_context(), reading() as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.verb == "password")).all()
    assert [entry.after for entry in told] == [{"known_to_broker": True}] * 2


def test_where_the_broker_cannot_be_told_the_line_to_run_is_said(manager: FlaskClient) -> None:
    assert "sudo systemctl reload mosquitto" in download(manager)[0]


def test_without_a_password_file_the_line_to_add_is_shown(make: Callable[..., Flask]) -> None:
    app = make()

    told, text = download(signed_in(app, Role.MANAGER))

    assert re.search(r"agent-1:\$7\$1000\$", told)
    assert "password_file" in told
    assert 'password = "' in text


def test_a_password_file_that_cannot_be_written_is_not_passed_over(make: Callable[..., Flask], tmp_path: Path) -> None:
    app = make(password_file=tmp_path / "nowhere" / "passwords")

    assert re.search(r"agent-1:\$7\$1000\$", download(signed_in(app, Role.MANAGER))[0])


def test_that_the_file_in_use_stops_working_is_said_before(app: Flask, manager: FlaskClient) -> None:
    assert "ne vaudra plus" not in page(manager, "/agents/agent-1/file")  # nobody uses one yet
    says(app, "agent-1", online=True, last_seen_at=NOW)

    assert "Le fichier qu’il a maintenant ne vaudra plus" in page(manager, "/agents/agent-1/file")


def test_a_file_is_for_the_one_who_made_it_and_for_ten_minutes(app: Flask, manager: FlaskClient) -> None:
    made = manager.post("/agents/agent-1/file", data=FORM).location
    other = signed_in(app, Role.MANAGER)

    assert "no-store" in manager.get(f"{made}/agent.toml").headers["Cache-Control"]
    assert other.get(f"{made}/agent.toml").status_code == 404
    assert manager.get(f"{made.replace('agent-1', 'agent-2')}/agent.toml").status_code == 404
    clock_of(app).moment += timedelta(minutes=10)
    assert manager.get(f"{made}/agent.toml").status_code == 404


def test_a_revoked_agent_that_gets_a_new_file_is_no_longer_revoked(app: Flask, manager: FlaskClient) -> None:
    with app.app_context():
        pairing.revoke_agent("agent-1", "stolen", **BY)

    manager.post("/agents/agent-1/file", data=FORM)

    with app.app_context(), reading() as session:
        assert session.scalars(select(Agent.revoked_at).where(Agent.name == "agent-1")).one() is None
        entry = session.scalars(select(AuditEntry).where(AuditEntry.verb == "password")).one()
    assert entry.after is not None
    assert entry.after["revoked_at"] is None


def test_a_server_reached_by_an_address_of_ipv6_proposes_it_without_brackets(app: Flask) -> None:
    for asked in ("http://[fd00::7]:8080", "http://[fd00::7]"):
        with app.test_request_context(base_url=asked):
            assert address() == "fd00::7"
