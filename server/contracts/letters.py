"""Letters to a tenant's administrators and accountants: a budget is nearly used up, or is."""

from datetime import datetime
from typing import TYPE_CHECKING

from babel.dates import format_date
from babel.numbers import format_currency

from server.accounts.assignments import keepers_of
from server.accounts.letters import letter, texts
from server.domain.budgets import Span, Stage
from server.mail import service as mail
from server.settings import Settings
from server.web.preferences import LANGUAGES

if TYPE_CHECKING:
    from server.contracts.budgets import Known


def budget_used(one: "Known", span: Span, stage: Stage, spent_cents: int, lab: Settings, now: datetime) -> None:
    """In the caller's ``writing()``, once to each reader."""
    for account in keepers_of(one.tenant, now):
        gettext = texts(account.language)
        blanks = _blanks(one, span, spent_cents, account.language)
        if stage is Stage.REACHED:
            subject = gettext("Budget used up: %(whose)s") % blanks
            what = gettext("Nobody can start a machine for it any more. What runs goes on to its end.")
        else:
            subject = gettext("Budget used to 80 %%: %(whose)s") % blanks
            what = gettext("Machines still start for it. From 100 % on they do not.")
        lines = (
            gettext("%(spent)s of %(budget)s are spent since %(first)s, without VAT.") % blanks,
            what,
            gettext("You can look at it and change it here:"),
            f"{lab.web.url}/tenants/{one.tenant}/contracts",
        )
        written = letter(account.name, account.language, subject, lines, lab)
        mail.write(account.email, written.subject, written.text, now)


def _blanks(one: "Known", span: Span, spent_cents: int, language: str | None) -> dict[str, str]:
    spoken = language if language in LANGUAGES else LANGUAGES[0]

    def money(cents: int) -> str:
        return format_currency(cents / 100, "EUR", locale=spoken)

    return {
        "whose": one.cost_centre or one.tenant_name,
        "spent": money(spent_cents),
        "budget": money(one.rule.cents),
        "first": format_date(span.first, "long", locale=spoken),
    }
