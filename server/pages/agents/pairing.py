"""A code that makes a Pi an agent, shown once; and a Pi that is gone, whose account ends while its machines wait for another."""

from typing import Any

from flask import Blueprint, abort, current_app, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.machines import pairing
from server.machines.broker import can_write
from server.machines.keys import CertificateError, Files, pin
from server.pages.agents import files, reads
from server.pages.agents.files import Shelf, Shown
from server.pages.agents.forms import CodeForm
from server.pages.agents.views import Answer, address, by, expected, not_kept
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now, settings
from server.web.needs import actor, needs

pages = Blueprint("pairing", __name__)


@pages.record_once
def _keep_codes(state: Any) -> None:
    state.app.extensions["pairing_codes"] = Shelf[Shown]()


@pages.route("/agents/<name>/pair", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def ask(name: str) -> Answer:
    agent = expected(name)
    form = CodeForm()
    form.replaces.choices = [("", gettext("nobody: it is new")), *_others(name)]
    is_possible = can_write(settings().mqtt.password_file) and Files(settings().keys_dir).are_there
    if is_possible and form.validate_on_submit():
        try:
            made = pairing.make_code(
                name, pin(Files(settings().keys_dir)), form.replaces.data or None, form.language.data, **by()
            )
        except Refusal as refusal:
            form.refuse("", said(refusal))
        except CertificateError as error:
            form.refuse("", str(error))
        else:
            where = files.pairing_address(address(), settings())
            shown = Shown(name, actor().account, made, where, made.until)
            return see_other(url_for("pairing.code", name=name, key=_codes().keep(shown)))
    return form_page("agents/pair.html", form, agent=agent, is_possible=is_possible, mqtt=settings().mqtt)


@pages.get("/agents/<name>/pair/<key>")
@needs(Verb.EDIT_MACHINES)
def code(name: str, key: str) -> Response:
    shown = _codes().get(key, name, actor().account, now()) or abort(404)
    page = render_template("agents/code.html", shown=shown, agent=reads.agent_called(name, now()))
    return not_kept(Response(page, mimetype="text/html"))


@pages.route("/agents/<name>/revoke", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def revoke(name: str) -> Answer:
    agent = expected(name)
    form = ReasonForm()
    if form.validate_on_submit():
        try:
            pairing.revoke_agent(name, form.reason.data or "", **by())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            told = files.forget_account(name, settings().mqtt)
            done(files.refused_from_when(name, told, settings().mqtt))
            return see_other(url_for("agents.shown", name=name))
    return form_page("agents/revoke.html", form, agent=agent)


def _others(name: str) -> list[tuple[str, str]]:
    """Agents with machines that this one may take over."""
    return [(one.name, one.name) for one in reads.find_agents(now()) if one.machines and one.name != name]


def _codes() -> Shelf[Shown]:
    found: Shelf[Shown] = current_app.extensions["pairing_codes"]
    return found
