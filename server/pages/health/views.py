"""For whatever watches the server from outside: 503 as soon as somebody must look, with the reasons in words."""

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from server.dashboard.board import Worry
from server.dashboard.feed import Feed, Seen
from server.domain.roles import Verb
from server.jobs import pulse
from server.web.here import now
from server.web.needs import needs

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@needs(Verb.PUBLIC)
def healthz() -> tuple[Response, HTTPStatus]:
    """503 where link or work have been silent too long, all agents have, or the database cannot be read. A single silent
    agent is only told of: its machines go on, and Today shows it."""
    feed: Feed = current_app.extensions["feed"]
    streams, told = feed.status()
    try:
        seen, grave = feed.look(), _grave(now())
    except SQLAlchemyError:
        return jsonify(ok=False, reasons=["the database cannot be read"]), HTTPStatus.SERVICE_UNAVAILABLE
    grave += _all_silent(seen)
    answer = jsonify(
        ok=not grave,
        reasons=grave or [f"agent {name} is silent" for name in seen.board.silent],
        newest_change=seen.change,
        told_change=told,
        streams=streams,
        agents=seen.board.agents,
        agents_silent=seen.board.silent,
    )
    return answer, HTTPStatus.SERVICE_UNAVAILABLE if grave else HTTPStatus.OK


def _grave(at: datetime) -> list[str]:
    return [f"prolab {part} has been silent for over {pulse.LOST_AFTER.seconds // 60} min" for part in pulse.lost(at)]


def _all_silent(seen: Seen) -> list[str]:
    """An agent that starts again is back within a minute, so a lab with one of them is not woken for that."""
    board = seen.board
    lost = [trouble.since for trouble in board.troubles if trouble.worry in {Worry.SILENT, Worry.CUT_OFF}]
    heard = max((since for since in lost if since), default=None)
    every_one = 0 < board.agents == len(board.silent) and (heard is None or seen.now - heard > pulse.LOST_AFTER)
    return ["no agent is heard: check the broker and the network"] if every_one else []
