"""A real agent with four machines, one for each column of the failure matrix, on the simulated board and under a supervisor.

The printer that holds by itself hangs at a simulated plug, the three others at pins, with contactor, button and key. There is no
server: the agent starts from a list on its disk, as after a night without a network.
"""

import json
import resource
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from agent.failures import Column
from agent.hardware.board_map import PinBank, PinState, read_config
from agent.hardware.simulated_plug import SimulatedPlug
from agent.hardware.simulated_pzem import SimulatedPzem
from agent.state import Outbox, State
from server.demo.broker import Broker
from tests.agent.conftest import Bench, Driver
from tests.system.faulty_agent import PATIENT_PLUG
from tests.system.four_machines_setup import (
    ADA,
    EVA,
    PASSWORD,
    PIN,
    PINS,
    PLAIN,
    Setup,
    board_machines,
    list_for,
    meter_port,
    settings,
    unit_command,
)
from tests.system.supervisor import Supervisor
from tests.waiting import until
from wire.messages import AccessDenied, Body, Fault, SessionEnded, SessionStarted, decode_body, decode_envelope, encode

AWAY_S = 0.5  # a card that is to count again must have been away for 300 ms by the agent's clock, which may be late
ANSWERED_S = 4.0  # then it was away too short, and is held there again


@contextmanager
def hall(home: Path, setups: Iterable[Setup], keeps_level: bool) -> Iterator[Bench]:
    """A board with all these agents' machines. ``keeps_level``: its kernel leaves a dead agent's pins as they were."""
    machines = [machine for setup in setups for machine in board_machines(setup)]
    bench = Bench(home, virtual=False, kernel_keeps_level=keeps_level, machines=machines)
    try:
        yield bench
    finally:
        bench.close()


@contextmanager
def four_machines(bench: Bench, setup: Setup) -> Iterator["FourMachines"]:
    """Running, with nobody at the machines yet."""
    lab = FourMachines(bench, setup)
    try:
        lab.start()
        yield lab
    finally:
        lab.close()


class FourMachines:
    def __init__(self, bench: Bench, setup: Setup) -> None:
        self.setup = setup
        self.home = bench.directory / setup.name
        self.home.mkdir()
        self.board = bench.directory
        self._driver = Driver(bench.directory)
        self._bank = PinBank(self.board, read_config(self.board).agents, setup.name)
        self.plug = SimulatedPlug(_mono_ms)
        self.plug.set_load(60.0)
        metered = PLAIN if setup.metered else ()
        self.meters = {column: SimulatedPzem(meter_port(setup, column, self.board), _mono_ms) for column in metered}
        self.broker = self._own_broker() if setup.broker else None
        self.state_file = self.home / "state" / "agent.db"
        self._settings = self.home / "agent.toml"
        self._lock: sqlite3.Connection | None = None
        self._tapped: dict[tuple[Column, str], float] = {}
        if setup.patient_plug:
            (self.home / PATIENT_PLUG).touch()
        port = 1 if self.broker is None else self.broker.port
        self._settings.write_text(settings(setup, self.board, self.plug.host, port))
        self._give_list()
        self.supervisor = self._supervisor()

    # --- making it ------------------------------------------------------------------------------------------------------

    def _own_broker(self) -> Broker:
        broker = Broker(self.home / "broker")
        broker.add_user(self.setup.name, PASSWORD)
        broker.start()
        return broker

    def _give_list(self) -> None:
        """As if the server had sent it just before."""
        now = SystemClock().now()
        payload = encode(list_for(self.setup, now.wall_ms))
        state = State(self.state_file.parent, simulated=True)
        state.write(now.wall_ms, lambda transaction: transaction.put_list(now, payload))
        state.close()

    def _supervisor(self) -> Supervisor:
        """With the commands of the unit that systemd reads on a Pi."""
        agent = ["tests.system.faulty_agent", str(self.home)] if self.setup.faulty else ["agent"]
        run = unit_command("ExecStart", agent, self._settings)
        stop_post = unit_command("ExecStopPost", ["agent"], self._settings) if self.setup.stop_post else None
        return Supervisor(run, stop_post, self.home, self.setup.watchdog_s)

    def start(self) -> None:
        self.supervisor.start()
        self.until_readers_open()
        if self.broker is not None:
            log = self.home / "broker" / "broker.log"
            until(lambda: self.setup.name in log.read_text())

    def close(self) -> None:
        self.supervisor.close()
        self.unlock_file()
        self.plug.close()
        if self.broker is not None:
            self.broker.kill()
        for meter in self.meters.values():
            meter.pull_out()
        self._driver.close()

    # --- what is done to it ---------------------------------------------------------------------------------------------

    def do(self, do: str, **fields: Any) -> dict[str, Any]:
        self._driver.send({"id": 1, "do": do, **fields})
        answer = self._driver.receive() or {}
        assert answer.get("ok"), answer
        return answer

    def on_each(self, do: str, columns: Iterable[Column], **fields: Any) -> None:
        for column in columns:
            self.do(do, machine=self.machine(column), **fields)

    @property
    def is_dead(self) -> bool:
        """The board has noticed that there is no agent, and has done to its pins what its kernel does."""
        return not self.do("state")["agents"][self.setup.name]["running"]

    def fails(self, part: str, how: str = "always") -> None:
        """From now on this part of the agent does (see faulty_agent.py)."""
        (self.home / f".{part}").write_text(how)
        (self.home / f".{part}").rename(self.home / part)

    def works_again(self, part: str) -> None:
        (self.home / part).unlink(missing_ok=True)

    def tap(self, column: Column, card: str = ADA) -> None:
        """Hold a card to the reader, once it has been away long enough, until the agent has read it."""
        self.until_away(column, card)
        self.do("tap", machine=self.machine(column), card=card)
        until(lambda: not self.do("state")["unread"][self.machine(column)])
        self._tapped[column, card] = time.monotonic()

    def until_away(self, column: Column, card: str = ADA) -> None:
        """Until a card that is held there again counts again."""
        away_at = self._tapped.get((column, card), 0.0) + AWAY_S
        until(lambda: time.monotonic() >= away_at)

    def asks(self, column: Column) -> None:
        """What Ada does to start: badge, and the button where it is asked for."""
        self.tap(column)
        if self.setup.press:
            until(lambda: self.is_armed(column))
            self.press(column)

    def press(self, column: Column) -> None:
        """The box's button, until the panel has something to say to it."""
        before = self._panel(column)
        self.on_each("press", [column], input="button", down=True)
        until(lambda: self._panel(column) != before)
        self.on_each("press", [column], input="button", down=False)

    def uses(self, columns: Iterable[Column] = tuple(Column)) -> None:
        """Ada works at these machines."""
        for column in columns:
            self.asks(column)
        for column in columns:
            self._until(column, self.has_power, self.asks)

    def ends(self, columns: Iterable[Column] = tuple(Column)) -> None:
        """Ada ends what she still uses."""
        in_use = [column for column in columns if self.is_switched_on(column)]
        for _ in range(2):
            for column in in_use:
                self.tap(column)
        for column in in_use:
            self._until(column, self._is_switched_off, self.tap)

    def starts(self, columns: Iterable[Column], ask: Callable[["FourMachines", Column], None] = asks) -> set[Column]:
        """Ada tries to start these machines; those that do."""
        before = {column: (self._sessions(column), self.denials(column), self.shows(column)) for column in columns}
        for column in before:
            ask(self, column)
        for column, then in before.items():
            self._until(column, partial(self._was_answered, then), partial(ask, self))
        return {column for column, then in before.items() if self._has_started(column, *then)}

    def full_disk(self) -> None:
        """No file of the agent's may grow beyond what its journal has now."""
        size = self.state_file.with_name("agent.db-wal").stat().st_size
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def free_disk(self) -> None:
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def rename_table(self, old: str, new: str) -> None:
        with closing(sqlite3.connect(self.state_file, timeout=5, isolation_level=None)) as connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")

    def master_badge(self, columns: Iterable[Column]) -> None:
        """Eva's, and its PIN."""
        for column in columns:
            self.tap(column, EVA)
            until(partial(self._asks_for_pin, column))
        for number in range(len(PIN)):
            for column in columns:
                self.press(column)
            for column in columns:
                until(partial(self._took_digit, column, number))

    def lock_file(self) -> None:
        """Another program writes to the state file, and does not end."""
        self._lock = sqlite3.connect(self.state_file, timeout=5, isolation_level=None, check_same_thread=False)
        self._lock.execute("BEGIN IMMEDIATE")

    def unlock_file(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def stops_in_order(self) -> None:
        """``systemctl stop``."""
        self.supervisor.stop()
        self.supervisor.close()

    def starts_again(self) -> None:
        """``systemctl start``."""
        self.supervisor = self._supervisor()
        self.start()

    def restarts(self) -> None:
        """Let the supervisor start the next agent, and wait until somebody can tap."""
        self.supervisor.may_restart.set()
        self.supervisor.until_ready()
        self.until_readers_open()

    # --- what can be seen of it -----------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        pid = self.supervisor.pid
        assert pid is not None, self.supervisor.said()
        return pid

    def machine(self, column: Column) -> str:
        return self.setup.machine(column)

    def tty(self, column: Column) -> Path:
        return self.board / "tty" / self.machine(column)

    def pin(self, column: Column) -> PinState:
        return self._bank.read(PINS[column].relay)

    def is_switched_on(self, column: Column) -> bool:
        """What our output does: the plug's contact, or a pin that is an output and high."""
        return self.plug.output if column is Column.LOW_HOLD else self.pin(column).driven

    def has_power(self, column: Column) -> bool:
        """What the machine has: behind a pin that is the contactor."""
        if column is Column.LOW_HOLD:
            return self.plug.output
        power: bool = self.do("state")["power"][self.machine(column)]
        return power

    def power_kept(self, columns: Iterable[Column]) -> dict[Column, bool]:
        """Where the power is on, and has been all the while by the board's own record. Contactors have followed by then."""
        for column in columns:
            until(partial(self._power_follows, column))
        return {column: not self._fell(column) and self.has_power(column) for column in columns}

    def times_closed(self, column: Column) -> int:
        return sum(edge["machine"] == self.machine(column) and edge["level"] for edge in self._edges())

    def events(self, kind: type, column: Column | None = None) -> list[Any]:
        """From the outbox; nothing while that cannot be read."""
        wanted = None if column is None else self.machine(column)
        found: list[Any] = [body for body in self._outbox() if isinstance(body, kind)]
        return [body for body in found if wanted is None or body.machine == wanted]

    def faults(self, column: Column) -> set[str]:
        return {fault.code for fault in self.events(Fault, column)}

    def until_told(self, code: str, columns: Iterable[Column] = tuple(Column)) -> None:
        """Until the agent has recorded this fault at each of these machines."""
        for column in columns:
            until(partial(self._has_told, code, column))

    def until_ended(self, columns: Iterable[Column] = tuple(Column)) -> None:
        for column in columns:
            until(partial(self.events, SessionEnded, column))

    def denials(self, column: Column) -> int:
        return len(self.events(AccessDenied, column))

    def shows(self, column: Column, what: str = "face") -> str:
        """What the panel shows: its drawing, or a part of its words."""
        return str(self._panel(column).get(what))

    def until_free(self, columns: Iterable[Column]) -> None:
        """Until the panels say so: nothing is wrong any more but the network, and the last refusal has been there long enough."""
        for column in columns:
            until(partial(self._is_free, column))

    def is_armed(self, column: Column) -> bool:
        return self.shows(column, "hint") == "Press the button"

    def until_readers_open(self) -> None:
        for column in Column:
            until(partial(self.reads, self.terminal(column)))
            self._tapped[column, ADA] = (
                time.monotonic()
            )  # a reader that was away does not know whether a card is there still

    def terminal(self, column: Column) -> Path:
        """The device behind its reader, as long as that is plugged in."""
        return self.tty(column).resolve()

    def reads(self, terminal: Path) -> bool:
        """True while the agent has it open."""
        return any(_points_to(link, terminal) for link in Path(f"/proc/{self.pid}/fd").iterdir())

    # --- small parts ----------------------------------------------------------------------------------------------------

    def _fell(self, column: Column) -> bool:
        return any(edge["machine"] == self.machine(column) and not edge["level"] for edge in self._edges())

    def _panel(self, column: Column) -> dict[str, Any]:
        with suppress(FileNotFoundError):
            shown: dict[str, Any] = json.loads((self.board / "panels" / f"{self.machine(column)}.json").read_text())
            return shown
        return {}

    def _asks_for_pin(self, column: Column) -> bool:
        return self.shows(column, "head") == "PIN"

    def _took_digit(self, column: Column, before: int) -> bool:
        """True once another number of them stands there than before, or none is asked for any more."""
        return not self._asks_for_pin(column) or self.shows(column, "lines").count("•") != before

    def _is_free(self, column: Column) -> bool:
        return self.shows(column) in ("free", "offline")

    def _is_switched_off(self, column: Column) -> bool:
        return not self.is_switched_on(column)

    def _power_follows(self, column: Column) -> bool:
        return self.has_power(column) is self.is_switched_on(column)

    def _has_told(self, code: str, column: Column) -> bool:
        return code in self.faults(column)

    def _sessions(self, column: Column) -> int:
        return len(self.events(SessionStarted, column))

    def _has_started(self, column: Column, sessions: int, denials: int, shown: str) -> bool:
        return self._sessions(column) > sessions and self.is_switched_on(column)

    def _was_answered(self, then: tuple[int, int, str], column: Column) -> bool:
        return self._has_started(column, *then) or self._was_refused(column, *then)

    def _was_refused(self, column: Column, sessions: int, denials: int, shown: str) -> bool:
        """By the outbox; or by the panel, while the disk takes nothing."""
        return self.denials(column) > denials or self.shows(column) == "refused" != shown

    def _until(self, column: Column, true: Callable[[Column], bool], again: Callable[[Column], None]) -> None:
        """A card that is held there once more does no harm as long as nothing came of it."""
        for _ in range(3):
            with suppress(AssertionError):
                until(lambda: true(column), ANSWERED_S)
                return
            again(column)
        until(lambda: true(column))

    def _outbox(self) -> list[Body]:
        try:
            with closing(Outbox(self.state_file)) as outbox:
                bodies = [decode_body(decode_envelope(payload)) for _, payload in outbox.after(0, 10_000)]
        except sqlite3.Error:
            return []
        return [body for body in bodies if body is not None]

    def _edges(self) -> list[dict[str, Any]]:
        self.do("state")  # the board looks before it answers
        return [json.loads(line) for line in (self.board / "edges.jsonl").read_text().splitlines()]


def _points_to(link: Path, target: Path) -> bool:
    with suppress(OSError):  # closed meanwhile
        return link.readlink() == target
    return False


def _mono_ms() -> int:
    return time.monotonic_ns() // 1_000_000
