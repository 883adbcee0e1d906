"""``prolab-agent safe-off``: every relay of this box off, whatever became of the agent. systemd runs it when the agent has ended.

A Raspberry Pi kernel keeps an output as it was when its program died. So a second program takes each relay's pin and leaves it
low. It stands on as little as possible: settings that are half broken are read as far as they go, and what could not be
switched off is said. A plug that is to hold keeps its own state.
"""

import argparse
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpiozero.output_devices import OutputDevice
from gpiozero.pins import Factory

from agent.hardware.gpio import pi_pin_factory
from agent.hardware.shelly_rpc import PlugError, Rpc
from agent.places import RELAY_PINS
from wire.messages import OnLoss

_RELAY_LINE = re.compile(r"^\s*relay\s*=\s*(\d+)\s*(?:#.*)?$", re.MULTILINE)
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Off:
    """One pin, or one plug, that is to be off. ``who``: the machine, as far as it has a name."""

    who: str
    pin: int | None = None
    host: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left alone, and why. ``wrong``: because it could not be read, and not because it is to hold."""

    why: str
    wrong: bool = True


@dataclass(frozen=True, slots=True)
class Board:
    """The simulated one, in the place of a Pi's pins."""

    directory: Path
    agent: str


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", type=Path, default=Path("/etc/prolab/agent.toml"), help="default: %(default)s")
    command.add_argument("--simulate", action="store_true", help="the pins are the simulated board's")


def run(arguments: argparse.Namespace) -> None:
    """Ends the process on the spot: a pin that is given up in order becomes an input, and floats."""
    failed = safe_off(arguments.config, arguments.simulate, lambda line: print(line, flush=True))
    sys.stdout.flush()
    os._exit(1 if failed else 0)


def safe_off(config: Path, simulate: bool, say: Callable[[str], None]) -> int:
    """Do what can be done and say the rest. Returns how many things may still be on that should not be."""
    plain, wrong = read(config)
    todo = list(wishes(plain, config.parent))
    jobs = [one for one in todo if isinstance(one, Off)]
    kept = [*wrong, *(one for one in todo if isinstance(one, Kept))]
    failed = sum(one.wrong for one in kept)
    pins = [job for job in jobs if job.pin is not None]
    factory = _factory(plain, config.parent, simulate, say) if pins else None
    for job in jobs:
        trouble = _pin_off(job, factory) if job.pin is not None else _plug_off(job)
        say(f"{job.who}: {'off' if trouble is None else f'NOT switched off: {trouble}'}")
        failed += trouble is not None
    for one in kept:
        say(one.why)
    return failed


# --- what the settings say, as far as they say it -----------------------------------------------------------------------


def read(config: Path) -> tuple[dict[str, Any], list[Kept]]:
    """The settings as a table. Of a file that is no TOML, the pins of all lines that look like a relay's."""
    try:
        text = config.read_text(errors="replace")
    except OSError as error:
        return {}, [Kept(f"NOTHING switched off: {config}: {error.strerror}")]
    try:
        return tomllib.loads(text), []
    except tomllib.TOMLDecodeError as error:
        found = [{"id": f"GPIO{pin}", "relay": int(pin)} for pin in _RELAY_LINE.findall(text)]
        why = f"{config} cannot be read ({error}): pins are taken from its relay lines, plugs are left as they are"
        return {**_board_lines(text), "machine": found}, [Kept(why)]


def wishes(plain: dict[str, Any], base: Path) -> Iterator[Off | Kept]:
    """What is to be off, machine by machine."""
    tables = plain.get("machine")
    for number, table in enumerate(tables if isinstance(tables, list) else [], 1):
        who = f"machine {number}"
        if isinstance(table, dict):
            named = table.get("id")
            yield from _of_machine(named if isinstance(named, str) else who, table, base)
        else:
            yield Kept(f"{who}: NOT switched off: its settings cannot be read")


def _of_machine(who: str, table: dict[str, Any], base: Path) -> Iterator[Off | Kept]:
    relay, plug = table.get("relay"), table.get("plug")
    if type(relay) is int and relay in RELAY_PINS:
        yield Off(who, pin=relay)
    elif plug is None:
        yield Kept(f"{who}: NOT switched off: its relay is {relay!r}, which is no pin of a relay")
    if plug is not None:
        yield _of_plug(who, table.get("on_loss", OnLoss.OFF), plug, base)


def _of_plug(who: str, on_loss: object, plug: object, base: Path) -> Off | Kept:
    if on_loss == OnLoss.HOLD:
        return Kept(f"{who}: left as it is, because its plug holds by itself", wrong=False)
    host = plug.get("host") if isinstance(plug, dict) else None
    if on_loss != OnLoss.OFF or not isinstance(host, str) or not isinstance(plug, dict):
        return Kept(f"{who}: NOT switched off: the settings of its plug cannot be read")
    return Off(who, host=host, password=_password(plug, base))


def _password(plug: dict[str, Any], base: Path) -> str | None:
    try:
        return (base / str(plug["password_file"])).read_text().strip()
    except (KeyError, OSError, UnicodeDecodeError):
        password = plug.get("password")
        return password if isinstance(password, str) else None


def _board_lines(text: str) -> dict[str, Any]:
    """Which simulated board, of settings that are no TOML."""
    name = re.search(r'^\s*name\s*=\s*"([^"]+)"', text, re.MULTILINE)
    board = re.search(r'^\s*\[board\][^\[]*?^\s*directory\s*=\s*"([^"]+)"', text, re.MULTILINE | re.DOTALL)
    return {"name": name and name[1], "board": {"directory": board and board[1]}}


# --- switching it off ---------------------------------------------------------------------------------------------------


def _factory(plain: dict[str, Any], base: Path, simulate: bool, say: Callable[[str], None]) -> Factory | None:
    try:
        if simulate or plain.get("simulate") is True:
            from agent.hardware.simulated import board_pin_factory

            return board_pin_factory(base / str(plain["board"]["directory"]), str(plain["name"]))
        return pi_pin_factory()
    except Exception as error:  # noqa: BLE001 — no fault may keep the next pin on
        say(f"no pins here: {error!r}")
        return None


_taken: list[Any] = []  # kept until the process ends: a device that is forgotten is closed, and then its pin floats


def _pin_off(job: Off, factory: Factory | None) -> str | None:
    """Why the pin could not be taken and driven low, or None. An error of any kind must not keep the next pin on."""
    if factory is None:
        return "there are no pins"
    try:
        _taken.append(OutputDevice(job.pin, initial_value=False, pin_factory=factory))
    except Exception as error:  # noqa: BLE001 — no fault may keep the next pin on
        return f"GPIO{job.pin}: {error!r}"
    return None


def _plug_off(job: Off) -> str | None:
    trouble = "it was not asked"
    for _ in range(_TRIES):
        try:
            Rpc(str(job.host), job.password).call("Switch.Set", id=0, on=False)
        except PlugError as error:
            trouble = str(error)
        else:
            return None
    return trouble
