"""The agent's one loop: takes what happened, asks what follows, and does it. It waits for nothing but its own queue.

It alone touches relays and writes the state file; no network stands between a badge and its relay.
"""

import logging
import queue
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from agent import lists, restart, session
from agent.clock import Clock, WaitReport
from agent.config import Config
from agent.driver import Driver
from agent.failures import Failure
from agent.faults import FaultCounter
from agent.hardware import (
    FrameRefused,
    InputsDown,
    LeftLying,
    MeterDown,
    Metered,
    Moved,
    OutputTrouble,
    Panel,
    PanelTrouble,
    Presented,
    RandomId,
    Reader,
    ReaderDown,
    ReaderReset,
    ReaderUp,
    Relay,
)
from agent.hardware import Removed as CardGone
from agent.machine import Machine, PinEntry
from agent.peer import Peer
from agent.places import Place
from agent.pulse import Pulse
from agent.reports import Drain, Line, Stop
from agent.state import State
from agent.stimuli import (
    Draining,
    Failed,
    Measured,
    Mended,
    RandomCard,
    Removed,
    Stimulus,
    Stopping,
    Ticked,
)
from agent.taps import felt, masters_busy, tapped
from agent.teller import Teller
from agent.tokens import Seen
from agent.upkeep import Upkeep
from wire.messages import (
    AgentStarted,
    Body,
    Gap,
    Stamp,
)

_CONTACTOR_MS = 500  # a contactor needs a moment to fall
_PLUG_MS = 3_000  # and a plug to answer: a request may be lost on the air
log = logging.getLogger(__name__)


class Controller:
    """One agent. ``inbox`` is where readers, link and signals put what they have to tell."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        state: State,
        relays: Mapping[str, Relay],
        readers: Mapping[str, Reader],
        panel: Panel,
        line: Line,
        inbox: "queue.SimpleQueue[Any]",
        version: str,
        pulse: Pulse | None = None,
    ) -> None:
        self._clock = clock
        self._state = state
        self._readers = readers
        self._inbox = inbox
        self._version = version
        self._teller = Teller(config, panel, line, version)
        self._stopped = self._draining = False
        self._faults = FaultCounter()
        clock.floor_ms = state.last_wall_ms
        now = clock.now()
        machines = [_machine(place, now) for place in config.machines]
        self._relays = relays
        self._driver = Driver(machines, relays, state, line.wake, self._pin_fits)
        self._peer = Peer(config, state, self._driver, self._fault)
        self._upkeep = Upkeep(state, self._driver, pulse)

    def run(self) -> None:
        """Until a Stop arrives. Every relay is released at the end, however the end comes about, but those that hold."""
        try:
            while not self._stopped:
                hard, soft = self.deadlines()
                self.turn(self._clock.wait(self._inbox, hard, soft, self.report))
        finally:
            self._driver.let_go()

    @property
    def stopped(self) -> bool:
        return self._stopped

    def begin(self) -> None:
        """Take up what the state file knows: end what was running, latch what was latched, enforce the last list."""
        now = self._clock.now()
        started: list[Body] = [AgentStarted(self._version, now)]
        if self._state.lost is not None:
            started.insert(0, Gap(self._state.lost.outbox, self._state.lost.reason[:200], now))
        self._driver.record(started, now)
        restart.take_up(self._driver, self._state, self._relays, self._peer.restore(), now)
        self._peer.begin(now)
        self._tell(now)

    def turn(self, report: Any) -> None:
        """One round: what time alone changes, then what happened, then what may wait, then tell."""
        now = self._now()
        self._tick(now)
        if report is not None:
            self._take(report, now)
        self._do_soon(now)
        if self._draining and not any(machine.session for machine in self._driver.machines.values()):
            self._stopped = True
        self._tell(now)

    def deadlines(self) -> tuple[int | None, int | None]:
        """When (mono ms) to wake: exactly, and without hurry."""
        machines = self._driver.machines.values()
        hard = [*map(session.next_deadline, machines), self._upkeep.hard, *self._peer.list_ends(self._clock.now())]
        return _first(hard), _first([*map(_without_hurry, machines), *self._upkeep.soft])

    def report(self) -> WaitReport:
        seen = {machine: count for machine, reader in self._readers.items() if (count := reader.bytes_seen) is not None}
        _, last_n, through = self._state.position
        unreceipted = last_n - through + self._driver.recorder.held
        return WaitReport(seen, lists.revision(self._peer.in_force), unreceipted, self._peer.is_there)

    # --- what happened --------------------------------------------------------------------------------------------------

    def _take(self, report: Any, now: Stamp) -> None:
        self._safely(getattr(report, "machine", None), partial(self._handle, report, now), now)

    def _handle(self, report: Any, now: Stamp) -> None:
        match report:
            case Presented(machine, card_id):
                self._tapped(machine, self._peer.recognise(card_id), now)
            case LeftLying(machine, card_id):
                self._driver.apply(machine, self._peer.lying(card_id), now)
            case CardGone(machine):
                self._driver.apply(machine, Removed(), now)
            case RandomId(machine):
                self._fault(machine, "random_id", "a card or phone that makes up another number each time", now)
                self._driver.apply(machine, RandomCard(), now)
            case _:
                self._handle_readers(report, now)

    def _handle_readers(self, report: Any, now: Stamp) -> None:
        match report:
            case FrameRefused(machine, why):
                self._fault(machine, "frame_refused", why, now)
            case ReaderReset(machine):
                self._fault(machine, "reader_reset", "it had forgotten its settings", now)
            case ReaderDown(machine, detail):
                self._failing(machine, Failure.READER_DEAD, detail, now)
            case ReaderUp(machine):
                self._driver.apply(machine, Mended(Failure.READER_DEAD), now)
            case _:
                self._handle_parts(report, now)

    def _handle_parts(self, report: Any, now: Stamp) -> None:
        match report:
            case Moved(machine) if (stimulus := felt(report)) is not None:
                self._upkeep.touched_ms = now.mono_ms
                self._driver.apply(machine, stimulus, now)
            case Metered(machine, watts, wh):
                self._driver.apply(machine, Measured(watts, wh), now)
            case MeterDown(machine, detail):
                self._failing(machine, Failure.METER_SILENT, detail, now)
            case OutputTrouble(machine, detail):
                self._driver.apply(machine, Failed(Failure.OUTPUT_FAILED, detail), now)
            case InputsDown(machine, detail):
                self._driver.apply(machine, Failed(Failure.EFFECT_FAILED, detail), now)
            case PanelTrouble(machine, detail):
                self._fault(machine, "panel_failed", detail, now)
            case _:
                self._handle_order(report, now)

    def _handle_order(self, report: Any, now: Stamp) -> None:
        match report:
            case Drain():
                self._draining = True
                self._driver.apply_to_all(Draining(), now)
            case Stop():
                self._driver.apply_to_all(Stopping(), now)
                self._stopped = True
            case _:
                self._peer.handle(report, now)

    def _tapped(self, machine_id: str, seen: Seen, now: Stamp) -> None:
        self._upkeep.touched_ms = now.mono_ms
        in_force, away_ms = self._peer.in_force, self._peer.away_ms(now)
        stimulus = tapped(in_force, seen, self._driver.machines, machine_id, away_ms, str(uuid4()), now)
        self._driver.apply(machine_id, stimulus, now)
        self._peer.rename(seen, now)

    def _pin_fits(self, entry: PinEntry) -> bool:
        """Two may have been asked for their PIN at once: the second comes too late."""
        busy = masters_busy(self._driver.machines)
        return not busy and self._peer.pin_fits(entry.master.holder, entry.digits, entry.master.pin)

    def _failing(self, machine_id: str, failure: Failure, detail: str, now: Stamp) -> None:
        """What may come and go by the hundred is told at most every ten minutes."""
        if failure not in self._driver.machines[machine_id].failures:
            told = self._faults.note(machine_id, failure, detail, now)
            self._driver.apply(machine_id, Failed(failure, detail, 0 if told is None else told.count), now)

    # --- what time brings -------------------------------------------------------------------------------------------------

    def _tick(self, now: Stamp) -> None:
        for machine_id, machine in list(self._driver.machines.items()):
            due_ms = session.next_deadline(machine)
            if due_ms is not None and due_ms <= now.mono_ms:
                self._apply_safely(machine_id, Ticked(), now)

    def _do_soon(self, now: Stamp) -> None:
        """Checkpoints, panels, the hourly event, what the disk did not take, the time: none of it in a badge's way."""
        for machine_id, machine in list(self._driver.machines.items()):
            due_ms = _without_hurry(machine)
            if due_ms is not None and due_ms <= now.mono_ms:
                self._apply_safely(machine_id, Ticked(), now)
        for part in self._upkeep.parts:
            self._safely(None, partial(part, now), now)

    def _apply_safely(self, machine_id: str, stimulus: Stimulus, now: Stamp) -> None:
        self._safely(machine_id, partial(self._driver.apply, machine_id, stimulus, now), now)

    # --- small parts ------------------------------------------------------------------------------------------------------

    def _tell(self, now: Stamp) -> None:
        for machine_id, machine in list(self._driver.machines.items()):
            self._safely(machine_id, partial(self._teller.show, machine, self._peer.in_force, now), now)
        self._safely(None, partial(self._tell_status, now), now)

    def _tell_status(self, now: Stamp) -> None:
        machines, online = self._driver.machines.values(), not self._stopped
        self._teller.tell(machines, self._peer.in_force, self._state.position, online, now, self._state.free_mb)

    def _safely(self, machine_id: str | None, act: Callable[[], None], now: Stamp) -> None:
        """An error of ours must not end the loop, for that would release what is running (design rule 4)."""
        try:
            act()
        except Exception as error:
            log.exception("our own fault, at %s", machine_id or "all machines")
            self._effect_failed(machine_id, error, now)

    def _effect_failed(self, machine_id: str | None, error: Exception, now: Stamp) -> None:
        """Set aside until staff look, also where not even that can be written down."""
        machines = self._driver.machines
        for one in [machine_id] if machine_id in machines else list(machines):
            try:
                self._driver.apply(str(one), Failed(Failure.EFFECT_FAILED, repr(error)), now)
            except Exception:
                log.exception("%s is set aside, and this could not be recorded", one)

    def _now(self) -> Stamp:
        """A clock that was set back while we run may not take us below what is on disk."""
        now = self._clock.now()
        if now.wall_ms >= self._state.last_wall_ms:
            return now
        self._clock.floor_ms = self._state.last_wall_ms
        return self._clock.now()

    def _fault(self, machine: str | None, code: str, detail: str, now: Stamp) -> None:
        log.warning("%s%s: %s", f"{machine}: " if machine else "", code, detail)
        event = self._faults.note(machine, code, detail, now)
        if event is not None:
            self._driver.record([event], now)


def _machine(place: Place, now: Stamp) -> Machine:
    return Machine(
        id=place.id,
        on_loss=place.on_loss,
        thresholds=place.thresholds,
        has_button=place.inputs.button is not None,
        own_start=place.inputs.own_start,
        contact_ms=_CONTACTOR_MS if place.plug is None else _PLUG_MS,
        since_ms=now.wall_ms,
    )


def _without_hurry(machine: Machine) -> int | None:
    """When time alone changes what is kept or shown of this machine."""
    return _first((session.next_checkpoint(machine), session.next_glance(machine)))


def _first(moments: Iterable[int | None]) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)
