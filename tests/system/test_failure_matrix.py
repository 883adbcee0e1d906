"""Every cell of the failure matrix, tried on real agents: four machines each, on pins, plugs, pseudo-terminals and state files.

``failures.MATRIX`` is read here and stated nowhere else: what a trial saw is an ``Answer``, and has to equal the cell. The two
protections of a pin, a kernel that lets it fall and ExecStopPost, are each enough; with both taken away the trial must fail.
"""

import re
import shutil
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from signal import SIGSTOP
from types import MappingProxyType

import pytest

from agent.failures import MATRIX, Answer, Column, Failure, Power
from agent.hardware.board_map import INPUT
from tests.agent.conftest import Bench
from tests.system.failure_causes import CAUSES, HUNG_AFTER_S
from tests.system.failure_trial import Cause, observed
from tests.system.four_machines import four_machines, hall
from tests.system.four_machines_setup import PLAIN, Setup, unit
from tests.waiting import until
from wire.messages import SessionEnded

AT_ONCE = 8
Cell = tuple[Failure, Column]
# What has no place on a table, and why; firmware_notes/failure-modes.md says the same. tests/agent/test_session.py has each of
# these cells too, but there the failure is told to the rules and does not come about.
UNTRIED: Mapping[Cell, str] = MappingProxyType(
    {
        (
            Failure.POWER_WITHOUT_SESSION,
            Column.LOW_HOLD,
        ): "a plug that is on without a session is a closed contact before",
        **{
            (Failure.SESSION_WITHOUT_POWER, column): "takes two minutes of real time, in which a meter reads nothing"
            for column in Column
        },
    }
)
KILL = next(cause for cause in CAUSES if cause.failure is Failure.KILLED)
UNPROTECTED = replace(KILL, name="nobody left", options={"stop_post": False})


@pytest.fixture
def home() -> Iterator[Path]:
    """With a name short enough for sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="prolab-"))
    yield folder
    shutil.rmtree(folder)


def wrong(cause: Cause, bench: Bench) -> dict[str, str | Answer]:
    """What a trial saw otherwise than the table has it, by cell; or why there was no trial."""
    try:
        seen = observed(cause, bench)
    except Exception:  # noqa: BLE001 — the other trials go on
        said = (bench.directory / cause.setup.name / "agent.log").read_text(errors="replace")
        return {cause.setup.name: f"{traceback.format_exc()}\n{said[-2000:]}"}
    row = MATRIX[cause.failure]
    return {f"{cause.setup.name}, {column}": answer for column, answer in seen.items() if answer != row[column]}


def all_wrong(causes: Iterable[Cause], bench: Bench) -> dict[str, str | Answer]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        trials = list(pool.map(lambda cause: wrong(cause, bench), causes))
    return {cell: answer for trial in trials for cell, answer in trial.items()}


@pytest.mark.parametrize("keeps_level", [False, True], ids=["strict kernel", "kernel keeps the level"])
def test_every_cell_does_what_the_table_says(home: Path, keeps_level: bool) -> None:
    began = time.monotonic()

    with hall(home, [cause.setup for cause in CAUSES], keeps_level) as bench:
        found = all_wrong(CAUSES, bench)

    cells = sum(len(cause.columns) for cause in CAUSES)
    print(f"\n{len(CAUSES)} causes, {cells} times a cell was tried, {time.monotonic() - began:.0f} s")
    assert found == {}


def test_the_supervisor_of_these_trials_does_what_the_unit_asks_of_systemd() -> None:
    """Its commands are the unit's own."""
    said = {key: unit(key) for key in ("Type", "NotifyAccess", "Restart", "WatchdogSignal")}

    assert said == {"Type": "notify", "NotifyAccess": "main", "Restart": "on-failure", "WatchdogSignal": "SIGKILL"}
    assert float(unit("WatchdogSec")) >= HUNG_AFTER_S


def test_each_cell_is_tried_or_says_why_not() -> None:
    cells = {(failure, column) for failure, row in MATRIX.items() for column in row}
    tried = {(cause.failure, column) for cause in CAUSES for column in cause.columns}

    assert tried | UNTRIED.keys() == cells
    assert tried & UNTRIED.keys() == set()


def test_what_is_not_tried_stands_on_the_page_too() -> None:
    page = Path(__file__).parents[2] / "firmware_notes" / "failure-modes.md"
    rows = re.findall(r"^\| `(\w+)`, (.+) \| (.+) \|$", page.read_text(), re.MULTILINE)

    shown = {(failure, reason): columns.split(", ") for failure, columns, reason in rows}
    untried: dict[tuple[str, str], list[str]] = {}
    for (failure, column), reason in UNTRIED.items():
        untried.setdefault((failure, reason), []).append(column)
    assert shown == untried


def test_a_kernel_that_lets_pins_fall_is_enough_where_nobody_runs_exec_stop_post(home: Path) -> None:
    with hall(home, [UNPROTECTED.setup], keeps_level=False) as bench:
        assert wrong(UNPROTECTED, bench) == {}


def test_a_kill_with_both_protections_taken_away_leaves_the_pins_driven_and_the_trial_sees_it(home: Path) -> None:
    """The positive control: the same trial, which passes with either protection, fails here, and only for this."""
    stays = replace(MATRIX[Failure.KILLED][Column.HIGH], power=Power.STAYS)

    with hall(home, [UNPROTECTED.setup], keeps_level=True) as bench:
        found = wrong(UNPROTECTED, bench)

    assert found == {f"killed-nobody-left, {column}": stays for column in PLAIN}


def test_a_pin_that_nobody_lets_go_of_is_driven_until_the_next_agent_takes_it(home: Path) -> None:
    setup = Setup("killed", stop_post=False)
    with hall(home, [setup], keeps_level=True) as bench, four_machines(bench, setup) as lab:
        lab.uses(PLAIN)
        lab.supervisor.may_restart.clear()
        lab.supervisor.kill()
        until(lambda: lab.supervisor.settled and lab.is_dead)

        assert all(lab.pin(column).driven and lab.has_power(column) for column in PLAIN)

        lab.restarts()
        assert not any(lab.pin(column).driven for column in PLAIN)


def test_a_driver_that_does_not_let_go_when_it_is_told_is_given_up_and_then_the_relay_falls(home: Path) -> None:
    """Nobody can know before that it would not: until then it is as it should be."""
    setup = Setup("stuck")
    with hall(home, [setup], keeps_level=True) as bench, four_machines(bench, setup) as lab:
        lab.uses(PLAIN)
        lab.on_each("break", PLAIN, broken=True, lets_go=False)
        assert all(lab.power_kept(PLAIN).values())

        lab.ends(PLAIN)

        assert {lab.pin(column).function for column in PLAIN} == {INPUT}
        lab.until_told(Failure.OUTPUT_FAILED, PLAIN)
        lab.on_each("break", PLAIN, broken=False)
        assert lab.starts(PLAIN) == set(), "latched"


def test_a_hung_loop_without_a_watchdog_keeps_everything_on(home: Path) -> None:
    """The other positive control: with the watchdog, all that hangs at a pin is off after four seconds."""
    setup = Setup("hung", watchdog_s=None)
    with hall(home, [setup], keeps_level=False) as bench, four_machines(bench, setup) as lab:
        lab.uses()
        lab.supervisor.kill(SIGSTOP)
        over = time.monotonic() + 1.5 * HUNG_AFTER_S
        until(lambda: time.monotonic() > over)

        assert all(lab.power_kept(Column).values())
        assert lab.supervisor.ends == []
        assert lab.events(SessionEnded) == []
