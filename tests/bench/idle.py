"""What an agent costs while nobody is there, and while one machine runs: processor time of one process with every part of a box.

A serial reader, five inputs, a meter that speaks every second, a panel. The simulated parts run elsewhere and are not counted;
a Pi Zero 2 W is about a tenth as fast as a desktop core. A reader on SPI looks ten times a second besides (see ``reader``).
"""

import os
import tempfile
import time
from pathlib import Path

from agent.clock import SystemClock
from agent.hardware.simulated_pzem import SimulatedPzem
from tests.agent.conftest import Bench
from tests.agent.live_box import RELAY, LiveBox
from tests.bench.figures import Figure, Lines
from tests.bench.memory import resident_mib

_WIRES = {"contact": 22, "estop": 23, "button": 24, "problem": 26, "bypass": 19}
_PARTS = """
reader_kind = "rdm6300"
contact = 22
estop = 23
button = 24
problem = 26
bypass = 19
[machine.meter]
port = "{port}"
address = 1
run_w = 30
idle_w = 20
"""
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_SETTLES_S = 3


def measure(quick: bool) -> Lines:
    seconds = 10 if quick else 60
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        (directory / "board").mkdir()
        meter = SimulatedPzem(directory / "meter", lambda: SystemClock().now().mono_ms)
        machines = [{"machine": "p1", "agent": "agent-1", "relay": RELAY, **_WIRES}]
        bench = Bench(directory / "board", virtual=False, start_ms=0, machines=machines)
        box = LiveBox(bench, directory, _PARTS.format(port=directory / "meter"))
        try:
            box.start()
            time.sleep(_SETTLES_S)
            yield Figure(f"processor of one core, nobody there, over {seconds} s", _busy(box, seconds), "%", 2)
            meter.set_load(200.0)
            box.starts_a_session()
            time.sleep(_SETTLES_S)
            yield Figure(f"processor of one core, one machine at work, over {seconds} s", _busy(box, seconds), "%", 2)
            assert box.agent is not None
            yield Figure("resident set", resident_mib(box.agent.pid), "MiB", 60)
        finally:
            box.close()
            bench.close()
            meter.pull_out()


def _busy(box: LiveBox, seconds: float) -> float:
    """Per cent of one core."""
    before = _ticks(box)
    time.sleep(seconds)
    return 100 * (_ticks(box) - before) / _TICKS_A_SECOND / seconds


def _ticks(box: LiveBox) -> int:
    assert box.agent is not None
    fields = Path(f"/proc/{box.agent.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
