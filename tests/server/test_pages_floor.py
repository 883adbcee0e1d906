"""The editor of the plan: rooms and machines put into place, in numbers as a browser without scripts sends them."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.db import reading
from server.domain.roles import Role
from server.machines import drawing
from server.machines.models import Room
from tests import floor
from tests.server.signed_in import page, signed_in, web_app
from tests.server.test_pages_machines import NOW

HALL = {"room-1": "0 0 60 50", "room-2": "60 0 60 50"}
NOT_DRAWN = drawing.Drawing(dict.fromkeys(range(1, 5), (0, 0, 0, 0)), {})


@pytest.fixture
def app(sqlite_url: str) -> Flask:
    """24 machines in four rooms, as nobody has drawn them yet."""
    web = web_app(sqlite_url, NOW)
    with web.app_context():
        floor.furnish(NOW)
    return web


@pytest.fixture
def manager(app: Flask) -> FlaskClient:
    return signed_in(app, Role.MANAGER)


def fields(html: str) -> dict[str, str]:
    """What a browser without scripts sends back: every field as it stands in the page."""
    return dict(re.findall(r'<input (?:type="hidden" )?name="((?:room|machine|seen)[^"]*)" value="([^"]*)"', html))


def save(client: FlaskClient, sent: dict[str, str], **changed: str) -> TestResponse:
    return client.post("/map/edit", data={**sent, **{name.replace("_", "-"): text for name, text in changed.items()}})


def drawn(app: Flask) -> drawing.Drawing:
    with app.app_context():
        return drawing.present()[0]


def rooms(app: Flask) -> dict[str, int]:
    with app.app_context(), reading() as session:
        return {room.name: room.id for room in session.query(Room)}


def test_what_is_typed_in_the_fields_is_drawn_on_the_plan(app: Flask, manager: FlaskClient) -> None:
    sent = fields(page(manager, "/map/edit"))
    below = {name: text for name, text in sent.items() if not name.startswith("machine-")}

    answer = save(manager, {**dict.fromkeys(sent, ""), **below}, machine_m1="3 40", room_4="0 200 40 30")

    assert len(sent) == 1 + 4 + 24
    assert answer.status_code == 303
    assert drawn(app).machines == {"m1": (3, 40)}  # of an empty field the plan finds the place
    assert drawn(app).rooms[4] == (0, 200, 40, 30)
    plan = page(manager, "/map")
    assert '<rect class="wall" x="0" y="1600" width="320" height="240"' in plan
    assert "Plan enregistré" in plan


def test_a_page_that_is_saved_as_it_came_is_never_refused(app: Flask, manager: FlaskClient) -> None:
    """What the plan has arranged by itself is a drawing without a flaw."""
    for name in ("Galerie", "Cave"):
        manager.post("/map/rooms", data={"name": name})
    first = fields(page(manager, "/map/edit"))

    assert save(manager, first).status_code == 303
    second = fields(page(manager, "/map/edit"))
    assert {**first, "seen": ""} == {**second, "seen": ""}


def test_what_cannot_be_drawn_is_said_and_what_was_typed_stays(app: Flask, manager: FlaskClient) -> None:
    sent = {**fields(page(manager, "/map/edit")), **HALL, "room-3": "", "room-4": ""}
    for changed, said in (
        ({"room_1": "0 0 60"}, "Impression 3D : tapez quatre nombres entiers de 0 à 400"),
        ({"room_1": "0 0 -5 20"}, "tapez quatre nombres entiers"),
        ({"room_1": "0 0 9 20"}, "Impression 3D est trop petite"),
        ({"room_1": "390 0 60 50"}, "Impression 3D dépasse du papier"),
        ({"machine_m1": "390 0"}, "FDM 1 dépasse du papier"),
        ({"machine_m1": "9" * 5000 + " 0"}, "FDM 1 : tapez deux nombres entiers"),
        ({"machine_m1": "left 0"}, "FDM 1 : tapez deux nombres entiers"),
        ({"room_2": "10 10 60 50"}, "Impression 3D et Halle d’usinage se recouvrent"),
        ({"machine_m1": "100 100", "machine_m2": "110 105"}, "FDM 1 et FDM 2 se recouvrent"),
    ):
        answer = save(manager, sent, **changed)
        assert answer.status_code == 422, changed
        assert said in answer.text.replace("\u00a0", " ")
        assert {name.replace("_", "-"): text for name, text in changed.items()}.items() <= fields(answer.text).items()

    assert drawn(app) == NOT_DRAWN


def test_the_second_of_two_who_draw_is_told_and_may_still_save(app: Flask, manager: FlaskClient) -> None:
    sent = fields(page(manager, "/map/edit"))
    save(manager, sent, machine_m1="200 0")
    twice = save(manager, sent, machine_m1="200 0")  # an impatient finger

    told = save(manager, sent, machine_m1="300 0")

    assert (twice.status_code, told.status_code) == (303, 409)
    assert "Quelqu’un d’autre" in told.text
    assert drawn(app).machines["m1"] == (200, 0)
    again = fields(told.text)
    assert again["machine-m1"] == "300 0"
    assert save(manager, again).status_code == 303
    assert drawn(app).machines["m1"] == (300, 0)


def test_to_let_the_plan_arrange_itself_can_be_taken_back_until_somebody_draws(
    app: Flask, manager: FlaskClient
) -> None:
    save(manager, fields(page(manager, "/map/edit")), machine_m1="200 0")
    save(manager, fields(page(manager, "/map/edit")), arrange="yes")
    undo = re.findall(r'action="(/map/edit/back[^"]*)"', page(manager, "/map/edit"))[0]
    arranged = drawn(app).machines

    manager.post(undo)
    back = drawn(app).machines
    manager.post(undo)  # of a plan that is not there any more

    assert arranged == {}
    assert back["m1"] == (200, 0)
    assert drawn(app).machines == back
    assert "reste comme il est" in page(manager, "/map/edit")


def test_a_room_is_added_and_an_empty_one_removed_beside_the_plan(app: Flask, manager: FlaskClient) -> None:
    manager.post("/map/rooms", data={"name": " Galerie "})
    html = page(manager, "/map/edit")
    refused = [manager.post("/map/rooms", data={"name": name}) for name in ("Galerie", "a/b", "", "x" * 61)]
    manager.post("/map/rooms/Laser/remove")
    kept = page(manager, "/map/edit")
    manager.post("/map/rooms/Galerie/remove")

    assert "/map/rooms/Galerie/remove" in html
    assert "/map/rooms/Laser/remove" not in html
    assert [answer.status_code for answer in refused] == [422] * 4
    assert all('role="alert"' in answer.text for answer in refused)
    assert "encore des machines dans Laser (3)" in kept
    assert list(rooms(app)) == list(floor.NAMES)


def test_only_who_sets_up_machines_draws(app: Flask) -> None:
    desk = signed_in(app, Role.DESK)

    assert {desk.get("/map/edit").status_code, desk.post("/map/edit", data={"arrange": "yes"}).status_code} == {403}
    assert "/map/edit" not in page(desk, "/map")
