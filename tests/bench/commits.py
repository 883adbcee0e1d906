"""The real link with a stopwatch: ``python -m tests.bench.commits FILE [BATCH]`` is ``prolab link`` that also writes down
when each batch was committed, and how far each outbox was stored by then. CommitLog reads that in the bench's process."""

import sys
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path


class CommitLog:
    """What the link wrote down. Moments are of CLOCK_MONOTONIC, which all processes share."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.write_text("")

    def stored(self) -> int:
        """How many events this link has stored."""
        return sum(stored for _, stored in self.batches())

    def batches(self) -> list[tuple[int, int]]:
        """When (ns) each batch was committed, and how many events it stored."""
        return [(int(at), int(stored)) for kind, at, stored, _ in self._rows() if kind == "batch"]

    def committed_at(self) -> "dict[str, Moments]":
        """By outbox."""
        through: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for kind, at, n, outbox in self._rows():
            if kind == "through":
                through[outbox].append((int(n), int(at)))
        return {outbox: Moments(rows) for outbox, rows in through.items()}

    def _rows(self) -> list[list[str]]:
        whole, _, _ = self.file.read_text().rpartition("\n")
        return [line.split(" ") for line in whole.splitlines()]


class Moments:
    """When the events of one outbox were committed."""

    def __init__(self, through: Sequence[tuple[int, int]]) -> None:
        self._through = through

    def of(self, n: int) -> int | None:
        """When (ns) the event n was, or None if it is not yet."""
        at = bisect_left(self._through, (n, 0))
        return self._through[at][1] if at < len(self._through) else None


def main() -> None:
    from server import cli, ingest, link
    from server.usage.service import LiveKeys

    file = Path(sys.argv[1]).open("a", buffering=1)  # noqa: SIM115 — open as long as the process lives
    if len(sys.argv) > 2:
        link.BATCH = int(sys.argv[2])
    store = ingest.ingest

    def ingest_and_note(
        batch: Sequence[ingest.Incoming], now: datetime, keys: LiveKeys = ingest.no_keys
    ) -> ingest.Outcome:
        outcome = store(batch, now, keys)
        at = time.monotonic_ns()
        through = [(n, outbox) for receipt in outcome.receipts.values() for outbox, n in receipt.through.items()]
        lines = [f"batch {at} {outcome.stored} -", *(f"through {at} {n} {outbox}" for n, outbox in through)]
        file.write("".join(f"{line}\n" for line in lines))
        return outcome

    ingest.ingest = ingest_and_note
    cli.main(["link"])


if __name__ == "__main__":
    main()
