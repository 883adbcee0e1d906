"""When each machine of the demo is spoken for, so that two visits, a tap and a fault never fall on each other."""

from bisect import bisect_left, insort


class Diary:
    """Busy spans by machine, in seconds since 1970. A span is half open and keeps a minute's distance on both sides."""

    def __init__(self, until: int | None = None) -> None:
        """Nothing is free that ends after ``until``."""
        self._until = until
        self._busy: dict[str, list[tuple[int, int]]] = {}

    def free(self, machine: str, start: int, end: int) -> bool:
        if self._until is not None and end > self._until:
            return False
        spans = self._busy.get(machine, [])
        index = bisect_left(spans, (start, end))
        before = spans[index - 1][1] if index else start - 61
        after = spans[index][0] if index < len(spans) else end + 61
        return before + 60 <= start and end + 60 <= after

    def take(self, machine: str, start: int, end: int) -> None:
        """Raises ValueError when the machine is not free then."""
        if not self.free(machine, start, end):
            raise ValueError(f"{machine} is taken between {start} and {end}")
        insort(self._busy.setdefault(machine, []), (start, end))
