"""Compiles the access lists of the agents, and knows which of them must be sent again.

A list goes out when something in it changed, when half of its shortest validity has passed, or when a dated fact begins
or ends. Content that equals the last one sent is not sent again before its renewal.

    compiled = compile_all(now, agents, zone, key_id)
    record_all([(one, one.worth_sending) for one in compiled.values()], now)
    for name, one in compiled.items():
        if one.worth_sending:
            publish(name, one.payload)
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from server.access.service import load_facts
from server.billing.left import left_now
from server.billing.prices import next_price, rates_for
from server.db import reading, writing
from server.domain.access import Judged, compile_list, judge, validity
from server.domain.facts import Facts, next_turn
from server.domain.takings import REVOKED_FOR
from server.lists.models import PublishedList
from server.lists.paper import Paper
from server.machines.models import Agent
from server.uncollected import uncollected
from wire.messages import AccessList, WrappedKey

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


def compile_all(
    now: datetime,
    agents: Collection[str] | None,
    zone: ZoneInfo,
    key_id: str,
    older_keys: Collection[str] = (),
    newer: tuple[WrappedKey, ...] = (),
) -> dict[str, Compiled]:
    """The lists of these agents (None: of all) as they would be sent at ``now``. Facts are loaded and judged once.

    ``key_id``: of the newest site key; ``older_keys``: those that still hold; ``newer``: what agents learn new keys by."""
    with reading() as session, uncollected():
        rows = session.execute(
            select(Agent, PublishedList).outerjoin(PublishedList, PublishedList.agent_id == Agent.id)
        ).all()
        since = min((last.issued_at for _, last in rows if last is not None), default=now)
        shown = rates_for(now, zone), None, now - REVOKED_FOR, older_keys, left_now(now, zone), min(since, now)
        judged = judge(load_facts(now, key_id, *shown), now, zone)
        turn = min((at for at in (next_turn(judged.facts, now), next_price(now, zone)) if at is not None), default=None)
        paper = Paper(_rules(judged))
        return {
            agent.name: _compile(
                agent, last, partial(compile_list, judged, key_id=key_id, newer=newer), judged, turn, paper
            )
            for agent, last in rows
            if agents is None or agent.name in agents
        }


def needs_publishing(now: datetime) -> set[str]:
    """The agents that never had a list, or whose list is due: for renewal, or because a dated fact turned."""
    return {name for name, due_at in due_times().items() if due_at is None or due_at <= now}


def due_times() -> dict[str, datetime | None]:
    """When each agent's list is due next, by its name; None for one that never had a list."""
    wanted = select(Agent.name, PublishedList.renew_at)
    with reading() as session:
        return dict(session.execute(wanted.outerjoin(PublishedList, PublishedList.agent_id == Agent.id)).all())


def record_all(compiled: Iterable[tuple[Compiled, bool]], now: datetime) -> None:
    """Remember of each list that it was sent, or (False) that it was looked at and need not be. One transaction: each
    is a wait for the disk, and ingest waits with it."""
    with writing() as session:
        rows = {row.agent_id: row for row in session.scalars(select(PublishedList))}
        for one, sent in compiled:
            row = rows.get(one.agent_id)
            if sent:
                row = row or PublishedList(agent_id=one.agent_id)
                row.revision = one.access_list.revision
                row.issued_at = now
                row.size = len(one.payload)
                row.content_sha256 = one.content_sha256
                session.add(row)
            if row is not None:
                renewal = row.issued_at + one.renew_after
                row.renew_at = renewal if one.next_turn is None else min(renewal, one.next_turn)


def _compile(
    agent: Any,
    last: PublishedList | None,
    compiled: Callable[..., AccessList],
    judged: Judged,
    turn: datetime | None,
    paper: Paper,
) -> Compiled:
    revision = _next_revision(judged.now, agent.revision, last)
    access_list = compiled(agent.name, revision)
    content = paper.content_sha256(access_list, _hours(judged.facts, agent.name))
    renew_after = _renew_after(judged.facts, agent.name)
    same = last is not None and judged.now < last.issued_at + renew_after
    if last is not None and same and last.content_sha256 != content:
        # what is booked leaves the list by its hour; that alone is no reason to send it again
        as_it_was = compiled(agent.name, revision, booked_since=last.issued_at)
        same = last.content_sha256 == paper.content_sha256(as_it_was, _hours(judged.facts, agent.name))
    return Compiled(agent.id, access_list, paper.payload(access_list), content, renew_after, turn, not same)


def _hours(facts: Facts, agent: str) -> str:
    """What stands in this agent's list as moments of the coming days, as it was decided."""
    categories = {machine.category for machine in facts.machines if machine.agent == agent}
    hours = [row for row in facts.hours if row.category in categories]
    closures = [one for one in facts.closures if one.category is None or one.category in categories]
    return repr((hours, closures))


def _rules(judged: Judged) -> str:
    """The same for what stands in every list so: who pays at which hours, and until which pause."""
    told = {card.id for card in judged.cards}
    payers = [one for one in judged.facts.payers if one.code in told]
    return repr((judged.facts.payer_rules, [(one.code, one.hours, one.tenant_suspended_from) for one in payers]))


def _next_revision(now: datetime, in_force: int, last: PublishedList | None) -> int:
    """Rises even when the database is older than the agents, after a restore, or the clock was set back."""
    return max((last.revision if last else 0) + 1, round(now.timestamp() * 1000), in_force + 1)


def _renew_after(facts: Facts, agent: str) -> timedelta:
    return (
        min((validity(machine) for machine in facts.machines if machine.agent == agent), default=_WITHOUT_MACHINES) / 2
    )
