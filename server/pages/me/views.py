"""A maker's own page, made for a phone: what may I use, until when, what is missing, what runs and what it costs."""

from typing import Any

from flask import Blueprint, Response, current_app, render_template
from flask.json import dumps
from sqlalchemy import select

from server.dashboard.board import Tile
from server.dashboard.feed import Seen
from server.db import db, reading
from server.domain.roles import Verb
from server.pages.bookings import reads as bookings
from server.pages.bookings import words as of_bookings
from server.pages.contracts.left import left_to
from server.pages.instruction.learning import learning_of
from server.pages.me import words
from server.pages.me.data import my_data
from server.pages.me.reads import my_sessions
from server.pages.people.paying import limits_for, rules_of, seen_by
from server.pages.people.reads import PersonFile, read_file
from server.pages.people.verdict import verdict
from server.pages.refusals.reads import contested_of, refused_of
from server.pages.rights_now import rights_now
from server.training.models import Skill
from server.web.here import now, settings
from server.web.needs import actor, needs

pages = Blueprint("me", __name__)
_BOOKINGS = 3  # the next ones; the others stand on their own page


@pages.get("/me")
@needs(Verb.SEE_OWN)
def page() -> str:
    number = _number()
    file = read_file(number, sees_sessions=False)
    rights = rights_now(number)
    with reading():
        skills = dict(db.session.execute(select(Skill.code, Skill.name)).all())
    groups = [group for group in verdict(file, rights, skills).groups if group.state == "later" or group.skills]
    sessions = my_sessions(number, now())
    return render_template(
        "me/page.html",
        file=file,
        against=[words.AGAINST[reason] for reason in rights.against],
        choices=words.choices(rights, _tiles()),
        later=[group for group in groups if group.state == "later"],
        missing=[group for group in groups if group.state == "lacks"],
        **_payers(number, file),
        learning=learning_of(number, now()),
        bookings=bookings.of_holder(number, now())[0][:_BOOKINGS],
        of_bookings=of_bookings,
        running=[one for one in sessions if one.end is None],
        left=left_to({*(tie.payer for tie in file.ties), *(one.payer_code for one in sessions if one.end is None)}),
        past=[one for one in sessions if one.end is not None],
    )


@pages.get("/me/data.json")
@needs(Verb.SEE_OWN)
def data() -> Response:
    """Everything the lab keeps about the one who asks, to take away."""
    answer = Response(dumps(my_data(_number()), indent=2, ensure_ascii=False), mimetype="application/json")
    answer.headers["Content-Disposition"] = "attachment; filename=prolab-data.json"
    return answer


def _payers(number: int, file: PersonFile) -> dict[str, Any]:
    """Who pays, when and for what; and what a payer has refused."""
    return {
        "ties": [tie for tie in file.ties if not tie.is_over(now())],
        "rules": rules_of(number),
        "limits": limits_for(number, now()),
        "seen_by": seen_by(number, now()),
        "refused": refused_of(number),
        "contested": contested_of(number),
        "asks_for_contacts": bool(settings().people.emergency_contacts),
        "now": now(),
    }


def _tiles() -> dict[str, Tile]:
    seen: Seen = current_app.extensions["feed"].look()
    return {tile.code: tile for room in seen.board.rooms for tile in room.tiles}


def _number() -> int:
    number = actor().holder
    assert number is not None, "the gate lets nobody in without a holder"
    return number
