"""What a maker decides about his own data: language, whether the first name is shown, whom to call in an emergency."""

from flask import Blueprint, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField

from server.db import Stale
from server.domain.roles import Verb
from server.pages.people.contacts import edit_page, why_asked
from server.pages.people.forms import LANGUAGES
from server.pages.people.reads import PersonFile, read_file
from server.pages.refused import form_page
from server.people import service as people
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import Form
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("me_own", __name__)

Answer = Response | tuple[str, int]


class ConsentForm(Form):
    language = SelectField(lazy_gettext("Language of panels and mails"), choices=LANGUAGES)
    shows_first_name = BooleanField(lazy_gettext("Machines, plan and wall show my first name"))


@pages.route("/me/consents", methods=["GET", "POST"])
@needs(Verb.SEE_OWN)
def consents() -> Answer:
    file = read_file(_number(), sees_sessions=False)
    form = ConsentForm(data=_values(file) | {"version": file.version})
    if form.validate_on_submit():
        facts = people.PersonFacts(
            file.person.given,
            file.person.family,
            file.person.email or None,
            form.language.data,
            form.shows_first_name.data,
        )
        try:
            people.edit_person(_number(), facts, version=form.version.data, actor=actor().label, now=now())
        except Stale:
            current = read_file(_number(), sees_sessions=False)
            return conflict_page(form, _values(current), current.version)
        done(gettext("Kept. The machines know it in a second."))
        return see_other(url_for("me.page"))
    return form_page("me/consents.html", form)


@pages.route("/me/contact", methods=["GET", "POST"])
@needs(Verb.SEE_OWN)
def contact() -> Answer:
    return edit_page(_number(), "me/contact.html", url_for("me.page"))


@pages.post("/me/contact/forget")
@needs(Verb.SEE_OWN)
def forget_contact() -> Response:
    why_asked()
    people.drop_contact(_number(), actor=actor().label, now=now())
    done(gettext("The emergency contact is forgotten."))
    return see_other(url_for("me.page"))


def _values(file: PersonFile) -> dict[str, object]:
    return {"language": file.language or "fr", "shows_first_name": file.shows_first_name}


def _number() -> int:
    number = actor().holder
    assert number is not None, "the gate lets nobody in without a holder"
    return number
