"""Instruction records, on paper: of one person, of a tenant's people, of oneself; and how often a tenant wants it again."""

from flask import Blueprint, Response, abort, current_app, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.db import Stale, db, reading
from server.domain.intervals import Months
from server.domain.roles import Verb
from server.instruction.intervals import intervals, set_interval
from server.pages.instruction.forms import IntervalForm
from server.pages.instruction.record_page import record_pdf
from server.pages.instruction.record_reads import Record, records_of
from server.pages.people.about import holder_of
from server.pages.people.finding import members_of
from server.pages.refused import form_page
from server.pages.tenants.about import tenant_of
from server.people.models import Tenant
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now
from server.web.needs import actor, needs
from server.web.preferences import LANGUAGES

pages = Blueprint("records", __name__)

Answer = str | tuple[str, int] | AnyResponse


@pages.get("/people/<int:number>/instruction")
@needs(Verb.SEE_TRAINING, about=holder_of)
def show(number: int) -> str:
    with reading():
        (record,) = records_of([number], now())
    return render_template("instruction/record.html", record=record)


@pages.get("/people/<int:number>/instruction.pdf")
@needs(Verb.SEE_TRAINING, about=holder_of)
def of_person(number: int) -> Response:
    with reading():
        records = records_of([number], now())
    return _paper(records, records[0].language, "", f"instruction-{number}")


@pages.get("/me/instruction.pdf")
@needs(Verb.SEE_OWN)
def mine() -> Response:
    number = actor().holder or abort(404)
    with reading():
        records = records_of([number], now())
    return _paper(records, records[0].language, "", "instruction")


@pages.get("/tenants/<code>/instruction")
@needs(Verb.SEE_TRAINING, about=tenant_of)
def of_tenant(code: str) -> Answer:
    with reading():
        months, version = intervals([code])[code]
    values = {"months": months.adults, "months_minor": months.minors, "version": version}
    return _tenant_page(code, IntervalForm(data=values))


@pages.post("/tenants/<code>/instruction/interval")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def set_months(code: str) -> Answer:
    form = IntervalForm()
    if not form.validate_on_submit():
        return _tenant_page(code, form)
    months = Months(form.months.data or 1, form.months_minor.data or 1)
    try:
        set_interval(code, months, version=form.version.data, actor=actor().label, now=now())
    except Stale:
        with reading():
            other, version = intervals([code])[code]
        return conflict_page(form, {"months": other.adults, "months_minor": other.minors}, version or 1)
    done(gettext("Decided. Records say from now on when each person is due."))
    return see_other(url_for("records.of_tenant", code=code))


@pages.get("/tenants/<code>/instruction.pdf")
@needs(Verb.SEE_TRAINING, about=tenant_of)
def paper_of_tenant(code: str) -> Response:
    name, language, records = _of_tenant(code)
    return _paper(records, language, name, f"instruction-{code}")


def _of_tenant(code: str) -> tuple[str, str, list[Record]]:
    with reading():
        name, language = db.session.execute(select(Tenant.name, Tenant.language).where(Tenant.code == code)).one()
        return name, language, records_of(members_of(code, now()), now(), code)


def _paper(records: list[Record], language: str, tenant: str, name: str) -> Response:
    """In the reader's own choice of language (``?lang=``), else that of the person or of the tenant."""
    asked = request.args.get("lang", "")
    spoken = asked if asked in LANGUAGES else language
    called = current_app.jinja_env.filters["account_name"]
    pdf = record_pdf(records, spoken if spoken in LANGUAGES else LANGUAGES[0], tenant, called, now())
    answer = Response(pdf, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f"attachment; filename={name}.pdf"
    return answer


def _tenant_page(code: str, form: IntervalForm) -> Answer:
    name, _, records = _of_tenant(code)
    return form_page("instruction/tenant.html", form, code=code, name=name, records=records)
