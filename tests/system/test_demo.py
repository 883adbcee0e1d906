"""The demo from end to end: a full month with all its faults reconciles, and every sabotage is found exactly once."""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from tests.system.forked import run

KEYS = [
    *("tenants", "machines", "sessions", "taps", "refused_by_reason", "events_sent", "events_stored"),
    *("duplicates_dropped", "broker_kills", "agent_kills", "restores", "relay_seconds", "ledger_seconds"),
    *("billed_seconds", "net_cents", "vat_cents", "gross_cents", "invoices", "mismatches", "seconds"),
]
SAME = set(KEYS) - {"seconds", "events_sent", "duplicates_dropped", "mismatches"}
SABOTAGES = ["pin", "event", "charge", "line"]
_ENDS_WITHIN_S = 400
_PROLAB_DEMO = (sys.executable, "-m", "server.cli", "demo")
_HEARS_CTRL_C = ("env", "--default-signal=INT")  # even where the tests themselves run in the background and ignore it


@dataclass(frozen=True, slots=True)
class Run:
    code: int
    summary: dict[str, Any]
    text: str
    errors: str


@dataclass(frozen=True, slots=True)
class Month:
    directory: Path
    run: Run


def _demo(*arguments: str | Path) -> Run:
    command = [*_PROLAB_DEMO, *map(str, arguments)]
    return _told(subprocess.run(command, capture_output=True, text=True, timeout=_ENDS_WITHIN_S, check=False))


def _reconciled(month: Month, *arguments: str) -> Run:
    """Nothing is started for it but itself, so it need not load everything anew each time."""
    return _told(run([*_PROLAB_DEMO, "--reconcile", str(month.directory), *arguments], check=False))


def _told(done: "subprocess.CompletedProcess[str]") -> Run:
    summary = json.loads(done.stdout) if "--json" in done.args and done.stdout else {}
    return Run(done.returncode, summary, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    """One full month, lived once for all the tests that look at it."""
    directory = tmp_path_factory.mktemp("m") / "out"
    return Month(directory, _demo("--once", "--out", directory, "--seed", "1", "--json"))


def test_a_full_month_reconciles_from_relay_to_invoice(month: Month) -> None:
    assert month.run.code == 0, month.run.errors
    assert month.run.summary["mismatches"] == 0


def test_the_summary_has_the_agreed_figures_in_the_agreed_order(month: Month) -> None:
    assert list(month.run.summary) == KEYS


def test_the_month_is_as_large_as_promised(month: Month) -> None:
    summary = month.run.summary

    assert (summary["tenants"], summary["machines"]) == (40, 24)
    assert summary["sessions"] >= 1500
    assert 85 <= summary["ledger_seconds"] / summary["sessions"] / 60 <= 95
    assert _rows(month, "SELECT count(*) FROM usage_session WHERE occupied_s > 36000")[0][0] >= 30
    assert _rows(month, "SELECT count(*) FROM holder")[0][0] == 300
    assert summary["events_stored"] <= 6700  # three such months stay under 20 000


def test_every_fault_happened(month: Month) -> None:
    summary = month.run.summary

    assert (summary["broker_kills"], summary["agent_kills"], summary["restores"]) == (2, 1, 1)
    assert summary["duplicates_dropped"] >= summary["events_stored"] / 20
    assert summary["refused_by_reason"]["clock_not_set"] > 0


def test_taps_are_refused_for_at_least_six_reasons(month: Month) -> None:
    assert len(month.run.summary["refused_by_reason"]) >= 6


def test_what_was_taken_away_after_the_backup_stays_taken_away(month: Month) -> None:
    recovered = _rows(month, "SELECT object_kind, verb FROM audit WHERE actor LIKE 'agent:%' ORDER BY 1, 2")

    assert recovered == [
        ("holder", "block"),
        *[("machine", "service")] * 2,
        ("qualification", "revoke"),
        ("tenant", "suspend"),
        ("token", "return"),
    ]


def test_the_tenant_without_a_vat_cell_is_held_and_named(month: Month) -> None:
    held = _rows(month, "SELECT held FROM draft")

    assert len(held) == 1
    assert "foreign_non_taxable" in held[0][0]


def test_every_invoice_is_a_specimen_on_every_page_and_shows_its_total(month: Month) -> None:
    rows = _rows(month, "SELECT number, gross_cents FROM document")

    assert len(rows) == month.run.summary["invoices"] > 20
    for number, gross_cents in rows:
        pages = [page.extract_text() for page in PdfReader(month.directory / "documents" / f"{number}.pdf").pages]
        assert number.startswith("DEMO-")
        assert all("SPECIMEN" in page for page in pages)
        assert _euros(gross_cents) in "".join("".join(pages).split()).replace(".", "")


def test_nothing_is_left_running(month: Month) -> None:
    assert _processes_of(month.directory) == []


def test_the_reconciler_finds_nothing_in_a_finished_run(month: Month) -> None:
    again = _reconciled(month, "--json")

    assert (again.code, again.summary["mismatches"]) == (0, 0)


@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_one_value_changed_is_found_exactly_once_and_the_run_stays_as_it_was(month: Month, sabotage: str) -> None:
    before = _fingerprint(month.directory)

    found = _reconciled(month, "--sabotage", sabotage, "--json")

    assert (found.code, found.summary["mismatches"]) == (1, 1), found.errors
    assert _fingerprint(month.directory) == before


def test_the_text_shows_the_bridge_from_relay_to_invoice(month: Month) -> None:
    text = _reconciled(month).text

    assert all(name in text for name in ("current through relays", "gaps", "internal", "held", "steps", "billed"))


def test_the_same_seed_gives_the_same_figures_and_a_run_may_be_sabotaged_at_once(tmp_path: Path) -> None:
    small = ("--once", "--days", "2", "--seed", "5", "--json", "--out")
    plain, sabotaged = _demo(*small, tmp_path / "a"), _demo(*small, tmp_path / "b", "--sabotage", "event")

    found = [run.summary.pop("mismatches") for run in (plain, sabotaged)]
    first, second = ({name: run.summary[name] for name in KEYS if name in SAME} for run in (plain, sabotaged))
    assert [plain.code, sabotaged.code] == found == [0, 1], plain.errors + sabotaged.errors
    assert first == second


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")

    run = _demo("--once", "--out", tmp_path)

    assert run.code == 2
    assert "not empty" in run.errors
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", str, Path]]:
    command = [sys.executable, "-m", "server.cli", "demo", "--out", str(tmp_path / "out"), "--port", "0"]
    process = subprocess.Popen([*_HEARS_CTRL_C, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        address = next(line for line in process.stdout if "http://" in line).split("http://")[1].split()[0]
        yield process, f"http://{address}", tmp_path / "out"
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_the_live_demo_turns_its_machines_and_ctrl_c_stops_all_of_it(
    live: tuple["subprocess.Popen[str]", str, Path],
) -> None:
    process, address, directory = live

    with urllib.request.urlopen(address, timeout=60) as answer:
        page = answer.read().decode()
    turning = _wait_for_sessions(directory)
    process.send_signal(signal.SIGINT)
    code = process.wait(60)

    assert all(f"P{number}" in page for number in range(1, 17))
    assert turning
    assert code == 0
    assert _processes_of(directory) == []


def _wait_for_sessions(directory: Path) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with closing(sqlite3.connect(directory / "prolab.db")) as books:
            if books.execute("SELECT count(*) FROM usage_session").fetchone()[0] >= 3:
                return True
        time.sleep(0.2)
    return False


def _rows(month: Month, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(month.directory / "prolab.db")) as books:
        return books.execute(query).fetchall()


def _euros(cents: int) -> str:
    """As a page has it, without the spaces and points between its thousands."""
    return f"{cents // 100},{cents % 100:02}€"


def _fingerprint(directory: Path) -> dict[str, str]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _processes_of(directory: Path) -> list[int]:
    """Processes that have this folder in their command line or their environment."""
    found = []
    for pid in (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()):
        try:
            about = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if str(directory).encode() in about and pid != os.getpid():
            found.append(pid)
    return found
