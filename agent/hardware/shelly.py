"""A Shelly smart plug (Gen2 and later) that switches a machine and measures it: fine for printers, for nothing that can hurt.

A plug keeps its contact closed by itself, so a print outlives a restart of the agent. What ends that is the plug's own timer:
it lets go ``dead_man_s`` after we have last told it to hold on, and we do only while the main loop lives.

Nothing here ever closes the contact but ``energise()``, and that once: a plug whose button was pressed, whose timer ran out or
that was without mains stays off.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.hardware import Input, MeterDown, Metered, Moved, OutputTrouble, PlugReport
from agent.hardware.shelly_rpc import PlugError, Rpc, setup_findings

POLL_S = 2.0
RETRY_S = 0.5
OBEY_MS = 2_000  # then it is told that the plug did not obey
CONTRADICTS_MS = 5_000
LOOP_MS = 15_000  # a main loop that has not called check() for so long has hung
MISSES = 3  # so many requests in a row without an answer, and the meter counts as silent
LEAST_S = 15
_HELD_TRIES = 20  # with a second between two
_HELD_MS = 20_000
_SETUP_AGAIN_MS = 60_000
_LAST_TRIES = 3
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Wish:
    on: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What the plug said last, and since when it has said so."""

    output: bool
    since_ms: int


class Patience:
    """How long ``held()`` goes on asking plugs that do not answer, those of one box together: systemd gives a start 60 s."""

    def __init__(self, mono_ms: Callable[[], int], pause: Callable[[float], None] = time.sleep) -> None:
        self._mono_ms, self._pause = mono_ms, pause
        self._began_ms: int | None = None
        self._left = _HELD_TRIES

    def wait(self) -> bool:
        """A second, or not at all: False once it has run out. It begins with the first request that was lost."""
        now_ms = self._mono_ms()
        self._began_ms = now_ms if self._began_ms is None else self._began_ms
        if self._left == 0 or now_ms - self._began_ms >= _HELD_MS:
            return False
        self._left -= 1
        self._pause(1.0)
        return True


class Plug:
    """Relay and meter in one. The wish is set by the main loop, and carried out by a thread of the plug's own.

    ``check()`` is also how the main loop shows that it lives: to be called at least every 15 s.
    """

    def __init__(
        self,
        machine: str,
        host: str,
        mono_ms: Callable[[], int],
        dead_man_s: int,
        password: str | None = None,
        switch: int = 0,
        patience: Patience | None = None,
    ) -> None:
        if dead_man_s < LEAST_S:
            raise ValueError(f"dead_man_s {dead_man_s} is less than {LEAST_S}: one lost request would switch off")
        self._machine, self._host, self._password, self._switch = machine, host, password, switch
        self._mono_ms = mono_ms
        self._patience = Patience(mono_ms) if patience is None else patience
        self._dead_man_s = dead_man_s
        self._rpc = Rpc(host, password)
        self._wish: _Wish | None = None  # written by the main loop alone, as a whole
        self._known: _Known | None = None
        self._obeyed: _Wish | None = None
        self._told: _Wish | None = None  # the wish of which it was told that the plug does not obey
        self._odd_ms = 0  # when a plug that was off came on by itself
        self._renewed_ms: int | None = None
        self._looped_ms = 0
        self._missed = 0
        self._is_started = self._is_down = False
        self._check_setup_ms: int | None = 0  # None: it was looked at
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._report: Callable[[PlugReport], None] = lambda report: None
        self._thread = threading.Thread(target=self._run, name=f"plug-{machine}", daemon=True)

    # --- for the main loop: nothing here waits for the plug, but held() ---------------------------------------------------

    def start(self, report: Callable[[PlugReport], None]) -> None:
        self._report = report
        self._thread.start()
        self._is_started = True

    def stop(self) -> None:
        """A release that is still to be carried out is tried three more times. A plug that holds is left as it is."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def energise(self) -> None:
        self._want(on=True)

    def release(self) -> None:
        self._want(on=False)

    def check(self) -> None:
        """Raises PlugError when what the plug said last has contradicted the wish for more than 5 s, or our thread is dead."""
        now_ms = self._looped_ms = self._mono_ms()
        wish, known = self._wish, self._known
        if self._is_started and not self._stopping.is_set() and not self._thread.is_alive():
            raise PlugError(f"nothing drives the plug {self._host} any more")
        if wish is None or known is None or known.output is wish.on:
            return
        if now_ms - max(wish.at_ms, known.since_ms) > CONTRADICTS_MS:
            raise PlugError(f"{self._host} is {_word(known.output)}, and should be {_word(wish.on)}")

    def held(self) -> bool:
        """The plug is on now, and would be off had its mains been cut. Waits for the plug, for some 20 s where it does not answer:
        after a restart of the Pi the network comes up later than we do.

        True also makes "on" the wish, without switching: whoever does not go on with the session then calls ``release()``.
        """
        try:
            status, config = self._ask("Switch.GetStatus"), self._ask("Switch.GetConfig")
        except PlugError as error:
            log.warning("not known whether the plug of %s has held: %s", self._machine, error)
            return False
        if status.get("output") is not True or config.get("initial_state") != "off":
            return False
        now_ms = self._looped_ms = self._mono_ms()
        self._obeyed = self._wish = _Wish(True, now_ms)
        return True

    def close(self) -> None:
        """There is no pin to give up: the thread goes on trying to release until it is stopped."""

    def setup_findings(self) -> list[str]:
        """What should be set otherwise in the plug, one sentence each. Raises PlugError when it does not answer."""
        rpc = Rpc(self._host, self._password)
        return setup_findings(rpc.call("Switch.GetConfig", id=self._switch), rpc.call("Shelly.GetDeviceInfo"))

    def _want(self, on: bool) -> None:
        """The same wish again changes nothing: it is still as old as it was."""
        now_ms = self._looped_ms = self._mono_ms()
        if self._wish is None or self._wish.on is not on:
            self._wish = _Wish(on, now_ms)
            self._wake.set()

    def _ask(self, method: str) -> dict[str, Any]:
        """From the main loop's thread, before the plug's own has begun to ask."""
        while True:
            try:
                return Rpc(self._host, self._password).call(method, id=self._switch)
            except PlugError:
                if not self._patience.wait():
                    raise

    # --- the plug's own thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.turn()
            self._wake.wait(RETRY_S if self._is_due(self._wish) else POLL_S)
            self._wake.clear()
        for _ in range(_LAST_TRIES):
            if (wish := self._wish) is not None and not wish.on and self._is_due(wish):
                self.turn()

    def turn(self) -> None:
        """One round: carry out the wish, look what became of it, hold on where that is due. How it is set up comes last."""
        wish = self._wish
        try:
            if wish is not None and self._is_due(wish):
                self._set(wish)
            self._look(wish)
            if wish is not None and self._is_to_renew(wish):
                self._renew()
        except PlugError as error:
            self._miss(str(error))
        self._judge(wish)
        if not self._missed:
            self._check_setup()

    def _is_due(self, wish: _Wish | None) -> bool:
        """A release until it is seen to be done, and whenever the plug is on again. Closing, only until it was on once."""
        if wish is None:
            return False
        if wish.on:
            return self._obeyed is not wish and self._told is not wish
        return self._obeyed is not wish

    def _set(self, wish: _Wish) -> None:
        if not wish.on:
            self._rpc.call("Switch.Set", id=self._switch, on=False)
        elif self._wish is wish and self._mono_ms() - wish.at_ms < OBEY_MS:  # nobody waits for it any more after that
            self._hold()

    def _hold(self) -> bool:
        """Closes the contact, or keeps it closed, for ``dead_man_s``. Returns whether it was closed before."""
        now_ms = self._mono_ms()
        answer = self._rpc.call("Switch.Set", id=self._switch, on=True, toggle_after=self._dead_man_s)
        self._renewed_ms = now_ms
        return answer.get("was_on") is not False

    def _is_to_renew(self, wish: _Wish) -> bool:
        if self._wish is not wish or not wish.on or self._obeyed is not wish:
            return False
        if self._known is None or not self._known.output:
            return False
        now_ms = self._mono_ms()
        is_time = self._renewed_ms is None or now_ms - self._renewed_ms >= self._dead_man_s * 1000 // 3
        return is_time and now_ms - self._looped_ms <= LOOP_MS

    def _renew(self) -> None:
        """Between our look and this the plug may have gone off. Then it was just closed again, which nobody asked for."""
        if not self._hold():
            log.error("the plug of %s had gone off, and is switched off again", self._machine)
            self._rpc.call("Switch.Set", id=self._switch, on=False)
            self._see(output=False)

    def _look(self, wish: _Wish | None) -> None:
        status = self._rpc.call("Switch.GetStatus", id=self._switch)
        output = status.get("output")
        if not isinstance(output, bool):
            raise PlugError(f"{self._host} does not say whether it is on")
        self._missed = 0
        self._see(output)
        if wish is not None and output is wish.on:
            self._obeyed = wish
        elif wish is not None and not wish.on and self._obeyed is wish:  # somebody pressed its button
            self._obeyed = self._told = None
            self._odd_ms = self._mono_ms()
        self._meter(status)

    def _see(self, output: bool) -> None:
        if self._known is None or self._known.output is not output:
            self._known = _Known(output, self._mono_ms())
            self._report(Moved(self._machine, Input.CONTACT, output))

    def _meter(self, status: dict[str, Any]) -> None:
        watts, energy = _number(status.get("apower")), status.get("aenergy")
        if watts is None:
            self._down("this plug does not measure")
            return
        self._is_down = False
        self._report(Metered(self._machine, watts, _number(energy.get("total")) if isinstance(energy, dict) else None))

    def _miss(self, why: str) -> None:
        self._missed += 1
        if self._missed >= MISSES:
            self._down(why)

    def _down(self, why: str) -> None:
        """Told once, until it has measured again."""
        if not self._is_down:
            self._is_down = True
            self._report(MeterDown(self._machine, why))

    def _judge(self, wish: _Wish | None) -> None:
        """Of a plug that was never heard of nobody knows that it is on: to let go of it is tried for ever, and is no trouble."""
        if wish is None or self._obeyed is wish or self._told is wish:
            return
        if not wish.on and self._known is None:
            return
        heard_ms = 0 if wish.on or self._known is None else self._known.since_ms
        if self._mono_ms() - max(wish.at_ms, self._odd_ms, heard_ms) >= OBEY_MS:
            self._told = wish
            self._report(OutputTrouble(self._machine, f"{self._host} did not switch {_word(wish.on)} within 2 s"))

    def _check_setup(self) -> None:
        now_ms = self._mono_ms()
        if self._check_setup_ms is None or now_ms < self._check_setup_ms:
            return
        try:
            found = self.setup_findings()
        except PlugError as error:
            log.warning("not known how the plug of %s is set up: %s", self._machine, error)
            self._check_setup_ms = now_ms + _SETUP_AGAIN_MS
            return
        self._check_setup_ms = None
        for finding in found:
            log.warning("the plug of %s: %s", self._machine, finding)


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None


def _word(on: bool) -> str:
    return "on" if on else "off"
