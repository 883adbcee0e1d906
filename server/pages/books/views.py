"""What a tenant's administrator or accountant sees: one month in hours and money, and the invoices to download."""

import re
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.billing.models import Document
from server.contracts import service as contracts
from server.db import db, reading
from server.domain.period import month_of, period_of
from server.domain.roles import About, Role, ScopeKind, Verb
from server.pages.books.reads import read_books
from server.pages.books.uses import names_of
from server.pages.contracts.left import left_to_tenant
from server.pages.months.documents import pdf_answer
from server.pages.supplies import words
from server.people.models import Establishment, Tenant
from server.supplies.service import Item, bill_items
from server.web.answers import see_other
from server.web.here import now, settings, zone
from server.web.needs import actor, allowed, needs

pages = Blueprint("books", __name__)
pages.add_app_template_global(lambda code: About(tenant=code), "of_tenant")
_MONTH = re.compile(r"2[0-9]{3}-(0[1-9]|1[0-2])")  # no lab is older, and the calendar of our libraries ends somewhere


def tenant_of(code: str, **others: Any) -> About:
    with reading():
        known = db.session.scalar(select(Tenant.code).where(Tenant.code == code))
    return About(tenant=known) if known else abort(404)


@pages.get("/books")
@needs(Verb.LOGGED_IN)
def own() -> AnyResponse:
    """To the books of the first tenant that the one who asks is there for."""
    for given in actor().assignments:
        if given.kind is ScopeKind.TENANT and given.role in {Role.TENANT_ADMIN, Role.TENANT_ACCOUNTANT}:
            return see_other(url_for("books.month", code=given.scope))
    return see_other("/")


@pages.get("/tenants/<code>/books")
@needs(Verb.SEE_TENANT_BOOKS, about=tenant_of)
def month(code: str) -> str:
    chosen, current = asked_month()
    before, after = beside(chosen)
    books = read_books(code, period_of(chosen, zone()), period_of(before, zone()), now())
    sees_names = allowed(Verb.MANAGE_MEMBERS, About(tenant=code)) and names_of(code) is not None
    told = {"month": chosen, "before": before, "after": after if chosen < current else None}
    return render_template(
        "books/month.html",
        books=books,
        sees_names=sees_names,
        items=_items(code, chosen),
        say=words,
        left=left_to_tenant(code) if chosen == current else None,
        **told,
    )


def _items(code: str, month: str) -> list[Item]:
    """What is billed beside the hours."""
    with reading():
        tenant = db.session.scalars(select(Tenant.id).where(Tenant.code == code)).one()
        period = period_of(month, zone())
        return [*bill_items(period, settings().demo, tenant), *contracts.bill_items(period, [tenant])]


def asked_month() -> tuple[str, str]:
    """The month that the address asks for, no later than the present one; and the present one."""
    current = month_of(now(), zone())
    asked = request.args.get("month", current)
    return (asked if _MONTH.fullmatch(asked) and asked <= current else current), current


@pages.get("/tenants/<code>/books/<number>.pdf")
@needs(Verb.SEE_TENANT_BOOKS, about=tenant_of)
def paper(code: str, number: str) -> AnyResponse:
    """One of the tenant's own documents; 404 for another's, and while it is being written."""
    wanted = (
        select(Document.id)
        .join(Establishment, Establishment.id == Document.establishment_id)
        .join(Tenant, Tenant.id == Establishment.tenant_id)
        .where(Tenant.code == code, Document.number == number, Document.state == "issued")
    )
    with reading():
        is_theirs = db.session.scalar(wanted) is not None
    return pdf_answer(number) if is_theirs else abort(404)


def beside(month: str) -> tuple[str, str]:
    """The month before, and the one after."""
    year, number = int(month[:4]), int(month[5:])
    earlier = f"{year - (number == 1)}-{(number - 2) % 12 + 1:02}"
    later = f"{year + (number == 12)}-{number % 12 + 1:02}"
    return earlier, later
