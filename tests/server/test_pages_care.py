"""The pages of closures, commissioning, checks, log-only and identity, as a manager and as others go through them."""

import io
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.bookings import service as bookings
from server.bookings.models import Booking
from server.care import checks, log_only
from server.care.checks import Asked
from server.db import reading, writing
from server.domain.bookings import Span
from server.domain.checks import CheckKind
from server.domain.commissioning import SheetTest
from server.domain.roles import Role, ScopeKind
from server.domain.tariffs import Scope, simple
from server.machines import service as machines
from server.machines.models import Closure, Machine, MachineLive, MachineSkill
from server.training import service as training
from tests.commissioned import ZONE, commission
from tests.conftest import Lab
from tests.server.page_lab import by, database_url, manager
from tests.server.signed_in import clock_of, page, signed_in, text, web_app
from wire.messages import RiskClass

__all__ = ["by", "database_url", "manager"]

PNG = b"\x89PNG\r\n\x1a\n" + (0).to_bytes(4) + b"IEND" + b"\xae\x42\x60\x82"
CLOSURE = {"name": "Portes ouvertes", "category": "", "first_day": "2026-11-20", "last_day": "2026-11-21"}
CHECK = {"kind": "legal", "name": "Presse", "every_months": "3", "due_on": "2026-10-01", "basis": "arrêté", "body": ""}
REPORT = {"done_on": "2026-10-13", "by": "Apave", "result": "passed"}


@pytest.fixture
def web(lab: Lab, database_url: str, now: datetime, tmp_path: Path) -> Flask:
    return web_app(database_url, now, data_dir=tmp_path / "data")


@pytest.fixture
def press(web: Flask, lab: Lab, by: dict[str, Any]) -> Lab:
    machines.add_machine("press", "Presse", "press", "agent-1", RiskClass.HIGH, **by)
    training.require_skills("press", [lab.skill], **by)
    return lab


@pytest.fixture
def quarterly(press: Lab, by: dict[str, Any], now: datetime) -> int:
    asked = Asked(CheckKind.LEGAL, "Presse, trimestrielle", now.date() + timedelta(days=40), 3)
    return checks.add_check("press", asked, ZONE, **by).id


def row(model: Any, *conditions: Any) -> Any:
    with reading() as session:
        return session.scalars(select(model).where(*conditions)).one()


def version(html: str) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', html)
    assert found
    return found[1]


def sheet(**others: str) -> dict[str, Any]:
    lines = {f"result_{test}": "passed" for test in SheetTest}
    return {**lines, "done_on": "2026-10-14", "by": "A. Oberlin", "drawing": "EL-12 B", **others}


# --- closures -----------------------------------------------------------------------------------------------------------


def test_a_closure_of_whole_days_goes_from_midnight_to_midnight(web: Flask, manager: FlaskClient, lab: Lab) -> None:
    answer = manager.post("/closures/new", data=CLOSURE)

    assert answer.status_code == 303
    closure = row(Closure)
    assert (closure.begins.isoformat(), closure.ends.isoformat()) == (
        "2026-11-19T23:00:00+00:00",
        "2026-11-21T23:00:00+00:00",
    )
    said = text(manager.get("/closures", headers={"Accept-Language": "fr"}))
    assert "20 novembre 2026 – 21 novembre 2026" in said
    assert "Portes ouvertes" in said


def test_a_closure_may_have_hours_and_a_category(web: Flask, manager: FlaskClient, lab: Lab) -> None:
    manager.post("/closures/new", data={**CLOSURE, "category": "printer", "begins": "14:00", "ends": "18:30"})

    closure = row(Closure)
    assert (closure.category, closure.begins.hour, closure.ends.hour, closure.ends.minute) == ("printer", 13, 17, 30)


def test_today_may_be_closed_while_it_goes_on(manager: FlaskClient, lab: Lab) -> None:
    answer = manager.post("/closures/new", data={**CLOSURE, "first_day": "2026-10-14", "last_day": "2026-10-14"})

    assert answer.status_code == 303
    assert "fermé en ce moment" in page(manager, "/closures")


def test_what_cannot_be_is_said_at_the_day(manager: FlaskClient, lab: Lab) -> None:
    answer = manager.post("/closures/new", data={**CLOSURE, "last_day": "2026-11-19"})

    assert answer.status_code == 422
    assert "Elle finit avant de commencer" in answer.text


def test_the_holidays_of_alsace_are_filled_in_with_one_button(manager: FlaskClient, lab: Lab) -> None:
    assert "Vendredi saint" in page(manager, "/closures/holidays?year=2027")

    manager.post("/closures/holidays", data={"year": "2027"})
    again = manager.post("/closures/holidays", data={"year": "2027"}, follow_redirects=True)

    assert "y sont déjà" in again.text
    listed = page(manager, "/closures?year=2027")
    for name in ("Vendredi saint", "Saint-Étienne", "Fête nationale"):
        assert name in listed
    assert "Karfreitag" in manager.get("/closures?year=2027", headers={"Accept-Language": "de"}).text


def test_a_holiday_that_is_shortened_keeps_its_name_in_every_language(manager: FlaskClient, lab: Lab) -> None:
    manager.post("/closures/holidays", data={"year": "2026"})
    with reading() as session:
        number = session.scalars(select(Closure.id).where(Closure.holiday == "armistice_1918")).one()
    days = {"first_day": "2026-11-11", "last_day": "2026-11-11", "ends": "12:00"}
    sent = {"name": "Armistice de 1918", "category": "", "version": version(page(manager, f"/closures/{number}/edit"))}

    manager.post(f"/closures/{number}/edit", data={**sent, **days})

    assert "Waffenstillstand" in manager.get("/closures", headers={"Accept-Language": "de"}).text


def test_a_closure_is_changed_and_removed_after_a_question(manager: FlaskClient, lab: Lab) -> None:
    manager.post("/closures/new", data=CLOSURE)
    seen = version(page(manager, "/closures/1/edit"))

    manager.post("/closures/1/edit", data={**CLOSURE, "name": "Fête", "version": seen})
    assert row(Closure).name == "Fête"
    assert "Supprimer « Fête » ?" in page(manager, "/closures/1/remove")
    assert row(Closure)  # asking removes nothing
    late = manager.post("/closures/1/remove", data={"version": seen})
    assert (late.status_code, "entre-temps" in late.text) == (422, True)
    manager.post("/closures/1/remove", data={"version": version(page(manager, "/closures/1/remove"))})

    with reading() as session:
        assert session.scalars(select(Closure)).all() == []


def test_a_maker_sees_closures_and_changes_none(web: Flask, lab: Lab, manager: FlaskClient) -> None:
    manager.post("/closures/new", data=CLOSURE)
    maker = signed_in(web, Role.HOLDER, holder=lab.holder)

    assert "Portes ouvertes" in page(maker, "/closures")
    assert "/closures/1/edit" not in page(maker, "/closures")
    assert maker.post("/closures/new", data=CLOSURE).status_code == 403


# --- commissioning ------------------------------------------------------------------------------------------------------


def test_a_new_machine_of_high_risk_says_what_to_do_next(manager: FlaskClient, press: Lab, now: datetime) -> None:
    with writing() as session:
        machine = session.scalars(select(Machine).where(Machine.code == "press")).one()
        machine.agent.online, machine.agent.last_seen_at = True, now
        session.add(MachineLive(machine_id=machine.id, state="idle", since=now, seen_at=now))

    for path in ("/today", "/machines/press"):
        said = page(manager, path)
        assert "/machines/press/commissioning/new" in said
        assert "pas de fiche" in said or "pas encore de fiche" in said.lower()
    assert "Pas mise en service" in page(manager, "/map")
    assert "/machines/p1/commissioning/new" not in page(manager, "/today")


def test_a_sheet_with_a_photo_puts_it_into_use(web: Flask, manager: FlaskClient, press: Lab) -> None:
    seen = version(page(manager, "/machines/press/commissioning/new"))
    sent = sheet(version=seen) | {"papers": [(io.BytesIO(PNG), "plaque.png"), (io.BytesIO(b"%PDF-1"), "fiche.pdf")]}

    answer = manager.post("/machines/press/commissioning/new", data=sent, content_type="multipart/form-data")

    assert answer.status_code == 303
    assert row(Machine, Machine.code == "press").commission_since is None
    listed = page(manager, "/machines/press/commissioning")
    assert "EL-12 B" in listed
    assert "fiche.pdf" in listed
    with manager.get("/machines/press/commissioning/papers/1") as photo:
        assert (photo.data, photo.mimetype) == (PNG, "image/png")
    with manager.get("/machines/press/commissioning/papers/2") as paper:
        assert paper.headers["Content-Disposition"].startswith("attachment")
    assert manager.get("/machines/p1/commissioning/papers/1").status_code == 404
    assert "/machines/press/commissioning/new" not in page(manager, "/today")


def test_an_empty_line_is_marked_and_what_was_filled_in_stays(manager: FlaskClient, press: Lab) -> None:
    sent = sheet(remark_plug="Shelly 2")
    del sent["result_plug"]

    answer = manager.post("/machines/press/commissioning/new", data=sent)

    assert answer.status_code == 422
    assert answer.text.count("Dites ce que cela a donné.") == 2  # above, and at the line
    assert "Shelly 2" in answer.text
    crossed = manager.post("/machines/press/commissioning/new", data=sheet(result_plug="crossed_out"))
    assert "Dites pourquoi cela ne s’applique pas." in crossed.text


def test_a_failed_line_is_kept_and_said(web: Flask, manager: FlaskClient, press: Lab) -> None:
    sent = sheet(result_welded="failed", version=version(page(manager, "/machines/press/commissioning/new")))

    said = manager.post("/machines/press/commissioning/new", data=sent, follow_redirects=True)

    assert "Une ligne a échoué" in said.text
    assert row(Machine, Machine.code == "press").commission_since is not None


def test_a_change_declared_meanwhile_is_told_and_the_second_try_counts(
    web: Flask, manager: FlaskClient, press: Lab
) -> None:
    sent = sheet(version=version(page(manager, "/machines/press/commissioning/new")))
    trainer = signed_in(web, Role.TRAINER, ScopeKind.MACHINE, "press")
    what = {"what": "relay", "reason": "collé", "version": version(page(trainer, "/machines/press/changed"))}
    assert trainer.post("/machines/press/changed", data=what).status_code == 303

    first = manager.post("/machines/press/commissioning/new", data=sent)
    second = manager.post("/machines/press/commissioning/new", data={**sent, "version": version(first.text)})

    assert (first.status_code, "entre-temps" in first.text) == (422, True)
    assert second.status_code == 303


def test_a_trainer_of_another_machine_declares_nothing_here(web: Flask, press: Lab) -> None:
    trainer = signed_in(web, Role.TRAINER, ScopeKind.MACHINE, "p1")

    assert trainer.get("/machines/press/changed").status_code == 403
    assert trainer.get("/machines/press/commissioning").status_code == 403
    assert trainer.get("/machines/press/checks").status_code == 403


# --- checks -------------------------------------------------------------------------------------------------------------


def test_an_overdue_legal_check_is_shown_everywhere_and_a_report_ends_it(
    web: Flask, manager: FlaskClient, press: Lab, now: datetime
) -> None:
    commission("press", now)
    manager.post("/machines/press/checks/new", data=CHECK)

    assert "personne ne peut la démarrer" in page(manager, "/machines/press")
    assert "Presse · Presse : en retard" in page(manager, "/today")
    sent = REPORT | {"papers": [(io.BytesIO(b"%PDF-1.7"), "rapport.pdf")]}
    answer = manager.post("/machines/press/checks/1/report", data=sent, content_type="multipart/form-data")

    assert answer.status_code == 303
    assert "en retard" not in page(manager, "/machines/press")
    assert "13 janvier 2027" in page(manager, "/machines/press/checks")
    maker = signed_in(web, Role.HOLDER, holder=press.holder)
    assert "/machines/press/reports/1" in page(maker, "/machines/press")  # L4311-3: whoever is lent it may read it
    with maker.get("/machines/press/reports/1") as paper:
        assert paper.data == b"%PDF-1.7"
    assert maker.get("/machines/press/checks").status_code == 403


def test_a_check_is_reminded_of_thirty_days_before(
    web: Flask, manager: FlaskClient, quarterly: int, now: datetime
) -> None:
    assert "bientôt dû" not in page(manager, "/today")

    clock_of(web).moment = now + timedelta(days=10)

    assert "Presse · Presse, trimestrielle : bientôt dû" in page(signed_in(web, Role.MANAGER), "/today")


def test_reserves_stand_on_today_until_they_are_lifted(manager: FlaskClient, quarterly: int) -> None:
    sent = {**REPORT, "result": "reserves"}
    missing = manager.post(f"/machines/press/checks/{quarterly}/report", data=sent)
    assert (missing.status_code, "pour quand" in missing.text) == (422, True)

    sent |= {"reserves": "Carter fendu", "reserves_until": "2026-11-01"}
    manager.post(f"/machines/press/checks/{quarterly}/report", data=sent)
    assert "réserves à lever" in page(manager, "/today")
    manager.post(f"/machines/press/checks/{quarterly}/reserves", data={"reason": "carter neuf"})

    assert "réserves à lever" not in page(manager, "/today")
    assert "Carter fendu" in page(manager, "/machines/press/checks")


def test_a_check_is_changed_and_ended_with_a_reason(manager: FlaskClient, quarterly: int) -> None:
    path = f"/machines/press/checks/{quarterly}"
    sent = {**CHECK, "due_on": "2026-12-24", "every_months": "", "version": version(page(manager, path))}

    never = manager.post(path, data=sent)
    assert (never.status_code, "à quel rythme" in never.text) == (422, True)
    manager.post(path, data={**sent, "every_days": "90"})
    assert "tous les 90 jours" in page(manager, "/machines/press/checks")
    assert manager.post(path, data={**sent, "every_days": "30"}).status_code == 409

    assert manager.post(f"{path}/end", data={"reason": ""}).status_code == 422
    manager.post(f"{path}/end", data={"reason": "vendue"})
    assert manager.get(path).status_code == 404
    assert "plus demandé depuis" in page(manager, "/machines/press/checks")


def test_the_journal_says_it_in_words(manager: FlaskClient, quarterly: int, now: datetime) -> None:
    commission("press", now)
    manager.post(f"/machines/press/checks/{quarterly}/report", data=REPORT)
    manager.post("/closures/new", data=CLOSURE)

    said = page(manager, "/audit")

    for words in (
        "Contrôle ajouté",
        "Rapport de contrôle conservé",
        "Fiche de mise en service conservée",
        "Fermeture ajoutée",
        "Presse · Presse, trimestrielle",
    ):
        assert words in said


# --- log only -----------------------------------------------------------------------------------------------------------


def test_a_risk_class_that_only_logs_is_said_to_staff_everywhere_and_to_makers_nowhere(
    web: Flask, manager: FlaskClient, lab: Lab
) -> None:
    sent = {"risk": "low", "until": "2026-11-30T18:00", "reason": "premières semaines"}
    late = manager.post("/log-only/new", data={**sent, "until": "2027-01-01T18:00"})
    assert (late.status_code, "soixante jours" in late.text) == (422, True)

    manager.post("/log-only/new", data=sent)

    maker = signed_in(web, Role.HOLDER, holder=lab.holder)
    for path in ("/today", "/map", "/machines/p1"):
        assert "démarre quand même" in page(manager, path), path
    for path in ("/map", "/machines/p1"):
        assert "démarre quand même" not in page(maker, path), path
    manager.post("/log-only/low/end", data={"reason": "assez"})
    assert "démarre quand même" not in page(manager, "/today")
    assert manager.get("/log-only/low/end").status_code == 404
    assert manager.get("/log-only/none/end").status_code == 404


def test_it_ends_by_itself(web: Flask, manager: FlaskClient, lab: Lab, by: dict[str, Any], now: datetime) -> None:
    log_only.begin(RiskClass.LOW, now + timedelta(days=2), "premières semaines", **by)
    assert "démarre quand même" in page(manager, "/today")

    clock_of(web).moment = now + timedelta(days=3)

    assert "démarre quand même" not in page(signed_in(web, Role.MANAGER), "/today")


# --- identity -----------------------------------------------------------------------------------------------------------


def test_the_papers_of_a_machine_stand_on_its_page(web: Flask, manager: FlaskClient, lab: Lab) -> None:
    seen = version(page(manager, "/machines/p1/identity"))
    plate = {"make": "Prusa", "model": "MK4", "serial": "4711", "manual_url": "https://prusa.example/mk4"}

    odd = manager.post("/machines/p1/identity", data={**plate, "manual_url": "javascript:1", "version": seen})
    manager.post("/machines/p1/identity", data={**plate, "unattended": "y", "version": seen})

    assert (odd.status_code, "https://" in odd.text) == (422, True)
    said = page(signed_in(web, Role.HOLDER, holder=lab.holder), "/machines/p1")
    for words in ("Prusa MK4", "4711", "https://prusa.example/mk4", "peut tourner"):
        assert words in said


def test_the_second_of_two_editors_of_a_plate_is_told(manager: FlaskClient, lab: Lab) -> None:
    seen = version(page(manager, "/machines/p1/identity"))
    manager.post("/machines/p1/identity", data={"make": "Prusa", "version": seen})

    answer = manager.post("/machines/p1/identity", data={"make": "Bambu", "version": seen})

    assert answer.status_code == 409
    assert "Prusa" in answer.text


@pytest.mark.parametrize(("keeps", "skills"), [("keep", 1), ("none", 0)])
def test_another_machine_takes_the_place_with_what_was_asked_for(
    web: Flask, manager: FlaskClient, press: Lab, keeps: str, skills: int
) -> None:
    sent = {"code": "press-2", "name": "Presse neuve", "serial": "77", "reason": "usée"}
    sent |= {"skills": keeps, "prices": keeps, "rules": keeps, "bookings": keeps}
    sent |= {"version": version(page(manager, "/machines/press/replace"))}

    answer = manager.post("/machines/press/replace", data=sent)

    assert answer.status_code == 303
    new = row(Machine, Machine.code == "press-2")
    with writing() as session:
        asked = session.scalars(select(MachineSkill).where(MachineSkill.machine_id == new.id)).all()
    assert len(asked) == skills
    said = page(manager, "/machines/press-2")
    assert "Elle remplace" in said
    assert "Pas mise en service" in said
    assert "Remplacée par" in page(manager, "/machines/press")
    assert manager.get("/machines/press/replace").status_code == 404


@pytest.mark.parametrize(("keeps", "at"), [("keep", "press-2"), ("none", "press")])
def test_bookings_go_over_only_where_that_was_asked_for(
    manager: FlaskClient, press: Lab, by: dict[str, Any], now: datetime, keeps: str, at: str
) -> None:
    span = Span(now + timedelta(hours=4), now + timedelta(hours=6))
    bookings.book("press", press.holder, span, bookings.Rules(ZONE), **by)
    sent = {"code": "press-2", "name": "Presse neuve", "reason": "usée", "skills": "keep", "prices": "keep"}
    sent |= {"rules": "keep", "bookings": keeps, "version": version(page(manager, "/machines/press/replace"))}

    manager.post("/machines/press/replace", data=sent)

    assert row(Booking).machine_id == row(Machine, Machine.code == at).id


def test_prices_of_its_own_go_over(web: Flask, manager: FlaskClient, press: Lab, by: dict[str, Any]) -> None:
    from server.billing import service as billing
    from server.billing.models import Tariff

    billing.add_tariff(Scope(machine="press"), simple(4200, 900), by["now"], **by)
    sent = {"code": "press-2", "name": "Presse neuve", "reason": "usée", "skills": "keep", "prices": "keep"}
    sent |= {"rules": "keep", "bookings": "keep", "version": version(page(manager, "/machines/press/replace"))}

    manager.post("/machines/press/replace", data=sent)

    new = row(Machine, Machine.code == "press-2")
    assert row(Tariff, Tariff.machine_id == new.id).rule["parts"] == [
        {"basis": "occupied", "cents": 4200, "step_s": 900}
    ]


def test_rules_about_minors_and_two_people_are_typed_and_shown(manager: FlaskClient, press: Lab) -> None:
    html = page(manager, "/machines/press/edit")
    sent: dict[str, Any] = {
        "name": "Presse",
        "category": "press",
        "room": "",
        "agent": "agent-1",
        "risk": "high",
        "confirm_s": "5",
    }
    sent |= {"on_max": "warn", "skills": [press.skill], "version": version(html), "minors": "framed"}

    manager.post("/machines/press/edit", data={**sent, "second_s": "30", "again": "30", "supervise": "15"})

    made = row(Machine, Machine.code == "press")
    assert (made.minors, made.second_s, made.again_s, made.supervise_s) == ("framed", 30, 1800, 900)
    said = page(manager, "/machines/press")
    for words in ("seulement dans un cadre de formation", "Badge de la deuxième personne", "Badge du formateur"):
        assert words in said
