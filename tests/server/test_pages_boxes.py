"""What pages say and ask of the boxes: bypass, maintenance, reported problems, master badges, and all that an end tells."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from server.access.service import load_facts
from server.audit.models import AuditEntry
from server.db import db, reading, writing
from server.domain.roles import Role
from server.ingest import ingest
from server.machines.models import Agent, Machine, MachineLive
from server.machines.site_keys import ring
from server.pages.machine.forms import BypassForm
from server.people import service as people
from server.people.models import Master
from server.usage.models import Event, Notice, Outbox
from tests.server import billing_lab
from tests.server.billing_lab import use
from tests.server.paper_agent import PaperAgent, stamp, uuid
from tests.server.signed_in import page, settings_for, signed_in, web_app
from tests.server.test_pages_machines import machine, version
from wire.messages import LatchCleared, ProblemReported, SessionAdopted, SessionEnded, SessionStarted, Unattended
from wire.tokens import pin_digest

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)  # Wednesday, 10:00 in Mulhouse
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BY: dict[str, Any] = {"actor": "test", "now": NOW - 30 * DAY}
S1, S0 = uuid("session", 1), uuid("session", 0)


@pytest.fixture
def app(sqlite_url: str) -> Flask:
    """Two free machines of one agent that is heard."""
    web = web_app(sqlite_url, NOW)
    with web.app_context():
        billing_lab.furnish()
        with writing() as session:
            session.execute(update(Agent).values(online=True, last_seen_at=NOW, last_n=900, synced=True))
            session.add_all(MachineLive(machine_id=number, state="idle", since=NOW, seen_at=NOW) for number in (1, 2))
    return web


@pytest.fixture
def desk(app: Flask) -> FlaskClient:
    return signed_in(app, Role.DESK)


@pytest.fixture
def manager(app: Flask) -> FlaskClient:
    return signed_in(app, Role.MANAGER)


def live(app: Flask, **values: Any) -> None:
    with app.app_context(), writing() as session:
        session.execute(update(MachineLive).where(MachineLive.machine_id == 1).values(**values))


def person(app: Flask, name: str = "Ada") -> int:
    with app.app_context():
        return people.add_holder(name, "Martin", **BY).number


def post(client: FlaskClient, path: str, **data: str) -> Any:
    """As a browser does: with the version that the page was shown with."""
    shown = page(client, path)
    seen = {"version": version(shown)} if re.search(r'name="version"[^>]*value="\d', shown) else {}
    return client.post(path, data={**seen, **data})


def rows(client: FlaskClient) -> str:
    return page(client, "/today")


# --- bypass and maintenance -------------------------------------------------------------------------------------------


def test_a_bypass_is_declared_seen_everywhere_in_red_and_ended(app: Flask, desk: FlaskClient) -> None:
    answer = post(desk, "/machines/p1/bypass", who="Paul, atelier", until="2026-10-14T18:00", reason="boîtier en panne")

    assert answer.status_code == 303
    assert machine(app).bypass_until == datetime(2026, 10, 14, 16, tzinfo=UTC)
    own = page(desk, "/machines/p1")
    assert 'class="banner is-fault"' in own
    assert "Pontée par Paul, atelier" in own
    for face in ("/map", "/map?view=list", "/wall"):
        shown = page(desk, face)
        assert "Imprimante P1 est pontée jusqu’au" in shown, face
        assert "Paul" not in shown, face  # no name where everybody looks
    assert "Pontée jusqu’au" in rows(desk)
    post(desk, "/machines/p1/end-bypass", reason="réparé")
    assert "pontée" not in page(desk, "/map").lower()


def test_a_bypass_without_an_end_or_for_a_month_is_refused(app: Flask, desk: FlaskClient) -> None:
    assert post(desk, "/machines/p1/bypass", who="Paul", until="", reason="x").status_code == 422
    refused = post(desk, "/machines/p1/bypass", who="Paul", until="2026-11-14T18:00", reason="x")

    assert refused.status_code == 422
    assert "sept jours" in refused.text
    assert machine(app).bypass_until is None


@pytest.mark.parametrize(("who", "field"), [(" ", "who"), ("Paul", "until")])
def test_what_is_wrong_with_a_bypass_is_said_beside_the_field_it_is_about(
    app: Flask, desk: FlaskClient, monkeypatch: pytest.MonkeyPatch, who: str, field: str
) -> None:
    monkeypatch.setattr(BypassForm.who, "args", ("Qui", []))  # the form lets a blank name through, the service does not

    refused = post(desk, "/machines/p1/bypass", who=who, until="2026-11-14T18:00", reason="x")

    assert refused.status_code == 422
    assert re.findall(r'id="(\w+)-error"', refused.text) == [field]


def test_maintenance_says_that_it_is_no_lock_out_and_is_ended_by_who_began_it_or_a_manager(
    app: Flask, desk: FlaskClient, manager: FlaskClient
) -> None:
    post(desk, "/machines/p1/service", service="maintenance", note="broche")
    other = signed_in(app, Role.DESK)

    refused = post(other, "/machines/p1/service", service="in", note="")

    assert refused.status_code == 422
    assert "quelqu’un y travaille peut-être" in refused.text
    assert "NON consignée" in page(other, "/machines/p1")
    assert "NON consignée" in page(other, "/machines/p1/service")
    assert post(manager, "/machines/p1/service", service="in", note="").status_code == 303
    assert "NON consignée" not in page(other, "/machines/p1")


# --- problems ---------------------------------------------------------------------------------------------------------


def test_a_reported_problem_waits_on_today_with_who_ran_and_the_way_to_clear_it(app: Flask, desk: FlaskClient) -> None:
    ada = person(app)
    with app.app_context():
        ingest([PaperAgent().says(ProblemReported("p1", S1, ada, stamp(NOW - HOUR)))], NOW)
    live(app, latched=True, problem=True, state="out_of_service")

    today = rows(desk)

    assert "Ada Martin y était" in today
    assert 'href="/machines/p1/clear-stop"' in today
    assert "Un problème a été signalé" in page(desk, "/machines/p1")
    assert "Un problème a été signalé" in page(desk, "/map?view=list")
    assert "Ada" not in page(desk, "/map")
    assert "Ada" not in page(signed_in(app, Role.TRAINER), "/today")  # who may not know who was where


def test_a_problem_cleared_at_the_machine_stands_in_the_journal_with_its_name(app: Flask, manager: FlaskClient) -> None:
    ada = person(app)
    with app.app_context():
        ingest([PaperAgent().says(LatchCleared("p1", ada, stamp(NOW)))], NOW)

    journal = page(manager, "/audit")

    assert "Problème levé à la machine" in journal
    assert "Ada Martin" in journal


# --- what the box says ------------------------------------------------------------------------------------------------


def test_a_machine_says_whether_it_works_what_its_box_lacks_and_when_its_contact_was_proven_open(
    app: Flask, desk: FlaskClient
) -> None:
    live(app, running=False, lacks=["press_to_start", "singing"], proven_open_at=NOW - 2 * DAY)
    with app.app_context(), writing() as session:
        session.execute(update(Agent).values(disk_free_mb=11_400))

    shown = page(desk, "/machines/p1")

    assert "non, d’après son compteur" in shown
    assert "Contact vu ouvert pour la dernière fois" in shown
    assert "pas de bouton pour démarrer" in shown
    assert "singing" in shown  # a feature only a newer agent knows
    assert "11,4 Go" in shown
    assert "11,4 Go" in page(signed_in(app, Role.MANAGER), "/agents/agent-1")
    assert "Changer les règles" in rows(signed_in(app, Role.MANAGER))


@pytest.mark.parametrize(
    ("proven", "used", "waits"),
    [(31 * DAY, DAY, True), (29 * DAY, DAY, False), (31 * DAY, 40 * DAY, False), (None, DAY, False)],
)
def test_a_contact_not_seen_to_open_for_a_month_of_use_is_a_task(
    app: Flask, desk: FlaskClient, proven: timedelta | None, used: timedelta, waits: bool
) -> None:
    live(app, proven_open_at=None if proven is None else NOW - proven)
    with app.app_context():
        use(start=NOW - used, seconds=600)

    assert ("ouverture du contact non vérifiée" in rows(desk)) is waits


def test_the_rules_that_are_set_stand_on_the_machines_page_and_the_others_do_not(app: Flask, desk: FlaskClient) -> None:
    with app.app_context(), writing() as session:
        values = {"press_s": 30, "cooldown_s": 120, "max_s": 7200, "extend_s": 1800, "extend_times": 2}
        session.execute(update(Machine).where(Machine.code == "p1").values(**values))

    shown = page(desk, "/machines/p1")

    assert "Bouton pour démarrer" in shown
    assert "30 min × 2" in shown
    assert "Carte laissée en place" not in shown


# --- sessions ---------------------------------------------------------------------------------------------------------


def ended(app: Flask, holder: int, **more: Any) -> str:
    """A session of 50 minutes that its agent told of, within two hours."""
    began = NOW - 2 * HOUR
    facts = (stamp(began), stamp(began + timedelta(minutes=50)), 3000, 3120)
    measured = {"running_s": None, "wh": None, "reason": "holder", "taps": 2} | more
    agent = PaperAgent()
    agent.says(SessionStarted(S1, "p1", holder, "ab" * 16, "acme-1", False, 7, stamp(began)))
    agent.says(SessionAdopted(S1, "p1", 480, stamp(began + timedelta(minutes=20))))
    agent.says(SessionEnded(S1, "p1", holder, "acme-1", 7, *facts, **measured))
    with app.app_context():
        assert ingest(agent.sent, NOW).rejected == 0
    return f"/sessions/{S1}"


def test_the_evidence_sets_cooling_apart_marks_the_gap_and_says_who_paid_by_choice(
    app: Flask, manager: FlaskClient
) -> None:
    shown = page(manager, ended(app, person(app), cooldown_s=120, gap_s=480, payer_chosen=True))

    assert "Refroidissement ensuite" in shown
    assert "dont 8 min 0 s sans son boîtier" in shown
    assert "Reprise après 8 min 0 s sans son boîtier" in shown
    assert "choisi à la machine" in shown
    assert 'class="gap"' in shown


def test_what_nobody_measured_is_never_nought(app: Flask, manager: FlaskClient) -> None:
    silent = page(manager, ended(app, person(app)))

    assert silent.count("non mesuré") >= 3  # running, energy, by its meter


def test_a_session_that_goes_on_after_a_mains_cut_names_the_one_before_and_bears_no_second_fee(
    app: Flask, manager: FlaskClient
) -> None:
    shown = page(manager, ended(app, person(app), continues=S0, running_s=1200, measured_s=2900))

    assert f'href="/sessions/{S0}"' in shown
    assert "ni second forfait, ni second minimum" in shown
    assert "20 min 0 s" in shown


def test_a_session_of_a_master_badge_waits_on_today_for_managers_only(app: Flask, manager: FlaskClient) -> None:
    path = ended(app, person(app), master=True)

    assert "démarrée avec un badge maître" in rows(manager)
    assert "un badge maître et son code" in page(manager, path)
    assert "badge maître" not in rows(signed_in(app, Role.DESK))


def test_an_extended_list_waits_on_today_and_stands_with_the_machine(app: Flask, manager: FlaskClient) -> None:
    with app.app_context(), writing() as session:
        session.add(Outbox(id="o", agent_id=1, first_seen_at=NOW))
        session.flush()
        hashes = {"payload_hash": "0" * 64, "chain_hash": "0" * 64}
        session.add(
            Event(outbox="o", n=1, agent_id=1, kind="list_extended", received_at=NOW, simulated=False, **hashes)
        )
        session.flush()
        session.add(Notice(event_id=1, kind="list_extended", machine_id=1, at=NOW - HOUR, until=NOW + 11 * HOUR))

    assert "Imprimante P1 : liste d’accès prolongée" in rows(manager)
    assert "Liste d’accès prolongée par un badge maître" in page(manager, "/machines/p1")


# --- master badges ----------------------------------------------------------------------------------------------------


def test_a_manager_gives_a_master_badge_and_only_a_digest_of_its_pin_is_kept(app: Flask, manager: FlaskClient) -> None:
    ada = person(app)

    answer = post(manager, f"/people/{ada}/master", payer="acme-1", pin="1394", again="1394")

    assert answer.status_code == 303
    with app.app_context(), reading() as session:
        row = session.scalars(select(Master)).one()
        newest = ring(settings_for("sqlite://"), NOW).newest
        assert (row.holder_number, row.pin_digest) == (ada, pin_digest(ada, "1394", newest.key))
        assert [fact.holder for fact in load_facts(NOW, newest.id, {}).masters] == [ada]
        told = session.scalars(select(AuditEntry).where(AuditEntry.object_kind == "master")).one()
        assert "1394" not in str(told.after)
    assert "Ada Martin" in page(manager, "/masters")
    assert "Badge maître donné" in page(manager, "/audit")


@pytest.mark.parametrize(("pin", "again"), [("1390", "1390"), ("139", "139"), ("abcd", "abcd"), ("1394", "1395")])
def test_a_pin_that_no_button_can_type_or_that_was_mistyped_is_refused(
    app: Flask, manager: FlaskClient, pin: str, again: str
) -> None:
    ada = person(app)

    answer = post(manager, f"/people/{ada}/master", payer="acme-1", pin=pin, again=again)

    assert answer.status_code == 422
    assert f'value="{pin}"' not in answer.text
    with app.app_context(), reading() as session:
        assert session.scalars(select(Master)).all() == []


def test_a_second_master_badge_of_one_person_is_refused_and_the_first_ends_with_a_reason(
    app: Flask, manager: FlaskClient
) -> None:
    ada = person(app)
    given = {"payer": "acme-1", "pin": "1394", "again": "1394"}
    post(manager, f"/people/{ada}/master", **given)

    assert post(manager, f"/people/{ada}/master", **given).status_code == 422
    assert post(manager, "/masters/1/end", reason="").status_code == 422
    assert post(manager, "/masters/1/end", reason="parti").status_code == 303
    assert "Ada Martin" not in page(manager, "/masters").split("<main", 1)[-1].split("toast")[0]
    assert manager.get("/masters/1/end").status_code == 404
    assert post(manager, f"/people/{ada}/master", **given).status_code == 303


def test_of_two_managers_who_end_the_same_master_badge_the_second_reads_that_it_is_over(
    app: Flask, manager: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, end = person(app), people.end_master
    post(manager, f"/people/{ada}/master", payer="acme-1", pin="1394", again="1394")

    def after_another(*what: Any, **by: Any) -> None:
        end(1, "the other manager", **by)
        end(*what, **by)

    shown = page(manager, "/masters/1/end")
    monkeypatch.setattr(people, "end_master", after_another)
    answer = manager.post("/masters/1/end", data={"reason": "parti", "version": version(shown)})

    assert answer.status_code == 422
    assert "a déjà pris fin" in answer.text


def test_a_master_badge_whose_site_key_is_over_says_what_to_do(app: Flask, manager: FlaskClient) -> None:
    ada = person(app)
    post(manager, f"/people/{ada}/master", payer="acme-1", pin="1394", again="1394")
    assert "Son code ne marche plus" not in page(manager, "/masters")

    with app.app_context(), writing() as session:
        session.execute(update(Master).values(key_id="k0"))

    assert "Son code ne marche plus" in page(manager, "/masters")


def test_who_leaves_the_lab_has_no_master_badge_any_more(app: Flask, manager: FlaskClient) -> None:
    ada = person(app)
    post(manager, f"/people/{ada}/master", payer="acme-1", pin="1394", again="1394")

    with app.app_context():
        people.end_holder(ada, "moved", actor="test", now=NOW)

        assert db.session.scalars(select(Master.ended_at)).one() == NOW


# --- tenants ----------------------------------------------------------------------------------------------------------


def test_what_panels_show_of_a_tenants_terms_is_a_setting(app: Flask, manager: FlaskClient) -> None:
    shown = page(manager, "/tenants/acme/edit")
    fields = {"name": "Acme", "kind": "company", "language": "fr", "parent": "", "version": version(shown)}

    answer = manager.post("/tenants/acme/edit", data={**fields, "shows": "time_left"})

    assert answer.status_code == 303
    with app.app_context():
        assert {payer.shows.value for payer in load_facts(NOW, "k1", {}).payers if payer.code.startswith("acme")} == {
            "time_left"
        }
    assert re.search(r'<option selected value="time_left"', page(manager, "/tenants/acme/edit"))


def test_a_use_left_unattended_is_not_called_a_problem_that_somebody_reported(app: Flask, desk: FlaskClient) -> None:
    ada = person(app)
    with app.app_context():
        ingest([PaperAgent().says(Unattended("p1", S1, ada, stamp(NOW - HOUR)))], NOW)
    live(app, latched=True, problem=True, state="out_of_service")

    today = rows(desk)

    assert "Le deuxième badge n’est pas revenu à temps" in today
    assert "Un problème a été signalé" not in today
