"""The buzzer of a box: what it sounds when an answer begins, and a tick for a card that is seen.

For a buzzer with a tone of its own, on one pin: answers differ in number and length, never in pitch.
"""

from collections.abc import Callable

from gpiozero.pins import Factory

from agent.hardware.pattern import Beat, Lit, Pattern, Player, Step
from agent.panel import Sound

SILENT: Lit = (False,)
_ON: Lit = (True,)
TICK_MS = 30
TICK_AGAIN_MS = 300


def _beeps(count: int, on_ms: int, off_ms: int) -> Pattern:
    return Pattern(SILENT, once=(Step(_ON, on_ms), Step(SILENT, off_ms)) * count)


PATTERNS = {
    Sound.NONE: Pattern(SILENT),
    Sound.GRANTED: _beeps(1, 150, 0),
    Sound.REFUSED: _beeps(2, 250, 150),
    Sound.FAULT: _beeps(3, 100, 100),
    Sound.ATTENTION: Pattern(SILENT, again=(Step(_ON, 80), Step(SILENT, 59_920))),
}


class Buzzer:
    """``pin`` in Broadcom numbers; high sounds. ``trouble`` is told once of a pin that fails."""

    def __init__(self, pin: int, factory: Factory, mono_ms: Callable[[], int], trouble: Callable[[str], None]) -> None:
        self.player = Player("buzzer", (pin,), factory, mono_ms, trouble)

    def sound(self, sound: Sound, beat: Beat) -> None:
        self.player.begin(PATTERNS[sound])
        beat.wake()

    def seen(self, beat: Beat) -> None:
        """A tick, begun in the caller's thread."""
        if self.player.flash(lambda lit: Pattern(SILENT, once=(Step(_ON, TICK_MS),)), TICK_AGAIN_MS):
            beat.wake()
