"""An agent on paper: an outbox with numbers, whose events the tests hand to ingest by hand; and a lab for it to stand in."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from server.db import writing
from server.ingest import Incoming
from server.machines import service as machines
from server.people import service as people
from server.people.models import TenantKind
from tests.remembered import remembered
from wire.messages import (
    AccessDenied,
    AgentStarted,
    Body,
    Checkpoint,
    DenialReason,
    EndReason,
    Fault,
    Gap,
    Revocation,
    RevocationsInForce,
    RiskClass,
    RunningSession,
    SessionEnded,
    SessionStarted,
    Stamp,
    TimeQuality,
    encode_event,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MACHINES = {"p1": "agent-1", "p2": "agent-1", "c1": "agent-2"}
PAYER = "acme"


@remembered
def furnish(now: datetime) -> None:
    """Two agents, three machines, one tenant with one payer."""
    desk: dict[str, Any] = {"actor": "desk", "now": now}
    with writing():
        people.add_tenant("acme", "Acme", TenantKind.COMPANY, **desk)
        people.add_payer("acme", PAYER, "lab", "Acme", **desk)
        for agent in sorted(set(MACHINES.values())):
            machines.add_agent(agent, **desk)
        for code, agent in MACHINES.items():
            machines.add_machine(code, code.upper(), "printer", agent, RiskClass.LOW, **desk)


def uuid(*seed: object) -> str:
    return str(UUID(int=Random(repr(seed)).getrandbits(128), version=4))


def stamp(at: datetime, quality: TimeQuality = TimeQuality.SYNCED, boot: str = "boot-1") -> Stamp:
    ms = (at - EPOCH) // timedelta(milliseconds=1)
    return Stamp(boot, ms % 10**9, ms, quality)


class PaperAgent:
    """Numbers its events from 1 and keeps them all, as an outbox does."""

    def __init__(self, name: str = "agent-1", outbox: str | None = None) -> None:
        self.name = name
        self.outbox = outbox or uuid("outbox", name)
        self.sent: list[Incoming] = []

    def says(self, body: Body, simulated: bool = False) -> Incoming:
        payload = encode_event(self.outbox, len(self.sent) + 1, body, simulated)
        return self.sends(payload)

    def sends(self, payload: bytes) -> Incoming:
        """Anything at all, as the next event."""
        self.sent.append(Incoming(self.name, payload))
        return self.sent[-1]

    def starts(self, session: str, machine: str, at: datetime, payer: str = PAYER) -> Incoming:
        return self.says(SessionStarted(session, machine, 123456, "f" * 32, payer, False, 7, stamp(at)))

    def ends(
        self,
        session: str,
        machine: str,
        start: datetime,
        seconds: int,
        payer: str = PAYER,
        reason: str = EndReason.HOLDER,
    ) -> Incoming:
        end = start + timedelta(seconds=seconds)
        body = SessionEnded(
            session, machine, 123456, payer, 7, stamp(start), stamp(end), seconds, seconds, None, None, reason, 2
        )
        return self.says(body)

    def checkpoints(self, at: datetime, *running: tuple[str, str, int]) -> Incoming:
        return self.says(Checkpoint(tuple(RunningSession(*one) for one in running), stamp(at)))

    def denies(self, machine: str, at: datetime, *reasons: DenialReason, token: str = "f" * 32) -> Incoming:
        return self.says(AccessDenied(machine, token, None, reasons, 7, stamp(at)))

    def faults(self, at: datetime, detail: str = "") -> Incoming:
        return self.says(Fault(None, "reader", detail, 1, stamp(at)))

    def boots(self, at: datetime) -> Incoming:
        return self.says(AgentStarted("1.0", stamp(at)))

    def lost_its_file(self, at: datetime) -> Incoming:
        return self.says(Gap(None, "not a database", stamp(at)))

    def enforces(self, at: datetime, *revoked: Revocation) -> Incoming:
        return self.says(RevocationsInForce(9, revoked, stamp(at)))


def poison(agent: PaperAgent, now: datetime) -> Incoming:
    """An event that reads well and breaks our own code: a badge revoked in a year that no calendar has."""
    holder = people.add_holder("Ada", "L", actor="desk", now=now)
    token = people.give_token(holder.number, "em4100:0999999999", bytes(32), "k1", actor="desk", now=now)
    return agent.enforces(now, Revocation("token", token.ref, 2**52))
