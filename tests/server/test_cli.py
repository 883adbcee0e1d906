"""The commands: what they say, what they refuse, and their exit codes."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import NullPool, create_engine, select, text

from agent import config as agent_config
from server.cli import main
from server.cli.first_lab import FirstLab, Refused, make
from server.domain.retention import PROPOSED
from server.migrations import all_tables
from server.settings import load_settings
from tests.waiting import gone, until

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
CARD = "em4100:0102030405"
COMMANDS = [
    "init",
    "serve",
    "web",
    "link",
    "work",
    "migrate",
    "seller",
    "account",
    "close-month",
    "issue",
    "backup",
    "restore",
    "retention",
    "doctor",
    "reingest",
    "verify-ledger",
    "demo",
    "agents",
    "certificates",
    "pairing",
    "site-key",
]


@pytest.fixture
def lab(tmp_path, monkeypatch, database_url) -> Path:
    """A folder as `prolab init` leaves it, on either kind of database."""
    empty(database_url)
    folder: Path = tmp_path / "lab"
    make(FirstLab(folder, "Test lab", database_url, CARD, "ana"), NOW)
    monkeypatch.setenv("PROLAB_CONFIG", str(folder / "prolab.toml"))
    return folder


def empty(url):
    assert rows(url, "tenant") == []


def rows(url, table, *columns):
    wanted = all_tables().tables[table]
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return connection.execute(select(*(wanted.c[name] for name in columns)) if columns else select(wanted)).all()


def run(*arguments, answer=None):
    return CliRunner().invoke(main, arguments, input=answer, catch_exceptions=False)


def test_every_command_is_there_and_explains_itself():
    assert set(main.commands) == set(COMMANDS)
    for name in COMMANDS:
        done = run(name, "--help")
        assert done.exit_code == 0
        assert len(done.output.splitlines()) > 3


def test_the_command_line_loads_no_framework_before_a_command_runs():
    loaded = (
        "import sys, server.cli; print([m for m in ('flask', 'sqlalchemy', 'pydantic', 'paho') if m in sys.modules])"
    )

    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "[]\n"


# --- init -------------------------------------------------------------------------------------------------------------


def test_init_writes_settings_that_both_sides_can_start_with(lab, database_url):
    settings = load_settings(lab / "prolab.toml")
    agent = agent_config.load(lab / "agent.toml")

    assert (settings.lab_name, settings.database_url, settings.demo) == ("Test lab", database_url, False)
    assert agent.site_key == settings.badge_key
    assert agent.broker.port == settings.mqtt.port
    assert settings.mqtt.password_file == lab / "broker" / "broker.passwords"
    assert [place.id for place in agent.machines] == [code for (code,) in rows(database_url, "machine", "code")]
    accounts = (lab / "broker" / "broker.passwords").read_text().splitlines()
    assert [line.split(":")[0] for line in accounts] == ["server", agent.name]


def test_what_init_writes_is_readable_by_its_owner_only(tmp_path):
    make(FirstLab(tmp_path / "lab", "Lab", None, None, "ana"), NOW)

    files = [path for path in (tmp_path / "lab").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"prolab.toml", "agent.toml", "prolab.db", "broker.passwords"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_two_labs_share_no_secret(tmp_path):
    for name in ("one", "two"):
        make(FirstLab(tmp_path / name, "Lab", None, None, "ana"), NOW)

    one, two = (tomllib.loads((tmp_path / name / "prolab.toml").read_text()) for name in ("one", "two"))
    assert one["site_key"] != two["site_key"]
    assert one["mqtt"]["password"] != two["mqtt"]["password"]


def test_init_seeds_nothing_that_lets_anybody_start_without_a_card(tmp_path):
    make(FirstLab(tmp_path / "lab", "Lab", None, None, "ana"), NOW)

    url = f"sqlite:///{tmp_path}/lab/prolab.db"
    assert (rows(url, "token"), rows(url, "qualification")) == ([], [])
    assert len(rows(url, "holder")) == len(rows(url, "machine_skill")) == 1


def test_init_with_a_card_lends_it(lab, database_url):
    assert len(rows(database_url, "token")) == len(rows(database_url, "qualification")) == 1
    assert {who for (who,) in rows(database_url, "vat_cell", "decided_by")} == {"ana"}


def test_init_never_overwrites(lab, tmp_path, database_url):
    before = (lab / "prolab.toml").read_text()

    again = run("init", str(lab))

    assert again.exit_code == 2
    assert "has prolab.toml, agent.toml, seller.toml, broker, keys already" in again.output
    assert (lab / "prolab.toml").read_text() == before
    with pytest.raises(Refused, match="has a lab in it already"):
        make(FirstLab(tmp_path / "other", "Lab", database_url, None, "ana"), NOW)


def test_init_says_what_to_do_next(tmp_path):
    done = run("init", str(tmp_path / "lab"))

    assert done.exit_code == 0
    for step in (
        "mosquitto -c",
        "prolab serve",
        "prolab account",
        "prolab agents code agent-1",
        "prolab-agent run",
        "Nobody can start a machine yet",
    ):
        assert step in done.output


# --- starting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["serve", "web", "link", "work", "migrate", "backup", "verify-ledger"])
def test_without_settings_nothing_starts_and_all_that_is_missing_is_said(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROLAB_CONFIG", raising=False)

    done = run(command)

    assert done.exit_code == 2
    assert "site_key is missing" in done.output


def test_an_old_database_is_told_to_migrate_first(lab, database_url):
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))

    done = run("verify-ledger")

    assert done.exit_code == 2
    assert "run `prolab migrate`" in done.output


def test_a_database_that_does_not_answer_is_named_without_its_password(lab, monkeypatch):
    monkeypatch.setenv("PROLAB_DATABASE_URL", "postgresql+psycopg://prolab:geheim@127.0.0.1:1/prolab")

    done = run("verify-ledger")

    assert done.exit_code == 2
    assert "postgresql+psycopg://prolab:***@127.0.0.1:1/prolab does not answer" in done.output
    assert "geheim" not in done.output


def test_the_settings_can_be_named_on_the_command_line(tmp_path):
    make(FirstLab(tmp_path / "lab", "Lab", None, None, "ana"), NOW)
    command = [sys.executable, "-m", "server.cli", "--config", str(tmp_path / "lab" / "prolab.toml"), "migrate"]

    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)

    assert done.stdout == "the database is at revision 0001\n"


# --- the books --------------------------------------------------------------------------------------------------------


def test_a_whole_ledger_is_said_so_and_a_changed_one_is_not(lab, database_url):
    assert run("verify-ledger").exit_code == 0

    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        outbox = all_tables().tables["outbox"]
        row = {"id": "00000000-0000-4000-8000-000000000001", "agent_id": 1, "last_n": 3, "first_seen_at": NOW}
        connection.execute(outbox.insert(), row)

    broken = run("verify-ledger")
    assert broken.exit_code == 1
    assert "problems" in broken.stderr
    assert broken.stdout


def test_a_backup_goes_where_it_is_asked_or_into_the_folder_of_backups(lab, tmp_path):
    assert run("backup", str(tmp_path / "here.tar")).exit_code == 0
    assert run("backup").exit_code == 0

    assert (tmp_path / "here.tar").is_file()
    assert len(list((lab / "data" / "backups").glob("prolab-*.tar"))) == 1


def test_a_restore_asks_first_and_brings_everything_back(lab, tmp_path, database_url):
    run("backup", str(tmp_path / "lab.tar"))
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM person"))

    assert run("restore", str(tmp_path / "lab.tar"), answer="n\n").exit_code == 1
    assert rows(database_url, "person") == []
    assert run("restore", "--yes", "--by", "ana", str(tmp_path / "lab.tar")).exit_code == 0
    assert len(rows(database_url, "person")) == 1
    assert ("ana", "restore") in rows(database_url, "audit", "actor", "verb")


def test_a_restore_logs_everybody_out_because_sessions_ended_since_would_live_again(lab, tmp_path, database_url):
    run("account", "ana@lab.test")
    engine = create_engine(database_url, poolclass=NullPool)
    row = {"id": "a" * 64, "account_id": 1, "began_at": NOW, "seen_at": NOW, "browser": ""}
    with engine.begin() as connection:
        connection.execute(all_tables().tables["web_session"].insert(), row)
    run("backup", str(tmp_path / "lab.tar"))

    run("restore", "--yes", str(tmp_path / "lab.tar"))

    assert [ended is not None for (ended,) in rows(database_url, "web_session", "ended_at")] == [True]


def test_a_restore_makes_the_tables_of_an_empty_database(lab, tmp_path, databases, monkeypatch):
    run("backup", str(tmp_path / "lab.tar"))
    url = databases(migrated=False)
    monkeypatch.setenv("PROLAB_DATABASE_URL", url)

    assert run("restore", "--yes", str(tmp_path / "lab.tar")).exit_code == 0

    assert len(rows(url, "holder")) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("close-month", "2026-13"), "is not a month"),
        (("close-month", "2026-01"), "no seller is on record"),
        (("issue", "2026-01"), "2026-01 is not closed yet"),
    ],
)
def test_what_billing_refuses_is_a_sentence(lab, arguments, said):
    done = run(*arguments)

    assert done.exit_code == 1
    assert said in done.output


def test_the_seller_template_says_what_is_still_empty_and_records_what_is_filled_in(lab, database_url):
    file = lab / "seller.toml"

    refused = run("seller", str(file))

    assert refused.exit_code == 1
    assert "still empty: trade_name, legal_name" in refused.output

    file.write_text(filled_in(file.read_text()))
    done = run("seller", str(file))

    assert done.exit_code == 0, done.output
    assert rows(database_url, "seller", "legal_name", "payment_days") == [("filled in", 30)]


def filled_in(template: str) -> str:
    numbers = {"siren": "000010009", "siret": "00001000900017", "vat_id": "FR66000010009", "bic": "EXEMFRPPXXX"}
    numbers |= {"iban": "FR7630006000011234567890189"}
    for name, number in numbers.items():
        template = template.replace(f'{name} = ""', f'{name} = "{number}"')
    return template.replace('= ""', '= "filled in"')


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("payment_days = 60", "payable within 45 days"),
        ('payment_days = "30"', "payment_days: expected int, found str"),
        ('siren = "000010008"', "siren: These 9 digits do not go together"),
        ('vat_id = "FR67000010009"', "vat_id: The VAT id of this SIREN is FR66000010009"),
        ('iban = "FR7630006000011234567890180"', "iban: Not an IBAN"),
        ("colour = 3", "not a field of a seller: colour"),
        ('valid_from = "soon"', "valid_from: a day is wanted"),
        ("valid_from = = 3", "seller.toml"),
    ],
)
def test_a_seller_that_cannot_be_right_is_refused_with_its_field(lab, line, said):
    file = lab / "seller.toml"
    name = line.split(" = ")[0]
    kept = [one for one in filled_in(file.read_text()).splitlines() if not one.startswith(f"{name} ")]
    file.write_text("\n".join([*kept, line]))

    refused = run("seller", str(file))

    assert refused.exit_code == 1
    assert said in refused.output


def test_the_first_account_is_opened_by_a_link_and_the_command_is_the_way_back_in(lab, database_url):
    first = run("account", "ana@lab.test", "--name", "Ana")
    again = run("account", "ANA@lab.test")

    assert first.exit_code == again.exit_code == 0
    assert first.output.startswith("http://127.0.0.1:8080/invitation/")
    assert first.output != again.output
    assert rows(database_url, "account", "email", "name", "password_hash") == [("ana@lab.test", "Ana", None)]
    assert rows(database_url, "role_assignment", "role", "scope_kind") == [("manager", "lab")]
    assert run("account", "nobody").exit_code == 1


def test_a_file_that_is_no_backup_is_refused(lab):
    done = run("restore", "--yes", str(lab / "prolab.toml"))

    assert done.exit_code == 1
    assert "cannot be read back" in done.output


# --- serve ------------------------------------------------------------------------------------------------------------

SERVE = """
import sys
from server.cli.serving import run_together
parts = {name: [sys.executable, "-c", code] for name, code in zip(sys.argv[1::2], sys.argv[2::2])}
sys.exit(run_together(parts, spared={"c"}))
"""
STAYS = "import os, time; os.write(1, b'%d\\n' % os.getpid()); time.sleep(60)"  # in one piece: parts share their pipe


@pytest.fixture
def serve():
    """Starts ``serve`` with these parts, named a, b, …; what they write is its ``stdout``."""
    started = []

    def start(*parts):
        named = [word for name, code in zip("abc", parts, strict=False) for word in (name, code)]
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        started.append(subprocess.Popen([sys.executable, "-c", SERVE, *named], text=True, **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_serve_stops_its_parts_when_it_is_stopped(serve):
    running = serve(STAYS, STAYS)
    children = [int(running.stdout.readline()) for _ in range(2)]

    running.send_signal(signal.SIGTERM)

    assert running.wait(60) == 0
    assert all(gone(child) for child in children)  # before it was: it waits for them


def test_serve_ends_with_the_first_part_that_ends(serve):
    running = serve(STAYS, "import sys; sys.stdin.read(); sys.exit(3)")
    child = int(running.stdout.readline())

    _, said = running.communicate(timeout=60)  # closes what b reads from

    assert running.returncode == 1
    assert "b ended with 3; stopping the others" in said
    assert gone(child)


def test_serve_goes_on_without_a_part_that_can_be_spared(serve):
    running = serve(STAYS, STAYS, "import sys; sys.exit(3)")
    children = [int(running.stdout.readline()) for _ in range(2)]

    assert running.stderr.readline() == "c ended with 3; the others go on\n"
    assert not any(gone(child) for child in children)
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0


def test_parts_end_with_a_serve_that_was_killed(serve):
    running = serve(STAYS)
    child = int(running.stdout.readline())

    os.kill(running.pid, signal.SIGKILL)
    running.wait(60)

    assert running.stdout.read() == ""  # ends only when the last who could write there has
    until(lambda: gone(child))


# --- agents -----------------------------------------------------------------------------------------------------------


def test_an_agent_is_added_with_a_machine_and_its_code_is_printed_with_the_line_to_type(lab, database_url):
    done = run("agents", "add", "agent-2", "--machine", "p1", "--by", "ana")

    code, _, line = done.output.splitlines()
    assert re.fullmatch("([A-Z2-7]{4}-){7}[A-Z2-7]{4}", code)
    assert re.fullmatch(rf"  sudo prolab-agent pair https://{socket.gethostname()}:\d+ {code}", line)
    assert len(rows(database_url, "pairing_code")) == 1
    assert [who for (who,) in rows(database_url, "pairing_code", "made_by")] == ["ana"]


def test_an_agent_without_a_machine_waits_for_one(lab, database_url):
    done = run("agents", "add", "agent-2")

    assert "has no machine yet" in done.output
    assert rows(database_url, "pairing_code") == []
    again = run("agents", "add", "agent-2", "--replaces", "agent-1")
    assert (again.exit_code, "already an agent agent-2" in again.output) == (1, True)
    assert "sudo prolab-agent pair" in run("agents", "code", "agent-2", "--replaces", "agent-1").output


def test_an_agent_is_revoked_and_its_account_is_gone(lab):
    passwords = lab / "broker" / "broker.passwords"
    assert "agent-1:" in passwords.read_text()

    done = run("agents", "revoke", "agent-1", "--reason", "stolen")

    assert done.exit_code == 0
    assert "The broker refuses agent-1 after:" in done.output  # nobody has started it here
    assert "agent-1:" not in passwords.read_text()


def test_certificates_are_renewed_for_another_name_and_else_left_alone(lab):
    assert "still good" in run("certificates").output

    done = run("certificates", "--name", "prolab.example")

    assert "made: " in done.output
    assert "prolab.example" in done.output
    assert re.search(r"listener \d+\n  certfile .*/keys/server.pem", done.output)


def test_without_certificates_there_is_no_code_and_the_way_to_them_is_said(lab):
    shutil.rmtree(lab / "keys")

    done = run("agents", "code", "agent-1")

    assert (done.exit_code, "prolab certificates" in done.output) == (2, True)


def test_a_new_site_key_says_until_when_the_one_before_holds(lab):
    done = run("site-key", "rotate")

    assert "the site key is k2 from now on" in done.output
    assert "k1 holds until" in done.output
    assert (lab / "keys" / "site-keys.toml").stat().st_mode & 0o777 == 0o600


def test_the_retention_job_says_what_would_go_and_lets_it_go(lab):
    dry = run("retention", "--dry-run")
    assert (dry.exit_code, len(dry.output.splitlines())) == (0, len(PROPOSED) + 1)
    assert dry.output.splitlines()[-1] == "tonight: 0 rows"

    done = run("retention")
    assert (done.exit_code, done.output) == (0, "gone: 0 rows\n")
