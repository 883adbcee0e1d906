"""``prolab-agent drain``: let the running agent start nothing more, and wait until it has ended with its last session.

For whoever is about to update: a relay falls when its agent ends, so an update waits for the people at the machines.
"""

import argparse
import os
import select
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

from agent.clock import SystemClock
from agent.config import ConfigError, load
from agent.instance import running
from agent.machine import Session
from agent.state_file import FILE_NAME
from wire.codec import WireError, decode
from wire.messages import Stamp

TOLD_EVERY_S = 10.0
_ROW_BYTES = 64 * 1024
_LEFT_DRAINING = (
    "Still draining: nothing new starts, and the agent ends with its last session. Run this again to go on waiting, or\n"
    "`systemctl restart prolab-agent` to take it back, which ends what runs on a plain relay."
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", type=Path, default=Path("/etc/prolab/agent.toml"), help="default: %(default)s")


def run(arguments: argparse.Namespace) -> None:
    try:
        state_dir = load(arguments.config).state_dir
    except ConfigError as error:
        sys.exit(str(error))
    clock = SystemClock()
    try:
        sys.exit(drain(state_dir, clock.now, lambda line: print(line, flush=True)))
    except KeyboardInterrupt:
        print(f"\n{_LEFT_DRAINING}")
        sys.exit(130)


def drain(state_dir: Path, now: Callable[[], Stamp], say: Callable[[str], None], every_s: float = TOLD_EVERY_S) -> int:
    """Ask, and wait for the end. Returns 0 once no agent has this folder, 1 where it could not be asked."""
    try:
        return _drain(state_dir, now, say, every_s)
    except PermissionError:  # its folder, or its process
        say("The agent is somebody else's process: use sudo.")
        return 1


def _drain(state_dir: Path, now: Callable[[], Stamp], say: Callable[[str], None], every_s: float) -> int:
    process = _process(state_dir, say)
    if process is None:
        return 0 if running(state_dir) is None else 1
    try:
        signal.pidfd_send_signal(process, signal.SIGUSR1)
        told = ""
        while not select.select([process], [], [], every_s if told else 0.2)[0]:  # readable once the process has ended
            line = progress(read_running(state_dir / FILE_NAME), now())
            if line != told:
                say(line)
            told = line
    finally:
        os.close(process)
    say("The agent has ended. Nothing runs here.")
    return 0


def progress(sessions: Sequence[Session], now: Stamp) -> str:
    """Such as "2 sessions still run: mill since 12 min, saw since 1 h 5 min"."""
    if not sessions:
        return "No session runs; the agent is ending."
    which = ", ".join(f"{one.machine} since {_minutes(one, now)}" for one in sessions)
    return f"{len(sessions)} session{'s' if len(sessions) > 1 else ''} still run{'s' if len(sessions) == 1 else ''}: {which}"


def read_running(path: Path) -> list[Session]:
    """What runs, as the state file has it; nothing where it cannot be read, since the agent's own end is what counts."""
    with (
        suppress(sqlite3.Error, WireError),
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection,
    ):
        rows = connection.execute("SELECT session FROM running ORDER BY machine").fetchall()
        return [decode(Session, row[0], _ROW_BYTES) for row in rows]
    return []


def _process(state_dir: Path, say: Callable[[str], None]) -> int | None:
    """A handle on the running agent's process, which no other process can take over even if it gets the same number."""
    number = running(state_dir)
    if number is None:
        say("No agent runs here.")
        return None
    try:
        process = os.pidfd_open(number)
    except (OSError, ValueError):  # 0: it has not told its number
        process = None
    if process is not None and running(state_dir) == number:
        return process
    if process is not None:
        os.close(process)
    say("The agent is only just starting or ending: try again.")
    return None


def _minutes(session: Session, now: Stamp) -> str:
    same_boot = session.started.boot == now.boot
    since_ms = now.mono_ms - session.started.mono_ms if same_boot else now.wall_ms - session.started.wall_ms
    minutes = max(0, since_ms) // 60_000
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
