"""Master badges: which people have one, a new one with its PIN, and the end of one. Managers only."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import PasswordField, SelectField
from wtforms.validators import EqualTo, InputRequired, Regexp

from server.db import Stale, db, reading
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.machines.site_keys import ring
from server.pages.people.about import holder_of
from server.pages.people.choices import payer_choices
from server.pages.people.names import Named, named
from server.pages.refused import form_page, said
from server.people import service as people
from server.people.models import Master, Payer, Tenant
from server.web.answers import done, see_other
from server.web.forms import Form, ReasonForm
from server.web.here import now, settings
from server.web.needs import actor, needs
from wire.tokens import PIN_DIGITS, pin_digest

pages = Blueprint("masters", __name__)
Answer = Response | tuple[str, int]


class MasterForm(Form):
    payer = SelectField(lazy_gettext("Who pays"), [InputRequired()])
    pin = PasswordField(
        lazy_gettext("PIN"),
        [
            InputRequired(),
            Regexp(rf"[1-9]{{{PIN_DIGITS}}}$", message=lazy_gettext("Four digits of 1 to 9: each is so many presses.")),
        ],
    )
    again = PasswordField(
        lazy_gettext("PIN, once more"),
        [InputRequired(), EqualTo("pin", message=lazy_gettext("These two are not the same."))],
    )


@dataclass(frozen=True, slots=True)
class MasterRow:
    """``works``: its PIN was made under a site key that still holds."""

    id: int
    version: int
    person: Named
    payer: str
    given_at: datetime
    given_by: str
    works: bool


@pages.get("/masters")
@needs(Verb.MANAGE_ACCOUNTS)
def listed() -> str:
    return render_template("people/masters.html", rows=_rows())


@pages.route("/people/<int:number>/master", methods=["GET", "POST"])
@needs(Verb.MANAGE_ACCOUNTS, about=holder_of)
def give(number: int) -> Answer:
    form = MasterForm()
    form.payer.choices = payer_choices()
    with reading():
        person = named([number])[number]
    if form.validate_on_submit():
        newest = ring(settings(), now()).newest
        digest = pin_digest(number, form.pin.data or "", newest.key)
        try:
            people.give_master(number, digest, newest.id, form.payer.data, actor=actor().label, now=now())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("%(name)s has a master badge. The PIN is not shown again.", name=person.name))
            return see_other(url_for("masters.listed"))
    back, verb = url_for("people.show", number=number), gettext("Give a master badge")
    return form_page("people/master_new.html", form, person=person, back=back, verb=verb)


@pages.route("/masters/<int:master_id>/end", methods=["GET", "POST"])
@needs(Verb.MANAGE_ACCOUNTS)
def end(master_id: int) -> Answer:
    found = next((row for row in _rows() if row.id == master_id), None) or abort(404)
    form = ReasonForm(data={"version": found.version})
    if form.validate_on_submit():
        reason, seen = form.reason.data or "", form.version.data
        try:
            people.end_master(master_id, reason, seen, actor=actor().label, now=now())
        except Stale:
            form.refuse("", gettext("Somebody has changed it in the meantime. Look at it again, then decide."))
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The badge of %(name)s is an ordinary one again.", name=found.person.name))
            return see_other(url_for("masters.listed"))
    verb = gettext("End this master badge")
    return form_page("people/master_end.html", form, master=found, back=url_for("masters.listed"), verb=verb)


def _rows() -> list[MasterRow]:
    wanted = (
        select(Master, Tenant.name, Payer.cost_centre)
        .join(Payer, Payer.id == Master.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .where(Master.ended_at.is_(None))
        .order_by(Master.given_at)
    )
    keys = ring(settings(), now()).ids
    with reading():
        rows = db.session.execute(wanted).all()
        people_of = named([row.holder_number for row, _, _ in rows])
    return [
        MasterRow(
            row.id,
            row.version,
            people_of[row.holder_number],
            f"{tenant} · {centre}" if centre else tenant,
            row.given_at,
            row.given_by,
            row.key_id in keys,
        )
        for row, tenant, centre in rows
    ]
