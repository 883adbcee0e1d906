"""What hangs at the simulated board besides relays and readers: each machine's contactor, emergency stop, buttons and key.

The contactor follows our relay after a moment, unless the emergency stop or the mains take its coil's power; it can fail to
close, and weld. Each wire closes its pin to ground or does not; what the pin then reads is its resistor's doing.
"""

from collections.abc import Mapping

from agent.hardware.board_map import PinBank, Place

FOLLOWS, STUCK_OPEN, WELDED = "follows", "open", "welded"
CONTACTS = (FOLLOWS, STUCK_OPEN, WELDED)
PRESSED = ("estop", "button", "problem", "bypass")


class Contactor:
    """``closed``: the machine has power. ``does``: follows its coil, stays open whatever the coil does, or is welded."""

    def __init__(self, delay_ms: int) -> None:
        self.closed = False
        self.does = FOLLOWS
        self._delay_ms = delay_ms
        self._moves_ms: int | None = None

    def look(self, coil: bool, now_ms: int) -> None:
        wanted = {STUCK_OPEN: False, WELDED: True}.get(self.does, coil)
        if wanted is self.closed:
            self._moves_ms = None
        elif self._moves_ms is None and self.does == FOLLOWS:
            self._moves_ms = now_ms + self._delay_ms
        elif self._moves_ms is None or self._moves_ms <= now_ms:
            self.closed, self._moves_ms = wanted, None


class Wires:
    """One machine's contactor, and the wires into its box. ``mains``: False and nothing holds the contactor."""

    def __init__(self, place: Place, bank: PinBank) -> None:
        self.agent = place.agent
        self.contactor = Contactor(place.wiring.contactor_ms)
        self.mains = True
        self.pressed: set[str] = set()
        self._bank = bank
        self._relay = place.relay
        self._pins = dict(place.wiring.pins)
        self._mirror = place.wiring.mirror
        self._shown: dict[int, bool] = {}

    def press(self, name: str, down: bool) -> None:
        if name not in self._pins:
            raise ValueError(f"this box has no {name}")
        (self.pressed.add if down else self.pressed.discard)(name)

    def look(self, now_ms: int) -> None:
        coil = self.mains and "estop" not in self.pressed and self._bank.driven(self._relay)
        self.contactor.look(coil, now_ms)
        for name, pin in self._pins.items():
            closed = self._closes(name)
            if self._shown.get(pin) is not closed:
                self._shown[pin] = closed
                self._bank.ground(pin, closed)

    def _closes(self, name: str) -> bool:
        """The emergency stop is normally closed, and so is a mirror contact; all others are normally open."""
        if name == "contact":
            return self.contactor.closed is not self._mirror
        return (name in self.pressed) is not (name == "estop")


class Harness:
    """The wires of all machines on the board. For real time."""

    def __init__(self, places: tuple[Place, ...], banks: Mapping[str, PinBank]) -> None:
        self._wires = {place.machine: Wires(place, banks[place.agent]) for place in places}

    def of(self, machine: str) -> Wires:
        """Raises ValueError for a machine that is not on the board."""
        if machine not in self._wires:
            raise ValueError(f"board.json names no machine {machine!r}")
        return self._wires[machine]

    def set_mains(self, agent: str, on: bool) -> None:
        """Of the machines at one agent."""
        for wires in self._wires.values():
            if wires.agent == agent:
                wires.mains = on

    def look(self, now_ms: int) -> None:
        for wires in self._wires.values():
            wires.look(now_ms)

    def describe(self) -> dict[str, bool]:
        """Whether each machine has power."""
        return {machine: wires.contactor.closed for machine, wires in self._wires.items()}
