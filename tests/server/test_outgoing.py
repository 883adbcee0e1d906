"""When an access list goes out: at every connect, on a change, for renewal; and who must wait a moment first."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from server.db import writing
from server.ingest import Incoming, ingest, statuses
from server.jobs.models import Change
from server.jobs.service import announce
from server.lists.outgoing import WAITS_FOR_EVENTS_S, WAITS_FOR_STATUS_S, Outgoing
from server.machines import service as machines
from server.machines.site_keys import Ring, SiteKey
from tests.server.paper_agent import PaperAgent, furnish
from wire.messages import Service, Status, decode_access_list, encode

BOTH = {"agent-1", "agent-2"}


@pytest.fixture
def outgoing(app, now):
    furnish(now)
    lists = Outgoing(ZoneInfo("Europe/Paris"), lambda now: Ring((SiteKey("k1", b"k" * 32),)))
    lists.connected(0.0)
    return lists


def reports(paper, now, last_n):
    status = Status(paper.name, True, "boot-1", outbox=paper.outbox, last_n=last_n)
    statuses([Incoming(paper.name, encode(status))], now)


def look(outgoing, now, at):
    outgoing.look(now, at)
    return set(outgoing.take(now, at))


def test_after_a_connect_each_agent_gets_its_list_as_soon_as_it_has_spoken(outgoing, now):
    assert look(outgoing, now, 0.1) == set()
    outgoing.heard({"agent-1"})

    assert look(outgoing, now, 0.2) == {"agent-1"}
    assert look(outgoing, now, 0.3) == set()


def test_an_agent_that_does_not_speak_gets_its_list_after_two_seconds(outgoing, now):
    assert look(outgoing, now, WAITS_FOR_STATUS_S - 0.1) == set()
    assert look(outgoing, now, WAITS_FOR_STATUS_S) == BOTH


def test_at_the_next_connect_everybody_gets_the_same_again_under_a_higher_revision(outgoing, now):
    outgoing.heard(BOTH)
    outgoing.look(now, 0.0)
    first = outgoing.take(now, 0.0)

    outgoing.connected(10.0)
    outgoing.heard(BOTH)
    outgoing.look(now, 10.0)
    second = outgoing.take(now, 10.0)

    assert set(first) == set(second) == BOTH
    for name in BOTH:
        assert decode_access_list(second[name]).revision > decode_access_list(first[name]).revision


def test_a_change_goes_to_those_whose_list_says_something_else_now(outgoing, now):
    outgoing.heard(BOTH)
    look(outgoing, now, 0.0)

    machines.clear_latch("c1", 3, "checked", actor="desk", now=now)

    assert look(outgoing, now, 1.0) == {"agent-2"}


def test_what_is_taken_away_goes_to_every_agent_so_that_each_can_tell_of_it_after_a_restore(outgoing, now):
    outgoing.heard(BOTH)
    look(outgoing, now, 0.0)

    machines.set_service("c1", Service.MAINTENANCE, actor="desk", now=now)

    assert look(outgoing, now, 1.0) == BOTH


def test_a_change_that_no_list_depends_on_is_passed_over(outgoing, now):
    outgoing.heard(BOTH)
    look(outgoing, now, 0.0)
    with writing():
        announce("machine", "p1", now)

    assert look(outgoing, now, 1.0) == set()


def test_a_list_is_renewed_when_half_of_its_validity_is_over(outgoing, now):
    outgoing.heard(BOTH)
    look(outgoing, now, 0.0)

    assert look(outgoing, now + timedelta(hours=30), 1.0) == set()
    assert look(outgoing, now + timedelta(hours=37), 2.0) == BOTH


def test_an_agent_with_events_that_are_not_stored_gets_its_list_once_they_are(outgoing, now):
    paper = PaperAgent()
    paper.boots(now)
    reports(paper, now, last_n=1)
    outgoing.heard(BOTH)
    waiting = look(outgoing, now, 5.0)

    ingest(paper.sent, now)

    assert waiting == {"agent-2"}
    assert look(outgoing, now, 6.0) == {"agent-1"}


def test_an_agent_whose_events_never_come_gets_its_list_after_half_a_minute(outgoing, now):
    reports(PaperAgent(), now, last_n=1)
    outgoing.heard(BOTH)
    look(outgoing, now, 5.0)

    assert look(outgoing, now, WAITS_FOR_EVENTS_S - 0.1) == set()
    assert look(outgoing, now, WAITS_FOR_EVENTS_S) == {"agent-1"}


def test_books_that_were_restored_under_a_running_link_are_noticed(outgoing, now):
    outgoing.heard(BOTH)
    look(outgoing, now, 0.0)
    machines.end_session_wish("c1", "s", "forgotten", actor="desk", now=now)
    look(outgoing, now, 1.0)
    machines.end_session_wish("c1", None, "over", actor="desk", now=now)
    with writing() as session:  # as a restore does: fewer changes than a moment ago
        session.execute(delete(Change))

    assert look(outgoing, now, 2.0) == {"agent-2"}
