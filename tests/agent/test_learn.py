"""Learn mode at the box: a real meter's line, a plug, the running agent's own readings; and what it says where it cannot learn."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import instance
from agent.commands.learn import LearnError, learn, record, source, the_place, verdict
from agent.config import Config, load
from agent.feed import NAME, listening, overheard
from agent.hardware import Heard, MeterDown, Metered, MeterReport
from agent.hardware.simulated_plug import SimulatedPlug
from agent.hardware.simulated_pzem import SimulatedPzem
from agent.learning import Refused, Why
from agent.metering import Thresholds
from agent.places import Place

SETTINGS = """
name = "agent-1"
state_dir = "state"
site_key = "00112233445566778899aabbccddeeff"
[broker]
host = "127.0.0.1"
password = "secret"
[[machine]]
id = "mill"
reader = "/dev/serial/by-id/one"
relay = 17
[machine.meter]
port = "{port}"
address = 1
[[machine]]
id = "printer"
reader = "/dev/serial/by-id/two"
[machine.plug]
host = "{host}"
[[machine]]
id = "saw"
reader = "/dev/serial/by-id/three"
relay = 27
"""


def settings(tmp_path: Path, host: str = "192.0.2.1") -> Config:
    file = tmp_path / "agent.toml"
    file.write_text(SETTINGS.format(port=tmp_path / "pzem", host=host))
    return load(file)


def seconds() -> Callable[[], int]:
    """A clock that moves on by a second whenever somebody looks."""
    ticks = itertools.count(0, 500)
    return lambda: next(ticks)


def drawing(machine: str, *watts: float) -> Callable[[float], MeterReport | None]:
    values = iter(watts)
    return lambda timeout: Metered(machine, next(values), None)


def test_readings_of_a_machine_at_rest_and_at_work_become_the_lines_for_the_settings(tmp_path: Path) -> None:
    place = the_place(settings(tmp_path), "mill")
    asked: list[str] = []
    rest_then_work = drawing("mill", *[20.0] * 90, *[320.0] * 90)

    def ask(text: str) -> str:
        asked.append(text)
        return ""

    said = learn(place, rest_then_work, 90, seconds(), ask, lambda line: None)

    assert [text.split(":")[0] for text in asked] == ["REST", "WORK"]
    assert "in the [machine.meter] of mill" in said
    assert "run_w = 220\nidle_w = 120\nup_s = 3\ndown_s = 90" in said


def test_the_proposed_lines_are_read_back_by_the_settings(tmp_path: Path) -> None:
    config = settings(tmp_path)
    lines = verdict(the_place(config, "mill"), Thresholds(7.4, 7.1)).split("\n\n")[1]
    text = (tmp_path / "agent.toml").read_text().replace("address = 1", f"address = 1\n{lines}")
    (tmp_path / "agent.toml").write_text(text)

    assert load(tmp_path / "agent.toml").machines[0].thresholds == Thresholds(8, 7)


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (Refused(Why.TOO_SHORT), "Record longer"),
        (Refused(Why.NO_NUMBERS), "no number of watts"),
        (Refused(Why.OVERLAP, 60.0, 70.0), "at work it drew 70.0 W as a rule, and at rest up to 60.0 W"),
    ],
)
def test_it_refuses_with_its_reason_and_what_to_do_instead(tmp_path: Path, why: Refused, words: str) -> None:
    said = verdict(the_place(settings(tmp_path), "mill"), why)

    assert said.startswith("No thresholds for mill")
    assert words in said
    assert "run_w" not in said


def test_a_meter_that_stays_silent_ends_it_with_what_to_look_at() -> None:
    silent = iter([MeterDown("mill", "no answer"), *[None] * 1000])

    with pytest.raises(LearnError, match="silent for 15 s: no answer"):
        record("mill", "REST", lambda timeout: next(silent), 60, seconds(), lambda line: None)


def test_progress_is_told_with_what_is_drawn_and_the_seconds_left() -> None:
    said: list[str] = []

    record("mill", "WORK", drawing("mill", *[5.0] * 100), 3, seconds(), said.append)

    assert said[0] == "WORK: 5.0 W, 2 s left"
    assert said[-1].endswith("readings\n")


def test_another_machines_readings_are_not_taken_for_its_own() -> None:
    mixed = itertools.cycle([Metered("saw", 999.0, None), Metered("mill", 5.0, None)])

    samples = record("mill", "REST", lambda timeout: next(mixed), 5, seconds(), lambda line: None)

    assert set(samples) == {5.0}


@pytest.mark.parametrize(
    ("machine", "words"), [("saw", "has no meter in the settings"), ("lathe", "only: mill, printer, saw")]
)
def test_a_machine_without_a_meter_or_not_at_this_box_is_refused(tmp_path: Path, machine: str, words: str) -> None:
    with pytest.raises(LearnError, match=words):
        the_place(settings(tmp_path), machine)


# --- where the readings come from ---------------------------------------------------------------------------------------


def first(readings: Callable[[float], MeterReport | None]) -> MeterReport | None:
    return next((report for _ in range(50) if (report := readings(0.2)) is not None), None)


def test_while_no_agent_runs_it_asks_the_meter_itself(tmp_path: Path) -> None:
    config = settings(tmp_path)
    meter = SimulatedPzem(tmp_path / "pzem", lambda: 0)
    meter.set_load(123.0)

    with source(config, the_place(config, "mill"), lambda: 0) as readings:
        report = first(readings)

    assert report == Metered("mill", 123.0, 0.0)
    meter.pull_out()


def test_a_plug_is_read_and_never_switched(tmp_path: Path) -> None:
    plug = SimulatedPlug(lambda: 0)
    plug.press_button()
    plug.set_load(45.0)
    config = settings(tmp_path, plug.host)

    with source(config, the_place(config, "printer"), lambda: 0) as readings:
        report = first(readings)

    assert isinstance(report, Metered)
    assert report.watts == 45.0
    assert plug.output
    assert "Switch.Set" not in plug.calls
    plug.close()


@pytest.fixture
def agent_runs(tmp_path: Path) -> Place:
    config = settings(tmp_path)
    instance.claim(config.state_dir).announce()
    return the_place(config, "mill")


def test_while_the_agent_runs_it_overhears_what_the_agents_meters_say(tmp_path: Path, agent_runs: Place) -> None:
    config = settings(tmp_path)
    inbox: list[object] = []

    with (
        overheard(inbox.append, config.state_dir) as put,
        source(config, agent_runs, lambda: 0) as readings,
    ):
        put(Heard("mill"))
        put(Metered("mill", 7.5, None))
        put(MeterDown("mill", "gone"))
        heard = [readings(1.0), readings(1.0), readings(0.01)]

    assert heard == [Metered("mill", 7.5, None), MeterDown("mill", "gone"), None]
    assert inbox == [Heard("mill"), Metered("mill", 7.5, None), MeterDown("mill", "gone")]
    assert not (config.state_dir / NAME).exists()


def test_nobody_who_listens_and_one_who_listens_too_slowly_hold_nothing_up(tmp_path: Path) -> None:
    inbox: list[object] = []
    with overheard(inbox.append, tmp_path) as put:
        put(Metered("mill", 1.0, None))
        with listening(tmp_path):
            for _ in range(5000):  # more than any socket holds
                put(Metered("mill", 1.0, None))

    assert len(inbox) == 5001
