"""``prolab-agent learn --machine ID``: watch a machine at rest and at work, and say what counts as running.

Twice so many readings of its own meter, and then the lines for agent.toml, or why there are none. Nothing is switched here: the
machine gets its power as always, by a badge, while the agent runs; or by the key-switch while it does not.
"""

import argparse
import queue
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from agent.config import Config, ConfigError, load
from agent.feed import listening
from agent.hardware import MeterDown, Metered, MeterReport
from agent.hardware.pzem import PzemMeter
from agent.hardware.shelly import Plug
from agent.instance import running
from agent.learning import Refused, Why, propose
from agent.metering import Thresholds
from agent.places import Place

SILENT_MS = 15_000
Next = Callable[[float], MeterReport | None]
Ask = Callable[[str], str]
Say = Callable[[str], None]

_STEPS = (
    (
        "REST",
        "Switch the machine on and leave it alone, with everything running that comes on by itself: chiller, fans, light.",
    ),
    ("WORK", "Now let it do a real job, with the pauses such a job has."),
)


class LearnError(Exception):
    """Nothing was learnt; the text says why and what to do."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--machine", required=True, help="its id in the settings")
    command.add_argument("--seconds", type=int, default=180, help="so long at rest and so long at work (%(default)s)")
    command.add_argument("--config", type=Path, default=Path("/etc/prolab/agent.toml"), help="default: %(default)s")
    command.add_argument("--simulate", action="store_true", help="as the agent was started")


def run(arguments: argparse.Namespace) -> None:
    mono_ms = _mono_ms(SystemClock())
    try:
        config = load(arguments.config, arguments.simulate)
        place = the_place(config, arguments.machine)
        with source(config, place, mono_ms) as next_report:
            print(learn(place, next_report, arguments.seconds, mono_ms, input, _overwrite))
    except (ConfigError, LearnError) as error:
        sys.exit(str(error))
    except (KeyboardInterrupt, EOFError):
        sys.exit("\nGiven up. Nothing was changed.")


def the_place(config: Config, machine: str) -> Place:
    """Raises LearnError for a machine that is not here or has no meter."""
    found = [place for place in config.machines if place.id == machine]
    if not found:
        ids = ", ".join(place.id for place in config.machines)
        raise LearnError(f"There is no machine {machine!r} at this box, only: {ids}.")
    if found[0].meter is None and found[0].plug is None:
        raise LearnError(
            f"{machine} has no meter in the settings: add [machine.meter] or [machine.plug] (firmware_notes/meters.md)."
        )
    return found[0]


@contextmanager
def source(config: Config, place: Place, mono_ms: Callable[[], int]) -> Iterator[Next]:
    """The meter's readings: overheard from the agent where that runs, else from the meter itself. Raises LearnError."""
    if running(config.state_dir) is not None:
        try:
            with listening(config.state_dir) as next_report:
                yield next_report
        except OSError as error:
            raise LearnError(f"{config.state_dir} takes no socket ({error}): use sudo.") from error
        return
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    meter = _meter(place, mono_ms)
    meter.start(inbox.put)
    try:
        yield lambda seconds: _from(inbox, seconds)
    finally:
        meter.stop()


def learn(place: Place, next_report: Next, seconds: int, mono_ms: Callable[[], int], ask: Ask, say: Say) -> str:
    """Both recordings, and what follows from them. Raises LearnError."""
    recorded = []
    for name, what in _STEPS:
        ask(f"{name}: {what}\nPress Enter to record {seconds} s of it. ")
        recorded.append(record(place.id, name, next_report, seconds, mono_ms, say))
    standby, working = recorded
    return verdict(place, propose(standby, working))


def record(
    machine: str, name: str, next_report: Next, seconds: int, mono_ms: Callable[[], int], say: Say
) -> list[float]:
    """Watts of so many seconds. Raises LearnError when the meter stays silent: a gap is no zero."""
    began_ms = heard_ms = mono_ms()
    samples: list[float] = []
    trouble = ""
    while (left_ms := began_ms + seconds * 1000 - (now_ms := mono_ms())) > 0:
        if now_ms - heard_ms > SILENT_MS:
            raise LearnError(f"The meter of {machine} has been silent for {SILENT_MS // 1000} s{trouble}. {_silence()}")
        match next_report(min(1.0, left_ms / 1000)):
            case Metered(who, watts) if who == machine:
                samples.append(watts)
                heard_ms = mono_ms()
                say(f"{name}: {watts:.1f} W, {max(0, left_ms) // 1000} s left")
            case MeterDown(who, detail) if who == machine:
                trouble = f": {detail}"
    say(f"{name}: {len(samples)} readings\n")
    return samples


def verdict(place: Place, found: Thresholds | Refused) -> str:
    """The lines for the settings, in whole watts as they take them; or why there are none."""
    if isinstance(found, Refused):
        return f"No thresholds for {place.id}: {_refusal(found)}"
    idle_w, run_w = round(found.idle_w), max(round(found.idle_w) + 1, round(found.run_w))
    table = "plug" if place.plug is not None else "meter"
    return "\n".join(
        (
            f"{place.id} can be told apart. In agent.toml, in the [machine.{table}] of {place.id}:",
            "",
            f"run_w = {run_w}",
            f"idle_w = {idle_w}",
            f"up_s = {found.up_s}",
            f"down_s = {found.down_s}   # as long as its longest pause within a job, and no longer",
            "",
            "They count from the agent's next start: prolab-agent drain, then sudo systemctl start prolab-agent",
        )
    )


def _refusal(refused: Refused) -> str:
    match refused.why:
        case Why.TOO_SHORT:
            return "there were fewer than 60 readings of one of the two. Record longer: --seconds 180 or more."
        case Why.NO_NUMBERS:
            return "the meter answered with something that is no number of watts. Look at its wiring."
        case Why.OVERLAP:
            return (
                f"at work it drew {refused.work_w:.1f} W as a rule, and at rest up to {refused.rest_w:.1f} W. Power does not"
                " tell the two apart, and a guess would bill wrongly. Bill its session; or measure the part of it that"
                " works, such as spindle, tube or heater."
            )


def _silence() -> str:
    return (
        "It answers only while it has mains: is the machine's main switch on, and the permit given (tap in, or the key-switch"
        " while the agent is stopped)? Then look at its port and its 5 V."
    )


def _meter(place: Place, mono_ms: Callable[[], int]) -> PzemMeter | Plug:
    if place.meter is not None:
        return PzemMeter(place.id, place.meter.port, place.meter.address)
    assert place.plug is not None
    return Plug(place.id, place.plug.host, mono_ms, place.plug.dead_man_s, place.plug.password)


def _from(inbox: "queue.SimpleQueue[Any]", seconds: float) -> MeterReport | None:
    try:
        report = inbox.get(timeout=seconds)
    except queue.Empty:
        return None
    return report if isinstance(report, Metered | MeterDown) else None


def _mono_ms(clock: SystemClock) -> Callable[[], int]:
    return lambda: clock.now().mono_ms


def _overwrite(line: str) -> None:
    print(f"\r\033[K{line}", end="", flush=True)
