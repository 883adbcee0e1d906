"""The pages about data protection: tonight, times, holds, requests, erasure, the copy, looks, and the papers."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.db import reading, writing
from server.domain.retention import PROPOSED, Kept
from server.domain.roles import Role, Verb
from server.jobs.models import Job
from server.people import service as people
from server.privacy import retention
from server.privacy.holds import hold_person
from server.privacy.models import Hold, TraceView
from server.privacy.rules import rules, set_rule
from server.usage.models import UsageSession
from server.web.preferences import LANGUAGES
from tests.server.old_lab import LATER, OldLab, furnish, place
from tests.server.signed_in import clock_of, page, signed_in, text, web_app


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def old(app: Flask) -> OldLab:
    return furnish()


@pytest.fixture
def web(old: OldLab, database_url: str) -> Flask:
    return web_app(database_url, LATER)


@pytest.fixture
def manager(web: Flask) -> FlaskClient:
    return in_english(signed_in(web, Role.MANAGER))


def in_english(client: FlaskClient) -> FlaskClient:
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def test_tonight_says_what_would_go_by_class_and_the_job_then_takes_it(manager: FlaskClient, old: OldLab) -> None:
    due = {one.in_force.rule.kept: one.waiting.rows for one in retention.dry_run(LATER, place())}
    rows = sum(due.values())

    said = page(manager, "/privacy")

    assert f"Tonight: {rows} rows" in said
    assert said.count("<tr") == len(PROPOSED) + 1
    assert "3 months" in said
    assert "It has not run yet" in said
    asked = page(manager, "/privacy/run")
    assert f"Let {rows} rows go now?" in asked

    assert manager.post("/privacy/run").status_code == 303
    with reading() as session:
        assert session.scalars(select(Job.kind)).all().count("retention") == 1
    retention.do_job(LATER, place(), "account:1")
    after = page(manager, "/privacy")
    assert "Tonight: 0 rows" in after
    assert f"<strong>{rows} rows</strong>" in after


def test_a_time_is_decided_within_its_bounds_with_a_reason_and_stands_on_the_notice(manager: FlaskClient) -> None:
    refused = manager.post("/privacy/rules/refusals", data={"keep": "40", "reason": "pour voir"})
    assert refused.status_code == 422
    assert "Type a number from 1 to 12." in refused.text
    assert manager.post("/privacy/rules/refusals", data={"keep": "2", "reason": ""}).status_code == 422

    decided = {"keep": "2", "reason": "Agreed with the CSE", "version": "0"}
    assert manager.post("/privacy/rules/refusals", data=decided).status_code == 303

    assert rules()[Kept.REFUSALS].rule.keep == 2
    assert "Agreed with the CSE" in page(manager, "/privacy")
    assert "<strong>2 months</strong>" in page(manager, "/notice")
    assert "Edition 1" in page(manager, "/notice")
    assert manager.post("/privacy/rules/refusals", data=decided | {"keep": "5"}).status_code == 409
    assert manager.get("/privacy/rules/everything").status_code == 404
    assert "kept for: 2 (before: 3)" in page(manager, "/audit")


def test_a_time_that_the_law_sets_is_not_set_here(manager: FlaskClient) -> None:
    assert "This time is not set here." in page(manager, "/privacy/rules/ledger")


def test_a_machine_and_a_person_are_held_and_let_go(manager: FlaskClient, old: OldLab) -> None:
    assert "Nothing is held" in page(manager, "/privacy/holds")
    form = {"machine": "p1", "since": "2026-08-12T08:00", "until": "2026-08-12T07:00", "reason": "accident"}
    assert "before its beginning" in manager.post("/privacy/holds/new", data=form).text
    assert manager.post("/privacy/holds/new", data=form | {"until": "2026-08-12T18:00"}).status_code == 303
    address = f"/privacy/people/{old.maker}/hold"
    assert manager.post(address, data={"reason": "accident"}).status_code == 303
    assert "already" in manager.post(address, data={"reason": "encore"}).text

    listed = page(manager, "/privacy/holds")

    assert "Imprimante P1" in listed
    assert "Perrine Lachaise" in listed
    assert "Nothing of this person is deleted" in page(manager, f"/privacy/people/{old.maker}")
    with reading() as session:
        holds = session.scalars(select(Hold.id)).all()
    for number in holds:
        ended = manager.post(f"/privacy/holds/{number}/end", data={"decision": "classé"})
        assert ended.status_code == 303
    assert page(manager, "/privacy/holds").count("is-over") == 2


def test_a_request_is_noted_answered_and_overdue_a_month_later(manager: FlaskClient, web: Flask, old: OldLab) -> None:
    form = {"kind": "access", "received": "2026-12-14", "note": "par lettre"}
    assert "Say who asks" in manager.post("/privacy/requests/new", data=form).text
    assert manager.post(f"/privacy/requests/new?holder={old.maker}", data=form).status_code == 303
    assert "14 January 2027" in page(manager, "/privacy/requests")

    clock_of(web).moment = LATER + timedelta(days=40)
    manager = in_english(signed_in(web, Role.MANAGER))
    assert "overdue" in page(manager, "/privacy/requests")
    assert manager.post("/privacy/requests/1/answer", data={"answer": "copy handed over"}).status_code == 303
    assert "overdue" not in page(manager, "/privacy/requests")
    assert manager.get("/privacy/requests/9/answer").status_code == 404


def test_erasing_says_first_what_goes_and_what_stays_and_why(manager: FlaskClient, old: OldLab) -> None:
    address = f"/privacy/people/{old.maker}/erase"

    said = page(manager, address)

    assert "Erase Perrine Lachaise?" in said
    assert "Books are kept ten years" in said
    assert "Memberships end and badges stop working at once" in said
    assert manager.post(address, data={"version": "77"}).status_code == 422
    assert "Perrine" in page(manager, address)

    assert manager.post(address, data={"version": "1"}).status_code == 303
    assert "Nothing leads to a person" in page(manager, address)
    assert "Perrine" not in page(manager, f"/people/{old.maker}")


def test_the_copy_holds_everything_and_names_nobody_else(manager: FlaskClient, web: Flask, old: OldLab) -> None:
    page(in_english(signed_in(web, Role.DESK)), f"/people/{old.maker}")

    answer = manager.get(f"/privacy/people/{old.maker}/export.zip")

    packed = zipfile.ZipFile(io.BytesIO(answer.data))
    assert sorted(packed.namelist()) == ["data.html", "data.json"]
    data = json.loads(packed.read("data.json"))
    assert data["person"]["family"] == "Lachaise"
    assert len(data["uses"]) == 4
    assert len(data["refused"]) == 4
    assert {look["by"] for look in data["looked_at"]} == {"desk", "manager"}
    html = packed.read("data.html").decode()
    assert "Lachaise" in html
    assert "Oberlin" not in html + packed.read("data.json").decode()


def test_looks_of_staff_are_told_to_the_person_by_role_and_to_the_manager_by_name(web: Flask, old: OldLab) -> None:
    desk = in_english(signed_in(web, Role.DESK))
    page(desk, f"/people/{old.maker}")
    page(desk, f"/people/{old.maker}")
    page(desk, f"/sessions/{old.october}")  # type: ignore[attr-defined]
    page(desk, "/sessions?q=oberlin")
    page(desk, "/sessions")

    with reading() as session:
        told = session.execute(select(TraceView.holder_number, TraceView.what)).all()
    assert sorted(map(tuple, told)) == sorted(
        [(old.maker, "file"), (old.maker, "session"), (old.other, "sessions")]
    )  # fmt: skip
    manager = in_english(signed_in(web, Role.MANAGER))
    assert "Perrine Lachaise" in page(manager, "/privacy/looks")
    own = in_english(signed_in(web, Role.HOLDER, holder=old.other))
    mine = page(own, "/me/looks")
    assert "<td>Desk</td>" in mine
    assert "the list of sessions" in mine
    assert mine.count("<tr>") == 2


def test_after_the_job_pages_name_nobody_in_place_of_who_it_was(manager: FlaskClient, old: OldLab) -> None:
    retention.run(LATER, place())

    assert "Person no longer known" in page(manager, f"/sessions/{old.august}")  # type: ignore[attr-defined]
    assert "Person no longer known" in page(manager, "/sessions?since=2026-08-01&until=2026-08-31")
    assert page(manager, "/months/2026-08")
    assert page(manager, "/machines/p1")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/notice", "/privacy/record", "/privacy/representatives"])
def test_the_papers_are_written_in_three_languages_from_what_is_set(
    manager: FlaskClient, path: str, language: str
) -> None:
    set_rule(Kept.MAILS, 7, "assez", actor="account:1", now=LATER)
    who = {"name": "Halle Zéro SAS", "address": "7, quai", "contact": "donnees@halle.test", "authority": "CNIL"}
    assert manager.post("/privacy/controller", data=who).status_code == 303

    said = page(manager, f"{path}?in={language}")

    assert f'<html lang="{language}"' in said
    assert "donnees@halle.test" in said
    assert {"fr": "7 mois", "de": "7 Monate", "en": "7 months"}[language] in said


def test_the_notice_is_read_without_a_login_and_says_when_nobody_answers_yet(web: Flask) -> None:
    said = text(web.test_client().get("/notice?in=en"))

    assert "is not said yet" in said
    assert "No picture, no sound" in said


def test_the_papers_say_of_roles_what_the_gate_says(web: Flask) -> None:
    from server.pages.privacy.sees import KINDS, table

    with web.test_request_context(headers={"Accept-Language": "en"}):
        rows = {str(row.role): dict(zip((str(kind) for kind, _ in KINDS), row.cells, strict=True)) for row in table()}
        where = next(str(kind) for kind, verbs in KINDS if verbs[0] is Verb.SEE_SESSIONS)
    assert [role for role, cells in rows.items() if cells[where]] == ["Manager", "Desk"]


def test_who_answers_is_changed_by_one_of_two_and_the_other_is_told(manager: FlaskClient) -> None:
    who = {"name": "Halle", "address": "7, quai", "contact": "a@b.test", "authority": "CNIL", "version": "0"}
    assert manager.post("/privacy/controller", data=who).status_code == 303
    assert manager.post("/privacy/controller", data=who | {"name": "Autre"}).status_code == 409
    assert manager.post("/privacy/controller", data=who | {"contact": ""}).status_code == 422


@pytest.mark.parametrize("role", [Role.DESK, Role.TRAINER, Role.LAB_ACCOUNTANT, Role.HOLDER])
def test_only_the_manager_comes_here(web: Flask, old: OldLab, role: Role) -> None:
    client = signed_in(web, role)

    paths = ["/privacy", "/privacy/holds", "/privacy/looks", "/privacy/record", f"/privacy/people/{old.maker}"]
    assert {client.get(path).status_code for path in paths} == {403}


def test_whoever_stood_beside_is_in_the_file_and_is_told_of_the_look(manager: FlaskClient, old: OldLab) -> None:
    beside = people.add_holder("Tom", "Essai", "fr", actor="account:1", now=LATER).number
    with writing() as session:
        session.get_one(UsageSession, old.inner).supervisor = beside  # type: ignore[attr-defined]
    hold_person(beside, "accident", actor="account:1", now=LATER)

    found = json.loads(manager.get("/privacy/holds/1/all.json").data)

    assert [(one["id"], one["holder"]) for one in found["sessions"]] == [(old.inner, old.maker)]  # type: ignore[attr-defined]
    with reading() as session:
        looks = set(session.scalars(select(TraceView.holder_number)))
    assert looks == {old.maker, beside}


def test_all_around_an_accident_is_one_file_and_taking_it_is_a_look_at_everybody_in_it(
    manager: FlaskClient, old: OldLab
) -> None:
    form = {"machine": "p1", "since": "2026-08-12T00:00", "until": "2026-08-19T23:00", "reason": "accident"}
    assert manager.post("/privacy/holds/new", data=form).status_code == 303

    found = json.loads(manager.get("/privacy/holds/1/all.json").data)

    assert {name: len(found[name]) for name in ("sessions", "refusals", "messages", "bookings")} == {
        "sessions": 4,
        "refusals": 4,
        "messages": 2,
        "bookings": 0,
    }
    with reading() as session:
        looks = session.execute(select(TraceView.holder_number, TraceView.what)).all()
    assert {tuple(look) for look in looks} == {(old.maker, "hold"), (old.other, "hold")}
    assert manager.get("/privacy/holds/9/all.json").status_code == 404
