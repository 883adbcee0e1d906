"""One machine's page: what it does, its day and weeks, who may use it; and what staff may ask of it."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from server.db import writing
from server.domain.roles import Role, ScopeKind
from server.lists.models import PublishedList
from server.machines import changes
from server.machines import service as machines
from server.machines.models import Agent, Machine, MachineLive
from server.machines.service import Hours
from server.people import service as people
from server.training import service as training
from server.usage.models import UsageSession
from tests.server import billing_lab
from tests.server.billing_lab import use
from tests.server.signed_in import clock_of, page, signed_in, web_app
from tests.server.test_pages_machines import machine, version

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)  # Wednesday, 10:00 in Mulhouse
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BY: dict[str, Any] = {"actor": "test", "now": NOW - 30 * DAY}


@pytest.fixture
def app(sqlite_url: str) -> Flask:
    """Two machines of one agent that is heard; p1 asks for a skill."""
    web = web_app(sqlite_url, NOW)
    with web.app_context():
        billing_lab.furnish()
        training.add_skill("printing", "Impression 3D", **BY)
        training.require_skills("p1", ["printing"], **BY)
        heard = {"online": True, "last_seen_at": NOW, "version": "1.8.2", "synced": True, "revision": 41, "last_n": 900}
        with writing() as session:
            session.execute(update(Agent).values(**heard))
            session.add_all(MachineLive(machine_id=number, state="idle", since=NOW, seen_at=NOW) for number in (1, 2))
            session.add(
                PublishedList(agent_id=1, revision=42, size=1, content_sha256="0" * 64, issued_at=NOW, renew_at=NOW)
            )
    return web


@pytest.fixture
def desk(app: Flask) -> FlaskClient:
    return signed_in(app, Role.DESK)


def person(name: str, **granted: Any) -> int:
    number = people.add_holder(name, "Martin", **BY).number
    training.grant(number, "printing", **granted, **BY)
    return number


def used(holder: int, **facts: Any) -> str:
    with writing() as session:
        number = use(**facts)
        session.execute(update(UsageSession).where(UsageSession.id == number).values(holder_number=holder))
    return number


def runs(holder: int) -> str:
    """A session at p1 since 9:12, as its agent reports it."""
    began = NOW - timedelta(minutes=48)
    with writing() as session:
        running = used(holder, start=began, state="open", ended_at=None, seconds=2880)
        live = {"state": "running", "since": began, "session": running}
        session.execute(update(MachineLive).where(MachineLive.machine_id == 1).values(**live))
    return running


def test_the_page_says_what_happens_what_happened_and_by_which_rules(app: Flask, desk: FlaskClient) -> None:
    with app.app_context():
        ada, _, eve = person("Ada", valid_until=NOW + 9 * DAY), person("Bob", valid_until=NOW - DAY), person("Eve")
        people.block_holder(eve, "lost", **BY)
        machines.set_opening_hours("printer", [Hours(day, time(8), time(20)) for day in range(5)], **BY)
        used(ada, start=NOW - 7 * DAY, seconds=5400, end_reason="holder")
        used(ada, start=NOW - 20 * HOUR, seconds=16 * 3600, end_reason="power_loss")  # over midnight
        running = runs(ada)

    html = page(desk, "/machines/p1")
    rules, now_card = html[html.index('class="machine-side"') :], html[html.index("now-card") : html.index("day-line")]

    for word in ("En cours", "48 min", "Ada Martin", "24,00 €"):
        assert word in now_card
    assert html.count('class="bar') == 2  # last night's and the one that runs
    assert html.count('class="bar is-open"') == 1
    assert "url(#p-closed)" in html[html.index("day-line") : html.index('class="legend"')]
    assert "<td>41</td>" in html  # calendar week
    assert "1 h 30" in html[html.index('class="weeks"') :]
    assert f'href="/sessions/{running}"' in html
    qualified = html[html.index("Personnes habilitées") :]
    assert "Ada Martin" in qualified
    assert "Bob" not in qualified
    assert "Eve" not in qualified
    for word in ("Faible", "Impression 3D", "lun.", "1.8.2", "à l’heure", "41", "42"):
        assert word in rules


def test_others_see_the_machine_and_no_person(app: Flask) -> None:
    with app.app_context():
        running = runs(person("Ada"))
    lab, acme = (ScopeKind.LAB, ""), (ScopeKind.TENANT, "acme")
    for role, scope in ((Role.HOLDER, lab), (Role.LAB_ACCOUNTANT, lab), (Role.TENANT_ADMIN, acme)):
        html = page(signed_in(app, role, *scope), "/machines/p1")

        assert "48 min" in html
        assert (
            "24,00" not in html.split("Ce qu’elle coûte")[0]
        )  # of the session; what an hour costs is the accountant's
        assert ("Ce qu’elle coûte" in html) is (role is Role.LAB_ACCOUNTANT)
        for word in ("Ada", running, "Acme", "/service", "/end-session", "/edit"):
            assert word not in html, (role, word)


def test_a_machine_is_taken_out_of_service_with_what_the_panel_says(app: Flask, desk: FlaskClient) -> None:
    form = page(desk, "/machines/p1/service")

    wanted = {"service": "maintenance", "note": "Buse bouchée", "version": version(form)}
    answer = desk.post("/machines/p1/service", data=wanted)

    assert answer.status_code == 303
    assert (machine(app).service, machine(app).service_note) == ("maintenance", "Buse bouchée")
    html = page(desk, "/machines/p1")
    assert "Buse bouchée" in html
    assert "Remettre en service" in html
    for wrong in ({"service": "on"}, {"service": "out", "note": "x" * 61}):
        assert desk.post("/machines/p1/service", data=wrong).status_code == 422


def test_the_second_of_two_who_decide_about_it_sees_what_the_first_has_decided(app: Flask, desk: FlaskClient) -> None:
    seen = version(page(desk, "/machines/p1/service"))
    desk.post("/machines/p1/service", data={"service": "maintenance", "note": "Courroie", "version": seen})

    told = desk.post("/machines/p1/service", data={"service": "in", "note": "", "version": seen})

    assert told.status_code == 409
    assert "Courroie" in told.text
    assert machine(app).service == "maintenance"


def test_the_session_that_was_seen_is_asked_to_end_and_no_other(app: Flask, desk: FlaskClient) -> None:
    with app.app_context():
        first = runs(person("Ada"))
    form = {"session": first, "reason": "fume"}
    without_reason = desk.post("/machines/p1/end-session", data={"session": first})
    of_another = desk.post("/machines/p1/end-session", data=form | {"session": "another"})
    untouched = machine(app).end_session
    asked = desk.post("/machines/p1/end-session", data=form)

    assert [without_reason.status_code, of_another.status_code, asked.status_code] == [422, 422, 303]
    assert "une autre a commencé" in of_another.text
    assert untouched is None
    assert machine(app).end_session == first
    assert "Ada Martin" in page(desk, "/machines/p1")  # it runs until its agent says that it does not
    assert "Fin demandée" in page(desk, "/machines/p1")


def test_who_is_too_late_to_end_a_session_is_told_so(app: Flask, desk: FlaskClient) -> None:
    late = desk.post("/machines/p1/end-session", data={"session": "gone", "reason": "fume"}, follow_redirects=True)

    assert late.request.path == "/machines/p1"
    assert "est déjà terminée" in late.text
    assert machine(app).end_session is None


def test_a_stop_is_cleared_up_to_what_was_seen(app: Flask, desk: FlaskClient) -> None:
    with app.app_context(), writing() as session:
        session.execute(update(MachineLive).values(latched=True))
    html = page(desk, "/machines/p1")
    seen = page(desk, "/machines/p1/clear-stop")
    with app.app_context(), writing() as session:
        session.execute(update(Agent).values(last_n=950))  # something else stopped it meanwhile

    answer = desk.post("/machines/p1/clear-stop", data={"upto": "900", "reason": "relais remplacé"})

    assert "/machines/p1/clear-stop" in html
    assert 'value="900"' in seen
    assert answer.status_code == 303
    assert machine(app).clear_latch_upto == 900
    desk.post("/machines/p1/clear-stop", data={"upto": "9" * 40, "reason": "encore"})
    assert machine(app).clear_latch_upto == 950  # nobody clears what has not happened yet
    for wrong in ({"upto": "900", "reason": "zurück"}, {"upto": "950"}, {"upto": "-1", "reason": "x"}, {"reason": "x"}):
        assert desk.post("/machines/p1/clear-stop", data=wrong).status_code == 422, wrong


def test_a_trainer_of_one_machine_runs_that_one(app: Flask) -> None:
    trainer = signed_in(app, Role.TRAINER, ScopeKind.MACHINE, "p1")
    wanted = {"service": "out"}

    assert trainer.post("/machines/p1/service", data=wanted).status_code == 303
    assert trainer.post("/machines/c1/service", data=wanted).status_code == 403
    assert "/machines/c1/service" not in page(trainer, "/machines/c1")


def test_nothing_is_asked_of_a_machine_that_has_left(app: Flask) -> None:
    with app.app_context():
        changes.end_machine("c1", "sold", actor="test", now=NOW)
    clock_of(app).moment += DAY
    desk = signed_in(app, Role.DESK)

    html = page(desk, "/machines/c1")

    assert "14 octobre" in html
    assert "/machines/c1/service" not in html
    for act in ("service", "end-session", "clear-stop"):
        assert desk.get(f"/machines/c1/{act}").status_code == 404
        assert desk.post(f"/machines/c1/{act}", data={"service": "out", "reason": "x"}).status_code == 404
    with app.app_context(), writing() as session:
        assert session.scalars(select(Machine.service).where(Machine.code == "c1")).one() == "in"
