"""A panel and lamp on the simulated board: what they show lies in files of its own, for whoever looks at the board.

``<machine>.json`` has the words and says that it is simulated; ``<machine>.png`` is the picture, dot for dot what a real
display is given.
"""

import json
from dataclasses import asdict
from pathlib import Path

from agent.hardware.drawing import picture
from agent.panel import Shown

FOLDER = "panels"


class SimulatedPanel:
    def __init__(self, directory: Path) -> None:
        """``directory`` of the simulated board."""
        self._folder = directory / FOLDER
        self._folder.mkdir(exist_ok=True)
        self._showing: dict[str, Shown] = {}

    def show(self, machine: str, shown: Shown) -> None:
        """Write it where it differs from what is shown; the words last, so that whoever has them finds their picture.

        Each file in one move, so that nobody reads half a panel. Both take one to two milliseconds.
        """
        if self._showing.get(machine) == shown:
            return
        self._showing[machine] = shown
        fresh = self._folder / f".{machine}.png"
        picture(shown).save(fresh)
        fresh.replace(self._folder / f"{machine}.png")
        fresh = self._folder / f".{machine}.json"
        fresh.write_text(json.dumps({"simulated": True, **asdict(shown)}, ensure_ascii=False))
        fresh.replace(self._folder / f"{machine}.json")

    def seen(self, machine: str) -> None:
        """Nothing flashes here: the answer follows within milliseconds."""

    def start(self) -> None:
        """Nothing to begin."""

    def stop(self) -> None:
        """What was shown last stays to be read."""
