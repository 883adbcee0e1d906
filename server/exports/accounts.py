"""The account map of the sales journal: dated rows that the accountant decides; what was decided before stays as it was."""

import re
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select

from server.audit import service as audit
from server.billing.errors import BillingError
from server.db import db, reading, writing
from server.domain.journal import AccountKind, Accounts, Rule
from server.domain.vat import CATEGORIES, TAXED, Nature
from server.exports.models import AccountRule
from server.jobs import service as jobs

_ACCOUNT = re.compile(r"[0-9A-Z]{3,20}")


def all_rules() -> list[Rule]:
    """Every row, the oldest first."""
    wanted = select(AccountRule).order_by(AccountRule.kind, AccountRule.subject, AccountRule.valid_from)
    with reading() as session:
        rows = session.scalars(wanted).all()
    return [Rule(AccountKind(row.kind), row.subject, row.account, row.valid_from) for row in rows]


def account_map() -> Accounts:
    return Accounts(all_rules())


def decide(rule: Rule, reason: str, *, actor: str, now: datetime) -> None:
    """From a day on this is the account. A second decision for the same day puts the first right; both stand in the journal."""
    account = rule.account.strip().upper()
    if not _ACCOUNT.fullmatch(account):
        raise BillingError("An account is written in digits and capital letters: 411000, 411ACME.")
    _known(rule.kind, rule.subject)
    with writing() as session:
        same = select(AccountRule).where(AccountRule.kind == rule.kind, AccountRule.subject == rule.subject)
        row = session.scalar(same.where(AccountRule.valid_from == rule.valid_from))
        before = _in_force(rule)
        if row is None:
            row = AccountRule(kind=rule.kind, subject=rule.subject, valid_from=rule.valid_from)
            session.add(row)
        row.account, row.reason, row.decided_by, row.decided_at = account, reason, actor, now
        subject = f"{rule.kind}:{rule.subject}"
        after = {"account": account, "valid_from": rule.valid_from}
        audit.record(actor, "decide", "account_rule", subject, {"account": before}, after, reason, now)
        jobs.announce("document", subject, now)


def _in_force(rule: Rule) -> str | None:
    wanted = select(AccountRule.account).where(
        AccountRule.kind == rule.kind, AccountRule.subject == rule.subject, AccountRule.valid_from <= rule.valid_from
    )
    found: str | None = db.session.scalar(wanted.order_by(AccountRule.valid_from.desc()).limit(1))
    return found


def _known(kind: AccountKind, subject: str) -> None:
    """An account is decided for something there can be; a tenant's code is not asked for, it may come later."""
    match kind:
        case AccountKind.REVENUE:
            nature, _, category = subject.partition(":")
            is_known = nature in set(Nature) and category in CATEGORIES
        case AccountKind.CUSTOMER:
            is_known = bool(subject) and len(subject) <= 60
        case _:
            is_known = subject.isdigit() and 0 < int(subject) <= 10_000
    if not is_known:
        raise BillingError("There is nothing of this kind to book.")


def first_rows(day: date) -> Iterable[Rule]:
    """What a French lab usually begins with: proposed, and decided row by row."""
    yield Rule(AccountKind.CUSTOMER, "*", "411000", day)
    for nature, account in _USUAL.items():
        yield Rule(AccountKind.REVENUE, f"{nature}:{TAXED}", account, day)
    yield Rule(AccountKind.VAT, "2000", "445710", day)
    yield Rule(AccountKind.VAT_WAITING, "2000", "445740", day)


_USUAL = {
    Nature.MACHINE_USE: "706000",
    Nature.OPEN_COURSE: "706000",
    Nature.TENANT_TRAINING: "706000",
    Nature.OPERATOR_SERVICE: "706000",
    Nature.GOODS: "707000",
    Nature.MATERIAL_IN_SERVICE: "706000",
    Nature.SUBSCRIPTION: "706000",
    Nature.FEE: "708000",
}
