"""The account map: what is booked on which account, from which day on; one decision more."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.domain.journal import AccountKind, Rule
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.exports import accounts
from server.pages.exports import forms, reads, words
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.here import now, today
from server.web.needs import actor, needs

pages = Blueprint("account_map", __name__)
Answer = Response | tuple[str, int]


@pages.get("/exports/accounts")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    lines = reads.account_lines(today())
    past = request.args.get("past") == "1"
    return render_template("exports/accounts.html", lines=lines, past=past, say=words, today=today())


@pages.route("/exports/accounts/new", methods=["GET", "POST"])
@needs(Verb.COLLECT)
def new() -> Answer:
    asked = {"what": request.args.get("what", ""), "since": today().replace(month=1, day=1)}
    form = forms.AccountForm(data=asked)
    form.what.choices = [(f"{kind}|{subject}", words.account(kind, subject)) for kind, subject in reads.bookable()]
    if form.validate_on_submit():
        kind, _, subject = form.what.data.partition("|")
        rule = Rule(AccountKind(kind), subject, form.account.data or "", form.since.data)
        try:
            accounts.decide(rule, form.reason.data or "", **_by())
        except Refusal as refusal:
            form.refuse("account", said(refusal))
        else:
            done(gettext("The account is decided."))
            return see_other(url_for("account_map.listed"))
    return form_page("exports/account.html", form)


@pages.post("/exports/accounts/usual")
@needs(Verb.COLLECT)
def usual() -> Response:
    """Begin with the accounts that are usual in France, where nothing is decided yet."""
    if not accounts.all_rules():
        for rule in accounts.first_rows(today().replace(month=1, day=1)):
            accounts.decide(rule, gettext("usual account, to be confirmed"), **_by())
        done(gettext("The usual accounts are there. Go through them with your accountant."))
    return see_other(url_for("account_map.listed"))


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
