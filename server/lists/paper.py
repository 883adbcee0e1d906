"""Puts access lists on the wire, and tells whether two say the same, without writing a thousand holders for each agent.

The lists of all agents name the same people, and machines that ask for the same skills name the same of them: such a
part is turned into JSON once, and its bytes are put into each list. What comes out is what ``wire.codec.encode`` gives.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from wire.codec import encode
from wire.messages import AccessList, HolderEntry, MachineEntry

_SHARED = frozenset({"holders", "revoked", "may", "may_not"})
_MOVES = {"revision": b"0", "issued_ms": b"0"}  # with time alone
_MACHINE_MOVES = {"valid_until_ms": b"0", "open": b"null"}
_Part = tuple[Any, ...]
_Writer = Callable[[_Part], bytes]


class Paper:
    """For the lists of one moment. ``rules``: of the week, which stand in every list as moments, as they were decided."""

    def __init__(self, rules: str) -> None:
        self._rules = rules.encode()
        self._written: dict[int, tuple[_Part, bytes, bytes]] = {}  # by identity, and kept, so that it stays the same
        self._still: dict[int, tuple[_Part, _Part]] = {}

    def payload(self, access_list: AccessList) -> bytes:
        return _list(access_list, self._json, {}, {})

    def content_sha256(self, access_list: AccessList, hours: str) -> str:
        """Of what the list says, without what moves by itself: its number and times, and hours of the week as moments.
        ``hours``: those of this agent's machines, as they were decided."""
        payers = tuple(replace(card, open=None) for card in access_list.payers)
        still = replace(access_list, payers=payers, holders=self._without_rules(access_list.holders))
        return hashlib.sha256(
            _list(still, self._mark, _MOVES, _MACHINE_MOVES) + hours.encode() + self._rules
        ).hexdigest()

    def _without_rules(self, holders: tuple[HolderEntry, ...]) -> tuple[HolderEntry, ...]:
        """The same tuple for the same holders: it is written once."""
        if id(holders) not in self._still:
            any_rules = any(entry.rules for entry in holders)
            still = tuple(replace(entry, rules=()) for entry in holders) if any_rules else holders
            self._still[id(holders)] = (holders, still)
        return self._still[id(holders)][1]

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
