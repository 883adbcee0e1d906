"""The list of agents, one agent, a new one, the end of one, and the file it is set up with. Pairing: ``pairing.py``."""

from typing import Any

from flask import Blueprint, abort, current_app, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.machines import changes
from server.machines import service as machines
from server.machines.agent_file import RELAYS
from server.machines.keys import CertificateError
from server.machines.site_keys import SiteKeysError
from server.pages.agents import files, reads
from server.pages.agents.files import Ready, Shelf
from server.pages.agents.forms import AgentForm, FileForm
from server.pages.audit.trails import told
from server.pages.machines.words import disk
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now, settings
from server.web.needs import actor, needs
from wire.hosts import is_loopback, without_port

pages = Blueprint("agents", __name__)
Answer = Response | tuple[str, int]


@pages.record_once
def _keep_files(state: Any) -> None:
    state.app.extensions["agent_files"] = Shelf[Ready]()


@pages.get("/agents")
@needs(Verb.WATCH)
def listed() -> str:
    ended = request.args.get("show") == "ended"
    return render_template(
        "agents/list.html", agents=reads.find_agents(now(), ended), counts=reads.count_of_agents(), ended=ended
    )


@pages.route("/agents/new", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def new() -> Answer:
    form = AgentForm()
    if form.validate_on_submit():
        try:
            machines.add_agent(form.name.data or "", **by())
        except Refusal as refusal:
            form.refuse("name", said(refusal))
        else:
            done(gettext("%(agent)s is expected. Give it its machines, then pair it.", agent=form.name.data))
            return see_other(url_for("agents.shown", name=form.name.data))
    return form_page("agents/new.html", form)


@pages.get("/agents/<name>")
@needs(Verb.WATCH)
def shown(name: str) -> str:
    agent = reads.agent_called(name, now())
    return render_template("agents/one.html", agent=agent, disk=disk, trail=told(audit.trail("agent", name)))


@pages.route("/agents/<name>/end", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def end(name: str) -> Answer:
    agent = expected(name)
    form = ReasonForm()
    if form.validate_on_submit():
        try:
            changes.end_agent(name, form.reason.data or "", **by())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            told = files.forget_account(name, settings().mqtt)
            done(gettext("%(agent)s is no longer expected.", agent=name))
            done(files.refused_from_when(name, told, settings().mqtt))
            return see_other(url_for("agents.listed"))
    return form_page("agents/end.html", form, agent=agent)


@pages.route("/agents/<name>/file", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def file(name: str) -> Answer:
    agent = expected(name)
    form = FileForm(data={"address": address()})
    if agent.machines and form.validate_on_submit():
        codes = [machine.code for machine in agent.machines]
        wanted = (form.address.data or "", form.language.data)
        try:
            ready = files.make(name, codes, *wanted, settings(), actor().account, now())
        except (CertificateError, SiteKeysError) as error:
            form.refuse("", str(error))
            return form_page("agents/file.html", form, **_around(agent))
        changes.note_new_password(name, ready.told is not files.Told.BY_HAND, **by())
        return see_other(url_for("agents.ready", name=name, key=_files().keep(ready)))
    return form_page("agents/file.html", form, **_around(agent))


def _around(agent: reads.AgentRow) -> dict[str, Any]:
    return {"agent": agent, "port": files.agents_port(address(), settings().mqtt), "relays": RELAYS}


@pages.get("/agents/<name>/file/<key>")
@needs(Verb.EDIT_MACHINES)
def ready(name: str, key: str) -> Response:
    page = render_template(
        "agents/ready.html",
        ready=_ready(name, key),
        key=key,
        reload=files.reload_line(settings().mqtt),
        agent=reads.agent_called(name, now()),
    )
    return not_kept(Response(page, mimetype="text/html"))


@pages.get("/agents/<name>/file/<key>/agent.toml")
@needs(Verb.EDIT_MACHINES)
def download(name: str, key: str) -> Response:
    answer = Response(_ready(name, key).text, mimetype="application/toml")
    answer.headers["Content-Disposition"] = 'attachment; filename="agent.toml"'
    return not_kept(answer)


def _ready(name: str, key: str) -> Ready:
    return _files().get(key, name, actor().account, now()) or abort(404)


def _files() -> Shelf[Ready]:
    found: Shelf[Ready] = current_app.extensions["agent_files"]
    return found


def not_kept(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer


def expected(name: str) -> reads.AgentRow:
    agent = reads.agent_called(name, now())
    return agent if agent.ended_at is None else abort(404)


def address() -> str:
    """How the agent may reach the broker: as the server does, unless that is the server's own machine."""
    host = settings().mqtt.host
    return without_port(request.host) if is_loopback(host) else host


def by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
