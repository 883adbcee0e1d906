"""The detail of a document by holder number: asked for with a reason, handed out as a file of its own, told to those in it."""

from flask import Blueprint
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response
from wtforms import RadioField
from wtforms.validators import InputRequired

from server.billing import detail
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.months import papers
from server.pages.months.about import document_named
from server.pages.privacy.looking import looked_at
from server.pages.refused import form_page, said
from server.privacy.viewing import Looked
from server.web.forms import ReasonForm
from server.web.here import now, zone
from server.web.needs import actor, needs

pages = Blueprint("detail", __name__)


class DetailForm(ReasonForm):
    """Who asked for it, and as what file."""

    kind = RadioField(
        lazy_gettext("File"),
        [InputRequired()],
        choices=[("csv", lazy_gettext("CSV, for a spreadsheet")), ("pdf", lazy_gettext("PDF, to be read"))],
        default="pdf",
    )


@pages.route("/documents/<number>/detail", methods=["GET", "POST"])
@needs(Verb.SEE_DETAIL, about=document_named)
def asked(number: str) -> Response | tuple[str, int]:
    """The page that asks for the reason; with it, the file."""
    form = DetailForm()
    if form.validate_on_submit():
        try:
            found = detail.hand_out(number, zone(), form.reason.data or "", actor=actor().label, now=now())
        except Refusal as refusal:
            form.refuse("reason", said(refusal))
        else:
            for holder in {row.holder for row in found.rows if row.holder is not None}:
                looked_at(holder, Looked.SESSIONS)
            return _file(number, found, form.kind.data)
    return form_page("documents/detail.html", form, paper=papers.paper(number))


def _file(number: str, found: detail.Detail, kind: str) -> Response:
    made = detail.as_csv(found) if kind == "csv" else detail.as_pdf(found)
    answer = Response(made, mimetype="text/csv" if kind == "csv" else "application/pdf")
    answer.headers["Content-Disposition"] = f"attachment; filename={number}-detail.{kind}"
    answer.headers["Cache-Control"] = "no-store"
    return answer
