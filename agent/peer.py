"""The server, as far as this agent knows it: the list in force, what a receipt tells, and since when it has been away."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from agent import lists, recorder
from agent.access import InForce, validity_left_ms
from agent.config import Config
from agent.driver import Driver
from agent.failures import Failure
from agent.reports import Connected, Disconnected, LinkReport, LinkTrouble, ListArrived, ReceiptArrived
from agent.state import State, StateUnwritable
from agent.stimuli import Failed, Lying, Mended
from agent.taps import answer_to
from agent.tokens import Seen, recognise
from wire.messages import Gap, RiskClass, Stamp, TokenRekeyed
from wire.tokens import pin_digest

log = logging.getLogger(__name__)
Tell = Callable[[str | None, str, str, Stamp], None]  # machine, code, detail: a fault


class Peer:
    """Everything that depends on the other side. Nothing here waits for it."""

    def __init__(self, config: Config, state: State, driver: Driver, fault: Tell) -> None:
        self._config = config
        self._state = state
        self._driver = driver
        self._fault = fault
        self._parts = {place.id: place.parts for place in config.machines}
        self._away_ms: int | None = 0  # mono: since when; None while it is there
        self.in_force: InForce | None = None

    @property
    def is_there(self) -> bool:
        return self._away_ms is None

    def restore(self) -> dict[str, RiskClass]:
        """The list that was in force before: what it says of the machines' risk."""
        self.in_force = lists.restore(self._state, self._config)
        machines = {} if self.in_force is None else self.in_force.index.machines
        return {machine: rights.entry.risk for machine, rights in machines.items()}

    def begin(self, now: Stamp) -> None:
        """With the list that was restored, and without a server until it has answered."""
        self._away_ms = now.mono_ms
        self._driver.apply_to_all(Failed(Failure.PEER_AWAY, "not connected yet"), now)
        self._wish(now, fresh=False)

    def away_ms(self, now: Stamp) -> int | None:
        return None if self._away_ms is None else now.mono_ms - self._away_ms

    def handle(self, report: LinkReport, now: Stamp) -> None:
        match report:
            case Connected():
                self._away_ms = None
                self._driver.apply_to_all(Mended(Failure.PEER_AWAY), now)
            case Disconnected():
                self._away_ms = now.mono_ms if self._away_ms is None else self._away_ms
                self._driver.apply_to_all(Failed(Failure.PEER_AWAY, "disconnected"), now)
            case ListArrived():
                self._list_arrived(report, now)
            case ReceiptArrived(through):
                self._receipt(through.get(self._state.position.outbox, 0), now)
            case LinkTrouble(code, detail):
                self._fault(None, code, detail, now)

    def recognise(self, card_id: str) -> Seen:
        """What the list knows this card by."""
        return recognise(card_id, lists.keys(self.in_force, self._config), lists.tokens(self.in_force))

    def lying(self, card_id: str) -> Lying:
        """Whose the card is that its reader found there."""
        token = self.recognise(card_id).token
        badge = None if self.in_force is None else self.in_force.index.holders.get(token)
        return Lying(token, None if badge is None else badge.holder)

    def rename(self, seen: Seen, now: Stamp) -> None:
        """A badge that the list still knows by an older key tells its new name, after it was answered."""
        if seen.rekeyed is not None:
            newest = lists.keys(self.in_force, self._config)[0]
            self._driver.record([TokenRekeyed(seen.token, seen.rekeyed, newest.id, now)], now)

    def pin_fits(self, holder: int, digits: str, digest: str) -> bool:
        """Under any key in reach: the server may have made it with an older one."""
        keys = lists.keys(self.in_force, self._config)
        return any(pin_digest(holder, digits, key.key) == digest for key in keys)

    def list_ends(self, now: Stamp) -> list[int]:
        """The moments (mono ms) at which the list grows too old for a machine, as far as they lie ahead."""
        if self.in_force is None:
            return []
        entries = [rights.entry for rights in self.in_force.index.machines.values()]
        left = [validity_left_ms(self.in_force, entry, now) for entry in entries]
        return [now.mono_ms + ms for ms in left if ms > 0]

    def _list_arrived(self, arrived: ListArrived, now: Stamp) -> None:
        trouble = lists.fits(arrived.index, self._config)
        if trouble is not None:
            self._fault(None, trouble.code, trouble.detail, now)
        elif arrived.index.revision > lists.revision(self.in_force):
            self.in_force = InForce(arrived.index, now)
            self._driver.write(partial(lists.keep, arrived, now), now, key="list")
            self._wish(now, fresh=True)

    def _wish(self, now: Stamp, fresh: bool) -> None:
        for machine_id, machine in list(self._driver.machines.items()):
            wish = None if self.in_force is None else lists.wish(self.in_force, machine_id, self._parts[machine_id])
            if wish is not None:
                token = machine.begun_by
                answer = None if token is None else answer_to(self.in_force, token, machine, now)
                self._driver.apply(machine_id, replace(wish, answer=answer, fresh=fresh), now)

    def _receipt(self, through: int, now: Stamp) -> None:
        """The server may know less than before (it was restored from a backup) or, after us, more (our card was)."""
        known = self._state.position
        try:
            oldest = self._state.oldest_n() or known.last_n + 1
        except StateUnwritable as error:  # the receipt is retained, and comes again with the next connection
            log.warning("a receipt has to wait: %s", error)
            return
        if through > known.last_n:
            self._renew(known.through, "the server has more of this outbox than we: this is an older copy of it", now)
        elif through + 1 < oldest:
            self._renew(0, f"the server lacks events before {oldest}, which are gone here", now)
        elif through != known.through:
            self._driver.write(partial(recorder.receipted, through), now, key="receipt")

    def _renew(self, after: int, reason: str, now: Stamp) -> None:
        """Begin a new outbox: numbers that the server will not take, or has taken for something else, help nobody."""
        gap = Gap(self._state.position.outbox, reason, now)
        self._driver.write(
            partial(recorder.renewed, after, gap), now, key="renew"
        )  # twice, the second would renew the new
        for machine_id, machine in self._driver.machines.items():
            if machine.latch is not None:
                self._driver.machines[machine_id] = replace(machine, latch=replace(machine.latch, n=0))
