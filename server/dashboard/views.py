"""The one page without a login: the live board, its stream, and the health of this process."""

from http import HTTPStatus

from flask import Blueprint, Response, abort, current_app, jsonify, render_template, request
from sqlalchemy.exc import SQLAlchemyError

from server.dashboard.connection import Connection
from server.dashboard.feed import Feed
from server.dashboard.words import language

pages = Blueprint("dashboard", __name__)


def _feed() -> Feed:
    feed: Feed = current_app.extensions["feed"]
    return feed


@pages.get("/")
def board() -> str:
    seen = _feed().look()
    return render_template("dashboard/page.html", board=seen.board, now=seen.now)


@pages.get("/events")
def events() -> Response:
    """The stream of one open board (server-sent events)."""
    stream = _feed().join(language(), Connection(request.environ))
    if stream is None:
        abort(HTTPStatus.SERVICE_UNAVAILABLE)
    response = Response(stream.messages(), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"  # a proxy in front must not collect it
    response.call_on_close(stream.leave)
    return response


@pages.get("/healthz")
def healthz() -> tuple[Response, HTTPStatus]:
    """For whatever watches the server. 503 only where this process cannot do its work; a silent agent is only told."""
    streams, told = _feed().status()
    try:
        seen = _feed().look()
    except SQLAlchemyError:
        return jsonify(ok=False, reasons=["the database cannot be read"]), HTTPStatus.SERVICE_UNAVAILABLE
    reasons = [f"agent {name} is silent" for name in seen.board.silent]
    answer = jsonify(
        ok=not reasons,
        reasons=reasons,
        newest_change=seen.change,
        told_change=told,
        streams=streams,
        agents=seen.board.agents,
        agents_silent=seen.board.silent,
    )
    return answer, HTTPStatus.OK
