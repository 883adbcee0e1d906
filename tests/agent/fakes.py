"""A box on the table: the real main loop and a real state file, with pins, readers, panel, line and time made of nothing."""

import queue
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.access import index
from agent.clock import WaitReport
from agent.config import Broker, Config, SiteKey
from agent.controller import Controller
from agent.hardware import Presented
from agent.panel import Shown
from agent.places import Inputs, Place
from agent.reports import Connected, ListArrived, ReceiptArrived, Stop
from agent.state import Outbox, State
from wire.messages import (
    AccessList,
    Authorisation,
    Body,
    HolderEntry,
    MachineEntry,
    OnLoss,
    PayerCard,
    RiskClass,
    SessionStarted,
    Stamp,
    Status,
    TimeQuality,
    decode_body,
    decode_envelope,
    decode_status,
    encode,
)
from wire.tokens import fingerprint

KEY = bytes(range(16))
START_MS = 1_767_225_600_000
HOUR = 3600
ADA, BOB, STRANGER = "em4100:62E3086CED", "em4100:01000734E0", "em4100:0C008471FD"


def token(card_id: str) -> str:
    return fingerprint(card_id, KEY)


def stamp(seconds: float = 0, boot: str = "boot-1", quality: TimeQuality = TimeQuality.SYNCED) -> Stamp:
    return Stamp(boot, int(seconds * 1000), START_MS + int(seconds * 1000), quality)


def a_machine(machine: str = "p1", **changes: Any) -> MachineEntry:
    may = (Authorisation(1, "alone"), Authorisation(2, "alone"))
    entry = MachineEntry(machine, f"Printer {machine}", RiskClass.LOW, START_MS + 72 * HOUR * 1000, may=may)
    return replace(entry, **changes)


def a_list(*machines: MachineEntry, **changes: Any) -> AccessList:
    """A list on which Ada and Bob may use everything, Acme paying."""
    holders = (
        HolderEntry(token(ADA), 1, "Ada", "en", ("acme", "second")),
        HolderEntry(token(BOB), 2, "Bob", "de", ("acme",)),
    )
    payers = (PayerCard("acme", "Acme", {"p1": 900}), PayerCard("second", "Second"))
    entries = machines or (a_machine("p1"), a_machine("p2"))
    return replace(AccessList("agent-1", 1, START_MS, "k1", payers, holders, entries), **changes)


class FakeClock:
    """Shows what it is set to, as the real ones do: never below the floor."""

    def __init__(self) -> None:
        self.floor_ms = 0
        self.stamp = stamp()

    def now(self) -> Stamp:
        return replace(self.stamp, wall_ms=max(self.stamp.wall_ms, self.floor_ms))

    def wait(self, inbox: Any, until_mono_ms_hard: Any, until_mono_ms_soft: Any, report: Any) -> Any:
        return inbox.get_nowait()


class HandClock:
    """Milliseconds, turned by hand."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> int:
        return self.ms


class FakeRelay:
    def __init__(self, diary: list[str], machine: str, stays: bool = False) -> None:
        self._diary = diary
        self._machine = machine
        self.on = False
        self.closed = False
        self.broken = False
        self.released = False
        self.stays = stays  # an actuator that holds by itself

    def energise(self) -> None:
        self._move(True)

    def release(self) -> None:
        self.released = True
        self._move(False)

    def close(self) -> None:
        self.on, self.closed = False, True

    def check(self) -> None:
        if self.broken:
            raise OSError("the pin does not answer")

    def held(self) -> bool:
        return self.stays

    def _move(self, on: bool) -> None:
        if self.broken:
            raise OSError("the pin does not answer")
        if on != self.on:
            self._diary.append(f"{self._machine} {'on' if on else 'off'}")
        self.on = on


class FakeReader:
    bytes_seen: int | None = 0

    def start(self, report: Any) -> None:
        pass

    def stop(self) -> None:
        pass


class FakePanel:
    def __init__(self) -> None:
        self.shown: dict[str, Shown] = {}
        self.flashes: list[str] = []
        self.broken = False

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def show(self, machine: str, shown: Shown) -> None:
        if self.broken:
            raise RuntimeError("the display fell off")
        self.shown[machine] = shown

    def seen(self, machine: str) -> None:
        self.flashes.append(machine)


class FakeLine:
    def __init__(self) -> None:
        self.woken = 0
        self.statuses: list[Status] = []
        self.broken = False

    def wake(self) -> None:
        self.woken += 1

    def set_status(self, status: bytes) -> None:
        if self.broken:
            raise RuntimeError("the line fell off")
        self.statuses.append(decode_status(status))


class Box:
    """One agent with two printers. ``diary`` has relay edges and commits in the order in which they happened."""

    def __init__(self, directory: Path, on_loss: OnLoss = OnLoss.OFF, button: int | None = None) -> None:
        self.directory = directory
        self.diary: list[str] = []
        self.on_loss = on_loss
        self.inputs = Inputs(button=button)
        self.held = False  # what the actuators will say after the next restart
        self.clock = FakeClock()
        self.start()

    def start(self) -> None:
        places = (
            Place("p1", "", 17, self.on_loss, inputs=self.inputs),
            Place("p2", "", 27, self.on_loss, inputs=self.inputs),
        )
        broker = Broker("localhost", 1883, "agent-1", "", tls=False, ca_file=None)
        config = Config("agent-1", self.directory, (SiteKey("k1", KEY),), "en", True, broker, places, None)
        self.state = State(self.directory, simulated=True)
        self._watch_commits()
        self.relays = {place.id: FakeRelay(self.diary, place.id, self.held) for place in places}
        readers = {place.id: FakeReader() for place in places}
        self.panel, self.line = FakePanel(), FakeLine()
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.controller = Controller(
            config, self.clock, self.state, self.relays, readers, self.panel, self.line, self.inbox, "1.0"
        )
        self.controller.begin()

    def restart(self, seconds: float, boot: str = "boot-2", quality: TimeQuality = TimeQuality.SYNCED) -> "Box":
        """The power went and came back; the pins fell meanwhile."""
        self.state.close()
        self.clock = FakeClock()
        self.clock.stamp = Stamp(boot, 1000, START_MS + int(seconds * 1000), quality)
        self.start()
        return self

    def at(self, seconds: float) -> "Box":
        """Let time pass, stopping at every deadline on the way as the real clocks do."""
        goal_ms = int(seconds * 1000)
        while True:
            due = [ms for ms in self.controller.deadlines() if ms is not None and ms <= goal_ms]
            if not due:
                break
            self._set(max(min(due), self.clock.stamp.mono_ms))
            self.controller.turn(None)
        self._set(goal_ms)
        self.controller.turn(None)
        return self

    def tell(self, report: Any) -> "Box":
        self.controller.turn(report)
        return self

    def tap(self, card_id: str = ADA, machine: str = "p1") -> "Box":
        return self.tell(Presented(machine, card_id))

    def give(self, access_list: AccessList) -> "Box":
        return self.tell(ListArrived(index(access_list), encode(access_list)))

    def connected(self) -> "Box":
        return self.tell(Connected())

    def receipt(self, through: int) -> "Box":
        return self.tell(ReceiptArrived({self.state.position.outbox: through}))

    @property
    def stopped(self) -> bool:
        return self.controller.stopped

    def stop(self) -> "Box":
        self.inbox.put(Stop())
        self.controller.run()
        return self

    def report(self) -> WaitReport:
        return self.controller.report()

    @property
    def shows(self) -> str:
        shown = self.panel.shown["p1"]
        return " | ".join((shown.head, *filter(None, shown.lines), shown.hint))

    @property
    def status(self) -> Status:
        return self.line.statuses[-1]

    @property
    def events(self) -> list[Body]:
        """Everything in the outbox."""
        outbox = Outbox(self.state.path)
        bodies = [decode_body(decode_envelope(payload)) for _, payload in outbox.after(0, 10_000)]
        outbox.close()
        return [body for body in bodies if body is not None]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def disk_full(self, full: bool = True) -> "Box":
        """From now on the state file takes nothing, as on a full disk; or it takes everything again."""
        self.state._connection.execute(f"PRAGMA query_only = {'ON' if full else 'OFF'}")
        return self

    def close(self) -> None:
        self.state.close()

    def _set(self, mono_ms: int) -> None:
        now = self.clock.stamp
        self.clock.stamp = replace(now, mono_ms=mono_ms, wall_ms=now.wall_ms + mono_ms - now.mono_ms)

    def _watch_commits(self) -> None:
        def note(statement: str) -> None:
            if statement == "COMMIT":
                self.diary.append("commit")

        self.state._connection.set_trace_callback(note)


def running(box: Box, seconds: float = 10) -> str:
    """Ada starts p1. Returns the session's id."""
    box.at(seconds).tap(ADA)
    assert box.relays["p1"].on
    return str(box.of(SessionStarted)[-1].session)
