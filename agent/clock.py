"""The only place on the agent that reads a clock, and the one place where its main loop waits.

On a Pi the time is the system's. With the simulated board it is the board's: then time stands still while any agent is
busy, and moves only from one deadline to the next, so that a month of sessions runs in seconds and always the same way.
"""

import ctypes
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from agent.hardware.board_line import BoardLine, Wake
from agent.hardware.board_map import TimeCell
from wire.messages import Stamp, TimeQuality

T = TypeVar("T")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised; chrony and systemd-timesyncd both keep this up to date
_TIMEX_BYTES = 512  # more than struct timex has on any Linux; all zero means "change nothing, only tell"


@dataclass(frozen=True, slots=True)
class WaitReport:
    """What an agent tells the simulated board while it waits. ``seen`` has a machine only once its reader is open.

    A reader first queues what its bytes meant and only then counts them as seen. So an empty queue after the count was
    read means that everything those bytes caused has been dealt with.
    """

    seen: dict[str, int]  # bytes read so far, by machine
    revision: int  # of the list in force
    unreceipted: int  # events the server has not confirmed
    connected: bool


class Clock(Protocol):
    """``floor_ms`` is the last wall time on disk: no later stamp is below it (design rule 10)."""

    floor_ms: int

    def now(self) -> Stamp: ...

    def wait(
        self,
        inbox: "queue.Queue[T] | queue.SimpleQueue[T]",
        until_mono_ms_hard: int | None,
        until_mono_ms_soft: int | None,
        report: Callable[[], WaitReport],
    ) -> T | None:
        """The next stimulus, or None once a deadline has passed (or sooner: the caller looks at the time itself).

        A hard deadline changes what the agent does and is met exactly. A soft one, the 30-second checkpoint, may be
        met late in virtual time, because what is written then is computed and is not the moment of writing.
        """


def clock_for(board: Path | None, virtual: bool, agent: str) -> Clock:
    """The clock of a Pi, or with a ``board`` directory that of the simulated board (which then knows this process)."""
    if board is None:
        return SystemClock()
    return VirtualClock(board, agent) if virtual else SystemClock(BoardLine(board, agent))


class _Wall:
    """Makes a stamp of a boot's milliseconds and a clock's reading: never below the floor, honest about its quality."""

    def __init__(self) -> None:
        self._floor = (0, 0)  # mono_ms when it was set, wall_ms
        self._anchor: tuple[int, int] | None = None  # mono_ms, wall_ms at the last synchronised moment of this boot

    @property
    def floor_ms(self) -> int:
        return self._floor[1]

    def set_floor(self, mono_ms: int, wall_ms: int) -> None:
        self._floor = (mono_ms, wall_ms)

    def stamp(self, boot: str, mono_ms: int, wall_ms: int, synced: bool) -> Stamp:
        floor_at, floor_ms = self._floor
        if synced:
            self._anchor = (mono_ms, wall_ms)
            # a clock that is right and yet below the floor: the floor was written while the clock ran ahead
            quality = TimeQuality.SYNCED if wall_ms >= floor_ms else TimeQuality.ESTIMATED
            return Stamp(boot, mono_ms, max(wall_ms, floor_ms), quality)
        if self._anchor is not None:
            anchored_ms = self._anchor[1] + mono_ms - self._anchor[0]
            return Stamp(boot, mono_ms, max(anchored_ms, floor_ms), TimeQuality.ANCHORED)
        # not set since boot: at least the last time on disk, and going on from there
        return Stamp(boot, mono_ms, max(wall_ms, floor_ms + mono_ms - floor_at), TimeQuality.ESTIMATED)


class SystemClock:
    """The Pi's own clock. With a line to a simulated board in real time, the board says whether it is set."""

    def __init__(self, line: BoardLine | None = None) -> None:
        self._line = line
        self._boot = line.boot if line else _BOOT_ID.read_text().strip()
        self._wall = _Wall()

    @property
    def floor_ms(self) -> int:
        return self._wall.floor_ms

    @floor_ms.setter
    def floor_ms(self, wall_ms: int) -> None:
        self._wall.set_floor(_boottime_ms(), wall_ms)

    def now(self) -> Stamp:
        wall_ms = time.time_ns() // 1_000_000
        synced = _kernel_synced()
        if self._line is not None:
            synced = self._line.synced
            wall_ms += 0 if synced else self._line.wall_offset_ms
        return self._wall.stamp(self._boot, _boottime_ms(), wall_ms, synced)

    def wait(
        self,
        inbox: "queue.Queue[T] | queue.SimpleQueue[T]",
        until_mono_ms_hard: int | None,
        until_mono_ms_soft: int | None,
        report: Callable[[], WaitReport],
    ) -> T | None:
        """As in the protocol. With a line to a simulated board: raises BoardGoneError when that is no more."""
        if self._line is not None:
            self._line.listen(inbox)
        deadline = _earlier(until_mono_ms_hard, until_mono_ms_soft)
        timeout = None if deadline is None else max(0.0, (deadline - _boottime_ms()) / 1000)
        try:
            item: Any = inbox.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(item, Wake):
            item.check()
            return None
        return cast("T", item)


class VirtualClock:
    """The simulated board's time, and waiting in step with it: the board hears of each wait and gives each wake."""

    def __init__(self, board_directory: Path, agent: str) -> None:
        self._line = BoardLine(board_directory, agent)
        self._time = TimeCell(board_directory)
        self._wall = _Wall()
        self._woken = 0  # number of the board's last wake that this loop has taken note of

    @property
    def floor_ms(self) -> int:
        return self._wall.floor_ms

    @floor_ms.setter
    def floor_ms(self, wall_ms: int) -> None:
        self._wall.set_floor(self._mono_ms(), wall_ms)

    def now(self) -> Stamp:
        board_ms = self._time.read()
        synced = self._line.synced
        wall_ms = board_ms + (0 if synced else self._line.wall_offset_ms)
        return self._wall.stamp(self._line.boot, board_ms - self._line.boot_wall_ms, wall_ms, synced)

    def wait(
        self,
        inbox: "queue.Queue[T] | queue.SimpleQueue[T]",
        until_mono_ms_hard: int | None,
        until_mono_ms_soft: int | None,
        report: Callable[[], WaitReport],
    ) -> T | None:
        """As in the protocol. Raises BoardGoneError when the board is no more, so that no agent waits for ever."""
        self._line.listen(inbox)
        while True:
            told = report()  # before looking into the queue: see WaitReport
            try:
                item: Any = inbox.get_nowait()
            except queue.Empty:
                if self._due(until_mono_ms_hard) or self._due(until_mono_ms_soft):
                    return None
                self._tell(told, until_mono_ms_hard, until_mono_ms_soft)
                item = inbox.get()
            if not isinstance(item, Wake):
                return cast("T", item)
            self._woken = item.check()
            if item.clock_was_set:
                return None

    def _mono_ms(self) -> int:
        return self._time.read() - self._line.boot_wall_ms

    def _due(self, until_mono_ms: int | None) -> bool:
        return until_mono_ms is not None and until_mono_ms <= self._mono_ms()

    def _tell(self, told: WaitReport, hard: int | None, soft: int | None) -> None:
        since = self._line.boot_wall_ms
        self._line.send(
            {
                "wait": {
                    "wake": self._woken,
                    "hard": None if hard is None else since + hard,
                    "soft": None if soft is None else since + soft,
                    "seen": told.seen,
                    "revision": told.revision,
                    "unreceipted": told.unreceipted,
                    "connected": told.connected,
                }
            }
        )


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _boottime_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


_libc = ctypes.CDLL(None, use_errno=True)


def _kernel_synced() -> bool:
    """True while the kernel holds its clock for synchronised; one that does not answer counts as not synchronised."""
    return _libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)) not in (-1, _TIME_ERROR)
