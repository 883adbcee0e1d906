"""A badge is lost: its holder blocks it by phone, takes that back within the day, and sees which machines know it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from server.db import reading, writing
from server.domain.roles import Role
from server.ingest import ingest
from server.lists.models import PublishedList
from server.machines import service as machines
from server.machines.models import Agent
from server.people import service as people
from server.people.models import Token
from tests.server.page_lab import database_url, web
from tests.server.paper_agent import PaperAgent
from tests.server.signed_in import clock_of, page, signed_in
from wire.messages import Revocation, RiskClass, Taken

__all__ = ["database_url", "web"]


@pytest.fixture
def ada(web, lab):
    return signed_in(web, Role.HOLDER, holder=lab.holder)


def later(web, **long):
    clock_of(web).moment += timedelta(**long)


def token(lab):
    with reading() as session:
        return session.scalars(select(Token).where(Token.ref == lab.token)).one()


def ms(moment):
    return round(moment.timestamp() * 1000)


def test_a_holder_blocks_a_lost_badge_and_finds_it_again_within_the_day(web, ada, lab, now):
    assert "badges/" + lab.token in page(ada, "/me")
    ada.post(f"/me/badges/{lab.token}/lost")
    assert token(lab).blocked_at == now

    later(web, hours=23, minutes=59)
    ada.post(f"/me/badges/{lab.token}/found")

    assert token(lab).blocked_at is None


def test_after_a_day_only_the_desk_unblocks_it(web, ada, lab):
    ada.post(f"/me/badges/{lab.token}/lost")
    later(web, hours=24)
    ada.post(f"/me/badges/{lab.token}/found")

    assert token(lab).blocked_at is not None
    assert "/found" not in page(ada, f"/me/badges/{lab.token}")


def test_what_staff_has_blocked_its_holder_does_not_unblock(ada, lab, now):
    people.block_token(lab.token, "taken away", actor="account:99", now=now)
    ada.post(f"/me/badges/{lab.token}/lost")
    ada.post(f"/me/badges/{lab.token}/found")

    assert (token(lab).blocked_at, token(lab).blocked_by) == (now, "account:99")


def test_a_block_that_staff_repeats_is_staffs(web, ada, lab, now):
    ada.post(f"/me/badges/{lab.token}/lost")
    people.block_token(lab.token, "really", actor="account:99", now=now)
    ada.post(f"/me/badges/{lab.token}/found")

    assert token(lab).blocked_at == now


@pytest.mark.parametrize("way", ["", "/lost", "/found"])
def test_anothers_badge_is_not_ones_own(web, lab, now, way):
    bob = signed_in(web, Role.HOLDER, holder=42)
    answer = bob.get(f"/me/badges/{lab.token}") if not way else bob.post(f"/me/badges/{lab.token}{way}")

    assert answer.status_code == 403
    assert token(lab).blocked_at is None


@pytest.fixture
def floor(lab, now):
    """Three agents: one that tells, one that is away with a fresh list, one whose list is over."""
    by = {"actor": "test", "now": now - timedelta(days=30)}
    with writing() as session:
        for name, code, risk in (("agent-2", "c3", RiskClass.HIGH), ("agent-3", "s1", RiskClass.HIGH)):
            machines.add_agent(name, **by)
            machines.add_machine(code, code.upper(), "mill", name, risk, **by)
        facts = {"agent-1": (True, 0), "agent-2": (False, 4), "agent-3": (False, 40)}
        for agent in session.scalars(select(Agent)):
            agent.online, hours = facts[agent.name]
            issued = now - timedelta(hours=hours, minutes=10)
            agent.revision, agent.last_seen_at = ms(issued), issued
            row = PublishedList(agent_id=agent.id, revision=ms(issued), issued_at=issued, renew_at=now)
            row.size, row.content_sha256 = 1, ""
            session.add(row)


def test_the_page_says_which_machines_know_it_and_how_long_the_others_go_on(web, ada, lab, floor, now):
    ada.post(f"/me/badges/{lab.token}/lost", headers={"Accept-Language": "en"})
    before = english(ada, lab)
    later(web, seconds=1)
    agent = PaperAgent("agent-1")
    agent.enforces(now, Revocation(Taken.TOKEN, lab.token, ms(now)))
    ingest(agent.sent, clock_of(web).moment)
    after = english(ada, lab)

    assert "<b>0</b> of 3 machines know it" in before
    assert "will know it in a moment" in before
    assert "<b>1</b> of 3 machines know it" in after
    assert re.search(r"keeps its list until .*15 Oct.* 0?5:50", after)  # 24 h after it was written
    assert "its list is over: it starts nothing" in after


def test_an_older_block_of_the_same_badge_proves_nothing(web, ada, lab, floor, now):
    agent = PaperAgent("agent-1")
    agent.enforces(now, Revocation(Taken.TOKEN, lab.token, ms(now - timedelta(days=2))))
    ada.post(f"/me/badges/{lab.token}/lost")
    later(web, seconds=1)
    ingest(agent.sent, clock_of(web).moment)

    assert "<b>0</b> of 3 machines know it" in english(ada, lab)


def test_staff_see_the_same(web, ada, lab, floor):
    ada.post(f"/me/badges/{lab.token}/lost")
    desk = signed_in(web, Role.DESK)

    assert f"/people/{lab.holder}/badges/{lab.token}/spread" in page(desk, f"/people/{lab.holder}")
    assert "<b>0</b>" in page(desk, f"/people/{lab.holder}/badges/{lab.token}/spread")


def english(client, lab):
    said = client.get(f"/me/badges/{lab.token}", headers={"Accept-Language": "en"})
    return said.text.replace("\u00a0", " ")
