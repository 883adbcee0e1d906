"""State files full of events that can be told apart on any page, copied as a power cut leaves them, and damaged at random."""

import re
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from random import Random

from agent.machine import Latch
from agent.state import Outbox, State
from agent.state_file import FILE_NAME
from agent.state_pages import frames
from tests.agent.fakes import START_MS, stamp
from wire.messages import Body, Fault, Revocation, RevocationsInForce, decode_envelope

PAGE, FRAME_HEAD, WAL_HEAD = 4096, 24, 32
_MARK = re.compile(rb"<(\d+:\d+)>")


@dataclass(frozen=True)
class Damaged:
    """``marks``: of all events that were written, in order. ``hit``: of those whose bytes lay on a page that was damaged."""

    directory: Path
    outbox: str
    marks: list[str]
    hit: set[str]

    @property
    def readable(self) -> set[str]:
        return set(self.marks) - self.hit


def mark_of(payload: bytes) -> str:
    """Which event it is."""
    found = _MARK.search(payload)
    return found[1].decode() if found else "?"


def an_event(random: Random, mark: str) -> Body:
    """Mostly short, now and then longer than a page; its mark stands in each stretch of it that may land on another page."""
    if random.random() < 0.1:
        refs = tuple(Revocation("token", f"<{mark}>{place:04}", place) for place in range(random.randrange(20, 200)))
        return RevocationsInForce(7, refs, stamp(1))
    return Fault("p1", "reader", f"<{mark}>" * random.randrange(1, 20), 1, stamp(1))


def store(state: State, event: Body) -> None:
    state.write(START_MS, lambda transaction: transaction.append(event))


def _receive(state: State, through: int) -> None:
    state.write(START_MS, lambda transaction: transaction.receipt(through))


def fill(state: State, random: Random, seed: int, count: int) -> list[str]:
    """Events, latches that come and go, receipts, and the journal folded in now and then."""
    marks = [f"{seed}:{state.position.last_n + at}" for at in range(1, count + 1)]
    for mark in marks:
        store(state, an_event(random, mark))
        if random.random() < 0.1:
            state.write(START_MS, lambda transaction: transaction.put_latch("p1", Latch(1, 2)))
        if random.random() < 0.05:
            state.tidy()
        if random.random() < 0.05:
            _receive(state, random.randrange(state.position.last_n + 1))
    return marks


def damaged(directory: Path, seed: int) -> Damaged:
    """A file of its own, and damage of one of four kinds to one page or several, of the file or of the journal."""
    random = Random(seed)
    living = State(directory / "living", simulated=False)
    marks = fill(living, random, seed, random.randrange(20, 150))
    outbox = living.position.outbox
    copy = directory / "state"
    copy.mkdir()
    for name in (FILE_NAME, f"{FILE_NAME}-wal"):
        shutil.copy(directory / "living" / name, copy / name)
    living.close()
    return Damaged(copy, outbox, marks, spoil(copy, random, marks[-1]))


def spoil(directory: Path, random: Random, last: str) -> set[str]:
    """Damage some pages. Returns the marks that were on them.

    And ``last`` where the journal's last transaction was hit: to whoever looks later, it is one that power cut off half written.
    """
    wal = directory / f"{FILE_NAME}-wal"
    in_the_journal = [(wal, at) for at in range(WAL_HEAD + FRAME_HEAD, _size(wal) - PAGE + 1, FRAME_HEAD + PAGE)]
    places = [(directory / FILE_NAME, at) for at in range(0, _size(directory / FILE_NAME), PAGE)] + in_the_journal
    ending = set(in_the_journal[_last_transaction(wal) :])
    hit: set[str] = set()
    for path, at in random.sample(places, min(len(places), random.choice((1, 1, 2, 5)))):
        page = path.read_bytes()[at : at + PAGE]
        hit |= {mark.decode() for mark in _MARK.findall(page)}
        hit |= {last} if (path, at) in ending else set()
        with path.open("r+b") as file:
            file.seek(at)
            file.write(_spoilt(page, random))
    return hit


def _last_transaction(wal: Path) -> int:
    """The first frame of it."""
    commits = (
        [at for at, frame in enumerate(frames(wal.read_bytes())) if frame and frame.commits] if wal.exists() else []
    )
    return commits[-2] + 1 if len(commits) > 1 else 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _spoilt(page: bytes, random: Random) -> bytes:
    match random.randrange(4):
        case 0:  # never written
            return bytes(len(page))
        case 1:  # somebody else's
            return random.randbytes(len(page))
        case 2:  # one sector of it
            at = random.randrange(len(page) // 512) * 512
            return page[:at] + random.randbytes(512) + page[at + 512 :]
    at = random.randrange(len(page) - 3)  # a few bits
    return page[:at] + struct.pack(">I", random.getrandbits(24))[1:] + page[at + 3 :]


def to_send(state: State) -> list[bytes]:
    outbox = Outbox(state.path)
    payloads = [payload for _, payload in outbox.after(0, 10**6)]
    outbox.close()
    for n, payload in enumerate(payloads, 1):
        envelope = decode_envelope(payload)
        assert (envelope.outbox, envelope.n) == (state.position.outbox, n)
    return payloads
