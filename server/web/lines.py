"""A railway line as progress: the stations of a path, done, present and ahead. Drawn by ``kit.line``."""

from dataclasses import dataclass
from enum import StrEnum


class Reached(StrEnum):
    DONE = "done"
    HERE = "here"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Station:
    """One step of a path. ``points`` counts what is still open at a station that was passed; ``siding`` says what left
    the line before it, such as late sessions that go to the next month."""

    figure: str
    name: str
    sub: str = ""
    state: str = Reached.AHEAD
    href: str | None = None
    points: int = 0
    siding: str = ""
