"""Changes by people to people and to who pays: what is known, who leaves, what closes; and two who edit at once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.audit.service import trail, trail_of
from server.db import Stale, db
from server.jobs import service as jobs
from server.people import service as people
from server.people.models import Establishment, Holder, Membership, Payer, Person, Tenant, TenantKind, Token
from server.training import service as training
from server.training.models import Qualification, Skill

ADA = people.PersonFacts("Ada", "King", "ada@example.org", "en", False)


@pytest.fixture
def by(now):
    return {"actor": "account:1", "now": now}


def test_a_person_is_changed_and_the_audit_keeps_no_name(lab, by):
    seen = jobs.last_change_id()

    people.edit_person(lab.holder, ADA, version=1, **by)

    assert db.session.scalars(select(Person.family_name)).one() == "King"
    [entry] = [entry for entry in trail("holder", lab.holder) if entry.verb == "edit"]
    assert entry.after["changed"] == ["email", "family_name", "language", "shows_first_name"]
    assert (entry.before["language"], entry.after["language"]) == ("fr", "en")
    assert "King" not in repr(entry)
    assert [change.key for change in jobs.changes_after(seen)] == [f"holder:{lab.holder}"]


def test_the_second_of_two_who_edit_a_person_is_told(lab, by):
    people.edit_person(lab.holder, ADA, version=1, **by)

    with pytest.raises(Stale):
        people.edit_person(lab.holder, ADA, version=1, **by)
    assert db.session.scalars(select(Holder.version)).one() == 2


@pytest.mark.parametrize("are_back", [True, False])
def test_who_leaves_loses_memberships_and_badges_but_no_qualification(lab, by, now, are_back):
    people.end_holder(lab.holder, "moved away", are_back, **by)

    token = db.session.scalars(select(Token)).one()
    assert (token.returned_at, token.blocked_at) == ((now, None) if are_back else (None, now))
    assert db.session.scalars(select(Membership.ended_at)).one() == now
    assert db.session.scalars(select(Qualification.revoked_at)).one() is None
    with pytest.raises(people.PeopleError, match="left already"):
        people.end_holder(lab.holder, "again", **by)
    with pytest.raises(people.PeopleError, match="take them back first"):
        people.add_membership(lab.holder, lab.payer, **by)


def test_who_comes_back_gets_a_membership_anew(lab, by):
    people.end_holder(lab.holder, "moved away", **by)
    people.take_back(lab.holder, **by)

    assert people.add_membership(lab.holder, lab.payer, **by).ended_at is None


def test_a_tenant_is_changed_and_cannot_belong_to_itself(lab, by):
    people.edit_tenant("acme", "Acme SA", TenantKind.SCHOOL, "de", None, version=1, **by)

    tenant = db.session.scalars(select(Tenant)).one()
    assert (tenant.name, tenant.kind, tenant.language, tenant.version) == ("Acme SA", "school", "de", 2)
    with pytest.raises(Stale):
        people.edit_tenant("acme", "Other", TenantKind.SCHOOL, "de", None, version=1, **by)
    with pytest.raises(people.PeopleError, match="belong to itself"):
        people.edit_tenant("acme", "Acme SA", TenantKind.SCHOOL, "de", "acme", **by)


def test_an_address_is_changed_with_its_numbers(lab, by):
    address = people.Address("Acme SA", "2 rue", "68100", "Mulhouse", "FR", "000001271", "FR42000001271")

    people.edit_establishment(lab.establishment, address, version=1, **by)

    assert db.session.scalars(select(Establishment.siren)).one() == "000001271"
    [entry] = [entry for entry in trail("establishment", lab.establishment) if entry.verb == "edit"]
    assert entry.before["legal_name"] == "Acme SARL"


def test_a_tenant_may_be_suspended_from_a_later_moment_on(lab, by, now):
    later = now + timedelta(days=7)

    people.suspend_tenant("acme", "unpaid", later, **by)

    assert db.session.scalars(select(Tenant.suspended_from)).one() == later


def test_a_tenant_that_leaves_closes_its_cost_centres_and_memberships(lab, by, now):
    people.end_tenant("acme", "moved away", version=1, **by)

    assert db.session.scalars(select(Payer.valid_until)).one() == now
    assert db.session.scalars(select(Membership.ended_reason)).one() == "moved away"
    with pytest.raises(people.PeopleError, match="left already"):
        people.end_tenant("acme", "again", **by)


def test_a_cost_centre_closes_on_a_day_after_it_began(lab, by, now):
    people.end_payer(lab.payer, now + timedelta(days=1), "merged", **by)

    assert db.session.scalars(select(Payer.valid_until)).one() == now + timedelta(days=1)
    with pytest.raises(people.PeopleError, match="end before it begins"):
        people.end_payer(lab.payer, now - timedelta(days=90), "typo", **by)


def test_a_skill_is_renamed_and_ends_only_when_no_machine_asks_for_it(lab, by, now):
    training.edit_skill("printing", "3D print", version=1, **by)
    with pytest.raises(training.TrainingError, match="machines still ask"):
        training.end_skill("printing", "merged", **by)

    training.require_skills("p1", [], **by)
    training.end_skill("printing", "merged", version=2, **by)

    assert db.session.scalars(select(Skill.ended_at)).one() == now
    with pytest.raises(training.TrainingError, match="3D print is no longer given"):
        training.grant(lab.holder, "printing", **by)
    training.resume_skill("printing", **by)
    assert training.grant(lab.holder, "printing", reason="course of 12 October", **by).reason == "course of 12 October"


def test_a_skill_is_given_to_all_of_several_people_or_to_none(lab, by):
    bob = people.add_holder("Bob", "B", **by).number

    with pytest.raises(training.TrainingError, match="no holder 1"):
        training.grant_to_all([bob, 1], "printing", **by)
    assert len(db.session.scalars(select(Qualification)).all()) == 1

    training.grant_to_all([bob, lab.holder], "printing", **by)
    training.revoke_all([lab.qualification], "new safety sheet", **by)
    assert len(db.session.scalars(select(Qualification).where(Qualification.revoked_at.is_(None))).all()) == 2


def test_a_trail_is_about_several_things_and_shows_the_newest_first(lab, by, now):
    people.block_token(lab.token, "lost", **by)

    entries = trail_of([("holder", lab.holder), ("token", lab.token)])

    assert [(entry.object_kind, entry.verb) for entry in entries] == [
        ("token", "block"),
        ("token", "give"),
        ("holder", "add"),
    ]
    assert trail_of([]) == []
    assert db.session.scalars(select(AuditEntry.id)).all()
