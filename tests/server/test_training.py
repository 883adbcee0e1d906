"""Who is trained for what, and how it is taken back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.db import db
from server.jobs import service as jobs
from server.training import service as training
from server.training.models import Qualification


def test_a_trainer_grants_a_skill_until_a_day(lab, now):
    training.add_skill("milling", "Milling", actor="manager", now=now)
    seen = jobs.last_change_id()

    row = training.grant(lab.holder, "milling", valid_until=now + timedelta(days=365), actor="trainer", now=now)

    assert (row.granted_by, row.valid_from, row.valid_until) == ("trainer", now, now + timedelta(days=365))
    assert [change.key for change in jobs.changes_after(seen)] == [f"holder:{lab.holder}"]


def test_revoking_keeps_the_row_and_its_reason(lab, now):
    training.revoke(lab.qualification, "unsafe", actor="trainer", now=now)

    row = db.session.scalars(select(Qualification)).one()
    assert (row.revoked_at, row.revoked_reason) == (now, "unsafe")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.verb == "revoke")).one()
    assert (entry.actor, entry.reason, entry.before) == ("trainer", "unsafe", {"revoked_at": None})


def test_a_revoked_skill_cannot_be_granted_again_for_the_past(lab, now):
    training.revoke(lab.qualification, "unsafe", actor="trainer", now=now)

    with pytest.raises(training.TrainingError, match="revoked after that day"):
        training.grant(lab.holder, "printing", valid_from=now - timedelta(days=1), actor="trainer", now=now)

    assert training.grant(lab.holder, "printing", actor="trainer", now=now).valid_from == now


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda by: training.grant(1, "printing", **by), "no holder 1"),
        (lambda by: training.grant(1, "flying", **by), "no skill flying"),
        (lambda by: training.revoke("x", "why", **by), "no qualification x"),
        (lambda by: training.add_skill("printing", "P", **by), "already a skill"),
        (lambda by: training.require_skills("p1", ["flying"], **by), "no skill flying"),
        (lambda by: training.require_skills("p9", ["printing"], **by), "no machine p9"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(lab, now, ask, said):
    with pytest.raises(ValueError, match=said):
        ask({"actor": "trainer", "now": now})


def test_a_qualification_that_ends_before_it_starts_is_refused(lab, now):
    with pytest.raises(training.TrainingError, match="end before it starts"):
        training.grant(lab.holder, "printing", valid_until=now - timedelta(days=1), actor="trainer", now=now)
