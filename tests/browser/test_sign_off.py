"""From two badges and a button at the machine to a learner who works alone: signed off at the mill, ticked on the trainer's
phone. Everything between is real, and the phone is a browser."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from server.db import reading
from server.demo.lab_people import MILLING, PRINTING
from server.domain.editions import Body
from server.domain.roles import Role
from server.instruction import editions
from server.instruction.rows import CHECKLIST
from server.people.models import Person
from server.training import service as training
from server.training.models import Qualification
from tests.browser.live_lab import RealLab, real_lab, rest
from tests.server.signed_in import log_in
from tests.waiting import until
from wire.messages import Level

MILL = "c1"


@pytest.fixture(scope="module")
def lab() -> Iterator[RealLab]:
    with real_lab() as running:
        yield running


def by() -> dict[str, Any]:
    return {"actor": "manager", "now": datetime.now(UTC)}


def number(lab: RealLab, index: int) -> int:
    who = lab.lab.holders[index]
    with reading() as session:
        wanted = select(Person.holder_number).where(Person.given_name == who.given, Person.family_name == who.family)
        return session.scalars(wanted).one()


def levels(holder: int) -> set[str]:
    with reading() as session:
        rows = session.scalars(select(Qualification).where(Qualification.holder_number == holder)).all()
        return {row.level for row in rows if row.revoked_at is None}


def test_a_learner_is_signed_off_at_the_mill_ticked_on_the_phone_and_starts_alone(
    lab: RealLab, browser: Browser
) -> None:
    teacher, learner = number(lab, 0), number(lab, 1)
    a_trainer_and_a_learner(teacher, learner)
    lab.lists_in_force()

    signed_off_at_the_machine(lab)
    until(lambda: levels(learner) == {Level.SUPERVISED})
    ticked_on_the_phone(lab, browser, teacher)
    lab.lists_in_force()
    rest()
    lab.tap(MILL, lab.lab.holders[1].card)

    until(lambda: lab.is_on(MILL))
    assert Level.ALONE in levels(learner)


def a_trainer_and_a_learner(teacher: int, learner: int) -> None:
    for skill in (PRINTING, MILLING):
        training.grant(teacher, skill, level=Level.TRAINER, **by())
    with reading() as session:
        refs = list(session.scalars(select(Qualification.ref).where(Qualification.holder_number == learner)))
    training.revoke_all(refs, "begins anew", **by())
    checklist = Body({"en": "Milling"}, {"en": ("Key out of the chuck", "Where the stop is")}, minutes=30)
    editions.save_draft(MILLING, CHECKLIST, checklist, **by())
    editions.publish(MILLING, CHECKLIST, **by())


def signed_off_at_the_machine(lab: RealLab) -> None:
    """The trainer's badge, the button, the learner's badge; and the trainer's again, as nobody else is to be signed off."""
    lab.tap(MILL, lab.lab.holders[0].card)
    rest()
    for down in (True, False):
        lab.board.press(MILL, "button", down)
        rest()
    for holder in (1, 0):
        lab.tap(MILL, lab.lab.holders[holder].card)
        rest()
    assert not lab.is_on(MILL)


def ticked_on_the_phone(lab: RealLab, browser: Browser, teacher: int) -> None:
    with closing(browser.new_context(locale="en", viewport={"width": 390, "height": 844})) as context:
        secret = log_in(Role.TRAINER, holder=teacher, now=datetime.now(UTC))
        context.add_cookies([{"name": "prolab", "value": secret, "url": lab.address}])
        page = context.new_page()
        page.goto(lab.address + "/sign-offs")
        page.locator("main").get_by_role("link", name="Tick the checklist").click()
        for box in page.locator("main").get_by_role("checkbox").all():
            box.check()
        page.locator("main form button[type=submit]").first.click()
        expect(page.locator(".toast")).to_be_visible()
