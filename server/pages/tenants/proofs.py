"""Proofs of status of an address: what was seen, its file, and taking back one that turned out wrong."""

from typing import Any

from flask import Blueprint, abort, render_template, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.domain.pictures import PaperKind
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.refused import form_page, said
from server.pages.tenants.about import establishment_of
from server.pages.tenants.identity_forms import ProofForm
from server.pages.tenants.reads import Address, ProofRow, TenantFile, read_tenant
from server.pages.tenants.words import PROOFS
from server.paper.keeping import path_of
from server.people import service as people
from server.people.proofs import BELONGS_TO
from server.web import formats
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now, settings, today
from server.web.needs import actor, needs

pages = Blueprint("proofs", __name__)
_TYPES = {PaperKind.PDF: "application/pdf", PaperKind.JPG: "image/jpeg", PaperKind.PNG: "image/png"}


@pages.route("/tenants/<code>/addresses/<int:number>/proofs/new", methods=["GET", "POST"])
@needs(Verb.EDIT_TENANTS, about=establishment_of)
def new(code: str, number: int) -> Response | tuple[str, int]:
    file, address = _address(code, number)
    form = ProofForm(data={"dated_on": today()})
    if form.validate_on_submit():
        by: Any = {"today": today(), "actor": actor().label, "now": now()}
        try:
            row = people.add_proof(number, form.seen(), form.sent(), settings().documents_dir, **by)
        except Refusal as refusal:
            form.refuse("number" if "VIES" in refusal.sentence else "", said(refusal))
        else:
            done(gettext("The proof is kept. It will do until %(day)s.", day=formats.day(row.recheck_on)))
            return see_other(url_for("tenants.show", code=code))
    back = url_for("tenants.show", code=code)
    return form_page("tenants/proof.html", form, file=file, address=address, back=back)


@pages.get("/tenants/<code>/addresses/<int:number>/proofs/<int:proof>/file")
@needs(Verb.SEE_MONEY, about=establishment_of)
def document(code: str, number: int, proof: int) -> Response:
    """Photos are shown, a PDF is downloaded: nothing that was sent in runs here."""
    row = _proof(code, number, proof)
    if not row.file_sha256:
        abort(404)
    file, kind = path_of(settings().documents_dir, BELONGS_TO, row.file_sha256, row.file_kind), PaperKind(row.file_kind)
    if not file.exists():
        abort(404)
    is_pdf = kind is PaperKind.PDF
    return send_file(file.resolve(), _TYPES[kind], as_attachment=is_pdf, download_name=row.file_name, etag=True)


@pages.route("/tenants/<code>/addresses/<int:number>/proofs/<int:proof>/end", methods=["GET", "POST"])
@needs(Verb.EDIT_TENANTS, about=establishment_of)
def end(code: str, number: int, proof: int) -> Response | tuple[str, int]:
    file, address = _address(code, number)
    row, form = _proof(code, number, proof), ReasonForm()
    if form.validate_on_submit():
        try:
            people.take_back_proof(proof, form.reason.data or "", actor=actor().label, now=now())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The proof no longer counts."))
            return see_other(url_for("tenants.show", code=code))
    back = url_for("tenants.show", code=code)
    page = render_template(
        "tenants/proof_end.html", file=file, address=address, proof=row, form=form, back=back, kinds_of_proof=PROOFS
    )
    return page, 422 if form.errors or form.form_errors else 200


def _address(code: str, number: int) -> tuple[TenantFile, Address]:
    file = read_tenant(code, now())
    return file, next((one for one in file.addresses if one.id == number), None) or abort(404)


def _proof(code: str, number: int, proof: int) -> ProofRow:
    _, address = _address(code, number)
    return next((one for one in address.proofs if one.id == proof), None) or abort(404)
