"""What no session tells of and a month's bills may lack: machines that drew power while nobody used them, and agents of which
nothing was heard since before the month was over."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from server.db import db
from server.domain.oddities import Odd
from server.domain.period import Period, day_of
from server.domain.usage import moment
from server.machines.models import Agent, Machine
from server.usage.models import Event, EventPayload
from wire.messages import Fault, decode_body, decode_envelope

POWER = "power_without_session"  # as an agent's meter says it
_KEPT = timedelta(days=45)  # by agents, so nothing is told later than that


@dataclass(frozen=True, slots=True)
class Outside:
    """``name`` of the machine or agent; ``times`` it was told; ``subject`` is what a note about it is kept under."""

    kind: Odd
    subject: str
    name: str
    day: date | None
    since: datetime | None
    times: int = 1


def outside(period: Period, specimen: bool, now: datetime) -> list[Outside]:
    """Inside ``reading()``."""
    return [*_powered(period, specimen), *_silent(period, now)]


def _powered(period: Period, specimen: bool) -> Iterator[Outside]:
    """By machine and day, from what the agents' meters told: of the day on which it was, also where it was told later."""
    wanted = select(Event.received_at, EventPayload.payload).join(EventPayload, EventPayload.event_id == Event.id)
    wanted = wanted.where(Event.kind == Fault.KIND, Event.simulated.is_(specimen))
    wanted = wanted.where(Event.received_at >= period.start, Event.received_at < period.end + _KEPT).order_by(Event.id)
    names = dict(db.session.execute(select(Machine.code, Machine.name)).all())
    found: dict[tuple[str, date], list[datetime]] = {}
    for received_at, payload in db.session.execute(wanted):
        body = decode_body(decode_envelope(payload))
        if isinstance(body, Fault) and body.code == POWER and body.machine is not None:
            at = min(moment(body.at.wall_ms), received_at)
            if period.start <= at < period.end:
                found.setdefault((body.machine, day_of(at, period.zone)), []).append(at)
    for (machine, day), times in found.items():
        subject = f"{machine} {day.isoformat()}"
        yield Outside(Odd.POWER, subject, names.get(machine, machine), day, times[0], len(times))


def _silent(period: Period, now: datetime) -> Iterator[Outside]:
    """Agents with machines that have not spoken since before the month's end."""
    if now < period.end:
        return
    switching = select(Machine.agent_id).where(Machine.ended_at.is_(None))
    wanted = select(Agent.name, Agent.last_seen_at).where(Agent.ended_at.is_(None), Agent.id.in_(switching))
    wanted = wanted.where(Agent.last_seen_at < period.end)
    for name, seen in db.session.execute(wanted.order_by(Agent.name)):
        assert seen is not None, "asked for"
        yield Outside(Odd.SILENT_AGENT, name, name, day_of(seen, period.zone), seen)
