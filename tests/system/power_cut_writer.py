"""Writes events into a state file as the agent does, and says of each on its standard output that it is on the disk.

    python -m tests.system.power_cut_writer DIR EVENTS full|normal

``normal`` weakens what the agent sets: the control, which must lose events. Each event is written in one transaction with a
running session whose checkpoint is the event's number, so that a half of it can be told from the whole. From time to time the
journal is folded in, a receipt comes, and the program starts anew.
"""

import os
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from agent.state import State, Transaction
from tests.agent.fakes import START_MS, stamp
from tests.agent.test_state import SESSION
from wire.messages import Fault

_TIDY_EVERY, _RESTART_EVERY, _RECEIPT_EVERY = 17, 41, 7
_PAUSE_S = 0.002  # without it a busy computer would nearly always be found where this waits for the disk


def main(directory: Path, events: int, how: str) -> None:
    state = _open(directory, how)
    for n in range(1, events + 1):
        state.write(START_MS + n, partial(_write, n))
        os.write(1, f"{n}\n".encode())  # at this moment whoever waited for it goes on: the relay closes
        time.sleep(_PAUSE_S)
        if n % _TIDY_EVERY == 0:
            state.tidy()
        if n % _RECEIPT_EVERY == 0:
            state.write(START_MS + n, partial(_receive, n // 2))
        if n % _RESTART_EVERY == 0:
            state.close()
            state = _open(directory, how)
    os._exit(0)  # as a power cut ends it: closing would fold the journal in


def _open(directory: Path, how: str) -> State:
    state = State(directory, simulated=False)
    if how == "normal":
        state._connection.execute("PRAGMA synchronous = NORMAL")
    return state


def _write(n: int, transaction: Transaction) -> None:
    transaction.append(Fault("p1", "reader", f"event {n} " * (1 + n * 7919 % 90), n, stamp(n)))
    transaction.put_running(replace(SESSION, checkpoint_s=n))


def _receive(through: int, transaction: Transaction) -> None:
    transaction.receipt(through)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
