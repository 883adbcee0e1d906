"""One machine's page, and what staff may ask of it: out of service, maintenance, the end of a session, a stop cleared."""

from flask import Blueprint, abort, current_app, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.billing.pricing import Priced, priced
from server.dashboard.board import Tile
from server.dashboard.feed import Seen
from server.db import Stale
from server.domain.rating import RatedSession
from server.domain.refusals import Refusal
from server.domain.roles import About, Role, Verb
from server.machines import service as machines
from server.pages.care import words as care_words
from server.pages.care.reads import care_of
from server.pages.machine import drawing
from server.pages.machine.forms import ClearForm, EndForm, ServiceForm
from server.pages.machine.reads import MachineNow, MachinePage, machine_now, machine_page
from server.pages.machines import words as say
from server.pages.machines.about import machine_of
from server.pages.prices.reads import prices_of_machine
from server.pages.prices.sentences import sentence
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now, today, zone
from server.web.needs import actor, allowed, needs
from wire.messages import Service

pages = Blueprint("machine", __name__)
Answer = Response | tuple[str, int]


@pages.get("/machines/<code>")
@needs(Verb.SEE_FLOOR, about=machine_of)
def page(code: str) -> str:
    found = machine_page(code, now(), allowed(Verb.SEE_SESSIONS), allowed(Verb.SEE_PEOPLE))
    return render_template(
        "machine/page.html",
        machine=found,
        about=About(machine=code, room=found.room or None),
        tile=_tile(code),
        day=drawing.day_of_machine(found.today, found.hours, today(), now(), zone()),
        weeks=drawing.weeks_of_machine(found.weeks),
        closed=drawing.closed_cells(found.hours),
        busiest=drawing.busiest(found.by_hour),
        shade=drawing.shade,
        cost=_cost(found),
        prices=prices_of_machine(code) if allowed(Verb.SEE_MONEY) else None,
        sentence=sentence,
        say=say,
        care=care_of(code, now()),
        care_say=care_words,
        now=now(),
        today=today(),
    )


@pages.route("/machines/<code>/service", methods=["GET", "POST"])
@needs(Verb.RUN_MACHINES, about=machine_of)
def service(code: str) -> Answer:
    found = _now(code)
    form = ServiceForm(data={"service": found.service, "note": found.note, "version": found.version})
    if form.validate_on_submit():
        wanted, seen = Service(form.service.data), form.version.data
        try:
            _set_service(code, wanted, form.note.data or "", seen)
        except Stale:
            found = _now(code)
            return conflict_page(form, {"service": found.service, "note": found.note}, found.version)
        except Refusal as refusal:
            form.refuse("service", said(refusal))
            return form_page("machine/service.html", form, machine=found)
        done(gettext("%(machine)s: %(service)s.", machine=found.name, service=say.SERVICES[wanted]))
        return see_other(_back(code))
    return form_page("machine/service.html", form, machine=found)


def _set_service(code: str, wanted: Service, note: str, seen: int | None) -> None:
    by = actor()
    machines.set_service(code, wanted, note, version=seen, by_manager=by.has(Role.MANAGER), actor=by.label, now=now())


@pages.route("/machines/<code>/end-session", methods=["GET", "POST"])
@needs(Verb.RUN_MACHINES, about=machine_of)
def end_session(code: str) -> Answer:
    """The agent is asked to end the session that was seen running, and no other."""
    found = _now(code, allowed(Verb.SEE_SESSIONS))
    if found.running is None:
        done(gettext("The session at %(machine)s is over already.", machine=found.name))
        return see_other(_back(code))
    form = EndForm(data={"session": found.running.id})
    if form.validate_on_submit():
        if form.session.data == found.running.id:
            machines.end_session_wish(code, found.running.id, form.reason.data, actor=actor().label, now=now())
            done(gettext("%(machine)s is asked to end the session.", machine=found.name))
            return see_other(_back(code))
        form.refuse("", gettext("That session is over, and another one has begun. Look at it before you end it."))
        form.session.data = found.running.id
    return form_page("machine/end_session.html", form, machine=found, verb=gettext("End the session"), back=_back(code))


@pages.route("/machines/<code>/clear-stop", methods=["GET", "POST"])
@needs(Verb.RUN_MACHINES, about=machine_of)
def clear_stop(code: str) -> Answer:
    """Clears what stopped the machine when it was looked at; what stops it after that stays."""
    found = _now(code)
    form = ClearForm(data={"upto": found.last_event})
    if form.validate_on_submit():
        upto = min(form.upto.data, found.last_event)
        try:
            machines.clear_latch(code, upto, form.reason.data, actor=actor().label, now=now())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The stop of %(machine)s is cleared as soon as its agent hears of it.", machine=found.name))
            return see_other(_back(code))
    return form_page("machine/clear_stop.html", form, machine=found, verb=gettext("Clear the stop"), back=_back(code))


def _now(code: str, sees_sessions: bool = False) -> MachineNow:
    return machine_now(code, sees_sessions) or abort(404)


def _back(code: str) -> str:
    return url_for("machine.page", code=code)


def _tile(code: str) -> Tile | None:
    """The machine as the live floor shows it; None where it has left the lab."""
    seen: Seen = current_app.extensions["feed"].look()
    return next((tile for room in seen.board.rooms for tile in room.tiles if tile.code == code), None)


def _cost(found: MachinePage) -> int | None:
    """What the running session comes to so far, for those who may know."""
    if found.running is None or not allowed(Verb.SEE_SESSIONS):
        return None
    price: Priced | None = priced(found.running.id, now(), zone())
    return price.rated.net_cents if price and isinstance(price.rated, RatedSession) else None
