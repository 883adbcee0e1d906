"""The pages where machines are set up: the list, the rules of one, its end, and the hours of a category."""

import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.db import reading
from server.domain.roles import Role
from server.machines.models import Machine, MachineSkill, OpeningHours
from server.machines.service import END_OF_DAY, policy_of
from server.training import service as training
from server.usage.models import UsageSession
from tests.server import billing_lab
from tests.server.billing_lab import use
from tests.server.signed_in import page, signed_in, web_app
from wire.messages import Policy

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
RULES = {
    "name": "Imprimante P1",
    "category": "printer",
    "room": "",
    "agent": "agent-1",
    "risk": "low",
    "confirm_s": "5",
    "longest": "",
    "on_max": "warn",
    "list_valid_h": "",
    "skills": ["printing"],
}


@pytest.fixture
def app(sqlite_url: str) -> Flask:
    """The web application on a lab with prices; what the services write is tested on both databases elsewhere."""
    web = web_app(sqlite_url, NOW)
    with web.app_context():
        billing_lab.furnish()
        training.add_skill("printing", "Impression 3D", actor="test", now=NOW)
        training.require_skills("p1", ["printing"], actor="test", now=NOW)
    return web


@pytest.fixture
def manager(app: Flask) -> FlaskClient:
    return signed_in(app, Role.MANAGER)


def machine(app: Flask, code: str = "p1") -> Machine:
    with app.app_context(), reading() as session:
        found: Machine = session.scalars(select(Machine).where(Machine.code == code)).one()
        return found


def skills(app: Flask) -> int:
    with app.app_context(), reading() as session:
        return len(session.scalars(select(MachineSkill)).all())


def version(html: str) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', html)
    assert found
    return found[1]


def row(html: str, name: str) -> str:
    return str(next(one for one in re.findall(r"<tr.*?</tr>", html, re.DOTALL) if name in one))


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_says_state_risk_skills_service_agent_and_price(manager: FlaskClient) -> None:
    told = row(page(manager, "/machines"), "Imprimante P1")

    for word in ("p1", "printer", "Faible", "Impression 3D", "En service", "agent-1", "24,00 €"):
        assert word in told
    assert "aucune : personne ne peut la démarrer" in row(page(manager, "/machines"), "Fraiseuse C1")


def test_the_list_is_searched_and_narrowed(manager: FlaskClient) -> None:
    for query, there, gone in (
        ("q=fraiseuse", "Fraiseuse C1", "Imprimante P1"),
        ("category=printer", "Imprimante P1", "Fraiseuse C1"),
        ("show=without_skill", "Fraiseuse C1", "Imprimante P1"),
    ):
        html = page(manager, f"/machines?{query}")
        assert there in html
        assert gone not in html
    assert "Aucune machine ne correspond" in page(manager, "/machines?q=zzz")


def test_somebody_from_the_floor_sees_machines_without_prices_and_agents(app: Flask) -> None:
    html = page(signed_in(app, Role.HOLDER, holder=101), "/machines")

    assert "Imprimante P1" in html
    assert "24,00" not in html
    assert "agent-1" not in html
    assert "/machines/new" not in html


# --- the rules of one -------------------------------------------------------------------------------------------------


def test_a_machine_is_added_with_its_skills_in_a_room_that_is_new(app: Flask, manager: FlaskClient) -> None:
    wanted = {**RULES, "code": "p2", "name": "Imprimante P2", "room": "+", "new_room": "Galerie", "longest": "1:30"}

    answer = manager.post("/machines/new", data=wanted)

    assert answer.status_code == 303
    made = machine(app, "p2")
    assert (made.room, made.max_s, made.risk) == ("Galerie", 5400, "low")
    assert skills(app) == 2
    assert "Galerie" in page(manager, "/machines")


def test_what_cannot_be_is_said_beside_the_form(manager: FlaskClient) -> None:
    for changed, said in (
        ({"code": "p1"}, "Il y a déjà une machine p1"),
        ({"code": "P 2"}, "Minuscules a–z"),
        ({"code": "new"}, "Ce mot sert à une page"),
        ({"category": "+"}, "Tapez le nom de la nouvelle catégorie"),
        ({"room": "+", "new_room": "a/b"}, "sans barre oblique"),
        ({"name": ""}, "Nom"),
        ({"longest": "soon"}, "Tapez une durée"),
    ):
        answer = manager.post("/machines/new", data={**RULES, "code": "p2", **changed})
        assert answer.status_code == 422, changed
        assert said in answer.text


def test_the_rules_of_a_machine_change_and_the_trail_tells_who(app: Flask, manager: FlaskClient) -> None:
    html = page(manager, "/machines/p1/edit")

    answer = manager.post(
        "/machines/p1/edit", data={**RULES, "name": "FDM 1", "skills": [], "version": version(html), "confirmed": "1"}
    )

    assert answer.status_code == 303
    assert (machine(app).name, skills(app)) == ("FDM 1", 0)
    trail = page(manager, "/machines/p1/edit")
    assert "Manager" in trail
    assert "FDM 1" in trail


def test_the_rules_are_set_in_the_units_people_think_in_and_come_back_so(app: Flask, manager: FlaskClient) -> None:
    typed = {
        "press_s": "30", "payer": "3", "longest": "4:00", "extend": "30", "extend_times": "2",
        "idle_warn": "30", "idle_end": "1:00", "cooldown": "2", "continuing": "1:30",
    }  # fmt: skip

    seen = version(page(manager, "/machines/p1/edit"))
    answer = manager.post("/machines/p1/edit", data={**RULES, **typed, "version": seen})

    assert answer.status_code == 303
    assert policy_of(machine(app)) == Policy(
        press_s=30, payer_s=180, max_s=14_400, extend_s=1800, extend_times=2,
        idle_warn_s=1800, idle_end_s=3600, cooldown_s=120, continue_s=5400,
    )  # fmt: skip
    shown = page(manager, "/machines/p1/edit")
    for name, value in {**typed, "takeover": ""}.items():
        assert re.search(rf'name="{name}"[^>]*value="{value}"', shown), name


def test_rules_that_contradict_each_other_are_refused_at_the_field_that_should_give_way(
    app: Flask, manager: FlaskClient
) -> None:
    clash = {"idle_warn": "30", "idle_end": "10", "version": version(page(manager, "/machines/p1/edit"))}
    answer = manager.post("/machines/p1/edit", data={**RULES, **clash})

    assert answer.status_code == 422
    assert re.search(r'id="idle_end-error">.*?se terminerait avant', answer.text, re.DOTALL)
    assert policy_of(machine(app)) == Policy()


def test_the_second_of_two_editors_sees_both_values_and_chooses(app: Flask, manager: FlaskClient) -> None:
    seen = version(page(manager, "/machines/p1/edit"))
    manager.post("/machines/p1/edit", data={**RULES, "name": "FDM 1", "version": seen})

    told = manager.post("/machines/p1/edit", data={**RULES, "name": "P1 bis", "risk": "high", "version": seen})

    assert told.status_code == 409
    assert "FDM 1" in told.text
    assert "P1 bis" in told.text
    kept = {
        "keep-name": "theirs",
        "theirs-name": "FDM 1",
        "mine-name": "P1 bis",
        "keep-risk": "mine",
        "mine-risk": "high",
    }
    same = {name: value for name, value in RULES.items() if name not in {"name", "risk"}}
    manager.post("/machines/p1/edit", data={**same, **kept, "theirs-risk": "low", "version": version(told.text)})
    assert (machine(app).name, machine(app).risk) == ("FDM 1", "high")


def test_skills_that_changed_meanwhile_are_a_conflict_too(app: Flask, manager: FlaskClient) -> None:
    seen = version(page(manager, "/machines/p1/edit"))
    manager.post("/machines/p1/edit", data={**RULES, "skills": [], "version": seen, "confirmed": "1"})

    assert manager.post("/machines/p1/edit", data={**RULES, "name": "P1 bis", "version": seen}).status_code == 409
    assert skills(app) == 0


# --- the end ----------------------------------------------------------------------------------------------------------


def test_the_end_names_what_it_touches_and_asks_why(app: Flask, manager: FlaskClient) -> None:
    html = page(manager, "/machines/c1/end")

    assert "La dernière machine de sa catégorie" in html
    assert manager.post("/machines/c1/end", data={"reason": ""}).status_code == 422
    assert machine(app, "c1").ended_at is None

    assert manager.post("/machines/c1/end", data={"reason": "vendue", "version": version(html)}).status_code == 303
    assert machine(app, "c1").ended_at == NOW
    assert "Fraiseuse C1" not in page(manager, "/machines").replace("Fraiseuse C1 a quitté", "")
    assert "Fraiseuse C1" in page(manager, "/machines?show=ended")
    assert manager.get("/machines/c1/end").status_code == 404


def test_a_machine_with_an_open_session_stays(app: Flask, manager: FlaskClient) -> None:
    with app.app_context():
        use(state="open", ended_at=None)
    html = page(manager, "/machines/p1/end")

    answer = manager.post("/machines/p1/end", data={"reason": "vendue", "version": version(html)})

    assert "en cours depuis" in html
    assert answer.status_code == 422
    assert "Attendez la fin de la session" in answer.text
    assert machine(app).ended_at is None
    with app.app_context(), reading() as session:
        assert session.scalars(select(UsageSession.state)).one() == "open"


# --- opening hours ----------------------------------------------------------------------------------------------------


def week(**days: list[str]) -> dict[str, list[str]]:
    return {f"day{number}": days.get(f"day{number}", []) for number in range(7)}


def hours(app: Flask) -> list[tuple[int, str, str]]:
    with app.app_context(), reading() as session:
        rows = session.scalars(select(OpeningHours).order_by(OpeningHours.weekday, OpeningHours.opens)).all()
        return [
            (one.weekday, f"{one.opens:%H:%M}", "24:00" if one.closes == END_OF_DAY else f"{one.closes:%H:%M}")
            for one in rows
        ]


def test_a_week_takes_any_number_of_openings_a_day(app: Flask, manager: FlaskClient) -> None:
    typed = week(day0=["8", "12:00", "13h30", "20.00"], day5=["0900", "24:00"], day6=["", ""])

    assert manager.post("/categories/cnc/hours", data=typed).status_code == 303

    assert hours(app) == [(0, "08:00", "12:00"), (0, "13:30", "20:00"), (5, "09:00", "24:00")]
    html = page(manager, "/categories")
    assert "lun. 08:00–12:00 13:30–20:00, sam. 09:00–24:00" in html
    assert "toujours ouvert" in html  # printers


def test_a_day_is_copied_to_the_working_days_without_storing(app: Flask, manager: FlaskClient) -> None:
    answer = manager.post("/categories/cnc/hours", data={**week(day2=["08:00", "18:00"]), "copy": "2"})

    assert answer.text.count('value="18:00"') == 5
    assert hours(app) == []
    more = manager.post("/categories/cnc/hours", data={**week(day2=["08:00", "18:00"]), "more": "2"})
    assert more.text.count('name="day2"') == 4


def test_hours_that_cannot_be_are_said_at_their_day(app: Flask, manager: FlaskClient) -> None:
    for typed, said in (
        (["20:00", "08:00"], "La fermeture vient après"),
        (["8", ""], "Tapez de quand à quand"),
        (["08:00", "12:00", "11:00", "14:00"], "se chevauchent"),
    ):
        answer = manager.post("/categories/cnc/hours", data=week(day1=typed))
        assert answer.status_code == 422, typed
        assert said in answer.text

    assert hours(app) == []


def test_two_who_decide_the_hours_at_once_are_told(app: Flask, manager: FlaskClient) -> None:
    seen = version(page(manager, "/categories/cnc/hours"))
    manager.post("/categories/cnc/hours", data={**week(day0=["08:00", "18:00"]), "version": seen})

    told = manager.post("/categories/cnc/hours", data={**week(day0=["09:00", "19:00"]), "version": seen})

    assert told.status_code == 409
    assert "08:00–18:00" in told.text
    chosen = {**week(), "keep-day0": "mine", "mine-day0": "09:00–19:00", "version": version(told.text)}
    manager.post("/categories/cnc/hours", data=chosen)
    assert hours(app) == [(0, "09:00", "19:00")]


# --- rooms ------------------------------------------------------------------------------------------------------------


def test_a_room_is_added_renamed_and_removed_unless_machines_stand_in_it(app: Flask, manager: FlaskClient) -> None:
    for name in ("Galerie", "Halle sud"):
        manager.post("/rooms/new", data={"name": name})
    manager.post("/machines/p1/edit", data={**RULES, "room": "Galerie"})

    renamed = manager.post("/rooms/1/edit", data={"name": "Galerie haute", "version": "1"})
    manager.post("/rooms/1/remove")
    manager.post("/rooms/2/remove")

    assert renamed.status_code == 303
    assert machine(app).room == "Galerie haute"
    html = page(manager, "/rooms")
    assert "encore des machines dans Galerie haute (1)" in html
    assert row(html, "Galerie haute")
    assert "/machines?room=Halle" not in html
    assert manager.post("/rooms/1/edit", data={"name": "a/b"}).status_code == 422
    assert manager.post("/rooms/1/edit", data={"name": "Autre", "version": "1"}).status_code == 409


def test_what_is_not_there_is_not_found(manager: FlaskClient) -> None:
    for path in ("/machines/zz/edit", "/machines/zz/end", "/categories/zz/hours", "/rooms/9/edit"):
        assert manager.get(path).status_code == 404
