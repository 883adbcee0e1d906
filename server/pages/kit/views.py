"""Every part of the pages side by side, for looking at and for the tests of accessibility. In the demo only.

What the parts say here is invented and in French on purpose: it is a picture of them, not a page for work.
"""

from datetime import timedelta

from flask import Blueprint, render_template
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from server.domain.roles import Verb
from server.pages.kit.samples import LANGUAGE_STATES, entries, page_of_a_list, stations
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import Cents, Day, Form, Minutes, Moment, ReasonForm
from server.web.here import now
from server.web.needs import needs

pages = Blueprint("kit", __name__)


class MachineForm(Form):
    """One field of each kind."""

    name = StringField(lazy_gettext("Name"), [InputRequired()])
    price = Cents(lazy_gettext("Price"), [InputRequired()])
    vat_id = StringField(lazy_gettext("VAT id"), [Optional()])
    room = SelectField(lazy_gettext("Room"), choices=[("hall", "Halle d’usinage"), ("laser", "Laser")])
    day = Day(lazy_gettext("From"), [Optional()])
    at = Moment(lazy_gettext("End"), [Optional()])
    longest = Minutes(lazy_gettext("Longest session"), [Optional()])
    note = TextAreaField(lazy_gettext("Note"), [Optional()])
    offline = BooleanField(lazy_gettext("May start while offline"))
    risk = RadioField(
        lazy_gettext("Risk class"), choices=[("low", lazy_gettext("low")), ("high", lazy_gettext("high"))]
    )
    skills = SelectMultipleField(lazy_gettext("Skills"), choices=[("mill", "Fraisage"), ("laser", "Laser CO2")])


@pages.get("/kit")
@needs(Verb.PLAY)
def kit() -> str:
    """What stands in the form is partly wrong on purpose."""
    form = _sample()
    form.vat_id.errors = (gettext("One digit is missing: FR, a key of 2, then 9."),)
    return render_template(
        "kit/page.html",
        form=form,
        states=LANGUAGE_STATES,
        stations=stations(),
        entries=entries(now()),
        page=page_of_a_list(),
        now=now(),
    )


@pages.post("/kit")
@needs(Verb.PLAY)
def send() -> Response | str:
    """What a browser sends comes back with its errors, or as a line on top."""
    form = MachineForm()
    if not form.validate_on_submit():
        return render_template("kit/form.html", form=form)
    done(gettext("“%(name)s” stored.", name=form.name.data), undo="/kit/undo")
    return see_other("/kit")


@pages.get("/kit/form")
@needs(Verb.PLAY)
def form_alone() -> str:
    return render_template("kit/form.html", form=_sample())


@pages.route("/kit/confirm", methods=["GET", "POST"])
@needs(Verb.PLAY)
def confirm() -> Response | str:
    form = ReasonForm()
    if form.validate_on_submit():
        done(gettext("“%(name)s” stored.", name=form.reason.data))
        return see_other("/kit")
    return render_template("kit/confirm.html", form=form, verb="Révoquer 14 habilitations", back="/kit")


@pages.post("/kit/undo")
@needs(Verb.PLAY)
def undo() -> Response:
    done(gettext("Taken back."))
    return see_other("/kit")


@pages.post("/kit/conflict")
@needs(Verb.PLAY)
def conflict() -> tuple[str, int] | Response:
    """As if somebody else had stored another price and another room since the form was opened."""
    form = MachineForm()
    if form.version.data == 2:
        done(gettext("“%(name)s” stored.", name=form.name.data))
        return see_other("/kit")
    return conflict_page(form, {"name": form.name.data, "price": 4000, "room": "laser"}, version=2)


def _sample() -> MachineForm:
    values = {"name": "Fraiseuse 5 axes", "price": 3600, "vat_id": "FR 12 345 678 90", "risk": "high", "version": 1}
    dates = {"day": now().date(), "at": now() + timedelta(hours=2), "longest": 240}
    return MachineForm(formdata=None, data=values | dates | {"offline": True, "skills": ["mill"], "room": "hall"})
