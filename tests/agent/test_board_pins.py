"""The simulated pins: what gpiozero does to them is in the file, and stays there when the process is gone."""

import json
from pathlib import Path

import pytest
from gpiozero import OutputDevice
from gpiozero.exc import GPIOPinInUse, PinEdgeDetectUnsupported, PinPWMUnsupported, PinSetInput

from agent.hardware.board_map import INPUT, OUTPUT, PinBank, TimeCell, create, read_config
from agent.hardware.simulated import board_pin_factory


@pytest.fixture
def board(tmp_path: Path) -> Path:
    machines = [{"machine": f"m{n}", "agent": f"agent-{n % 2}", "relay": 17 + n // 2} for n in range(4)]
    write_config(tmp_path, machines=machines)
    create(tmp_path, read_config(tmp_path))
    return tmp_path


def write_config(directory: Path, **changed: object) -> None:
    config = {"virtual": True, "start_ms": 1_000, "kernel_keeps_level": False, "machines": [], **changed}
    (directory / "board.json").write_text(json.dumps(config))


def bank(board: Path, agent: str) -> PinBank:
    """The pins as another process sees them."""
    return PinBank(board, read_config(board).agents, agent)


def test_a_relay_that_is_made_is_a_driven_output_that_is_off(board: Path) -> None:
    relay = OutputDevice(17, initial_value=False, pin_factory=board_pin_factory(board, "agent-0"))

    pin = bank(board, "agent-0").read(17)

    assert (pin.function, pin.level, pin.driven) == (OUTPUT, 0, False)
    relay.close()


def test_a_relay_that_is_on_is_seen_from_outside_with_its_function_and_level(board: Path) -> None:
    relay = OutputDevice(17, initial_value=False, pin_factory=board_pin_factory(board, "agent-0"))

    relay.on()

    pin = bank(board, "agent-0").read(17)
    assert (pin.function, pin.level, pin.driven) == (OUTPUT, 1, True)
    assert bank(board, "agent-0").driven(17)
    relay.close()


def test_closing_a_relay_leaves_an_input_at_the_boards_pull_down(board: Path) -> None:
    relay = OutputDevice(17, initial_value=False, pin_factory=board_pin_factory(board, "agent-0"))
    relay.on()

    relay.close()

    pin = bank(board, "agent-0").read(17)
    assert (pin.function, pin.level, pin.driven) == (INPUT, 0, False)


def test_taking_a_pin_that_is_still_driven_drops_it_as_the_real_driver_does(board: Path) -> None:
    bank(board, "agent-0").drive(17, 1)

    pin = board_pin_factory(board, "agent-0").pin(17)

    assert (pin.function, pin.state) == ("input", 0)
    assert not bank(board, "agent-0").driven(17)


def test_every_write_is_counted(board: Path) -> None:
    relay = OutputDevice(17, initial_value=False, pin_factory=board_pin_factory(board, "agent-0"))
    before = bank(board, "agent-0").read(17).writes

    relay.on()
    relay.off()

    assert bank(board, "agent-0").read(17).writes == before + 2
    relay.close()


def test_two_agents_use_the_same_pin_number_without_touching_each_other(board: Path) -> None:
    one = OutputDevice(17, initial_value=False, pin_factory=board_pin_factory(board, "agent-0"))
    other = OutputDevice(17, initial_value=False, pin_factory=board_pin_factory(board, "agent-1"))

    one.on()

    assert bank(board, "agent-0").driven(17)
    assert not bank(board, "agent-1").driven(17)
    one.close()
    other.close()


def test_gpiozeros_own_guards_are_above_the_simulated_pins(board: Path) -> None:
    factory = board_pin_factory(board, "agent-0")
    relay = OutputDevice(17, initial_value=False, pin_factory=factory)

    with pytest.raises(GPIOPinInUse):
        OutputDevice(17, pin_factory=factory)
    with pytest.raises(PinPWMUnsupported):
        factory.pin(17).frequency = 50
    with pytest.raises(PinSetInput):
        factory.pin(18).state = 1
    relay.close()


def test_an_input_lies_where_its_resistor_pulls_it(board: Path) -> None:
    factory = board_pin_factory(board, "agent-0")

    up, floating = factory.pin(22), factory.pin(23)
    up.pull = "up"

    assert (up.state, up.pull) == (1, "up")
    assert (floating.state, floating.pull) == (0, "floating")


def test_what_the_simulator_does_not_simulate_is_refused_and_not_ignored(board: Path) -> None:
    pin = board_pin_factory(board, "agent-0").pin(22)

    with pytest.raises(PinEdgeDetectUnsupported):
        pin.when_changed = print


def test_the_file_is_laid_out_as_the_server_and_the_reconciler_read_it(board: Path) -> None:
    TimeCell(board, writable=True).write(1_767_225_600_123)
    bank(board, "agent-1").drive(18, 1)

    raw = (board / "board.map").read_bytes()

    assert len(raw) == 8 + 2 * 64 * 8
    assert int.from_bytes(raw[:8], "little") == 1_767_225_600_123
    assert raw[8 + (64 + 18) * 8 :][:8] == bytes((1, 1, 0, 0)) + (1).to_bytes(4, "little")


def test_an_agent_that_is_not_on_the_board_gets_no_pins(board: Path) -> None:
    with pytest.raises(ValueError, match="no agent 'agent-9', only agent-0, agent-1"):
        board_pin_factory(board, "agent-9")


@pytest.mark.parametrize(
    ("machines", "complaint"),
    [
        ([{"machine": "p1", "agent": "a"}], "'relay' is missing"),
        ([{"machine": "p1", "agent": "a", "relay": 64}], "0 to 63"),
        ([{"machine": "p1", "agent": "a", "relay": n} for n in (17, 18)], "named twice"),
        ([{"machine": f"p{n}", "agent": "a", "relay": 17} for n in (1, 2)], "named twice"),
    ],
)
def test_a_board_that_is_described_wrongly_says_what_is_wrong(
    tmp_path: Path, machines: list[dict[str, object]], complaint: str
) -> None:
    write_config(tmp_path, machines=machines)

    with pytest.raises(ValueError, match=complaint):
        read_config(tmp_path)


def test_a_broken_driver_lets_go_of_its_relay_and_says_so_until_it_is_repaired(board: Path) -> None:
    pins = bank(board, "agent-0")
    relay = OutputDevice(17, initial_value=True, pin_factory=board_pin_factory(board, "agent-0"))

    pins.spoil(17, broken=True)

    assert not pins.driven(17)
    with pytest.raises(OSError, match="driver of pin 17 is broken"):
        relay.on()
    pins.spoil(17, broken=False)
    relay.on()
    assert pins.driven(17)
    relay.close()
