"""``prolab-agent run``: makes all parts of an agent from its settings, and runs them until it is told to stop."""

import argparse
import importlib.metadata
import logging
import queue
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gpiozero.pins import Factory

from agent import instance
from agent.box import build
from agent.clock import Clock, SystemClock, clock_for
from agent.config import Config, ConfigError, load
from agent.controller import Controller
from agent.feed import overheard
from agent.hardware import Panel, PanelTrouble
from agent.hardware.box_panel import BoxPanel, fronts
from agent.hardware.gpio import pi_pin_factory
from agent.hardware.log_panel import LogPanel
from agent.link import Link
from agent.pulse import Pulse, mine
from agent.reports import Drain, Stop
from agent.state import Outbox, State
from agent.teller import will

GOODBYE_S = 2.0
_BADGE_GETS_IN_S = 0.001  # a list of thousands of holders may just be parsed in the link's thread


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", type=Path, default=Path("/etc/prolab/agent.toml"), help="default: %(default)s")
    command.add_argument("--simulate", action="store_true", help="pins and readers are the simulated board's")


def run(arguments: argparse.Namespace) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        config = load(arguments.config, arguments.simulate)
    except ConfigError as error:
        sys.exit(str(error))
    sys.setswitchinterval(_BADGE_GETS_IN_S)
    run_agent(config)


def run_agent(config: Config) -> None:
    """Until SIGTERM or SIGINT. Pins first: whatever fails later, the relays are off by then."""
    mine_alone = _claim(config)  # before any pin: another agent that runs here drives them
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    clock = _clock(config)
    pins, mono_ms = _pins(config), partial(_mono_ms, clock)
    box = build(config, pins, mono_ms)
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
    panel = _panel(config, pins, mono_ms, inbox.put)
    controller = Controller(config, clock, state, box.relays, box.readers, panel, link, inbox, version, _pulse(config))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: inbox.put(Stop()))
    signal.signal(signal.SIGUSR1, lambda number, frame: inbox.put(Drain()))
    mine_alone.announce()
    controller.begin()
    link.start()
    with overheard(inbox.put, config.state_dir) as put:
        panel.start()
        box.start(put, panel)
        try:
            controller.run()
        finally:
            box.stop()
            panel.stop()
    link.stop(GOODBYE_S)


def _claim(config: Config) -> instance.Instance:
    try:
        return instance.claim(config.state_dir)
    except instance.AlreadyRunningError as error:
        sys.exit(str(error))


def _clock(config: Config) -> Clock:
    if config.board is None:
        return SystemClock()
    return clock_for(config.board.directory, config.board.virtual, config.name)


def _pins(config: Config) -> Factory:
    if config.board is None:
        return pi_pin_factory()
    from agent.hardware.simulated import board_pin_factory

    return board_pin_factory(config.board.directory, config.name)


def _panel(config: Config, factory: Factory, mono_ms: Callable[[], int], put: Callable[[Any], None]) -> Panel:
    """Drawn on the simulated board where somebody may be looking: not while virtual time flies."""
    if config.board is None:

        def trouble(machine: str, detail: str) -> None:
            put(PanelTrouble(machine, detail))

        return BoxPanel(fronts(config.machines, factory, mono_ms, trouble))
    if config.board.virtual:
        return LogPanel()
    from agent.hardware.simulated_panel import SimulatedPanel

    return SimulatedPanel(config.board.directory)


def _pulse(config: Config) -> Pulse | None:
    """None in virtual time, where nobody watches and every wake costs."""
    return None if config.board is not None and config.board.virtual else mine()


def _mono_ms(clock: Clock) -> int:
    return clock.now().mono_ms
