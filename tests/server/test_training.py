"""Who is trained for what, and how it is taken back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from server.audit.models import AuditEntry
from server.db import db, reading, writing
from server.jobs import service as jobs
from server.machines.models import Machine
from server.people import service as people
from server.training import service as training
from server.training.models import Qualification, Skill
from server.training.service import SkillRules
from server.training.uses import Use, note_uses


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


# --- the catalogue ----------------------------------------------------------------------------------------------------

BY: dict[str, Any] = {"actor": "manager"}


def test_what_a_skill_needs_must_be_held_when_it_is_given(lab, now):
    training.add_skill("safety", "Safety", now=now, **BY)
    training.add_skill("laser", "Laser", now=now, **BY)
    training.set_rules("laser", SkillRules(needs=frozenset({"safety"})), now=now, **BY)

    with pytest.raises(training.TrainingError, match="Laser needs first: Safety"):
        training.grant(lab.holder, "laser", now=now, **BY)
    training.grant(lab.holder, "safety", now=now, **BY)

    assert training.grant(lab.holder, "laser", now=now, **BY).level == "alone"


@pytest.mark.parametrize(
    ("rules", "until"),
    [
        (SkillRules(lasts_days=30), lambda now: now + timedelta(days=30)),
        (SkillRules(ends_on="08-31"), lambda now: datetime(2027, 8, 31, 22, tzinfo=UTC)),
        (SkillRules(lasts_days=30, ends_on="10-20"), lambda now: datetime(2026, 10, 20, 22, tzinfo=UTC)),
        (SkillRules(), lambda now: None),
    ],
)
def test_a_skill_lapses_by_its_rules(lab, now, rules, until):
    training.add_skill("laser", "Laser", now=now, **BY)
    training.set_rules("laser", rules, now=now, **BY)

    assert training.grant(lab.holder, "laser", now=now, **BY).valid_until == until(now)
    sooner = now + timedelta(days=1)
    assert training.grant(lab.holder, "laser", None, sooner, now=now, **BY).valid_until == sooner


@pytest.mark.parametrize(
    ("days", "reason", "said"), [(10, " ", "needs its reason"), (40, "fair", "within 31"), (None, "fair", "within 31")]
)
def test_an_exception_has_a_reason_and_a_near_end(lab, now, days, reason, said):
    until = None if days is None else now + timedelta(days=days)

    with pytest.raises(training.TrainingError, match=said):
        training.grant(lab.holder, "printing", None, until, reason, override=True, now=now, **BY)


def test_skills_that_need_each_other_are_refused_however_long_the_way(lab, now):
    for code in ("a", "b", "c"):
        training.add_skill(code, code.upper(), now=now, **BY)
    training.set_rules("a", SkillRules(needs=frozenset({"b"})), now=now, **BY)
    training.set_rules("b", SkillRules(needs=frozenset({"c"})), now=now, **BY)

    for code, needs in (("c", "a"), ("c", "c")):
        with pytest.raises(training.TrainingError, match="needs this skill itself"):
            training.set_rules(code, SkillRules(needs=frozenset({needs})), now=now, **BY)


def test_every_use_keeps_a_skill_from_lapsing_and_what_it_needs_too(lab, now):
    day = timedelta(days=1)
    training.add_skill("safety", "Safety", now=now, **BY)
    training.set_rules("safety", SkillRules(idle_days=60), now=now, **BY)
    training.grant(lab.holder, "safety", now=now, **BY)
    training.set_rules("printing", SkillRules(needs=frozenset({"safety"}), idle_days=30), now=now, **BY)
    with reading():
        machine = db.session.scalars(select(Machine.id).limit(1)).one()

    with writing():
        note_uses([Use(lab.holder, machine, now + 10 * day)], now + 10 * day)

    assert idle_ends() == {"printing": now + 40 * day, "safety": now + 70 * day}


def test_an_exception_does_not_lapse_by_rules_that_change_meanwhile(lab, now):
    until = now + timedelta(days=20)
    training.add_skill("mill", "Mill", now=now, **BY)
    training.grant(lab.holder, "mill", None, until, "fair", override=True, now=now, **BY)

    training.set_rules("mill", SkillRules(idle_days=5), now=now, **BY)

    assert idle_ends()["mill"] is None


def test_a_use_after_the_lapse_brings_nothing_back_and_an_older_one_takes_nothing_away(lab, now):
    day = timedelta(days=1)
    training.set_rules("printing", SkillRules(idle_days=30), now=now, **BY)
    with reading():
        machine = db.session.scalars(select(Machine.id).limit(1)).one()

    for used in (now - 5 * day, now + 31 * day):
        with writing():
            note_uses([Use(lab.holder, machine, used)], now + 31 * day)

    assert idle_ends() == {"printing": now + 30 * day}


def test_how_long_a_skill_may_lie_unused_changes_for_everybody_at_once(lab, now):
    day = timedelta(days=1)
    training.set_rules("printing", SkillRules(idle_days=30), now=now, **BY)

    training.set_rules("printing", SkillRules(idle_days=90), now=now + day, **BY)
    longer = idle_ends()
    training.set_rules("printing", SkillRules(), now=now + day, **BY)

    assert longer == {"printing": now + 90 * day}
    assert idle_ends() == {"printing": None}


def idle_ends():
    with reading():
        rows = db.session.execute(select(Skill.code, Qualification.idle_until).join(Skill))
        return dict(rows.all())


def test_a_skill_for_many_is_given_after_as_many_questions_as_for_two(lab, now):
    """Ingest waits as long as this writes: it must not ask anew for each person."""
    by = {"actor": "t", "now": now}
    training.add_skill("first", "First", **by)
    training.add_skill("second", "Second", **by)
    training.set_rules("second", SkillRules(needs=frozenset({"first"})), **by)
    with writing():
        few, many = ([people.add_holder("A", "B", "fr", **by).number for _ in range(size)] for size in (2, 60))

    told: list[str] = []

    def hear(_connection, _cursor, statement, *_):
        if statement.startswith("SELECT"):
            told.append(statement)

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        give_both(few, by)
        of_few = len(told)
        give_both(many, by)
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)

    assert len(told) - of_few == of_few > 0


def give_both(holders, by):
    for skill in ("first", "second"):
        training.grant_to_all(holders, skill, **by)
