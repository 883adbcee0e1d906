"""The editor of the plan: rooms as rectangles, machines dropped into them. By dragging, or in numbers without a script."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, flash, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.dashboard.board import Board
from server.dashboard.plan import Rect
from server.db import Stale, db, reading
from server.domain.roles import Verb
from server.machines import drawing, rooms
from server.machines.drawing import Drawing
from server.machines.models import Room
from server.machines.service import MachineError
from server.web.answers import done, see_other
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("floor", __name__)


@pages.get("/map/edit")
@needs(Verb.EDIT_MACHINES)
def edit() -> str:
    board: Board = current_app.extensions["feed"].look().board
    with reading():
        ids = {name: number for name, number in db.session.execute(select(Room.name, Room.id))}  # noqa: C416
    places = {name: board.plan.rooms.get(name, Rect(0, board.plan.outline.bottom, 32, 18)) for name in ids}
    return render_template("floor/edit.html", board=board, ids=ids, places=places, seen=drawing.present()[1])


@pages.post("/map/edit")
@needs(Verb.EDIT_MACHINES)
def draw() -> Response:
    try:
        wanted = Drawing({}, {}) if "arrange" in request.form else _drawn(request.form)
        drawing.draw(wanted, request.form.get("seen", ""), actor=actor().label, now=now())
    except Stale:
        text = gettext("Somebody else has changed the plan meanwhile. Look at it and change it again.")
        flash(text, "error")
    except (MachineError, ValueError) as error:
        flash(str(error), "error")
    else:
        done(gettext("Plan saved."))
    return see_other(url_for("floor.edit"))


@pages.post("/map/rooms")
@needs(Verb.EDIT_MACHINES)
def add_room() -> Response:
    name = request.form.get("name", "").strip()[:60]
    try:
        if name:
            drawing.add_room(name, actor=actor().label, now=now())
    except MachineError as error:
        flash(str(error), "error")
    return see_other(url_for("floor.edit"))


@pages.post("/map/rooms/<name>/remove")
@needs(Verb.EDIT_MACHINES)
def remove_room(name: str) -> Response:
    try:
        rooms.remove_room(name, actor=actor().label, now=now())
    except MachineError as error:
        flash(str(error), "error")
    return see_other(url_for("floor.edit"))


def _drawn(form: Mapping[str, Any]) -> Drawing:
    """Fields are named ``room-3`` and ``machine-p1``, each "x y width height" or "x y". Raises ValueError in words."""
    rooms_there, machines_there = {}, {}
    for field, value in form.items():
        kind, _, name = field.partition("-")
        if kind == "room":
            rooms_there[int(name)] = _numbers(value, 4, field)
        elif kind == "machine":
            machines_there[name] = _numbers(value, 2, field)
    return Drawing(rooms_there, machines_there)  # type: ignore[arg-type]  # as long as _numbers was told


def _numbers(text: str, count: int, what: str) -> tuple[int, ...]:
    words = text.split()
    if len(words) != count or not all(word.isdecimal() and int(word) <= drawing.FURTHEST for word in words):
        raise ValueError(gettext("%(what)s: type whole numbers from 0 to 400.", what=what))
    return tuple(map(int, words))
