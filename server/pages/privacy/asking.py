"""The register of what people ask about their data, each with the day by which it is answered."""

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.db import Stale, reading
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.people.names import Named, named
from server.pages.privacy import words
from server.pages.privacy.about import request_of
from server.pages.privacy.forms import AnswerForm, RequestForm
from server.pages.refused import form_page, said
from server.privacy import requests as register
from server.privacy.requests import Asks
from server.web import formats
from server.web.answers import done, see_other
from server.web.here import now, today
from server.web.needs import actor, needs

pages = Blueprint("asking", __name__)
Answer = str | Response | tuple[str, int]


@pages.get("/privacy/requests")
@needs(Verb.MANAGE_ACCOUNTS)
def listed() -> str:
    found = register.requests()
    return render_template("privacy/requests.html", asked=found, names=_names(found), words=words, today=today())


@pages.route("/privacy/requests/new", methods=["GET", "POST"])
@needs(Verb.MANAGE_ACCOUNTS)
def new() -> Answer:
    holder = request.args.get("holder", type=int)
    form = RequestForm(data={"received": today()})
    if form.validate_on_submit():
        told = (Asks(form.kind.data), holder, form.subject.data or "", form.received.data, form.note.data or "")
        try:
            register.enter(*told, today=today(), actor=actor().label, now=now())
        except Refusal as refusal:
            form.refuse("received" if form.received.data and form.received.data > today() else "subject", said(refusal))
        else:
            due = register.due_date(form.received.data)
            done(gettext("Noted. The answer is due by %(day)s.", day=formats.day(due)))
            return see_other(url_for("asking.listed"))
    with reading():
        person = named([holder]).get(holder) if holder is not None else None
    return form_page("privacy/request_new.html", form, person=person, holder=holder)


@pages.route("/privacy/requests/<int:asked>/answer", methods=["GET", "POST"])
@needs(Verb.MANAGE_ACCOUNTS, about=request_of)
def answer(asked: int) -> Answer:
    row = register.request(asked) or abort(404)
    form = AnswerForm(data={"version": row.version})
    if form.validate_on_submit():
        by = {"version": form.version.data, "today": today(), "actor": actor().label, "now": now()}
        try:
            register.answer(asked, form.answer.data or "", **by)
        except Stale:
            form.refuse("", gettext("Somebody has changed this request in the meantime. Look at it again."))
        except Refusal as refusal:
            form.refuse("answer", said(refusal))
        else:
            done(gettext("The answer stands in the register."))
            return see_other(url_for("asking.listed"))
    return form_page("privacy/answer.html", form, row=row, name=_names([row])[row.id], words=words, today=today())


def _names(found: list[register.Request]) -> dict[int, str]:
    """Who asks, by number of the request."""
    with reading():
        people = named(one.holder for one in found if one.holder is not None)
    return {one.id: _name(one, people) for one in found}


def _name(one: register.Request, people: dict[int, Named]) -> str:
    return people[one.holder].name if one.holder is not None and one.holder in people else one.subject
