"""The door for new agents on a real line: encrypted, and nobody who dawdles keeps another out."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from server.db import db
from server.machines import certificates
from server.machines.keys import Files
from server.pages.pairing import serving
from server.pages.pairing.serving import AT_ONCE, Door, serve
from server.settings import Pairing
from tests.server.signed_in import settings_for
from tests.waiting import until

HALF_A_HELLO = b"\x16\x03\x01\x02"


@pytest.fixture
def door(sqlite_url: str, tmp_path: Path) -> Iterator[Door]:
    files = Files(tmp_path / "keys")
    certificates.provide(files, [], "Lab", datetime.now(UTC))
    any_port = Pairing.model_construct(host="127.0.0.1", port=0)
    opened = serve(settings_for(sqlite_url, keys_dir=files.folder).model_copy(update={"pairing": any_port}))
    thread = Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield opened
    opened.shutdown()
    thread.join()
    opened.server_close()
    app: Any = opened.get_app()
    with app.app_context():
        db.engine.dispose()


def trusting(door: Door) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def plain(door: Door) -> socket.socket:
    return socket.create_connection(("127.0.0.1", door.server_port), 5)


def answered(door: Door) -> bool:
    """Whether somebody in order is served now."""
    try:
        with plain(door) as line, trusting(door).wrap_socket(line) as encrypted:
            encrypted.sendall(b"GET /ca.pem HTTP/1.0\r\n\r\n")
            return encrypted.recv(100).startswith(b"HTTP/1.0 200")
    except (ssl.SSLError, ConnectionError):
        return False


def test_who_says_nothing_or_half_a_word_keeps_nobody_else_waiting(door: Door) -> None:
    with ExitStack() as lines:
        for number in range(AT_ONCE - 2):
            line = lines.enter_context(plain(door))
            if number % 2:
                line.sendall(HALF_A_HELLO)

        began = time.monotonic()
        assert answered(door)
        assert time.monotonic() - began < serving.EACH_WORD_S / 2


def test_when_all_places_are_taken_others_are_turned_away_until_the_silent_are_cut_off(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "EACH_WORD_S", 1.0)
    with ExitStack() as lines:
        for _ in range(AT_ONCE):
            lines.enter_context(plain(door))

        until(lambda: not answered(door))
        until(lambda: answered(door))


def test_who_dribbles_is_cut_off(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "ALL_IN_ALL_S", 0.5)
    with plain(door) as line, trusting(door).wrap_socket(line) as encrypted:
        until(lambda: was_hung_up(encrypted))


def test_without_tls_there_is_no_answer(door: Door) -> None:
    with plain(door) as line:
        line.sendall(b"GET /ca.pem HTTP/1.0\r\n\r\n")

        assert b"HTTP" not in all_of(line)
    assert answered(door)  # the control


def was_hung_up(line: socket.socket) -> bool:
    try:
        line.sendall(b"G")
    except (ssl.SSLError, ConnectionError):
        return True
    return False


def all_of(line: socket.socket) -> bytes:
    try:
        return line.recv(1000)
    except ConnectionError:
        return b""
