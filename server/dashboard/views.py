"""The live floor: the plan and the list for who is logged in, the wall for everybody, and their streams. No names."""

from http import HTTPStatus

from flask import Blueprint, Response, abort, current_app, render_template, request

from server.dashboard.connection import Connection
from server.dashboard.faces import Face
from server.dashboard.feed import Feed
from server.dashboard.words import language
from server.domain.roles import Verb
from server.web.needs import needs

pages = Blueprint("dashboard", __name__)
_TEMPLATE = "dashboard/map.html"


def _feed() -> Feed:
    feed: Feed = current_app.extensions["feed"]
    return feed


@pages.get("/map")
@needs(Verb.SEE_FLOOR)
def floor() -> str:
    face = Face.LIST if request.args.get("view") == Face.LIST else Face.PLAN
    seen = _feed().look()
    return render_template(_TEMPLATE, board=seen.board, now=seen.now, face=face)


@pages.get("/map/events")
@needs(Verb.SEE_FLOOR)
def floor_events() -> Response:
    """The stream of one open plan or list (server-sent events)."""
    return _stream(Face.LIST if request.args.get("face") == Face.LIST else Face.PLAN)


@pages.get("/wall")
@needs(Verb.PUBLIC)
def wall() -> str:
    """For a screen in the lab: nobody logs in there, and it says of nobody that he is there."""
    seen = _feed().look()
    return render_template("dashboard/wall.html", board=seen.board, now=seen.now, face=Face.WALL)


@pages.get("/wall/events")
@needs(Verb.PUBLIC)
def wall_events() -> Response:
    return _stream(Face.WALL)


def _stream(face: Face) -> Response:
    stream = _feed().join(face, language(), Connection(request.environ))
    if stream is None:
        abort(HTTPStatus.SERVICE_UNAVAILABLE)
    response = Response(stream.messages(), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"  # a proxy in front must not collect it
    response.call_on_close(stream.leave)
    return response
