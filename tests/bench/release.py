"""From what is to take the power to the pin that lets go: where the matrix releases, and where somebody asks for it.

Real agents, their pins in the board's map, under the supervisor that does what systemd does with ``WatchdogSec=10``. Real time
passes: nothing here is made quicker than in a workshop, but that the contactor behind the pin takes its own moment besides.
"""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from random import Random
from signal import SIGSTOP

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.clock import SystemClock
from agent.failures import Column
from agent.hardware.board_map import INPUT
from tests.bench.figures import Lines, spread
from tests.system.four_machines import FourMachines, four_machines, hall
from tests.system.four_machines_setup import PASSWORD, PLAIN, Setup, list_for, unit
from tests.waiting import until
from wire.messages import SessionStarted, encode
from wire.topics import SERVER_NAME, Leaf, Topic

WATCHDOG_S = float(unit("WatchdogSec"))
AT_ONCE = 4
_LOOK_S = 0.0005
_random = Random("release")


def measure(quick: bool) -> Lines:
    rounds = 1 if quick else 5
    yield f"  at pins; {len(PLAIN)} machines an agent; WatchdogSec={WATCHDOG_S:g}, so outputs are read back each 3.3 s"
    yield "  a dead agent is noticed by a board that looks each 5 ms; the staff's stop is timed from the list at the broker"
    yield from spread("second tap → pin low", _rounds(_second_taps, 4 * rounds))
    yield from spread("staff stop → pin low", _rounds(_staff_stops, 2 * rounds, broker=True))
    yield from spread("driver fails → pin given up", _at_once(_drivers_fail, rounds))
    yield from spread("kill -9, the kernel lets pins fall → pin low", _rounds(_kills, 4 * rounds))
    yield from spread("kill -9, ExecStopPost alone → pin low", _rounds(_kills, 2 * rounds, keeps_level=True))
    yield from spread("loop hangs → pin low", _at_once(_hangs, rounds), {99: WATCHDOG_S * 1000})


Sample = Callable[[FourMachines], list[float]]


def _rounds(sample: Sample, count: int, keeps_level: bool = False, broker: bool = False) -> list[float]:
    """So many rounds at one agent, all its machines in use before each."""
    with _labs(1, keeps_level, broker) as (lab,):
        return [seconds for _ in range(count) for seconds in _one_round(lab, sample)]


def _at_once(sample: Sample, count: int) -> list[float]:
    """So many rounds at several agents, each for one round only: afterwards they are latched, or dead."""
    found: list[float] = []
    for _ in range(count):
        with _labs(AT_ONCE) as labs, ThreadPoolExecutor(AT_ONCE) as pool:
            found += [seconds for one in pool.map(lambda lab: _one_round(lab, sample), labs) for seconds in one]
    return found


@contextmanager
def _labs(count: int, keeps_level: bool = False, broker: bool = False) -> Iterator[list[FourMachines]]:
    home = Path(tempfile.mkdtemp(prefix="prolab-"))
    setups = [Setup(f"agent-{n}", watchdog_s=WATCHDOG_S, broker=broker) for n in range(1, count + 1)]
    try:
        with hall(home, setups, keeps_level) as bench, ExitStack() as stack:
            yield [stack.enter_context(four_machines(bench, setup)) for setup in setups]
    finally:
        shutil.rmtree(home)


def _one_round(lab: FourMachines, sample: Sample) -> list[float]:
    lab.uses(PLAIN)
    over = time.monotonic() + _random.uniform(0.0, WATCHDOG_S / 3)  # somewhere between two beats
    until(lambda: time.monotonic() > over)
    return sample(lab)


def _second_taps(lab: FourMachines) -> list[float]:
    for column in PLAIN:
        lab.tap(column)
    found = []
    for column in PLAIN:
        lab.until_away(column)
        found += _until_low(lab, [column], partial(lab.tap, column))
    return found


def _staff_stops(lab: FourMachines) -> list[float]:
    """One list ends all three sessions; it goes to the broker as the server sends it."""
    running = {column: lab.events(SessionStarted, column)[-1].session for column in PLAIN}
    now_ms = SystemClock().now().wall_ms
    wish = {"end_session": dict.fromkeys(Column) | running}
    payload = encode(list_for(lab.setup, now_ms, revision=now_ms, **wish))
    with _server(lab) as server:
        topic = str(Topic(lab.setup.name, Leaf.ACCESS_LIST))
        return _until_low(lab, PLAIN, lambda: server.publish(topic, payload, qos=1, retain=True))


@contextmanager
def _server(lab: FourMachines) -> Iterator[Client]:
    assert lab.broker is not None
    lab.broker.add_user(SERVER_NAME, PASSWORD)
    client = Client(CallbackAPIVersion.VERSION2, "bench", protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(SERVER_NAME, PASSWORD)
    client.reconnect_delay_set(1, 1)
    client.connect_async("127.0.0.1", lab.broker.port)
    client.loop_start()
    try:
        until(client.is_connected)
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def _drivers_fail(lab: FourMachines) -> list[float]:
    """The simulated driver lets go by itself; what is measured is when the agent has noticed, and gives the pin up."""
    return _until_each(
        PLAIN,
        lambda column: lab.pin(column).function == INPUT,
        lambda: lab.on_each("break", PLAIN, broken=True),
    )


def _kills(lab: FourMachines) -> list[float]:
    found = _until_low(lab, PLAIN, lab.supervisor.kill)
    until(lambda: lab.supervisor.settled == len(lab.supervisor.ends))
    lab.supervisor.until_ready()
    lab.until_readers_open()
    return found


def _hangs(lab: FourMachines) -> list[float]:
    return _until_low(lab, PLAIN, lambda: lab.supervisor.kill(SIGSTOP))


def _until_low(
    lab: FourMachines, columns: tuple[Column, ...] | list[Column], cause: Callable[[], object]
) -> list[float]:
    return _until_each(columns, lambda column: not lab.pin(column).driven, cause)


def _until_each(
    columns: tuple[Column, ...] | list[Column], done: Callable[[Column], bool], cause: Callable[[], object]
) -> list[float]:
    """Seconds from just before the cause to each of these, by a thread that does nothing but look."""
    seen: dict[Column, float] = {}

    def look() -> None:
        while len(seen) < len(columns):
            for column in columns:
                if column not in seen and done(column):
                    seen[column] = time.perf_counter()
            time.sleep(_LOOK_S)

    watcher = threading.Thread(target=look, daemon=True)
    began = time.perf_counter()
    watcher.start()
    cause()
    watcher.join(30)
    assert not watcher.is_alive(), "a pin did not let go"
    return [seen[column] - began for column in columns]
