"""Contested lines for the lab: what waits and by when, the evidence, and the answer; and in how many days it means to answer."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import IntegerField, RadioField
from wtforms.validators import InputRequired, NumberRange, Optional

from server.billing import disputes
from server.billing.disputes import Outcome
from server.billing.models import Dispute, Document
from server.db import Stale, db, reading
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.machines import lab_settings
from server.machines.models import Machine
from server.pages.books.lines import Contested, read_contested
from server.pages.privacy.looking import looked_at
from server.pages.refused import form_page, said
from server.people.models import Payer, Tenant
from server.privacy.viewing import Looked
from server.usage.models import UsageSession
from server.web.answers import done, see_other
from server.web.forms import Cents, Form, Reason
from server.web.here import now, settings, today, zone
from server.web.needs import actor, needs

pages = Blueprint("disputes", __name__)
Answer = Response | tuple[str, int]


class AnswerForm(Form):
    how = RadioField(lazy_gettext("Your answer"), [InputRequired()], default=Outcome.WORDS.value)
    cents = Cents(lazy_gettext("Taken off"), [Optional()])
    reason = Reason()

    def offer(self, document: str | None, is_statement: bool) -> None:
        """What is issued can only be put right by a credit note, what is not yet by an item beside it."""
        taken_off = (Outcome.CREDITED.value, gettext("A credit note to %(number)s takes it off", number=document or ""))
        if document is None:
            taken_off = (Outcome.ADJUSTED.value, gettext("An adjustment takes it off, before the document is issued"))
        elif is_statement:
            taken_off = (Outcome.ADJUSTED.value, gettext("An adjustment takes it off in the month that goes on"))
        self.how.choices = [(Outcome.WORDS.value, gettext("It stays as it is")), taken_off]


class DaysForm(Form):
    days = IntegerField(lazy_gettext("Days to answer"), [InputRequired(), NumberRange(1, 90)])


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    name: str
    tenant: str
    words: str
    month: str
    document: str | None
    answer_by: date
    cents: int
    is_answered: bool
    outcome: str | None
    answer: str

    @property
    def is_late(self) -> bool:
        return not self.is_answered and self.answer_by < today()


@pages.get("/disputes")
@needs(Verb.CORRECT_SESSIONS)
def listed() -> str:
    """Those that wait first, the one that is due first on top."""
    return render_template("refusals/disputes.html", rows=_rows(), days=_days())


@pages.route("/disputes/<int:number>", methods=["GET", "POST"])
@needs(Verb.CORRECT_SESSIONS)
def answer(number: int) -> Answer:
    one = read_contested(number)
    if one.holder is not None:
        looked_at(one.holder, Looked.SESSION)
    document, is_statement = _document(one)
    left = one.line.net_cents if one.line else one.row.net_cents
    form = AnswerForm(data={"version": one.row.version, "cents": left})
    form.offer(document, is_statement)
    if form.validate_on_submit():
        try:
            _answer(one, form)
        except Stale:
            form.refuse("", gettext("Somebody has answered meanwhile."))
        except Refusal as refusal:
            form.refuse("cents" if "cent" in refusal.sentence else "", said(refusal))
        else:
            done(gettext("Answered. The tenant reads it, by mail, too."))
            return see_other(url_for("disputes.listed"))
    return form_page("refusals/dispute.html", form, one=one, document=document, Outcome=Outcome)


@pages.route("/disputes/days", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def days() -> Answer:
    form = DaysForm(data={"days": _days()})
    if form.validate_on_submit():
        told: dict[str, Any] = {"actor": actor().label, "now": now()}
        lab_settings.decide(disputes.SETTING, form.days.data, disputes.USUAL_DAYS, **told)
        done(gettext("Kept, for what is contested from now on."))
        return see_other(url_for("disputes.listed"))
    return form_page("refusals/dispute_days.html", form)


def _answer(one: Contested, form: AnswerForm) -> None:
    told: dict[str, Any] = {"lab": settings(), "actor": actor().label, "now": now()}
    number, words, version = one.row.id, form.reason.data or "", form.version.data
    match form.how.data:
        case Outcome.CREDITED:
            disputes.credit(number, form.cents.data or 0, words, version, zone=zone(), **told)
        case Outcome.ADJUSTED:
            line = one.line or abort(404)
            disputes.adjust(number, form.cents.data or 0, line, words, version, **told)
        case _:
            disputes.answer_with_words(number, words, version, **told)


def _document(one: Contested) -> tuple[str | None, bool]:
    number = one.line.document if one.line else None
    with reading():
        kind = db.session.scalar(select(Document.kind).where(Document.number == number)) if number else None
    return number, kind == disputes.STATEMENT


def _days() -> int:
    with reading():
        return int(lab_settings.decided(disputes.SETTING, disputes.USUAL_DAYS))


def _rows() -> list[Row]:
    wanted = (
        select(Dispute, Tenant.name, Document.number, Machine.name)
        .join(Payer, Payer.id == Dispute.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .outerjoin(Document, Document.id == Dispute.document_id)
        .outerjoin(UsageSession, UsageSession.id == Dispute.subject)
        .outerjoin(Machine, Machine.id == UsageSession.machine_id)
        .order_by(Dispute.answered_at.is_not(None), Dispute.answer_by, Dispute.id.desc())
        .limit(200)
    )
    with reading():
        return [
            Row(
                id=row.id,
                name=machine or gettext("Item"),
                tenant=tenant,
                words=row.words,
                month=row.month,
                document=document,
                answer_by=row.answer_by,
                cents=row.net_cents,
                is_answered=row.answered_at is not None,
                outcome=row.outcome,
                answer=row.answer,
            )
            for row, tenant, document, machine in db.session.execute(wanted)
        ]
