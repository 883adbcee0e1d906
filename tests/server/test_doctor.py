"""``prolab doctor``: a server in order is said so, and each thing that is wrong is named with what to do about it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, update

from server.billing.models import Tariff, VatCell
from server.cli import main
from server.cli.doctor import keys as doctors_keys
from server.cli.first_lab import FirstLab, make
from server.db import closing_database, make_app, writing
from server.demo.broker import Broker
from server.jobs import pulse
from server.jobs.models import Change, Job
from server.machines.models import Agent
from server.mail.models import Mail
from tests.server.test_cli import filled_in

PASSWORD = "not to be printed"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as `prolab init` leaves it."""
    folder = tmp_path / "lab"
    make(FirstLab(folder, "Lab", None, "em4100:0102030405", "ana"), datetime.now(UTC) - timedelta(hours=1))
    monkeypatch.setenv("PROLAB_CONFIG", str(folder / "prolab.toml"))
    monkeypatch.setenv("PROLAB_MQTT__PASSWORD", PASSWORD)
    return folder


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    broker = Broker(tmp_path / "broker")
    broker.add_user("server", PASSWORD)
    broker.start()
    monkeypatch.setenv("PROLAB_MQTT__PORT", str(broker.port))
    yield broker
    broker.stop()


@pytest.fixture
def in_order(lab: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything a server needs is there and at work."""
    monkeypatch.setenv("PROLAB_SMTP__HOST", "mail.lab.test")
    monkeypatch.setenv("PROLAB_SMTP__SENDER", "prolab@lab.test")
    monkeypatch.setenv("PROLAB_WEB__ADDRESS", "http://prolab.lab.test")
    (lab / "seller.toml").write_text(filled_in((lab / "seller.toml").read_text()))
    with make_app(f"sqlite:///{lab}/prolab.db").app_context(), closing_database(), writing() as session:
        for part in pulse.PARTS:
            pulse.beat(part, datetime.now(UTC))
        session.execute(update(Agent).values(online=True))
    for command in (["seller", str(lab / "seller.toml")], ["backup"]):
        assert CliRunner().invoke(main, command).exit_code == 0
    return lab


def doctor() -> Result:
    return CliRunner().invoke(main, ["doctor"], catch_exceptions=False)


def wrong(told: Result) -> dict[str, str]:
    """What was found wrong, by check. Each line of it says a way on."""
    lines = [line[7:] for line in told.stdout.splitlines() if line.startswith("wrong")]
    assert all(". Fix: " in line for line in lines)
    return dict(line.split(": ", 1) for line in lines)


def test_a_server_in_order_has_nothing_to_fix_and_prints_no_secret(in_order: Path) -> None:
    told = doctor()
    secrets = [line.partition('"')[2].rstrip('"') for line in (in_order / "prolab.toml").read_text().splitlines()
               if line.startswith(("site_key =", "password ="))]  # fmt: skip

    assert {line[:7] for line in told.stdout.splitlines()} == {"ok     "}
    assert len(told.stdout.splitlines()) == 22
    assert told.exit_code == 0
    assert len(secrets) == 2
    assert not [secret for secret in (*secrets, PASSWORD) if secret in told.output]


def test_what_a_new_lab_lacks_is_named(lab: Path) -> None:
    told = doctor()

    assert told.exit_code == 1
    assert set(wrong(told)) == {"broker", "mail", "link", "work", "agents", "seller", "backup"}
    assert "agent-1" in wrong(told)["agents"]
    assert "prolab seller seller.toml" in wrong(told)["seller"]


def test_what_went_wrong_later_is_named(in_order: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soon = datetime.now(UTC) + timedelta(hours=2)
    with make_app(f"sqlite:///{in_order}/prolab.db").app_context(), closing_database(), writing() as session:
        pulse.beat("link", soon - timedelta(days=1))
        session.execute(delete(Tariff))
        session.execute(delete(VatCell))
        session.add(Change(topic="machine", key="p1", at=soon))
        session.add(Job(kind="coffee", args={}, state="failed", run_after=soon))
        session.add(Mail(recipient="a@lab.test", subject="s", text="t", written_at=soon, error="550"))
    monkeypatch.setenv("PROLAB_SITE_KEY_ID", "k2")
    monkeypatch.setenv("PROLAB_DATA_DIR", "/dev/null/data")

    found = wrong(doctor())

    assert set(found) == {
        "data_dir", "documents", "clock", "link", "badges", "prices", "VAT", "jobs", "mails", "backup"
    }  # fmt: skip
    assert "1 lent with another site key (k1)" in found["badges"]
    assert "Example SAS" in found["VAT"]


def test_an_account_the_broker_refuses_is_told_from_a_broker_that_is_away(
    lab: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_in = "broker" not in wrong(doctor())
    monkeypatch.setenv("PROLAB_MQTT__PASSWORD", "another")
    refused = wrong(doctor())["broker"]
    broker.stop()
    away = wrong(doctor())["broker"]

    assert let_in
    assert "refuses the account server" in refused
    assert "does not answer" in away


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////nowhere/prolab.db", "there is no file /nowhere/prolab.db"),
        ("postgresql+psycopg://prolab:geheim@127.0.0.1:1/prolab", "prolab:***@127.0.0.1:1/prolab does not answer"),
        ("what is this", "cannot be read"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(
    lab: Path, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.setenv("PROLAB_DATABASE_URL", url)
    told = doctor()

    assert said in wrong(told)["database"]
    assert "geheim" not in told.output


def test_settings_that_cannot_be_used_are_the_only_thing_told(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROLAB_TIMEZONE", "Mars/Olympus")
    told = doctor()

    assert told.exit_code == 1
    assert list(wrong(told)) == ["settings"]
    assert "timezone: not a time zone" in told.stdout


def test_keys_that_are_damaged_or_not_the_servers_to_read_are_told(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = lab / "keys"
    (keys / "site-keys.toml").write_text("not toml [")
    as_it_was = doctor()
    whose = lab.stat()
    fake = os.stat_result((0o100600, 0, 0, 1, whose.st_uid + 1, whose.st_gid + 1, 0, 0, 0, 0))
    monkeypatch.setattr(doctors_keys, "_nearest", lambda _: SimpleNamespace(stat=lambda: fake))
    foreign = doctor()

    assert "is damaged" in wrong(as_it_was)["site key"]
    assert "keys" not in wrong(as_it_was)
    assert f"cannot be read by user {whose.st_uid + 1}" in wrong(foreign)["keys"]
    assert f"sudo chown -R {whose.st_uid + 1}:" in wrong(foreign)["keys"]
