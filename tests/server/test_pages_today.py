"""Today: all that can wait, in its order, each with the one way on that works for whoever reads it; and what is set aside."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from server.billing.models import Document, Draft, Period, Tariff, VatCell
from server.billing.vat_table import add_vat_cell
from server.db import writing
from server.domain.roles import Role, ScopeKind
from server.domain.vat import Nature
from server.jobs import pulse
from server.jobs.models import Job
from server.machines.models import Agent, MachineLive
from server.mail.models import Mail
from server.people import service as people
from server.privacy import requests as register
from server.privacy.requests import Asks
from server.training import service as training
from server.usage.models import Denial, Event, Outbox, RejectedEvent
from tests.server import billing_lab
from tests.server.billing_lab import use
from tests.server.signed_in import page, signed_in, web_app

NOW = datetime(2026, 11, 18, 8, tzinfo=UTC)  # Wednesday, 9:00 in Mulhouse
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BADGE = "0" * 28 + "7f3a"


def lab(url: str) -> Flask:
    """A lab in which nothing waits: two free machines, prices, decided VAT, October closed and paid."""
    web = web_app(url, NOW)
    with web.app_context():
        billing_lab.furnish()
        free: dict[str, Any] = {
            "category": "O",
            "rate_bp": 0,
            "mention": "TVA non applicable",
            "reason": "test",
            "actor": "test",
            "now": billing_lab.OPENED,
        }
        add_vat_cell("normal", "foreign_non_taxable", Nature.MACHINE_USE, valid_from=date(2026, 1, 1), **free)
        with writing() as session:
            for part in pulse.PARTS:
                pulse.beat(part, NOW)
            session.execute(update(Agent).values(online=True, last_seen_at=NOW))
            session.add_all(MachineLive(machine_id=number, state="idle", since=NOW, seen_at=NOW) for number in (1, 2))
            session.add(Period(month="2026-10", state="closed"))
            use(end_reason="holder")
    return web


def rows(client: FlaskClient) -> list[tuple[str, str]]:
    """Each row's title and its address, as they stand on the page."""
    items = re.findall(r"<li.*?</li>", page(client, "/today").split("today-rows", 1)[-1].split("</ol>")[0], re.DOTALL)
    found = [(re.search(r"<h2>(.*?)</h2>", item), re.search(r'<a [^>]*href="(.*?)"', item)) for item in items]
    return [(unescape(title[1]), unescape(way[1])) for title, way in found if title and way]


def told(client: FlaskClient) -> list[str]:
    return [title for title, _ in rows(client)]


def denied(token: str, at: datetime, *reasons: str) -> None:
    with writing() as session:
        outbox = f"{at.timestamp():.0f}".rjust(36, "0")
        session.add(Outbox(id=outbox, agent_id=1, first_seen_at=at))
        session.flush()
        hashes = {"payload_hash": "0" * 64, "chain_hash": "0" * 64}
        event = Event(outbox=outbox, n=1, agent_id=1, kind="access_denied", received_at=at, simulated=False, **hashes)
        session.add(event)
        session.flush()
        session.add(Denial(event_id=event.id, machine_id=1, token=token, reasons=list(reasons), at=at))


def everything_waits() -> None:
    with writing() as session:
        session.execute(update(MachineLive).where(MachineLive.machine_id == 1).values(faults=["contact_closed"]))
        session.execute(update(MachineLive).where(MachineLive.machine_id == 2).values(latched=True))
        session.add(Agent(name="agent-2", last_seen_at=NOW - HOUR))
        pulse.beat("work", NOW - HOUR)
        for number in range(3):
            session.add(RejectedEvent(agent="agent-1", received_at=NOW - number * DAY, reason="body", raw=b"<b>\xff"))
        session.add(Job(kind="render_document", args={}, state="failed", attempts=5, run_after=NOW, claimed_at=NOW))
        use(start=NOW - 5 * HOUR, state="open", ended_at=None, seconds=3600)
        use(start=NOW - 12 * HOUR, seconds=3 * 3600, end_reason="power_loss")
        use(start=NOW - 13 * HOUR, seconds=2 * 3600, machine="c1", end_reason="holder")
        session.execute(delete(Tariff).where(Tariff.category == "cnc"))
        session.execute(delete(VatCell).where(VatCell.treatment == "foreign_non_taxable"))
        use(start=datetime(2026, 9, 3, tzinfo=UTC), end_reason="holder")
        draft = {
            "establishment_id": 1,
            "content": {},
            "net_cents": 0,
            "vat_cents": 0,
            "gross_cents": 0,
            "built_at": NOW,
        }
        session.add(Draft(month="2026-10", **draft))
        session.add(Draft(month="2026-10", **(draft | {"establishment_id": 2}), held="SIREN"))
        paper = {"kind": "invoice", "month": "2026-08", "establishment_id": 1, "issued_on": date(2026, 9, 2)}
        paper |= {
            "due_on": date(2026, 10, 2),
            "specimen": False,
            "frozen": '{"kind": "statement", "buyer": {"customer": "business"}}',
            "frozen_sha256": "0" * 64,
        }
        paper |= {"net_cents": 100, "vat_cents": 20, "gross_cents": 120, "state": "issued"}
        session.add(Document(number="F-2026-0001", series="F-2026", sequence=1, **paper))
        session.add(Mail(recipient="a@lab.test", subject="s", text="t", written_at=NOW, error="550"))
    denied(BADGE, NOW - HOUR, "unknown_token")
    denied(BADGE, NOW - 2 * HOUR, "unknown_token")


def qualified(until: datetime | None, again: bool = False) -> None:
    """Somebody who may mill until then; ``again``: who has been given it for a year more since."""
    by: dict[str, Any] = {"actor": "test", "now": NOW - DAY}
    holder = people.add_holder("Ada", "L", **by).number
    training.grant(holder, "milling", valid_until=until, **by)
    if again:
        training.grant(holder, "milling", valid_until=NOW + 365 * DAY, **by)


ALL = [  # what the manager reads, in this order, and where it leads
    ("Imprimante P1", "/machines/p1"),
    ("Fraiseuse C1", "/machines/c1/clear-stop"),
    ("Boîtier agent-2", "/agents/agent-2"),
    ("« prolab work » est muet", "/jobs"),
    ("3 événements mis de côté", "/rejected"),
    ("1 tâche abandonnée", "/jobs"),
    ("1 session non confirmée", "/sessions?show=look"),
    ("Badge …7F3A", f"/badges/unknown/{BADGE}"),
    ("1 prix manquant", "/tariffs"),
    ("1 case de TVA à décider", "/vat"),
    ("1 brouillon retenu", "/months/2026-10"),
    ("Septembre 2026 attend d’être émis", "/months/2026-09"),
    ("Octobre 2026 attend d’être émis", "/months/2026-10"),
    ("1 session s’est terminée seule cette nuit", "/sessions?since=2026-11-17"),
    ("1 habilitation expire bientôt", "/qualifications?show=soon"),
    ("1 document impayé", "/documents?show=overdue"),
    ("1 relance à envoyer", "/collecting/reminders"),
    ("1 courriel non envoyé", "/mails"),
]
MONEY = ("/tariffs", "/vat", "/months", "/documents", "/collecting")
SETUP = ("/agents", "/rejected", "/jobs", "/mails")


def test_all_that_can_wait_waits_in_its_order_and_every_way_on_works(database_url: str) -> None:
    web = lab(database_url)
    manager = signed_in(web, Role.MANAGER)
    nothing = told(manager)
    with web.app_context():
        training.add_skill("milling", "Fraisage", actor="test", now=NOW)
        everything_waits()
        qualified(NOW + 10 * DAY)
        qualified(NOW + 10 * DAY, again=True)
        qualified(NOW + 60 * DAY)

    assert nothing == []
    assert rows(manager) == ALL
    for who in (manager, signed_in(web, Role.DESK), signed_in(web, Role.TRAINER)):
        ways = {way: who.get(way).status_code for _, way in rows(who)}
        assert set(ways.values()) == {200}, ways


@pytest.fixture
def web(sqlite_url: str) -> Flask:
    return lab(sqlite_url)


def test_nobody_is_told_of_what_somebody_else_must_do(web: Flask) -> None:
    with web.app_context():
        training.add_skill("milling", "Fraisage", actor="test", now=NOW)
        everything_waits()
        qualified(NOW + 10 * DAY)
    desk, trainer = rows(signed_in(web, Role.DESK)), rows(signed_in(web, Role.TRAINER))
    of_a_machine = rows(signed_in(web, Role.TRAINER, ScopeKind.MACHINE, "p1"))

    assert desk == [row for row in ALL if not row[1].startswith(MONEY + SETUP)]
    assert [way for _, way in trainer] == ["/machines/p1", "/machines/c1/clear-stop", "/qualifications?show=soon"]
    assert [way for _, way in of_a_machine] == ["/machines/p1", "/qualifications?show=soon"]
    for role in (Role.LAB_ACCOUNTANT, Role.HOLDER):
        assert signed_in(web, role).get("/today").status_code == 403


def test_where_nothing_waits_it_is_said(web: Flask) -> None:
    html = page(signed_in(web, Role.MANAGER), "/today")

    assert "Rien ne vous attend" in html
    assert "mercredi 18 novembre" in html


def test_when_nobody_is_heard_that_is_one_row(web: Flask) -> None:
    with web.app_context(), writing() as session:
        session.add(Agent(name="agent-2", last_seen_at=NOW - HOUR))
        session.execute(update(Agent).values(online=False))
        for part in pulse.PARTS:
            pulse.beat(part, NOW - HOUR)

    manager = signed_in(web, Role.MANAGER)

    assert rows(manager) == [
        ("Aucun boîtier n’est entendu", "/agents"),
        ("« prolab link » est muet", "/agents"),
        ("« prolab work » est muet", "/jobs"),
    ]


def test_what_is_settled_waits_no_longer(web: Flask) -> None:
    """A badge that was lent, a month that still runs, a badge refused for another reason or long ago, a quiet night."""
    by: dict[str, Any] = {"actor": "test", "now": NOW - DAY}
    with web.app_context(), writing() as session:
        holder = people.add_holder("Ada", "L", **by).number
        token = people.give_token(holder, "em4100:0102030405", bytes(32), "k1", **by)
        denied(token.fingerprint, NOW - HOUR, "unknown_token")
        denied("1" * 32, NOW - 2 * HOUR, "token_blocked")
        denied("2" * 32, NOW - 8 * DAY, "unknown_token")
        session.add_all([Period(month="2026-11", state="open"), Period(month="2026-09", state="closed")])
        session.flush()
        draft = {
            "establishment_id": 1,
            "content": {},
            "net_cents": 0,
            "vat_cents": 0,
            "gross_cents": 0,
            "built_at": NOW,
        }
        session.add(Draft(month="2026-11", **draft))
        use(start=NOW - 12 * HOUR, end_reason="holder")
        use(start=NOW - 20 * HOUR, end_reason="idle")  # in the afternoon
        use(start=NOW - HOUR, seconds=1800, end_reason="idle", machine="c1")  # this morning, half an hour after eight
        use(start=NOW - 3 * HOUR, seconds=3 * 3600 - 60, state="open", ended_at=None)

    assert told(signed_in(web, Role.MANAGER)) == []


def test_events_set_aside_and_jobs_given_up_are_shown_as_they_are(web: Flask) -> None:
    manager = signed_in(web, Role.MANAGER)
    empty = [page(manager, path) for path in ("/rejected", "/jobs")]
    with web.app_context(), writing() as session:
        session.add(RejectedEvent(agent="agent-1", n=12, received_at=NOW, reason="no date", raw=b"<script>\xff\x00"))
        failed = {"kind": "render_document", "args": {}, "state": "failed", "attempts": 5, "run_after": NOW}
        session.add(Job(**failed, claimed_at=NOW, error="KeyError: <b>"))
        session.add(Job(kind="coffee", args={}, run_after=NOW - HOUR))
        session.add(Job(kind="coffee", args={}, run_after=NOW + HOUR))
    rejected, jobs = page(manager, "/rejected"), page(manager, "/jobs")

    assert "Tous les événements ont été lus" in empty[0]
    assert "Aucune tâche abandonnée" in empty[1]
    assert "no date" in rejected
    assert "&lt;script&gt;\ufffd" in rejected
    assert "KeyError: &lt;b&gt;" in jobs
    assert "1 tâche attend « prolab work », depuis 08:00" in jobs
    assert signed_in(web, Role.DESK).get("/rejected").status_code == 403


def test_a_request_about_personal_data_waits_a_week_before_its_answer_is_due(web: Flask) -> None:
    manager = signed_in(web, Role.MANAGER)
    early = rows(manager)
    with web.app_context():
        received = NOW.date() - timedelta(days=25)
        register.enter(Asks.ACCESS, None, "Ada King", received, "", today=NOW.date(), actor="account:1", now=NOW)

    assert early == []
    assert rows(manager) == [("1 demande sur des données personnelles", "/privacy/requests")]
