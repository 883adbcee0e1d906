"""From a code to a Pi that works: real Mosquitto with TLS, real processes on both sides, real certificates."""

import http.server
import re
import socket
import ssl
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from agent.config import load
from agent.link import _tls
from server.app import create_app
from server.db import reading, writing
from server.domain.roles import Role
from server.machines import certificates, site_keys
from server.machines.keys import Files, pin
from server.machines.models import Machine, MachineLive, PairingCode
from server.people.models import Token
from server.settings import load_settings
from tests.server.signed_in import share_templates, signed_in
from tests.system.paired_lab import CARD, HOST, NUMBER, PairedLab, paired_lab
from tests.waiting import until
from wire.tokens import fingerprint

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def lab() -> Iterator[PairedLab]:
    with paired_lab("broker", "link", "pairing") as running:
        yield running


def tap(lab: PairedLab, pi: str) -> None:
    until(lambda: "the reader of p1 listens" in lab.log(pi))
    lab.boards[pi].tap("p1", NUMBER, 3)


def browser(lab: PairedLab) -> Flask:
    """The pages, as ``prolab web`` serves them."""
    app = share_templates(create_app(load_settings(lab.settings)))
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def test_a_pi_goes_from_a_code_to_a_tap_and_once_revoked_it_is_thrown_out(lab: PairedLab) -> None:
    name = the_agent(lab)
    began = time.monotonic()
    paired = lab.pair(lab.code("code", name), "pi-1")

    assert paired.returncode == 0, paired.stderr
    assert f"This Pi is {name} now" in paired.stdout
    assert lab.agent_toml("pi-1").stat().st_mode & 0o777 == 0o600
    broker = tomllib.loads(lab.agent_toml("pi-1").read_text())["broker"]
    assert (broker["tls"], broker["port"], broker["host"]) == (True, lab.broker_port, HOST)
    lab.run_agent("pi-1", name)
    until(lambda: lab.agent(name).online and lab.agent(name).revision)
    print(f"\n{time.monotonic() - began:.1f} s from the code to online with a list")
    tap(lab, "pi-1")
    until(lambda: len(lab.sessions()) == 1)

    manager = signed_in(browser(lab), Role.MANAGER)
    answer = manager.post(f"/agents/{name}/revoke", data={"reason": "stolen"})

    assert answer.status_code == 303
    until(lambda: "refuses us: Not authorized" in lab.log("pi-1"))  # thrown out, and not let in again
    assert not lab.agent(name).online
    lab.processes.stop("pi-1")


def test_another_pi_takes_over_the_machines_and_the_latch_of_the_one_it_replaces(lab: PairedLab) -> None:
    old, new = the_agent(lab), f"spare-{len(lab.agent_names())}"
    with writing() as session:  # a stop that only staff clears, as the Pi before had said
        machine = session.scalars(select(Machine).where(Machine.code == "p1")).one()
        session.merge(MachineLive(machine_id=machine.id, state="idle", latched=True, since=NOW, seen_at=NOW, faults=[]))
    paired = lab.pair(lab.code("add", new, "--replaces", old), "pi-2")

    assert paired.returncode == 0, paired.stderr
    assert f"It took over from {old}" in paired.stdout
    assert "Latched until staff clears it: p1" in paired.stdout
    assert (the_agent(lab), lab.agent(old).ended_at is None) == (new, False)
    assert f"{old}:" not in (lab.folder / "lab/broker/broker.passwords").read_text()
    lab.run_agent("pi-2", new)
    until(lambda: lab.agent(new).online and lab.agent(new).revision)
    refused = len(lab.denials())
    tap(lab, "pi-2")
    until(lambda: len(lab.denials()) > refused)
    assert "latched" in lab.denials()[-1].reasons
    lab.processes.stop("pi-2")


def test_a_code_works_once(lab: PairedLab) -> None:
    code = lab.code("code", the_agent(lab))
    assert lab.pair(code, "once").returncode == 0

    again = lab.pair(code, "twice")

    assert again.returncode == 1
    assert "used already" in again.stderr
    assert "Make a new one" in again.stderr
    assert not lab.agent_toml("twice").exists()


def test_a_code_works_for_an_hour_and_until_a_newer_one_is_made(lab: PairedLab) -> None:
    old = lab.code("code", the_agent(lab))
    code = lab.code("code", the_agent(lab))
    with writing() as session:
        session.execute(update(PairingCode).values(expires_at=NOW - timedelta(seconds=1)))

    for one in (old, code):
        assert "too old" in lab.pair(one, "late").stderr


def test_a_pi_that_is_an_agent_already_is_not_written_over_unless_that_is_said(lab: PairedLab) -> None:
    assert lab.pair(lab.code("code", the_agent(lab)), "mine").returncode == 0
    before = lab.agent_toml("mine").read_text()

    assert "With --replace" in lab.pair(lab.code("code", the_agent(lab)), "mine").stderr
    assert lab.agent_toml("mine").read_text() == before
    assert lab.pair(lab.code("code", the_agent(lab)), "mine", "", "--replace").returncode == 0
    assert lab.agent_toml("mine").read_text() != before


def test_a_server_that_is_not_the_one_of_the_code_is_told_nothing(lab: PairedLab, tmp_path: Path) -> None:
    files = Files(tmp_path / "other")
    certificates.provide(files, [HOST], "Other", datetime.now(UTC))
    code = lab.code("code", the_agent(lab))
    with impostor(files, files.authority.read_bytes()) as (url, heard):
        refused = lab.pair(code, "lured", url)

    assert refused.returncode == 1
    assert "is NOT the one that made this code" in refused.stderr
    assert heard == ["GET /ca.pem"]
    own = code[:20] + "-".join(re.findall("....", pin(files)))
    with impostor(files, files.authority.read_bytes()) as (url, heard):  # the control: with its own pin it is believed
        lab.pair(own, "lured", url)
    assert heard == ["GET /ca.pem", "POST /pair"]
    assert lab.pair(code, "after-all").returncode == 0


def test_who_passes_the_labs_authority_on_but_is_not_vouched_for_by_it_is_told_nothing(
    lab: PairedLab, tmp_path: Path
) -> None:
    files = Files(tmp_path / "other")
    certificates.provide(files, [HOST], "Other", datetime.now(UTC))
    true_authority = Files(load_settings(lab.settings).keys_dir).authority.read_bytes()
    with impostor(files, true_authority) as (url, heard):
        refused = lab.pair(lab.code("code", the_agent(lab)), "lured", url)

    assert refused.returncode == 1
    assert "Nothing was told to it" in refused.stderr
    assert heard == ["GET /ca.pem"]


def test_an_agent_does_not_talk_to_a_broker_with_another_certificate(lab: PairedLab, tmp_path: Path) -> None:
    assert lab.pair(lab.code("code", the_agent(lab)), "careful").returncode == 0
    broker = load(lab.agent_toml("careful")).broker
    files = Files(tmp_path / "other")
    certificates.provide(files, [HOST], "Other", datetime.now(UTC))

    with impostor(files, b"") as (url, _):
        port = int(url.rpartition(":")[2])
        with socket.create_connection((HOST, port)) as plain, pytest.raises(ssl.SSLCertVerificationError):
            _tls(broker).wrap_socket(plain, server_hostname=HOST)
    with socket.create_connection((HOST, lab.broker_port)) as plain:  # the control
        _tls(broker).wrap_socket(plain, server_hostname=HOST).close()


def test_after_a_change_of_the_site_key_a_badge_is_known_by_both_and_from_its_tap_on_by_the_new_one() -> None:
    with paired_lab("broker", "link", "pairing") as lab:
        assert lab.pair(lab.code("code", "agent-1"), "pi").returncode == 0
        lab.run_agent("pi", "agent-1")
        until(lambda: lab.agent("agent-1").online and lab.agent("agent-1").revision)
        first, before = load_settings(lab.settings).badge_key, lab.agent("agent-1").revision
        assert token_of(lab) == (fingerprint(CARD, first), "k1")

        said = lab.prolab("site-key", "rotate")
        until(lambda: lab.agent("agent-1").revision > before)
        tap(lab, "pi")

        newest = site_keys.ring(load_settings(lab.settings), NOW).newest
        assert "k1 holds until" in said
        until(lambda: token_of(lab) == (fingerprint(CARD, newest.key), "k2"))
        until(lambda: len(lab.sessions()) == 1)  # and it was let in by the old one meanwhile
        before = lab.agent("agent-1").revision
        until(lambda: lab.agent("agent-1").revision >= before)
        tap(lab, "pi")  # asks whether to end: the same person, under either fingerprint
        lab.boards["pi"].tap("p1", NUMBER, 3)
        assert lab.denials() == []


def token_of(lab: PairedLab) -> tuple[str, str]:
    with reading() as session:
        token = session.scalars(select(Token)).one()
        return token.fingerprint, token.key_id


def the_agent(lab: PairedLab) -> str:
    """Whoever gates the machine by now."""
    with reading() as session:
        return session.scalars(select(Machine).where(Machine.code == "p1")).one().agent.name


@contextmanager
def impostor(files: Files, authority: bytes) -> Iterator[tuple[str, list[str]]]:
    """A server with a certificate of its own that hands out any authority and notes what it is told."""
    heard: list[str] = []

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(authority)

        def do_POST(self) -> None:
            self._answer(b"{}")

        def _answer(self, body: bytes) -> None:
            heard.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.server, files.server_key)

    class Server(http.server.ThreadingHTTPServer):
        def finish_request(self, request, client_address):  # the handshake may fail: that is what is tested
            try:
                with context.wrap_socket(request, server_side=True) as wrapped:
                    super().finish_request(wrapped, client_address)
            except (ssl.SSLError, OSError):
                pass

    server = Server(("127.0.0.1", 0), Ear)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://{HOST}:{server.server_port}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
