"""Open items on any day, by tenant and document, with their age; and a tenant's own."""

from datetime import date

from flask import Blueprint, render_template, request
from sqlalchemy import select

from server.collecting.open_items import by_age, open_accounts
from server.db import db, reading
from server.domain.payments import Age
from server.domain.roles import Verb
from server.pages.books.views import tenant_of
from server.pages.collecting import reads, words
from server.people.models import Tenant
from server.web.fields import Day
from server.web.forms import Form
from server.web.here import settings, today
from server.web.needs import needs
from server.web.paging import page_of

pages = Blueprint("collecting", __name__)
pages.add_app_template_global(reads.payments_of, "payments_of")
pages.add_app_template_global(words.means, "means_words")
pages.add_app_template_global(words.step, "mail_step")
_TENANTS_A_PAGE = 30


class DayForm(Form):
    """The day on which it is asked what was open; it stands in the address."""

    class Meta(Form.Meta):
        csrf = False

    day = Day()


@pages.get("/collecting")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    day = asked_day()
    accounts = open_accounts(day, settings().demo)
    ages = by_age(accounts)
    return render_template(
        "collecting/open.html",
        page=page_of(sorted(accounts, key=lambda one: -one.owed_cents), _TENANTS_A_PAGE),
        ages=ages,
        open_cents=sum(ages.values()),
        late_cents=sum(cents for age, cents in ages.items() if age is not Age.NOT_DUE),
        credit_cents=sum(account.credit_cents for account in accounts),
        day=day,
        is_today=day == today(),
        say=words,
        Age=Age,
    )


@pages.get("/tenants/<code>/open")
@needs(Verb.SEE_TENANT_BOOKS, about=tenant_of)
def of_tenant(code: str) -> str:
    """What a tenant has open itself."""
    accounts = open_accounts(today(), settings().demo, code)
    with reading():
        name = db.session.scalars(select(Tenant.name).where(Tenant.code == code)).one()
    account = accounts[0] if accounts else None
    return render_template("collecting/tenant.html", code=code, name=name, account=account, say=words, today=today())


def asked_day() -> date:
    """The day in the address, or today."""
    asked = DayForm(request.args)
    found: date | None = asked.day.data if asked.validate() else None
    return found or today()
