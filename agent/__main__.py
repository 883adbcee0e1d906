"""The program on the Pi: ``prolab-agent run --config agent.toml [--simulate]``, and ``prolab-agent pair URL CODE`` before it."""

import argparse
import importlib.metadata
import logging
import queue
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from agent import pairing
from agent.clock import Clock, SystemClock, clock_for
from agent.config import Config, ConfigError, load
from agent.controller import Controller
from agent.hardware import Panel
from agent.hardware.gpio import GpioRelay, pi_pin_factory
from agent.hardware.log_panel import LogPanel
from agent.hardware.serial_reader import SerialReader
from agent.link import Link
from agent.reports import Stop
from agent.state import Outbox, State
from agent.teller import will

GOODBYE_S = 2.0
_BADGE_GETS_IN_S = 0.001  # a list of thousands of holders may just be parsed in the link's thread


def main() -> None:
    arguments = _arguments()
    arguments.run(arguments)


def _run(arguments: argparse.Namespace) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        config = load(arguments.config, arguments.simulate)
    except ConfigError as error:
        sys.exit(str(error))
    sys.setswitchinterval(_BADGE_GETS_IN_S)
    run(config)


def run(config: Config) -> None:
    """Until SIGTERM or SIGINT. Pins first: whatever fails later, the relays are off by then."""
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    clock = _clock(config)
    relays = _relays(config)
    readers = {one.id: SerialReader(one.id, one.reader, partial(_mono_ms, clock)) for one in config.machines}
    state = State(config.state_dir, config.simulate)
    link = Link(
        agent=config.name,
        broker=config.broker,
        open_outbox=partial(Outbox, state.path),
        will=will(config.name, clock.now().boot),
        report=inbox.put,
        stopwatch_ms=partial(_mono_ms, SystemClock()),
    )
    version = importlib.metadata.version("prolab")
    controller = Controller(config, clock, state, relays, readers, _panel(config), link, inbox, version)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: inbox.put(Stop()))
    controller.begin()
    link.start()
    for reader in readers.values():
        reader.start(inbox.put)
    controller.run()
    link.stop(GOODBYE_S)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="prolab-agent", description="Gates one to four machines by badge.")
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("run", help="gate the machines until stopped")
    command.add_argument("--config", type=Path, default=Path("/etc/prolab/agent.toml"), help="default: %(default)s")
    command.add_argument("--simulate", action="store_true", help="pins and readers are the simulated board's")
    command.set_defaults(run=_run)
    pairing.add_command(commands)
    return parser.parse_args()


def _clock(config: Config) -> Clock:
    if config.board is None:
        return SystemClock()
    return clock_for(config.board.directory, config.board.virtual, config.name)


def _relays(config: Config) -> dict[str, GpioRelay]:
    if config.board is None:
        factory = pi_pin_factory()
    else:
        from agent.hardware.simulated import board_pin_factory

        factory = board_pin_factory(config.board.directory, config.name)
    return {place.id: GpioRelay(place.relay, factory) for place in config.machines}


def _panel(config: Config) -> Panel:
    """Drawn on the simulated board where somebody may be looking: not while virtual time flies."""
    if config.board is None or config.board.virtual:
        return LogPanel()
    from agent.hardware.simulated_panel import SimulatedPanel

    return SimulatedPanel(config.board.directory)


def _mono_ms(clock: Clock) -> int:
    return clock.now().mono_ms


if __name__ == "__main__":
    main()
