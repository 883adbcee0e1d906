"""Classes of members: the list of them, which prices can tell apart, and of which class somebody is from now on."""

from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import func, select
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from server.db import Stale, db, reading
from server.domain.roles import About, Verb
from server.pages.people.about import membership_of
from server.pages.people.names import named
from server.pages.people.reads import ties_of
from server.pages.refused import form_page, said
from server.people import service as people
from server.people.models import MemberClass, Membership
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.formats import language
from server.web.forms import Form, ReasonForm
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("member_classes", __name__)
Answer = Response | tuple[str, int]


class NamesForm(Form):
    fr = StringField(lazy_gettext("In French"), [InputRequired(), Length(max=60)])
    de = StringField(lazy_gettext("In German"), [Optional(), Length(max=60)])
    en = StringField(lazy_gettext("In English"), [Optional(), Length(max=60)])

    def names(self) -> dict[str, str]:
        return {name: self[name].data or "" for name in ("fr", "de", "en")}


class NewClassForm(NamesForm):
    code = StringField(lazy_gettext("Code"), [InputRequired(), Length(max=20)])


class GiveForm(Form):
    code = SelectField(lazy_gettext("Class of members"))


def class_of(code: str, **others: Any) -> About:
    with reading():
        return About() if db.session.get(MemberClass, code) is not None else abort(404)


@pages.get("/tariffs/classes")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    of_each = select(Membership.member_class, func.count(Membership.holder_number.distinct()))
    of_each = of_each.where(Membership.ended_at.is_(None), Membership.valid_from <= now())
    goes_on = Membership.valid_until.is_(None) | (Membership.valid_until > now())
    with reading():
        rows = db.session.scalars(
            select(MemberClass).order_by(MemberClass.ended_at.is_not(None), MemberClass.code)
        ).all()
        counts = dict(db.session.execute(of_each.where(goes_on).group_by(Membership.member_class)).all())
    return render_template("people/classes.html", rows=rows, counts=counts, name=class_name)


@pages.route("/tariffs/classes/new", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def new() -> Answer:
    form = NewClassForm()
    if form.validate_on_submit():
        try:
            people.add_class(form.code.data or "", form.names(), **_by())
        except people.PeopleError as error:
            form.refuse("code", said(error))
        else:
            done(gettext("The class is added. Give it to people on their pages, and name its prices."))
            return see_other(url_for("member_classes.listed"))
    return form_page("people/class_form.html", form, row=None)


@pages.route("/tariffs/classes/<code>/edit", methods=["GET", "POST"])
@needs(Verb.SET_PRICES, about=class_of)
def edit(code: str) -> Answer:
    row = _class(code)
    form = NamesForm(data={**row.names, "version": row.version})
    if form.validate_on_submit():
        try:
            people.rename_class(code, form.names(), version=form.version.data, **_by())
        except Stale:
            current = _class(code)
            return conflict_page(form, current.names, current.version)
        done(gettext("Kept."))
        return see_other(url_for("member_classes.listed"))
    return form_page("people/class_form.html", form, row=row)


@pages.route("/tariffs/classes/<code>/end", methods=["GET", "POST"])
@needs(Verb.SET_PRICES, about=class_of)
def end(code: str) -> Answer:
    form = ReasonForm()
    if form.validate_on_submit():
        people.end_class(code, form.reason.data or "", **_by())
        done(gettext("It is given to nobody any more."))
        return see_other(url_for("member_classes.listed"))
    return form_page("people/class_end.html", form, name=class_name(code), back=url_for("member_classes.listed"))


@pages.route("/people/<int:number>/memberships/<ref>/class", methods=["GET", "POST"])
@needs(Verb.EDIT_PEOPLE, about=membership_of)
def give(number: int, ref: str) -> Answer:
    with reading():
        person = named([number])[number]
        tie = next(tie for tie in ties_of(number) if tie.ref == ref)
    form = GiveForm(data={"code": tie.member_class or ""})
    form.code.choices = class_choices(tie.member_class)
    if form.validate_on_submit():
        try:
            people.set_class(ref, form.code.data or None, **_by())
        except people.PeopleError as error:
            form.refuse("code", said(error))
        else:
            done(gettext("It counts for sessions from now on."))
            return see_other(url_for("people.show", number=number))
    return form_page("people/class_give.html", form, person=person, tie=tie)


@pages.app_template_global()
def class_choices(held: str | None = None) -> list[tuple[str, str]]:
    """Those that are given, and the one that somebody has already; none of them first."""
    with reading():
        rows = db.session.scalars(select(MemberClass).order_by(MemberClass.code)).all()
    own = [(row.code, row.names.get(language(), row.code)) for row in rows if row.ended_at is None or row.code == held]
    return [("", gettext("none of its own")), *own]


@pages.app_template_global()
def class_name(code: str) -> str:
    with reading():
        row = db.session.get(MemberClass, code)
    return row.names.get(language(), code) if row is not None else code


def _class(code: str) -> MemberClass:
    with reading():
        return db.session.get_one(MemberClass, code)


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
