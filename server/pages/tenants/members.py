"""A tenant's administrator and the members: who they are, invite one by mail, move one to another cost centre, end one.

Of a member the tenant sees the name and what ties them to it; never another tie, another payer, or a qualification.
"""

from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from server.db import db, reading
from server.domain.roles import About, Verb
from server.pages.people.choices import end_of
from server.pages.people.forms import LANGUAGES, MAIL
from server.pages.people.paying import limits_of
from server.pages.refused import form_page, said
from server.pages.tenants.about import tenant_of
from server.pages.tenants.membership import Member, centres_of, find_members, members_of
from server.people import service as people
from server.people.models import Membership, Tenant
from server.web.answers import done, see_other
from server.web.forms import Day, Form, Reason, ReasonForm
from server.web.here import now, settings
from server.web.needs import actor, needs

pages = Blueprint("members", __name__)

Answer = str | tuple[str, int] | Response


def member_of(code: str, ref: str, **others: Any) -> About:
    """A membership belongs to its tenant: one of another tenant is not there."""
    own = select(Tenant.code).join(Membership, Membership.tenant_id == Tenant.id)
    with reading():
        found = db.session.scalar(own.where(Tenant.code == code, Membership.ref == ref))
    return About(tenant=found) if found is not None else abort(404)


class InviteForm(Form):
    given_name = StringField(lazy_gettext("Given name"), [InputRequired(), Length(max=100)])
    family_name = StringField(lazy_gettext("Family name"), [InputRequired(), Length(max=100)])
    email = StringField(lazy_gettext("Mail"), [InputRequired(), Length(max=200), MAIL])
    language = SelectField(lazy_gettext("Language"), choices=LANGUAGES)
    payer = SelectField(lazy_gettext("Cost centre"), [InputRequired()])
    until = Day(lazy_gettext("Member until"), [Optional()])


class MoveForm(Form):
    payer = SelectField(lazy_gettext("Charge from now on"), [InputRequired()])
    reason = Reason()


@pages.get("/tenants/<code>/members")
@needs(Verb.MANAGE_MEMBERS, about=tenant_of)
def listed(code: str) -> str:
    typed = request.args.get("q", "").strip()
    page = find_members(code, typed, now())
    told = {"typed": typed, "limits": limits_of(code), "centres": centres_of(code, now())}
    return render_template("tenants/members.html", code=code, tenant=_name(code), page=page, **told)


@pages.route("/tenants/<code>/members/invite", methods=["GET", "POST"])
@needs(Verb.MANAGE_MEMBERS, about=tenant_of)
def invite(code: str) -> Answer:
    form = InviteForm(data={"language": "fr"})
    form.payer.choices = centres_of(code, now())
    if form.validate_on_submit():
        who = people.Invited(
            form.given_name.data or "", form.family_name.data or "", form.email.data or "", form.language.data
        )
        by: Any = {"actor": actor().label, "now": now()}
        try:
            people.invite_member(form.payer.data, who, end_of(form.until.data), settings(), **by)
        except people.PeopleError as error:
            form.refuse("email", said(error))
        else:
            name = f"{who.given_name} {who.family_name}"
            done(gettext("%(name)s is a member. A mail says so; a badge is given at the desk.", name=name))
            return see_other(url_for("members.listed", code=code))
    return form_page("tenants/invite.html", form, code=code, tenant=_name(code))


@pages.route("/tenants/<code>/members/<ref>/move", methods=["GET", "POST"])
@needs(Verb.MANAGE_MEMBERS, about=member_of)
def move(code: str, ref: str) -> Answer:
    member = _member(code, ref)
    form = MoveForm()
    form.payer.choices = [one for one in centres_of(code, now()) if one[0] != member.payer]
    if form.validate_on_submit():
        try:
            people.move_member(ref, form.payer.data, form.reason.data or "", actor=actor().label, now=now())
        except people.PeopleError as error:
            form.refuse("payer", said(error))
        else:
            done(gettext("Moved. What was charged before stays where it is."))
            return see_other(url_for("members.listed", code=code))
    return form_page("tenants/move_member.html", form, code=code, tenant=_name(code), member=member)


@pages.route("/tenants/<code>/members/<ref>/end", methods=["GET", "POST"])
@needs(Verb.MANAGE_MEMBERS, about=member_of)
def end(code: str, ref: str) -> Answer:
    member, form = _member(code, ref), ReasonForm()
    if form.validate_on_submit():
        people.end_membership(ref, form.reason.data or "", actor=actor().label, now=now())
        done(gettext("%(name)s can no longer charge %(tenant)s.", name=member.person.name, tenant=_name(code)))
        return see_other(url_for("members.listed", code=code))
    back = url_for("members.listed", code=code)
    return form_page("tenants/end_member.html", form, tenant=_name(code), member=member, back=back)


def _member(code: str, ref: str) -> Member:
    """One that is not over."""
    return next((one for one in members_of(code, now()) if one.ref == ref), None) or abort(404)


def _name(code: str) -> str:
    with reading():
        return db.session.scalars(select(Tenant.name).where(Tenant.code == code)).one()
