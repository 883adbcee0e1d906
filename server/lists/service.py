"""Compiles the access lists of the agents, and knows which of them must be sent again.

A list goes out when something in it changed, when half of its shortest validity has passed, or when a dated fact begins
or ends. Content that equals the last one sent is not sent again before its renewal.

    for name, compiled in compile_all(now, agents, zone, key_id).items():
        if compiled.worth_sending:
            publish(name, compiled.payload)
        record(compiled, now, sent=compiled.worth_sending)
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from server.access.service import load_facts
from server.billing.models import Tariff
from server.billing.prices import rates_for
from server.db import db, reading, writing
from server.domain.access import Judged, compile_list, judge, validity
from server.domain.facts import Facts, next_turn
from server.lists.models import PublishedList
from server.machines.models import Agent
from wire.codec import dump, to_plain
from wire.messages import AccessList

_WITHOUT_MACHINES = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Compiled:
    """One agent's list, ready to send, and what to remember of it."""

    agent_id: int
    access_list: AccessList
    payload: bytes
    content_sha256: str
    renew_after: timedelta  # half of the shortest validity in it
    next_turn: datetime | None  # when it will say something else by itself
    worth_sending: bool  # False: the agent was sent just this, and it is not due for renewal


def compile_all(now: datetime, agents: Collection[str] | None, zone: ZoneInfo, key_id: str) -> dict[str, Compiled]:
    """The lists of these agents (None: of all) as they would be sent at ``now``. Facts are loaded and judged once."""
    with reading() as session:
        judged = judge(load_facts(key_id, rates_for(now)), now)
        turn = min((at for at in (next_turn(judged.facts, now), _next_price(now)) if at is not None), default=None)
        shared = {"holders": to_plain(judged.holders), "revoked": to_plain(judged.revoked)}
        rows = session.execute(
            select(Agent, PublishedList).outerjoin(PublishedList, PublishedList.agent_id == Agent.id)
        ).all()
        return {
            agent.name: _compile(judged, agent, last, zone, key_id, turn, shared)
            for agent, last in rows
            if agents is None or agent.name in agents
        }


def needs_publishing(now: datetime) -> set[str]:
    """The agents that never had a list, or whose list is due: for renewal, or because a dated fact turned."""
    wanted = select(Agent.name).outerjoin(PublishedList, PublishedList.agent_id == Agent.id)
    with reading() as session:
        due = wanted.where(PublishedList.agent_id.is_(None) | (PublishedList.renew_at <= now))
        return set(session.scalars(due))


def record(compiled: Compiled, now: datetime, sent: bool) -> None:
    """Remember that this list was sent, or (``sent`` false) that it was looked at and need not be."""
    with writing() as session:
        row = session.get(PublishedList, compiled.agent_id)
        if sent:
            row = row or PublishedList(agent_id=compiled.agent_id)
            row.revision = compiled.access_list.revision
            row.issued_at = now
            row.size = len(compiled.payload)
            row.content_sha256 = compiled.content_sha256
            session.add(row)
        if row is not None:
            renewal = row.issued_at + compiled.renew_after
            row.renew_at = renewal if compiled.next_turn is None else min(renewal, compiled.next_turn)


def _compile(
    judged: Judged,
    agent: Any,
    last: PublishedList | None,
    zone: ZoneInfo,
    key_id: str,
    turn: datetime | None,
    shared: dict[str, Any],
) -> Compiled:
    revision = _next_revision(judged.now, agent.revision, last)
    access_list = compile_list(judged, agent.name, revision, zone, key_id)
    plain = {**to_plain(replace(access_list, holders=(), revoked=())), **shared}
    content = _content_sha256(plain, judged.facts)
    renew_after = _renew_after(judged.facts, agent.name)
    same = last is not None and last.content_sha256 == content and judged.now < last.issued_at + renew_after
    return Compiled(agent.id, access_list, dump(plain), content, renew_after, turn, not same)


def _next_revision(now: datetime, in_force: int, last: PublishedList | None) -> int:
    """Rises even when the database is older than the agents, after a restore, or the clock was set back."""
    return max((last.revision if last else 0) + 1, round(now.timestamp() * 1000), in_force + 1)


def _renew_after(facts: Facts, agent: str) -> timedelta:
    return (
        min((validity(machine) for machine in facts.machines if machine.agent == agent), default=_WITHOUT_MACHINES) / 2
    )


def _content_sha256(plain: dict[str, Any], facts: Facts) -> str:
    """What the list says, without what moves by itself: its number and times, and opening hours written as moments."""
    timeless = [{**machine, "valid_until_ms": 0, "open": None} for machine in plain["machines"]]
    content = dump({**plain, "revision": 0, "issued_ms": 0, "machines": timeless})
    return hashlib.sha256(content + repr(facts.hours).encode()).hexdigest()


def _next_price(now: datetime) -> datetime | None:
    """When the next price begins or ends: the cards of the payers show prices."""
    begins = db.session.scalar(select(func.min(Tariff.valid_from)).where(Tariff.valid_from > now))
    ends = db.session.scalar(select(func.min(Tariff.valid_until)).where(Tariff.valid_until > now))
    return min((moment for moment in (begins, ends) if moment is not None), default=None)
