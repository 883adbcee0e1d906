"""The simulated board's wires: the agent's own inputs.py reads a contactor, a stop, buttons and a key through real pins."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial
from gpiozero import OutputDevice

from agent.hardware import Input, Moved
from agent.hardware.board_map import INPUT, PULL_UP, PinBank, create, read_config
from agent.hardware.board_wires import STUCK_OPEN, WELDED, Contactor, Harness
from agent.hardware.inputs import Wire, wires
from agent.hardware.simulated import board_pin_factory
from agent.places import ContactKind, Inputs
from tests.agent.test_board_pins import write_config
from tests.waiting import until

PINS: dict[str, Any] = {"contact": 5, "estop": 6, "button": 13, "problem": 19, "bypass": 26}
MACHINE = {"machine": "m1", "agent": "agent-1", "relay": 17, **PINS}


class Table:
    """One box on the table, its pins in the board's file, its wires moved by hand and by a clock that is asked for."""

    def __init__(self, directory: Path, kind: ContactKind = ContactKind.MIRROR) -> None:
        write_config(directory, virtual=False, machines=[{**MACHINE, "contact_kind": str(kind)}])
        config = read_config(directory)
        create(directory, config)
        self.harness = Harness(config.places, {"agent-1": PinBank(directory, config.agents, "agent-1")})
        self.wires = self.harness.of("m1")
        factory = board_pin_factory(directory, "agent-1")
        self.relay = OutputDevice(17, initial_value=False, pin_factory=factory)
        self.inputs: list[Wire] = wires("m1", Inputs(contact_kind=kind, **PINS), factory)
        self.now_ms = 0

    def after(self, ms: int) -> dict[str, bool]:
        """What the agent has been told of each input once so much time has passed."""
        for _ in range(ms // 5 + 1):
            self.harness.look(self.now_ms)
            self.now_ms += 5
        told = [moved for wire in self.inputs for _ in range(2) if (moved := wire.look()) is not None]
        return {str(one.input): one.on for one in told}

    def close(self) -> None:
        self.relay.close()


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    made = Table(tmp_path)
    yield made
    made.close()


AT_REST = dict.fromkeys((str(name) for name in Input), False)


def test_at_rest_no_input_tells_of_anything(table: Table) -> None:
    assert table.after(0) == AT_REST


def test_the_contact_follows_the_relay_after_the_contactors_moment(table: Table) -> None:
    table.after(0)

    table.relay.on()

    assert table.after(20) == {}
    assert table.after(30) == {"contact": True}
    table.relay.off()
    assert table.after(20) == {}
    assert table.after(30) == {"contact": False}


def test_an_auxiliary_contact_says_the_same_the_other_way_round(tmp_path: Path) -> None:
    table = Table(tmp_path, ContactKind.AUXILIARY)
    assert table.after(0) == AT_REST

    table.relay.on()

    assert table.after(50) == {"contact": True}
    table.close()


def test_a_relay_that_only_flickers_does_not_move_the_contactor() -> None:
    contactor = Contactor(30)

    for coil, at_ms in ((True, 0), (True, 10), (False, 20), (True, 25), (True, 50)):
        contactor.look(coil, at_ms)

    assert not contactor.closed
    contactor.look(True, 55)
    assert contactor.closed


def test_a_contactor_can_stay_open_and_can_weld(table: Table) -> None:
    table.after(0)
    table.wires.contactor.does = STUCK_OPEN
    table.relay.on()
    assert table.after(100) == {}

    table.wires.contactor.does = WELDED

    assert table.after(0) == {"contact": True}
    table.relay.off()
    assert table.after(100) == {}


def test_the_emergency_stop_opens_the_contactor_and_tells_the_box(table: Table) -> None:
    table.relay.on()
    table.after(50)

    table.wires.press("estop", True)

    assert table.after(50) == {"contact": False, "estop": True}
    assert table.relay.value == 1, "the stop is hard-wired: it does not ask the agent"


@pytest.mark.parametrize("name", ["button", "problem", "bypass"])
def test_a_button_and_a_key_tell_of_both_ways(table: Table, name: str) -> None:
    table.after(0)
    table.wires.press(name, True)
    assert table.after(0) == {name: True}

    table.wires.press(name, False)

    assert table.after(0) == {name: False}


def test_without_mains_nothing_holds_the_contactor(table: Table) -> None:
    table.relay.on()
    table.after(50)

    table.harness.set_mains("agent-1", False)

    assert table.after(50) == {"contact": False}


def test_a_wire_shows_at_an_input_alone_and_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    write_config(tmp_path, virtual=False, machines=[MACHINE])
    config = read_config(tmp_path)
    create(tmp_path, config)
    pins = PinBank(tmp_path, config.agents, "agent-1")
    pins.release(6, PULL_UP)
    pins.drive(17, 1)

    pins.ground(6, True)
    pins.ground(17, True)

    assert (pins.read(6).function, pins.read(6).level, pins.read(6).broken) == (INPUT, 0, False)
    assert pins.driven(17)
    pins.ground(6, False)
    assert pins.read(6).level == 1


def test_wires_need_real_time(tmp_path: Path) -> None:
    write_config(tmp_path, virtual=True, machines=[MACHINE])

    with pytest.raises(ValueError, match="need real time"):
        read_config(tmp_path)


# --- asked of the real board --------------------------------------------------------------------------------------------


@pytest.fixture
def bench(benches: Any) -> Any:
    return benches(virtual=False, machines=[MACHINE])


def test_the_board_moves_wires_and_contactors_as_it_is_asked(bench: Any) -> None:
    factory = board_pin_factory(bench.directory, "agent-1")
    (contact, stop, *_) = wires("m1", Inputs(**PINS), factory)
    relay = OutputDevice(17, initial_value=True, pin_factory=factory)

    until(lambda: contact.look() == Moved("m1", Input.CONTACT, True))
    bench.do("press", machine="m1", input="estop", down=True)
    until(lambda: contact.look() == Moved("m1", Input.CONTACT, False))
    bench.do("contact", machine="m1", does="welded")

    assert bench.do("state")["power"] == {"m1": True}
    assert [one for _ in range(2) if (one := stop.look())] == [Moved("m1", Input.ESTOP, True)]
    relay.close()


def test_a_reader_that_is_pulled_out_ends_its_line_and_comes_back_when_it_is_put_in(bench: Any) -> None:
    port = str(bench.directory / "tty" / "m1")
    with serial.Serial(port, 9600) as line:
        bench.do("reader", machine="m1", plugged=False)

        with pytest.raises(serial.SerialException):
            line.read(1)
    with pytest.raises(serial.SerialException):
        serial.Serial(port, 9600)
    assert bench.do("tap", machine="m1", card="62E3086CED")["bytes"] == 0
    bench.do("reader", machine="m1", plugged=True)
    with serial.Serial(port, 9600, timeout=5) as line:
        bench.do("tap", machine="m1", card="62E3086CED", frames=1)
        assert len(line.read(14)) == 14


def test_a_pi_without_mains_starts_no_agent_and_lets_its_pins_fall(benches: Any) -> None:
    bench = benches(virtual=False, kernel_keeps_level=True, machines=[MACHINE])
    pins = PinBank(bench.directory, ("agent-1",), "agent-1")
    pins.drive(17, 1)

    bench.do("mains", agent="agent-1", on=False)

    assert not pins.driven(17)
    stranger = type(bench.driver)(bench.directory)
    stranger.send({"hello": {"agent": "agent-1", "pid": 4711}})
    assert "no mains" in stranger.receive()["error"]
    stranger.close()
    bench.do("mains", agent="agent-1", on=True)
    stranger = type(bench.driver)(bench.directory)
    stranger.send({"hello": {"agent": "agent-1", "pid": 4711}})
    assert stranger.receive()["boot"]
    stranger.close()


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ({"do": "press", "machine": "m1", "input": "lever", "down": True}, "estop, button, problem, bypass"),
        ({"do": "press", "machine": "m9", "input": "button", "down": True}, "no machine 'm9'"),
        ({"do": "contact", "machine": "m1", "does": "dance"}, "follows, open, welded"),
        ({"do": "mains", "agent": "agent-9", "on": True}, "no agent 'agent-9'"),
        ({"do": "reader", "machine": "m9", "plugged": True}, "no reader at 'm9'"),
    ],
)
def test_what_the_board_has_not_got_cannot_be_moved(bench: Any, request_: dict[str, Any], complaint: str) -> None:
    assert complaint in bench.ask(**request_)["error"]


def test_in_virtual_time_mains_and_readers_stay(lasting_bench: Any) -> None:
    assert "virtual" in lasting_bench.ask("mains", agent="agent-1", on=False)["error"]
    assert "virtual" in lasting_bench.ask("reader", machine="p1", plugged=False)["error"]
