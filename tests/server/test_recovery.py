"""A server restored from an older backup learns from its agents what staff took away since, and only that."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.db import db
from server.ingest import ingest
from server.machines import changes
from server.machines import service as machines
from server.machines.models import Machine
from server.people import service as people
from server.people.models import Holder, Master, Membership, Tenant, TenantKind, Token
from server.training import service as training
from server.training.models import Qualification
from server.usage import counts
from server.usage.recovery import REASON
from tests.server.paper_agent import PAYER, PaperAgent, furnish, uuid
from wire.messages import Revocation, Service, Taken

HOUR = timedelta(hours=1)


@pytest.fixture
def lab(app, now):
    furnish(now - 9 * HOUR)
    return app


@pytest.fixture
def refs(lab, now):
    """One of everything that can be taken away, as a backup would have it: nothing taken."""
    desk = {"actor": "desk", "now": now - 9 * HOUR}
    holder = people.add_holder("Ada", "L", **desk).number
    training.add_skill("laser", "Laser", **desk)
    return {
        Taken.TOKEN: people.give_token(holder, "em4100:0123456789", bytes(32), "k1", **desk).ref,
        Taken.RETURNED_TOKEN: people.give_token(holder, "em4100:0123456780", bytes(32), "k1", **desk).ref,
        Taken.MASTER: str(people.give_master(holder, "0" * 32, "k1", PAYER, **desk).holder_number),
        Taken.HOLDER: str(holder),
        Taken.QUALIFICATION: training.grant(holder, "laser", **desk).ref,
        Taken.MEMBERSHIP: people.add_membership(holder, PAYER, **desk).ref,
        Taken.TENANT: "acme",
        Taken.OUT_OF_SERVICE: "p1",
        Taken.MAINTENANCE: "p2",
    }


def taken(refs):
    """Which of them the books say are taken away."""
    wanted = {
        Taken.TOKEN: select(Token.blocked_at).where(Token.ref == refs[Taken.TOKEN]),
        Taken.RETURNED_TOKEN: select(Token.returned_at).where(Token.ref == refs[Taken.RETURNED_TOKEN]),
        Taken.MASTER: select(Master.ended_at),
        Taken.HOLDER: select(Holder.blocked_at),
        Taken.QUALIFICATION: select(Qualification.revoked_at),
        Taken.MEMBERSHIP: select(Membership.ended_at),
        Taken.TENANT: select(Tenant.suspended_from),
    }
    found = {kind for kind, row in wanted.items() if db.session.scalar(row) is not None}
    closed = {Service.OUT: Taken.OUT_OF_SERVICE, Service.MAINTENANCE: Taken.MAINTENANCE}
    return found | {closed[Service(one)] for one in db.session.scalars(select(Machine.service)) if one in closed}


def revoked(refs, at, *kinds):
    return [Revocation(kind, refs[kind], round(at.timestamp() * 1000)) for kind in kinds or refs]


def service(code):
    machine = db.session.scalars(select(Machine).where(Machine.code == code)).one()
    return Service(machine.service), machine.service_note, machine.service_at


def test_what_the_database_does_not_know_is_taken_away_again(refs, now):
    before = taken(refs)

    ingest([PaperAgent().enforces(now, *revoked(refs, now - HOUR))], now)

    assert before == set()
    assert taken(refs) == set(Taken)
    assert counts.totals() == {"recovered_revocation": len(Taken)}
    audited = select(AuditEntry.actor, AuditEntry.at).where(AuditEntry.reason == REASON)
    assert db.session.execute(audited).all() == [("agent:agent-1", now)] * len(Taken)


def test_a_second_agent_that_tells_the_same_changes_nothing(refs, now):
    ingest([PaperAgent().enforces(now, *revoked(refs, now - HOUR))], now)

    ingest([PaperAgent("agent-2").enforces(now, *revoked(refs, now - HOUR))], now + HOUR)

    assert counts.totals() == {"recovered_revocation": len(Taken)}


def test_the_panel_of_a_machine_taken_out_again_has_no_text_of_ours(refs, now):
    ingest([PaperAgent().enforces(now, *revoked(refs, now - HOUR, Taken.OUT_OF_SERVICE))], now)

    assert service("p1") == (Service.OUT, "", now - HOUR)


@pytest.mark.parametrize(
    ("kind", "take", "give_back"),
    [
        (Taken.TOKEN, people.block_token, people.unblock_token),
        (
            Taken.HOLDER,
            lambda ref, why, **by: people.block_holder(int(ref), why, **by),
            lambda ref, why, **by: people.unblock_holder(int(ref), why, **by),
        ),
        (Taken.TENANT, people.suspend_tenant, people.resume_tenant),
        (
            Taken.OUT_OF_SERVICE,
            lambda ref, why, **by: machines.set_service(ref, Service.OUT, why, **by),
            lambda ref, why, **by: machines.set_service(ref, Service.IN, "", **by),
        ),
    ],
)
def test_what_was_given_back_since_is_left_alone(refs, now, kind, take, give_back):
    take(refs[kind], "by mistake", actor="desk", now=now - 2 * HOUR)
    give_back(refs[kind], "a mistake", actor="desk", now=now - HOUR)

    ingest([PaperAgent().enforces(now, *revoked(refs, now - 2 * HOUR, kind))], now)
    untouched = taken(refs)
    ingest([PaperAgent("agent-2").enforces(now, *revoked(refs, now - HOUR / 2, kind))], now)

    assert untouched == set()
    assert taken(refs) == {kind}, "control: what was decided later still counts"


def test_a_decision_about_something_else_of_the_same_name_does_not_count(refs, now):
    people.add_tenant(refs[Taken.HOLDER], "Namesake", TenantKind.COMPANY, actor="desk", now=now - 9 * HOUR)
    people.suspend_tenant(refs[Taken.HOLDER], "unpaid", actor="desk", now=now)

    ingest([PaperAgent().enforces(now, *revoked(refs, now - HOUR, Taken.HOLDER))], now)

    assert Taken.HOLDER in taken(refs)


def test_the_last_of_several_decisions_about_a_machine_holds_whoever_tells_of_them_first(refs, now):
    out = Revocation(Taken.OUT_OF_SERVICE, "p1", round((now - 3 * HOUR).timestamp() * 1000))
    maintenance = Revocation(Taken.MAINTENANCE, "p1", round((now - 2 * HOUR).timestamp() * 1000))
    agent, late = PaperAgent(), PaperAgent("agent-2")

    ingest([agent.enforces(now, out), agent.enforces(now, maintenance)], now)
    ingest([late.enforces(now, out)], now)

    assert service("p1") == (Service.MAINTENANCE, "", now - 2 * HOUR)


def test_a_machine_waiting_for_its_job_to_end_is_out_of_service_already(refs, now):
    machines.set_service("p1", Service.OUT_AFTER_JOB, "nozzle", actor="desk", now=now - 2 * HOUR)

    ingest([PaperAgent().enforces(now, *revoked(refs, now - HOUR, Taken.OUT_OF_SERVICE))], now)

    assert service("p1") == (Service.OUT_AFTER_JOB, "nozzle", now - 2 * HOUR)


def test_a_machine_that_has_left_the_lab_is_left_alone_where_the_books_know_it(refs, now):
    changes.end_machine("p1", "sold", actor="desk", now=now - HOUR)

    ingest([PaperAgent().enforces(now, *revoked(refs, now - HOUR, Taken.OUT_OF_SERVICE))], now)

    assert service("p1")[0] is Service.IN
    assert counts.totals() == {}


def test_a_badge_blocked_and_then_returned_is_returned(refs, now):
    both = dict.fromkeys((Taken.TOKEN, Taken.RETURNED_TOKEN), refs[Taken.TOKEN])
    agent = PaperAgent()

    ingest([agent.enforces(now, *revoked(both, now - 2 * HOUR, Taken.TOKEN))], now)
    ingest([agent.enforces(now, *revoked(both, now - HOUR, Taken.TOKEN, Taken.RETURNED_TOKEN))], now)

    token = db.session.scalars(select(Token).where(Token.ref == refs[Taken.TOKEN])).one()
    assert (token.blocked_at, token.returned_at) == (now, now)


def test_what_this_database_never_had_is_passed_over(refs, now):
    names = ["", "p9", "-1", "99999999999999999999", uuid("gone")]
    unknown = [Revocation(kind, ref, 0) for kind in (*Taken, "coffee") for ref in names]

    outcome = ingest([PaperAgent().enforces(now, *unknown)], now)

    assert (outcome.stored, outcome.rejected) == (1, 0)
    assert taken(refs) == set()
