"""A code on the screen, and a Pi that is revoked from it."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from server.db import reading
from server.domain.roles import Role
from server.machines import certificates, pairing
from server.machines import service as machines
from server.machines.broker import password_line
from server.machines.keys import Files, pin
from server.machines.models import PairingCode
from server.settings import Mqtt
from tests.server.signed_in import signed_in, web_app
from wire.messages import RiskClass

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "test", "now": NOW}
FORM = {"replaces": "", "language": "de"}


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    file = tmp_path / "passwords"
    file.write_text(f"{password_line('agent-1', 'old')}\n")
    return file


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path, passwords: Path) -> Flask:
    keys = Files(tmp_path / "keys")
    certificates.provide(keys, ["lab.example"], "Lab", NOW)
    agents: dict[str, Any] = {"agents_port": 8883, "agents_host": "lab.example"}
    mqtt = Mqtt(host="127.0.0.1", port=1883, password=SecretStr("x"), password_file=passwords, **agents)
    web = web_app(sqlite_url, NOW, mqtt=mqtt, keys_dir=keys.folder)
    with web.app_context():
        for name in ("agent-1", "agent-2"):
            machines.add_agent(name, **BY)
        machines.add_machine("p1", "Imprimante P1", "printer", "agent-1", RiskClass.LOW, **BY)
    return web


@pytest.fixture
def manager(app: Flask) -> FlaskClient:
    return signed_in(app, Role.MANAGER)


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.status
    return answer.text.replace("\u00a0", " ")


def ask(client: FlaskClient, name: str = "agent-1", **more: str):
    return client.post(f"/agents/{name}/pair", data={**FORM, **more})


def test_a_code_is_shown_with_the_line_to_type_until_when_it_is_good_and_to_nobody_else(
    app: Flask, manager: FlaskClient
) -> None:
    made = ask(manager)

    shown = page(manager, made.location)
    (typed,) = re.findall(r"sudo prolab-agent pair https://lab\.example:8443 ([A-Z2-7-]{39})", shown)
    assert typed.replace("-", "").endswith(pin(Files(app.extensions["settings"].keys_dir)))
    assert "jusqu’à 11:00" in shown
    assert 'data-countdown="1791968400000"' in shown
    assert manager.get(made.location).headers["Cache-Control"] == "private, no-store"
    assert signed_in(app, Role.MANAGER).get(made.location).status_code == 404
    with app.app_context(), reading() as session:
        assert session.query(PairingCode).one().language == "de"


def test_an_agent_that_replaces_is_offered_those_with_machines(manager: FlaskClient) -> None:
    assert "agent-1" in page(manager, "/agents/agent-2/pair").partition('name="replaces"')[2].partition("</select>")[0]

    assert "n’a pas encore de machine" in ask(manager, "agent-2").text.replace("\u00a0", " ")
    assert ask(manager, "agent-2", replaces="agent-1").status_code == 303


def test_a_revoked_pi_is_out_of_the_broker_s_accounts_and_its_page_says_what_comes_next(
    app: Flask, manager: FlaskClient, passwords: Path
) -> None:
    asked = page(manager, "/agents/agent-1/revoke")
    assert "Imprimante P1" in asked

    manager.post("/agents/agent-1/revoke", data={"reason": "volé"})

    assert passwords.read_text() == ""
    after = page(manager, "/agents/agent-1")
    assert "Son Pi a été révoqué" in after
    assert "Imprimante P1" in after
    assert "Pi révoqué" in after  # in the journal
    with app.app_context():
        pairing.make_code("agent-1", "A" * 16, **BY)  # and another may come


def test_without_certificates_the_page_leads_to_the_file(sqlite_url: str, tmp_path: Path, passwords: Path) -> None:
    mqtt = Mqtt(host="127.0.0.1", port=1883, password=SecretStr("x"), password_file=passwords)
    web = web_app(sqlite_url, NOW, mqtt=mqtt, keys_dir=tmp_path / "none")
    with web.app_context():
        machines.add_agent("agent-1", **BY)
    manager = signed_in(web, Role.MANAGER)

    shown = page(manager, "/agents/agent-1/pair")

    assert "prolab certificates" in shown
    assert "/agents/agent-1/file" in shown
    assert ask(manager).status_code != 303


def test_the_file_for_an_agent_on_the_network_brings_the_authority_and_one_on_this_computer_needs_none(
    app: Flask, manager: FlaskClient
) -> None:
    texts = []
    for address in ("lab.example", "127.0.0.1"):
        made = manager.post("/agents/agent-1/file", data={"address": address, "language": "fr"})
        texts.append(manager.get(f"{made.location}/agent.toml").text)

    assert ("port = 8883" in texts[0], "BEGIN CERTIFICATE" in texts[0]) == (True, True)
    assert ("port = 1883" in texts[1], "BEGIN CERTIFICATE" in texts[1]) == (True, False)
