"""A booking is enforced at the machine: from the form's service to what the agent answers a badge, by the very list it gets."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent import access
from agent.access import Answer, Denied, Grant, InForce, Local
from server.bookings import outages, outcomes
from server.bookings import service as bookings
from server.bookings.service import Rules
from server.domain.bookings import Span
from server.lists.service import compile_all
from server.people import service as people
from server.training import service as training
from tests.conftest import SITE_KEY, Lab
from tests.server.signed_in import settings_for
from wire.messages import DenialReason, Stamp, TimeQuality, decode_access_list
from wire.tokens import fingerprint

PARIS = ZoneInfo("Europe/Paris")
AT_TWO = datetime(2026, 10, 14, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOB = "em4100:0a0b0c0d0e"


@pytest.fixture
def by(now):
    return {"actor": "account:1", "now": now}


@pytest.fixture(autouse=True)
def bob(lab, by, now):
    """Another who may use the machine."""
    before = {"actor": "test", "now": now - timedelta(days=1)}
    number = people.add_holder("Bob", "B", **before).number
    people.give_token(number, BOB, SITE_KEY, "k1", **before)
    people.add_membership(number, "acme-rd", **before)
    training.grant(number, "printing", **before)
    return number


def answer(token: str, at: datetime, listed_at: datetime) -> Answer:
    """What the agent says to this badge at a moment, with the list of another."""
    sent = compile_all(listed_at, {"agent-1"}, PARIS, "k1")["agent-1"]
    index = access.index(decode_access_list(sent.payload))
    return access.decide(InForce(index, stamp(listed_at)), token, "p1", stamp(at), Local())


def stamp(at: datetime) -> Stamp:
    return Stamp("boot-1", 10_000_000, round(at.timestamp() * 1000), TimeQuality.SYNCED)


def test_others_are_denied_while_it_is_booked_and_capped_before_and_the_holder_is_not(lab: Lab, now, by):
    bookings.book("p1", lab.holder, Span(AT_TWO, AT_TWO + 2 * HOUR), Rules(PARIS), **by)
    bob = fingerprint(BOB, SITE_KEY)

    within, before, after = (answer(bob, AT_TWO + hours * HOUR, now) for hours in (1, -1, 2))
    own = answer(lab.fingerprint, AT_TWO + HOUR, now)

    assert isinstance(within, Denied)
    assert within.reasons == {DenialReason.BOOKED}
    assert within.until_ms == (AT_TWO + 2 * HOUR).timestamp() * 1000
    assert isinstance(before, Grant)
    assert before.booked_s == 3600
    assert isinstance(after, Grant)
    assert isinstance(own, Grant)
    assert own.booked_s is None


def test_an_outage_denies_everybody_and_a_booking_that_was_given_back_nobody(lab: Lab, database_url, now, by):
    outages.declare("p1", Span(AT_TWO, AT_TWO + HOUR), "nozzle", (), lab=settings_for(database_url), **by)
    ref = bookings.book("p1", lab.holder, Span(AT_TWO + HOUR, AT_TWO + 2 * HOUR), Rules(PARIS), **by)
    bookings.cancel(ref, **by)

    out = answer(lab.fingerprint, AT_TWO, now)

    assert isinstance(out, Denied)
    assert out.reasons == {DenialReason.BOOKED}
    assert isinstance(answer(fingerprint(BOB, SITE_KEY), AT_TWO + HOUR, now), Grant)


def test_whose_holder_does_not_come_is_open_to_others_with_the_next_list(lab: Lab, now, by):
    bookings.book("p1", lab.holder, Span(AT_TWO, AT_TWO + 2 * HOUR), Rules(PARIS), **by)
    late = AT_TWO + timedelta(minutes=16)
    before = answer(fingerprint(BOB, SITE_KEY), late, AT_TWO)

    outcomes.settle(lambda holders, since: (), (), settings_for("sqlite://"), late)

    assert isinstance(before, Denied)
    assert isinstance(answer(fingerprint(BOB, SITE_KEY), late, late), Grant)
