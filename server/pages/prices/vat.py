"""The pages about the VAT table: every cell and what is missing, a decision, and the end of one.

A cell is decided by a person, with a reason; a proposal only fills the form in.
"""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.billing import service as billing
from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.domain.vat import Nature
from server.pages.audit.trails import told
from server.pages.prices import forms, vat_reads, words
from server.pages.refused import form_page, said
from server.web import formats
from server.web.answers import done, see_other
from server.web.here import now, today
from server.web.needs import actor, needs

pages = Blueprint("vat", __name__)


@pages.get("/vat")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    past = request.args.get("past") == "1"
    return render_template("prices/vat.html", table=vat_reads.vat_table(today()), past=past, say=words)


@pages.route("/vat/new", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def new() -> Response | tuple[str, int]:
    treatment = request.args.get("treatment", "")
    proposal = vat_reads.proposal_for(treatment)
    form = forms.VatForm(data={**_proposed(treatment), "since": today()})
    form.offer(vat_reads.treatments_in_use())
    if form.validate_on_submit():
        try:
            _decide(form)
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The cell is decided from %(day)s on, in your name.", day=formats.day(form.since.data)))
            return see_other(url_for("vat.listed"))
    return form_page("prices/vat_new.html", form, proposal=proposal, say=words)


@pages.get("/vat/<int:number>")
@needs(Verb.SEE_MONEY)
def shown(number: int) -> str:
    cell = vat_reads.cell(number, today())
    trail = told(audit.trail("vat_cell", number))
    return render_template("prices/vat_one.html", cell=cell, trail=trail, say=words)


@pages.route("/vat/<int:number>/end", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def end(number: int) -> Response | tuple[str, int]:
    cell = vat_reads.cell(number, today())
    form = forms.EndForm(data={"until": max(today(), cell.since), "version": cell.version})
    if form.validate_on_submit():
        wanted = (number, form.until.data, form.reason.data or "", form.version.data)
        try:
            billing.end_vat_cell(*wanted, **_by())
        except Stale:
            form.refuse("", gettext("Somebody has changed this cell in the meantime. Look at it again, then decide."))
        except Refusal as refusal:
            form.refuse("until", said(refusal))
        else:
            done(gettext("The cell no longer holds from %(day)s on.", day=formats.day(form.until.data)))
            return see_other(url_for("vat.listed"))
    used = vat_reads.establishments_with(cell.treatment, today())
    return form_page("prices/vat_end.html", form, cell=cell, used=used, say=words)


def _decide(form: forms.VatForm) -> None:
    billing.add_vat_cell(
        form.regime.data,
        form.treatment.data,
        Nature(form.nature.data),
        form.category.data,
        form.rate.data or 0,
        form.mention.data or "",
        form.since.data,
        form.reason.data or "",
        **_by(),
    )


def _proposed(treatment: str) -> dict[str, Any]:
    """What the form begins with: what the law texts suggest for this treatment, or only the treatment. The reason is
    left to the person who decides."""
    proposal = vat_reads.proposal_for(treatment)
    if proposal is None:
        return {"treatment": treatment} if treatment else {}
    return {
        "treatment": proposal.treatment,
        "category": proposal.category,
        "rate": proposal.rate_bp,
        "mention": proposal.mention,
    }


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
