"""Badges on the pages: enrolled by waiting for a tap at a machine, given to somebody found by name, blocked and undone."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from server.db import db
from server.people import service as people
from server.people.models import Token
from tests.server.badge_desk import Desk
from tests.server.page_lab import database_url
from wire.messages import DenialReason

__all__ = ["database_url"]

NEW, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2


@pytest.fixture
def desk(lab, database_url, now):
    return Desk(database_url, lab, now)


def test_the_first_unknown_badge_at_the_machine_is_lent_to_the_person(desk):
    waiting = desk.wait()
    assert desk.page(waiting).status_code == 200
    desk.later(5)
    desk.tap(NEW, DenialReason.UNKNOWN_TOKEN)
    desk.tap(OTHER, DenialReason.UNKNOWN_TOKEN)

    heard = desk.page(waiting)
    assert heard.location == f"/people/{desk.lab.holder}/badges/lend/{NEW}"
    assert desk.page(waiting, **{"HX-Request": "true"}).headers["HX-Redirect"] == heard.location
    assert "…CDEF" in desk.page(heard.location).text

    lent = desk.client.post(heard.location, data={"label": "locker 4"})

    assert lent.location == f"/people/{desk.lab.holder}"
    assert people.lent_to(NEW) == desk.lab.holder
    [undo] = re.findall(r'data-toast.*?action="([^"]+)"', desk.page(lent.location).text, re.DOTALL)
    assert db.session.scalars(select(Token.key_id).where(Token.fingerprint == NEW)).one() == "k1"

    desk.client.post(undo)

    assert "est revenu et peut être prêté" in desk.page(lent.location).text


def test_what_was_refused_before_the_wait_or_long_ago_does_not_count(desk):
    desk.tap(OTHER, DenialReason.UNKNOWN_TOKEN)
    desk.later(1)
    waiting = desk.wait()
    desk.later(1)
    desk.tap(NEW, DenialReason.UNKNOWN_TOKEN, at=desk.now - timedelta(hours=3))

    assert desk.page(waiting).status_code == 200


def test_a_badge_that_somebody_carries_is_named_while_the_wait_goes_on(desk):
    waiting = desk.wait()
    desk.later(1)
    desk.tap(desk.lab.fingerprint, DenialReason.QUALIFICATION_MISSING, holder=desk.lab.holder)

    assert "est déjà prêté à Ada Lovelace" in desk.page(waiting).text


def test_a_badge_that_starts_the_machine_instead_is_named_with_the_way_to_end_it(desk):
    waiting = desk.wait()
    desk.later(1)
    desk.start(desk.lab.holder)

    page = desk.page(waiting).text

    assert "tourne\u00a0: ce badge est prêté à Ada Lovelace" in page
    assert "deux fois pour arrêter" in page


def test_while_nothing_new_is_heard_only_the_seconds_change(desk):
    waiting = desk.wait()
    [seen] = re.findall(r'name="seen" value="(.*?)"', desk.page(waiting).text)
    desk.later(1)
    poll = desk.client.get(waiting, query_string={"seen": seen}, headers={"HX-Request": "true"})

    assert poll.headers["HX-Reswap"] == "none"
    assert re.findall(r"<b>(\d+)</b>", poll.text) == ["119"]

    desk.start(desk.lab.holder)
    poll = desk.client.get(waiting, query_string={"seen": seen}, headers={"HX-Request": "true"})
    assert "HX-Reswap" not in poll.headers
    assert "Ada Lovelace" in poll.text
    assert re.findall(r"<b>(\d+)</b>", poll.text) == ["119"]


def test_after_two_minutes_the_wait_ends_and_can_begin_again(desk):
    waiting = desk.wait()
    desk.later(121)

    poll = desk.page(waiting, **{"HX-Request": "true"})

    assert poll.status_code == 286  # htmx stops asking
    assert f"/people/{desk.lab.holder}/badges/new?machine=p1" in poll.text


def test_a_badge_already_lent_is_not_offered_again(desk):
    page = desk.page(f"/people/{desk.lab.holder}/badges/lend/{desk.lab.fingerprint}")
    posted = desk.client.post(f"/people/{desk.lab.holder}/badges/lend/{desk.lab.fingerprint}", data={})

    assert "est déjà prêté à Ada Lovelace" in page.text
    assert posted.status_code == 422


def test_a_new_badge_takes_over_from_the_lost_one(desk):
    waiting = desk.wait(replaces=desk.lab.token)
    desk.later(1)
    desk.tap(NEW, DenialReason.UNKNOWN_TOKEN)
    lend = desk.page(waiting).location

    desk.client.post(lend, data={"label": ""})

    assert db.session.scalars(select(Token.blocked_at).where(Token.fingerprint == desk.lab.fingerprint)).one()
    assert people.lent_to(NEW) == desk.lab.holder


def test_an_unknown_badge_is_given_to_somebody_found_by_name(desk):
    found = desk.page(f"/badges/unknown/{NEW}?q=love")

    assert f"/people/{desk.lab.holder}/badges/lend/{NEW}" in found.text


def test_a_block_can_be_undone_from_the_line_that_tells_it(desk):
    badge = f"/people/{desk.lab.holder}/badges/{desk.lab.token}"
    desk.client.post(f"{badge}/block", data={"reason": "lost"})
    assert f'action="{badge}/unblock"' in desk.page(f"/people/{desk.lab.holder}").text

    desk.client.post(f"{badge}/unblock")

    assert db.session.scalars(select(Token.blocked_at)).one() is None
