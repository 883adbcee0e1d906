"""The rooms of the lab as a list: added, renamed, removed. Where they lie is drawn in the editor of the plan."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import func, select
from werkzeug.wrappers import Response
from wtforms import StringField, ValidationError
from wtforms.validators import InputRequired, Length

from server.db import Stale, reading
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.machines import rooms
from server.machines.models import Machine, Room
from server.pages.people.names import folded
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import Form
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("rooms", __name__)


class RoomForm(Form):
    name = StringField(lazy_gettext("Name"), [InputRequired(), Length(max=60)])

    def validate_name(self, field: StringField) -> None:
        if "/" in (field.data or ""):
            raise ValidationError(gettext("Type it without a slash: the name stands in addresses."))


@dataclass(frozen=True, slots=True)
class RoomRow:
    id: int
    name: str
    version: int
    machines: int
    is_drawn: bool


@pages.get("/rooms")
@needs(Verb.SEE_FLOOR)
def listed() -> str:
    return render_template("machines/rooms.html", rooms=_rooms())


@pages.route("/rooms/new", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def new() -> Response | tuple[str, int]:
    form = RoomForm()
    if form.validate_on_submit():
        try:
            rooms.add_room(form.name.data or "", **_by())
        except Refusal as refusal:
            form.refuse("name", said(refusal))
        else:
            done(gettext("The room %(room)s is there. The plan has found a place for it.", room=form.name.data))
            return see_other(url_for("rooms.listed"))
    return form_page("machines/room.html", form, room=None)


@pages.route("/rooms/<int:number>/edit", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def edit(number: int) -> Response | tuple[str, int]:
    room = _room(number)
    form = RoomForm(data={"name": room.name, "version": room.version})
    if form.validate_on_submit():
        try:
            rooms.rename_room(room.name, form.name.data or "", form.version.data, **_by())
        except Stale:
            return conflict_page(form, {"name": _room(number).name}, _room(number).version)
        except Refusal as refusal:
            form.refuse("name", said(refusal))
        else:
            done(gettext("The room is called %(room)s now, for its machines and roles, too.", room=form.name.data))
            return see_other(url_for("rooms.listed"))
    return form_page("machines/room.html", form, room=room)


@pages.post("/rooms/<int:number>/remove")
@needs(Verb.EDIT_MACHINES)
def remove(number: int) -> Response:
    room = _room(number)
    try:
        rooms.remove_room(room.name, **_by())
    except Refusal as refusal:
        done(said(refusal))
    else:
        done(gettext("The room %(room)s is removed.", room=room.name))
    return see_other(url_for("rooms.listed"))


def _room(number: int) -> RoomRow:
    return next((one for one in _rooms() if one.id == number), None) or abort(404)


def _rooms() -> list[RoomRow]:
    machines = func.count(Machine.id).filter(Machine.ended_at.is_(None))
    wanted = select(Room, machines).outerjoin(Machine, Machine.room == Room.name).group_by(Room.id)
    with reading() as session:
        rows = [
            RoomRow(room.id, room.name, room.version, count, room.width > 0) for room, count in session.execute(wanted)
        ]
    return sorted(rows, key=lambda row: folded(row.name))


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
