"""Courses: seats, who was there, what they are given in one step, what it costs; and classes on machines."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from server.courses import lessons, service
from server.courses.facts import lessons as lesson_facts
from server.courses.models import CourseDate, CourseFee, Enrolment
from server.courses.service import CourseFacts
from server.db import Stale, reading
from server.domain.classes import Place, Planned, refusal
from server.domain.facts import LessonFact
from server.machines import service as machines
from server.machines.lab_settings import decide
from server.people import service as people
from server.people.models import Membership, TenantKind
from server.training import service as training
from server.training.catalogue import SkillRules, set_rules
from server.training.models import Qualification
from server.training.rows import TrainingError
from tests.server.test_signoffs import staff
from wire.messages import RiskClass

COURSE = CourseFacts("Impression 3D", ("printing",), "alone", 4500, "open_course", 2, None, "fr", 120, True)


@pytest.fixture
def by(now: Any) -> dict[str, Any]:
    return {"actor": "account:1", "now": now}


@pytest.fixture
def learners(lab: Any, now: Any) -> list[int]:
    by: dict[str, Any] = {"actor": "test", "now": now - timedelta(days=5)}
    numbers = [people.add_holder(name, "Holm", "fr", **by).number for name in ("Nils", "Kim", "Ole")]
    people.add_membership(numbers[0], "acme-rd", **by)
    return numbers


@pytest.fixture
def date(lab: Any, now: Any) -> int:
    """A date that has just begun."""
    by: dict[str, Any] = {"actor": "test", "now": now - timedelta(days=5)}
    return service.add_date(service.add_course(COURSE, **by), now - timedelta(hours=1), "Salle 2", **by)


# --- courses ----------------------------------------------------------------------------------------------------------


def test_a_course_has_so_many_seats_and_a_seat_given_back_is_free_again(date, learners, by):
    for one in learners[:2]:
        service.enrol(date, one, **by)
    with pytest.raises(TrainingError, match="full"):
        service.enrol(date, learners[2], **by)
    with pytest.raises(TrainingError, match="seat already"):
        service.enrol(date, learners[0], **by)
    service.withdraw(date, learners[0], **by)
    service.enrol(date, learners[2], **by)
    service.withdraw(date, learners[2], **by)
    service.enrol(date, learners[0], **by)

    with reading() as session:
        wanted = select(Enrolment.holder_number).where(Enrolment.withdrawn_at.is_(None))
        assert set(session.scalars(wanted)) == set(learners[:2])


def test_one_enrols_by_oneself_where_the_course_is_open_and_before_it_begins(date, learners, by, now):
    early = {**by, "now": now - timedelta(hours=2)}
    service.enrol(date, learners[0], by_oneself=True, **early)
    with pytest.raises(TrainingError, match="by oneself"):
        service.enrol(date, learners[1], by_oneself=True, **by)
    with pytest.raises(TrainingError, match="has begun"):
        service.withdraw(date, learners[0], by_oneself=True, **by)
    closed = service.add_course(replace(COURSE, is_open=False), **by)
    later = service.add_date(closed, now + timedelta(days=1), **by)
    with pytest.raises(TrainingError, match="by oneself"):
        service.enrol(later, learners[1], by_oneself=True, **by)


def test_those_who_were_there_are_qualified_in_one_step_and_the_absent_are_not(date, learners, by, now):
    for one in learners[:2]:
        service.enrol(date, one, **by)
    with pytest.raises(TrainingError, match="Tick who was there"):
        service.finish(date, **by)
    service.tick(date, [learners[0]], **by)
    service.finish(date, **by)

    with reading() as session:
        given = session.scalars(select(Qualification).where(Qualification.holder_number.in_(learners))).all()
        assert [(one.holder_number, one.reason) for one in given] == [(learners[0], "Impression 3D")]
    with pytest.raises(TrainingError, match="is done"):
        service.tick(date, learners, **by)


def test_where_one_cannot_have_it_nobody_gets_it(date, learners, by, now):
    for one in learners[:2]:
        service.enrol(date, one, **by)
    service.tick(date, learners[:2], **by)
    training.add_skill("laser", "Laser", **by)
    course = service.add_course(replace(COURSE, skills=("printing", "laser")), **by)
    second = service.add_date(course, now, **by)
    service.enrol(second, learners[0], **by)
    service.tick(second, learners, **by)
    training.end_skill("laser", "sold", **by)
    with pytest.raises(TrainingError, match="no longer given"):
        service.finish(second, **by)

    with reading() as session:
        assert session.scalar(select(Qualification.id).where(Qualification.holder_number == learners[0])) is None
        assert session.get_one(CourseDate, second).done_at is None


def test_what_another_of_its_skills_needs_is_given_first(lab, learners, by, now):
    training.add_skill("advanced", "Advanced", **by)
    set_rules("advanced", SkillRules(needs=frozenset({"printing"})), **by)
    date = service.add_date(service.add_course(replace(COURSE, skills=("advanced", "printing")), **by), now, **by)
    service.enrol(date, learners[0], **by)
    service.tick(date, learners, **by)

    assert service.finish(date, **by) == [learners[0]]


def test_what_an_open_course_costs_is_noted_for_each_who_was_there_once(date, learners, by, now):
    for one in learners[:2]:
        service.enrol(date, one, **by)
    service.tick(date, learners[:2], **by)
    service.finish(date, **by)

    with reading() as session:
        fees = session.scalars(select(CourseFee).order_by(CourseFee.id)).all()
        said = [(one.holder_number, one.net_cents, one.nature, one.payer_id is not None) for one in fees]
    assert said == [(learners[0], 4500, "open_course", True), (learners[1], 4500, "open_course", False)]


def test_nobody_is_billed_for_a_course_by_fallback(date, learners, by, now):
    people.add_tenant("lycee", "Lycée", TenantKind.SCHOOL, **by)
    people.add_payer("lycee", "lycee-1", "Classe", "Lycée", now - timedelta(days=9), **by)
    with reading() as session:
        ref = session.scalars(select(Membership.ref).where(Membership.holder_number == learners[0])).one()
    people.add_membership(learners[0], "lycee-1", now - timedelta(days=5), **by)
    people.end_membership(ref, "left", actor="test", now=now - timedelta(days=2))
    service.enrol(date, learners[0], **by)
    service.tick(date, learners[:1], **by)
    service.finish(date, **by)

    with reading() as session:
        assert session.scalars(select(CourseFee.payer_id)).all() == [None]


def test_what_a_tenant_has_ordered_costs_it_once_whoever_comes(lab, learners, by, now):
    course = service.add_course(replace(COURSE, nature="tenant_training", price_cents=90000, capacity=9), **by)
    with pytest.raises(TrainingError, match="cost centre"):
        service.add_date(course, now, **by)
    date = service.add_date(course, now, "", "acme-rd", **by)
    for one in learners:
        service.enrol(date, one, **by)
    service.tick(date, learners, **by)
    service.finish(date, **by)

    with reading() as session:
        fee = session.scalars(select(CourseFee)).one()
    assert (fee.holder_number, fee.net_cents, fee.nature) == (None, 90000, "tenant_training")
    assert fee.tenant_id is not None


def test_a_cancelled_date_and_one_that_has_not_begun_give_nothing(date, learners, by, now):
    early = {**by, "now": now - timedelta(days=1)}
    service.enrol(date, learners[0], **early)
    with pytest.raises(TrainingError, match="not begun"):
        service.tick(date, learners, **early)
    service.cancel_date(date, "trainer ill", **early)
    for act in (service.enrol, service.withdraw):
        with pytest.raises(TrainingError, match="cancelled"):
            act(date, learners[0], **by)


def test_the_second_of_two_who_edit_a_course_is_told(lab, by):
    number = service.add_course(COURSE, **by)
    service.edit_course(number, replace(COURSE, capacity=8), version=1, **by)

    with pytest.raises(Stale):
        service.edit_course(number, replace(COURSE, title="Autre"), version=1, **by)


def test_whoever_ticks_or_gives_has_seen_who_sits_there(date, learners, by):
    for one in learners[:2]:
        service.enrol(date, one, **by)
    with reading() as session:
        seen = session.get_one(CourseDate, date).version
    service.tick(date, learners[:1], version=seen, **by)

    with pytest.raises(Stale):
        service.tick(date, learners[1:2], version=seen, **by)
    service.withdraw(date, learners[1], **by)
    with pytest.raises(Stale):
        service.finish(date, version=seen + 1, **by)


# --- classes on machines ----------------------------------------------------------------------------------------------


def plan(now: Any, hours: float = 2, trainer: int = 1, machines: tuple[str, ...] = ("p1",)) -> Planned:
    return Planned(trainer, frozenset(machines), now, now + timedelta(hours=hours))


def told(plan: Planned, now: Any, *others: Planned, risk: RiskClass = RiskClass.LOW, theirs: bool = True) -> str:
    places = [Place(code, code, risk, theirs) for code in sorted(plan.machines)]
    found = refusal(plan, places, others, 2, RiskClass.MEDIUM, now)
    return str(found) if found else ""


def test_each_rule_of_a_class_alone_refuses_it(now):
    assert told(plan(now), now) == ""
    assert "eight hours" in told(plan(now, 8.1), now)
    assert "over already" in told(plan(now, -1), now)
    assert "at least one" in told(plan(now, machines=()), now)
    assert "2 machines" in told(plan(now, machines=("a", "b", "c")), now)
    assert "2 machines" in told(plan(now, machines=("a", "b")), now, plan(now, 1, 1, ("c",)))
    assert told(plan(now, machines=("a", "b")), now, plan(now, 1, 2, ("c",))) == ""
    assert "too dangerous" in told(plan(now), now, risk=RiskClass.HIGH)
    assert "may not teach" in told(plan(now), now, theirs=False)
    assert "another class" in told(plan(now), now, plan(now + timedelta(hours=1), 2, 2))
    assert told(plan(now), now, plan(now + timedelta(hours=2), 2, 2)) == ""


def test_a_class_stands_in_the_lists_until_its_hour_or_until_it_is_ended(lab, by, now):
    trainer = staff(now, "Maria")
    until = now + timedelta(hours=2)
    number = lessons.prepare("5e B", trainer, "acme-rd", ["p1"], now, until, **by)
    with reading():
        on = lesson_facts(now, now + timedelta(days=1))
        over = lesson_facts(until, until + timedelta(days=1))
    lessons.end(number, actor="account:1", now=now + timedelta(minutes=5))
    with reading():
        ended = lesson_facts(now + timedelta(minutes=5), until)

    assert on == (LessonFact(number, "p1", trainer, "acme-rd", now, until),)
    assert over == ended == ()
    with pytest.raises(TrainingError, match="over already"):
        lessons.end(number, **by)


def test_whoever_may_not_teach_there_holds_no_class_there(lab, by, now):
    with pytest.raises(TrainingError, match="may not teach"):
        lessons.prepare("5e B", lab.holder, "acme-rd", ["p1"], now, now + timedelta(hours=1), **by)


def test_how_many_machines_and_which_risk_are_the_labs_to_decide(lab, by, now):
    trainer, until = staff(now, "Maria"), now + timedelta(hours=1)
    machines.add_machine("c1", "Mill", "mill", "agent-1", RiskClass.HIGH, **by)
    with pytest.raises(TrainingError, match="too dangerous"):
        lessons.prepare("5e B", trainer, "acme-rd", ["c1"], now, until, **by)
    decide("class_risk", "high", "medium", **by)
    lessons.prepare("5e B", trainer, "acme-rd", ["c1"], now, until, **by)
    decide("class_machines", 1, 6, **by)

    with pytest.raises(TrainingError, match="1 machines"):
        lessons.prepare("5e A", trainer, "acme-rd", ["p1"], now, until, **by)
