"""``prolab serve``: runs the parts of the server as children, and stops all when one ends or when it is told to."""

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from types import FrameType

_LOOKS_EVERY_S = 0.2
_STOPS_WITHIN_S = 15.0


def run_together(commands: Mapping[str, Sequence[str]], spared: Collection[str] = ()) -> int:
    """Run these until SIGTERM, SIGINT or SIGHUP (returns 0), or until one ends by itself (returns 1). Of those ``spared``
    the end is told, and the others go on."""
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
            ended = {name: child.returncode for name, child in children.items() if child.poll() is not None}
            for name in ended.keys() & spared:
                children.pop(name)
                print(f"{name} ended with {ended.pop(name)}; the others go on", file=sys.stderr)
            if ended:
                codes = ", ".join(f"{name} ended with {code}" for name, code in ended.items())
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
