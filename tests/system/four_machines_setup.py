"""How an agent with four machines is set up for the failure matrix: its pins, its settings, its list."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.failures import Column
from tests.agent.fakes import KEY, a_list, a_machine, token
from wire.messages import PRESS_TO_START, AccessList, HolderEntry, MachineEntry, Master, Policy, RiskClass
from wire.tokens import pin_digest

ADA, BOB, EVA = "62E3086CED", "01000734E0", "0100ABCDEF"
PIN = "1111"
UNIT = Path(__file__).parents[2] / "agent" / "deploy" / "prolab-agent.service"
PASSWORD = "secret"
WATCHDOG_S = 30.0  # a busy computer is no hung loop
PLAIN = (Column.LOW_PLAIN, Column.MEDIUM, Column.HIGH)
_DAY_MS = 86_400_000
_RISKS = {Column.MEDIUM: RiskClass.MEDIUM, Column.HIGH: RiskClass.HIGH}


@dataclass(frozen=True, slots=True)
class Pins:
    relay: int
    contact: int | None
    button: int
    bypass: int


PINS = {
    Column.LOW_HOLD: Pins(17, None, 2, 8),  # this relay's pin stays free: the printer hangs at a plug
    Column.LOW_PLAIN: Pins(27, 6, 3, 9),
    Column.MEDIUM: Pins(22, 13, 4, 10),
    Column.HIGH: Pins(23, 19, 7, 11),
}
_HEAD = """
name = "{name}"
language = "en"
simulate = true
state_dir = "state"
site_key = "{key}"
[board]
directory = "{board}"
virtual = false
[broker]
host = "127.0.0.1"
port = {port}
password = "{password}"
"""
_MACHINE = """
[[machine]]
id = "{machine}"
reader = "{board}/tty/{machine}"
button = {pins.button}
bypass = {pins.bypass}
"""
_THRESHOLDS = "run_w = 100\nidle_w = 50\n"


@dataclass(frozen=True, slots=True)
class Setup:
    """How one agent is made. ``press``: the box's button starts. ``faulty``: its parts can be told to fail. ``broker``: it has
    one, of its own. ``watchdog_s`` None, ``stop_post`` False: that protection is taken away."""

    name: str
    press: bool = False
    metered: bool = False
    faulty: bool = False
    patient_plug: bool = False
    broker: bool = False
    watchdog_s: float | None = WATCHDOG_S
    stop_post: bool = True

    def machine(self, column: Column) -> str:
        return f"{self.name}-{column.replace('_', '-')}"


def board_machines(setup: Setup) -> Iterator[dict[str, Any]]:
    """As they stand in board.json."""
    for column, pins in PINS.items():
        wires = {"contact": pins.contact, "button": pins.button, "bypass": pins.bypass}
        there = {name: pin for name, pin in wires.items() if pin is not None}
        yield {"machine": setup.machine(column), "agent": setup.name, "relay": pins.relay, **there}


def settings(setup: Setup, board: Path, plug: str, port: int) -> str:
    """As they stand in agent.toml. ``plug``: its host."""
    head = _HEAD.format(name=setup.name, key=KEY.hex(), board=board, port=port, password=PASSWORD)
    return head + "".join(_machine(setup, column, board, plug) for column in Column)


def unit(key: str) -> str:
    """What the agent's systemd unit says; of what it says twice, the last."""
    return str(re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)[-1])


def unit_command(key: str, program: Sequence[str], config: Path) -> list[str]:
    """A command of the unit, with another ``program`` (a module, and what comes before its words) and other settings."""
    _, *words = unit(key).split()
    return [sys.executable, "-m", *program, *(str(config) if word.startswith("/etc/") else word for word in words)]


def meter_port(setup: Setup, column: Column, board: Path) -> Path:
    return board / setup.name / f"meter-{column}"


def list_for(setup: Setup, now_ms: int, revision: int = 1, **wish: Any) -> AccessList:
    """Ada and Bob may use everything, and Eva has a master badge. ``wish``: what staff want of all four machines."""
    eva = token(f"em4100:{EVA}")
    listed = a_list(
        *(_entry(setup, column, now_ms, **wish) for column in Column),
        agent=setup.name,
        revision=revision,
        issued_ms=now_ms,
        masters=(Master(eva, 9, pin_digest(9, PIN, KEY), "acme"),),
        masters_after_s=0,
    )
    return replace(listed, holders=(*listed.holders, HolderEntry(eva, 9, "Eva", "en", ())))


def _entry(setup: Setup, column: Column, now_ms: int, **wish: Any) -> MachineEntry:
    policy, requires = (Policy(press_s=60), (PRESS_TO_START,)) if setup.press else (Policy(), ())
    own = {name: value[column] if isinstance(value, dict) else value for name, value in wish.items()}
    return a_machine(
        setup.machine(column),
        risk=_RISKS.get(column, RiskClass.LOW),
        valid_until_ms=now_ms + _DAY_MS,
        policy=policy,
        requires=requires,
        **own,
    )


def _machine(setup: Setup, column: Column, board: Path, plug: str) -> str:
    pins = PINS[column]
    text = _MACHINE.format(machine=setup.machine(column), board=board, pins=pins)
    thresholds = _THRESHOLDS if setup.metered else ""
    if column is Column.LOW_HOLD:
        return f'{text}on_loss = "hold"\n[machine.plug]\nhost = "{plug}"\n{thresholds}'
    text += f"relay = {pins.relay}\ncontact = {pins.contact}\n"
    if not setup.metered:
        return text
    return f'{text}[machine.meter]\nport = "{meter_port(setup, column, board)}"\naddress = 1\n{thresholds}'
