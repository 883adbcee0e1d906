"""Reminders that are due: a list with ticks, sent only when somebody confirms; and those that were sent."""

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from server.collecting import reminders
from server.domain.roles import Verb
from server.pages.collecting import words
from server.web.answers import done, see_other
from server.web.here import now, settings, today
from server.web.needs import actor, needs

pages = Blueprint("reminders", __name__)


@pages.get("/collecting/reminders")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    return render_template(
        "collecting/reminders.html",
        due=reminders.proposals(settings(), today(), now()),
        sent=reminders.recent(settings().demo),
        days=settings().collecting.reminder_days,
        has_server=settings().smtp is not None,
        say=words,
    )


@pages.post("/collecting/reminders")
@needs(Verb.COLLECT)
def send() -> Response:
    chosen = {pair for pair in map(_pair, request.form.getlist("chosen")) if pair is not None}
    sent = reminders.send(chosen, settings(), today(), actor=actor().label, now=now())
    if sent:
        done(ngettext("%(num)d reminder is on its way.", "%(num)d reminders are on their way.", len(sent)))
    else:
        done(gettext("Nothing was ticked that is still due."))
    return see_other(url_for("reminders.listed"))


def _pair(text: str) -> tuple[int, int] | None:
    """``12:2`` is the second reminder of document 12."""
    document, _, step = text.partition(":")
    return (int(document), int(step)) if document.isdigit() and step.isdigit() else None
