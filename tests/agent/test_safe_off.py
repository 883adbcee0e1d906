"""What switches relays off when the agent cannot any more: through real pins, and with settings that are half broken."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.commands.safe_off import Kept, Off, read, safe_off, wishes
from agent.hardware.board_map import OUTPUT
from agent.hardware.simulated_plug import SimulatedPlug
from tests.agent.conftest import Bench
from tests.agent.live_box import RELAY, LiveBox

SETTINGS = """
[[machine]]
id = "mill"
relay = 17
[[machine]]
id = "saw"
relay = 3
[[machine]]
id = "printer"
on_loss = "hold"
[machine.plug]
host = "192.0.2.20"
[[machine]]
id = "iron"
[machine.plug]
host = "192.0.2.21"
password = "secret"
"""


@pytest.fixture
def box(benches: Callable[..., Bench], tmp_path: Path) -> Iterator[LiveBox]:
    """On a kernel that keeps an output as it was when its program died."""
    box = LiveBox(benches(virtual=False, kernel_keeps_level=True), tmp_path)
    yield box
    box.close()


def wanted(tmp_path: Path, text: str) -> list[Off | Kept]:
    config = tmp_path / "agent.toml"
    config.write_text(text)
    plain, wrong = read(config)
    return [*wishes(plain, tmp_path), *wrong]


def test_a_relay_that_a_killed_agent_left_closed_is_opened_and_stays_a_driven_low(box: LiveBox) -> None:
    box.start()
    box.starts_a_session()
    box.kill()
    assert box.pin().driven, "this kernel should have kept the level: else nothing is shown here"

    command = box.command("safe-off")
    said, _ = command.communicate(timeout=60)

    assert (command.returncode, said.strip()) == (0, "p1: off")
    assert (box.pin().function, box.pin().level) == (OUTPUT, 0)


def test_settings_that_are_no_toml_any_more_still_switch_off_what_their_relay_lines_name(box: LiveBox) -> None:
    box.start()
    box.starts_a_session()
    box.kill()
    box.settings.write_text(box.settings.read_text() + '\n[[machine]\nid = "half a li')

    command = box.command("safe-off", "--simulate")
    said, _ = command.communicate(timeout=60)

    assert f"GPIO{RELAY}: off" in said
    assert "cannot be read" in said
    assert command.returncode == 1
    assert not box.pin().driven


def test_what_can_be_read_is_switched_off_and_what_cannot_is_said(tmp_path: Path) -> None:
    assert wanted(tmp_path, SETTINGS) == [
        Off("mill", pin=17),
        Kept("saw: NOT switched off: its relay is 3, which is no pin of a relay"),
        Kept("printer: left as it is, because its plug holds by itself", wrong=False),
        Off("iron", host="192.0.2.21", password="secret"),
    ]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("machine = [1]", "machine 1: NOT switched off: its settings cannot be read"),
        ('[[machine]]\nid = "x"', "x: NOT switched off: its relay is None, which is no pin of a relay"),
        ('[[machine]]\nid = "x"\nplug = 4', "x: NOT switched off: the settings of its plug cannot be read"),
        ('[[machine]]\nid = "x"\non_loss = "of"\nplug = {host = "h"}', "x: NOT switched off: the settings of its plug"),
    ],
)
def test_a_machine_whose_settings_are_nonsense_is_told_and_stops_nothing(
    tmp_path: Path, broken: str, said: str
) -> None:
    (kept,) = wanted(tmp_path, broken)

    assert isinstance(kept, Kept)
    assert kept.wrong
    assert kept.why.startswith(said)


def test_it_stands_on_nothing_that_may_be_broken_with_the_agent(tmp_path: Path) -> None:
    """In an interpreter of its own: what is imported when this command is chosen, up to where it begins to work."""
    program = (
        "import sys; from agent.__main__ import _arguments; _arguments(['safe-off', '--config', sys.argv[1]]);"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} | {n for n in sys.modules if n[:6] == 'agent.'}))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)

    loaded = set(done.stdout.split())

    assert {"agent.commands.safe_off", "agent.hardware.gpio", "gpiozero"} <= loaded
    assert not loaded & {"paho", "PIL", "serial", "sqlite3", "luma", "spidev"}
    assert not loaded & {
        "agent.running",
        "agent.controller",
        "agent.rules",
        "agent.state",
        "agent.box",
        "agent.pairing",
    }


def test_without_any_settings_it_says_that_nothing_was_done(tmp_path: Path) -> None:
    said: list[str] = []

    assert safe_off(tmp_path / "nowhere.toml", False, said.append) == 1

    assert said == [f"NOTHING switched off: {tmp_path}/nowhere.toml: No such file or directory"]


@pytest.mark.parametrize(("on_loss", "stays_on"), [("off", False), ("hold", True)])
def test_a_plug_is_switched_off_only_where_the_machine_is_to_let_go(
    tmp_path: Path, on_loss: str, stays_on: bool
) -> None:
    plug = SimulatedPlug(lambda: 0)
    plug.press_button()
    config = tmp_path / "agent.toml"
    config.write_text(f'[[machine]]\nid = "x"\non_loss = "{on_loss}"\nplug = {{host = "{plug.host}"}}')

    failed = safe_off(config, False, lambda line: None)

    assert (failed, plug.output) == (0, stays_on)
    plug.close()


def test_a_plug_that_does_not_answer_does_not_keep_the_next_one_on(tmp_path: Path) -> None:
    plug = SimulatedPlug(lambda: 0)
    plug.press_button()
    config = tmp_path / "agent.toml"
    machines = [
        f'[[machine]]\nid = "{n}"\nplug = {{host = "{host}"}}' for n, host in enumerate(("127.0.0.1:1", plug.host))
    ]
    config.write_text("\n".join(machines))
    said: list[str] = []

    failed = safe_off(config, False, said.append)

    assert (failed, plug.output) == (1, False)
    assert said[0].startswith("0: NOT switched off: 127.0.0.1:1")
    plug.close()
