"""What ``prolab-agent doctor`` asks of the Pi itself: does a relay fall when a program dies, is the disk a disk, is the time right.

Each check gathers what it needs from files whose places are given, and a pure function judges it.
"""

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from agent.doctor.finding import Finding
from agent.state_file import FILE_NAME
from wire.messages import TimeQuality

_AHEAD_MS = 300_000
LEAST_FREE_MB = 200  # some months of events, and a list
_FLEETING = frozenset({"tmpfs", "ramfs", "overlay", "overlayfs", "aufs"})
_STRICT = re.compile(r"^\s*dtparam\s*=\s*(?:.*,)?\s*strict_gpiod(?:=(?:on|true|1))?\s*(?:,.*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the kernel and the Pi's firmware say how they are set."""

    keeps_outputs: Path = Path("/sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs")
    firmware: tuple[Path, ...] = (Path("/boot/firmware/config.txt"), Path("/boot/config.txt"))
    kernel_line: Path = Path("/proc/cmdline")
    mounts: Path = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class Mount:
    at: str
    kind: str
    writable: bool


def text_of(path: Path) -> str | None:
    """What stands in a small file, None where there is none that we may read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None


# --- what becomes of a relay when the agent is killed -------------------------------------------------------------------


def outputs(places: Places) -> Finding:
    firmware = "\n".join(filter(None, map(text_of, places.firmware)))
    return judge_outputs(text_of(places.keeps_outputs), bool(_STRICT.search(firmware)))


def judge_outputs(parameter: str | None, asked: bool) -> Finding:
    """``parameter``: of the pin driver, where it has one; ``asked``: strict_gpiod stands in config.txt."""
    check, keeps = "killed agent", (parameter or "").strip().upper()
    fix = "add the line dtparam=strict_gpiod to /boot/firmware/config.txt and reboot"
    if keeps in ("N", "0"):
        return Finding(check, "the kernel lets outputs fall")
    if keeps:
        again = " (it stands in config.txt: reboot)" if asked else ""
        return Finding(check, "the kernel keeps outputs as they are: a killed agent leaves the machine ON" + again, fix)
    if asked:
        return Finding(check, "strict_gpiod stands in config.txt; this kernel does not say whether it heeds it")
    return Finding(check, "this kernel does not say what becomes of outputs, and strict_gpiod is not set", fix)


# --- the state folder ---------------------------------------------------------------------------------------------------


def disk(state_dir: Path, places: Places) -> Iterator[Finding]:
    there = next(path for path in (state_dir, *state_dir.parents) if path.exists())
    yield judge_mount(state_dir, mount_of(there.resolve(), text_of(places.mounts) or ""))
    yield judge_access(state_dir, there, os.access(there, os.W_OK))
    yield judge_space(there, shutil.disk_usage(there).free // 1_000_000)


def mount_of(path: Path, mountinfo: str) -> Mount | None:
    """The file system that ``path`` lies on, by ``/proc/self/mountinfo`` (proc(5)). The last one mounted there counts."""
    best: Mount | None = None
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields, kinds = left.split(), right.split()
        if len(fields) < 6 or not kinds:
            continue
        at = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        inside = path == Path(at) or Path(at) in path.parents
        if inside and (best is None or len(at) >= len(best.at)):
            best = Mount(at, kinds[0], "ro" not in fields[5].split(","))
    return best


def judge_mount(state_dir: Path, mount: Mount | None) -> Finding:
    check = "state folder"
    if mount is None:
        return Finding(check, f"{state_dir} is on no file system that /proc knows", "mount a disk there")
    if mount.kind in _FLEETING:
        fix = f"give {state_dir} a partition of its own: what is in it now is gone with the power"
        return Finding(check, f"{state_dir} lies on {mount.kind} at {mount.at}: in memory, not on the card", fix)
    if not mount.writable:
        return Finding(check, f"{mount.at} is mounted read-only", f"mount {mount.at} for writing, or replace the card")
    return Finding(check, f"{state_dir} lies on {mount.kind} at {mount.at}")


def judge_access(state_dir: Path, there: Path, writable: bool) -> Finding:
    if writable:
        return Finding("rights", f"{there} can be written by user {os.geteuid()}")
    fix = f"sudo chown -R prolab-agent {state_dir}, or run this as the agent's account"
    return Finding("rights", f"{there} cannot be written by user {os.geteuid()}", fix)


def judge_space(there: Path, free_mb: int) -> Finding:
    fix = "make room: on a full disk nothing starts" if free_mb < LEAST_FREE_MB else ""
    return Finding("free space", f"{free_mb} MB at {there}", fix)


# --- time ---------------------------------------------------------------------------------------------------------------


def time_on_disk(state_dir: Path) -> int:
    """The last wall time that the agent has written, 0 where there is none to be read."""
    path = state_dir / FILE_NAME
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection,
    ):
        return int(connection.execute("SELECT wall_ms FROM outbox").fetchone()[0])
    return 0


def judge_clock(quality: TimeQuality, ahead_ms: int = 0, state_dir: Path = Path()) -> Finding:
    """``ahead_ms``: by how much the time on disk is later than the clock. It is never gone back behind, whatever the clock says."""
    if quality is TimeQuality.SYNCED and ahead_ms > _AHEAD_MS:
        found = f"set by the network, and {ahead_ms // 60_000} min behind what was written while it ran ahead: not believed until then"
        undo = f"import sqlite3 as s; c = s.connect('{state_dir / FILE_NAME}'); c.execute('UPDATE outbox SET wall_ms = 0'); c.commit()"
        return Finding("clock", found, f'stop the agent, then: sudo python3 -c "{undo}"')
    if quality is TimeQuality.SYNCED:
        return Finding("clock", "set by the network")
    fix = (
        "sudo timedatectl set-ntp true, and look at `timedatectl timesync-status`: until then high-risk machines refuse"
    )
    return Finding("clock", "not set by the network since this Pi booted", fix)
