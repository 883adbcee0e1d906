"""Which machines know that a badge is blocked.

Nothing is worked out from what was sent: each agent reports, as an event, every revocation that it enforces from the list
it holds now. One that has not told so may still start a machine for this badge, at the longest until its list expires.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from server.db import db, reading
from server.domain.access import VALIDITY
from server.lists.models import PublishedList
from server.machines.models import Agent, Machine
from server.pages.people.names import natural
from server.usage.models import Event, EventPayload, Notice
from wire.messages import ListExtended, RevocationsInForce, RiskClass, Taken, WireError, decode_body, decode_envelope

_MS = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Word(StrEnum):
    KNOWS = "knows"
    COMING = "coming"  # its agent is there and will have told in a moment
    KEEPS = "keeps"  # its agent is away, and goes by the list from before
    EXPIRED = "expired"  # its agent is away, and the list from before is over: it starts nothing


@dataclass(frozen=True, slots=True)
class Standing:
    """``until``: the longest the machine goes by a list that lets the badge in. ``away_since``: of its agent."""

    code: str
    name: str
    word: Word
    until: datetime | None
    away_since: datetime | None


@dataclass(frozen=True, slots=True)
class Spread:
    machines: tuple[Standing, ...]

    @property
    def known(self) -> int:
        return sum(1 for one in self.machines if one.word is Word.KNOWS)

    @property
    def others(self) -> list[Standing]:
        return [one for one in self.machines if one.word is not Word.KNOWS]


def spread_of(ref: str, blocked_at: datetime, now: datetime) -> Spread:
    """For a badge that was blocked at this moment."""
    wanted = (
        select(Machine, Agent, PublishedList.issued_at)
        .join(Agent, Agent.id == Machine.agent_id)
        .outerjoin(PublishedList, PublishedList.agent_id == Agent.id)
        .where(Machine.ended_at.is_(None))
    )
    with reading():
        told = _told(ref, blocked_at)
        extended = _extended()
        rows = db.session.execute(wanted).all()
        found = [_standing(*row, told, extended.get(row[0].id), now) for row in rows]
    return Spread(tuple(sorted(found, key=lambda one: natural(one.name))))


def _standing(
    machine: Machine, agent: Agent, issued_at: datetime | None, told: set[int], extended: datetime | None, now: datetime
) -> Standing:
    away = None if agent.online else agent.last_seen_at
    if agent.id in told:
        return Standing(machine.code, machine.name, Word.KNOWS, None, away)
    until = _valid_until(machine, agent, issued_at, extended)
    if agent.online:
        return Standing(machine.code, machine.name, Word.COMING, until, None)
    word = Word.EXPIRED if until is None or until <= now else Word.KEEPS
    return Standing(machine.code, machine.name, word, until, away)


def _valid_until(
    machine: Machine, agent: Agent, issued_at: datetime | None, extended: datetime | None
) -> datetime | None:
    """When the list expires that this agent holds, at the latest: its number is no lower than the milliseconds at which it
    was written, and none was written after the last one."""
    if not agent.revision:
        return None  # it never had one
    lasts = (
        VALIDITY[RiskClass(machine.risk)] if machine.list_valid_s is None else timedelta(seconds=machine.list_valid_s)
    )
    written = _EPOCH + agent.revision * _MS
    written = written if issued_at is None else min(written, issued_at)
    return max(written + lasts, extended or written)


def _told(ref: str, blocked_at: datetime) -> set[int]:
    """The agents that have reported to enforce this block."""
    wanted = (
        select(Event.agent_id, EventPayload.payload)
        .join(EventPayload, EventPayload.event_id == Event.id)
        .where(Event.kind == RevocationsInForce.KIND, Event.received_at >= blocked_at)
    )
    at_ms = (blocked_at - _EPOCH) // _MS
    return {agent for agent, payload in db.session.execute(wanted) if _names(payload, ref, at_ms)}


def _names(payload: bytes, ref: str, at_ms: int) -> bool:
    try:
        body: Any = decode_body(decode_envelope(payload))
    except WireError:
        return False
    revoked: Sequence[Any] = body.revoked if isinstance(body, RevocationsInForce) else ()
    return any(one.kind == Taken.TOKEN and one.ref == ref and one.at_ms >= at_ms for one in revoked)


def _extended() -> dict[int, datetime]:
    """Until when staff let expired lists go on, by machine."""
    wanted = select(Notice.machine_id, func.max(Notice.until)).where(Notice.kind == ListExtended.KIND)
    rows = db.session.execute(wanted.group_by(Notice.machine_id))
    return {machine: until if until.tzinfo else until.replace(tzinfo=UTC) for machine, until in rows if until}
