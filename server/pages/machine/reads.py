"""Reads one machine's page: its rules and agent, the sessions of its day and weeks, and who is qualified for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from server.db import db, reading
from server.domain import occupancy
from server.domain.facts import HoursFact
from server.domain.occupancy import Span, Week
from server.domain.period import day_of, day_start
from server.lists.models import PublishedList
from server.machines.models import Agent, Machine, MachineLive, MachineSkill, OpeningHours
from server.machines.service import policy_of
from server.pages.machine.box import Box, Bypassed, Told, box_of, bypass_of, told_by
from server.pages.people.names import named
from server.people.models import Payer
from server.training.holding import holders_of
from server.training.models import Skill
from server.usage import sessions
from server.usage.models import UsageSession
from server.web.here import now, zone
from wire.messages import Policy

WEEKS = 12
_LAST = 12
_LONGEST = timedelta(days=31)  # a session that has ended went on for less
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AgentHealth:
    """``waiting``: the list last sent, where it is not yet the one in force."""

    name: str
    online: bool
    seen_at: datetime | None
    version: str
    synced: bool
    revision: int
    waiting: int | None
    disk_free_mb: int | None


@dataclass(frozen=True, slots=True)
class Sat:
    """One session. ``who`` and ``payer`` are empty for those who may not know; ``end`` is None while it goes on."""

    id: str
    start: datetime
    end: datetime | None
    seconds: int
    reason: str
    who: str = ""
    payer: str = ""


@dataclass(frozen=True, slots=True)
class Qualified:
    number: int
    name: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class MachineNow:
    """What staff ask something of. ``last_event``: the newest number its agent has written, up to which a stop can be
    cleared."""

    code: str
    name: str
    room: str
    version: int
    service: str
    note: str
    latched: bool
    last_event: int
    running: Sat | None
    bypass: Bypassed
    service_by: str


@dataclass(frozen=True, slots=True)
class MachinePage:
    """All of it. ``last`` and ``qualified`` are empty for those who may not know them; ``hours`` of a machine that is
    always open too."""

    code: str
    name: str
    room: str
    category: str
    risk: str
    service: str
    note: str
    latched: bool
    policy: Policy
    bypass: Bypassed
    box: Box
    told: tuple[Told, ...]
    ended_at: datetime | None
    wish: str | None
    agent: AgentHealth
    skills: tuple[str, ...]
    hours: tuple[HoursFact, ...]
    today: tuple[Sat, ...]
    last: tuple[Sat, ...]
    sessions: int
    weeks: tuple[Week, ...]
    by_hour: tuple[tuple[int, ...], ...]
    qualified: tuple[Qualified, ...]

    @property
    def running(self) -> Sat | None:
        return next((sat for sat in self.today if sat.end is None), None)


def machine_now(code: str, sees_sessions: bool) -> MachineNow | None:
    """One machine as it stands. None where it has left the lab: nothing is asked of it any more."""
    with reading():
        found = db.session.execute(_wanted(code).where(Machine.ended_at.is_(None))).one_or_none()
        if found is None:
            return None
        machine, agent, live, _ = found
        running = _sats(_of(machine).where(UsageSession.ended_at.is_(None)), sees_sessions)
        return MachineNow(
            code=code,
            name=machine.name,
            room=machine.room or "",
            version=machine.version,
            service=machine.service,
            note=machine.service_note,
            latched=bool(live and live.latched),
            last_event=agent.last_n,
            running=next(iter(running), None),
            bypass=bypass_of(machine, now()),
            service_by=machine.service_by,
        )


def machine_page(code: str, now: datetime, sees_sessions: bool, sees_people: bool) -> MachinePage:
    """``sees_sessions``: whether the reader may know who was here and when; ``sees_people``: who is qualified."""
    with reading():
        machine, agent, live, sent = db.session.execute(_wanted(code)).one()
        midnight = day_start(day_of(now, zone()), zone())
        spans = _spans(machine, now)
        skills = select(Skill.code, Skill.name).join(MachineSkill, MachineSkill.skill_id == Skill.id)
        rows = db.session.execute(skills.where(MachineSkill.machine_id == machine.id).order_by(Skill.name))
        asked = dict(rows.all())
        last = _of(machine).order_by(UsageSession.started_at.desc()).limit(_LAST)
        return MachinePage(
            code=machine.code,
            name=machine.name,
            room=machine.room or "",
            category=machine.category,
            risk=machine.risk,
            service=machine.service,
            note=machine.service_note,
            latched=bool(live and live.latched),
            policy=policy_of(machine),
            bypass=bypass_of(machine, now),
            box=box_of(live),
            told=told_by(machine, sees_sessions),
            ended_at=machine.ended_at,
            wish=machine.end_session,
            agent=_health(agent, sent),
            skills=tuple(asked.values()),
            hours=_hours(machine),
            today=_today(machine, midnight, sees_sessions),
            last=_sats(last, sees_sessions) if sees_sessions else (),
            sessions=db.session.scalar(select(func.count()).where(UsageSession.machine_id == machine.id)) or 0,
            weeks=occupancy.weeks(spans, day_of(now, zone()), WEEKS, zone()),
            by_hour=occupancy.by_hour(spans, WEEKS, zone()),
            qualified=_qualified(asked, now) if sees_people else (),
        )


def _wanted(code: str) -> Select[*tuple[Any, ...]]:
    return (
        select(Machine, Agent, MachineLive, PublishedList.revision)
        .join(Agent, Agent.id == Machine.agent_id)
        .outerjoin(MachineLive, MachineLive.machine_id == Machine.id)
        .outerjoin(PublishedList, PublishedList.agent_id == Agent.id)
        .where(Machine.code == code)
    )


def _health(agent: Agent, sent: int | None) -> AgentHealth:
    waiting = sent if sent is not None and sent > agent.revision else None
    known = (agent.name, agent.online, agent.last_seen_at, agent.version, agent.synced, agent.revision)
    return AgentHealth(*known, waiting, agent.disk_free_mb)


def _hours(machine: Machine) -> tuple[HoursFact, ...]:
    wanted = select(OpeningHours.category, OpeningHours.weekday, OpeningHours.opens, OpeningHours.closes)
    return tuple(HoursFact(*row) for row in db.session.execute(wanted.where(OpeningHours.category == machine.category)))


def _spans(machine: Machine, now: datetime) -> list[Span]:
    """When somebody was at it in the last twelve weeks."""
    wanted = select(UsageSession.started_at, UsageSession.ended_at).where(
        UsageSession.machine_id == machine.id, UsageSession.started_at >= now - timedelta(weeks=WEEKS)
    )
    return [(started, ended or now) for started, ended in db.session.execute(wanted)]


def _of(machine: Machine) -> Select[*tuple[Any, ...]]:
    return (
        select(UsageSession, Payer.label)
        .join(Payer, Payer.id == UsageSession.payer_id)
        .where(UsageSession.machine_id == machine.id)
    )


def _today(machine: Machine, midnight: datetime, sees_sessions: bool) -> tuple[Sat, ...]:
    """What ended since midnight and what goes on: asked for apart, as both together go through the sessions of all years."""
    ended = _of(machine).where(UsageSession.started_at > midnight - _LONGEST, UsageSession.ended_at > midnight)
    going_on = _of(machine).where(sessions.IS_OPEN)
    return (*_sats(ended.order_by(UsageSession.started_at), sees_sessions), *_sats(going_on, sees_sessions))


def _sats(wanted: Select[*tuple[Any, ...]], sees_sessions: bool) -> tuple[Sat, ...]:
    rows = db.session.execute(wanted).all()
    people = named(row.holder_number for row, _ in rows) if sees_sessions else {}
    found = []
    for row, label in rows:
        sat = (row.id, row.started_at, row.ended_at, row.occupied_s, row.end_reason or "")
        who = people[row.holder_number].name if row.holder_number in people else ""
        found.append(Sat(*sat, who, label) if sees_sessions else Sat(*sat))
    return tuple(found)


def _qualified(asked: Collection[str], now: datetime) -> tuple[Qualified, ...]:
    """Who holds all the skills the machine asks for, with the first day on which one of them lapses."""
    until = holders_of(asked, now)
    listed = [
        Qualified(number, one.name, until[number])
        for number, one in named(until).items()
        if one.blocked_at is None and one.ended_at is None
    ]
    return tuple(sorted(listed, key=lambda one: (one.until or _NEVER, one.name)))
