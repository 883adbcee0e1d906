"""The events behind three years of sessions, in one chain as ingest would have written it, and the refusals.

Encoding six hundred thousand events one by one would take longer than all else: each kind is encoded once, and the values
that differ are put in its place.
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import update

from server.db import db
from server.usage.evidence import GENESIS, SALT_BYTES, chain_hash, payload_hash
from server.usage.models import Denial, Event, EventPayload, Outbox
from tests.bench.crowd import _uuid, add_rows
from wire.messages import (
    AccessDenied,
    DenialReason,
    EndReason,
    SessionEnded,
    SessionStarted,
    Stamp,
    TimeQuality,
    encode_event,
)

REFUSALS = 24_000
_AT_ONCE = 20_000


class Who(NamedTuple):
    """Somebody at a machine, with the badge, and who pays."""

    holder: int
    token: str
    payer: int
    payer_code: str
    tenant: int


class Place(NamedTuple):
    machine: int
    code: str
    agent: int


class Use(NamedTuple):
    """One session. ``ended``: None while it goes on."""

    id: str
    place: Place
    who: Who
    began: datetime
    seconds: int
    ended: datetime | None


class _Told(NamedTuple):
    """An event that has no number yet."""

    at: datetime
    kind: str
    use: Use


def write_evidence(random: Random, uses: list[Use], places: list[Place], people: list[Who], now: datetime) -> None:
    """Two events a session and one a refusal, in the order of their moments; inside ``writing()``."""
    outboxes = {agent: _uuid(random) for agent in sorted({place.agent for place in places})}
    rows = [{"id": outbox, "agent_id": agent, "last_n": 0, "first_seen_at": now} for agent, outbox in outboxes.items()]
    add_rows(Outbox, rows)
    told = sorted([*_of_sessions(uses), *_refusals(random, uses, places, people)], key=lambda one: one.at)
    patterns = {SessionStarted.KIND: _STARTED, SessionEnded.KIND: _ENDED, AccessDenied.KIND: _DENIED}
    head, numbers = GENESIS, Counter[int]()
    for at in range(0, len(told), _AT_ONCE):
        events, payloads = [], []
        for number, one in enumerate(told[at : at + _AT_ONCE], at + 1):
            agent = one.use.place.agent
            numbers[agent] += 1
            salt, payload = os.urandom(SALT_BYTES), _payload(patterns[one.kind], outboxes[agent], numbers[agent], one)
            own = payload_hash(salt, payload)
            event = _event(number, outboxes[agent], numbers[agent], one, own)
            head = chain_hash(head, event)
            events.append({**event, "chain_hash": head})
            payloads.append({"event_id": number, "salt": salt, "payload": payload})
        add_rows(Event, events)
        add_rows(EventPayload, payloads)
    _write_denials(told)
    for agent, outbox in outboxes.items():
        db.session.execute(update(Outbox).where(Outbox.id == outbox).values(last_n=numbers[agent]))


def _of_sessions(uses: list[Use]) -> Iterator[_Told]:
    for use in uses:
        yield _Told(use.began, SessionStarted.KIND, use)
        if use.ended:
            yield _Told(use.ended, SessionEnded.KIND, use)


def _refusals(random: Random, uses: list[Use], places: list[Place], people: list[Who]) -> Iterator[_Told]:
    for near in random.choices(uses, k=REFUSALS):
        at = near.began + timedelta(seconds=40)
        yield _Told(at, AccessDenied.KIND, near._replace(place=random.choice(places), who=random.choice(people)))


def _event(number: int, outbox: str, n: int, one: _Told, own: str) -> dict[str, Any]:
    return {
        "id": number,
        "outbox": outbox,
        "n": n,
        "agent_id": one.use.place.agent,
        "kind": one.kind,
        "session": None if one.kind == AccessDenied.KIND else one.use.id,
        "received_at": one.at,
        "simulated": True,
        "payload_hash": own,
    }


def _write_denials(told: list[_Told]) -> None:
    rows = [
        {
            "event_id": number,
            "machine_id": one.use.place.machine,
            "holder_number": one.use.who.holder if number % 9 else None,
            "token": one.use.who.token if number % 9 else f"{number:032x}",
            "reasons": [_REASON if number % 9 else "unknown_token"],
            "at": one.at,
        }
        for number, one in enumerate(told, 1)
        if one.kind == AccessDenied.KIND
    ]
    add_rows(Denial, rows)


# --- what an event looks like on the wire ---------------------------------------------------------------------------------

_MARK_ID = "00000000-0000-4000-8000-00000000000"
_MARKS = {
    "outbox": _MARK_ID + "1",
    "session": _MARK_ID + "2",
    "machine": "@machine",
    "token": "@token",
    "payer": "@payer",
}
_NUMBERS = {"n": 990_001, "holder": 990_002, "began_ms": 990_003, "at_ms": 990_004, "seconds": 990_005}
_REASON = "qualification_missing"


def _pattern(body: Any) -> bytes:
    """An event as agents write it, with a place for each value that differs."""
    text = encode_event(_MARKS["outbox"], _NUMBERS["n"], body, True).replace(b"%", b"%%")
    for name, mark in _MARKS.items():
        text = text.replace(mark.encode(), b"%%(%s)s" % name.encode())
    for name, number in _NUMBERS.items():
        text = text.replace(str(number).encode(), b"%%(%s)d" % name.encode())
    return text


def _at(mark: str) -> Stamp:
    return Stamp("boot-1", _NUMBERS[mark], _NUMBERS[mark], TimeQuality.SYNCED)


_WHO = (_MARKS["session"], _MARKS["machine"], _NUMBERS["holder"])
_STARTED = _pattern(SessionStarted(*_WHO, _MARKS["token"], _MARKS["payer"], False, 1, _at("began_ms"))).decode()
_FROM, _TO, _SECONDS = _at("began_ms"), _at("at_ms"), _NUMBERS["seconds"]
_ENDED = _pattern(
    SessionEnded(*_WHO, _MARKS["payer"], 1, _FROM, _TO, _SECONDS, _SECONDS, None, None, EndReason.HOLDER, 1)
).decode()
_REFUSED = (_MARKS["machine"], _MARKS["token"], _NUMBERS["holder"], (DenialReason(_REASON),), 1, _at("at_ms"))
_DENIED = _pattern(AccessDenied(*_REFUSED)).decode()


def _payload(pattern: str, outbox: str, n: int, one: _Told) -> bytes:
    use = one.use
    values = {
        "outbox": outbox,
        "n": n,
        "session": use.id,
        "machine": use.place.code,
        "token": use.who.token,
        "payer": use.who.payer_code,
        "holder": use.who.holder,
        "began_ms": int(use.began.timestamp() * 1000),
        "at_ms": int(one.at.timestamp() * 1000),
        "seconds": use.seconds,
    }
    return (pattern % values).encode()
