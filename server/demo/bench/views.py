"""The demo's bench: hold a badge to a simulated machine, pull its cable, kill its agent, break its relay, and watch.

It exists only where ``bench`` is set, which needs ``demo = true``. What it does reaches the machines as it would in a
lab: a card before a reader, a cable, a process. Nothing here speaks MQTT, and nothing here closes a permit.
"""

from pathlib import Path
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_from_directory, url_for
from werkzeug.wrappers import Response

from server.demo.bench import reads, words
from server.demo.control import ask
from server.demo.evidence import BOARD
from server.domain.roles import Verb
from server.web.here import settings
from server.web.needs import needs

pages = Blueprint("bench", __name__)


@pages.get("/bench")
@needs(Verb.PLAY)
def bench() -> str:
    chosen = request.args.get("card", "")
    return render_template(
        "bench/page.html", badges=reads.badges(_board(), settings().badge_key), chosen=chosen, **_stands()
    )


@pages.get("/bench/machines")
@needs(Verb.PLAY)
def machines() -> str:
    """The part of the page that changes by itself."""
    return render_template("bench/machines.html", chosen=request.args.get("card", ""), **_stands())


@pages.get("/bench/panels/<machine>.png")
@needs(Verb.PLAY)
def panel(machine: str) -> Response:
    """The picture on a box's display. Its address changes with every picture, so that it may be kept."""
    return send_from_directory(reads.panels(_board()), f"{machine}.png", max_age=3600)


@pages.post("/bench/do")
@needs(Verb.PLAY)
def do() -> Response:
    """One act. What the demo cannot do is said on the page."""
    try:
        ask(_folder(), _asked())
    except (OSError, ValueError) as error:
        flash(str(error), "error")
    return redirect(url_for("bench.bench", card=request.form.get("card", ""), _anchor=request.form.get("machine")), 303)


def _asked() -> dict[str, Any]:
    form = request.form
    on = form.get("on") == "yes"
    match form.get("do"):
        case "tap":
            return {"do": "tap", "machine": form.get("machine"), "card": form.get("card") or reads.STRANGER}
        case "press":
            return {"do": "press", "machine": form.get("machine"), "button": form.get("button")}
        case "plug" | "run" as act:
            return {"do": act, "agent": form.get("agent"), "on": on}
        case "rest":
            return {"do": "rest", "on": on}
        case act:
            return {"do": act, "machine": form.get("machine"), "on": on}


def _stands() -> dict[str, Any]:
    """The machines, or why they cannot be seen: the demo that carries them may have gone."""
    try:
        state = ask(_folder(), {"do": "state"})
    except (OSError, ValueError):
        return {"stands": [], "resting": False, "gone": True, "stranger": reads.STRANGER}
    found = reads.stands(_board(), state)
    return {
        "stands": found,
        "resting": state["resting"],
        "gone": False,
        "stranger": reads.STRANGER,
        "lamp": words.lamp,
    }


def _folder() -> Path:
    folder = settings().bench
    assert folder is not None, "the bench is not registered without its folder"
    return folder


def _board() -> Path:
    return _folder() / BOARD
