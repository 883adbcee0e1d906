"""``prolab serve``: runs the parts of the server as children, and stops all when one ends or when it is told to."""

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from types import FrameType

_LOOKS_EVERY_S = 0.2
_STOPS_WITHIN_S = 15.0


def run_together(commands: Mapping[str, Sequence[str]]) -> int:
    """Run these until SIGTERM, SIGINT or SIGHUP (returns 0), or until one ends by itself (returns 1)."""
    told = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            children[name] = subprocess.Popen([*_ends_with_us(), *command], start_new_session=True)
        while not told.wait(_LOOKS_EVERY_S):
            if ended := [name for name, child in children.items() if child.poll() is not None]:
                codes = ", ".join(f"{name} ended with {children[name].returncode}" for name in ended)
                print(f"{codes}; stopping the others", file=sys.stderr)
                return 1
        return 0
    finally:
        _stop_all(list(children.values()))


def _stop_all(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _ends_with_us() -> list[str]:
    """Should we be killed, the kernel tells the children to end."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
