"""A maker notes material on a session of one's own, on the phone, while it goes on or on the day it ended; and sees what
it costs."""

from typing import Any

from flask import Blueprint, abort, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.billing import item_corrections
from server.db import reading
from server.domain.items import BillItem
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.domain.supplies import WAYS
from server.pages.refused import form_page, said
from server.pages.sessions.about import session_of
from server.pages.supplies import forms, reads, words
from server.supplies import service as supplies
from server.web import formats
from server.web.answers import done, see_other
from server.web.here import now, settings, zone
from server.web.needs import actor, needs

pages = Blueprint("own_material", __name__)


@pages.route("/me/sessions/<session_id>/material", methods=["GET", "POST"])
@needs(Verb.SEE_OWN, about=session_of)
def note(session_id: str) -> Response | tuple[str, int]:
    with reading():
        is_open = supplies.is_own_of_today(session_id, actor().holder or 0, zone(), now())
    if not is_open:
        abort(404)
    form = forms.MaterialUsedForm()
    form.material.choices = reads.material_choices()
    form.offer(session_id)
    if form.validate_on_submit():
        told = (int(form.material.data), form.quantity.data, form.measured.data, supplies.Place(session=session_id))
        by: dict[str, Any] = {"actor": actor().label, "now": now()}
        try:
            number = item_corrections.note_material(*told, zone=zone(), real=not settings().demo, **by)
        except Refusal as refusal:
            form.refuse("measured" if "in that way" in refusal.sentence else "quantity", said(refusal))
        else:
            done(_cost(reads.noted_row(number)))
            return see_other(url_for("own_material.note", session_id=session_id))
    machine, payer = reads.session_words(session_id)
    rows = reads.noted_on_session(session_id)
    where = {"session": session_id, "machine": machine, "payer": payer, "back": url_for("me.page")}
    return form_page("supplies/own.html", form, rows=rows, say=words, WAYS=WAYS, **where)


def _cost(row: reads.NotedRow) -> str:
    if not isinstance(row.item, BillItem):
        return gettext("Noted. The lab has not said yet what it costs.")
    return gettext("Noted: %(amount)s without VAT.", amount=formats.money(row.item.net_cents))
