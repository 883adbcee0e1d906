"""The same with a real file system: ext4 on a file, mounted by a loop device; a cut is a copy of that file while the program works.

Beside ``power_cut.py``, which knows better than any one disk what may be lost, this shows that ext4 keeps what it promises: the
copy has what the kernel had handed to the disk by then, and its journal is played back when it is mounted. Needs root.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.system.power_cut import ROOT, expected_events, look
from tests.waiting import until

_BYTES = 24 << 20
_MOUNTED = "loop,commit=300"  # else it flushes by itself every five seconds, and on a busy computer saves what nobody has flushed


def can_mount(scratch: Path) -> bool:
    """We are root, and this computer lets us."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        return False
    try:
        with mounted(_formatted(scratch / "probe"), scratch / "probe-mount"):
            return True
    except subprocess.CalledProcessError:
        return False


def cuts(scratch: Path, how: str, events: int, count: int) -> Iterator[tuple[int, int, list[str]]]:
    """Cut ``count`` times while ``events`` are written: how many were told by then, how many of them are missing, what else is wrong."""
    image = _formatted(scratch / "disk")
    copies: list[tuple[int, Path]] = []
    with mounted(image, scratch / "mount") as mount:
        command = [sys.executable, "-m", "tests.system.power_cut_writer", str(mount / "state"), str(events), how]
        (mount / "state").mkdir()
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            told = _Told(writer.stdout.fileno())
            for cut in range(count):
                told.at_least((cut + 1) * events // (count + 1))
                _stop(writer.pid)
                copies.append((told.now(), _copied(image, scratch / f"cut-{cut}")))
                writer.send_signal(signal.SIGCONT)
            told.at_least(events)
            writer.wait(timeout=60)
        expected = expected_events(mount / "state")
    for by_then, copy in copies:
        with mounted(copy, scratch / "cut-mount") as mount:
            yield (by_then, *look(mount / "state", expected, by_then))


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    at.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", _MOUNTED, image, at], check=True, capture_output=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", at], check=True)


def _formatted(image: Path) -> Path:
    with image.open("wb") as file:
        file.truncate(_BYTES)
    subprocess.run(["mkfs.ext4", "-q", image], check=True, capture_output=True)
    return image


class _Told:
    """What the writer has said, without waiting for more than is asked."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._said = b""
        os.set_blocking(pipe, False)

    def at_least(self, n: int) -> None:
        until(lambda: self.now() >= n, within_s=60)

    def now(self) -> int:
        """The last number that is in the pipe by now; exact while the writer stands still."""
        with suppress(BlockingIOError):
            while more := os.read(self._pipe, 65_536):
                self._said += more
        return len(self._said.split())


def _stop(pid: int) -> None:
    """It stands still only a moment after it was told to; or it had written its last event already."""
    os.kill(pid, signal.SIGSTOP)
    until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "TZ")


def _copied(image: Path, copy: Path) -> Path:
    """As it was at one moment: copied until two copies in a row are the same, since the kernel writes on for a while."""
    last = b""
    while (now := image.read_bytes()) != last:
        last = now
        time.sleep(0.01)
    copy.write_bytes(now)
    return copy
