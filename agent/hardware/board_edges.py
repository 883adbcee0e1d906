"""The simulated board's own record of what the relays did and which cards were held where: two files of JSON lines.

Only the board writes them, from the pins themselves, so that they can be held against everything agents and server say.
"""

import json
from pathlib import Path
from typing import TextIO

from agent.hardware.board_map import BoardConfig, PinBank, Place

EDGES_NAME = "edges.jsonl"
TAPS_NAME = "taps.jsonl"


class Records:
    """Each line reaches the file as it happens; a killed board has written all it saw."""

    def __init__(self, directory: Path, config: BoardConfig, banks: dict[str, PinBank]) -> None:
        self._edges = _open(directory / EDGES_NAME)
        self._taps = _open(directory / TAPS_NAME)
        self._banks = banks
        self._levels = dict.fromkeys(config.places, False)

    def look(self, t_ms: int, why: str = "pin", agent: str | None = None) -> None:
        """Write down every relay that changed since the last look; with ``agent``, only at that one's pins."""
        for place, before in self._levels.items():
            if agent in (None, place.agent) and (now := self._banks[place.agent].driven(place.relay)) is not before:
                self._levels[place] = now
                self._edge(t_ms, place, now, why)

    def tap(self, t_ms: int, machine: str, card: str, frames: int, written: int) -> None:
        _write(self._taps, {"t_ms": t_ms, "machine": machine, "card": card, "frames": frames, "bytes": written})

    def close(self) -> None:
        self._edges.close()
        self._taps.close()

    def _edge(self, t_ms: int, place: Place, level: bool, why: str) -> None:
        _write(self._edges, {"t_ms": t_ms, "machine": place.machine, "level": int(level), "why": why})


def _open(path: Path) -> TextIO:
    return path.open("a", encoding="utf-8", buffering=1)


def _write(file: TextIO, row: dict[str, object]) -> None:
    file.write(json.dumps(row, separators=(",", ":")) + "\n")
