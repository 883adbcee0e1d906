"""The letter that tells a tenant's own people what became of a line they contested. Written in the same transaction.

It names machine and amount and no person; who was there reads the outcome on their own page.
"""

from datetime import datetime
from decimal import Decimal

from babel.numbers import format_currency
from sqlalchemy import select

from server.accounts.assignments import keepers_of
from server.accounts.letters import letter, texts
from server.billing.models import Dispute
from server.db import db
from server.mail import service as mail
from server.people.models import Payer, Tenant
from server.settings import Settings


def answered(row: Dispute, lab: Settings, now: datetime) -> None:
    tenant: str = db.session.scalars(
        select(Tenant.code).join(Payer, Payer.tenant_id == Tenant.id).where(Payer.id == row.payer_id)
    ).one()
    for account in keepers_of(tenant, now):
        gettext = texts(account.language)
        lines = [
            gettext("The lab has answered about the line of %(month)s that you contested.") % {"month": row.month},
            _outcome(row, account.language),
            gettext("In its words: %(answer)s") % {"answer": row.answer},
            f"{lab.web.url}/tenants/{tenant}/disputes/{row.id}",
        ]
        written = letter(account.name, account.language, gettext("What you contested: the answer"), tuple(lines), lab)
        mail.write(account.email, written.subject, written.text, now)


def _outcome(row: Dispute, language: str | None) -> str:
    gettext = texts(language)
    amount = format_currency(Decimal(row.settled_cents) / 100, "EUR", locale=language or "fr")
    match row.outcome:
        case "adjusted":
            return gettext("%(amount)s without VAT is taken off on the document to come.") % {"amount": amount}
        case "credited":
            return gettext("%(amount)s without VAT is taken off by the credit note %(number)s.") % {
                "amount": amount,
                "number": row.settled_by,
            }
        case _:
            return gettext("It stays as it is.")
