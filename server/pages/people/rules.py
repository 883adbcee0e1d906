"""Which payer is a person's default when: "mornings the school, afternoons the company", a rule each."""

from datetime import time
from typing import Any

from flask import Blueprint, abort, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField, StringField
from wtforms.validators import InputRequired, ValidationError

from server.db import reading
from server.domain.roles import Verb
from server.pages.machines.week import clock_time
from server.pages.machines.words import weekday
from server.pages.people.about import membership_of
from server.pages.people.names import named
from server.pages.people.paying import category_names, machine_names
from server.pages.people.reads import Tie, ties_of
from server.pages.refused import form_page, said
from server.people import service as people
from server.web.answers import done, see_other
from server.web.forms import Form
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("rules", __name__)


class TimeOfDay(StringField):
    """A time on the lab's clock, typed as "8", "08:00" or "8h30"; 24:00 is midnight."""

    def at(self) -> time:
        """What was typed, in a form that is right."""
        found = clock_time(self.data or "")
        assert found is not None
        return time.max if found == time() and self.name == "ends" else found

    def pre_validate(self, form: Any) -> None:
        if clock_time(self.data or "") is None:
            raise ValidationError(gettext("Type a time, such as 08:00."))


class RuleForm(Form):
    weekdays = SelectMultipleField(
        lazy_gettext("Days of the week"), [InputRequired(lazy_gettext("Choose at least one day."))], coerce=int
    )
    begins = TimeOfDay(lazy_gettext("From"), [InputRequired()])
    ends = TimeOfDay(lazy_gettext("Until"), [InputRequired()])
    categories = SelectMultipleField(lazy_gettext("All machines of these categories"))
    machines = SelectMultipleField(lazy_gettext("Single machines"))

    def offer(self) -> None:
        self.weekdays.choices = [(day, weekday(day)) for day in range(7)]
        self.categories.choices, self.machines.choices = category_names(), machine_names()

    def when(self) -> people.When:
        hours = (tuple(self.weekdays.data or ()), self.begins.at(), self.ends.at())
        return people.When(*hours, tuple(self.machines.data or ()), tuple(self.categories.data or ()))


@pages.route("/people/<int:number>/memberships/<ref>/rules/new", methods=["GET", "POST"])
@needs(Verb.EDIT_PEOPLE, about=membership_of)
def add(number: int, ref: str) -> Response | tuple[str, int]:
    form = RuleForm(data={"weekdays": list(range(5)), "begins": "08:00", "ends": "12:00"})
    form.offer()
    if form.validate_on_submit():
        try:
            people.add_payer_rule(ref, form.when(), actor=actor().label, now=now())
        except people.PeopleError as error:
            form.refuse("ends", said(error))
        else:
            done(gettext("The rule is kept. The machines know it in a second."))
            return see_other(url_for("people.show", number=number))
    with reading():
        person = named([number])[number]
    return form_page("people/rule.html", form, person=person, tie=_tie(number, ref))


@pages.post("/people/<int:number>/memberships/<ref>/rules/<int:rule>/remove")
@needs(Verb.EDIT_PEOPLE, about=membership_of)
def remove(number: int, ref: str, rule: int) -> Response:
    try:
        people.remove_payer_rule(ref, rule, actor=actor().label, now=now())
        done(gettext("The rule is gone. The usual payer counts in these hours again."))
    except people.PeopleError:
        done(gettext("This rule is gone already."))
    return see_other(url_for("people.show", number=number))


def _tie(number: int, ref: str) -> Tie:
    with reading():
        found = next((tie for tie in ties_of(number) if tie.ref == ref), None)
    return found or abort(404)
