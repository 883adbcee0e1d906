"""The editor of the plan: rooms as rectangles, machines dropped into them. By dragging, or in numbers without a script."""

from flask import Blueprint, current_app, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.dashboard.board import Board
from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.machines import drawing, rooms
from server.machines.drawing import Drawing
from server.pages.floor.drawn import Pieces, drawing_of, pieces_of, wrong
from server.pages.machines.rooms import RoomForm
from server.pages.refused import said
from server.web.answers import done, see_other
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("floor", __name__)
Answer = Response | tuple[str, int]


@pages.get("/map/edit")
@needs(Verb.EDIT_MACHINES)
def edit() -> Answer:
    return _editor(pieces_of(_board(), {}))


@pages.post("/map/edit")
@needs(Verb.EDIT_MACHINES)
def draw() -> Answer:
    """What is wrong, or was changed by somebody else meanwhile, is said above the drawing as it was sent."""
    pieces = pieces_of(_board(), request.form)
    arranges_itself = "arrange" in request.form
    if not arranges_itself and (sentence := wrong(pieces)):
        return _editor(pieces, 422, sentence)
    wanted = Drawing({}, {}) if arranges_itself else drawing_of(pieces)
    try:
        is_new = drawing.draw(wanted, request.form.get("seen", ""), actor=actor().label, now=now())
    except Stale:
        return _editor(pieces, 409)
    done(gettext("Plan saved."), url_for("floor.take_back", seen=drawing.present()[1]) if is_new else None)
    return see_other(url_for("floor.edit"))


@pages.post("/map/edit/back")
@needs(Verb.EDIT_MACHINES)
def take_back() -> Response:
    """The drawing before the last one again."""
    try:
        drawing.take_back(request.args.get("seen", ""), actor=actor().label, now=now())
    except Stale:
        done(gettext("Somebody else has changed the plan meanwhile, so it stays as it is now."))
    except Refusal as refusal:
        done(said(refusal))
    else:
        done(gettext("The plan is as it was before."))
    return see_other(url_for("floor.edit"))


@pages.post("/map/rooms")
@needs(Verb.EDIT_MACHINES)
def add_room() -> Answer:
    form = RoomForm()
    if not form.validate_on_submit():
        return _editor(pieces_of(_board(), {}), 422, str(form.name.errors[0]) if form.name.errors else "")
    try:
        rooms.add_room(form.name.data or "", actor=actor().label, now=now())
    except Refusal as refusal:
        return _editor(pieces_of(_board(), {}), 422, said(refusal))
    done(gettext("The room %(room)s is there. The plan has found a place for it.", room=form.name.data))
    return see_other(url_for("floor.edit"))


@pages.post("/map/rooms/<name>/remove")
@needs(Verb.EDIT_MACHINES)
def remove_room(name: str) -> Response:
    try:
        rooms.remove_room(name, actor=actor().label, now=now())
    except Refusal as refusal:
        done(said(refusal))
    else:
        done(gettext("The room %(room)s is removed.", room=name))
    return see_other(url_for("floor.edit"))


def _board() -> Board:
    board: Board = current_app.extensions["feed"].look().board
    return board


def _editor(pieces: Pieces, status: int = 200, sentence: str = "") -> tuple[str, int]:
    """The page, with what is wrong above the drawing. It is always drawn upon the plan as it is stored now."""
    seen = drawing.present()[1]
    html = render_template("floor/edit.html", pieces=pieces, seen=seen, sentence=sentence, is_late=status == 409)
    return html, status
