"""Scenes of training at the machine, with real processes between books and relay: a class, a learner with the trainer beside,
one under age, a paused tenant."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from agent.saying import REFUSALS
from agent.texts import translator
from server.courses import lessons
from server.db import reading
from server.people import service as people
from server.people.changes import set_minor_until
from server.people.models import Membership, Payer, Tenant
from server.training import service as training
from server.training.models import Qualification
from server.usage import ledger
from tests.system.small_lab import SmallLab, small_lab
from wire.messages import DenialReason, EndReason, Level

HOUR = timedelta(hours=1)
PRINTER, MILL = "p1", "c1"


@pytest.fixture(scope="module")
def lab() -> Iterator[SmallLab]:
    with small_lab() as running:
        for skill in ("printing", "milling"):
            training.grant(running.numbers[trainer(running).key], skill, level=Level.TRAINER, **by(running))
        running.start()
        yield running


def by(lab: SmallLab) -> dict[str, Any]:
    return {"actor": "desk", "now": lab.now}


def trainer(lab: SmallLab) -> Any:
    return lab.holder(0)


def number(lab: SmallLab, index: int) -> int:
    return lab.numbers[lab.holder(index).key]


def says(reason: DenialReason) -> str:
    """What a box answers with, in its three languages."""
    return "\n".join(translator(language)(text) for language in ("fr", "de", "en") for text in REFUSALS[reason])


def payer_of(holder: int) -> tuple[str, str]:
    """Code of the payer that is charged by default, and of its tenant."""
    wanted = select(Payer.code, Tenant.code).join(Tenant, Tenant.id == Payer.tenant_id)
    wanted = wanted.join(Membership, Membership.payer_id == Payer.id).where(Membership.holder_number == holder)
    with reading() as session:
        payer, tenant = session.execute(wanted.order_by(Membership.rank).limit(1)).one()
    return payer, tenant


def test_a_class_opened_by_a_trainer_ends_at_its_hour_and_bills_the_organiser_once(lab: SmallLab) -> None:
    organiser, _ = payer_of(number(lab, 5))
    assert organiser != payer_of(number(lab, 0))[0], "control: not the trainer's own payer"
    lesson = lessons.prepare("Découverte", number(lab, 0), organiser, [PRINTER], lab.now, lab.now + 2 * HOUR, **by(lab))
    lab.lists_in_force()

    lab.tap(PRINTER, trainer(lab).card)
    opened = lab.is_on(PRINTER)
    lab.pass_time(2 * 3600 + 60)
    lab.events_stored()

    [session] = [one for one in lab.sessions(PRINTER) if one.lesson == lesson]
    with reading() as books:
        assert books.get_one(Payer, session.payer_id).code == organiser
    assert opened
    assert not lab.is_on(PRINTER)
    assert (session.end_reason, session.occupied_s) == (EndReason.CLASS_OVER, 2 * 3600)


def test_a_learner_starts_with_the_trainers_badge_beside_and_not_without(lab: SmallLab) -> None:
    learner = number(lab, 2)
    with reading() as books:
        refs = books.scalars(select(Qualification.ref).where(Qualification.holder_number == learner)).all()
    training.revoke_all(list(refs), "again from the start", **by(lab))
    training.grant(learner, "printing", level=Level.SUPERVISED, **by(lab))
    lab.lists_in_force()

    lab.tap(PRINTER, lab.holder(2).card)
    alone = lab.is_on(PRINTER)
    lab.tap(PRINTER, trainer(lab).card)
    beside = lab.is_on(PRINTER)
    end(lab, PRINTER, lab.holder(2).card)
    lab.events_stored()

    assert (alone, beside) == (False, True)
    assert lab.sessions(PRINTER)[-1].supervisor == number(lab, 0)
    assert lab.sessions(PRINTER)[-1].holder_number == learner


def test_a_minor_is_refused_at_the_mill_and_the_panel_does_not_say_the_age(lab: SmallLab) -> None:
    set_minor_until(number(lab, 3), lab.now + 400 * 24 * HOUR, **by(lab))
    lab.lists_in_force()

    lab.tap(MILL, lab.holder(3).card)
    lab.events_stored()

    assert not lab.is_on(MILL)
    assert lab.denials(lab.holder(3))[-1] == (MILL, {DenialReason.FRAME_REQUIRED})
    assert not any(
        word in says(DenialReason.FRAME_REQUIRED).lower() for word in ("mineur", "minor", "âge", "18", "jahre")
    )


def test_a_suspended_tenant_reads_access_paused_and_nothing_about_money(lab: SmallLab) -> None:
    _, tenant = payer_of(number(lab, 4))
    people.suspend_tenant(tenant, "invoice 2026-0042 is 90 days late: 1 204 €", **by(lab))
    lab.lists_in_force()

    lab.tap(PRINTER, lab.holder(4).card)
    lab.events_stored()
    people.resume_tenant(tenant, **by(lab))
    lab.lists_in_force()

    assert lab.denials(lab.holder(4))[-1] == (PRINTER, {DenialReason.TENANT_SUSPENDED})
    assert "Accès en pause" in says(DenialReason.TENANT_SUSPENDED)
    assert not any(
        word in says(DenialReason.TENANT_SUSPENDED)
        for word in ("€", "EUR", "2026", "factur", "Rechnung", "invoice", "payer", "zahl")
    )


def end(lab: SmallLab, machine: str, card: str) -> None:
    """Twice the same badge."""
    lab.pass_time(5)
    lab.tap(machine, card)
    lab.tap(machine, card)
    assert not lab.is_on(machine)


def test_the_books_are_right_after_all_of_it(lab: SmallLab) -> None:
    assert ledger.verify_ledger() == []
