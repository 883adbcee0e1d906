"""Badges handed out by taps: a list of names, each tap used once, wrong ones undone, badges collected, visitors, the day."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from server.db import reading
from server.domain.roles import Role
from server.handouts.models import Handout, HandoutLine, HandoutTap
from server.ingest import ingest
from server.people import service as people
from server.people.models import Holder, Membership, Person, Token
from server.training.models import Qualification
from server.usage.models import Denial, UsageSession
from tests.server.badge_desk import Desk
from tests.server.page_lab import database_url
from tests.server.paper_agent import PaperAgent, stamp, uuid
from tests.server.signed_in import signed_in
from wire.messages import DenialReason, SessionStarted

__all__ = ["database_url"]

NAMES = "Ada Bastien\nBob Clavel; bob@example.org\nCléo DUMAS"


class HandDesk(Desk):
    """Somebody at the desk with a list."""

    def begin(self, names=NAMES, **more):
        form = {"names": names, "payer": self.lab.payer, "label": "Cours", "language": "fr", "readers": "p1", **more}
        looked = self.client.post("/handouts/new", data=form)
        assert looked.status_code == 200, looked.text
        seen = looked.text.partition('name="seen"')[2].partition('value="')[2].partition('"')[0]
        begun = self.client.post("/handouts/new", data=form | {"seen": seen, "begin": "1"})
        assert begun.status_code == 303
        return begun.location

    def unknown(self, badge):
        self.later(1)
        self.tap(mark(badge), DenialReason.UNKNOWN_TOKEN)

    def known(self, badge, holder):
        self.later(1)
        self.tap(mark(badge), DenialReason.QUALIFICATION_MISSING, holder=holder)

    def hear(self, sheet, client=None, **more):
        return (client or self.client).post(f"{sheet}/hear", data=more, headers={"HX-Request": "true"})

    def lines(self):
        """Family name and badge of every line, in order."""
        wanted = select(Person.family_name, Token.fingerprint).select_from(HandoutLine)
        wanted = wanted.join(Person, Person.holder_number == HandoutLine.holder_number)
        wanted = wanted.outerjoin(Token, Token.ref == HandoutLine.token_ref).order_by(HandoutLine.id)
        with reading() as session:
            return [tuple(row) for row in session.execute(wanted)]

    def line(self, position):
        with reading() as session:
            return session.scalars(select(HandoutLine).where(HandoutLine.position == position)).all()[-1]


def mark(badge):
    return f"{badge:032x}"


class Rows(list[Any]):
    """What was found."""

    def one(self):
        [only] = self
        return only


def scalars(wanted):
    with reading() as session:
        rows = session.scalars(wanted).all()
    return Rows(rows)


def scalar(wanted):
    with reading() as session:
        return session.scalar(wanted)


def lent_to(fingerprint):
    with reading():
        return people.lent_to(fingerprint)


@pytest.fixture
def desk(lab, database_url, now):
    return HandDesk(database_url, lab, now)


def test_each_tap_gives_its_badge_to_the_name_on_top(desk):
    sheet = desk.begin(until="2026-12-18")
    for badge in (1, 2, 3):
        desk.unknown(badge)
        assert desk.hear(sheet).status_code == 200

    assert desk.lines() == [("Bastien", mark(1)), ("Clavel", mark(2)), ("DUMAS", mark(3))]
    ends = set(scalars(select(Token.valid_until).where(Token.fingerprint.in_([mark(1), mark(2), mark(3)]))))
    assert ends == {desk.now.replace(year=2026, month=12, day=18, hour=23, minute=0, second=0)}  # midnight in Mulhouse
    assert scalar(select(func.count()).select_from(Membership)) == 4
    assert "Tous ont un badge" in desk.page(sheet).text or "have a badge" in desk.page(sheet).text


def test_two_pages_use_each_tap_once(desk):
    sheet = desk.begin()
    other = signed_in(desk.web, Role.MANAGER)
    desk.unknown(1)
    desk.hear(sheet)
    desk.hear(sheet, other)
    desk.hear(sheet)

    assert desk.lines() == [("Bastien", mark(1)), ("Clavel", None), ("DUMAS", None)]
    assert scalar(select(func.count()).select_from(HandoutTap)) == 1


def test_a_wrong_tap_is_undone_and_the_name_is_on_top_again(desk):
    sheet = desk.begin()
    desk.unknown(1)
    desk.unknown(2)
    desk.hear(sheet)
    desk.client.post(f"{sheet}/names/{desk.line(1).id}/undo")
    assert lent_to(mark(1)) is None

    desk.unknown(3)
    desk.hear(sheet)

    assert desk.lines() == [("Bastien", mark(3)), ("Clavel", mark(2)), ("DUMAS", None)]


def test_a_badge_already_lent_says_to_whom_and_changes_nothing(desk):
    sheet = desk.begin()
    desk.later(1)
    desk.tap(desk.lab.fingerprint, DenialReason.QUALIFICATION_MISSING, holder=desk.lab.holder)
    page = desk.hear(sheet).text

    assert "Ada Lovelace" in page
    assert lent_to(desk.lab.fingerprint) == desk.lab.holder
    assert desk.lines()[0] == ("Bastien", None)


def test_the_badge_just_given_and_held_too_long_is_not_given_to_the_next(desk):
    sheet = desk.begin()
    desk.unknown(1)
    desk.hear(sheet)
    desk.unknown(1)
    desk.hear(sheet)

    assert desk.lines() == [("Bastien", mark(1)), ("Clavel", None), ("DUMAS", None)]


def test_a_tap_while_nobody_looks_or_it_is_stopped_gives_nothing(desk):
    sheet = desk.begin()
    desk.unknown(1)
    desk.later(121)
    desk.hear(sheet)
    desk.client.post(f"{sheet}/pause")
    desk.unknown(2)
    assert desk.hear(sheet).status_code == 286
    desk.later(1)
    desk.client.post(f"{sheet}/listen", data={"mode": "give"})
    desk.hear(sheet)
    assert [badge for _, badge in desk.lines()] == [None, None, None]

    desk.unknown(3)
    desk.hear(sheet)

    assert desk.lines()[0] == ("Bastien", mark(3))


def test_it_stops_by_itself_fifteen_minutes_after_the_last_tap(desk):
    sheet = desk.begin()
    desk.later(14 * 60)
    desk.unknown(1)
    desk.hear(sheet)
    desk.later(14 * 60)
    desk.unknown(2)
    desk.hear(sheet)
    desk.later(15 * 60)
    desk.unknown(3)

    assert desk.hear(sheet).status_code == 286
    assert [badge for _, badge in desk.lines()] == [mark(1), mark(2), None]


def test_what_an_agent_tells_late_or_another_reader_heard_gives_nothing(desk):
    sheet = desk.begin()
    desk.later(1)
    desk.tap(mark(1), DenialReason.UNKNOWN_TOKEN, at=desk.now - timedelta(hours=3))
    desk.hear(sheet)
    handout = scalars(select(Handout)).one()

    assert handout.readers == ["p1"]
    assert desk.lines()[0] == ("Bastien", None)


def test_somebody_who_is_not_here_is_passed_over_and_called_up_later(desk):
    sheet = desk.begin()
    first = desk.line(1).id
    desk.client.post(f"{sheet}/names/{first}/skip")
    desk.unknown(1)
    desk.hear(sheet)
    assert desk.lines() == [("Bastien", None), ("Clavel", mark(1)), ("DUMAS", None)]

    desk.client.post(f"{sheet}/names/{first}/call-up")
    desk.unknown(2)
    desk.hear(sheet)

    assert desk.lines() == [("Bastien", mark(2)), ("Clavel", mark(1)), ("DUMAS", None)]


def test_a_page_that_shows_all_of_it_is_answered_with_nothing(desk):
    sheet = desk.begin()
    seen = desk.page(sheet).text.partition('name="seen" value="')[2].partition('"')[0]

    assert desk.hear(sheet, seen=seen).status_code == 204
    desk.unknown(1)
    assert desk.hear(sheet, seen=seen).status_code == 200


def test_nothing_is_made_while_a_line_is_wrong(desk):
    before = scalar(select(func.count()).select_from(Holder))
    names = "Ada Bastien\nCher\nBob Clavel, bob@example\nZoé Clavel; zoe@example.org\nZoé C; ZOE@example.org"
    form = {"names": names, "payer": desk.lab.payer, "language": "fr", "readers": "p1", "begin": "1", "seen": "x"}
    answer = desk.client.post("/handouts/new", data=form)

    assert answer.status_code == 422
    assert answer.text.count('class="is-fault"') == 3
    assert scalar(select(func.count()).select_from(Holder)) == before


def test_somebody_the_lab_knows_by_mail_is_the_same_person_and_only_begins_anew_what_is_missing(desk):
    by = {"actor": "test", "now": desk.now}
    facts = people.PersonFacts("Ada", "Lovelace", "ada@example.org", "fr", shows_first_name=False)
    people.edit_person(desk.lab.holder, facts, **by)
    sheet = desk.begin("Ada King <ADA@example.org>\nBob Clavel")
    ties = scalars(select(Membership).where(Membership.holder_number == desk.lab.holder))
    desk.unknown(1)
    desk.hear(sheet)

    assert lent_to(mark(1)) == desk.lab.holder
    assert len(ties) == 1  # this payer pays already, without an end


def test_a_reader_serves_one_hand_out_at_a_time(desk):
    desk.begin()
    form = {"names": "Zoé Clavel", "payer": desk.lab.payer, "language": "fr", "readers": "p1"}
    seen = desk.client.post("/handouts/new", data=form).text.partition('name="seen"')[2].partition('value="')[2]
    answer = desk.client.post("/handouts/new", data=form | {"begin": "1", "seen": seen.partition('"')[0]})

    assert answer.status_code == 422
    assert scalar(select(func.count()).select_from(Handout)) == 1


def test_collecting_takes_each_badge_back_and_names_those_that_are_missing(desk):
    sheet = desk.begin()
    for badge in (1, 2, 3):
        desk.unknown(badge)
    desk.hear(sheet)
    desk.client.post(f"{sheet}/listen", data={"mode": "collect"})
    desk.known(1, desk.line(1).holder_number)
    desk.known(3, desk.line(3).holder_number)
    page = desk.hear(sheet).text

    assert [lent_to(mark(badge)) is None for badge in (1, 2, 3)] == [True, False, True]
    assert page.count('class="is-out"') == 1
    assert page.count('class="is-back"') == 2
    assert scalar(select(Denial.holder_number).order_by(Denial.event_id.desc())) == desk.line(3).holder_number


def test_a_badge_collected_by_mistake_is_lent_again(desk):
    sheet = desk.begin()
    desk.unknown(1)
    desk.hear(sheet)
    desk.client.post(f"{sheet}/listen", data={"mode": "collect"})
    desk.known(1, desk.line(1).holder_number)
    desk.hear(sheet)
    desk.client.post(f"{sheet}/names/{desk.line(1).id}/give-back")

    assert lent_to(mark(1)) == desk.line(1).holder_number
    assert scalar(select(func.count()).where(Token.fingerprint == mark(1))) == 2


def test_a_blocked_badge_that_was_collected_is_not_lent_again(desk):
    sheet = desk.begin()
    desk.unknown(1)
    desk.hear(sheet)
    people.block_token(desk.line(1).token_ref, "lost", actor="test", now=desk.now)
    desk.client.post(f"{sheet}/listen", data={"mode": "collect"})
    desk.known(1, desk.line(1).holder_number)
    desk.hear(sheet)

    desk.client.post(f"{sheet}/names/{desk.line(1).id}/give-back")

    assert lent_to(mark(1)) is None


def test_somebody_elses_badge_stays_lent_while_collecting_until_staff_says_so(desk):
    sheet = desk.begin()
    desk.client.post(f"{sheet}/listen", data={"mode": "collect"})
    desk.later(1)
    desk.tap(desk.lab.fingerprint, DenialReason.QUALIFICATION_MISSING, holder=desk.lab.holder)
    page = desk.hear(sheet).text
    assert lent_to(desk.lab.fingerprint) == desk.lab.holder

    address = page.partition(f'action="{sheet}/taps/')[2].partition('"')[0]
    desk.client.post(f"{sheet}/taps/{address}")

    assert lent_to(desk.lab.fingerprint) is None


def test_a_collected_badge_that_starts_the_machine_is_back_and_the_page_says_that_it_runs(desk):
    sheet = desk.begin()
    desk.unknown(1)
    desk.hear(sheet)
    desk.later(1)
    desk.client.post(f"{sheet}/listen", data={"mode": "collect"})
    desk.later(1)
    agent, holder = PaperAgent("agent-1"), desk.line(1).holder_number
    agent.says(SessionStarted(uuid("s"), "p1", holder, mark(1), desk.lab.payer, False, 7, stamp(desk.now)))
    with desk.web.app_context():
        ingest(agent.sent, desk.now)
    page = desk.hear(sheet).text.replace("\u00a0", " ")

    assert lent_to(mark(1)) is None
    assert "Printer 1 tourne" in page
    with reading() as session:
        assert [one.state for one in session.scalars(select(UsageSession))] == ["open"]  # no page ends it


def test_a_badge_for_today_is_one_more_of_the_same_person_and_ends_at_midnight(desk):
    found = desk.page("/day-badge?q=lovel").text
    assert f"/people/{desk.lab.holder}/day-badge" in found
    sheet = desk.client.post(f"/people/{desk.lab.holder}/day-badge", data={"readers": "p1"}).location
    desk.unknown(7)
    desk.hear(sheet)

    lent = scalars(select(Token).where(Token.fingerprint == mark(7))).one()
    assert (lent.holder_number, lent.valid_until) == (desk.lab.holder, desk.now.replace(hour=22, minute=0, second=0))
    desk.unknown(8)
    desk.hear(sheet)
    assert lent_to(mark(8)) is None


def visitors(desk, **more):
    form = {"count": "3", "payer": desk.lab.payer, "label": "Portes ouvertes", "language": "fr", "readers": "p1"}
    answer = desk.client.post("/handouts/visitors", data=form | {"until": "2026-10-14T18:00"} | more)
    assert answer.status_code == 303, answer.text
    return answer.location


def test_a_block_of_visitors_has_numbers_for_names_and_ends_with_one_click(desk):
    sheet = visitors(desk)
    for badge in (1, 2, 3):
        desk.unknown(badge)
    desk.hear(sheet)
    assert desk.lines() == [("1", mark(1)), ("2", mark(2)), ("3", mark(3))]

    desk.client.post(f"{sheet}/end-block")

    assert [lent_to(mark(badge)) for badge in (1, 2, 3)] == [None, None, None]
    ended = scalars(select(Membership.ended_at).where(Membership.ref != desk.lab.membership))
    assert ended == [desk.now] * 3


def test_visitors_use_chosen_skills_with_a_trainer_beside_and_no_longer_than_the_block(desk):
    desk.client = signed_in(desk.web, Role.MANAGER)
    sheet = visitors(desk, skills="printing")
    held = select(Qualification).where(Qualification.holder_number != desk.lab.holder)
    assert {(one.level, one.valid_until) for one in scalars(held)} == {("supervised", desk.now.replace(hour=16))}

    desk.client.post(f"{sheet}/end-block")

    assert [one.revoked_at for one in scalars(held)] == [desk.now] * 3


def test_who_gives_no_qualifications_offers_none_to_visitors(desk):
    assert 'name="skills"' not in desk.page("/handouts/visitors").text
    form = {"count": "3", "payer": desk.lab.payer, "language": "fr", "readers": "p1", "until": "2026-10-14T18:00"}

    assert desk.client.post("/handouts/visitors", data=form | {"skills": "printing"}).status_code == 422


def test_a_block_is_opened_again_with_the_same_badges_and_a_new_end(desk):
    first = visitors(desk)
    for badge in (1, 2, 3):
        desk.unknown(badge)
    desk.hear(first)
    desk.client.post(f"{first}/end-block")
    people.lend_token(desk.lab.holder, mark(2), "k1", actor="test", now=desk.now)
    form = {"payer": desk.lab.payer, "label": "Encore", "until": "2026-10-15T18:00", "readers": "p1"}
    again = desk.client.post(f"{first}/again", data=form).location

    lines = desk.lines()[3:]
    assert lines == [("1", mark(1)), ("2", None), ("3", mark(3))]
    assert desk.page(again).status_code == desk.page(first).status_code == 200
    assert scalar(select(func.count()).where(Token.fingerprint == mark(1))) == 2
    assert visitors_so_far(desk) == ["1", "2", "3", "4"]


def test_a_lost_badge_of_a_visitor_opens_nothing_when_the_block_is_opened_again(desk):
    first = visitors(desk)
    for badge in (1, 2):
        desk.unknown(badge)
    desk.hear(first)
    people.block_token(desk.line(1).token_ref, "lost", actor="test", now=desk.now)
    desk.client.post(f"{first}/end-block")
    form = {"payer": desk.lab.payer, "label": "Encore", "until": "2026-10-15T18:00", "readers": "p1"}

    desk.client.post(f"{first}/again", data=form)

    assert desk.lines()[3:] == [("1", None), ("2", mark(2)), ("3", None)]
    assert lent_to(mark(1)) is None


def visitors_so_far(desk):
    """After one more block of one."""
    handout = scalars(select(Handout).order_by(Handout.id.desc()))[0]
    desk.client.post(f"/handouts/{handout.id}/pause")
    visitors(desk, count="1")
    names = select(Person.family_name).where(Person.given_name == "Visiteur").order_by(Person.id)
    with reading() as session:
        return list(session.scalars(names))
