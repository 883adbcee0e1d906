"""Somebody at the desk who lends badges, and the machine at whose reader badges are held."""

from datetime import timedelta

from sqlalchemy import select

from server.db import db, reading, writing
from server.domain.roles import Role
from server.machines.models import Machine
from server.people.models import Payer
from server.usage.models import Denial, Event, Outbox, UsageSession
from tests.server.signed_in import clock_of, signed_in, web_app


class Desk:
    """Somebody at the desk who waits for a badge, and the machine it is held to."""

    def __init__(self, database_url, lab, now):
        self.web = web_app(database_url, now)
        self.client = signed_in(self.web, Role.DESK)
        self.lab = lab
        self.now = now
        self.events = 0

    def wait(self, **asked):
        """Press "wait" and return the address of the page that waits."""
        answer = self.client.post(f"/people/{self.lab.holder}/badges/new", query_string=asked, data={"machine": "p1"})
        assert answer.status_code == 303
        return answer.location

    def later(self, seconds):
        self.now += timedelta(seconds=seconds)
        clock_of(self.web).moment = self.now

    def tap(self, fingerprint, *reasons, at=None, holder=None):
        """A refusal arrives from the agent; ``at`` is what its clock said."""
        self.events += 1
        with writing() as session:
            machine = session.scalars(select(Machine).where(Machine.code == "p1")).one()
            if session.get(Outbox, "box") is None:
                session.add(Outbox(id="box", agent_id=machine.agent_id, first_seen_at=self.now))
                session.flush()
            event = Event(outbox="box", n=self.events, agent_id=machine.agent_id, kind="access_denied", simulated=False)
            event.received_at, event.payload_hash, event.chain_hash = self.now, "0" * 64, "0" * 64
            session.add(event)
            session.flush()
            refusal = Denial(event_id=event.id, machine_id=machine.id, holder_number=holder, token=fingerprint)
            refusal.reasons, refusal.at = [str(reason) for reason in reasons], at or self.now
            session.add(refusal)

    def start(self, holder):
        """A badge is granted, and the machine runs."""
        with writing() as session:
            machine = session.scalars(select(Machine).where(Machine.code == "p1")).one()
            facts = {"state": "open", "time_quality": "synced", "revision": 1, "simulated": False}
            payer = session.scalars(select(Payer.id).where(Payer.code == self.lab.payer)).one()
            places = {"machine_id": machine.id, "payer_id": payer, "holder_number": holder}
            session.add(UsageSession(id="s-1", started_at=self.now, **places, **facts))

    def page(self, address, **more):
        return self.client.get(address, headers=more)

    def everything(self):
        """Every row of the books, as text."""
        with reading() as session:
            return [str(tuple(row)) for table in db.metadata.sorted_tables for row in session.execute(select(table))]
