"""Issued documents: the list with what is unpaid and since when, one with its PDF, and that it was paid."""

from flask import Blueprint, abort, render_template, request, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.collecting import payments
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.audit.trails import told
from server.pages.months import forms, papers
from server.pages.months.about import document_named
from server.pages.months.standing import standing_of
from server.pages.refused import said
from server.web import formats
from server.web.answers import done, see_other
from server.web.here import now, settings, today
from server.web.needs import actor, needs

pages = Blueprint("documents", __name__)
Answer = tuple[str, int] | Response

# The page of a document shows its PDF in a frame; nothing else may, and a PDF loads nothing.
_IN_OUR_FRAME = "default-src 'self'; base-uri 'none'; frame-ancestors 'self'"


@pages.get("/documents")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    asked = papers.Asked(
        request.args.get("q", "").strip(), request.args.get("month", ""), papers.show_of(request.args.get("show"))
    )
    return render_template(
        "documents/list.html",
        page=papers.find_documents(asked, settings().demo, today()),
        asked=asked,
        unpaid=papers.unpaid(settings().demo, today()),
        months=papers.months(settings().demo),
        Show=papers.Show,
        today=today(),
    )


@pages.get("/documents/<number>")
@needs(Verb.SEE_MONEY, about=document_named)
def show(number: str) -> Answer:
    return document_page(number)


@pages.get("/documents/<number>/pdf")
@needs(Verb.SEE_MONEY, about=document_named)
def pdf(number: str) -> Response:
    return pdf_answer(number)


@pages.get("/documents/<number>/xml")
@needs(Verb.SEE_MONEY, about=document_named)
def xml(number: str) -> Response:
    """The invoice for programs, as it is in the PDF, too; 404 where the document is none."""
    file = settings().documents_dir / f"{number}.xml"
    if not file.is_file():
        abort(404)
    answer = send_file(file, mimetype="application/xml", as_attachment=True, download_name=file.name, max_age=0)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@pages.post("/documents/<number>/paid")
@needs(Verb.COLLECT, about=document_named)
def paid(number: str) -> Answer:
    form = forms.PaidForm()
    if form.validate_on_submit() and form.day.data is not None:
        try:
            payments.pay_whole(number, form.day.data, today(), actor=actor().label, now=now())
        except Refusal as refusal:
            form.refuse("day", said(refusal))
        else:
            text = gettext("%(number)s is paid, on %(day)s.", number=number, day=formats.day(form.day.data))
            done(text, url_for("documents.unpaid", number=number, month=request.args.get("month")))
            return see_other(_back(number))
    return document_page(number, paid=form)


@pages.post("/documents/<number>/unpaid")
@needs(Verb.COLLECT, about=document_named)
def unpaid(number: str) -> Response:
    try:
        payments.take_back_last(number, today(), actor=actor().label, now=now())
    except Refusal as refusal:
        done(said(refusal))
    else:
        done(gettext("%(number)s is not paid.", number=number))
    return see_other(_back(number))


def pdf_answer(number: str) -> Response:
    """The file of a document that is there, to be shown in a frame of ours or kept; 404 while it is being written."""
    file = settings().documents_dir / f"{number}.pdf"
    if not file.is_file():
        abort(404)
    wanted = request.args.get("download") == "1"
    answer = send_file(file, mimetype="application/pdf", as_attachment=wanted, download_name=file.name, max_age=0)
    answer.headers["Content-Security-Policy"] = _IN_OUR_FRAME
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def document_page(
    number: str,
    *,
    paid: forms.PaidForm | None = None,
    platform: forms.PlatformForm | None = None,
    external: forms.ExternalForm | None = None,
) -> Answer:
    """A document with its forms; one that was sent and refused says so at its fields."""
    paper = papers.paper(number)
    standing = standing_of(number)
    invoiced = {"number": standing.external_number, "day": standing.external_on or today()}
    shown = render_template(
        "documents/document.html",
        paper=paper,
        content=paper.content,
        standing=standing,
        form=paid or forms.PaidForm(formdata=None, data={"day": today()}),
        platform=platform or forms.PlatformForm(formdata=None, data={"day": today()}),
        external=external or forms.ExternalForm(formdata=None, data=invoiced),
        trail=told(audit.trail("document", number)),
        today=today(),
    )
    return shown, 422 if paid or platform or external else 200


def _back(number: str) -> str:
    """Where the payment was noted from: a month, or the document itself."""
    month = request.args.get("month")
    return url_for("months.show", month=month) if month else url_for("documents.show", number=number)
