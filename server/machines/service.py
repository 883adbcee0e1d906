"""Changes to what is switched: agents, machines and their rules, opening hours, and the wishes staff send to a machine.

Every function runs inside ``writing()``, audits, and announces ``access``. Refusals raise MachineError with a sentence.
A wish is desired state in the next list, not a command; only a badge at the machine ever closes a permit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime, time
from itertools import pairwise
from typing import Any, NamedTuple
from zlib import crc32

from sqlalchemy import delete, func, select

from server.audit import service as audit
from server.db import Stale, db, expect_version, writing
from server.domain.commissioning import Why, needs_record
from server.domain.refusals import Refusal
from server.domain.rules import clashes
from server.jobs import service as jobs
from server.machines.models import Agent, Machine, OpeningHours, Room
from wire.messages import OnMaximum, Policy, RiskClass, Service
from wire.topics import is_agent_name

MACHINES_PER_AGENT = 4
USUAL_POLICY = Policy()
END_OF_DAY = time(23, 59, 59, 999999)


class MachineError(Refusal):
    """What was asked cannot be done, in a sentence for the one who asked."""


class Hours(NamedTuple):
    """One opening on one weekday (0 is Monday), on the lab's clock. ``END_OF_DAY`` closes at midnight."""

    weekday: int
    opens: time
    closes: time


def add_agent(name: str, *, actor: str, now: datetime) -> Agent:
    """An agent the server listens to. Its name is also its account at the broker."""
    with writing() as session:
        if not is_agent_name(name):
            raise MachineError("“%(name)s” cannot name an agent: 2 to 40 of a–z, 0–9 and -.", name=name)
        if session.scalar(select(Agent.id).where(Agent.name == name)) is not None:
            raise MachineError("There is already an agent %(name)s. Its name is never given again.", name=name)
        agent = Agent(name=name)
        session.add(agent)
        audit.record(actor, "add", "agent", name, None, {}, "", now)
        jobs.announce("access", f"agent:{name}", now)
    return agent


def add_machine(
    code: str,
    name: str,
    category: str,
    agent_name: str,
    risk: RiskClass,
    room: str = "",
    policy: Policy = USUAL_POLICY,
    list_valid_s: int | None = None,
    *,
    actor: str,
    now: datetime,
) -> Machine:
    """A gated machine. Nobody can start it before ``training.service.require_skills`` says what one must have learned; one
    of medium or high risk waits for its commissioning record, too.

    ``list_valid_s``: how long its agent may rely on a list, None for what is usual in its risk class.
    """
    with writing() as session:
        if session.scalar(select(Machine.id).where(Machine.code == code)) is not None:
            raise MachineError("There is already a machine %(code)s. Its code is never given again.", code=code)
        values: dict[str, Any] = {
            "name": name,
            "category": category,
            "risk": RiskClass(risk).value,
            "room": room or None,
        }
        refuse_clashes(policy)
        values |= {**asdict(policy), "on_max": policy.on_max.value, "list_valid_s": list_valid_s}
        waits = {"commission_since": now, "commission_why": Why.NEW.value} if needs_record(RiskClass(risk)) else {}
        room_called(room)
        session.add(Machine(code=code, agent_id=agent_with_place(agent_name).id, **values, **waits))
        machine = machine_by_code(code)
        audit.record(actor, "add", "machine", code, None, {"agent": agent_name, **values}, "", now)
        jobs.announce("access", f"machine:{code}", now)
    return machine


def set_service(
    code: str,
    service: Service,
    note: str = "",
    reason: str | None = None,
    decided_at: datetime | None = None,
    version: int | None = None,
    *,
    by_manager: bool = True,
    actor: str,
    now: datetime,
) -> None:
    """Take a machine out of service, into maintenance, or back in. ``note`` is shown on its panel.

    ``reason``: for the audit trail, where it is not the note. ``decided_at``: where somebody decided it before ``now``.
    ``by_manager``: whether ``actor`` may end a maintenance that somebody else has begun.
    """
    with writing():
        machine = machine_by_code(code)
        expect_version(machine, version)
        goes_on = machine.service == service == Service.MAINTENANCE
        if machine.service == Service.MAINTENANCE and not (goes_on or by_manager or machine.service_by == actor):
            raise MachineError("Only who began this maintenance, or a manager, ends it: somebody may be inside.")
        before = {"service": machine.service, "note": machine.service_note}
        machine.service, machine.service_note, machine.service_at = Service(service).value, note, decided_at or now
        machine.service_by = machine.service_by if goes_on else actor
        after = {"service": machine.service}
        audit.record(actor, "service", "machine", code, before, after, note if reason is None else reason, now)
        jobs.announce("access", f"machine:{code}", now)


def end_session_wish(code: str, session_id: str | None, reason: str, *, actor: str, now: datetime) -> None:
    """Ask the agent to end this session (None takes the wish back). A session that is no longer running is not touched."""
    with writing():
        machine = machine_by_code(code)
        before = {"end_session": machine.end_session}
        machine.end_session = session_id
        audit.record(actor, "end_session", "machine", code, before, {"end_session": session_id}, reason, now)
        jobs.announce("access", f"machine:{code}", now)


def clear_latch(code: str, upto: int, reason: str, *, actor: str, now: datetime) -> None:
    """Clear what latched this machine up to the agent's event number ``upto``; a later latch stays.

    Refused for an older number than before, unless the agent has not come that far: then it began to count anew, and the
    number before means nothing to it.
    """
    with writing():
        machine = machine_by_code(code)
        if upto < machine.clear_latch_upto <= machine.agent.last_n:
            raise MachineError("Latches are already cleared up to event %(event)s.", event=machine.clear_latch_upto)
        before = {"clear_latch_upto": machine.clear_latch_upto}
        machine.clear_latch_upto = upto
        audit.record(actor, "clear_latch", "machine", code, before, {"clear_latch_upto": upto}, reason, now)
        jobs.announce("access", f"machine:{code}", now)


def set_opening_hours(
    category: str, hours: Sequence[Hours], version: int | None = None, *, actor: str, now: datetime
) -> None:
    """Replace when machines of a category may be started. No hours at all means always.

    ``version``: what ``hours_version`` said of those that are replaced; Stale if they are others by now.
    """
    _refuse_odd_hours(hours)
    with writing() as session:
        of_category = OpeningHours.category == category
        old = _as_text(session.scalars(select(OpeningHours).where(of_category)).all())
        if version is not None and version != _version_of(old):
            raise Stale
        session.execute(delete(OpeningHours).where(of_category))
        session.add_all(OpeningHours(category=category, **one._asdict()) for one in hours)
        audit.record(actor, "hours", "category", category, {"hours": old}, {"hours": _as_text(hours)}, "", now)
        jobs.announce("access", f"category:{category}", now)


def hours_version(hours: Iterable[OpeningHours | Hours]) -> int:
    """A number that changes with the hours of a category: they are many rows, and none of them has a version."""
    return _version_of(_as_text(hours))


def policy_of(machine: Machine) -> Policy:
    """The rules of a machine as its agent gets them."""
    values = {field.name: getattr(machine, field.name) for field in fields(Policy)}
    return Policy(**{**values, "on_max": OnMaximum(machine.on_max)})


def refuse_clashes(policy: Policy) -> None:
    """Raises the first RuleClash there is."""
    for clash in clashes(policy):
        raise clash


def machine_by_code(code: str) -> Machine:
    machine: Machine | None = db.session.scalar(select(Machine).where(Machine.code == code))
    if machine is None:
        raise MachineError("There is no machine %(code)s.", code=code)
    return machine


def room_called(name: str) -> None:
    """Make sure there is a room of this name. Where it lies on the plan is said later."""
    if name and db.session.scalar(select(Room.id).where(Room.name == name)) is None:
        db.session.add(Room(name=name))
        db.session.flush()


def agent_by_name(name: str) -> Agent:
    agent: Agent | None = db.session.scalar(select(Agent).where(Agent.name == name))
    if agent is None:
        raise MachineError("There is no agent %(name)s.", name=name)
    return agent


def agent_with_place(name: str) -> Agent:
    """An agent that can gate one more machine."""
    agent = agent_by_name(name)
    if agent.ended_at is not None:
        raise MachineError("%(name)s is no longer in service: choose another agent.", name=name)
    machines = (
        db.session.scalar(select(func.count()).where(Machine.agent_id == agent.id, Machine.ended_at.is_(None))) or 0
    )
    if machines >= MACHINES_PER_AGENT:
        raise MachineError(
            "%(name)s already gates %(count)s machines, as many as an agent can.", name=name, count=machines
        )
    return agent


def _refuse_odd_hours(hours: Sequence[Hours]) -> None:
    for one in hours:
        if not (0 <= one.weekday <= 6 and one.opens < one.closes):
            raise MachineError(
                "Opens %(opens)s, closes %(closes)s: it must close later the same day.",
                opens=f"{one.opens:%H:%M}",
                closes=f"{one.closes:%H:%M}",
            )
    for before, after in pairwise(sorted(hours)):
        if before.weekday == after.weekday and after.opens < before.closes:
            raise MachineError(
                "Two openings of one day overlap: one closes at %(closes)s, the next opens at %(opens)s.",
                closes=f"{before.closes:%H:%M}",
                opens=f"{after.opens:%H:%M}",
            )


def _as_text(hours: Iterable[OpeningHours | Hours]) -> list[str]:
    return sorted(f"{one.weekday} {one.opens:%H:%M}-{one.closes:%H:%M}" for one in hours)


def _version_of(lines: list[str]) -> int:
    return crc32("\n".join(lines).encode())
