"""Whom to call for a person: asked for only where the lab has said why, each look written down, gone with the membership."""

from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import InputRequired, Length, Regexp

from server.db import Stale, reading
from server.domain.roles import Verb
from server.pages.people.about import holder_of
from server.pages.people.names import Named, named
from server.pages.refused import form_page, said
from server.people import service as people
from server.web.answers import done, see_other
from server.web.forms import Form
from server.web.here import now, settings
from server.web.needs import actor, needs

pages = Blueprint("contacts", __name__)

Answer = Response | tuple[str, int]
_PHONE = Regexp(r"\+?[0-9 ()./-]{5,40}$", message=lazy_gettext("Type a telephone number, such as +33 6 12 34 56 78."))


class ContactForm(Form):
    name = StringField(lazy_gettext("Whom to call"), [InputRequired(), Length(max=120)])
    phone = StringField(lazy_gettext("Telephone"), [InputRequired(), Length(max=40), _PHONE])


def why_asked() -> str:
    """The lab's reason to ask for it; 404 where it has none."""
    return settings().people.emergency_contacts or abort(404)


@pages.get("/people/<int:number>/contact")
@needs(Verb.SEE_PEOPLE, about=holder_of)
def show(number: int) -> str:
    """The look stands in the journal before anybody sees it."""
    why = why_asked()
    contact = people.look_at_contact(number, actor=actor().label, now=now())
    return render_template("people/contact.html", person=_person(number), contact=contact, why=why)


@pages.route("/people/<int:number>/contact/edit", methods=["GET", "POST"])
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def edit(number: int) -> Answer:
    back = url_for("people.show", number=number)
    return edit_page(number, "people/contact_edit.html", back, person=_person(number))


@pages.post("/people/<int:number>/contact/forget")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def forget(number: int) -> Response:
    people.drop_contact(number, actor=actor().label, now=now())
    done(gettext("The emergency contact is forgotten."))
    return see_other(url_for("people.show", number=number))


def edit_page(number: int, template: str, back: str, **told: Any) -> Answer:
    """The form and what becomes of it, for staff and for the person. To change it is to see it: that is written down, too."""
    why = why_asked()
    known = people.look_at_contact(number, actor=actor().label, now=now())
    values = {"name": known.name, "phone": known.phone, "version": known.version} if known else {}
    form = ContactForm(data=values)
    if form.validate_on_submit():
        typed = people.Contact(form.name.data or "", form.phone.data or "", form.version.data or 0)
        try:
            people.keep_contact(number, typed, is_new=form.version.data is None, actor=actor().label, now=now())
        except Stale:
            form.refuse(
                "", gettext("Somebody changed it meanwhile. It is shown as it is now; type it again if it is wrong.")
            )
            form = _anew(form, values)
        except people.PeopleError as error:
            form.refuse("", said(error))
        else:
            done(gettext("Kept. Each look at it stands in the journal."))
            return see_other(back)
    return form_page(template, form, known=known, why=why, back=back, **told)


def _anew(form: ContactForm, values: dict[str, Any]) -> ContactForm:
    """The form about what stands now, with what was refused."""
    for name, value in {"version": None, **values}.items():
        form[name].data, form[name].raw_data = value, None
    return form


def _person(number: int) -> Named:
    with reading():
        return named([number])[number]
