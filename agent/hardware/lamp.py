"""The lamp of a box: three colours on three pins, on or off, in the patterns that the panel names.

Nothing flashes more than three times a second. Colour is never alone: each state has its own rhythm, and its words stand
on the display. A breath is a long light with a short pause, for the pins only know on and off.
"""

from collections.abc import Callable

from gpiozero.pins import Factory

from agent.hardware.pattern import Beat, Lit, Pattern, Player, Step
from agent.panel import Lamp

DARK: Lit = (False, False, False)
RED: Lit = (True, False, False)
AMBER: Lit = (True, True, False)
BLUE: Lit = (False, False, True)
WHITE: Lit = (True, True, True)
SEEN_MS = 120
SEEN_AGAIN_MS = 500


def _on_off(colour: Lit, on_ms: int, off_ms: int) -> Pattern:
    return Pattern(DARK, again=(Step(colour, on_ms), Step(DARK, off_ms)))


PATTERNS = {
    Lamp.FREE: Pattern(WHITE),
    Lamp.ASKING: _on_off(WHITE, 2000, 2000),
    Lamp.IN_USE: _on_off(BLUE, 3600, 400),
    Lamp.IDLE: Pattern(AMBER),
    Lamp.COOLING: _on_off(BLUE, 3000, 3000),
    Lamp.REFUSED: Pattern(RED, once=(Step(RED, 300), Step(DARK, 300)) * 2),
    Lamp.LOCKED: _on_off(WHITE, 250, 3750),
    Lamp.OFFLINE: _on_off(AMBER, 250, 1750),
    Lamp.FAULT: _on_off(RED, 500, 500),
}


class RgbLamp:
    """``pins``: red, green, blue in Broadcom numbers; high is on. ``trouble`` is told once of pins that fail."""

    def __init__(
        self,
        pins: tuple[int, int, int],
        factory: Factory,
        mono_ms: Callable[[], int],
        trouble: Callable[[str], None],
    ) -> None:
        self.player = Player("lamp", pins, factory, mono_ms, trouble)

    def show(self, lamp: Lamp, beat: Beat) -> None:
        """Begin its pattern."""
        self.player.begin(PATTERNS[lamp])
        beat.wake()

    def seen(self, beat: Beat) -> None:
        """A short white flash, begun in the caller's thread; on white and red a short dark one."""
        if self.player.flash(seen_over, SEEN_AGAIN_MS):
            beat.wake()


def seen_over(lit: Lit) -> Pattern:
    """The change that everybody sees at once, whatever the lamp just does. White on white would be none.

    White between two red flashes would be a flash too many in that second.
    """
    return Pattern(DARK, once=(Step(DARK if lit in (WHITE, RED) else WHITE, SEEN_MS),))
