"""What the access rules are told of payers and people: contract dates, limits, rules, minors and declared training frames."""

from datetime import time, timedelta

import pytest
from sqlalchemy import update

from server.db import reading, writing
from server.domain.facts import WeekFact
from server.domain.payers import Limits
from server.people import facts
from server.people import service as people
from server.people.models import Holder, Membership, TenantKind

CATEGORIES = {"printer": ["p1", "p2"]}
DAY = timedelta(days=1)
MORNINGS = people.When((0, 1), time(8), time(12))


@pytest.fixture
def by(now):
    return {"actor": "account:1", "now": now}


def payer(code="acme-rd"):
    with reading():
        return next(one for one in facts.payers(CATEGORIES) if one.code == code)


def holder(number, now):
    with reading():
        return next(one for one in facts.holders(now, Holder.number == number))


def rules(now):
    with reading():
        return facts.payer_rules(CATEGORIES, now)


def test_a_payer_is_open_no_longer_than_its_tenants_contract(lab, by, now):
    begins = payer().valid_from
    people.set_terms("acme", people.Terms(now + DAY, now + 9 * DAY), **by)
    assert (payer().valid_from, payer().valid_until) == (now + DAY, now + 9 * DAY)

    people.set_terms("acme", people.Terms(begins - DAY, None), **by)
    assert (payer().valid_from, payer().valid_until) == (begins, None)


def test_a_contract_never_opens_a_closed_cost_centre_again(lab, by, now):
    people.end_payer("acme-rd", now + DAY, "merged", **by)
    people.set_terms("acme", people.Terms(None, now + 9 * DAY), **by)

    assert payer().valid_until == now + DAY


def test_a_payer_pays_for_everything_until_it_says_otherwise(lab, by):
    assert (payer().machines, payer().hours) == (None, None)

    people.limit_payer("acme-rd", Limits(("c1",), ("printer",), ((0, time(8), time(12)),)), **by)

    assert payer().machines == {"c1", "p1", "p2"}
    assert payer().hours == (WeekFact(frozenset({0}), time(8), time(12)),)


def test_a_rule_names_holder_payer_hours_and_machines_and_the_earlier_one_comes_first(lab, by, now):
    people.add_payer_rule(lab.membership, MORNINGS, **by)
    people.add_payer_rule(lab.membership, people.When((4,), time(12), time.max, (), ("printer",)), **by)

    first, second = rules(now)

    assert (first.holder, first.payer, first.hours) == (
        lab.holder,
        "acme-rd",
        WeekFact(frozenset({0, 1}), time(8), time(12)),
    )
    assert first.machines is None
    assert second.machines == {"p1", "p2"}
    assert first.rank < second.rank


def test_a_rule_about_a_category_without_machines_is_not_one_about_all(lab, by, now):
    people.add_payer_rule(lab.membership, people.When((4,), time(8), time(12), (), ("lathe",)), **by)

    assert rules(now) == ()


def test_a_rule_ends_with_its_membership(lab, by, now):
    people.add_payer_rule(lab.membership, MORNINGS, **by)
    assert len(rules(now)) == 1

    with writing() as session:
        session.execute(update(Membership).values(valid_until=now + DAY))
    assert len(rules(now)) == 1
    assert rules(now + DAY) == ()
    people.end_membership(lab.membership, "left", **by)
    assert rules(now) == ()


def test_a_rule_is_removed(lab, by, now):
    rule = people.add_payer_rule(lab.membership, MORNINGS, **by)
    people.remove_payer_rule(lab.membership, rule, **by)

    assert rules(now) == ()
    with pytest.raises(people.PeopleError, match="no such rule"):
        people.remove_payer_rule(lab.membership, rule, **by)


@pytest.mark.parametrize(
    ("when", "why"),
    [
        (people.When((), time(8), time(12)), "at least one day"),
        (people.When((7,), time(8), time(12)), "at least one day"),
        (people.When((0,), time(12), time(12)), "later the same day"),
    ],
)
def test_a_rule_that_could_never_hold_is_refused(lab, by, when, why):
    with pytest.raises(people.PeopleError, match=why):
        people.add_payer_rule(lab.membership, when, **by)


def test_a_minor_is_one_until_a_moment_and_is_framed_as_long_as_the_school_declared(lab, by, now):
    people.set_terms("acme", people.Terms(None, None, "DREETS 68-2026-113", now + 300 * DAY), **by)
    assert holder(lab.holder, now).framed_until is None  # of age

    people.set_minor_until(lab.holder, now + 100 * DAY, **by)

    told = holder(lab.holder, now)
    assert (told.minor_until, told.framed_until) == (now + 100 * DAY, now + 300 * DAY)
    assert holder(lab.holder, now + 301 * DAY).framed_until is None


def test_the_frame_of_one_tenant_is_no_longer_than_the_membership_there(lab, by, now):
    people.set_minor_until(lab.holder, now + 400 * DAY, **by)
    people.set_terms("acme", people.Terms(None, None, "R 1", now + 300 * DAY), **by)
    with writing() as session:
        session.execute(update(Membership).values(valid_until=now + 20 * DAY))

    assert holder(lab.holder, now).framed_until == now + 20 * DAY


def test_another_schools_declaration_frames_nobody_else(lab, by, now):
    people.set_minor_until(lab.holder, now + 400 * DAY, **by)
    people.add_tenant("school", "Lycée", TenantKind.SCHOOL, **by)
    people.set_terms("school", people.Terms(None, None, "R 2", now + 300 * DAY), **by)

    assert holder(lab.holder, now).framed_until is None
    people.add_payer("school", "school-1", "Classe", "Lycée", **by)
    people.add_membership(lab.holder, "school-1", **by)
    assert holder(lab.holder, now).framed_until == now + 300 * DAY


def test_a_declaration_has_a_reference_and_an_end(lab, by, now):
    with pytest.raises(people.PeopleError, match="has both"):
        people.set_terms("acme", people.Terms(None, None, "", now + DAY), **by)
    with pytest.raises(people.PeopleError, match="end before it begins"):
        people.set_terms("acme", people.Terms(now + DAY, now), **by)
