"""Classes of members: given from a moment on, with the past kept, and told apart by prices."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from server.billing.uses import load_classes
from server.db import Stale, closing_database, make_app, reading, writing
from server.domain.roles import Role
from server.people import service as people
from server.people.models import Holder, Membership, PayerRule
from server.people.rows import PeopleError
from tests.server import billing_lab
from tests.server.billing_lab import OPENED
from tests.server.signed_in import page, web_app
from tests.server.test_pages_supplies import signed_in

NOW = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "account:1", "now": NOW}
MENTOR = {"fr": "Mentor", "de": "Mentorin", "en": "Mentor"}


@pytest.fixture
def tie(sqlite_url: str) -> Any:
    """The ref of a membership since the beginning of the year, with a rule of its own."""
    app = make_app(sqlite_url)
    with app.app_context(), closing_database():
        billing_lab.furnish()
        yield _member()


def _member() -> str:
    with writing() as session:
        session.add(Holder(number=7))
    people.add_class("mentor", MENTOR, **BY)
    ref = people.add_membership(7, "acme-1", None, NOW + timedelta(days=90), 3, actor="t", now=OPENED).ref
    hours = (time(8), time(12))
    people.add_payer_rule(ref, people.When((0,), *hours, (), ()), **BY)
    return ref


def memberships() -> list[Membership]:
    with reading() as session:
        return list(session.scalars(select(Membership).order_by(Membership.id)))


def test_a_class_counts_from_now_on_and_the_past_keeps_its_own(tie):
    new = people.set_class(tie, "mentor", **BY)

    before, after = memberships()
    assert (before.valid_until, before.member_class, before.ended_at) == (NOW, None, None)
    assert (after.ref, after.valid_from, after.member_class) == (new.ref, NOW, "mentor")
    assert (after.rank, after.payer_id, after.valid_until) == (3, before.payer_id, NOW + timedelta(days=90))
    with reading() as session:
        assert session.scalars(select(PayerRule.membership_id)).one() == after.id
        ((_, dated),) = load_classes().items()
    assert [(one.value, one.valid_from) for one in dated] == [("mentor", NOW)]


def test_a_class_is_taken_back_the_same_way(tie):
    new = people.set_class(tie, "mentor", **BY)
    later = NOW + timedelta(days=3)
    people.set_class(new.ref, None, actor="account:1", now=later)

    assert [(one.member_class, one.valid_until) for one in memberships()] == [
        (None, NOW),
        ("mentor", later),
        (None, NOW + timedelta(days=90)),
    ]


def test_the_same_class_again_changes_nothing_and_one_before_it_begins_is_put_right(tie):
    people.set_class(tie, None, **BY)
    assert len(memberships()) == 1
    ahead = people.add_membership(7, "nord-1", NOW + timedelta(days=1), **BY)
    people.set_class(ahead.ref, "mentor", **BY)

    assert [one.member_class for one in memberships()] == [None, "mentor"]


def test_a_membership_that_is_over_and_a_class_that_is_ended_are_refused(tie):
    people.end_class("mentor", "plus de mentors", **BY)
    with pytest.raises(PeopleError, match="no longer given"):
        people.set_class(tie, "mentor", **BY)
    people.end_membership(tie, "partie", **BY)
    with pytest.raises(PeopleError, match="over"):
        people.set_class(tie, None, **BY)


def test_a_class_moves_along_to_another_cost_centre(tie):
    new = people.set_class(tie, "mentor", **BY)
    people.move_member(new.ref, "acme-2", "déménage", actor="account:1", now=NOW + timedelta(days=1))

    assert [one.member_class for one in memberships()] == [None, "mentor", "mentor"]


def test_codes_and_names_are_checked_and_two_who_rename_are_told(tie):
    for code, names in (("Mentor", MENTOR), ("mentor", MENTOR), ("other", {"de": "Andere"})):
        with pytest.raises(PeopleError):
            people.add_class(code, names, **BY)
    people.rename_class("mentor", {"fr": "Mentors"}, version=1, **BY)
    with pytest.raises(Stale):
        people.rename_class("mentor", MENTOR, version=1, **BY)


def test_the_desk_gives_a_class_on_a_persons_page(sqlite_url):
    web = web_app(sqlite_url, NOW)
    with web.app_context():
        billing_lab.furnish()
        ref = _member()
    manager, desk = signed_in(web, Role.MANAGER), signed_in(web, Role.DESK)
    assert manager.post("/tariffs/classes/new", data={"code": "half", "fr": "Adhérent"}).status_code == 303
    assert manager.post("/tariffs/classes/new", data={"code": "half", "fr": "Adhérent"}).status_code == 422
    assert desk.post(f"/people/7/memberships/{ref}/class", data={"code": "mentor"}).status_code == 303

    assert "Mentor" in page(desk, "/people/7")
    assert "Adhérent" in page(manager, "/tariffs/classes")
    assert desk.get("/tariffs/classes/new").status_code == 403
