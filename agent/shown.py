"""What a panel is told to show: a head, two lines, what to do next, a drawing, the lamp and the buzzer. Pure.

The lamp never says that a machine is safe (no green), and no state is told by the lamp alone.
"""

from dataclasses import dataclass
from enum import StrEnum


class Face(StrEnum):
    """Which drawing stands before the head."""

    FREE = "free"
    GRANTED = "granted"
    IN_USE = "in_use"
    IDLE = "idle"
    COOLING = "cooling"
    REFUSED = "refused"
    LOCKED = "locked"
    OFFLINE = "offline"
    FAULT = "fault"


class Lamp(StrEnum):
    """Colour and pattern; nothing flashes more than three times a second."""

    FREE = "white steady"
    ASKING = "white, slow breath"
    IN_USE = "blue, slow breath"
    IDLE = "amber steady"
    COOLING = "blue, three seconds on and off"
    REFUSED = "red, two flashes, then steady"
    LOCKED = "white, one flash in 4 s"
    OFFLINE = "amber, one flash in 2 s"
    FAULT = "red, one flash a second"


class Sound(StrEnum):
    """What the buzzer does once when this begins."""

    NONE = ""
    GRANTED = "one long"
    REFUSED = "two low"
    FAULT = "three"
    ATTENTION = "one each minute"


@dataclass(frozen=True, slots=True)
class Shown:
    head: str
    right: str  # beside the head: whose turn it is
    lines: tuple[str, str]
    hint: str
    lamp: Lamp
    face: Face
    sound: Sound = Sound.NONE
    answer: int = 0  # which one, as a moment: two answers with the same words are still two


def two_lines(text: str) -> tuple[str, str]:
    first, _, second = text.partition("\n")
    return first, second


def turned_down(head: str, name: str, text: str, hint: str) -> Shown:
    return Shown(head, name, two_lines(text), hint, Lamp.REFUSED, Face.REFUSED, Sound.REFUSED)
