"""Codes by which a Raspberry Pi becomes an agent: made by somebody here, typed there, good once and for an hour.

A code has two halves of 80 bits each. The first is a secret, of which only the SHA-256 is kept. The second is the pin of the
lab's certificate authority: the Pi sends the secret to nobody but the server that holds that authority's certificate.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from server.audit import service as audit
from server.db import db, writing
from server.domain.commissioning import Why
from server.domain.refusals import Refusal
from server.jobs import service as jobs
from server.machines.changes import end_agent, give_machine, refuse_while_it_runs
from server.machines.commissioning import ask_for_record
from server.machines.models import Agent, Machine, MachineLive, PairingCode
from server.machines.service import MACHINES_PER_AGENT, MachineError, agent_by_name

LASTS = timedelta(hours=1)
_SECRET_BYTES = 10
_GROUP = 4


class CodeRefused(Refusal):
    """This code lets nobody in. The sentence says what to do."""


class CodeUnknown(CodeRefused):
    """There never was such a code: it is mistyped, or somebody guesses."""


@dataclass(frozen=True, slots=True)
class Code:
    """As it is shown, once. ``text`` is what is typed."""

    agent: str
    text: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Latched:
    """A machine that must not start before staff clears it. ``wish``: staff's last wish, which clears nothing new."""

    machine: str
    wish: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who the Pi with the code is from now on, and which agent is no more because of it."""

    agent: str
    language: str
    machines: tuple[str, ...]
    latched: tuple[Latched, ...]
    replaced: str | None


def make_code(
    name: str, pin: str, replaces: str | None = None, language: str = "fr", *, actor: str, now: datetime
) -> Code:
    """A code for this agent, instead of any before. ``replaces``: another agent, whose machines it takes over."""
    with writing() as session:
        agent, other = _expected(name), _expected(replaces) if replaces and replaces != name else None
        _refuse_too_few_or_many(agent, other)
        _end_open_codes(agent, now)
        secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        until = now + LASTS
        session.add(
            PairingCode(
                id=_digest(secret),
                agent_id=agent.id,
                replaces_id=None if other is None else other.id,
                language=language,
                made_by=actor[:120],
                made_at=now,
                expires_at=until,
            )
        )
        after = {"until": until, "replaces": None if other is None else other.name}
        audit.record(actor, "pairing_code", "agent", name, None, after, "", now)
    return Code(name, _grouped(secret + pin), until)


def admit(secret: str, *, now: datetime) -> Admitted:
    """Let the Pi that sent this secret be its agent. From now on the code is used. Raises CodeRefused, MachineError."""
    with writing() as session:
        code = session.get(PairingCode, _digest(secret), with_for_update=True)
        _refuse_code(code, now)
        assert code is not None
        agent = session.get_one(Agent, code.agent_id)
        other = None if code.replaces_id is None else session.get_one(Agent, code.replaces_id)
        _refuse_too_few_or_many(agent, other)
        for machine in _machines_of(agent):
            refuse_while_it_runs(machine)  # its end is told by the Pi that began it; a dead one says nothing any more
        actor = code.made_by  # the one who made the code answers for it
        if other is not None:
            for machine in _machines_of(other):
                give_machine(machine, agent, actor=actor, now=now)
            end_agent(other.name, f"replaced by {agent.name}", actor=actor, now=now)
        code.used_at = agent.paired_at = now
        agent.revoked_at = None
        machines = _machines_of(agent)
        for machine in machines:
            ask_for_record(machine, Why.AGENT, now)
        after = {"machines": [machine.code for machine in machines], "replaces": other.name if other else None}
        audit.record(actor, "paired", "agent", agent.name, None, after, "", now)
        jobs.announce("access", f"agent:{agent.name}", now)
        latched = tuple(Latched(one.code, one.clear_latch_upto) for one in machines if _is_latched(one))
        codes = tuple(machine.code for machine in machines)
        return Admitted(agent.name, code.language, codes, latched, other.name if other else None)


def revoke_agent(name: str, reason: str, *, actor: str, now: datetime) -> None:
    """Its Pi is gone: stolen, lost or broken. Its account at the broker and its open codes end; its machines stay with it,
    and wait for another Pi to be paired."""
    with writing():
        agent = _expected(name)
        _end_open_codes(agent, now)
        before = {"revoked_at": agent.revoked_at}
        agent.revoked_at, agent.online = now, False
        audit.record(actor, "revoke", "agent", name, before, {"revoked_at": now}, reason, now)
        jobs.announce("access", f"agent:{name}", now)


def _refuse_code(code: PairingCode | None, now: datetime) -> None:
    if code is None:
        raise CodeUnknown("This code is not known here. Check it letter by letter, or make a new one.")
    if code.used_at is not None:
        raise CodeRefused("This code was used already, and works once. Make a new one.")
    if code.expires_at <= now:
        raise CodeRefused(
            "This code is too old: it is good for an hour, and until a newer one is made. Make a new one."
        )


def _refuse_too_few_or_many(agent: Agent, other: Agent | None) -> None:
    """Raises MachineError where the Pi would have nothing to gate, or more than it can."""
    if agent.ended_at is not None or (other is not None and other.ended_at is not None):
        raise MachineError("%(name)s is no longer in service: choose another agent.", name=agent.name)
    machines = [*_machines_of(agent), *(_machines_of(other) if other is not None else ())]
    if not machines:
        raise MachineError("%(agent)s has no machine yet: give it one first.", agent=agent.name)
    if len(machines) > MACHINES_PER_AGENT:
        raise MachineError(
            "%(name)s already gates %(count)s machines, as many as an agent can.", name=agent.name, count=len(machines)
        )


def _expected(name: str) -> Agent:
    agent = agent_by_name(name)
    if agent.ended_at is not None:
        raise MachineError("%(name)s is no longer in service: choose another agent.", name=name)
    return agent


def _machines_of(agent: Agent) -> list[Machine]:
    wanted = select(Machine).where(Machine.agent_id == agent.id, Machine.ended_at.is_(None)).order_by(Machine.id)
    return list(db.session.scalars(wanted))


def _is_latched(machine: Machine) -> bool:
    live = db.session.get(MachineLive, machine.id)
    return live is not None and live.latched


def _end_open_codes(agent: Agent, now: datetime) -> None:
    mine = update(PairingCode).where(PairingCode.agent_id == agent.id, PairingCode.used_at.is_(None))
    db.session.execute(mine.where(PairingCode.expires_at > now).values(expires_at=now))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _grouped(text: str) -> str:
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
