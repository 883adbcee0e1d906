"""Why not? Every fact a start depends on, with its way out; who may use a machine now; and what a change would do."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from server.accounts.models import Account
from server.care.log_only import begin
from server.db import reading, writing
from server.domain.editions import Body
from server.domain.roles import Role
from server.instruction import editions
from server.instruction.rows import SHEET
from server.machines import service as machines
from server.people import service as people
from server.training import service as training
from server.training.rows import skill_by_code
from server.training.service import SkillRules
from tests.server.page_lab import by, database_url, web
from tests.server.signed_in import signed_in, text
from wire.messages import Level, RiskClass, Service

__all__ = ["by", "database_url", "web"]


@pytest.fixture
def manager(web):
    return english(web, Role.MANAGER)


def english(web, role, **more):
    browser = signed_in(web, role, **more)
    with web.app_context(), writing() as session:
        session.execute(update(Account).values(language="en"))
    return browser


def words(answer):
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text(answer)))


def why(browser, lab):
    return words(browser.get(f"/people/{lab.holder}/machines/p1"))


def test_who_may_start_reads_that_nothing_stands_against_it(manager, lab):
    page = why(manager, lab)

    assert "Would start now" in page
    assert "Refused" not in page


@pytest.mark.parametrize(
    ("against", "said", "way"),
    [
        (lambda lab, by: people.block_token(lab.token, "lost", **by), "badge blocked", "Lend a badge"),
        (lambda lab, by: people.block_holder(lab.holder, "unsafe", **by), "access blocked", "Unblock"),
        (lambda lab, by: people.end_membership(lab.membership, "left", **by), "membership ended", "Add a membership"),
        (lambda lab, by: people.suspend_tenant("acme", "unpaid", **by), "access paused", "Add a membership"),
        (lambda lab, by: training.revoke(lab.qualification, "unsafe", **by), "withdrawn on", "Give…"),
        (lambda lab, by: machines.set_service("p1", Service.OUT, "nozzle", **by), "machine out of service", ""),
    ],
)
def test_each_fact_that_refuses_is_named_with_its_way_out(manager, lab, by, against, said, way):
    against(lab, by)

    page = why(manager, lab)

    assert "Refused, for one reason" in page
    assert said in page
    assert way in page


def test_several_facts_refuse_each_for_itself(manager, lab, by):
    people.block_holder(lab.holder, "unsafe", **by)
    training.revoke(lab.qualification, "unsafe", **by)

    assert "Refused, for 2 reasons" in why(manager, lab)


def test_what_a_skill_needs_is_a_fact_of_its_own(manager, lab, by):
    training.add_skill("safety", "Safety", **by)
    training.set_rules("printing", SkillRules(needs=frozenset({"safety"})), **by)

    page = why(manager, lab)

    assert "Refused, for one reason" in page
    assert "Safety missing" in page


def test_somebody_who_needs_a_trainer_beside_reads_so(manager, lab, by):
    training.revoke(lab.qualification, "again", **by)
    training.grant(lab.holder, "printing", level=Level.SUPERVISED, **by)

    page = why(manager, lab)

    assert "Starts with a trainer’s badge beside" in page
    assert "Refused" not in page


def test_the_holder_reads_the_same_on_the_phone_and_nobody_elses(web, lab, by):
    maker = english(web, Role.HOLDER, holder=lab.holder)
    training.revoke(lab.qualification, "unsafe", **by)

    page = words(maker.get("/me/machines/p1"))

    assert "Refused, for one reason" in page
    assert "See the courses" in page
    assert maker.get(f"/people/{lab.holder}/machines/p1").status_code == 403
    assert maker.get("/me/machines/nothing").status_code == 404


def test_who_may_use_a_machine_now_and_who_is_kept_from_it(manager, lab, by):
    may = words(manager.get("/machines/p1/who"))
    people.suspend_tenant("acme", "unpaid", **by)
    kept = words(manager.get("/machines/p1/who"))

    assert "May use it now 1" in may
    assert "Kept from it now 1" in kept
    assert "access paused" in kept


# --- what would this change do? ---------------------------------------------------------------------------------------


def test_rules_of_a_skill_that_lock_people_out_are_saved_only_once_that_was_read(manager, lab, by):
    training.add_skill("safety", "Safety", **by)
    change = {"needs": "safety"}

    asked = manager.post("/skills/printing/rules", data=change)
    before = rules()
    saved = manager.post("/skills/printing/rules", data=change | {"confirmed": "1"})

    assert "1 person loses 1 machine" in words(asked)
    assert "Ada" in words(asked)
    assert before == SkillRules()
    assert saved.status_code == 303
    assert rules().needs == {"safety"}


def test_a_change_that_locks_nobody_out_is_saved_at_once(manager, lab, by):
    assert manager.post("/skills/printing/rules", data={"grace_days": "14"}).status_code == 303


def rules():
    with reading():
        return training.rules_of(skill_by_code("printing"))


def test_while_the_lab_only_looks_on_a_missing_skill_is_told_and_refuses_nothing(manager, lab, by):
    training.revoke(lab.qualification, "again", **by)
    begin(RiskClass.LOW, by["now"] + timedelta(days=7), "roll-out", **by)

    page = why(manager, lab)
    people.block_token(lab.token, "lost", **by)

    assert "Would start now" in page
    assert "Only told" in page
    assert "Refused, for one reason" in why(manager, lab), "control: a blocked badge is refused all the same"


def test_while_the_site_keys_cannot_be_read_a_page_says_so_and_what_to_do(web, manager, lab, tmp_path):
    settings = web.extensions["settings"]
    web.extensions["settings"] = settings.model_copy(update={"keys_dir": tmp_path})
    (tmp_path / "site-keys.toml").write_text("not toml [")
    maker = english(web, Role.HOLDER, holder=lab.holder)

    told = manager.get(f"/people/{lab.holder}/machines/p1")
    kept = maker.get("/me/machines/p1")

    assert (told.status_code, kept.status_code) == (503, 503)
    assert "is damaged" in told.text
    assert "Bring it back from your copy" in told.text
    assert str(tmp_path) not in kept.text
    assert "Tell the lab" in kept.text


def test_a_sheet_that_is_to_be_accepted_soon_is_said_with_the_way_to_it(web, manager, lab, by):
    editions.save_draft("printing", SHEET, Body({"fr": "Imprimer"}, {"fr": ("La buse brûle.",)}), **by)
    editions.publish("printing", SHEET, by["now"] + timedelta(days=3), **by)
    maker = english(web, Role.HOLDER, holder=lab.holder)

    staff, own = why(manager, lab), text(maker.get("/me/machines/p1"))

    assert "its new safety sheet is to be accepted by" in staff
    assert "Would start now" in staff
    assert "its new safety sheet is to be accepted by" in own
    assert 'href="/me/sheets/printing"' in own
