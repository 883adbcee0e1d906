"""The pages of safety sheets, checklists and sign-offs: written by a manager, accepted and ticked on a phone."""

import re
import subprocess
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from server.accounts import cookies, websessions
from server.accounts.models import Account
from server.db import reading, writing
from server.domain.editions import read
from server.domain.intervals import USUAL, Months, next_due, strictest
from server.domain.roles import Role, ScopeKind
from server.instruction.facts import accepted
from server.instruction.rows import published
from server.instruction.signoffs import take
from server.machines import service as machines
from server.people import service as people
from server.training import service as training
from tests.server.page_lab import by, database_url, manager, web
from tests.server.signed_in import clock_of, page, signed_in, text
from tests.server.test_signoffs import levels, rows, staff
from wire.messages import Level, RiskClass

__all__ = ["by", "database_url", "manager", "web"]

QUESTIONS = "Que faire ?\n* Arrêter\nContinuer"
SHEET = {
    "title_fr": "Imprimer",
    "points_fr": "Ventiler\nNe pas toucher la buse",
    "questions_fr": QUESTIONS,
    "minutes": "20",
}


def publish(manager, now, kind="sheet", **typed):
    manager.post(f"/skills/printing/instruction/{kind}/edit", data=SHEET | typed)
    return manager.post(f"/skills/printing/instruction/{kind}/publish", data={"required_from": f"{now:%Y-%m-%d}"})


def test_a_sheet_is_written_looked_at_and_published(manager, lab, now):
    begun = page(manager, "/skills/printing/instruction")
    kept = manager.post("/skills/printing/instruction/sheet/edit", data=SHEET)
    looked_at = text(manager.get(kept.headers["Location"]))
    published_it = manager.post(kept.headers["Location"], data={"required_from": "2026-11-01"}, follow_redirects=True)

    assert "None yet. Without one nothing has to be accepted." in begun or "Aucune" in begun
    assert "Ne pas toucher la buse" in looked_at
    assert published_it.status_code == 200
    with reading():
        edition = published("printing", "sheet")
        assert edition is not None
        assert (read(edition.body).minutes, read(edition.body).points["fr"]) == (
            20,
            ("Ventiler", "Ne pas toucher la buse"),
        )
    assert "Ada Lovelace" in page(manager, "/skills/printing/instruction")  # has it, and has not accepted it
    assert manager.get("/skills/printing/instruction/sheet/publish").status_code == 404  # there is no draft now
    assert "Ventiler" in page(manager, "/skills/printing/instruction/sheet/1")


def test_what_is_wrong_stands_at_its_field_and_nothing_is_published(manager, lab, now):
    wrong = manager.post("/skills/printing/instruction/sheet/edit", data=SHEET | {"questions_fr": "Que faire ?\nRien"})
    manager.post("/skills/printing/instruction/sheet/edit", data=SHEET | {"title_fr": ""})
    refused = manager.post("/skills/printing/instruction/sheet/publish", data={"required_from": "2026-11-01"})
    manager.post("/skills/printing/instruction/sheet/edit", data=SHEET)
    past = manager.post("/skills/printing/instruction/sheet/publish", data={"required_from": "2026-10-01"})

    assert (wrong.status_code, refused.status_code, past.status_code) == (422, 422, 422)
    assert 'id="questions_fr-error"' in wrong.text
    assert 'id="required_from-error"' in past.text
    with reading():
        assert published("printing", "sheet") is None


def test_a_draft_is_thrown_away_and_the_second_of_two_editors_is_told(manager, lab):
    manager.post("/skills/printing/instruction/checklist/edit", data=SHEET)
    second = manager.post(
        "/skills/printing/instruction/checklist/edit", data=SHEET | {"title_fr": "Autre", "version": "7"}
    )
    dropped = [manager.post("/skills/printing/instruction/checklist/drop").status_code for _ in range(2)]

    assert dropped == [303, 404]
    assert second.status_code == 409
    assert manager.get("/skills/printing/instruction/checklist/publish").status_code == 404


def test_a_trainer_reads_and_does_not_write(web, lab, manager, now):
    trainer = signed_in(web, Role.TRAINER)
    publish(manager, now)

    assert trainer.get("/skills/printing/instruction").status_code == 200
    assert trainer.get("/skills/printing/instruction/sheet/edit").status_code == 403
    assert trainer.post("/skills/printing/instruction/sheet/edit", data=SHEET).status_code == 403


def test_a_holder_accepts_on_the_phone_once_the_answers_are_right_and_the_box_is_ticked(web, lab, manager, now):
    publish(manager, now)
    ada = signed_in(web, Role.HOLDER, holder=lab.holder)
    mine = page(ada, "/me")
    shown = page(ada, "/me/sheets/printing")
    wrong = ada.post("/me/sheets/printing", data={"number": "1", "lang": "fr", "q-0": "1", "read": "y"})
    unticked = ada.post("/me/sheets/printing", data={"number": "1", "lang": "fr", "q-0": "0"})
    old = ada.post("/me/sheets/printing", data={"number": "0", "lang": "fr", "q-0": "0", "read": "y"})
    with reading():
        before = accepted()
    done = ada.post("/me/sheets/printing", data={"number": "1", "lang": "fr", "q-0": "0", "read": "y"})

    assert "/me/sheets/printing" in mine
    assert "Ventiler" in shown
    assert [answer.status_code for answer in (wrong, unticked, old)] == [422, 422, 422]
    assert before == {}
    assert done.status_code == 303
    with reading():
        assert accepted() == {(lab.holder, "printing"): 1}
    assert ada.get("/me/sheets/nothing").status_code in {403, 404}


@pytest.fixture
def at_the_mill(web, lab, now):
    """A sign-off at a machine of high risk: the browser of its trainer, the learner, and somebody else's browser."""
    by = {"actor": "test", "now": now - timedelta(days=2)}
    machines.add_machine("c1", "Mill", "mill", "agent-1", RiskClass.HIGH, **by)
    training.require_skills("c1", ["printing"], **by)
    trainer, other = staff(now, "Maria"), staff(now, "Otto")
    learner = people.add_holder("Nils", "Holm", "de", **by).number
    take("c1", trainer, learner, now, 1, now)
    return _browser(web, trainer, now), learner, _browser(web, other, now)


def _browser(web, holder, now):
    """A browser of the account this holder has."""
    client = web.test_client()
    with web.app_context(), writing() as session:
        account = session.scalars(select(Account.id).where(Account.holder_number == holder)).one()
        client.set_cookie(cookies.name(), websessions.begin(account, "pytest", now))
    return client


def test_a_trainer_ticks_the_checklist_on_the_phone_and_nobody_else_can(manager, at_the_mill, now):
    trainer, learner, other = at_the_mill
    (row,) = rows()
    without = page(trainer, f"/sign-offs/{row.id}")
    publish(manager, now, "checklist")
    shown = page(trainer, f"/sign-offs/{row.id}")
    sent = {"tick-printing": ["0"], "edition-printing": "1", "minutes": "30", "language": "de"}
    half = trainer.post(f"/sign-offs/{row.id}", data=sent)
    others = other.post(f"/sign-offs/{row.id}", data=sent | {"tick-printing": ["0", "1"]})
    before = levels(learner, now)
    done = trainer.post(f"/sign-offs/{row.id}", data=sent | {"tick-printing": ["0", "1"]})

    assert 'name="tick-printing"' not in without
    assert "Ne pas toucher la buse" in shown
    assert (half.status_code, others.status_code, done.status_code) == (422, 403, 303)
    assert before == {"printing": Level.SUPERVISED}
    assert levels(learner, now) == {"printing": Level.ALONE}
    assert "Nils Holm" in page(trainer, "/sign-offs")
    assert "Nils Holm" not in page(other, "/sign-offs")
    assert "Nils Holm" in page(manager, "/sign-offs/all")


def test_today_says_what_waits_to_be_ticked_and_what_has_lapsed(web, lab, manager, at_the_mill, now):
    waiting = page(manager, "/today")
    clock_of(web).moment = now + timedelta(hours=25)
    lapsed = page(signed_in(web, Role.MANAGER), "/today")

    assert "/sign-offs/all" in waiting
    assert "1 validation attend" in waiting
    assert "1 validation expirée" in lapsed


def test_what_the_lab_decides_about_sign_offs_is_kept(manager, lab):
    stored = manager.post(
        "/instruction/rules", data={"sign_off_hours": "8", "class_machines": "3", "class_risk": "low"}
    )
    wrong = manager.post("/instruction/rules", data={"sign_off_hours": "0", "class_machines": "3", "class_risk": "low"})

    assert (stored.status_code, wrong.status_code) == (303, 422)
    assert 'value="8"' in page(manager, "/instruction/rules")


# --- the record -------------------------------------------------------------------------------------------------------


def words_of(pdf: bytes) -> str:
    """All text of a PDF in reading order, every white space as one blank."""
    told = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    return re.sub(r"\s+", " ", told.decode())


def test_the_record_says_what_was_taught_by_whom_and_what_both_have_confirmed(web, lab, manager, at_the_mill, now):
    trainer, learner, _ = at_the_mill
    publish(manager, now)
    publish(manager, now, "checklist")
    sent = {"tick-printing": ["0", "1"], "edition-printing": "1", "minutes": "35", "language": "de"}
    trainer.post(f"/sign-offs/{rows()[0].id}", data=sent)
    people.add_membership(learner, "acme-rd", actor="test", now=now)
    nils = signed_in(web, Role.HOLDER, holder=learner)
    nils.post("/me/sheets/printing", data={"number": "1", "lang": "fr", "q-0": "0", "read": "y"})
    paper = nils.get("/me/instruction.pdf")
    text = words_of(paper.data)

    assert paper.mimetype == "application/pdf"
    for told in (
        *("Nils Holm", "3D printing", "Sicherheitsblatt, Version 1", "Checkliste, Version 1", "35 min", "Deutsch"),
        *("Maria Trainer", "14. Okt. 2026", "14. Okt. 2027", "Halle Zéro"),
        "Ausgestellt vom Betreiber der Maschinen. Die eigene Unterweisungspflicht des Arbeitgebers bleibt bestehen.",
    ):
        assert told in text, told
    for language, duty in (
        ("fr", "L’obligation de formation propre à l’employeur demeure."),
        ("en", "duty to instruct remains"),
    ):
        assert duty in words_of(manager.get(f"/people/{learner}/instruction.pdf?lang={language}").data)


def test_the_record_names_the_last_day_on_which_it_counts(web, lab, manager, now):
    form = {"person": str(lab.holder), "since": "2026-10-14", "until": "2027-08-31", "level": "alone"}
    training.add_skill("mill", "Fraiseuse", actor="test", now=now)
    manager.post("/skills/mill/give", data=form)

    assert "31 Aug 2027" in words_of(manager.get(f"/people/{lab.holder}/instruction.pdf?lang=en").data)
    assert "1 Sept 2027" not in words_of(manager.get(f"/people/{lab.holder}/instruction.pdf?lang=en").data)


def test_the_copy_of_ones_data_has_ones_learning_and_names_others_by_their_role(web, lab, manager, at_the_mill, now):
    _, learner, _ = at_the_mill
    publish(manager, now)
    nils = signed_in(web, Role.HOLDER, holder=learner)
    nils.post("/me/sheets/printing", data={"number": "1", "lang": "fr", "q-0": "0", "read": "y"})
    data: Any = nils.get("/me/data.json").json

    assert [(one["skill"], one["number"], one["language"]) for one in data["sheets_accepted"]] == [
        ("printing", 1, "fr")
    ]
    assert [(one["learner"], one["trainer"]) for one in data["sign_offs"]] == [(learner, "trainer")]


def test_a_tenants_record_has_its_people_and_its_own_interval(web, lab, manager, now):
    people.set_minor_until(lab.holder, now + timedelta(days=400), actor="test", now=now)
    usual = page(manager, "/tenants/acme/instruction")
    wrong = manager.post("/tenants/acme/instruction/interval", data={"months": "0", "months_minor": "3"})
    manager.post("/tenants/acme/instruction/interval", data={"months": "12", "months_minor": "3"})
    second = manager.post(
        "/tenants/acme/instruction/interval", data={"months": "9", "months_minor": "9", "version": "9"}
    )
    text = words_of(manager.get("/tenants/acme/instruction.pdf?lang=en").data)

    assert "Ada Lovelace" in usual
    assert (wrong.status_code, second.status_code) == (422, 409)
    assert "Acme SARL" in text
    assert "next due: 14 Dec 2026" in text  # 14 September, and three months for a minor
    assert (
        signed_in(web, Role.TENANT_ADMIN, ScopeKind.TENANT, "acme").get("/tenants/acme/instruction.pdf").status_code
        == 403
    )


def test_a_record_is_due_again_on_the_last_day_of_a_shorter_month() -> None:
    assert next_due(date(2026, 8, 31), USUAL, is_minor=True) == date(2027, 2, 28)
    assert next_due(date(2026, 12, 15), Months(1, 1), is_minor=False) == date(2027, 1, 15)
    assert strictest([Months(24, 6), Months(12, 9)]) == Months(12, 6)
    assert strictest([]) == USUAL
