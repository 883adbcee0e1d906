"""Badges by their fingerprint: lent, returned, replaced."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from server.access.service import load_facts
from server.audit.models import AuditEntry
from server.db import db
from server.domain.access import judge
from server.domain.rights import rights_of
from server.people import service as people
from server.people.models import Token
from wire.messages import DenialReason

NEW = "0123456789abcdef" * 2


@pytest.fixture
def by(now):
    return {"actor": "account:1", "now": now}


def test_a_badge_is_lent_by_its_fingerprint_until_a_day(lab, now, by):
    token = people.lend_token(lab.holder, NEW, "k1", "locker 4", None, now + timedelta(days=1), **by)

    assert people.lent_to(NEW) == lab.holder
    assert (token.label, token.key_id, token.valid_from) == ("locker 4", "k1", now)
    with pytest.raises(people.PeopleError, match=f"already lent to holder {lab.holder}"):
        people.lend_token(lab.holder, NEW, "k1", **by)


def test_a_badge_that_is_back_opens_nothing_and_goes_to_somebody_else(lab, now, by):
    people.return_token(lab.token, **by)

    bob = people.add_holder("Bob", "B", **by).number
    assert rights_of(
        judge(load_facts(now, "k1", {}, lab.holder), now, ZoneInfo("Europe/Paris")), lab.holder
    ).against == (DenialReason.UNKNOWN_TOKEN,)
    assert people.lend_token(bob, lab.fingerprint, "k1", **by).holder_number == bob
    with pytest.raises(people.PeopleError, match="back already"):
        people.return_token(lab.token, **by)


def test_replacing_blocks_the_old_badge_and_lends_the_new_one_in_one_transaction(lab, now, by):
    new = people.replace_token(lab.token, NEW, "k1", "new", "lost on the tram", **by)

    old = db.session.scalars(select(Token).where(Token.ref == lab.token)).one()
    assert (old.blocked_at, old.blocked_reason, new.holder_number) == (now, "lost on the tram", lab.holder)
    assert people.lent_to(lab.fingerprint) == lab.holder  # still recognised when somebody tries it
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.verb == "replace")).one()
    assert entry.after is not None
    assert entry.after["replaced_by"] == new.ref

    with pytest.raises(people.PeopleError, match="already lent"):
        people.replace_token(new.ref, lab.fingerprint, "k1", "", "again", **by)
    assert db.session.scalars(select(Token.blocked_at).where(Token.ref == new.ref)).one() is None


def test_nothing_is_lent_to_somebody_who_has_left(lab, by):
    people.end_holder(lab.holder, "moved away", **by)

    with pytest.raises(people.PeopleError, match="has left the lab"):
        people.lend_token(lab.holder, NEW, "k1", **by)
