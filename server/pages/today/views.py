"""Today, the first page of whoever runs the lab; and what was set aside: events nobody could read, jobs given up."""

from flask import Blueprint, current_app, render_template, url_for
from flask_babel import ngettext
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from server.dashboard.board import Worry
from server.dashboard.feed import Seen
from server.db import db, reading
from server.domain.roles import THE_LAB, About, Verb
from server.jobs.models import Job
from server.pages.today import reads, words
from server.pages.today.words import Row
from server.reingest import reingest
from server.usage.models import RejectedEvent
from server.web.answers import done, see_other
from server.web.here import now
from server.web.needs import actor, allowed, needs

pages = Blueprint("today", __name__)
_SHOWN = 100


@pages.get("/today")
@needs(Verb.WATCH)
def page() -> str:
    seen: Seen = current_app.extensions["feed"].look()
    return render_template("today/page.html", rows=_rows(seen), board=seen.board)


@pages.get("/rejected")
@needs(Verb.EDIT_MACHINES)
def rejected() -> str:
    """Events that came in and could not be used, as they came."""
    with reading():
        found = db.session.scalars(select(RejectedEvent).order_by(RejectedEvent.id.desc()).limit(_SHOWN)).all()
        events = [(one.received_at, one.agent, one.n, one.reason, one.raw.decode(errors="replace")) for one in found]
    return render_template("today/rejected.html", events=events)


@pages.post("/rejected")
@needs(Verb.EDIT_MACHINES)
def read_again() -> Response:
    """Try to use them after all."""
    again = reingest(now(), actor=actor().label)
    stored = ngettext("%(num)d event stored", "%(num)d events stored", again.stored)
    left = ngettext("%(num)d stays set aside", "%(num)d stay set aside", again.left)
    done(f"{stored}, {left}.")
    return see_other(url_for("today.rejected"))


@pages.get("/jobs")
@needs(Verb.EDIT_MACHINES)
def jobs() -> str:
    """Jobs that were tried in vain, and how many wait for “prolab work” to do them."""
    due = select(func.count(), func.min(Job.run_after)).where(Job.state == "waiting", Job.run_after <= now())
    with reading():
        wanted = select(Job.id, Job.kind, Job.attempts, Job.claimed_at, Job.error).where(Job.state == "failed")
        found = db.session.execute(wanted.order_by(Job.id.desc()).limit(_SHOWN)).all()
        waiting, since = db.session.execute(due).one()
    return render_template("today/jobs.html", jobs=found, waiting=waiting, since=since)


def _rows(seen: Seen) -> list[Row]:
    """What a machine shows comes before what waits in the books. Everybody sees what he may do something about."""
    places = {tile.code: About(machine=tile.code, room=tile.room) for room in seen.board.rooms for tile in room.tiles}
    reported = reads.problems() if any(one.worry is Worry.PROBLEM for one in seen.board.troubles) else {}
    asked = reported if allowed(Verb.SEE_SESSIONS) else {}
    floor = [
        (words.of_floor(trouble, asked.get(trouble.machine)), places.get(trouble.machine, THE_LAB))
        for trouble in seen.board.troubles
    ]
    books = [(words.of_books(waiting), THE_LAB) for waiting in reads.waiting(now())]
    return [row for row, about in (*floor, *books) if allowed(row.verb, about)]
