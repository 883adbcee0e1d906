"""Scenes of power: what somebody at a machine sees while a reader dies, a disk fills up, an agent restarts, mains go and return.

Three of them are played by real agents on the simulated board. The full disk at hour 28 is played by the real main loop and a
real state file, on the box of ``tests/agent/fakes.py`` with its clock: nobody waits for 28 hours.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.failures import Column, Failure
from agent.hardware.board_map import INPUT
from tests.agent.fakes import ADA as ADAS_CARD
from tests.agent.fakes import HOUR, Box, a_list
from tests.system.four_machines import FourMachines, four_machines, hall
from tests.system.four_machines_setup import PLAIN, Setup
from tests.waiting import until
from wire.messages import (
    AccessDenied,
    EndReason,
    Fault,
    MachineState,
    SessionAdopted,
    SessionEnded,
    SessionStarted,
    TimeQuality,
)

PRINTERS = (Column.LOW_HOLD, Column.LOW_PLAIN)


@pytest.fixture
def home() -> Iterator[Path]:
    """With a name short enough for sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="prolab-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def lab(home: Path) -> Iterator[FourMachines]:
    """Two printers, a saw and a mill at one agent."""
    setup = Setup("agent-1")
    with hall(home, [setup], keeps_level=False) as bench, four_machines(bench, setup) as running:
        yield running


def test_a_reader_that_dies_does_not_stop_a_running_print_and_no_new_start_is_possible(lab: FourMachines) -> None:
    lab.uses(PRINTERS)

    lab.on_each("reader", Column, plugged=False)
    lab.until_told(Failure.READER_DEAD)
    lab.on_each("tap", Column, card="62E3086CED")  # a reader that is dead does not see it

    assert lab.power_kept(PRINTERS) == dict.fromkeys(PRINTERS, True)
    assert not any(lab.is_switched_on(column) for column in (Column.MEDIUM, Column.HIGH))
    assert len(lab.events(SessionStarted)) == 2
    assert lab.events(SessionEnded) == []
    lab.on_each("reader", Column, plugged=True)
    lab.until_readers_open()
    lab.ends(PRINTERS)
    until(lambda: len(lab.events(SessionEnded)) == 2)  # the release comes before its record
    assert {one.reason for one in lab.events(SessionEnded)} == {EndReason.HOLDER}
    assert lab.starts(Column) == set(Column)


def test_a_full_disk_at_hour_28_ends_the_session_estimated_and_never_drops_power(tmp_path: Path) -> None:
    """By the clock of the box."""
    box = Box(tmp_path).connected().give(a_list()).tap(ADAS_CARD).at(28 * HOUR)

    box.disk_full().at(31 * HOUR)

    assert box.relays["p1"].on
    assert box.diary.count("p1 on") == 1
    assert "p1 off" not in box.diary
    box.tap(ADAS_CARD, "p2")
    assert not box.relays["p2"].on, "no new start"
    ended_by_holder = box.tap(ADAS_CARD).at(31 * HOUR + 2).tap(ADAS_CARD)
    assert not ended_by_holder.relays["p1"].on, "and its holder ends it at once"
    after = box.disk_full(False).at(31 * HOUR + 60)
    (ended,) = after.of(SessionEnded)
    assert (ended.reason, ended.occupied_s) == (EndReason.HOLDER, 31 * HOUR + 2)
    assert (ended.started.quality, ended.ended.quality) == (TimeQuality.SYNCED, TimeQuality.ESTIMATED)
    assert {fault.code for fault in after.of(Fault)} == {"state_unwritable"}
    assert after.status.machines[0].state is MachineState.IDLE
    after.tap(ADAS_CARD, "p2")
    assert after.relays["p2"].on
    box.close()


@pytest.mark.parametrize("how", ["stopped in order", "killed"])
def test_an_agent_restart_with_the_plug_still_closed_continues_the_same_session(lab: FourMachines, how: str) -> None:
    lab.uses([Column.LOW_HOLD])
    if how == "killed":
        lab.supervisor.may_restart.clear()
        lab.supervisor.kill()
        until(lambda: lab.supervisor.settled)
    else:
        lab.stops_in_order()
    assert lab.plug.output

    lab.restarts() if how == "killed" else lab.starts_again()

    assert lab.plug.output
    lab.ends([Column.LOW_HOLD])
    until(lambda: lab.events(SessionEnded))
    (started,), (adopted,), (ended,) = (lab.events(kind) for kind in (SessionStarted, SessionAdopted, SessionEnded))
    assert started.session == adopted.session == ended.session
    assert (ended.reason, ended.gap_s) == (EndReason.HOLDER, adopted.gap_s)
    assert lab.events(AccessDenied) == []


@pytest.mark.parametrize("keeps_level", [False, True], ids=["strict kernel", "kernel keeps the level"])
def test_after_a_mains_cut_nothing_energises(home: Path, keeps_level: bool) -> None:
    """The agent's half of *after a mains cut nothing energises and the holder gets a mail*: the mail is the server's."""
    setup = Setup("agent-1", stop_post=False)  # in the dark nobody runs it
    with hall(home, [setup], keeps_level) as bench, four_machines(bench, setup) as lab:
        lab.uses()
        lab.supervisor.may_restart.clear()
        lab.do("mains", agent="agent-1", on=False)
        lab.plug.cut_mains()
        lab.supervisor.kill()
        until(lambda: lab.supervisor.settled and lab.is_dead)
        assert {lab.pin(column).function for column in PLAIN} == {INPUT}

        lab.do("mains", agent="agent-1", on=True)
        lab.plug.return_mains()
        lab.restarts()

        assert not any(lab.is_switched_on(column) or lab.has_power(column) for column in Column)
        assert [lab.times_closed(column) for column in PLAIN] == [1, 1, 1], "once, by a badge"
        assert [one.reason for one in lab.events(SessionEnded)] == [EndReason.POWER_LOSS] * 4
        assert lab.events(SessionAdopted) == []
        assert lab.starts(Column) == set(Column), "and a badge starts them again"
