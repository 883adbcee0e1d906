"""The pages about training: the catalogue, giving a skill to several people, taking it back, and who may do that."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from server.accounts.models import Account
from server.db import db, reading, writing
from server.domain.roles import Role, ScopeKind
from server.machines import service as machines
from server.machines.models import Machine
from server.people import service as people
from server.people.models import Payer, Person
from server.training import service as training
from server.training.models import Qualification, Skill
from server.training.rows import skill_by_code
from server.usage.models import UsageSession
from tests.server.page_lab import by, database_url, web
from tests.server.signed_in import signed_in, text
from wire.messages import RiskClass

__all__ = ["by", "database_url", "web"]


@pytest.fixture
def trainer(web):
    return signed_in(web, Role.TRAINER)


@pytest.fixture
def manager(web):
    return signed_in(web, Role.MANAGER)


def test_a_skill_is_added_renamed_by_two_and_given_no_longer(web, by):
    manager = signed_in(web, Role.MANAGER)
    manager.post("/skills/new", data={"name": "Soudure", "code": "welding"})
    assert "il y a déjà une compétence welding" in manager.post(
        "/skills/new", data={"name": "Soudure", "code": "welding"}
    ).text.replace("\u00a0", " ")

    manager.post("/skills/welding/edit", data={"name": "Soudure TIG", "version": 1})
    assert manager.post("/skills/welding/edit", data={"name": "Soudure MIG", "version": 1}).status_code == 409
    page = text(manager.post("/skills/welding/end", data={"reason": "plus de poste"}, follow_redirects=True))

    assert "Soudure TIG" in page
    assert 'action="/skills/welding/resume"' in page
    refused = manager.post("/skills/printing/end", data={"reason": "x"})
    assert "des machines demandent encore cette compétence (1)" in refused.text.replace("\u00a0", " ")


def test_the_catalogue_counts_people_machines_and_what_lapses_soon(trainer, lab, by):
    bob = people.add_holder("Bob", "B", **by).number
    training.grant(bob, "printing", None, by["now"] + timedelta(days=9), **by)

    cells = re.findall(r'<td class="num[^"]*">(.*?)</td>', text(trainer.get("/skills")))

    assert [re.sub("<[^>]+>", "", cell) for cell in cells] == ["1", "2", "1"]


def test_several_people_are_qualified_at_once_from_a_day_until_another(trainer, lab, by):
    people_in = [people.add_holder(name, name, **by).number for name in ("Bob", "Eve")]
    page = text(trainer.get("/skills/printing/give", query_string={"person": people_in, "q": "ada"}))
    assert page.count('name="person"') == 4  # ticked in the form, and kept by the search beside it

    given = {"person": people_in, "since": "2026-10-14", "until": "2027-10-13", "reason": "cours du 14"}
    trainer.post("/skills/printing/give", data=given)

    rows = db.session.scalars(select(Qualification).where(Qualification.holder_number.in_(people_in))).all()
    assert [(row.valid_from, row.valid_until, row.reason) for row in rows] == [
        (by["now"], datetime(2027, 10, 13, 22, 0, tzinfo=UTC), "cours du 14")
    ] * 2


def test_what_cannot_be_given_is_refused_in_words_and_nobody_gets_it(trainer, lab, by):
    nobody = trainer.post("/skills/printing/give", data={"since": "2026-10-14"})
    backwards = trainer.post(
        "/skills/printing/give", data={"person": lab.holder, "since": "2026-10-14", "until": "2026-10-01"}
    )

    assert "Choisissez au moins une personne." in nobody.text
    assert "l’habilitation finirait avant de commencer" in backwards.text
    assert len(db.session.scalars(select(Qualification)).all()) == 1


def test_revoking_counts_people_machines_and_sessions_that_go_on(web, lab, by, now):
    start = now - timedelta(minutes=30)
    with writing() as session:
        ids = session.scalar(select(Machine.id)), session.scalar(select(Payer.id))
        running = UsageSession(id="s1", machine_id=ids[0], holder_number=lab.holder, payer_id=ids[1], state="open")
        running.started_at, running.time_quality, running.revision, running.simulated = start, "synced", 1, False
        session.add(running)
    manager, trainer = signed_in(web, Role.MANAGER), signed_in(web, Role.TRAINER)
    ask = f"/skills/printing/revoke?ref={lab.qualification}"

    page = text(manager.get(ask))
    assert "1 personne perd l’accès à 1 machine" in page
    assert "Ada Lovelace depuis 09:30" in page
    assert "Ada Lovelace depuis" not in text(trainer.get(ask))  # trainers do not see who was where

    revoked = trainer.post(ask, data={"reason": "nouvelle fiche"})
    assert revoked.location == f"/people/{lab.holder}"
    row = db.session.scalars(select(Qualification)).one()
    assert (row.revoked_at, row.revoked_reason) == (now, "nouvelle fiche")
    assert trainer.get(ask).status_code == 404  # there is nothing left to revoke


def test_all_who_have_a_skill_lose_it_at_once(trainer, lab, by):
    training.grant(people.add_holder("Bob", "B", **by).number, "printing", **by)
    assert "Révoquer 2 habilitations" in text(trainer.get("/skills/printing/revoke?all=1"))

    trainer.post("/skills/printing/revoke?all=1", data={"reason": "nouvelle fiche"})

    assert all(db.session.scalars(select(Qualification.revoked_at)))


@pytest.mark.parametrize(
    ("show", "names"),
    [("", ["Ada", "Bob", "Cid"]), ("soon", ["Bob"]), ("expired", ["Dan"]), ("revoked", ["Eve"])],
)
def test_the_list_tells_apart_what_counts_lapses_lapsed_and_was_revoked(trainer, lab, by, show, names):
    long_ago, days = by["now"] - timedelta(days=20), lambda number: by["now"] + timedelta(days=number)
    bob, cid, dan, eve = (people.add_holder(name, name, **by).number for name in ("Bob", "Cid", "Dan", "Eve"))
    training.grant(bob, "printing", long_ago, days(5), **by)
    training.grant(cid, "printing", long_ago, days(5), **by)
    training.grant(cid, "printing", long_ago, days(400), **by)  # renewed in time
    training.grant(dan, "printing", long_ago, days(-5), **by)
    training.revoke(training.grant(eve, "printing", long_ago, **by).ref, "unsafe", **by)

    found = re.findall(
        r'<th scope="row"><a href="/people/\d+">(\w+)', text(trainer.get(f"/qualifications?show={show}"))
    )

    assert sorted(set(found)) == names


def test_nobody_decides_about_the_own_qualification(web, lab):
    trainer = signed_in(web, Role.TRAINER, holder=lab.holder)

    given = trainer.post("/skills/printing/give", data={"person": lab.holder, "since": "2026-10-14"})
    revoked = trainer.post(f"/skills/printing/revoke?ref={lab.qualification}", data={"reason": "x"})

    assert "Personne ne décide de sa propre habilitation" in given.text
    assert "Personne ne décide de sa propre habilitation" in revoked.text
    assert db.session.scalars(select(Qualification.revoked_at)).one() is None


def test_a_manager_whose_account_is_tied_to_nobody_is_known_by_the_mail_address(web, manager, lab):
    with writing() as session:
        email = session.scalars(select(Account.email)).one()
        session.execute(update(Person).where(Person.holder_number == lab.holder).values(email=email.upper()))

    given = manager.post("/skills/printing/give", data={"person": lab.holder, "since": "2026-10-14"})
    revoked = manager.post(f"/skills/printing/revoke?ref={lab.qualification}", data={"reason": "x"})

    assert (given.status_code, revoked.status_code) == (422, 422)
    assert "/skills/printing/give" not in text(manager.get(f"/people/{lab.holder}/qualify"))


def test_a_trainer_of_one_machine_gives_only_what_no_other_machine_asks_for(web, lab, by):
    trainer = signed_in(web, Role.TRAINER, ScopeKind.MACHINE, "p1")
    assert trainer.get("/skills/printing/give").status_code == 200
    assert "/skills/printing/give" in text(trainer.get(f"/people/{lab.holder}/qualify"))

    machines.add_machine("p2", "Printer 2", "printer", "agent-1", RiskClass.LOW, **by)
    training.require_skills("p2", ["printing"], **by)

    assert trainer.get("/skills/printing/give").status_code == 403
    assert trainer.post("/skills/printing/give", data={"person": lab.holder}).status_code == 403
    assert "/skills/printing/give" not in text(trainer.get(f"/people/{lab.holder}/qualify"))


def test_a_skill_that_no_machine_asks_for_is_given_by_trainers_of_the_lab(web, lab, by):
    training.add_skill("welding", "Soudure", **by)

    assert signed_in(web, Role.TRAINER).get("/skills/welding/give").status_code == 200
    assert signed_in(web, Role.TRAINER, ScopeKind.MACHINE, "p1").get("/skills/welding/give").status_code == 403
    assert db.session.scalars(select(Skill.code)).all()


def test_a_skill_says_what_it_needs_and_how_it_lapses_and_a_circle_is_refused(manager, lab, by):
    training.add_skill("safety", "Safety", **by)
    rules = {
        "needs": "safety",
        "lasts_days": "365",
        "ends_on": "31/08",
        "idle_days": "90",
        "grace_days": "14",
        "confirmed": "1",
    }

    saved = manager.post("/skills/printing/rules", data=rules, follow_redirects=True)
    circle = manager.post("/skills/safety/rules", data={"needs": "printing"})
    no_day = manager.post("/skills/safety/rules", data={"ends_on": "30/02"})

    for words in ("Safety", "365", "31/08", "90", "14"):
        assert words in saved.text
    assert (circle.status_code, no_day.status_code) == (422, 422)
    with reading():
        assert training.rules_of(skill_by_code("printing")) == training.SkillRules(
            frozenset({"safety"}), 365, "08-31", 90, 14
        )
        assert training.rules_of(skill_by_code("safety")) == training.SkillRules()


def test_only_a_manager_makes_trainers_and_exceptions(manager, trainer, lab, by):
    asked = {"person": lab.holder, "since": "2026-10-14", "until": "2026-10-20", "reason": "salon"}
    training.add_skill("safety", "Safety", **by)
    training.set_rules("printing", training.SkillRules(needs=frozenset({"safety"})), **by)

    by_trainer = [
        trainer.post("/skills/printing/give", data=asked | more) for more in ({"level": "trainer"}, {"override": "1"})
    ]
    without_needs = manager.post("/skills/printing/give", data=asked)
    exception = manager.post("/skills/printing/give", data=asked | {"override": "1"})

    assert [answer.status_code for answer in (*by_trainer, without_needs)] == [422, 422, 422]
    assert "Safety" in without_needs.text
    assert exception.status_code == 303
    with reading():
        assert db.session.scalars(select(Qualification.override)).all() == [False, True]


def test_a_level_is_given_and_shown(manager, lab, by):
    manager.post("/skills/printing/give", data={"person": lab.holder, "since": "2026-10-14", "level": "supervised"})

    with reading():
        assert set(db.session.scalars(select(Qualification.level))) == {"alone", "supervised"}
