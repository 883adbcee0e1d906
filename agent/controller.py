"""The agent's one loop: takes what happened, asks what follows, and does it. It waits for nothing but its own queue.

It alone touches relays and writes the state file; no network stands between a badge and its relay.
"""

import logging
import queue
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

from agent import lists, recorder, restart, session
from agent.access import InForce, validity_left_ms
from agent.clock import Clock, WaitReport
from agent.config import Config
from agent.driver import Driver
from agent.failures import Failure
from agent.faults import FaultCounter
from agent.hardware import (
    FrameRefused,
    InputsDown,
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
    ReaderUp,
    Relay,
)
from agent.hardware import Removed as CardGone
from agent.machine import Machine, PinEntry
from agent.places import Place
from agent.pulse import Pulse
from agent.records import occupied_s
from agent.reports import Connected, Disconnected, Drain, Line, LinkTrouble, ListArrived, ReceiptArrived, Stop
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
from agent.taps import felt, tapped
from agent.teller import Teller
from wire.messages import (
    AgentStarted,
    Body,
    Checkpoint,
    Gap,
    RunningSession,
    Stamp,
)
from wire.tokens import fingerprint, pin_digest

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
QUIET_MS = 2_000  # nobody has held a badge for so long: time to tidy up
KEEP_TIME_MS = 600_000  # how much of the time a power cut may cost a Pi that boots without a clock
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
        self._config = config
        self._clock = clock
        self._state = state
        self._readers = readers
        self._inbox = inbox
        self._version = version
        self._teller = Teller(config, panel, line, version)
        self._in_force: InForce | None = None
        self._connected = False
        self._away_ms: int | None = None  # mono: since when there is no server
        self._pulse = pulse
        self._stopped = self._draining = False
        self._hourly_ms: int | None = None
        self._kept_ms = self._forgot_ms = self._tapped_ms = 0
        self._faults = FaultCounter()
        clock.floor_ms = state.last_wall_ms
        now = clock.now()
        self._parts = {place.id: place.parts for place in config.machines}
        machines = [_machine(place, now) for place in config.machines]
        self._relays = relays
        self._driver = Driver(machines, relays, state, line.wake, self._pin_fits)

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
        self._away_ms = now.mono_ms
        restart.take_up(self._driver, self._state, self._relays, now)
        self._in_force = lists.restore(self._state, self._config)
        self._driver.apply_to_all(Failed(Failure.PEER_AWAY, "not connected yet"), now)
        self._wish(now)
        self._tell(now)

    def turn(self, report: Any) -> None:
        """One round: what time alone changes, then what happened, then what may wait, then tell."""
        now = self._now()
        self._tick(now)
        if report is not None:
            self._take(report, now)
        self._do_soon(now)
        self._tell(now)
        if self._draining and not any(machine.session for machine in self._driver.machines.values()):
            self._stopped = True

    def deadlines(self) -> tuple[int | None, int | None]:
        """When (mono ms) to wake: exactly, and without hurry."""
        machines = self._driver.machines.values()
        hard = [*map(session.next_deadline, machines), self._hourly_ms, *self._list_ends(self._clock.now())]
        soft = [*map(_without_hurry, machines), self._driver.recorder.retry_ms, self._kept_ms + KEEP_TIME_MS]
        if self._state.untidy:
            soft.append(self._tapped_ms + QUIET_MS)
        if self._pulse is not None:
            soft.append(self._pulse.due_ms)
        return _first(hard), _first(soft)

    def report(self) -> WaitReport:
        seen = {machine: count for machine, reader in self._readers.items() if (count := reader.bytes_seen) is not None}
        _, last_n, through = self._state.position
        unreceipted = last_n - through + self._driver.recorder.held
        return WaitReport(seen, lists.revision(self._in_force), unreceipted, self._connected)

    # --- what happened --------------------------------------------------------------------------------------------------

    def _take(self, report: Any, now: Stamp) -> None:
        """An error of ours here must not end the loop, for that would release what is running (design rule 4)."""
        try:
            self._handle(report, now)
        except Exception as error:
            log.exception("a %s broke us", type(report).__name__)
            self._effect_failed(getattr(report, "machine", None), error, now)

    def _handle(self, report: Any, now: Stamp) -> None:
        match report:
            case Presented(machine, card_id):
                self._tapped(machine, fingerprint(card_id, self._config.site_key), now)
            case CardGone(machine):
                self._driver.apply(machine, Removed(), now)
            case RandomId(machine):
                self._fault(machine, "random_id", "a card or phone that makes up another number each time", now)
                self._driver.apply(machine, RandomCard(), now)
            case FrameRefused(machine, why):
                self._fault(machine, "frame_refused", why, now)
            case ReaderDown(machine, detail):
                self._failing(machine, Failure.READER_DEAD, detail, now)
            case ReaderUp(machine):
                self._driver.apply(machine, Mended(Failure.READER_DEAD), now)
            case _:
                self._handle_parts(report, now)

    def _handle_parts(self, report: Any, now: Stamp) -> None:
        match report:
            case Moved(machine) if (stimulus := felt(report)) is not None:
                self._tapped_ms = now.mono_ms
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
                self._handle_link(report, now)

    def _handle_link(self, report: Any, now: Stamp) -> None:
        match report:
            case Connected():
                self._connected, self._away_ms = True, None
                self._driver.apply_to_all(Mended(Failure.PEER_AWAY), now)
            case Disconnected():
                self._connected, self._away_ms = False, self._away_ms or now.mono_ms
                self._driver.apply_to_all(Failed(Failure.PEER_AWAY, "disconnected"), now)
            case ListArrived():
                self._list_arrived(report, now)
            case ReceiptArrived(through):
                self._receipt(through.get(self._state.position.outbox, 0), now)
            case LinkTrouble(code, detail):
                self._fault(None, code, detail, now)

    def _tapped(self, machine_id: str, token: str, now: Stamp) -> None:
        self._tapped_ms = now.mono_ms
        away_ms = None if self._away_ms is None else now.mono_ms - self._away_ms
        stimulus = tapped(self._in_force, token, self._driver.machines, machine_id, away_ms, str(uuid4()), now)
        self._driver.apply(machine_id, stimulus, now)

    def _pin_fits(self, entry: PinEntry) -> bool:
        return pin_digest(entry.master.holder, entry.digits, self._config.site_key) == entry.master.pin

    def _failing(self, machine_id: str, failure: Failure, detail: str, now: Stamp) -> None:
        """What may come and go by the hundred is told at most every ten minutes."""
        if failure not in self._driver.machines[machine_id].failures:
            told = self._faults.note(machine_id, failure, detail, now)
            self._driver.apply(machine_id, Failed(failure, detail, 0 if told is None else told.count), now)

    def _list_arrived(self, arrived: ListArrived, now: Stamp) -> None:
        trouble = lists.fits(arrived.index, self._config)
        if trouble is not None:
            self._fault(None, trouble.code, trouble.detail, now)
        elif arrived.index.revision > lists.revision(self._in_force):
            self._in_force = InForce(arrived.index, now)
            self._driver.write(partial(lists.keep, arrived, now), now, key="list")
            self._wish(now)

    def _wish(self, now: Stamp) -> None:
        for machine in self._driver.machines:
            wish = None if self._in_force is None else lists.wish(self._in_force, machine, self._parts[machine])
            if wish is not None:
                self._driver.apply(machine, wish, now)

    def _receipt(self, through: int, now: Stamp) -> None:
        """The server may know less than before (it was restored from a backup) or, after us, more (our card was)."""
        known = self._state.position
        oldest = self._state.oldest_n() or known.last_n + 1
        if through > known.last_n:
            self._renew(known.through, "the server has more of this outbox than we: this is an older copy of it", now)
        elif through + 1 < oldest:
            self._renew(0, f"the server lacks events before {oldest}, which are gone here", now)
        elif through != known.through:
            self._driver.write(partial(recorder.receipted, through), now, key="receipt")

    def _renew(self, after: int, reason: str, now: Stamp) -> None:
        """Begin a new outbox: numbers that the server will not take, or has taken for something else, help nobody."""
        gap = Gap(self._state.position.outbox, reason, now)
        self._driver.write(partial(recorder.renewed, after, gap), now)
        for machine_id, machine in self._driver.machines.items():
            if machine.latch is not None:
                self._driver.machines[machine_id] = replace(machine, latch=replace(machine.latch, n=0))

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
        self._hourly(now)
        retry_ms = self._driver.recorder.retry_ms
        if retry_ms is not None and retry_ms <= now.mono_ms:
            self._driver.recorder.retry(now)
        self._keep_time(now)
        quiet = self._state.untidy and self._tapped_ms + QUIET_MS <= now.mono_ms
        if quiet or self._state.too_untidy:
            self._state.tidy()
        if self._pulse is not None and self._pulse.due_ms <= now.mono_ms:
            self._driver.check_outputs(now)
            self._state.answers()
            self._pulse.beat(now.mono_ms)

    def _keep_time(self, now: Stamp) -> None:
        """Every record carries the time to disk; where there was none for a while, or once a day, one for its own sake."""
        if self._state.last_wall_ms >= now.wall_ms:
            self._kept_ms = now.mono_ms
        if now.mono_ms >= min(self._kept_ms + KEEP_TIME_MS, self._forgot_ms + DAY_MS):
            self._kept_ms = self._forgot_ms = now.mono_ms
            self._driver.write(recorder.forget_old, now, key="time")

    def _hourly(self, now: Stamp) -> None:
        """Each hour in which anything runs, one event with the seconds of all that runs."""
        running = [one.session for one in self._driver.machines.values() if one.powered]
        open_sessions = [one for one in running if one is not None]
        if not open_sessions:
            self._hourly_ms = None
        elif self._hourly_ms is None:
            self._hourly_ms = now.mono_ms + HOUR_MS
        elif self._hourly_ms <= now.mono_ms:
            self._hourly_ms = now.mono_ms + HOUR_MS
            seconds = tuple(RunningSession(one.id, one.machine, occupied_s(one, now)) for one in open_sessions)
            self._driver.record([Checkpoint(seconds, now)], now)

    def _list_ends(self, now: Stamp) -> list[int]:
        """The moments (mono ms) at which the list grows too old for a machine, as far as they lie ahead."""
        if self._in_force is None:
            return []
        entries = [rights.entry for rights in self._in_force.index.machines.values()]
        left = [validity_left_ms(self._in_force, entry, now) for entry in entries]
        return [now.mono_ms + ms for ms in left if ms > 0]

    def _apply_safely(self, machine_id: str, stimulus: Stimulus, now: Stamp) -> None:
        try:
            self._driver.apply(machine_id, stimulus, now)
        except Exception as error:
            log.exception("%s broke us", machine_id)
            self._effect_failed(machine_id, error, now)

    # --- small parts ------------------------------------------------------------------------------------------------------

    def _tell(self, now: Stamp) -> None:
        for machine_id, machine in list(self._driver.machines.items()):
            try:
                self._teller.show(machine, self._in_force, now)
            except Exception as error:
                log.exception("the panel of %s broke", machine_id)
                self._effect_failed(machine_id, error, now)
        machines = self._driver.machines.values()
        self._teller.tell(machines, self._in_force, self._state.position, not self._stopped, now, self._state.free_mb)

    def _effect_failed(self, machine_id: str | None, error: Exception, now: Stamp) -> None:
        failed = Failed(Failure.EFFECT_FAILED, repr(error))
        if machine_id in self._driver.machines:
            self._driver.apply(str(machine_id), failed, now)
        else:
            self._driver.apply_to_all(failed, now)

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
        since_ms=now.wall_ms,
    )


def _without_hurry(machine: Machine) -> int | None:
    """When time alone changes what is kept or shown of this machine."""
    return _first((session.next_checkpoint(machine), session.next_glance(machine)))


def _first(moments: Iterable[int | None]) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)
