"""A plug as relay and meter: it obeys, it is watched, it lets go by itself, and it never comes on by itself.

All against a simulated plug over real HTTP; its time, and the agent's, is set by the test.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from agent.box import build
from agent.config import load
from agent.hardware import Input, MeterDown, Metered, Moved, OutputTrouble, PlugReport, shelly_rpc
from agent.hardware.shelly import Patience, Plug
from agent.hardware.shelly_rpc import PlugError, Rpc, digest, read_challenge
from agent.hardware.simulated_plug import Reach, SimulatedPlug
from agent.places import HOLD_S

ON, OFF = Moved("p1", Input.CONTACT, True), Moved("p1", Input.CONTACT, False)


class Rig:
    """A plug, its driver, and one clock for both. ``driver.turn()`` is one round of the driver's thread."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000
        self.plug = SimulatedPlug(lambda: self.now_ms)
        self.reports: queue.SimpleQueue[PlugReport] = queue.SimpleQueue()
        self.fresh()

    def fresh(self, **options: Any) -> Plug:
        """The driver of a new process."""
        self.waited: Callable[[], object] = lambda: None  # what happens while held() waits
        patience = Patience(lambda: self.now_ms, self._wait)
        self.driver = Plug(
            "p1", self.plug.host, lambda: self.now_ms, **{"dead_man_s": HOLD_S, "patience": patience, **options}
        )
        self.driver._report = self.reports.put
        return self.driver

    def _wait(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)
        self.waited()

    def rounds(self, seconds: float, loop: bool = True, step_ms: int = 500) -> "Rig":
        """So long, with a round of the driver every half second, and of the main loop where it lives."""
        for _ in range(int(seconds * 1000 / step_ms)):
            self.now_ms += step_ms
            if loop:
                self.driver.check()
            self.driver.turn()
        return self

    def told(self, kind: type | None = None) -> list[PlugReport]:
        reports = []
        while not self.reports.empty():
            reports.append(self.reports.get())
        return [one for one in reports if kind is None or isinstance(one, kind)]

    def running(self) -> "Rig":
        """A session is on, and all that was told of its start is forgotten."""
        self.driver.energise()
        self.driver.turn()
        assert self.plug.output
        self.told()
        return self


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(shelly_rpc, "TIMEOUT_S", 0.2)
    rig = Rig()
    yield rig
    rig.plug.close()


# --- it obeys -----------------------------------------------------------------------------------------------------------


def test_neither_making_nor_starting_a_driver_switches_the_plug(rig: Rig) -> None:
    rig.plug.press_button()

    rig.rounds(10)

    assert rig.plug.output
    assert "Switch.Set" not in rig.plug.calls


def test_energise_closes_the_contact_and_release_opens_it(rig: Rig) -> None:
    rig.driver.energise()
    rig.driver.turn()
    closed = rig.plug.output
    rig.driver.release()
    rig.driver.turn()

    assert (closed, rig.plug.output) == (True, False)
    assert rig.told(Moved) == [ON, OFF]
    assert rig.told(OutputTrouble) == []


def test_the_first_look_tells_how_it_stands(rig: Rig) -> None:
    rig.driver.turn()

    assert rig.told(Moved) == [OFF]


def test_what_it_draws_and_has_counted_is_reported_with_each_look(rig: Rig) -> None:
    rig.plug.set_load(120)
    rig.running().rounds(60)

    readings = [one for one in rig.told() if isinstance(one, Metered)]

    assert (readings[-1].machine, readings[-1].watts) == ("p1", 120.0)
    assert readings[-1].wh == pytest.approx(2.0)
    assert len(readings) == 120


def test_a_plug_without_a_meter_is_a_silent_meter(rig: Rig) -> None:
    rig.plug.has_meter = False

    rig.rounds(5)

    assert rig.told(MeterDown) == [MeterDown("p1", "this plug does not measure")]
    assert rig.told(Metered) == []


# --- it does not obey ---------------------------------------------------------------------------------------------------


def test_a_welded_contact_is_told_once_and_release_goes_on_trying(rig: Rig) -> None:
    rig.running()
    rig.plug.welded = True
    rig.driver.release()
    rig.rounds(2)
    rig.rounds(2)

    assert rig.told(OutputTrouble) == [OutputTrouble("p1", f"{rig.plug.host} did not switch off within 2 s")]
    rig.plug.welded = False
    rig.rounds(1)
    assert not rig.plug.output


def test_the_main_loop_hears_of_a_contradiction_after_five_seconds(rig: Rig) -> None:
    rig.running()
    rig.plug.welded = True
    rig.driver.release()
    rig.rounds(5)

    rig.now_ms += 1
    with pytest.raises(PlugError, match="is on, and should be off"):
        rig.driver.check()


def test_a_plug_out_of_reach_is_told_and_released_as_soon_as_it_is_back(rig: Rig) -> None:
    rig.running()
    rig.plug.reach = Reach.GONE
    rig.driver.release()
    rig.rounds(4)
    assert len(rig.told(OutputTrouble)) == 1
    assert rig.plug.output

    rig.plug.reach = Reach.ANSWERS
    after = rig.rounds(1)

    assert not after.plug.output
    assert after.told(Moved) == [OFF]


def test_closing_that_did_not_work_within_two_seconds_is_given_up(rig: Rig) -> None:
    rig.plug.reach = Reach.GONE
    rig.driver.energise()
    rig.rounds(3)
    rig.plug.reach = Reach.ANSWERS
    rig.rounds(3)

    assert not rig.plug.output
    assert rig.told(OutputTrouble) == [OutputTrouble("p1", f"{rig.plug.host} did not switch on within 2 s")]
    assert "Switch.Set" not in rig.plug.calls


def test_a_command_that_hung_and_closes_the_contact_later_is_undone(rig: Rig) -> None:
    rig.plug.reach = Reach.HANGS
    rig.driver.energise()
    rig.driver.turn()
    rig.driver.release()
    rig.plug.reach = Reach.ANSWERS
    while "Switch.Set" not in rig.plug.calls:
        threading.Event().wait(0.01)
    rig.rounds(3)

    assert not rig.plug.output


def test_the_main_loop_never_waits_for_the_plug(rig: Rig) -> None:
    rig.driver.energise()
    rig.driver.release()
    rig.driver.check()
    rig.driver.close()

    assert rig.plug.calls == []


def test_a_plug_that_is_away_when_the_agent_starts_is_no_trouble_and_let_go_when_it_comes(rig: Rig) -> None:
    rig.plug.press_button()
    rig.plug.reach = Reach.GONE
    rig.driver.release()
    rig.rounds(600)
    assert {type(one) for one in rig.told()} == {MeterDown}

    rig.plug.reach = Reach.ANSWERS
    rig.rounds(3)

    assert not rig.plug.output
    assert rig.told(OutputTrouble) == []


def test_a_plug_that_comes_late_and_does_not_let_go_is_told_two_seconds_after_it_was_heard_of(rig: Rig) -> None:
    rig.plug.press_button()
    rig.plug.welded = True
    rig.plug.reach = Reach.GONE
    rig.driver.release()
    rig.rounds(60)

    rig.plug.reach = Reach.ANSWERS
    rig.rounds(1)
    assert rig.told(OutputTrouble) == []
    rig.rounds(2)

    assert len(rig.told(OutputTrouble)) == 1


# --- silence ------------------------------------------------------------------------------------------------------------


def test_a_silent_plug_is_told_once_and_takes_nothing_from_a_running_print(rig: Rig) -> None:
    rig.running()
    rig.plug.reach = Reach.GONE
    rig.rounds(60)
    assert len(rig.told()) == 1

    rig.plug.reach = Reach.ANSWERS
    rig.rounds(1)

    assert rig.plug.output
    assert {type(one) for one in rig.told()} == {Metered}


def test_two_lost_requests_are_no_silence(rig: Rig) -> None:
    rig.running()
    rig.plug.reach = Reach.GONE
    rig.rounds(1)
    rig.plug.reach = Reach.ANSWERS
    rig.rounds(1)

    assert rig.told(MeterDown) == []


# --- it never comes on by itself ----------------------------------------------------------------------------------------


def test_a_button_pressed_during_a_session_is_told_and_stays_pressed(rig: Rig) -> None:
    rig.running()
    rig.plug.press_button()
    rig.rounds(4)

    assert not rig.plug.output
    assert rig.told(Moved) == [OFF]


def test_mains_that_come_back_start_nothing(rig: Rig) -> None:
    rig.running()
    rig.plug.cut_mains()
    rig.rounds(3)
    rig.plug.return_mains()
    rig.rounds(3)

    assert not rig.plug.output
    assert rig.told(Moved) == [OFF]


def test_a_button_pressed_without_a_session_is_told_and_undone(rig: Rig) -> None:
    rig.driver.release()
    rig.rounds(1)
    rig.told()
    rig.plug.press_button()
    rig.rounds(1)

    assert not rig.plug.output
    assert rig.told(Moved) == [ON, OFF]


def test_holding_on_never_closes_a_contact_that_went_off_a_moment_before(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.running().rounds(HOLD_S // 3 - 1, step_ms=60_000)
    looked = rig.driver._look

    def look_then_off(wish: Any) -> None:
        looked(wish)
        rig.plug.press_button()

    monkeypatch.setattr(rig.driver, "_look", look_then_off)
    rig.now_ms += 120_000
    rig.driver.check()
    rig.driver.turn()

    assert not rig.plug.output
    assert rig.told(Moved) == [OFF]


# --- the dead man's timer -----------------------------------------------------------------------------------------------


def test_the_timer_is_renewed_as_long_as_the_session_lasts(rig: Rig) -> None:
    rig.fresh(dead_man_s=60)

    rig.running().rounds(600)

    assert rig.plug.output
    assert rig.plug.calls.count("Switch.Set") == 31


def test_a_killed_agent_lets_the_plug_fall(rig: Rig) -> None:
    rig.fresh(dead_man_s=60)
    rig.running().rounds(10)

    rig.now_ms += 60_000

    assert not rig.plug.output


def test_a_hung_main_loop_lets_the_plug_fall_though_the_plugs_thread_lives(rig: Rig) -> None:
    rig.fresh(dead_man_s=60)
    rig.running().rounds(30)

    rig.rounds(80, loop=False)

    assert not rig.plug.output
    assert OFF in rig.told()


def test_a_plug_that_holds_outlives_an_agent_that_is_away_for_hours(rig: Rig) -> None:
    rig.running().rounds(10)

    rig.now_ms += 3 * 3600 * 1000

    assert rig.plug.output


def test_a_timer_so_short_that_one_lost_request_would_switch_off_is_refused() -> None:
    with pytest.raises(ValueError, match="less than 15"):
        Plug("p1", "127.0.0.1", lambda: 0, dead_man_s=14)


@pytest.mark.parametrize("broken", ["Switch.GetConfig", "Shelly.GetDeviceInfo"])
def test_a_plug_that_does_not_say_how_it_is_set_up_is_held_on_to_all_the_same(
    rig: Rig, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = rig.plug._answer

    def answers(method: str, parameters: dict[str, Any]) -> Any:
        return (500, {"message": "busy"}) if method == broken else answer(method, parameters)

    monkeypatch.setattr(rig.plug, "_answer", answers)
    rig.fresh(dead_man_s=60)

    rig.running().rounds(300)

    assert rig.plug.output
    assert rig.plug.calls.count("Switch.Set") == 16
    assert rig.plug.calls.count(broken) == 6  # once a minute
    assert {type(one) for one in rig.told()} == {Metered}


# --- a restart of the agent ---------------------------------------------------------------------------------------------


def test_a_contact_that_held_is_held_on_to_at_once_and_never_moved(rig: Rig) -> None:
    rig.running()
    rig.fresh()

    assert rig.driver.held()
    rig.rounds(1)

    assert rig.plug.output
    assert rig.plug.calls.count("Switch.Set") == 2
    assert rig.told(OutputTrouble) == []


@pytest.mark.parametrize("state", ["on", "restore_last"])
def test_a_plug_that_comes_on_with_the_mains_proves_nothing(rig: Rig, state: str) -> None:
    rig.plug.config["initial_state"] = state
    rig.running().plug.cut_mains()
    rig.plug.return_mains()

    assert rig.plug.output
    assert not rig.fresh().held()


def test_a_plug_that_is_off_or_away_has_not_held(rig: Rig) -> None:
    assert not rig.fresh().held()

    rig.running().plug.reach = Reach.GONE
    assert not rig.fresh().held()


def test_a_plug_that_is_back_within_twenty_seconds_has_held(rig: Rig) -> None:
    """As after a restart of the Pi, whose network comes up later than the agent."""
    rig.running().plug.reach = Reach.GONE
    rig.fresh()
    back_ms = rig.now_ms + 15_000

    def network_comes_up() -> None:
        if rig.now_ms >= back_ms:
            rig.plug.reach = Reach.ANSWERS

    rig.waited = network_comes_up

    assert rig.driver.held()
    assert rig.now_ms == back_ms


def test_all_plugs_of_a_box_together_are_waited_for_no_longer_than_one(rig: Rig) -> None:
    waits: list[float] = []
    patience = Patience(lambda: round(1000 * sum(waits)), waits.append)

    held = [Plug(one, "127.0.0.1:1", lambda: 0, HOLD_S, patience=patience).held() for one in ("p1", "p2", "p3", "p4")]

    assert held == [False] * 4
    assert sum(waits) == 20


def test_the_plugs_of_a_box_share_their_patience(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(
        f'name = "agent-1"\nstate_dir = "state"\nsite_key = "{"ab" * 16}"\n[broker]\nhost = "localhost"\npassword = "x"\n'
        + "".join(
            f'[[machine]]\nid = "p{n}"\nreader = "/dev/ttyUSB{n}"\n[machine.plug]\nhost = "192.0.2.{n}"\n'
            for n in (1, 2)
        )
    )

    one, other = build(load(file), MockFactory(), lambda: 0).plugs

    assert one._patience is other._patience


def test_a_clock_that_stands_still_keeps_nobody_waiting_for_ever() -> None:
    waits: list[float] = []

    assert not Plug("p1", "127.0.0.1:1", lambda: 0, HOLD_S, patience=Patience(lambda: 0, waits.append)).held()

    assert len(waits) == 20


def test_a_session_that_does_not_go_on_is_released(rig: Rig) -> None:
    rig.running()
    rig.fresh().held()
    rig.driver.release()
    rig.rounds(1)

    assert not rig.plug.output


# --- how it is set up ---------------------------------------------------------------------------------------------------


def test_a_plug_set_up_well_has_nothing_to_be_said_against_it(rig: Rig) -> None:
    rig.plug.password = "tea"

    assert rig.fresh(password="tea").setup_findings() == []


def test_each_setting_that_is_wrong_is_one_finding_and_a_warning(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.plug.config |= {"initial_state": "on", "in_mode": "follow", "auto_on": True, "auto_off": True}

    found = rig.driver.setup_findings()

    assert [one.split()[0] for one in found] == ["initial_state", "in_mode", "auto_on", "auto_off", "it"]
    with caplog.at_level(logging.WARNING):
        rig.rounds(2)
    assert [record.getMessage() for record in caplog.records] == [f"the plug of p1: {one}" for one in found]


# --- its own thread -----------------------------------------------------------------------------------------------------


def until(so: Callable[[], bool]) -> None:
    for _ in range(1000):
        if so():
            return
        threading.Event().wait(0.01)
    raise AssertionError("not within ten seconds")


def test_the_thread_carries_out_what_is_wished_at_once(rig: Rig) -> None:
    rig.driver.start(rig.reports.put)
    until(lambda: not rig.reports.empty())
    rig.driver.energise()
    until(lambda: rig.plug.output)
    rig.driver.release()
    until(lambda: not rig.plug.output)

    rig.driver.stop()

    assert "plug-p1" not in [thread.name for thread in threading.enumerate()]


def test_a_release_just_before_the_end_is_still_carried_out(rig: Rig) -> None:
    rig.driver.start(rig.reports.put)
    rig.driver.energise()
    until(lambda: rig.plug.output)

    rig.driver.release()
    rig.driver.stop()

    assert not rig.plug.output


def test_stopping_leaves_a_plug_that_holds_as_it_is(rig: Rig) -> None:
    rig.driver.start(rig.reports.put)
    rig.driver.energise()
    until(lambda: rig.plug.output)

    rig.driver.stop()

    assert rig.plug.output


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_a_lost_output(rig: Rig) -> None:
    def broken(report: PlugReport) -> None:
        raise RuntimeError(report)

    rig.driver.start(broken)
    until(lambda: not rig.driver._thread.is_alive())

    with pytest.raises(PlugError, match="nothing drives"):
        rig.driver.check()


# --- the wire -----------------------------------------------------------------------------------------------------------


def test_a_password_is_proven_and_one_challenge_is_good_for_many_requests(rig: Rig) -> None:
    rig.plug.password = "tea"
    rpc = Rpc(rig.plug.host, "tea")

    assert [rpc.call("Switch.GetStatus", id=0)["output"] for _ in range(3)] == [False] * 3
    assert rpc._count == 3


@pytest.mark.parametrize("password", ["coffee", None])
def test_a_wrong_password_switches_nothing(rig: Rig, password: str | None) -> None:
    rig.plug.password = "tea"

    with pytest.raises(PlugError, match=r"answers 401 to Switch\.Set"):
        Rpc(rig.plug.host, password).call("Switch.Set", id=0, on=True)
    assert not rig.plug.output


def test_the_proof_is_the_one_of_rfc_7616() -> None:
    challenge = read_challenge(
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )

    proof = digest(
        "Mufasa", "Circle of Life", challenge["realm"], challenge["nonce"], "/dir/index.html", "00000001",
        "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )  # fmt: skip

    assert proof == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"


@pytest.mark.parametrize(("method", "switch"), [("Switch.GetStatus", 5), ("Switch.Explode", 0)])
def test_what_the_plug_refuses_is_told_with_its_own_words(rig: Rig, method: str, switch: int) -> None:
    with pytest.raises(PlugError, match=r"not found|No handler"):
        Rpc(rig.plug.host).call(method, id=switch)


@pytest.mark.parametrize("host", ["", "127.0.0.1:1", "no port:x", "a..b", "127.0.0.1/x"])
def test_an_address_that_leads_nowhere_is_an_error_of_the_plug(host: str) -> None:
    with pytest.raises(PlugError):
        Rpc(host).call("Switch.GetStatus", id=0)


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"", b"\xff", b"[" * 60_000])
def test_an_answer_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(PlugError):
        shelly_rpc._read(body, "plug")


@pytest.mark.parametrize("status", [{}, {"output": 1}, {"output": None}])
def test_a_status_without_an_output_counts_as_none(
    rig: Rig, status: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.plug, "_status", lambda: status)

    rig.rounds(3)

    assert rig.told() == [MeterDown("p1", f"{rig.plug.host} does not say whether it is on")]


@pytest.mark.parametrize("watts", [float("nan"), "8", None, True])
def test_a_draw_that_is_no_number_is_not_reported(rig: Rig, watts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rig.plug, "_status", lambda: {"output": True, "apower": watts, "aenergy": {"total": 1}})

    rig.rounds(3)

    assert rig.told(Metered) == []
