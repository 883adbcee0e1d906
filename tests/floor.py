"""A workshop floor for tests of the board: 24 machines in four rooms, in every state that can be told today.

The rows are what link and ingest would have written; holders exist because the ledger asks for them, not for the board.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from server.billing.models import Draft, Period
from server.db import writing
from server.jobs.service import announce
from server.machines.models import Agent, Machine, MachineLive, Room
from server.people.models import BillTo, Establishment, Payer, Tenant
from server.usage.models import Denial, Event, EventPayload, Outbox, RejectedEvent, UsageSession
from tests.remembered import remembered
from wire.messages import (
    AccessDenied,
    AgentStarted,
    Body,
    DenialReason,
    EndReason,
    Fault,
    SessionEnded,
    SessionStarted,
    Stamp,
    TimeQuality,
    encode_event,
)

HOLDER = 4711
NAMES = {
    "Impression 3D": [f"FDM {number}" for number in range(1, 9)] + ["FDM XL", "Résine 1", "Résine 2", "Frittage SLS"],
    "Halle d’usinage": ["Fraiseuse 5 axes", "Fraiseuse 3 axes", "Tour CNC", "Routeur bois", "Mini-CNC", "Scie à ruban"],
    "Laser": ["Laser CO2 A", "Laser CO2 B", "Laser fibre"],
    "Électronique": ["Pose CMS", "Refusion", "Établi de mesure et de reprise des cartes"],
}


@dataclass
class Floor:
    """The codes of the machines, and what a test does to one as the link would."""

    now: datetime
    codes: list[str]
    payer_id: int
    outbox: str = field(default_factory=lambda: str(uuid.uuid4()))
    events: int = 0

    def start(self, code: str, minutes: float = 0, now: datetime | None = None) -> str:
        """A session that began so many minutes ago."""
        now = now or self.now
        session = str(uuid.uuid4())
        started = now - timedelta(minutes=minutes)
        with writing() as transaction:
            machine = _machine(code)
            transaction.add(self._session(session, machine.id, started, "open"))
            _report(machine, "running", started, now, session=session)
            body = SessionStarted(session, code, HOLDER, "ab" * 16, "centre-1", False, 7, _stamp(started))
            self._event(machine.agent, body, now)
            announce("machine", code, now)
        return session

    def end(self, code: str, reason: EndReason = EndReason.HOLDER, now: datetime | None = None) -> None:
        now = now or self.now
        with writing() as transaction:
            machine = _machine(code)
            live = transaction.get_one(MachineLive, machine.id)
            session = transaction.get_one(UsageSession, live.session)
            session.state, session.ended_at, session.end_reason = "ended", now, reason
            session.occupied_s = int((now - session.started_at).total_seconds())
            _report(machine, "idle", now, now)
            started, ended = _stamp(session.started_at), _stamp(now)
            seconds = session.occupied_s
            body = SessionEnded(
                session.id, code, HOLDER, "centre-1", 7, started, ended, seconds, seconds, None, None, reason, 1
            )
            self._event(machine.agent, body, now)
            announce("machine", code, now)

    def deny(self, code: str, *reasons: DenialReason, minutes: int = 0) -> None:
        at = self.now - timedelta(minutes=minutes)
        with writing() as transaction:
            machine = _machine(code)
            event = self._event(machine.agent, AccessDenied(code, "cd" * 16, HOLDER, reasons, 7, _stamp(at)), at)
            names = [str(reason) for reason in reasons]
            transaction.add(
                Denial(event_id=event, machine_id=machine.id, holder_number=HOLDER, token="", reasons=names, at=at)
            )
            announce("machine", code, self.now)

    def report(self, code: str, state: str, **live: Any) -> None:
        """The agent's status names this state."""
        now = live.pop("now", self.now)
        with writing():
            _report(_machine(code), state, now, now, **live)
            announce("machine", code, now)

    def silence(self, name: str, minutes: int) -> None:
        """The agent's last will has arrived."""
        with writing() as transaction:
            agent = transaction.query(Agent).filter_by(name=name).one()
            agent.online, agent.last_seen_at = False, self.now - timedelta(minutes=minutes)
            announce("machine", name, self.now)

    def want(self, code: str, service: str, note: str = "") -> None:
        with writing():
            machine = _machine(code)
            machine.service, machine.service_note = service, note
            announce("access", code, self.now)

    def tell(self, code: str, body: Body) -> None:
        """An event of this machine's agent is stored."""
        with writing():
            self._event(_machine(code).agent, body, self.now)
            announce("machine", code, self.now)

    def tell_change(self) -> None:
        """Something changed that the board does not know how to name."""
        with writing():
            announce("session", "any", self.now)

    def _session(self, number: str, machine_id: int, started: datetime, state: str) -> UsageSession:
        return UsageSession(
            id=number,
            machine_id=machine_id,
            holder_number=HOLDER,
            payer_id=self.payer_id,
            state=state,
            started_at=started,
            time_quality="synced",
            revision=7,
            simulated=False,
        )

    def past(self, code: str, begins: datetime, minutes: int) -> None:
        """A session that is over."""
        with writing() as transaction:
            session = self._session(str(uuid.uuid4()), _machine(code).id, begins, "ended")
            session.ended_at, session.occupied_s = begins + timedelta(minutes=minutes), minutes * 60
            transaction.add(session)

    def _event(self, agent: Agent, body: Body, received: datetime) -> int:
        with writing() as transaction:
            if transaction.get(Outbox, self.outbox) is None:
                transaction.add(Outbox(id=self.outbox, agent_id=agent.id, first_seen_at=self.now))
                transaction.flush()
            self.events += 1
            event = Event(
                outbox=self.outbox,
                n=self.events,
                agent_id=agent.id,
                kind=body.KIND,
                received_at=received,
                simulated=False,
                payload_hash="0" * 64,
                chain_hash="0" * 64,
            )
            transaction.add(event)
            transaction.flush()
            raw = encode_event(self.outbox, self.events, body, False)
            transaction.add(EventPayload(event_id=event.id, salt=b"", payload=raw))
            return event.id


@remembered
def furnish(now: datetime) -> Floor:
    """24 free machines, three beside each of eight agents that are online."""
    with writing() as transaction:
        agents = [Agent(name=f"agent-{number}", online=True, last_seen_at=now, synced=True) for number in range(1, 9)]
        transaction.add_all(agents)
        tenant = Tenant(code="atelier-1", name="Atelier Un", kind="company")
        transaction.add(tenant)
        transaction.flush()
        payer = Payer(code="centre-1", tenant_id=tenant.id, cost_centre="1", label="Un", valid_from=now)
        transaction.add(payer)
        transaction.add_all(Room(name=room) for room in NAMES)
        places = [(room, name) for room, names in NAMES.items() for name in names]
        for number, (room, name) in enumerate(places):
            machine = Machine(code=f"m{number + 1}", name=name, category="all", room=room, risk="low")
            machine.agent = agents[number // 3]
            transaction.add(machine)
            transaction.flush()
            _report(machine, "idle", now, now)
        transaction.flush()
        floor = Floor(now, [f"m{number + 1}" for number in range(len(places))], payer.id)
        announce("access", "all", now)
    return floor


def busy(now: datetime) -> Floor:
    """The same floor on a lively afternoon, with something of everything to look at."""
    floor = furnish(now)
    for code, minutes, limit in (
        ("m1", 42, 240),
        ("m2", 128, 240),
        ("m5", 75, 240),
        ("m9", 200, 480),
        ("m13", 108, 240),
        ("m14", 26, 240),
        ("m16", 55, None),
        ("m19", 18, 120),
        ("m22", 31, 25),
        ("m7", 64, 240),
    ):
        with writing():
            _machine(code).max_s = limit * 60 if limit else None
        floor.start(code, minutes)
    floor.silence("agent-3", 34)
    floor.report("m15", "idle", faults=("contact_closed",))
    floor.report("m12", "idle", latched=True)
    floor.report("m20", "maintenance")
    floor.want("m20", "maintenance")
    floor.report("m21", "out_of_service")
    floor.want("m21", "out", "Miroir à régler")
    floor.start("m10", 50)
    floor.end("m10")
    floor.start("m17", 12)
    floor.end("m17", EndReason.STAFF)
    floor.deny("m4", DenialReason.QUALIFICATION_MISSING, minutes=4)
    floor.deny("m20", DenialReason.MAINTENANCE, DenialReason.QUALIFICATION_EXPIRED, minutes=9)
    floor.deny("m6", DenialReason.TENANT_SUSPENDED, minutes=21)
    floor.tell("m15", Fault("m15", "contact_closed", "", 1, _stamp(now - timedelta(minutes=23))))
    floor.tell("m3", AgentStarted("0.1.0", _stamp(now - timedelta(minutes=70))))
    _paperwork(now)
    return floor


def _paperwork(now: datetime) -> None:
    with writing() as transaction:
        tenant = transaction.query(Tenant).first()
        assert tenant
        place = Establishment(
            tenant_id=tenant.id,
            legal_name="Atelier Un",
            street="1 rue",
            postcode="68100",
            city="Mulhouse",
            country="FR",
        )
        transaction.add_all([place, Period(month="2026-09")])
        transaction.flush()
        transaction.add(BillTo(tenant_id=tenant.id, establishment_id=place.id, valid_from=now.date()))
        transaction.add(
            Draft(
                month="2026-09",
                establishment_id=place.id,
                content={},
                net_cents=0,
                vat_cents=0,
                gross_cents=0,
                held="VAT cell missing",
                built_at=now,
            )
        )
        for _ in range(2):
            transaction.add(
                RejectedEvent(agent="agent-2", received_at=now - timedelta(hours=3), reason="body", raw=b"?")
            )


def _machine(code: str) -> Machine:
    with writing() as transaction:
        return transaction.query(Machine).filter_by(code=code).one()


def _report(machine: Machine, state: str, since: datetime, seen: datetime, **live: Any) -> None:
    with writing() as transaction:
        row: dict[str, Any] = {
            "state": state,
            "since": since,
            "seen_at": seen,
            "session": None,
            "latched": False,
            "faults": [],
        } | live
        transaction.merge(MachineLive(machine_id=machine.id, **row | {"faults": list(row["faults"])}))


def _stamp(at: datetime) -> Stamp:
    return Stamp("boot-1", 1000, int(at.timestamp() * 1000), TimeQuality.SYNCED)
