"""Reminders before a qualification lapses, and the trainers' digest: each once, in one's language, taken by a real server."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from server.accounts.models import Account
from server.courses import service as courses
from server.courses.facts import courses_to_come
from server.db import reading, writing
from server.domain.editions import Body
from server.domain.reminding import reminder_due, week_of
from server.domain.roles import ScopeKind
from server.instruction import editions, reminders
from server.instruction.rows import SHEET
from server.instruction.signoffs import take
from server.machines.models import Machine
from server.mail.models import Mail
from server.people import service as people
from server.settings import Settings, Web
from server.training import service as training
from server.training.uses import Use, note_uses
from server.work import run_once
from tests.server.signed_in import settings_for
from tests.server.test_courses import COURSE
from tests.server.test_mail import Server, start
from tests.server.test_signoffs import CHECKLIST, learner, mill, staff, trainer

__all__ = ["CHECKLIST", "learner", "mill", "start", "trainer"]


@pytest.fixture
def settings(database_url: str) -> Settings:
    return settings_for(database_url, web=Web(address="http://lab.test"))


@pytest.fixture
def nils(lab: Any, now: datetime) -> int:
    """Qualified for forty days from now."""
    by: dict[str, Any] = {"actor": "test", "now": now - timedelta(days=9)}
    number = people.add_holder("Nils", "Holm", "de", email="nils@lab.test", **by).number
    training.grant(number, "printing", valid_until=now + timedelta(days=40), **by)
    return number


def mails() -> list[Mail]:
    with reading() as session:
        return list(session.scalars(select(Mail).order_by(Mail.id)))


def day(settings: Settings, now: datetime, days: float) -> int:
    """One run of the daily job."""
    return reminders.due(settings, (), now + timedelta(days=days))


def test_three_times_before_the_end_and_never_twice(settings, nils, now):
    counts = [day(settings, now, days) for days in (9, 10, 10, 11, 32.9, 33, 34, 39, 39.5, 41)]

    assert counts == [0, 1, 0, 0, 0, 1, 0, 1, 0, 0]
    assert {mail.recipient for mail in mails()} == {"nils@lab.test"}
    assert "3D printing" in mails()[0].text
    assert "http://lab.test/me/courses" in mails()[0].text


def test_who_uses_a_skill_every_day_is_not_told_each_time_that_it_would_lapse_without(settings, lab, now):
    by: dict[str, Any] = {"actor": "test", "now": now}
    training.set_rules("printing", training.SkillRules(idle_days=30), **by)
    number = people.add_holder("Nils", "Holm", "de", email="nils@lab.test", **by).number
    training.grant(number, "printing", **by)
    with reading() as session:
        machine = session.scalars(select(Machine.id).limit(1)).one()

    for days in range(1, 6):
        used = now + timedelta(days=days)
        with writing():
            note_uses([Use(number, machine, used)], used)
        assert day(settings, now, days + 0.1) == 0
    assert [day(settings, now, 5 + idle) for idle in (15, 23.1, 23.2, 29.1)] == [0, 1, 0, 1]


def test_who_is_renewed_has_left_or_has_no_address_is_not_reminded(settings, nils, lab, now):
    by: dict[str, Any] = {"actor": "test", "now": now}
    training.grant(nils, "printing", valid_until=now + timedelta(days=400), **by)
    other = people.add_holder("Kim", "Ost", "fr", email="kim@lab.test", **by).number
    training.grant(other, "printing", valid_until=now + timedelta(days=40), **by)
    people.end_holder(other, "gone", **by)
    nobody = people.add_holder("Ole", "Ost", "fr", **by).number
    training.grant(nobody, "printing", valid_until=now + timedelta(days=40), **by)

    assert day(settings, now, 35) == 0


def test_a_new_safety_sheet_is_told_before_its_day_to_who_has_not_accepted_it(settings, nils, lab, now):
    by: dict[str, Any] = {"actor": "test", "now": now}
    editions.save_draft("printing", SHEET, Body({"fr": "Imprimer"}, {"fr": ("La buse brûle.",)}), **by)
    edition = editions.publish("printing", SHEET, now + timedelta(days=14), **by)

    counts = [day(settings, now, days) for days in (0.5, 0.6, 6.9, 7)]
    editions.accept(nils, "printing", edition.number, {}, "fr", actor="test", now=now + timedelta(days=8))
    counts += [day(settings, now, days) for days in (13, 13.5)]

    told = [one for one in mails() if one.recipient == "nils@lab.test" and "Sicherheitsblatt" in one.subject]
    assert (counts[:4], len(told)) == ([1, 0, 0, 1], 2)
    assert "– " in told[0].text
    assert f"{settings.web.url}/me" in told[0].text


def test_two_that_lapse_are_one_letter(settings, nils, now):
    training.add_skill("laser", "Laser", actor="test", now=now)
    training.grant(nils, "laser", valid_until=now + timedelta(days=38), actor="test", now=now)
    day(settings, now, 35)

    assert len(mails()) == 1
    assert mails()[0].text.index("Laser") < mails()[0].text.index("3D printing")


def test_trainers_are_told_once_a_week_what_lapses_in_their_scope_what_to_tick_and_their_courses(
    settings, nils, mill, trainer, learner, now
):
    take(mill, trainer, learner, now, 1, now)
    by: dict[str, Any] = {"actor": "test", "now": now}
    course = courses.add_course(COURSE, **by)
    courses.add_date(course, now + timedelta(days=3), **by)
    staff(now, "elsewhere", ScopeKind.MACHINE, "c1")  # gives no printing, and has nothing to tick
    with reading():
        soon = courses_to_come(now, now + timedelta(days=7))
    with writing() as session:
        session.scalars(select(Account).where(Account.holder_number == trainer)).one().language = "en"
    written = [reminders.due(settings, soon, now + timedelta(hours=hours)) for hours in (1, 2)]
    late = reminders.due(settings, (), now + timedelta(days=30))

    first, *_ = [mail for mail in mails() if mail.recipient == "maria@lab.test"]
    assert written == [2, 0]  # the other trainer hears of the course that has no trainer yet
    assert "wait for their checklist: 1" in first.text
    assert "Impression 3D" in first.text
    assert late == 2  # a month later, to this trainer and to the one whose qualification lapses
    assert ["Nils Holm: 3D printing" in mail.text for mail in mails() if mail.recipient == "maria@lab.test"] == [
        False,
        True,
    ]


def test_which_reminder_it_is_time_for(now):
    days = [reminder_due(now + timedelta(days=left), now) for left in (31, 30, 8, 7, 2, 1, 0.1, 0, -1)]

    assert days == [None, 30, 30, 7, 7, 1, 1, None, None]
    assert week_of(datetime.fromisoformat("2027-01-01T08:00+00:00")) == "2026-W53"


def test_a_real_mail_server_takes_them(database_url, nils, now, start: Callable[..., Server]):
    server = start()
    sending = settings_for(database_url, smtp=server.smtp, web=Web(address="http://lab.test"))
    day(sending, now, 39)
    while run_once(sending):
        pass

    (taken,) = server.taken
    assert taken["To"] == "nils@lab.test"
    assert taken["Subject"] == "Eine Ihrer Qualifikationen läuft bald ab"
    assert "3D printing: bis 23. November 2026" in taken.get_content()
