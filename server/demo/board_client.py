"""The demo's hand on the simulated board: holds cards to readers, lets time pass, waits until everybody is done."""

import json
import socket
from pathlib import Path
from typing import Any

SOCKET = "board.sock"
_SETTLED_WITHIN_S = 60.0
_ANSWERED_WITHIN_S = 300.0  # the board's own patience with an agent is far shorter


class BoardError(RuntimeError):
    """The board could not do what it was asked; the text names the agent and what it has not done."""


class BoardClient:
    """One connection. Moments are whole seconds since 1970. Raises BoardError, also when the board has gone."""

    def __init__(self, directory: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(_ANSWERED_WITHIN_S)
        try:
            self._socket.connect(str(directory / SOCKET))
        except OSError:
            self._socket.close()
            raise
        self._answers = self._socket.makefile("rb")
        self._last_id = 0

    def tap(self, machine: str, card: str, frames: int) -> None:
        self._ask("tap", machine=machine, card=card, frames=frames)

    def advance(self, to: int, fine: bool = False) -> None:
        """Let time pass until then, everybody doing what falls due on the way; ``fine`` also at each checkpoint."""
        self._ask("advance", to_ms=to * 1000, fine=fine)

    def settle(self, revisions: dict[str, int] | None = None, receipted: bool = False, connected: bool = False) -> None:
        """Wait, while time stands still, until these lists are in force and every event has its receipt."""
        wanted = revisions or {}
        self._ask("settle", revision=wanted, receipted=receipted, connected=connected, timeout_s=_SETTLED_WITHIN_S)

    def next_boot(self, agent: str, new_boot: bool, synced: bool = True, wall_offset_s: int = 0) -> None:
        self._ask("next_boot", agent=agent, new_boot=new_boot, synced=synced, wall_offset_ms=wall_offset_s * 1000)

    def sync(self, agent: str) -> None:
        """This Pi's clock has just been set."""
        self._ask("sync", agent=agent)

    def connected(self, agent: str) -> bool:
        """True while a process of this agent lives."""
        running: bool = self._ask("state")["agents"][agent]["running"]
        return running

    def spoil(self, machine: str, broken: bool) -> None:
        """Break the driver of a machine's relay, or repair it."""
        self._ask("break", machine=machine, broken=broken)

    def press(self, machine: str, name: str, down: bool) -> None:
        """A button of the box, or its emergency stop."""
        self._ask("press", machine=machine, input=name, down=down)

    def weld(self, machine: str, welded: bool) -> None:
        """Its contactor stays closed, whatever the relay does; or follows it again."""
        self._ask("contact", machine=machine, does="welded" if welded else "follows")

    def state(self) -> dict[str, Any]:
        """Everything the board can see: pins, agents, readers."""
        return self._ask("state")

    def bytes_read(self) -> dict[str, int]:
        """By machine, what agents took out of their reader's line since the beginning."""
        state = self._ask("state")
        return {m: written - state["unread"][m] - state["lost"][m] for m, written in state["written"].items()}

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def _ask(self, do: str, **fields: Any) -> dict[str, Any]:
        self._last_id += 1
        request = {"id": self._last_id, "do": do, **fields}
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            answer: dict[str, Any] = json.loads(self._answers.readline() or b'{"error": "the board has gone"}')
        except OSError as error:
            raise BoardError(f"{do}: {error}") from error
        if "error" in answer:
            raise BoardError(f"{do}: {answer['error']}")
        return answer
