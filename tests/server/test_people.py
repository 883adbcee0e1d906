"""Who uses the lab and who pays: numbers, badges, memberships, and what is written down about each change."""

import json
import secrets
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.db import db
from server.jobs import service as jobs
from server.people import service as people
from server.people.models import BillTo, Holder, Membership, Person, TaxTreatment, TenantKind, Token

KEY = bytes(32)


def test_holder_numbers_are_random_and_have_six_or_seven_digits(app, now):
    numbers = [people.add_holder("A", "B", actor="desk", now=now).number for _ in range(20)]

    assert len(set(numbers)) == 20
    assert all(100_000 <= number <= 9_999_999 for number in numbers)
    assert numbers != sorted(numbers)


def test_a_number_that_was_taken_is_not_given_again(app, now, monkeypatch):
    draws = iter([5, 5, 6])
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(draws))

    first, second = (people.add_holder("A", "B", actor="desk", now=now).number for _ in range(2))

    assert (first, second) == (100_005, 100_006)


def test_the_name_stands_in_person_only(app, now):
    people.add_holder("Ada", "Lovelace", email="ada@example.org", actor="desk", now=now)

    kept = [
        json.dumps([entry.before, entry.after, entry.object_id]) for entry in db.session.scalars(select(AuditEntry))
    ]

    assert kept
    assert not any("Ada" in text or "Lovelace" in text or "example" in text for text in kept)
    db.session.delete(db.session.scalars(select(Person)).one())
    db.session.commit()
    assert db.session.scalars(select(Holder)).one().number


def test_the_card_id_is_not_kept(lab, now):
    token = people.give_token(lab.holder, "em4100:0999999999", KEY, "k1", actor="desk", now=now)

    row = db.session.execute(select(Token.__table__).where(Token.ref == token.ref)).one()
    assert "0999999999" not in repr(row)
    assert len(token.fingerprint) == 32


def test_a_badge_is_lent_to_one_holder_at_a_time(lab, now):
    other = people.add_holder("Bob", "B", actor="desk", now=now)
    people.give_token(other.number, "em4100:0999999999", KEY, "k1", actor="desk", now=now)

    with pytest.raises(people.PeopleError, match=f"already lent to holder {other.number}"):
        people.give_token(lab.holder, "em4100:0999999999", KEY, "k1", actor="desk", now=now)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda by: people.give_token(1, "em4100:1", KEY, "k1", **by), "no holder 1"),
        (lambda by: people.add_membership(1, "acme-rd", **by), "no holder 1"),
        (lambda by: people.block_token("x", "lost", **by), "no token x"),
        (lambda by: people.end_membership("x", "left", **by), "no membership x"),
        (lambda by: people.suspend_tenant("nobody", "unpaid", **by), "no tenant nobody"),
        (lambda by: people.add_tenant("acme", "A", TenantKind.COMPANY, **by), "already a tenant acme"),
        (lambda by: people.add_payer("acme", "acme-rd", "", "", **by), "already a payer acme-rd"),
        (lambda by: people.add_payer("acme", "acme#rd", "", "", **by), "cannot be the code"),
        (lambda by: people.set_bill_to("acme", 999, date(2026, 11, 1), **by), "no establishment 999"),
        (lambda by: people.set_treatment(999, "fr", date(2026, 11, 1), "", **by), "no establishment 999"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(lab, now, ask, said):
    with pytest.raises(people.PeopleError, match=said):
        ask({"actor": "desk", "now": now})


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda lab, by: people.block_holder(lab.holder, "why", **by), "holder"),
        (lambda lab, by: people.unblock_holder(lab.holder, "why", **by), "holder"),
        (lambda lab, by: people.block_token(lab.token, "why", **by), "holder"),
        (lambda lab, by: people.unblock_token(lab.token, "why", **by), "holder"),
        (lambda lab, by: people.end_membership(lab.membership, "why", **by), "holder"),
        (lambda lab, by: people.suspend_tenant(lab.tenant, "why", **by), "tenant"),
        (lambda lab, by: people.resume_tenant(lab.tenant, "why", **by), "tenant"),
    ],
)
def test_what_changes_a_right_is_audited_with_its_reason_and_announced(lab, now, change, key):
    seen = jobs.last_change_id()

    change(lab, {"actor": "manager", "now": now})

    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.actor, entry.reason, entry.at) == ("manager", "why", now)
    [announced] = jobs.changes_after(seen)
    assert (announced.topic, announced.key.split(":")[0]) == ("access", key)


def test_blocking_twice_keeps_the_first_moment(lab, now):
    people.block_token(lab.token, "lost", actor="desk", now=now)
    people.block_token(lab.token, "still lost", actor="desk", now=now + timedelta(hours=1))

    assert db.session.scalars(select(Token.blocked_at)).one() == now


def test_the_first_membership_is_the_default_and_the_next_comes_after_it(lab, now):
    people.add_payer("acme", "acme-qa", "QA", "Acme QA", actor="desk", now=now)

    second = people.add_membership(lab.holder, "acme-qa", actor="desk", now=now)

    assert second.rank == 1


def test_a_membership_made_after_all_others_ended_becomes_the_default(lab, now):
    people.end_membership(lab.membership, "left", actor="desk", now=now)
    people.add_payer("acme", "acme-qa", "QA", "Acme QA", actor="desk", now=now)

    new = people.add_membership(lab.holder, "acme-qa", actor="desk", now=now)

    assert new.rank < db.session.scalars(select(Membership.rank).where(Membership.ref == lab.membership)).one()


def test_a_new_treatment_ends_the_one_before(lab, now):
    people.set_treatment(lab.establishment, "eu_business", date(2026, 11, 1), "moved", actor="ana", now=now)

    rows = db.session.scalars(select(TaxTreatment).order_by(TaxTreatment.valid_from)).all()
    assert [(row.treatment, row.valid_until) for row in rows] == [
        ("fr_business", date(2026, 11, 1)),
        ("eu_business", None),
    ]
    assert rows[1].decided_by == "ana"
    with pytest.raises(people.PeopleError, match="already decided from 2026-11-01"):
        people.set_treatment(lab.establishment, "other", date(2026, 10, 1), "late", actor="ana", now=now)


def test_another_tenant_may_pay_from_a_day_on(lab, now):
    people.add_tenant("parent", "Parent", TenantKind.ACCELERATOR, actor="desk", now=now)
    house = people.add_establishment("parent", "Parent", "2 rue", "68100", "Mulhouse", "FR", actor="desk", now=now)

    people.set_bill_to("acme", house.id, date(2026, 11, 1), actor="desk", now=now)

    rows = db.session.scalars(select(BillTo).order_by(BillTo.valid_from)).all()
    assert [(row.establishment_id, row.valid_until) for row in rows] == [
        (lab.establishment, date(2026, 11, 1)),
        (house.id, None),
    ]


def test_a_change_without_an_actor_is_refused(lab, now):
    with pytest.raises(ValueError, match="needs an actor"):
        people.block_holder(lab.holder, "why", actor="", now=now)

    assert db.session.scalars(select(Holder.blocked_at)).one() is None
