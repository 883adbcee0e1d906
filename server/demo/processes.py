"""The demo's children: started with a log of their own, watched, and all stopped in order, whatever happens."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_STOPS_WITHIN_S = 10.0
_TAIL = 15


class ChildDiedError(RuntimeError):
    """A child ended that should not have; the text has the last lines of its log."""


class Processes:
    """By name. Each child has its own session, so that Ctrl-C reaches the demo alone and the demo stops them."""

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop_all()

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        with (self._logs / f"{name}.log").open("ab") as log:
            self._children[name] = self._spawn(command, {**clean_environment(), **(environment or {})}, log)

    def stop(self, name: str) -> None:
        """In order: asked first, and killed only if it does not answer."""
        child = self._children.pop(name)
        child.terminate()
        try:
            child.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def kill(self, name: str) -> None:
        """As a power cut would: -9, no last word."""
        child = self._children.pop(name)
        child.kill()
        child.wait()

    def stop_all(self) -> None:
        """All but the first are asked before any is waited for. The first carries the others, and goes when they have."""
        names = list(self._children)
        for wave in (names[:0:-1], names[:1]):
            for name in wave:
                self._children[name].terminate()
            for name in wave:
                self.stop(name)

    def check(self) -> None:
        """Raises ChildDiedError if one has."""
        for name, child in self._children.items():
            if (code := child.poll()) is not None:
                raise ChildDiedError(f"{name} ended with {code}\n{self.last_words(name)}")

    def _spawn(self, command: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*_ends_with_us(), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )

    def last_words(self, name: str) -> str:
        lines = (self._logs / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL:])


def _ends_with_us() -> list[str]:
    """Should the demo itself be killed, the kernel ends its children."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def clean_environment() -> dict[str, str]:
    """Ours, without settings of a real lab that would win over the demo's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PROLAB_")}
