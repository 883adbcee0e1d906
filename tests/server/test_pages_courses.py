"""The pages of courses and classes: from the catalogue to the qualification, on a desk and on a phone."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from server.courses.models import Course, CourseDate, Lesson
from server.db import db, reading, writing
from server.domain.roles import Role, ScopeKind
from server.people.models import Payer
from server.training.models import Qualification
from server.usage.models import UsageSession
from tests.server.page_lab import by, database_url, manager, web
from tests.server.signed_in import clock_of, page, signed_in, text
from tests.server.test_courses import learners
from tests.server.test_pages_machines import version
from tests.server.test_signoffs import staff

__all__ = ["by", "database_url", "learners", "manager", "web"]

COURSE = {
    "title": "Impression 3D", "skills": ["printing"], "level": "alone", "trainer": "", "language": "fr", "minutes": "2:00",
    "capacity": "2", "price_cents": "45,00", "nature": "open_course", "is_open": "y",
}  # fmt: skip
LESSON = {
    "title": "5e B",
    "payer": "acme-rd",
    "begins": "2026-10-14T10:00",
    "ends": "2026-10-14T12:00",
    "machines": ["p1"],
}


@pytest.fixture
def date(manager, lab):
    """A date of a course, an hour from now."""
    manager.post("/courses/new", data=COURSE)
    manager.post("/courses/1/dates/new", data={"begins": "2026-10-14T11:00", "place": "Salle 2", "payer": ""})
    with reading() as session:
        return session.scalars(select(CourseDate.id)).one()


def test_a_course_is_added_changed_ended_and_offered_again(manager, lab):
    manager.post("/courses/new", data=COURSE)
    manager.post("/courses/1/edit", data=COURSE | {"capacity": "9", "version": "1"})
    second = manager.post("/courses/1/edit", data=COURSE | {"title": "Autre", "version": "1"})
    wrong = manager.post("/courses/new", data=COURSE | {"capacity": "0"})
    manager.post("/courses/1/end", data={"reason": "vendu"})
    ended = page(manager, "/courses/1")
    manager.post("/courses/1/resume")

    assert (second.status_code, wrong.status_code) == (409, 422)
    assert "dates/new" not in ended
    assert "dates/new" in page(manager, "/courses/1")
    with reading() as session:
        kept = session.scalars(select(Course)).one()
    assert (kept.capacity, kept.price_cents, kept.minutes, kept.skills) == (9, 4500, 120, ["printing"])


def test_from_seats_to_qualifications_in_one_step(web, manager, date, learners, now):
    found = page(manager, f"/course-dates/{date}?q=Nils")
    for one in learners[:2]:
        manager.post(f"/course-dates/{date}/enrol", data={"person": str(one)})
    full = manager.post(f"/course-dates/{date}/enrol", data={"person": str(learners[2])})
    early = manager.post(f"/course-dates/{date}/tick", data={"present": [str(learners[0])]})
    clock_of(web).moment = now + timedelta(hours=3)
    asked = manager.post(f"/course-dates/{date}/tick", data={"present": [str(learners[0])]}, follow_redirects=True)
    with reading() as session:
        version = session.get_one(CourseDate, date).version
    given = manager.post(f"/course-dates/{date}/finish", data={"version": str(version)}, follow_redirects=True)

    assert "Nils Holm" in found
    assert (full.status_code, early.status_code) == (422, 422)
    assert "Nils Holm" in text(asked)
    assert "45" in text(given)  # noted for the invoice
    assert "Nils Holm" in page(manager, f"/course-dates/{date}/list")
    with reading() as session:
        wanted = select(Qualification.holder_number).where(Qualification.holder_number.in_(learners))
        assert session.scalars(wanted).all() == [learners[0]]


def test_ticks_that_come_too_late_are_kept_and_the_new_seat_is_shown(web, manager, date, learners, now):
    for one in learners[:2]:
        manager.post(f"/course-dates/{date}/enrol", data={"person": str(one)})
    clock_of(web).moment = now + timedelta(hours=3)
    with reading() as session:
        seen = session.get_one(CourseDate, date).version
    manager.post(f"/course-dates/{date}/withdraw", data={"person": str(learners[0])})
    manager.post(f"/course-dates/{date}/enrol", data={"person": str(learners[2])})

    late = manager.post(f"/course-dates/{date}/tick", data={"version": str(seen), "present": [str(learners[1])]})

    assert late.status_code == 422
    assert re.search(rf'value="{learners[1]}"[^>]* checked', late.text)
    assert re.search(rf'value="{learners[2]}"(?![^>]* checked)', late.text)
    data = {"version": version(late.text), "present": [str(learners[1])]}
    assert manager.post(f"/course-dates/{date}/tick", data=data).status_code == 303


def test_whoever_may_not_give_the_skill_does_not_finish_the_course(web, manager, date, learners, now):
    desk = signed_in(web, Role.DESK)
    desk.post(f"/course-dates/{date}/enrol", data={"person": str(learners[0])})
    clock_of(web).moment = now + timedelta(hours=3)
    desk.post(f"/course-dates/{date}/tick", data={"present": [str(learners[0])]})
    refused = desk.post(f"/course-dates/{date}/finish", data={})

    assert refused.status_code == 422
    with reading() as session:
        assert session.get_one(CourseDate, date).done_at is None


def test_a_trainer_who_sat_in_the_course_does_not_qualify_himself(web, date, learners, now):
    trainer = signed_in(web, Role.TRAINER, holder=learners[0])
    trainer.post(f"/course-dates/{date}/enrol", data={"person": str(learners[0])})
    clock_of(web).moment = now + timedelta(hours=3)
    trainer.post(f"/course-dates/{date}/tick", data={"present": [str(learners[0])]})

    assert trainer.post(f"/course-dates/{date}/finish", data={}).status_code == 422


def test_a_holder_takes_a_seat_on_the_phone_and_gives_it_back(web, lab, manager, date):
    ada = signed_in(web, Role.HOLDER, holder=lab.holder)
    offered = page(ada, "/me/courses")
    ada.post(f"/me/courses/{date}/enrol")
    mine = page(ada, "/me/courses")
    ada.post(f"/me/courses/{date}/withdraw")
    manager.post("/courses/1/edit", data={**COURSE, "is_open": "", "version": "1"})
    closed = ada.post(f"/me/courses/{date}/enrol")

    assert f"/me/courses/{date}/enrol" in offered
    assert f"/me/courses/{date}/withdraw" in mine
    assert closed.status_code == 422
    assert ada.get(f"/course-dates/{date}").status_code == 403


def test_today_shows_the_courses_of_the_day_and_afterwards_asks_who_was_there(web, manager, date, now):
    today = page(manager, "/today")
    clock_of(web).moment = now + timedelta(days=1)
    tomorrow = page(signed_in(web, Role.MANAGER), "/today")

    assert "Impression 3D aujourd’hui à 11:00" in today
    assert "places prises : 0 sur 2" in today
    assert "1 cours sans présences" in tomorrow


def test_a_date_is_cancelled_with_a_reason(manager, date, learners):
    manager.post(f"/course-dates/{date}/enrol", data={"person": str(learners[0])})
    asked = page(manager, f"/course-dates/{date}/cancel")
    without = manager.post(f"/course-dates/{date}/cancel", data={})
    manager.post(f"/course-dates/{date}/cancel", data={"reason": "formateur malade"})

    assert "Nils Holm" in asked
    assert without.status_code == 422
    assert "formateur malade" in page(manager, f"/course-dates/{date}")


def test_a_class_is_prepared_shown_with_its_sessions_and_ended_by_a_click(web, manager, lab, by, now):
    trainer = staff(now, "Maria")
    made = manager.post("/classes/new", data=LESSON | {"trainer": str(trainer)})
    here = made.headers["Location"]
    lesson = here.rpartition("/")[2]
    with writing() as session:
        payer = session.scalars(select(Payer.id).where(Payer.code == "acme-rd")).one()
        for number, of in (("a", lesson), ("b", None)):
            use = UsageSession(id=number, machine_id=1, holder_number=trainer, payer_id=payer, state="ended", lesson=of)
            use.started_at, use.ended_at, use.occupied_s = now, now + timedelta(minutes=50), 3000
            use.time_quality, use.revision, use.simulated = "synced", 1, False
            session.add(use)
    shown = page(manager, here)
    manager.post(f"{here}/end")
    again = manager.post(f"{here}/end")

    assert made.status_code == 303
    assert "/sessions/a" in shown
    assert "/sessions/b" not in shown
    assert again.status_code == 422
    with reading():
        assert db.session.get_one(Lesson, lesson).ended_at == now


def test_a_trainer_of_other_machines_does_not_end_somebody_elses_class(web, manager, lab, now):
    made = manager.post("/classes/new", data=LESSON | {"trainer": str(staff(now, "Maria"))})
    here = made.headers["Location"]
    elsewhere = signed_in(web, Role.TRAINER, ScopeKind.MACHINE, "c9")

    assert f"{here}/end" not in page(elsewhere, here)
    assert elsewhere.post(f"{here}/end").status_code == 422
    assert signed_in(web, Role.TRAINER, ScopeKind.MACHINE, "p1").post(f"{here}/end").status_code == 303


def test_a_trainer_of_one_machine_prepares_no_class_elsewhere(web, manager, lab, now):
    trainer = staff(now, "Maria")
    elsewhere = signed_in(web, Role.TRAINER, ScopeKind.MACHINE, "c9")
    refused = elsewhere.post("/classes/new", data=LESSON | {"trainer": str(trainer)})
    late = manager.post("/classes/new", data=LESSON | {"trainer": str(trainer), "ends": "2026-10-14T23:00"})

    assert (refused.status_code, late.status_code) == (422, 422)
    with reading() as session:
        assert session.scalars(select(Lesson.id)).all() == []
