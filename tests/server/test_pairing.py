"""Codes for new agents, and the door that takes them: what is refused, with which words, and what nobody can guess."""

import base64
import hashlib
import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.db import db, reading, writing
from server.machines import certificates, pairing
from server.machines import service as machines
from server.machines.keys import Files, pin
from server.machines.models import Agent, Machine, MachineLive, PairingCode
from server.machines.service import MachineError
from server.pages.agents.files import pairing_address
from server.pages.pairing.door import FREE_FOR_AN_ADDRESS, create_door
from server.settings import Mqtt, Settings
from tests.server.signed_in import StoppedClock, settings_for
from wire.hosts import without_port
from wire.messages import RiskClass

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "test", "now": NOW}
ASKED = {"state_dir": "/var/lib/prolab-agent"}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    passwords = tmp_path / "passwords"
    passwords.write_text("server:x\n")
    mqtt = Mqtt(host="127.0.0.1", port=1883, password=SecretStr("x"), password_file=passwords, agents_port=8883)
    made = settings_for(database_url, mqtt=mqtt, keys_dir=tmp_path / "keys")
    certificates.provide(Files(made.keys_dir), ["lab.example"], "Lab", NOW)
    return made


@pytest.fixture
def door(settings: Settings):
    """The door, on a clock that stands still, in a lab with one agent that gates one machine and one that gates none."""
    app = create_door(settings, StoppedClock(NOW))
    with app.app_context():
        for name in ("agent-1", "agent-2"):
            machines.add_agent(name, **BY)
        machines.add_machine("p1", "Printer 1", "printer", "agent-1", RiskClass.LOW, **BY)
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def pi(door: Flask) -> FlaskClient:
    return door.test_client()


def secret_of(code: pairing.Code) -> str:
    return code.text.replace("-", "")[:16]


def accounts(settings: Settings) -> Path:
    """Of the broker."""
    assert settings.mqtt.password_file is not None
    return settings.mqtt.password_file


def ask(pi: FlaskClient, secret: str):
    return pi.post("/pair", json={**ASKED, "secret": secret}, base_url="https://lab.example:8443")


def make(name: str = "agent-1", replaces: str | None = None) -> pairing.Code:
    return pairing.make_code(name, "A" * 16, replaces, **BY)


def set_clock(door: Flask, moment: datetime) -> None:
    door.extensions["clock"].moment = moment


# --- codes ------------------------------------------------------------------------------------------------------------


def test_a_code_has_two_halves_of_80_bits_the_second_of_which_is_the_pin_of_the_authority(door, settings) -> None:
    files = Files(settings.keys_dir)

    code = pairing.make_code("agent-1", pin(files), **BY)

    assert re.fullmatch(r"([A-Z2-7]{4}-){7}[A-Z2-7]{4}", code.text)
    der = base64.b64decode("".join(files.authority.read_text().splitlines()[1:-1]))
    assert base64.b32decode(code.text.replace("-", ""))[10:] == hashlib.sha256(der).digest()[:10]
    assert code.until == NOW + timedelta(hours=1)


def test_only_the_hash_of_a_code_is_kept(door) -> None:
    code = make()

    with reading() as session:
        (row,) = session.scalars(select(PairingCode))
        kept = [str(entry.after) for entry in session.scalars(select(AuditEntry))]
    assert row.id == hashlib.sha256(secret_of(code).encode()).hexdigest()
    assert not any(secret_of(code)[:8] in text for text in kept)


def test_an_agent_without_a_machine_gets_no_code_unless_it_takes_some_over(door) -> None:
    with pytest.raises(MachineError, match="has no machine yet"):
        make("agent-2")

    assert make("agent-2", replaces="agent-1")


# --- the door ---------------------------------------------------------------------------------------------------------


def test_the_settings_of_an_agent_come_once(pi: FlaskClient, settings: Settings, door: Flask) -> None:
    code = make()

    first, second = ask(pi, secret_of(code)), ask(pi, secret_of(code))

    config = tomllib.loads(first.json["agent_toml"])
    assert (config["name"], config["state_dir"]) == ("agent-1", "/var/lib/prolab-agent")
    broker = config["broker"]
    assert (broker["host"], broker["port"], broker["tls"]) == ("lab.example", 8883, True)
    assert broker["authority"].strip() == Files(settings.keys_dir).authority.read_text().strip()
    assert [(key["id"], key["key"]) for key in config["site_key"]] == [("k1", settings.badge_key.hex())]
    assert accounts(settings).read_text().splitlines()[1].startswith("agent-1:$7$")
    assert (second.status_code, "used already" in second.json["refused"]) == (403, True)


def test_what_an_agent_gets_tells_nothing_of_the_secret_that_seals_logins(
    pi: FlaskClient, settings: Settings, door
) -> None:
    told = ask(pi, secret_of(make())).text

    assert settings.badge_key.hex() in told  # the control
    assert settings.site_key.get_secret_value() not in told


def test_a_code_is_good_for_an_hour(pi: FlaskClient, door: Flask) -> None:
    early, late = make(), None
    set_clock(door, early.until)
    refused = ask(pi, secret_of(early))

    assert (refused.status_code, "too old" in refused.json["refused"]) == (403, True)
    late = pairing.make_code("agent-1", "A" * 16, actor="test", now=early.until)
    set_clock(door, late.until - timedelta(seconds=1))
    assert ask(pi, secret_of(late)).status_code == 200


def test_a_newer_code_ends_the_one_before_and_revoking_ends_both(pi: FlaskClient, door: Flask) -> None:
    first, second = make(), make()
    assert "too old" in ask(pi, secret_of(first)).json["refused"]

    pairing.revoke_agent("agent-1", "stolen", **BY)

    assert "too old" in ask(pi, secret_of(second)).json["refused"]


def test_wrong_codes_are_counted_and_then_wait_and_a_right_one_waits_with_them(pi: FlaskClient, door: Flask) -> None:
    code = make()
    answers = [ask(pi, f"{number:016d}").status_code for number in range(FREE_FOR_AN_ADDRESS + 1)]

    assert answers == [403] * FREE_FOR_AN_ADDRESS + [429]
    assert ask(pi, secret_of(code)).status_code == 429
    set_clock(door, NOW + timedelta(minutes=1))
    assert ask(pi, secret_of(code)).status_code == 200


def test_codes_that_are_no_longer_good_and_machines_that_are_busy_are_no_guesses(
    pi: FlaskClient, settings: Settings, door: Flask
) -> None:
    used, good = make(), None
    assert ask(pi, secret_of(used)).status_code == 200
    assert {ask(pi, secret_of(used)).status_code for _ in range(FREE_FOR_AN_ADDRESS)} == {403}
    accounts(settings).rename(accounts(settings).with_name("away"))
    assert {ask(pi, "A" * 16).status_code for _ in range(FREE_FOR_AN_ADDRESS)} == {409}
    accounts(settings).with_name("away").rename(accounts(settings))

    good = make()
    assert ask(pi, secret_of(good)).status_code == 200


def test_who_guesses_at_many_addresses_keeps_nobody_else_out(pi: FlaskClient, door: Flask) -> None:
    for number in range(150):
        network = {"REMOTE_ADDR": f"10.0.0.{number}"}
        assert pi.post("/pair", json={**ASKED, "secret": "A" * 16}, environ_base=network).status_code == 403

    assert ask(pi, secret_of(make())).status_code == 200


def test_a_damaged_file_of_site_keys_spends_no_code(pi: FlaskClient, settings: Settings, door: Flask) -> None:
    code = make()
    file = settings.keys_dir / "site-keys.toml"
    file.write_text("not toml [")

    answer = ask(pi, secret_of(code))

    assert (answer.status_code, "is damaged" in answer.json["refused"]) == (403, True)
    file.unlink()
    assert ask(pi, secret_of(code)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b'{"secret": 1, "state_dir": ""}', b'{"secret": "A"}', b"x" * 5000),
        *(b'{"secret": "\\ud800", "state_dir": ""}', b'{"secret": "A", "state_dir": "\\ud800"}'),
    ],
)
def test_what_is_no_request_is_refused(pi: FlaskClient, body: bytes) -> None:
    answer = pi.post("/pair", data=body, content_type="application/json")

    assert answer.status_code in (400, 413)


def test_the_door_has_two_addresses_and_no_page(door: Flask, pi: FlaskClient) -> None:
    rules = {rule.rule for rule in door.url_map.iter_rules() if rule.endpoint != "static"}

    assert rules == {"/pair", "/ca.pem"}
    assert pi.get("/").status_code == 404
    assert pi.get("/pair").status_code == 405


def test_where_the_broker_s_accounts_cannot_be_written_no_code_is_spent(
    pi: FlaskClient, settings: Settings, door: Flask
) -> None:
    code = make()
    accounts(settings).unlink()

    answer = ask(pi, secret_of(code))

    assert (answer.status_code, "password_file" in answer.json["refused"]) == (409, True)
    accounts(settings).write_text("")
    assert ask(pi, secret_of(code)).status_code == 200


# --- one agent in the place of another --------------------------------------------------------------------------------


def test_who_replaces_gets_machines_and_latches_and_the_other_ends_with_its_account(
    pi: FlaskClient, settings: Settings, door: Flask
) -> None:
    accounts(settings).write_text("server:x\nagent-1:old\n")
    with writing() as session:
        machine = session.scalars(select(Machine)).one()
        machine.clear_latch_upto = 17
        session.add(MachineLive(machine_id=machine.id, state="idle", latched=True, since=NOW, seen_at=NOW, faults=[]))

    answer = ask(pi, secret_of(make("agent-2", replaces="agent-1"))).json

    assert (answer["agent"], answer["replaced"], answer["latched"]) == ("agent-2", "agent-1", {"p1": 17})
    with reading() as session:
        assert session.scalars(select(Machine)).one().agent.name == "agent-2"
        assert session.scalars(select(Agent.ended_at).where(Agent.name == "agent-1")).one() == NOW
    names = [line.partition(":")[0] for line in accounts(settings).read_text().splitlines()]
    assert names == ["server", "agent-2"]


def waits_for_the_session(pi: FlaskClient, code: pairing.Code) -> None:
    """Refused while one runs at an agent that is there; a dead one is waited for by nobody."""
    with writing() as session:
        machine = session.scalars(select(Machine)).one()
        machine.agent.online = True
        session.add(
            MachineLive(machine_id=machine.id, state="running", latched=False, since=NOW, seen_at=NOW, faults=[])
        )

    assert "is running" in ask(pi, secret_of(code)).json["refused"]
    with writing() as session:
        session.scalars(select(Agent).where(Agent.name == "agent-1")).one().online = False
    assert ask(pi, secret_of(code)).status_code == 200


def test_nothing_goes_over_while_a_session_runs_there_and_the_code_stays_good(pi: FlaskClient, door: Flask) -> None:
    code = make("agent-2", replaces="agent-1")
    waits_for_the_session(pi, code)


def test_another_pi_for_the_same_agent_waits_for_the_end_of_its_session_but_not_for_a_dead_one(
    pi: FlaskClient, door: Flask
) -> None:
    code = make()
    waits_for_the_session(pi, code)


@pytest.mark.parametrize(
    ("asked", "host"),
    [
        ("lab.example:8080", "lab.example"),
        ("lab.example", "lab.example"),
        ("[fe80::1]:8080", "fe80::1"),
        ("[fe80::1]", "fe80::1"),
        ("fe80::1", "fe80::1"),
        ("[fe80", "fe80"),
    ],
)
def test_a_host_is_known_without_its_port_and_brackets(settings: Settings, asked: str, host: str) -> None:
    assert without_port(asked) == host
    assert pairing_address(asked, settings) == f"https://{f'[{host}]' if ':' in host else host}:8443"


def test_a_pi_that_came_by_an_address_of_ipv6_is_told_the_same_one(pi: FlaskClient, door: Flask) -> None:
    sent = {**ASKED, "secret": secret_of(make())}

    answer: Any = pi.post("/pair", json=sent, base_url="https://[fd00::7]:8443").json

    assert tomllib.loads(answer["agent_toml"])["broker"]["host"] == "fd00::7"
