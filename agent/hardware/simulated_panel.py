"""A panel and lamp on the simulated board: what they show lies in a file of its own, for whoever looks at the board.

Says that it is simulated; a real panel is drawn from the same ``Shown``.
"""

import json
from dataclasses import asdict
from pathlib import Path

from agent.panel import Shown

FOLDER = "panels"


class SimulatedPanel:
    def __init__(self, directory: Path) -> None:
        """``directory`` of the simulated board."""
        self._folder = directory / FOLDER
        self._folder.mkdir(exist_ok=True)
        self._showing: dict[str, Shown] = {}

    def show(self, machine: str, shown: Shown) -> None:
        """Write it where it differs from what is shown, in one move, so that nobody reads half a panel."""
        if self._showing.get(machine) == shown:
            return
        self._showing[machine] = shown
        fresh = self._folder / f".{machine}.json"
        fresh.write_text(json.dumps({"simulated": True, **asdict(shown)}, ensure_ascii=False))
        fresh.replace(self._folder / f"{machine}.json")

    def seen(self, machine: str) -> None:
        """Nothing flashes here: the answer follows within milliseconds."""
