"""Before an update: nothing new starts, the agent ends with its last session, and whoever waits sees for whom."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent import instance
from agent.commands import drain as command_of
from agent.commands.drain import drain, progress
from agent.machine import Session
from tests.agent.conftest import Bench
from tests.agent.fakes import START_MS, stamp
from tests.agent.live_box import LiveBox
from tests.agent.test_state import SESSION

NOW_S = 7200


@pytest.fixture
def box(benches: Callable[..., Bench], tmp_path: Path) -> Iterator[LiveBox]:
    box = LiveBox(benches(virtual=False), tmp_path)
    yield box
    box.close()


def a_session(machine: str, minutes: int, boot: str = "boot-1") -> Session:
    return replace(SESSION, machine=machine, started=stamp(NOW_S - 60 * minutes, boot=boot))


def test_an_agent_without_a_session_ends_at_once(box: LiveBox) -> None:
    box.start()

    command = box.command("drain")
    said, _ = command.communicate(timeout=60)

    assert command.returncode == 0
    assert said.splitlines()[-1] == "The agent has ended. Nothing runs here."
    assert box.agent is not None
    assert box.agent.wait(timeout=60) == 0


def test_it_waits_for_the_last_session_and_says_whose_machine_it_is(box: LiveBox) -> None:
    box.start()
    box.starts_a_session()

    command = box.command("drain")
    assert command.stdout is not None
    first = command.stdout.readline()
    assert box.pin().driven
    box.ends_its_session()
    said, _ = command.communicate(timeout=60)

    assert first == "1 session still runs: p1 since 0 min\n"
    assert said.splitlines()[-1] == "The agent has ended. Nothing runs here."
    assert command.returncode == 0


def test_whoever_stops_waiting_leaves_it_draining(box: LiveBox) -> None:
    box.start()
    box.starts_a_session()
    command = box.command("drain")
    assert command.stdout is not None
    command.stdout.readline()

    command.send_signal(signal.SIGINT)
    said, _ = command.communicate(timeout=60)

    assert command.returncode == 130
    assert "Still draining" in said
    assert box.pin().driven
    box.ends_its_session()
    assert box.agent is not None
    assert box.agent.wait(timeout=60) == 0


def test_without_an_agent_there_is_nothing_to_wait_for_whatever_number_a_power_cut_left(tmp_path: Path) -> None:
    (tmp_path / instance.PID_FILE).write_text("1\n")
    said: list[str] = []

    assert drain(tmp_path, stamp, said.append) == 0

    assert said == ["No agent runs here."]


def test_whoever_may_not_look_into_the_state_folder_is_told_to_use_sudo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(state_dir: Path) -> int:
        raise PermissionError(13, "Permission denied", str(state_dir))

    monkeypatch.setattr(command_of, "running", closed)
    said: list[str] = []

    assert drain(tmp_path, stamp, said.append) == 1

    assert said == ["The agent is somebody else's process: use sudo."]


def test_a_second_agent_on_one_state_folder_is_refused(tmp_path: Path) -> None:
    first = instance.claim(tmp_path)
    first.announce()

    with pytest.raises(instance.AlreadyRunningError, match="another prolab-agent"):
        instance.claim(tmp_path)

    assert instance.running(tmp_path) is not None


def test_a_second_agent_ends_before_it_touches_a_pin_of_the_first(box: LiveBox) -> None:
    box.start()
    box.starts_a_session()

    second = box.command("run")
    said, _ = second.communicate(timeout=60)

    assert second.returncode == 1
    assert "another prolab-agent" in said
    assert box.pin().driven


def test_a_disk_that_takes_no_file_keeps_no_agent_from_working(tmp_path: Path) -> None:
    (tmp_path / instance.PID_FILE).mkdir()

    instance.claim(tmp_path).announce()


def test_progress_is_told_in_minutes_by_the_clock_of_this_boot() -> None:
    now = stamp(NOW_S)
    wrong_clock = replace(now, wall_ms=START_MS - 10**9)

    assert progress([], now) == "No session runs; the agent is ending."
    assert progress([a_session("mill", 12)], wrong_clock) == "1 session still runs: mill since 12 min"
    two = [a_session("mill", 12), a_session("saw", 65, boot="another")]
    assert progress(two, now) == "2 sessions still run: mill since 12 min, saw since 1 h 5 min"
