"""Single lines of a tenant's month: sessions without person or time, items; and what the tenant contests of them.

A contested session shows its clock times, its own and no other's, to those who look after the tenant's bills; whoever was
there reads on their own page that they were shown.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import TextArea

from server.billing import disputes
from server.billing.lines import Line, line_of, lines_of
from server.billing.models import ChargeRefusal, Dispute
from server.db import db, reading
from server.domain.period import period_of
from server.domain.refusals import Refusal
from server.domain.roles import About, Verb
from server.pages.books.views import asked_month, beside, tenant_of
from server.pages.privacy.looking import looked_at
from server.pages.refused import form_page, said
from server.pages.supplies import words
from server.people.models import Payer, Tenant
from server.privacy.viewing import Looked
from server.usage.models import UsageSession
from server.web.answers import done, see_other
from server.web.forms import Form
from server.web.here import now, settings, zone
from server.web.needs import actor, needs

pages = Blueprint("lines", __name__)
Answer = Response | tuple[str, int]


class ContestForm(Form):
    words = StringField(lazy_gettext("What is wrong with it"), [InputRequired(), Length(max=1000)], widget=TextArea())


@dataclass(frozen=True, slots=True)
class Contested:
    """A dispute with what it is about; ``started_at`` and ``ended_at`` of a session."""

    row: Dispute
    line: Line | None
    name: str
    holder: int | None
    started_at: datetime | None
    ended_at: datetime | None


def dispute_of(code: str, number: int, **others: Any) -> About:
    own = select(Tenant.code).join(Payer, Payer.tenant_id == Tenant.id).join(Dispute, Dispute.payer_id == Payer.id)
    with reading():
        found = db.session.scalar(own.where(Tenant.code == code, Dispute.id == number))
    return About(tenant=found) if found is not None else abort(404)


@pages.get("/tenants/<code>/lines")
@needs(Verb.SEE_TENANT_BOOKS, about=tenant_of)
def listed(code: str) -> str:
    month, current = asked_month()
    before, after = beside(month)
    lines, contested = lines_of(_tenant(code).id, period_of(month, zone()), settings().demo), _contested(code)
    told = {"month": month, "before": before, "after": after if month < current else None}
    return render_template(
        "books/lines.html",
        code=code,
        tenant=_tenant(code).name,
        lines=lines,
        contested=contested,
        refused=_refused(),
        say=words,
        **told,
    )


@pages.route("/tenants/<code>/lines/<month>/<subject>/contest", methods=["GET", "POST"])
@needs(Verb.REFUSE_CHARGES, about=tenant_of)
def contest(code: str, month: str, subject: str) -> Answer:
    line = find_line(code, month, subject) or abort(404)
    form, back = ContestForm(), url_for("lines.listed", code=code, month=month)
    if form.validate_on_submit():
        try:
            told: dict[str, Any] = {"real": not settings().demo, "actor": actor().label, "now": now()}
            number = disputes.contest(line, month, form.words.data or "", zone=zone(), **told)
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("Contested. The lab answers; until then nobody is reminded of this line."))
            return see_other(url_for("lines.dispute", code=code, number=number))
    return form_page("books/contest.html", form, code=code, line=line, name=name_of(line), back=back, say=words)


@pages.get("/tenants/<code>/disputes/<int:number>")
@needs(Verb.REFUSE_CHARGES, about=dispute_of)
def dispute(code: str, number: int) -> str:
    """The clock times of this line only; each look at them is told to whoever was there."""
    one = read_contested(number)
    if one.holder is not None:
        looked_at(one.holder, Looked.SESSION)
        disputes.note_seen(number, now=now())
    back = url_for("lines.listed", code=code, month=one.row.month)
    return render_template("books/dispute.html", code=code, tenant=_tenant(code).name, one=one, back=back, say=words)


def find_line(code: str, month: str, subject: str) -> Line | None:
    try:
        period = period_of(month, zone())
    except ValueError:
        return None
    return line_of(subject, _tenant(code).id, period, settings().demo)


def read_contested(number: int) -> Contested:
    with reading():
        row = db.session.get(Dispute, number) or abort(404)
        code = db.session.scalars(
            select(Tenant.code).join(Payer, Payer.tenant_id == Tenant.id).where(Payer.id == row.payer_id)
        ).one()
        session = db.session.get(UsageSession, row.subject)
    line = find_line(code, row.month, row.subject)
    if line is not None and line.net_cents is None:
        line = replace(line, net_cents=row.net_cents)
    times = (session.started_at, session.ended_at) if session else (None, None)
    holder = session.holder_number if session else None
    return Contested(row, line, name_of(line) if line else row.subject, holder, *times)


def name_of(line: Line) -> str:
    return line.machine if line.is_session else words.named(line.labels)


def _contested(code: str) -> dict[str, Dispute]:
    """By its line, the newest of each."""
    wanted = select(Dispute).join(Payer, Payer.id == Dispute.payer_id).join(Tenant, Tenant.id == Payer.tenant_id)
    with reading():
        rows = db.session.scalars(wanted.where(Tenant.code == code).order_by(Dispute.id)).all()
    return {row.subject: row for row in rows}


def _refused() -> set[str]:
    """Sessions that were refused on their day, and wait for the lab already."""
    with reading():
        return set(db.session.scalars(select(ChargeRefusal.session_id).where(ChargeRefusal.answered_at.is_(None))))


def _tenant(code: str) -> Tenant:
    with reading():
        return db.session.scalars(select(Tenant).where(Tenant.code == code)).one()
