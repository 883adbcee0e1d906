"""One session as its page shows it: the facts, what was decided about it, and who might be meant in one entered by hand."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from server.billing.late import issued_months
from server.billing.models import Charge, Document
from server.dashboard.board import AgentFacts, is_silent
from server.db import db, reading
from server.domain.decisions import AS_MEASURED, BY_HAND, Decision, counted
from server.domain.usage import Session, SessionState
from server.machines.models import Machine, MachineLive
from server.pages.people.finding import in_force
from server.pages.people.names import Named, everybody, matching, named
from server.pages.sessions.evidence import Evidence, evidence_of
from server.people.models import Membership, Payer, Tenant, TenantKind
from server.usage import decisions, sessions
from server.usage.models import SessionDecision, UsageSession
from server.usage.service import SILENT_AFTER

_SHOWN = 8  # people to choose from


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """``version``: how many decisions there were; ``document``: the number of the one it is charged on; ``is_settled``: that
    was so long ago that no later bill puts it right, only a credit note does."""

    session: Session
    machine: str
    machine_name: str
    person: Named
    tenant: str
    tenant_name: str
    internal: bool
    cost_centre: str
    decision: Decision
    version: int
    document: str | None
    is_settled: bool
    runs_now: bool  # its machine says so, this minute
    evidence: Evidence

    @property
    def is_open(self) -> bool:
        return self.session.state == SessionState.OPEN

    @property
    def by_hand(self) -> bool:
        return self.session.time_quality == BY_HAND

    @property
    def counted_s(self) -> int | None:
        return counted(self.session.state, self.session.occupied_s, self.decision)

    @property
    def counts_until(self) -> datetime | None:
        """Where a decision lets it end."""
        counted_s = self.counted_s
        return None if counted_s is None else self.session.started_at + timedelta(seconds=counted_s)

    def is_silent(self, now: datetime) -> bool:
        return self.is_open and self.session.last_known_at < now - SILENT_AFTER

    def until(self, now: datetime) -> datetime:
        """Up to when it is counted: an open one until now while its machine says that it runs."""
        if self.session.ended_at is not None:
            return self.session.ended_at
        return now if self.runs_now else self.session.last_known_at


def session_facts(session_id: str, now: datetime) -> SessionFacts:
    """Of a session that is there."""
    with reading():
        (found,) = sessions.read(UsageSession.id == session_id)
        machine = db.session.get_one(Machine, found.machine_id)
        tenant, payer = db.session.execute(
            select(Tenant, Payer).join(Payer, Payer.tenant_id == Tenant.id).where(Payer.id == found.payer_id)
        ).one()
        taken = select(func.count()).where(SessionDecision.session_id == session_id)
        document, is_settled = _charged_on(session_id)
        return SessionFacts(
            session=found,
            machine=machine.code,
            machine_name=machine.name,
            person=named([found.holder_number]).get(found.holder_number) or Named(found.holder_number, "", "", ""),
            tenant=tenant.code,
            tenant_name=tenant.name,
            internal=tenant.kind == TenantKind.INTERNAL,
            cost_centre=payer.cost_centre,
            decision=decisions.newest(UsageSession.id == session_id).get(session_id, AS_MEASURED),
            version=db.session.scalar(taken) or 0,
            document=document,
            is_settled=is_settled,
            runs_now=_runs_now(machine, session_id, now),
            evidence=evidence_of(session_id, machine.code),
        )


def _charged_on(session_id: str) -> tuple[str | None, bool]:
    last = select(Document).join(Charge, Charge.document_id == Document.id).where(Charge.subject == session_id)
    document = db.session.scalar(last.order_by(Charge.round.desc()).limit(1))
    if document is None:
        return None, False
    return document.number, not issued_months(document.specimen).later(document.month)


def _runs_now(machine: Machine, session_id: str, now: datetime) -> bool:
    """Whether the machine's agent says so, and said it just now."""
    live = select(MachineLive.session).where(MachineLive.machine_id == machine.id)
    agent = AgentFacts(machine.agent.name, machine.agent.online, machine.agent.last_seen_at)
    return db.session.scalar(live) == session_id and not is_silent(agent, running=True, now=now)


def who_is_meant(typed: str) -> list[Named]:
    """The first few people whose name was typed."""
    with reading():
        return matching(everybody(), typed)[:_SHOWN] if typed else []


def payers_of(holder: int, now: datetime) -> tuple[Named | None, list[tuple[str, str]]]:
    """Somebody, and the cost centres that may be charged for them now; the default one first."""
    own = (
        select(Payer.code, Tenant.name, Payer.cost_centre)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .join(Membership, Membership.tenant_id == Tenant.id)
        .where(Membership.holder_number == holder, in_force(Membership, now), Membership.ended_at.is_(None))
        .where(in_force(Payer, now))
        .order_by(Membership.rank, Payer.id != Membership.payer_id, Payer.cost_centre)
    )
    with reading():
        found = named([holder]).get(holder)
        payers = {
            code: f"{tenant} · {centre}" if centre else tenant for code, tenant, centre in db.session.execute(own)
        }
    return found, list(payers.items())


def machine_choices() -> list[tuple[str, str]]:
    """Every machine of the lab, by name."""
    here = select(Machine.code, Machine.name, Machine.room).where(Machine.ended_at.is_(None)).order_by(Machine.name)
    with reading():
        rows = db.session.execute(here).all()
    return [(code, f"{name} · {room}" if room else name) for code, name, room in rows]
