"""The day so far: its last events as the agents told them, and its figures. Of an event only machine and reason are kept."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from server.dashboard.board import QUARTER, Figures, Happening, load_of
from server.db import db
from server.domain.period import day_start
from server.machines.models import Agent
from server.usage.models import Denial, Event, EventPayload, UsageSession
from wire.messages import (
    AccessDenied,
    AgentStarted,
    Body,
    Fault,
    Gap,
    LatchCleared,
    ListExtended,
    ProblemReported,
    SessionAdopted,
    SessionEnded,
    SessionStarted,
    Stamp,
    WireError,
    decode_body,
    decode_envelope,
)

SHOWN = 8
_READ_BACK = 60  # events looked into to find those: an agent may just have sent yesterday's
_NEWEST = 400  # stored events to find these among; checkpoints are of no interest here
_KINDS = (
    *(SessionStarted.KIND, SessionEnded.KIND, AccessDenied.KIND, Fault.KIND, Gap.KIND, AgentStarted.KIND),
    *(SessionAdopted.KIND, ProblemReported.KIND, LatchCleared.KIND, ListExtended.KIND),
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def happenings_since(midnight: datetime, names: Mapping[str, str]) -> tuple[Happening, ...]:
    """The newest events since midnight, newest first. ``names`` are the machines' by their code.

    The newest of all are taken before their kind is asked for: by kind first, a database sorts years of events.
    """
    newest = select(Event.id, Event.agent_id, Event.kind).order_by(Event.id.desc()).limit(_NEWEST).subquery()
    wanted = (
        select(newest.c.id, EventPayload.payload, Agent.name)
        .join(EventPayload, EventPayload.event_id == newest.c.id)
        .join(Agent, Agent.id == newest.c.agent_id)
        .where(newest.c.kind.in_(_KINDS))
        .order_by(newest.c.id.desc())
        .limit(_READ_BACK)
    )
    told = (_happening(number, raw, agent, names) for number, raw, agent in db.session.execute(wanted))
    today = [happening for happening in told if happening and happening.at >= midnight]
    return tuple(sorted(today, key=lambda happening: (happening.at, happening.event), reverse=True)[:SHOWN])


def figures_of(day: date, now: datetime, zone: ZoneInfo) -> Figures:
    """Sessions begun, seconds measured in those that ended, taps refused, and the machines in use by quarter hour."""
    midnight = day_start(day, zone)
    begun = db.session.scalar(select(func.count()).where(UsageSession.started_at >= midnight))
    measured = db.session.scalar(select(func.sum(UsageSession.occupied_s)).where(UsageSession.ended_at >= midnight))
    refused = db.session.scalar(select(func.count()).where(Denial.at >= midnight))
    load = load_of(_spans(midnight), midnight, now)
    quarters = (day_start(day + timedelta(days=1), zone) - midnight) // QUARTER
    return Figures(begun or 0, measured or 0, refused or 0, load, quarters, _hours(day, zone))


def _hours(day: date, zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
    midnight = day_start(day, zone)
    clock = {hour: datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC) for hour in range(24)}
    return tuple((hour, (moment - midnight) // QUARTER) for hour, moment in clock.items())


def _spans(midnight: datetime) -> list[tuple[int, datetime, datetime | None]]:
    reaches_today = or_(UsageSession.ended_at.is_(None), UsageSession.ended_at >= midnight)
    wanted = select(UsageSession.machine_id, UsageSession.started_at, UsageSession.ended_at).where(reaches_today)
    return [(machine, started, ended) for machine, started, ended in db.session.execute(wanted)]


class _Told(NamedTuple):
    at: Stamp
    machine: str | None = None
    reasons: tuple[str, ...] = ()
    seconds: int | None = None
    kind: str = ""


def _happening(number: int, raw: bytes, agent: str, names: Mapping[str, str]) -> Happening | None:
    told = _told(raw)
    if told is None:
        return None
    at = _EPOCH + timedelta(milliseconds=told.at.wall_ms)
    machine = told.machine if told.machine in names else ""
    subject = names[machine] if machine else told.machine or agent
    return Happening(number, at, told.kind, subject, machine or "", told.reasons, told.seconds)


@lru_cache(
    maxsize=4 * _READ_BACK
)  # an event never changes, and the board looks at the same ones several times a second
def _told(raw: bytes) -> _Told | None:
    try:
        envelope = decode_envelope(raw)
        told = _what(decode_body(envelope))
    except WireError:
        return None  # stored by a server that could read more than this one
    return told and told._replace(kind=envelope.kind)


def _what(body: Body | None) -> _Told | None:
    """What of an event may stand on the board: never who."""
    match body:
        case SessionStarted():
            return _Told(body.started, body.machine)
        case SessionEnded():
            return _Told(body.ended, body.machine, (str(body.reason),), body.occupied_s)
        case AccessDenied():
            return _Told(body.at, body.machine, tuple(map(str, body.reasons)))
        case Fault():
            return _Told(body.at, body.machine, (body.code,))
        case SessionAdopted():
            return _Told(body.at, body.machine, seconds=max(0, body.gap_s))
        case ProblemReported() | LatchCleared() | ListExtended():
            return _Told(body.at, body.machine)
        case Gap() | AgentStarted():
            return _Told(body.at)
        case _:
            return None
