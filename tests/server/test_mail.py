"""Mails: written with what causes them, taken by a real mail server on this machine, tried again, forgotten."""

import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import select

from server.accounts import links, service
from server.accounts.service import AccountFacts
from server.db import closing_database, db, make_app, writing
from server.jobs.models import Job
from server.mail import service as mail
from server.mail.models import Mail
from server.mail.service import MailNotSent
from server.settings import Encryption, Settings, Smtp, Web
from server.work import run_once
from tests.server.signed_in import settings_for

HOST = "127.0.0.1"
SECRET = "s" * 43
TEXT = f"Bonjour Élodie,\n\nhttp://lab.test/invitation/{SECRET}\n"


@dataclass
class Server:
    """What the mail server was given, and what it is to answer."""

    smtp: Smtp
    taken: list[Any] = field(default_factory=list)
    answer: str = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 — aiosmtpd's name
        if self.answer.startswith("250"):
            self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Starts a mail server on a free port of this machine."""
    running: list[Controller] = []

    def started(encryption: Encryption = Encryption.PLAIN, **options: Any) -> Server:
        server = Server(Smtp(host=HOST, port=free_port(), encryption=encryption, sender="prolab@lab.test"))
        controller = Controller(server, hostname=HOST, port=server.smtp.port, **options)
        controller.start()
        running.append(controller)
        return server

    yield started
    for controller in running:
        controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def write(now: datetime, text: str = TEXT) -> int:
    with writing():
        mail.write("elodie@lab.test", "Votre compte", text, now)
    return db.session.scalars(select(Mail.id).order_by(Mail.id.desc())).first() or 0


def row(mail_id: int) -> Mail:
    db.session.remove()
    return db.session.get_one(Mail, mail_id)


def test_a_mail_arrives_whole_and_its_link_is_cut_off_in_the_books(
    app: Flask, now: datetime, start: Callable[..., Server]
) -> None:
    server, mail_id = start(), write(now)
    mail.send(mail_id, server.smtp, now)
    (message,) = server.taken

    assert (message["To"], message["From"], message["Subject"]) == (
        "elodie@lab.test",
        "prolab@lab.test",
        "Votre compte",
    )
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == TEXT
    assert row(mail_id).sent_at == now
    assert row(mail_id).text == "Bonjour Élodie,\n\nhttp://lab.test/invitation/ssss…\n"


def test_a_mail_that_was_sent_is_not_sent_again(app: Flask, now: datetime, start: Callable[..., Server]) -> None:
    server, mail_id = start(), write(now)
    for _ in range(2):
        mail.send(mail_id, server.smtp, now)

    assert len(server.taken) == 1


def test_what_is_rolled_back_is_never_sent(app: Flask, now: datetime) -> None:
    def and_then_breaks() -> None:
        with writing():
            mail.write("elodie@lab.test", "x", "x", now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        and_then_breaks()

    assert db.session.scalars(select(Mail)).all() == []
    assert db.session.scalars(select(Job)).all() == []


def test_a_mail_server_that_refuses_is_noted_with_the_mail_and_named_nowhere_else(
    app: Flask, now: datetime, start: Callable[..., Server]
) -> None:
    server, mail_id = start(), write(now)
    server.answer = "550 no such mailbox: elodie@lab.test"
    with pytest.raises(MailNotSent) as refused:
        mail.send(mail_id, server.smtp, now)
    kept = row(mail_id)
    server.answer = "250 OK"
    mail.send(mail_id, server.smtp, now)

    assert "no such mailbox" in kept.error
    assert (kept.sent_at, kept.text) == (None, TEXT)
    assert "elodie" not in str(refused.value)
    assert (row(mail_id).error, row(mail_id).sent_at) == ("", now)


def test_without_a_mail_server_mails_are_kept_as_they_are(app: Flask, now: datetime) -> None:
    mail_id = write(now)
    mail.send(mail_id, None, now)

    assert (row(mail_id).sent_at, row(mail_id).text) == (None, TEXT)


@pytest.mark.parametrize("encryption", [Encryption.STARTTLS, Encryption.TLS])
def test_a_mail_server_nobody_can_vouch_for_is_given_neither_password_nor_mail(
    sqlite_app: Flask, now: datetime, start: Callable[..., Server], certificate: ssl.SSLContext, encryption: Encryption
) -> None:
    tls = {"tls_context": certificate} if encryption is Encryption.STARTTLS else {"ssl_context": certificate}
    server, mail_id = start(encryption, **tls), write(now)
    with pytest.raises(MailNotSent):
        mail.send(mail_id, server.smtp, now)

    assert "CERTIFICATE_VERIFY_FAILED" in row(mail_id).error
    assert server.taken == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # aiosmtpd knows one of the two ways only
@pytest.mark.parametrize("encryption", [Encryption.STARTTLS, Encryption.TLS])
def test_a_mail_server_with_a_known_certificate_and_a_password_takes_mails(
    sqlite_app: Flask,
    now: datetime,
    start: Callable[..., Server],
    certificate: ssl.SSLContext,
    encryption: Encryption,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))  # where OpenSSL looks for who is to be trusted
    tls = {"tls_context": certificate} if encryption is Encryption.STARTTLS else {"ssl_context": certificate}
    known: list[LoginPassword] = []

    def authenticate(*said: Any) -> AuthResult:
        known.append(said[-1])
        return AuthResult(success=True)

    server = start(encryption, authenticator=authenticate, auth_required=True, auth_require_tls=False, **tls)
    smtp = server.smtp.model_copy(update={"username": "prolab", "password": SecretStr("geheim")})
    mail.send(write(now), smtp, now)

    assert len(server.taken) == 1
    assert known == [LoginPassword(b"prolab", b"geheim")]


def test_work_sends_what_is_waiting_and_tries_again_later(
    sqlite_app: Flask, sqlite_url: str, start: Callable[..., Server]
) -> None:
    now, server = datetime.now(UTC), start()
    server.answer = "451 try later"
    settings = _with(sqlite_url, server)
    account = service.add_account(AccountFacts("elodie@lab.test", "Élodie", "fr"), actor="test", now=now)
    service.invite(account, settings, actor="test", now=now)
    first, again_at_once = run_once(settings), run_once(settings)
    with writing() as session:
        session.scalars(select(Job)).one().run_after = now
    server.answer = "250 OK"
    run_once(settings)

    assert (first, again_at_once) == (True, False)
    assert [message["To"] for message in server.taken] == ["elodie@lab.test"]
    assert "http://lab.test/invitation/" in server.taken[0].get_content()


def test_work_answers_a_forgotten_password_and_its_log_names_nobody(
    sqlite_app: Flask, sqlite_url: str, start: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    now, server = datetime.now(UTC), start()
    settings = _with(sqlite_url, server)
    service.add_account(AccountFacts("elodie@lab.test", "Élodie", "fr"), actor="test", now=now)
    caplog.set_level("INFO")
    for address in ("elodie@lab.test", "nobody@lab.test"):
        links.ask_for_reset(address, now)
    done = [run_once(settings) for _ in range(4)]

    assert done == [True, True, True, False]  # two asked, one mail
    assert [message["To"] for message in server.taken] == ["elodie@lab.test"]
    logged = " ".join(record.getMessage() for record in caplog.records if record.name == "server.work")
    assert logged.count("reset_password") == 2
    assert "@" not in logged


def _with(url: str, server: Server) -> Settings:
    return settings_for(url, smtp=server.smtp, web=Web(address="http://lab.test"))


@pytest.fixture
def sqlite_app(sqlite_url: str) -> Iterator[Flask]:
    application = make_app(sqlite_url)
    with application.app_context(), closing_database():
        yield application


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """Of a server on this machine, signed by itself."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-keyout", str(key), "-out", str(cert), *subject]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context
