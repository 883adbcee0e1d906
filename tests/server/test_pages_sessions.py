"""The pages about sessions: found, opened with their evidence, decided about; and closed to those whom they do not concern."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.domain.roles import Role
from server.ingest import ingest
from server.machines import service as machines
from server.people import service as people
from server.usage.models import UsageSession
from tests.server import billing_lab
from tests.server.billing_lab import use
from tests.server.paper_agent import PaperAgent, stamp, uuid
from tests.server.signed_in import page, signed_in, web_app
from tests.server.test_decisions import HOUR, NOW, stands
from wire.messages import Fault, RiskClass, SessionEnded, SessionStarted

S1 = uuid("session", 1)


@pytest.fixture
def app(sqlite_url: str) -> Flask:
    """The web application on a lab with prices; what the services write is tested on both databases elsewhere."""
    web = web_app(sqlite_url, NOW)
    with web.app_context():
        billing_lab.furnish()
    return web


@pytest.fixture
def manager(app: Flask) -> FlaskClient:
    return signed_in(app, Role.MANAGER)


def told(app: Flask, holder: int) -> None:
    """A session of two hours and ten minutes on p1 as its agent told it: start, two hourly words, a fault, end."""
    agent, start = PaperAgent("agent-1"), NOW - 4 * HOUR
    with app.app_context():
        agent.says(SessionStarted(S1, "p1", holder, "0" * 28 + "7f3a", "acme-1", False, 1461, stamp(start)))
        agent.checkpoints(start + HOUR, (S1, "p1", 3600))
        agent.says(Fault("p1", "frame_refused", "checksum", 3, stamp(start + HOUR)))
        agent.checkpoints(start + 2 * HOUR, (S1, "p1", 7200))
        end, clock = stamp(start + timedelta(seconds=7800)), stamp(start)
        agent.says(SessionEnded(S1, "p1", holder, "acme-1", 1461, clock, end, 7800, 7800, None, None, "holder", 2))
        ingest(agent.sent, NOW)


def member(app: Flask) -> int:
    with app.app_context():
        ada = people.add_holder("Ada", "Lovelace", actor="test", now=billing_lab.OPENED).number
        people.add_membership(ada, "acme-1", actor="test", now=billing_lab.OPENED)
    return ada


def test_a_session_shows_its_evidence_and_each_step_of_its_price(app: Flask, manager: FlaskClient) -> None:
    told(app, member(app))

    html = page(manager, f"/sessions/{S1}")

    assert "Badge …7F3A lu" in html
    assert "liste 1461" in html
    assert "2 relevés horaires" in html
    assert "événement 1 de agent-1" in html
    assert "trame de badge illisible" in html
    assert "Chaîne intacte" in html
    # measured 2 h 10 min = 7800 s; quarters begun: 9 × 900 = 8100 s = 2 h 15; at 24.00 € an hour 54.00 €
    for step in ("2 h 10", "2 h 15 à 24,00 € par heure d’occupation", "54,00 €"):
        assert step in html


def test_evidence_that_was_tampered_with_says_so(app: Flask, manager: FlaskClient) -> None:
    from sqlalchemy import update

    from server.db import writing
    from server.usage.models import EventPayload

    told(app, member(app))
    with app.app_context(), writing() as session:
        session.execute(update(EventPayload).where(EventPayload.event_id == 5).values(payload=b"{}"))

    assert "La chaîne est rompue ici" in page(manager, f"/sessions/{S1}")


def test_a_forgotten_session_is_corrected_and_the_price_follows(app: Flask, manager: FlaskClient) -> None:
    told(app, member(app))

    answer = manager.post(
        f"/sessions/{S1}/end", data={"ended_at": "2026-10-14T07:20", "reason": "parti plus tôt", "version": "0"}
    )

    assert answer.status_code == 303
    html = page(manager, f"/sessions/{S1}")
    # until 7:20 in Mulhouse from 6:00: 1 h 20 = 4800 s; quarters begun: 5400 s; at 24.00 € an hour 36.00 €
    for words in ("Compté par décision</dt><dd>1 h 20", "2 h 10", "1 h 30", "36,00 €", "parti plus tôt"):
        assert words in html


def test_the_second_of_two_who_decide_sees_what_the_first_one_did(app: Flask, manager: FlaskClient) -> None:
    told(app, member(app))
    first = {"ended_at": "2026-10-14T07:20", "reason": "un", "version": "0"}
    manager.post(f"/sessions/{S1}/end", data=first)

    second = manager.post(f"/sessions/{S1}/end", data={**first, "ended_at": "2026-10-14T07:40"})

    assert second.status_code == 409
    assert "07:20" in second.text
    assert "07:40" in second.text


def test_a_session_is_not_charged_and_charged_again(app: Flask, manager: FlaskClient) -> None:
    told(app, member(app))

    manager.post(f"/sessions/{S1}/free", data={"free": "goodwill", "reason": "excuses", "version": "0"})

    html = page(manager, f"/sessions/{S1}")
    assert "Geste commercial" in html
    assert "54,00 €" in html, "what it would have cost"
    manager.post(f"/sessions/{S1}/charge", data={"reason": "finalement", "version": "1"})
    assert "Geste commercial" not in page(manager, f"/sessions/{S1}").partition("Journal")[0]


def test_a_refusal_stands_on_the_form_with_what_was_typed(app: Flask, manager: FlaskClient) -> None:
    told(app, member(app))

    answer = manager.post(f"/sessions/{S1}/end", data={"ended_at": "2026-10-14T09:59", "reason": "x", "version": "0"})

    assert answer.status_code == 200
    assert "relâchée avant" in answer.text
    assert "2026-10-14T09:59" in answer.text


def test_a_session_is_entered_by_hand_in_two_steps(app: Flask, manager: FlaskClient) -> None:
    ada = member(app)
    assert f"/sessions/new?holder={ada}" in page(manager, "/sessions/new?q=lovelace")

    sent = {"machine": "c1", "payer": "acme-1", "start": "2026-10-13T10:00", "end": "2026-10-13T11:30", "reason": "clé"}
    answer = manager.post(f"/sessions/new?holder={ada}", data=sent)

    assert answer.status_code == 303
    html = page(manager, answer.location)
    assert "Saisie à la main" in html
    # 1 h 30 on the mill at 36.00 € an hour: 54.00 €, and 2.50 € a session
    assert "56,50 €" in html
    again = manager.post(f"/sessions/new?holder={ada}", data=sent)
    assert "déjà une session" in again.text


def test_what_is_decided_about_an_issued_session_is_said_to_become_an_adjustment(
    app: Flask, manager: FlaskClient
) -> None:
    with app.app_context():
        charged = use()
        billing_lab.close()
        billing_lab.issue()

    html = page(manager, f"/sessions/{charged}")

    assert "F-2026-0001" in html
    assert "Ce qui est décidé maintenant, ou connu après coup, devient une régularisation" in html
    assert f"/sessions/{charged}/free" in html
    assert manager.get(f"/sessions/{charged}/free").status_code == 200


def test_sessions_are_found_by_person_machine_tenant_day_and_state(app: Flask, manager: FlaskClient) -> None:
    told(app, member(app))
    with app.app_context():
        other = use("berg-1", "c1", start=NOW - timedelta(days=9))

    def found(query: str) -> set[str]:
        html = page(manager, f"/sessions?{query}")
        return {one for one in (S1, other) if f"/sessions/{one}" in html}

    assert found("") == {S1, other}
    assert found("q=lovelace") == {S1}
    assert found(f"q={other}") == {other}
    assert found("machine=c1") == {other}
    assert found("tenant=acme") == {S1}
    assert found("since=2026-10-14&until=2026-10-14") == {S1}
    assert found("until=2026-10-05") == {other}
    assert found("show=open") == set()


def test_what_needs_a_look_is_found_and_says_why(app: Flask, manager: FlaskClient) -> None:
    day = timedelta(days=1)
    with app.app_context():
        machines.add_machine("c2", "Tour C2", "cnc", "agent-1", RiskClass.HIGH, actor="test", now=billing_lab.OPENED)
        calm = use(start=NOW - day)
        silent = use(start=NOW - 6 * HOUR, seconds=60, machine="p1", state="open", ended_at=None)
        long = use(start=NOW - 3 * day, seconds=13 * 3600)
        provisional = use(start=NOW - 4 * day, state="provisional")
        first = use(machine="c1", start=NOW - 6 * day)
        second = use(machine="c2", start=NOW - 6 * day + HOUR / 2)
        old = use(start=NOW - 90 * day, seconds=13 * 3600)

    html = page(manager, "/sessions?show=look")

    assert {one for one in (silent, long, provisional, first, second) if f"/sessions/{one}" not in html} == set()
    assert {one for one in (calm, old) if f"/sessions/{one}" in html} == set()
    for words in ("sans nouvelles", "plus de 12 heures", "deux machines à la fois"):
        assert words in html


@pytest.mark.parametrize("role", [Role.LAB_ACCOUNTANT, Role.TRAINER, Role.TENANT_ADMIN, Role.HOLDER])
def test_who_was_where_and_when_is_not_for_everybody(app: Flask, role: Role) -> None:
    told(app, member(app))
    client = signed_in(app, role)

    assert client.get("/sessions").status_code == 403
    assert client.get(f"/sessions/{S1}").status_code == 403


def test_the_desk_sees_and_does_not_decide(app: Flask) -> None:
    told(app, member(app))
    desk = signed_in(app, Role.DESK)

    html = page(desk, f"/sessions/{S1}")

    assert "Ada Lovelace" in html
    assert f"/sessions/{S1}/end" not in html
    assert desk.post(f"/sessions/{S1}/end", data={}).status_code == 403
    with app.app_context():
        assert isinstance(stands(), UsageSession)


def test_a_session_that_is_not_there_is_a_404(manager: FlaskClient) -> None:
    assert manager.get(f"/sessions/{uuid('nothing')}").status_code == 404
