"""Who pays for a person: a membership is added, ended with a reason, or made the one that is charged by default."""

from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.db import reading, writing
from server.domain.roles import Verb
from server.pages.people.about import holder_of, membership_of
from server.pages.people.choices import begin_of, end_of
from server.pages.people.forms import MembershipForm
from server.pages.people.names import named
from server.pages.people.reads import Tie, ties_of
from server.pages.refused import said
from server.people import service as people
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("memberships", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/people/<int:number>/memberships/new")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def new(number: int) -> str:
    return _new_page(number, MembershipForm())


@pages.post("/people/<int:number>/memberships/new")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def add(number: int) -> Answer:
    form = MembershipForm()
    form.offer_payers()
    if not form.validate_on_submit():
        return _new_page(number, form), 422
    by: Any = {"actor": actor().label, "now": now()}
    try:
        with writing():
            dates = begin_of(form.since.data), end_of(form.until.data)
            membership = people.add_membership(number, form.payer.data, *dates, **by)
            if form.is_default.data:
                people.prefer_membership(membership.ref, **by)
    except people.PeopleError as error:
        form.refuse("", said(error))
        return _new_page(number, form), 422
    done(gettext("Membership begun."))
    return see_other(url_for("people.show", number=number))


def _new_page(number: int, form: MembershipForm) -> str:
    form.offer_payers()
    with reading():
        person = named([number])[number]
    return render_template("people/membership.html", form=form, person=person)


@pages.get("/people/<int:number>/memberships/<ref>/end")
@needs(Verb.EDIT_PEOPLE, about=membership_of)
def ask_end(number: int, ref: str) -> str:
    return _end_page(number, ref, ReasonForm())


@pages.post("/people/<int:number>/memberships/<ref>/end")
@needs(Verb.EDIT_PEOPLE, about=membership_of)
def end(number: int, ref: str) -> Answer:
    form = ReasonForm()
    if not form.validate_on_submit():
        return _end_page(number, ref, form), 422
    people.end_membership(ref, form.reason.data or "", actor=actor().label, now=now())
    done(gettext("Membership ended."))
    return see_other(url_for("people.show", number=number))


@pages.post("/people/<int:number>/memberships/<ref>/prefer")
@needs(Verb.EDIT_PEOPLE, about=membership_of)
def prefer(number: int, ref: str) -> Answer:
    tie = _tie(number, ref)
    people.prefer_membership(ref, actor=actor().label, now=now())
    done(gettext("%(tenant)s is charged from now on, unless another is chosen.", tenant=tie.tenant))
    return see_other(url_for("people.show", number=number))


def _end_page(number: int, ref: str, form: ReasonForm) -> str:
    with reading():
        person = named([number])[number]
    tie, back = _tie(number, ref), url_for("people.show", number=number)
    with reading():
        others = [one for one in ties_of(number) if one.ref != ref and not one.is_over(now())]
    return render_template("people/end_membership.html", tie=tie, person=person, others=others, form=form, back=back)


def _tie(number: int, ref: str) -> Tie:
    with reading():
        found = next((tie for tie in ties_of(number) if tie.ref == ref), None)
    return found or abort(404)
