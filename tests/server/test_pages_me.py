"""A maker's own page: where may I start, until when, what is missing, what runs and costs; and all that is kept about me."""

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from server.db import writing
from server.domain.decisions import Free
from server.domain.roles import Role, Verb
from server.machines import service as machines
from server.machines.models import Agent, MachineLive
from server.machines.service import Hours
from server.people import service as people
from server.people.models import Token
from server.training import service as training
from server.training.models import Qualification, Skill
from server.usage import decisions
from server.usage.models import Denial, Notice, UsageSession
from server.web.needs import declared
from tests.server import billing_lab
from tests.server.billing_lab import use
from tests.server.signed_in import page, signed_in, web_app
from tests.server.test_pages_today import denied
from wire.messages import RiskClass, Service

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)  # Wednesday, 10:00 in Mulhouse
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BY: dict[str, Any] = {"actor": "account:5", "now": NOW - 30 * DAY}
KEY = bytes(32)


@pytest.fixture
def app(sqlite_url: str) -> Flask:
    """p1, c1 and a saw that asks for nothing; printing and milling are taught. Milling machines open at 14:00."""
    web = web_app(sqlite_url, NOW)
    with web.app_context():
        billing_lab.furnish()
        machines.add_machine("s1", "Scie", "saw", "agent-1", RiskClass.HIGH, **BY)
        for machine, code, name in (("p1", "printing", "Impression 3D"), ("c1", "milling", "Fraisage")):
            training.add_skill(code, name, **BY)
            training.require_skills(machine, [code], **BY)
        with writing() as session:
            session.execute(update(Agent).values(online=True, last_seen_at=NOW))
            session.add_all(MachineLive(machine_id=one, state="idle", since=NOW, seen_at=NOW) for one in (1, 2, 3))
    return web


def maker(app: Flask, name: str = "Ada", badge: str = "0102030405", **granted: Any) -> tuple[int, FlaskClient]:
    """Somebody with a badge who may print; and the browser in which they are logged in."""
    with app.app_context():
        number = people.add_holder(name, "Lovelace", "fr", email=f"{name.lower()}@lab.test", **BY).number
        people.give_token(number, f"em4100:{badge}", KEY, "k1", **BY)
        people.add_membership(number, "acme-1", **BY)
        training.grant(number, "printing", **granted, **BY)
    return number, signed_in(app, Role.HOLDER, holder=number)


def of(holder: int, **facts: Any) -> str:
    with writing() as session:
        number = use(**facts)
        session.execute(update(UsageSession).where(UsageSession.id == number).values(holder_number=holder))
    return number


def part(html: str, heading: str) -> str:
    """The section under a heading, to the next one."""
    return html.split(f'id="{heading}-head"')[1].split("<section", maxsplit=1)[0]


def test_a_maker_reads_where_he_may_start_until_when_and_what_is_missing(app: Flask) -> None:
    number, me = maker(app, valid_until=NOW + 60 * DAY)
    with app.app_context():
        training.grant(number, "milling", **BY)
        machines.set_opening_hours("cnc", [Hours(day, time(14), time(20)) for day in range(7)], **BY)
    html = page(me, "/me")

    assert "Imprimante P1" in part(html, "may")
    assert "Libre" in part(html, "may")
    assert "13 déc" in part(html, "may")
    assert "Fraiseuse C1" in part(html, "later")
    assert "14:00" in part(html, "later")
    assert "Scie" not in html  # nobody may, whatever they learn
    with app.app_context():
        machines.set_service("p1", Service.MAINTENANCE, "", **BY)
        training.revoke(qualification(number, "milling"), "left it alone", **BY)
    html = page(me, "/me")
    assert "maintenance" in part(html, "later")
    assert "Fraisage" in part(html, "lacks")
    assert "Aucune machine" in part(html, "may")


def qualification(holder: int, code: str) -> str:
    with writing() as session:
        found = session.query(Qualification).join(Skill).filter(Skill.code == code)
        return found.filter(Qualification.holder_number == holder).one().ref


def test_what_stands_against_everything_comes_first(app: Flask) -> None:
    number, me = maker(app)
    with app.app_context():
        people.block_holder(number, "lost his temper", **BY)
    blocked = page(me, "/me")
    with app.app_context():
        people.unblock_holder(number, "calm again", **BY)
        with writing() as session:
            session.execute(update(Token).values(blocked_at=NOW - DAY, blocked_reason="lost"))
    without_badge = page(me, "/me")

    assert blocked.index("Votre accès est bloqué") < blocked.index('id="may-head"')
    assert "Votre badge est bloqué" in without_badge
    assert "lost his temper" not in blocked  # why is said at the desk


def test_a_running_session_is_shown_with_its_cost_so_far_and_no_button_that_could_end_it(app: Flask) -> None:
    number, me = maker(app)
    other, _ = maker(app, "Bob", "0102030406")
    with app.app_context():
        of(number, start=NOW - 50 * timedelta(minutes=1), state="open", ended_at=None, seconds=0)
        of(other, machine="c1", start=NOW - HOUR, state="open", ended_at=None, seconds=0)
        of(number, start=NOW - DAY, seconds=5400)

    html = page(me, "/me")
    running = html.split('class="me-running"')[1].split("</section>")[0]

    assert html.count('class="me-running"') == 1
    for word in ("Imprimante P1", "50 min", "24,00 €", "badge"):
        assert word in running
    assert "1 h 30" in part(html, "past")
    assert "<form" not in html.split('id="content"')[1].split("</main>")[0]


def test_the_download_holds_all_that_is_kept_about_me_and_nothing_of_others(app: Flask) -> None:
    number, me = maker(app)
    other, theirs = maker(app, "Bob", "0102030406")
    with app.app_context():
        sessions = [of(number, start=NOW - index * DAY, seconds=600) for index in range(1, 26)]
        foreign = of(other, machine="c1", start=NOW - HOUR, seconds=600)
        decisions.do_not_charge(sessions[0], Free.MACHINE_FAULT, "nozzle", actor="account:5", now=NOW)
        for turn in range(30):
            people.block_holder(number, f"block {turn}", **BY)
            people.unblock_holder(number, "again", **BY)
        with writing() as session:
            marks = {token.holder_number: token.fingerprint for token in session.query(Token)}
        denied(marks[number], NOW - HOUR, "qualification_missing")
        with writing() as session:
            session.execute(update(Denial).values(holder_number=number))

    answer = me.get("/me/data.json")
    mine = json.loads(answer.text)

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer.headers["Cache-Control"]
    assert (mine["person"]["given"], mine["person"]["email"], mine["language"]) == ("Ada", "ada@lab.test", "fr")
    assert {one["session"] for one in mine["uses"]} == set(sessions)
    assert [one["decided"][0]["reason"] for one in mine["uses"] if one["decided"]] == ["nozzle"]
    assert len(mine["badges"]) == len(mine["ties"]) == len(mine["skills"]) == len(mine["refused"]) == 1
    assert sum(one["verb"] == "block" for one in mine["trail"]) == 30
    assert mine["account"]["roles"][0]["role"] == "holder"
    assert len(mine["account"]["logins"]) == 1
    for word in ("Bob", str(other), foreign, "account:5", "password", "0102030405", marks[other]):
        assert word not in answer.text, word
    assert json.loads(theirs.get("/me/data.json").text)["person"]["given"] == "Bob"


def test_the_download_tells_what_boxes_told_of_me_my_master_badge_and_all_that_the_end_of_a_session_says(
    app: Flask,
) -> None:
    number, me = maker(app)
    other, _ = maker(app, "Bob", "0102030406")
    told: dict[str, Any] = {"machine_id": 1, "at": NOW - HOUR}
    says: dict[str, Any] = {"payer_chosen": True, "cooldown_s": 120, "gap_s": 48, "metered_s": 540, "master": True}
    with app.app_context():
        first, then = (of(number, start=NOW - days * DAY, seconds=600) for days in (2, 1))
        says["continues"] = first
        for hours, holder in enumerate((number, other)):
            people.give_master(holder, "d1" * 16, "k1", "acme-1", **BY)
            denied("ab" * 16, NOW - hours * HOUR, "qualification_missing")  # it brings an event to hang a notice on
        with writing() as session:
            session.execute(update(UsageSession).where(UsageSession.id == then).values(**says))
            events = session.scalars(select(Denial.event_id).order_by(Denial.event_id)).all()
            for event, holder in zip(events, (number, other), strict=True):
                session.add(Notice(event_id=event, kind="problem_reported", holder_number=holder, session=then, **told))

    answer = me.get("/me/data.json").text
    mine = json.loads(answer)

    assert says.items() <= mine["uses"][0].items()
    assert [(one["kind"], one["machine"], one["session"]) for one in mine["told_by_boxes"]] == [
        ("problem_reported", "p1", then)
    ]
    assert [(one["given_by"], one["ended_at"]) for one in mine["master_badges"]] == [("staff", None)]
    assert "d1d1" not in answer


def test_nobody_else_is_given_it(app: Flask) -> None:
    number, me = maker(app)
    with_no_holder = signed_in(app, Role.MANAGER)

    assert me.get(f"/people/{number}").status_code == 403
    assert {with_no_holder.get(path).status_code for path in ("/me", "/me/data.json")} == {403}
    assert app.test_client().get("/me/data.json").status_code in {303, 401}
    mine = [app.view_functions[rule.endpoint] for rule in app.url_map.iter_rules() if str(rule).startswith("/me")]
    assert {said and said[0] for said in map(declared, mine)} == {Verb.SEE_OWN}
