"""Mails of a document: sent again, to this address or another; noted that one came back."""

from typing import Any

from flask import Blueprint, abort, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import InputRequired, Length, Regexp

from server.billing.models import Document
from server.collecting import mails
from server.collecting.models import DocumentMail
from server.db import reading
from server.domain.refusals import Refusal
from server.domain.roles import THE_LAB, About, Verb
from server.pages.months.about import document_named
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.forms import Day, Form
from server.web.here import now, settings, today
from server.web.needs import actor, needs

pages = Blueprint("outgoing", __name__)
pages.add_app_template_global(mails.attempts, "mails_of")
Answer = Response | tuple[str, int]


def mail_numbered(number: int, **others: Any) -> About:
    with reading() as session:
        return THE_LAB if session.get(DocumentMail, number) is not None else abort(404)


class SendForm(Form):
    address = StringField(
        lazy_gettext("Send it to"),
        [InputRequired(), Length(max=200), Regexp(r"[^@\s]+@[^@\s]+", message=lazy_gettext("Type a mail address."))],
    )


class BounceForm(Form):
    day = Day(lazy_gettext("It came back on"), [InputRequired()])
    words = StringField(lazy_gettext("What the mail says"), [InputRequired(), Length(max=300)])


@pages.route("/documents/<number>/mail", methods=["GET", "POST"])
@needs(Verb.COLLECT, about=document_named)
def send(number: str) -> Answer:
    before = mails.attempts(number)
    form = SendForm(data={"address": before[0].recipient if before else _first_address(number)})
    if form.validate_on_submit():
        try:
            mails.send_again(number, form.address.data or "", settings(), actor=actor().label, now=now())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("%(number)s is on its way.", number=number))
            return see_other(url_for("documents.show", number=number))
    return form_page("collecting/mail.html", form, number=number, has_server=settings().smtp is not None)


@pages.route("/document-mails/<int:number>/bounced", methods=["GET", "POST"])
@needs(Verb.COLLECT, about=mail_numbered)
def bounced(number: int) -> Answer:
    with reading() as session:
        row = session.get_one(DocumentMail, number)
        document = session.get_one(Document, row.document_id).number
    form = BounceForm(data={"day": today()})
    if form.validate_on_submit():
        try:
            mails.note_bounce(number, form.day.data, form.words.data or "", actor=actor().label, now=now())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("It is noted. Send it again to another address."))
            return see_other(url_for("documents.show", number=document))
    return form_page("collecting/bounced.html", form, document=document, recipient=row.recipient)


def _first_address(number: str) -> str:
    with reading() as session:
        document = session.scalars(select(Document).where(Document.number == number)).one()
        found = mails.recipients(document, now())
    return found[0] if found else ""
