"""One person's data: all of it as a copy, what an erasure would touch, what is held, asked and looked at."""

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as Answered

from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.people.about import holder_of
from server.pages.people.reads import read_file
from server.pages.privacy import reads, words
from server.pages.privacy.export import archive
from server.pages.privacy.looking import looked_at
from server.pages.refused import form_page, said
from server.privacy import requests as register
from server.privacy.again import remember
from server.privacy.erasure import erase, preview
from server.privacy.viewing import Looked
from server.web.answers import done, see_other
from server.web.forms import Form
from server.web.here import now, settings, today, zone
from server.web.needs import actor, needs

pages = Blueprint("data_of", __name__)
Answer = str | Answered | tuple[str, int]


@pages.get("/privacy/people/<int:number>")
@needs(Verb.MANAGE_ACCOUNTS, about=holder_of)
def shown(number: int) -> str:
    file = read_file(number, sees_sessions=False, entries=1)
    held = [hold for hold in reads.holds() if hold.href == request.path and hold.ended_at is None]
    asked = register.requests(number)
    told = {"held": held, "asked": asked, "looks": reads.looks(number), "today": today()}
    return render_template("privacy/person.html", file=file, words=words, **told)


@pages.get("/privacy/people/<int:number>/export.zip")
@needs(Verb.MANAGE_ACCOUNTS, about=holder_of)
def export(number: int) -> Response:
    """Everything the lab keeps about this person, for a program and to read; of others only what they are there."""
    looked_at(number, Looked.EXPORT)
    answer = Response(archive(number), mimetype="application/zip")
    answer.headers["Content-Disposition"] = f"attachment; filename=prolab-{number}-{today():%Y%m%d}.zip"
    return answer


@pages.route("/privacy/people/<int:number>/erase", methods=["GET", "POST"])
@needs(Verb.MANAGE_ACCOUNTS, about=holder_of)
def ask_erase(number: int) -> Answer:
    found, back = preview(number), url_for("data_of.shown", number=number)
    form = Form(data={"version": found.version})
    if form.validate_on_submit():
        try:
            erase(number, zone(), version=form.version.data, actor=actor().label, now=now())
        except Stale:
            form.refuse(
                "", gettext("Somebody changed this person meanwhile. Look at what is touched now, then decide.")
            )
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            remember(settings().data_dir, number, now())
            done(gettext("Erased. Nothing leads to a person from this number any more."))
            return see_other(back)
    else:
        looked_at(number, Looked.ERASURE)
    file = read_file(number, sees_sessions=False, entries=1)
    form.version.data, form.version.raw_data = preview(number).version, None
    return form_page("privacy/erase.html", form, found=found, file=file, back=back, words=words)
