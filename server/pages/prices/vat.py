"""The pages about the VAT table: every cell and what is missing, a decision, proposals taken over, and the end of one.

A cell is decided by a person, with a reason; a proposal only fills the form in, or is taken over in that person's name.
"""

from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.billing import service as billing
from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.domain.vat import Nature, Regime
from server.domain.vat_proposals import Proposal, proposals_for
from server.pages.audit.trails import told
from server.pages.prices import forms, vat_forms, vat_reads, vat_words, words
from server.pages.refused import form_page, said
from server.web import formats
from server.web.answers import done, see_other
from server.web.here import now, today
from server.web.needs import actor, needs

pages = Blueprint("vat", __name__)


@pages.get("/vat")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    table = vat_reads.vat_table(today(), _regime())
    column = table.column(request.args.get("nature", "") or _first_missing(table))
    past = request.args.get("past") == "1"
    return render_template(
        "prices/vat.html", table=table, column=column, past=past, say=words, law=vat_words, regimes=tuple(Regime)
    )


@pages.route("/vat/new", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def new() -> Response | tuple[str, int]:
    proposals = _proposals()
    form = vat_forms.VatForm(data={**_begins_with(proposals), "since": today()})
    form.offer(vat_reads.treatments_in_use())
    if form.validate_on_submit():
        try:
            _decide(form)
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The cell is decided from %(day)s on, in your name.", day=formats.day(form.since.data)))
            return see_other(url_for("vat.listed", nature=form.nature.data, regime=form.regime.data))
    others = [one for one in proposals[1:] if request.args.get("other") != "1"]
    return form_page("prices/vat_new.html", form, proposals=proposals, others=others, say=words, law=vat_words)


@pages.route("/vat/proposals", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def proposed() -> Response | tuple[str, int]:
    """The proposals of one nature for all treatments that nobody has decided yet, to be taken over together."""
    table = vat_reads.vat_table(today(), _regime())
    nature = request.args.get("nature", "") or _first_missing(table)
    column = table.column(nature) if nature in set(Nature) else abort(404)
    offered = {row.treatment: row.proposals[0] for row in column.open}
    sure = [treatment for treatment, one in offered.items() if one.doubt is None]
    form = vat_forms.ColumnForm(data={"since": today(), "chosen": sure})
    form.chosen.choices = [(treatment, words.treatment(treatment)) for treatment in offered]
    if form.validate_on_submit():
        taken = [offered[treatment] for treatment in form.chosen.data or ()]
        try:
            billing.accept_proposals(taken, form.since.data, form.reason.data or "", **_by())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            count = ngettext("%(num)d cell is decided", "%(num)d cells are decided", len(taken))
            done(gettext("%(count)s, in your name.", count=count))
            return see_other(url_for("vat.listed", nature=nature, regime=table.regime))
    return form_page(
        "prices/vat_column.html", form, table=table, column=column, offered=offered, say=words, law=vat_words
    )


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
            return see_other(url_for("vat.listed", nature=cell.nature, regime=cell.regime))
    used = vat_reads.establishments_with(cell.treatment, today())
    return form_page("prices/vat_end.html", form, cell=cell, used=used, say=words)


def _regime() -> str:
    """The one asked for; without a choice the seller's own counts."""
    asked = request.args.get("regime", "")
    return asked if asked in set(Regime) else ""


def _first_missing(table: vat_reads.Table) -> str:
    return next((one.nature for one in table.columns if one.missing), Nature.MACHINE_USE.value)


def _decide(form: vat_forms.VatForm) -> None:
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


def _proposals() -> tuple[Proposal, ...]:
    """What the law texts suggest for the cell that the address names."""
    regime = _regime() or vat_reads.vat_table(today()).regime
    nature = request.args.get("nature", Nature.MACHINE_USE.value)
    return proposals_for(regime, request.args.get("treatment", ""), nature)


def _begins_with(proposals: tuple[Proposal, ...]) -> dict[str, Any]:
    """What the form begins with: a proposal, or only the cell. The reason is left to the person who decides."""
    asked = {name: request.args[name] for name in ("treatment", "nature", "regime") if request.args.get(name)}
    if not proposals:
        return asked
    one = proposals[-1 if request.args.get("other") == "1" else 0]
    cell = {"treatment": one.treatment, "nature": one.nature, "regime": one.regime}
    return cell | {"category": one.category, "rate": one.rate_bp, "mention": one.mention}


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
