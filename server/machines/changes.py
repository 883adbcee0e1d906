"""Changes to machines and agents that are there already: their rules, which agent gates them, and their end.

Like ``service``: inside ``writing()``, audited, announced. An ended machine leaves every list and board; its sessions,
charges and prices stay. Its code and an agent's name are never given again, because the past knows them.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.domain.commissioning import Why, is_raised
from server.domain.facts import Minors
from server.jobs import service as jobs
from server.machines.commissioning import ask_for_record
from server.machines.models import Agent, Machine, MachineLive
from server.machines.service import (
    MachineError,
    agent_by_name,
    agent_with_place,
    machine_by_code,
    policy_of,
    refuse_clashes,
    room_called,
)
from wire.messages import MachineState, Policy, RiskClass

_RUNNING = (MachineState.RUNNING, MachineState.ENDING, MachineState.COOLING)


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything about a machine that is decided at a desk. ``list_valid_s`` and ``minors`` None: as its risk class."""

    name: str
    category: str
    room: str
    agent: str
    risk: RiskClass
    policy: Policy
    list_valid_s: int | None
    minors: Minors | None = None


def rules_of(machine: Machine) -> Rules:
    """As they stand. Inside ``reading()`` or ``writing()``: the agent is looked up."""
    return Rules(
        machine.name,
        machine.category,
        machine.room or "",
        machine.agent.name,
        RiskClass(machine.risk),
        policy_of(machine),
        machine.list_valid_s,
        Minors(machine.minors) if machine.minors else None,
    )


def change_machine(code: str, rules: Rules, version: int | None = None, *, actor: str, now: datetime) -> None:
    """Let these rules hold from now on. Another agent takes it over only while nothing runs there: the end of a session
    is told by the agent that began it."""
    with writing():
        machine = _there(code)
        expect_version(machine, version)
        before, after = _plain(rules_of(machine)), _plain(rules)
        changed = {name for name in after if after[name] != before[name]}
        if not changed:
            return
        refuse_clashes(rules.policy)
        if "agent" in changed:
            refuse_while_it_runs(machine)
            machine.agent = agent_with_place(rules.agent)
        room_called(rules.room)
        machine.room = rules.room or None
        for name in changed - {"agent", "room"}:
            setattr(machine, name, after[name])
        _ask_for_record(machine, changed, RiskClass(before["risk"]), now)
        was, is_now = ({name: picture[name] for name in changed} for picture in (before, after))
        audit.record(actor, "change", "machine", code, was, is_now, "", now)
        jobs.announce("access", f"machine:{code}", now)
        jobs.announce("machine", code, now)


def give_machine(machine: Machine, agent: Agent, *, actor: str, now: datetime) -> None:
    """Another agent takes it over, inside ``writing()``; its rules, sessions and latches stay."""
    refuse_while_it_runs(machine)
    before = {"agent": machine.agent.name}
    machine.agent = agent
    ask_for_record(machine, Why.AGENT, now)
    audit.record(actor, "change", "machine", machine.code, before, {"agent": agent.name}, "", now)
    jobs.announce("access", f"machine:{machine.code}", now)
    jobs.announce("machine", machine.code, now)


def touch_machine(code: str) -> None:
    """Move its version on, inside ``writing()``: what stands beside its row has changed, such as the skills it asks for."""
    machine = machine_by_code(code)
    flag_modified(machine, "category")
    db.session.flush()


def end_machine(code: str, reason: str, version: int | None = None, *, actor: str, now: datetime) -> None:
    """It is gone from the lab. Whoever asks has made sure that the ledger has no open session of it."""
    with writing():
        machine = _there(code)
        expect_version(machine, version)
        refuse_while_it_runs(machine)
        machine.ended_at = now
        audit.record(actor, "end", "machine", code, {"ended_at": None}, {"ended_at": now}, reason, now)
        jobs.announce("access", f"machine:{code}", now)
        jobs.announce("machine", code, now)


def end_agent(name: str, reason: str, *, actor: str, now: datetime) -> None:
    """It is no longer expected. Its machines must have gone to other agents, or be ended, before."""
    with writing() as session:
        agent = agent_by_name(name)
        there = select(Machine.name).where(Machine.agent_id == agent.id, Machine.ended_at.is_(None))
        names = list(session.scalars(there.order_by(Machine.id)))
        if names:
            raise MachineError(
                "Still hanging on %(agent)s: %(machines)s. Give them to another agent first, or end them.",
                machines=", ".join(names),
                agent=name,
            )
        agent.ended_at, agent.online = now, False
        audit.record(actor, "end", "agent", name, {"ended_at": None}, {"ended_at": now}, reason, now)
        jobs.announce("access", f"agent:{name}", now)


def note_new_password(name: str, known_to_broker: bool, *, actor: str, now: datetime) -> None:
    """Write down that a new configuration file was made for an agent, which revokes the password before. An agent whose Pi
    was revoked is let in again with it."""
    with writing():
        agent = agent_by_name(name)
        before = None if agent.revoked_at is None else {"revoked_at": agent.revoked_at}
        after = {"known_to_broker": known_to_broker} | ({} if before is None else {"revoked_at": None})
        agent.revoked_at = None
        audit.record(actor, "password", "agent", name, before, after, "", now)
        jobs.announce("access", f"agent:{name}", now)


def _ask_for_record(machine: Machine, changed: set[str], risk_before: RiskClass, now: datetime) -> None:
    """Another Pi, or a higher class of risk: the record from before was about something else."""
    if "agent" in changed:
        ask_for_record(machine, Why.AGENT, now)
    elif "risk" in changed and (is_raised(risk_before, RiskClass(machine.risk)) or machine.commission_since):
        ask_for_record(machine, Why.RISK, now)


def _there(code: str) -> Machine:
    machine = machine_by_code(code)
    if machine.ended_at is not None:
        raise MachineError("%(machine)s has been taken out of the lab and is no longer changed.", machine=machine.name)
    return machine


def refuse_while_it_runs(machine: Machine) -> None:
    """As its agent said last. What an agent said that is gone by now is no news: the ledger knows better."""
    live = db.session.get(MachineLive, machine.id)
    if live is not None and live.state in _RUNNING and machine.agent.online:
        raise MachineError("%(machine)s is running. Wait for the end of the session.", machine=machine.name)


def _plain(rules: Rules) -> dict[str, Any]:
    plain = asdict(rules)
    policy = plain.pop("policy")
    minors = rules.minors.value if rules.minors else None
    return {**plain, **policy, "risk": rules.risk.value, "on_max": rules.policy.on_max.value, "minors": minors}
