"""``prolab-agent doctor``: looks at everything a box needs, and says for each thing that is wrong what to do about it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from gpiozero.pins import Factory

from agent.clock import SystemClock
from agent.config import Config
from agent.doctor import computer, readers, relay_test, wiring
from agent.doctor.broker import broker
from agent.doctor.finding import Finding
from agent.doctor.service import service
from agent.hardware.gpio import pi_pin_factory
from agent.instance import running

__all__ = ["Finding", "Tools", "examine"]


@dataclass(frozen=True, slots=True)
class Tools:
    """What a check works with, so that a test can put something else there. ``ask``: None without the relay test."""

    places: computer.Places = field(default_factory=computer.Places)
    ask: Callable[[str], str] | None = None
    pause: Callable[[float], None] = time.sleep
    service: Callable[[], Iterator[Finding]] = service


def examine(config: Config, tools: Tools) -> Iterator[Finding]:
    """Every check that can be made, in the order in which they depend on each other. A simulated box has no Pi to look at."""
    clock = SystemClock()
    yield Finding("settings", f"complete: {config.name} with {', '.join(place.id for place in config.machines)}")
    if config.board is None:
        yield computer.outputs(tools.places)
        now = clock.now()
        ahead_ms = computer.time_on_disk(config.state_dir) - now.wall_ms
        yield computer.judge_clock(now.quality, ahead_ms, config.state_dir)
        yield from tools.service()
    yield from computer.disk(config.state_dir, tools.places)
    yield from broker(config.broker, config.name, clock.now().wall_ms)
    agent_runs = running(config.state_dir) is not None
    if agent_runs:
        yield Finding(
            "agent", "it runs, and has pins, readers and meters for itself: stop it to have them looked at too"
        )
    else:
        yield from _box(config, tools)
    for place in config.machines:
        yield from wiring.measuring(place, agent_runs, lambda: clock.now().mono_ms)


def _box(config: Config, tools: Tools) -> Iterator[Finding]:
    pins = wiring.driver_of(partial(_factory, config))
    yield wiring.judge_driver(pins)
    kernel_line = computer.text_of(tools.places.kernel_line) or ""
    for place in config.machines:
        yield from readers.readers(place, pins.factory, kernel_line)
        if pins.factory is not None:
            yield from wiring.free_pins(place, pins.factory)
            if tools.ask is not None:
                yield from relay_test.relay_test(place, pins.factory, tools.ask, tools.pause)


def _factory(config: Config) -> Factory:
    if config.board is None:
        return pi_pin_factory()
    from agent.hardware.simulated import board_pin_factory

    return board_pin_factory(config.board.directory, config.name)
