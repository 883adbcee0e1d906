"""Who looked at whose traces: written down by the few views that show somebody's, told to the one looked at and the manager."""

from flask import Blueprint, render_template

from server.domain.roles import Verb
from server.pages.privacy import reads
from server.privacy.viewing import Looked, note
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("looking", __name__)


def looked_at(holder: int, what: Looked) -> None:
    """The one who asks sees this person's traces now: one row, at most every hour, and none for one's own."""
    note(actor(), holder, what, now())


@pages.get("/privacy/looks")
@needs(Verb.MANAGE_ACCOUNTS)
def listed() -> str:
    return render_template("privacy/looks.html", looks=reads.looks())


@pages.get("/me/looks")
@needs(Verb.SEE_OWN)
def mine() -> str:
    """Who looked at my traces, by what they are there."""
    number = actor().holder
    assert number is not None, "the gate lets nobody in without a holder"
    return render_template("privacy/my_looks.html", looks=reads.looks(number))
