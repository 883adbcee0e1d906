"""Refused charges: what waits for an answer, and the answer. A decision about money, with its reason, told to both sides."""

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import RadioField

from server.billing import refusals
from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.privacy.looking import looked_at
from server.pages.refusals.reads import find_refusals, read_refusal
from server.pages.refused import form_page, said
from server.privacy.viewing import Looked
from server.web.answers import done, see_other
from server.web.forms import Form, Reason
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("refusals", __name__)


class AnswerForm(Form):
    charged = RadioField(
        lazy_gettext("Your answer"),
        choices=[
            ("yes", lazy_gettext("It stays charged to this payer")),
            ("no", lazy_gettext("It is not charged: the lab bears it")),
        ],
        default="yes",
    )
    reason = Reason()


@pages.get("/refusals")
@needs(Verb.CORRECT_SESSIONS)
def listed() -> str:
    return render_template("refusals/list.html", page=find_refusals())


@pages.route("/refusals/<int:number>", methods=["GET", "POST"])
@needs(Verb.CORRECT_SESSIONS)
def answer(number: int) -> Response | tuple[str, int]:
    one = read_refusal(number) or abort(404)
    looked_at(one.person.number, Looked.SESSION)
    form = AnswerForm(data={"charged": "yes", "version": one.version})
    if form.validate_on_submit():
        try:
            is_charged, by = form.charged.data == "yes", actor().label
            refusals.answer_refusal(
                number, is_charged, form.reason.data or "", version=form.version.data, actor=by, now=now()
            )
        except Stale:
            form.refuse("", gettext("Somebody has answered meanwhile."))
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("Answered. The payer and the person read it; the document no longer waits."))
            return see_other(url_for("refusals.listed"))
    return form_page("refusals/answer.html", form, one=one)
