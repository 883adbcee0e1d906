"""Puts access lists on the wire, and tells whether two say the same, without writing a thousand holders for each agent.

The lists of all agents name the same people, and machines that ask for the same skills name the same of them: such a
part is turned into JSON once, and its bytes are put into each list. What comes out is what ``wire.codec.encode`` gives.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from wire.codec import encode
from wire.messages import AccessList, MachineEntry

_SHARED = frozenset({"holders", "revoked", "may", "may_not"})
_MOVES = {"revision": b"0", "issued_ms": b"0"}  # with time alone
_MACHINE_MOVES = {"valid_until_ms": b"0", "open": b"null"}
_Part = tuple[Any, ...]
_Writer = Callable[[_Part], bytes]


class Paper:
    """For the lists of one moment. ``hours``: the opening hours, which stand in the lists as moments."""

    def __init__(self, hours: str) -> None:
        self._hours = hours.encode()
        self._written: dict[int, tuple[_Part, bytes, bytes]] = {}  # by identity, and kept, so that it stays the same

    def payload(self, access_list: AccessList) -> bytes:
        return _list(access_list, self._json, {}, {})

    def content_sha256(self, access_list: AccessList) -> str:
        """Of what the list says, without what moves by itself: its number and times, and opening hours as moments."""
        content = _list(access_list, self._mark, _MOVES, _MACHINE_MOVES)
        return hashlib.sha256(content + self._hours).hexdigest()

    def _json(self, part: _Part) -> bytes:
        return self._write(part)[1]

    def _mark(self, part: _Part) -> bytes:
        return self._write(part)[2]

    def _write(self, part: _Part) -> tuple[_Part, bytes, bytes]:
        written = self._written.get(id(part))
        if written is None:
            json = encode(part)
            written = self._written[id(part)] = (part, json, hashlib.sha256(json).hexdigest().encode())
        return written


def _list(
    access_list: AccessList, write: _Writer, others: Mapping[str, bytes], machine_others: Mapping[str, bytes]
) -> bytes:
    machines = b",".join(_object(machine, write, machine_others) for machine in access_list.machines)
    return _object(access_list, write, {**others, "machines": b"[%b]" % machines})


def _object(record: AccessList | MachineEntry, write: _Writer, others: Mapping[str, bytes]) -> bytes:
    """A record as JSON, in the order of its fields; ``others`` stand in the place of what is in it."""
    members = []
    for field in fields(record):
        value = others.get(field.name)
        if value is None:
            part = getattr(record, field.name)
            value = write(part) if field.name in _SHARED else encode(part)
        members.append(b'"%b":%b' % (field.name.encode(), value))
    return b"{%b}" % b",".join(members)
