"""Faults that may come by the hundred, as one event each at most every ten minutes, with their count."""

from wire.messages import Fault, Stamp

QUIET_MS = 600_000


class FaultCounter:
    """By machine and code: the first is told at once, the others are counted until it is time to tell again."""

    def __init__(self) -> None:
        self._told_ms: dict[tuple[str | None, str], int] = {}
        self._counts: dict[tuple[str | None, str], int] = {}

    def note(self, machine: str | None, code: str, detail: str, now: Stamp) -> Fault | None:
        """The event to write, if it is time for one."""
        key = (machine, code)
        count = self._counts.get(key, 0) + 1
        told_ms = self._told_ms.get(key)
        if told_ms is not None and now.mono_ms - told_ms < QUIET_MS:
            self._counts[key] = count
            return None
        self._counts[key], self._told_ms[key] = 0, now.mono_ms
        return Fault(machine, code, detail[:200], count, now)
