"""A list of people comes in: nothing before it is confirmed, then all of it or nothing, quickly; and goes out again."""

import io
import re
import time
from datetime import timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from server.audit.models import AuditEntry
from server.db import db, reading
from server.domain.roles import Role, ScopeKind
from server.domain.roster import LONGEST, Outcome
from server.jobs import service as jobs
from server.people import service as people
from server.people.models import Holder, Membership, Person
from tests.server.signed_in import page, signed_in, text, web_app

ZONE = ZoneInfo("Europe/Paris")
HEAD = "given;family;email;language;payer;from;until;minor until"
ZOE = "Zoé;Muster;zoe@lab.test;de;acme-rd;;2027-06-30;2028-09-01"
PARTS = "multipart/form-data"  # as the page's form sends it
SECONDS = 30.0  # for 1 200 people, on a computer that may have much else to do; the figure is printed


@pytest.fixture
def by(now):
    return {"actor": "account:1", "now": now}


@pytest.fixture
def ada(lab, by):
    people.edit_person(lab.holder, people.PersonFacts("Ada", "Lovelace", "ada@lab.test", "fr", False), **by)
    return lab.holder


def bring(*rows, by):
    plan = people.plan_import("\n".join([HEAD, *rows]), ZONE, by["now"])
    return people.import_people("\n".join([HEAD, *rows]), plan.mark, ZONE, **by)


def one(wanted):
    with reading() as session:
        return session.execute(wanted).one()


def test_somebody_new_gets_a_number_a_name_a_membership_and_entries_in_the_journal(lab, by, now):
    bring(ZOE, by=by)

    found = select(Holder.number, Holder.minor_until, Person.given_name, Person.language, Membership.valid_until)
    found = found.join(Person, Person.holder_number == Holder.number)
    found = found.join(Membership, Membership.holder_number == Holder.number)
    number, minor, given, language, until = one(found.where(Person.family_name == "Muster"))
    assert (given, language) == ("Zoé", "de")
    assert minor.astimezone(ZONE).date().isoformat() == "2028-09-02"  # until the end of the day before
    assert until.astimezone(ZONE).date().isoformat() == "2027-07-01"
    written = db.session.scalars(select(AuditEntry).where(AuditEntry.object_id == str(number))).all()
    assert [entry.verb for entry in written] == ["import"]
    everything = db.session.scalars(select(AuditEntry)).all()
    assert not any("Muster" in repr((entry.before, entry.after)) for entry in everything)


def test_who_is_here_is_changed_and_keeps_number_badge_and_the_rest(ada, lab, by):
    plan = bring("Ada;King;ada@lab.test;en;acme-rd;;2027-06-30;", by=by)

    assert plan.count(Outcome.CHANGED) == 1
    name, language, version = one(
        select(Person.family_name, Person.language, Holder.version)
        .join(Holder, Holder.number == Person.holder_number)
        .where(Holder.number == ada)
    )
    assert (name, language) == ("King", "en")
    assert version == 3  # the fixture's change, and this one: whoever edits meanwhile is told
    (until,) = one(select(Membership.valid_until).where(Membership.ref == lab.membership))
    assert until.astimezone(ZONE).date().isoformat() == "2027-07-01"


def test_bringing_the_same_list_again_changes_nothing(ada, by):
    bring(ZOE, by=by)
    before = _rows()

    again = bring(ZOE, by=by)

    assert again.count(Outcome.SAME) == 1
    assert _rows() == before


def _rows():
    tables = (Holder, Person, Membership)
    with reading() as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def test_one_mistake_and_nothing_is_stored(lab, by):
    before = _rows()
    broken = f"{HEAD}\n{ZOE}\nBob;Honig;no-address;;;;;"
    plan = people.plan_import(broken, ZONE, by["now"])

    with pytest.raises(people.PeopleError, match="nothing was imported"):
        people.import_people(broken, plan.mark, ZONE, **by)

    assert _rows() == before


def test_what_was_not_shown_is_not_done(ada, by):
    shown = people.plan_import(f"{HEAD}\n{ZOE}", ZONE, by["now"])
    people.add_holder("Zoé", "Muster", email="zoe@lab.test", **by)

    with pytest.raises(people.PeopleError, match="look again"):
        people.import_people(f"{HEAD}\n{ZOE}", shown.mark, ZONE, **by)


def test_a_list_is_told_to_the_agents_once_however_long_it_is(lab, by):
    seen = jobs.last_change_id()

    bring(*(f"P{number};Élève;p{number}@lab.test;;acme-rd;;;" for number in range(50)), by=by)

    assert [(change.topic, change.key) for change in jobs.changes_after(seen)] == [("access", "people")]


def test_twelve_hundred_people_come_in_seconds(lab, by, capsys):
    rows = [f"P{number};Élève;p{number}@lab.test;fr;acme-rd;;2027-06-30;2028-01-01" for number in range(1200)]
    list_of_all = "\n".join([HEAD, *rows])

    began = time.perf_counter()
    plan = people.plan_import(list_of_all, ZONE, by["now"])
    planned = time.perf_counter() - began
    people.import_people(list_of_all, plan.mark, ZONE, **by)
    took = time.perf_counter() - began

    with capsys.disabled():
        print(f"\n1 200 people on {db.engine.dialect.name}: dry run {planned:.2f} s, all {took:.2f} s")
    assert _rows()[0] == 1201
    assert took < SECONDS
    began = time.perf_counter()
    assert people.plan_import(list_of_all, ZONE, by["now"]).count(Outcome.SAME) == 1200
    assert people.export_people("", ZONE, **by).count("\r\n") == 1202
    assert time.perf_counter() - began < SECONDS


def test_what_goes_out_comes_in_again_as_it_is_and_the_journal_says_who_took_it(ada, by):
    bring(ZOE, by=by)

    taken = people.export_people("", ZONE, **by)

    again = people.plan_import(taken, ZONE, by["now"])
    assert again.wrong == ()
    assert again.count(Outcome.SAME) == len(again.steps) == 2
    [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.verb == "export")).all()
    assert entry.after is not None
    assert (entry.actor, entry.after["people"]) == ("account:1", 2)


def test_of_one_tenant_only_its_members_go_out(ada, by):
    people.add_holder("Zoé", "Muster", email="zoe@lab.test", **by)

    assert "Muster" in people.export_people("", ZONE, **by)
    assert "Muster" not in people.export_people("acme", ZONE, **by)


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(lab, database_url, now):
    return signed_in(web_app(database_url, now), Role.DESK)


def test_the_dry_run_stores_nothing_and_what_it_showed_is_then_done(desk):
    before = _rows()
    shown = text(desk.post("/people/import", data={"text": f"{HEAD}\n{ZOE}\n"}))

    assert _rows() == before
    assert "Zoé Muster" in shown
    hidden = dict(re.findall(r'name="(text|mark)"[^>]*value="([^"]*)"', shown))
    done = desk.post("/people/import/confirm", data=hidden)
    assert done.status_code == 303
    assert _rows() == [count + 1 for count in before]


def test_as_many_as_may_come_at_once_come_back_from_the_browser_too(desk):
    rows = [f"Prénom-{number};Élève-Müller;prenom.eleve-{number}@ecole.example;fr;acme-rd;;2027-06-30;2028-01-01"
            for number in range(LONGEST)]  # fmt: skip
    shown = text(desk.post("/people/import", data={"text": "\n".join([HEAD, *rows])}, content_type=PARTS))
    hidden = {name: unescape(value) for name, value in re.findall(r'name="(text|mark)"[^>]*value="([^"]*)"', shown)}

    assert desk.post("/people/import/confirm", data=hidden, content_type=PARTS).status_code == 303
    assert _rows()[0] == LONGEST + 1


def test_more_than_that_is_refused_before_anything_is_read(desk):
    rows = [f"A;B;{number}@x.fr" for number in range(LONGEST + 1)]

    shown = text(desk.post("/people/import", data={"text": "\n".join([HEAD, *rows])}, content_type=PARTS))

    assert "au plus 4000 lignes" in shown
    assert "/people/import/confirm" not in shown


def test_a_file_of_an_old_spreadsheet_is_read_too_and_one_that_is_no_text_is_refused(desk):
    old = {"file": (io.BytesIO(f"{HEAD}\n{ZOE}".encode("cp1252")), "liste.csv")}
    picture = {"file": (io.BytesIO(b"\x89PNG\x81\x8d\xff\x00"), "liste.xlsx")}

    assert "Zoé Muster" in text(desk.post("/people/import", data=old, content_type="multipart/form-data"))
    assert desk.post("/people/import", data=picture, content_type="multipart/form-data").status_code == 422
    assert desk.post("/people/import", data={"text": ""}).status_code == 422


def test_mistakes_are_shown_with_line_and_column_and_there_is_no_way_on(desk):
    shown = text(desk.post("/people/import", data={"text": f"{HEAD}\nBob;Honig;no-address;;;;;\n"}))

    assert "no-address" in shown
    assert "n’est pas une adresse mail" in shown
    assert "/people/import/confirm" not in shown


def test_meanwhile_somebody_changed_people_and_the_list_is_shown_anew(desk, by):
    shown = text(desk.post("/people/import", data={"text": f"{HEAD}\n{ZOE}"}))
    hidden = dict(re.findall(r'name="(text|mark)"[^>]*value="([^"]*)"', shown))
    people.add_holder("Zoé", "Muster", email="zoe@lab.test", **by)

    answer = desk.post("/people/import/confirm", data=hidden)

    assert answer.status_code == 409
    assert "regardez de nouveau" in answer.text


def test_the_list_is_for_those_who_look_after_people(desk, lab, database_url, now):
    app = web_app(database_url, now + timedelta(hours=1))

    assert desk.get("/people/export.csv").text.startswith("\ufeffgiven;family")
    assert "/people/import" in page(desk, "/people")
    for client in (signed_in(app, Role.TRAINER), signed_in(app, Role.TENANT_ADMIN, ScopeKind.TENANT, "acme")):
        assert client.get("/people/export.csv").status_code == 403
        assert client.post("/people/import", data={"text": "x"}).status_code == 403


def test_a_list_gives_a_class_of_members_and_tells_of_it(lab, ada, by, now):
    people.add_class("mentor", {"fr": "Mentor"}, **by)
    head = f"{HEAD};class"
    rows = ("Zoé;Muster;zoe@lab.test;;acme-rd;;;;mentor", "Ada;Lovelace;ada@lab.test;;acme-rd;;;;mentor")
    given = "\n".join([head, *rows])
    people.import_people(given, people.plan_import(given, ZONE, now).mark, ZONE, **by)

    with reading() as session:
        lasting = Membership.valid_until.is_(None) | (Membership.valid_until > now)
        classes = session.scalars(select(Membership.member_class).where(lasting)).all()
    assert classes.count("mentor") == 2
    assert people.export_people("", ZONE, **by).count(";mentor\r\n") == 2
    assert people.plan_import(given, ZONE, now).count(Outcome.SAME) == 2
