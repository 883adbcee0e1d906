"""What the simulated board knows of each agent: its boot, its cable, what it said last, and what it still has to do."""

from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import uuid4

from agent.hardware.board_lines import Line
from agent.hardware.board_map import PinBank
from agent.hardware.board_readers import Reader


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent said when it began to wait. Deadlines are virtual wall time in ms."""

    wake: int
    hard: int | None
    soft: int | None
    seen: dict[str, int]
    revision: int
    unreceipted: int
    connected: bool  # to the broker

    def deadline(self, fine: bool) -> int | None:
        return min((at for at in (self.hard, self.soft if fine else None) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Boot:
    """One run of the Pi's kernel, and whether its clock was set by then."""

    boot: str
    boot_wall_ms: int
    synced: bool = True
    wall_offset_ms: int = 0


class AgentSide:
    """One agent as seen from the board. ``line`` is None while no process of it lives."""

    def __init__(self, name: str, bank: PinBank, readers: dict[str, Reader]) -> None:
        self.name = name
        self.bank = bank
        self.readers = readers
        self.line: Line | None = None
        self.pid: int | None = None
        self.boot: Boot | None = None
        self.report: Report | None = None
        self.mains = True
        self._next_boot: Boot | None = None
        self._wakes = 0
        self._written_before: dict[str, int] = {}

    @property
    def reboots(self) -> bool:
        """True when the process that says hello next runs on a freshly booted Pi."""
        return self._next_boot is not None and self._next_boot.boot != (self.boot and self.boot.boot)

    def plan_boot(self, new_boot: bool, synced: bool, wall_offset_ms: int) -> None:
        boot = self.boot.boot if self.boot and not new_boot else str(uuid4())
        since_ms = self.boot.boot_wall_ms if self.boot and not new_boot else -1
        self._next_boot = Boot(boot, since_ms, synced, wall_offset_ms)

    def connect(self, line: Line, pid: int, now_ms: int) -> None:
        """A process said hello: tell it which boot it runs in. What nobody read before is gone."""
        boot = self._next_boot or self.boot or Boot(str(uuid4()), now_ms)
        self.boot = boot if boot.boot_wall_ms >= 0 else replace(boot, boot_wall_ms=now_ms)
        self._next_boot = None
        self.line, self.pid, self.report, self._wakes = line, pid, None, 0
        for machine, reader in self.readers.items():
            reader.drop_unread()
            self._written_before[machine] = reader.written
        line.send(
            {
                "boot": self.boot.boot,
                "boot_wall_ms": self.boot.boot_wall_ms,
                "synced": self.boot.synced,
                "wall_offset_ms": self.boot.wall_offset_ms,
            }
        )

    def disconnect(self) -> None:
        self.line = self.pid = self.report = None

    def set_clock(self) -> None:
        if self.boot is not None:
            self.boot = replace(self.boot, synced=True)
        if self.line is not None:
            self.line.send({"synced": True})
            self.wake()

    def wake(self) -> None:
        if self.line is not None:
            self._wakes += 1
            self.line.send({"wake": self._wakes})

    def take_report(self, plain: dict[str, Any]) -> None:
        self.report = Report(**{name: plain[name] for name in Report.__slots__})

    def answered(self) -> bool:
        return self.report is not None and self.report.wake == self._wakes

    def lacks(self) -> str | None:
        """What this agent has yet to do before time may move, or None when it is quiet."""
        if self.report is None:
            return f"{self.name} has connected and not yet begun to wait"
        if not self.answered():
            return f"{self.name} has not answered wake {self._wakes} (it answered {self.report.wake})"
        for machine, reader in self.readers.items():
            expected = reader.written - self._written_before[machine]
            if self.report.seen.get(machine, 0) < expected:
                seen = self.report.seen.get(machine, 0)
                return f"{self.name} has read {seen} of {expected} bytes at the reader of {machine}"
        return None

    def lacks_reader(self, machine: str) -> str | None:
        """What keeps a card held here now from being read; nothing while no process lives that could read it."""
        if self.line is None or (self.report is not None and machine in self.report.seen):
            return None
        return f"{self.name} has not opened the reader of {machine}"

    def describe(self) -> dict[str, Any]:
        return {
            "running": self.line is not None,
            "pid": self.pid,
            "boot": self.boot and self.boot.boot,
            "waits": self.report and asdict(self.report),
        }
