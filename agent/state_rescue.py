"""What becomes of a damaged state file: it is set aside, and what can be read of it goes on in a new one.

Every event that can be read gets a number in a new outbox and tells what it was known by first, so that the server takes none
twice. Latches and sessions that ran come along. The access list does not: what could permit is fetched anew.

A power cut at any moment of this leaves either the old file or the finished new one.
"""

import os
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from agent.machine import Latch, Session
from agent.state_check import problem_in
from agent.state_file import ROW_BYTES, open_file
from agent.state_pages import rows, texts
from wire.codec import WireError, decode, encode
from wire.messages import MAX_EVENT_BYTES, Envelope, First, SessionEnded, decode_envelope, encode_envelope

_PARTS = ("", "-wal", "-shm", "-journal")


class Lost(NamedTuple):
    """A damaged file's outbox, and what became of what was in it."""

    outbox: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Rescued:
    """``last_n`` and ``through`` of the outbox, None where they could not be read."""

    outbox: str | None
    last_n: int | None
    through: int | None
    wall_ms: int
    events: tuple[tuple[int, Envelope], ...]  # with the wall time of their writing, by number
    running: tuple[Session, ...]
    latches: tuple[tuple[str, Latch], ...]

    @property
    def missing(self) -> int:
        """Events that are gone and had, as far as we know, not been received."""
        found = {envelope.n for _, envelope in self.events}
        last_n = max(found, default=0) if self.last_n is None else self.last_n
        after = min(found, default=1) - 1 if self.through is None else self.through
        return len(set(range(after + 1, last_n + 1)) - found)


def ensure_sound(path: Path) -> Lost | None:
    """Have a sound file or none at ``path``. Raises sqlite3.Error or OSError where the trouble is not in the file."""
    done = path.with_name(f"{path.name}-rescued")
    if done.exists():  # power was cut between the two
        _put_in_place(done, path)
    reason = problem_in(path) if path.exists() else None
    if reason is None:
        return None
    found = rescue(path)
    _write(found, path.with_name(f"{path.name}-new"), done)
    _put_in_place(done, path)
    return Lost(found.outbox, f"{len(found.events)} events saved, {found.missing} lost: {reason}")


def rescue(path: Path) -> Rescued:
    """All that can be read of a damaged file."""
    outbox: tuple[str, int, int, int] | None = None
    events: dict[tuple[str, int], tuple[int, Envelope]] = {}
    sessions: list[Session] = []
    latches: dict[str, Latch] = {}
    for row in rows(path):
        match row:
            case [None, int(wall_ms), bytes(payload)]:
                _note(events, wall_ms, payload)
            case [str(id_), int(last_n), int(through), int(wall_ms)] if _is_uuid(id_):
                outbox = (id_, last_n, through, wall_ms)
            case [str(), bytes(blob)]:
                sessions += _decoded(Session, blob)
            case [str(machine), int(), bytes(blob)]:
                latches.update((machine, latch) for latch in _decoded(Latch, blob))
    for text in texts(path):
        _note(events, None, _first_object(text))
    name = outbox[0] if outbox else _newest_outbox(events)
    own = sorted((pair for (box, _), pair in events.items() if box == name), key=lambda pair: pair[1].n)
    return Rescued(
        outbox=name,
        last_n=outbox[1] if outbox else None,
        through=outbox[2] if outbox else None,
        wall_ms=max([outbox[3] if outbox else 0, *(wall_ms for wall_ms, _ in own)]),
        events=tuple(own),
        running=_still_running(sessions, own),
        latches=tuple(latches.items()),
    )


def _write(found: Rescued, new: Path, done: Path) -> None:
    """A file with all of it, which has its final name only once it is on the disk."""
    for part in _PARTS:
        new.with_name(new.name + part).unlink(missing_ok=True)
    with closing(open_file(new)) as connection:
        (outbox,) = connection.execute("SELECT id FROM outbox").fetchone()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO event VALUES (?, ?, ?)", _renumbered(found, outbox))
        connection.executemany(
            "INSERT INTO running VALUES (?, ?)", [(session.machine, encode(session)) for session in found.running]
        )
        connection.executemany(  # its event has another number now; see Transaction.renew_outbox
            "INSERT INTO latch VALUES (?, 0, ?)", [(machine, encode(latch)) for machine, latch in found.latches]
        )
        connection.execute("UPDATE outbox SET last_n = ?, wall_ms = ?", (len(found.events), found.wall_ms))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _sync(new)
    new.replace(done)
    _sync(done.parent)


def _renumbered(found: Rescued, outbox: str) -> Iterator[tuple[int, int, bytes]]:
    for n, (wall_ms, envelope) in enumerate(found.events, 1):
        was = envelope.was or First(envelope.outbox, envelope.n)
        yield n, wall_ms, encode_envelope(replace(envelope, outbox=outbox, n=n, was=was))


def _put_in_place(done: Path, path: Path) -> None:
    """The damaged file goes aside, the newest only, so that none fill the disk. May be done again from its middle on."""
    for part in _PARTS:
        if (file := path.with_name(path.name + part)).exists():
            file.replace(path.with_name(f"bad-{file.name}"))
    _sync(path.parent)  # before the new file has this name: an old journal must never be taken for its own
    done.replace(path)
    _sync(path.parent)


# --- what a row is ------------------------------------------------------------------------------------------------------


def _note(events: dict[tuple[str, int], tuple[int, Envelope]], wall_ms: int | None, payload: bytes) -> None:
    """An event found in the text alone says by itself when it was; one found in its row as well is known better there."""
    with suppress(WireError):
        envelope = decode_envelope(payload)
        key = (envelope.outbox, envelope.n)
        if wall_ms is not None:
            events[key] = (wall_ms, envelope)
        elif key not in events:
            events[key] = (_wall_ms_of(envelope), envelope)


def _first_object(text: bytes) -> bytes:
    """The bytes of the JSON object that ``text`` begins with, nothing where it does not end."""
    depth, in_string, escaped = 0, False, False
    for at, byte in enumerate(text[:MAX_EVENT_BYTES]):
        if in_string:
            escaped, in_string = byte == 0x5C and not escaped, byte != 0x22 or escaped
        elif byte == 0x22:
            in_string = True
        else:
            depth += (byte == 0x7B) - (byte == 0x7D)
            if depth == 0:
                return text[: at + 1]
    return b""


def _wall_ms_of(envelope: Envelope) -> int:
    body = envelope.body if isinstance(envelope.body, dict) else {}
    stamps = [body.get(name) for name in ("at", "ended", "started")]
    walls = [one.get("wall_ms") for one in stamps if isinstance(one, dict)]
    return max((wall for wall in walls if isinstance(wall, int)), default=0)


def _newest_outbox(events: dict[tuple[str, int], tuple[int, Envelope]]) -> str | None:
    newest = max(events.values(), key=lambda pair: pair[0], default=None)
    return None if newest is None else newest[1].outbox


def _still_running(sessions: list[Session], events: list[tuple[int, Envelope]]) -> tuple[Session, ...]:
    """At most one a machine, and none of which an event says that it has ended."""
    bodies = [envelope.body for _, envelope in events if envelope.kind == SessionEnded.KIND]
    over = {body.get("session") for body in bodies if isinstance(body, dict)}
    return tuple({one.machine: one for one in sessions if one.id not in over}.values())


def _decoded(kind: Any, blob: bytes) -> list[Any]:
    """One, or none: another table has rows of the same shape, and they lack the fields."""
    with suppress(WireError, ValueError, TypeError):
        return [decode(kind, blob, ROW_BYTES)]
    return []


def _is_uuid(text: str) -> bool:
    with suppress(ValueError):
        return str(UUID(text)) == text
    return False


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
