"""A tenant's access is paused, from a moment on: decided by a named person, announced by letter, told to its members.

Called as ``server.people.service``, like everything about people; the rules are the same as there. Nothing suspends by
itself. What runs goes on to its end: a closed payer forbids the next start only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from server.accounts.letters import Letter, letter, moment_in_words, texts
from server.accounts.models import Account
from server.audit import service as audit
from server.db import db, expect_version, reading, writing
from server.jobs import service as jobs
from server.mail import service as mail
from server.mail.models import Mail
from server.people.models import Membership, Person, Tenant
from server.people.rows import tenant_by_code
from server.settings import Settings

_AT_ONCE = 20  # letters


@dataclass(frozen=True, slots=True)
class Papers:
    """Who decided it, the day of the letter, and how many days before the members are told by mail (None: they are not)."""

    decided_by: str = ""
    letter_on: date | None = None
    notice_days: int | None = None


def suspend_tenant(
    code: str,
    reason: str,
    since: datetime | None = None,
    papers: Papers = Papers(),
    *,
    version: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Close every payer of this tenant, for all holders, from now or a later moment on and until it is resumed."""
    with writing():
        tenant = tenant_by_code(code)
        expect_version(tenant, version)
        before = {"suspended_from": tenant.suspended_from}
        tenant.suspended_from = since or tenant.suspended_from or now
        tenant.suspended_reason = reason
        tenant.suspended_by, tenant.letter_on = papers.decided_by, papers.letter_on
        tenant.notice_days = papers.notice_days
        after = {"suspended_from": tenant.suspended_from, "decided_by": papers.decided_by}
        after |= {"letter_on": papers.letter_on, "notice_days": papers.notice_days}
        audit.record(actor, "suspend", "tenant", code, before, after, reason, now)
        jobs.announce("access", f"tenant:{code}", now)


def resume_tenant(code: str, reason: str = "", *, actor: str, now: datetime) -> None:
    with writing():
        tenant = tenant_by_code(code)
        before = {"suspended_from": tenant.suspended_from, "reason": tenant.suspended_reason}
        tenant.suspended_from, tenant.suspended_reason = None, ""
        tenant.suspended_by, tenant.letter_on, tenant.notice_days = "", None, None
        audit.record(actor, "resume", "tenant", code, before, {"suspended_from": None}, reason, now)
        jobs.announce("access", f"tenant:{code}", now)


def warn_members(lab: Settings, now: datetime) -> int:
    """Write to the members of tenants whose access is paused soon. May run at any time, and again: each is told once of
    each suspension. A few letters a transaction, as there may be a thousand. Returns how many tenants are near theirs."""
    with reading() as session:
        ahead = select(Tenant).where(Tenant.suspended_from > now, Tenant.notice_days.is_not(None))
        near = [one for one in session.scalars(ahead) if _is_near(one, now)]
        waiting = [(tenant, list(_untold(tenant, lab, now))) for tenant in near]
    for tenant, letters in waiting:
        for first in range(0, len(letters), _AT_ONCE):
            _tell(tenant.code, tenant.suspended_from, letters[first : first + _AT_ONCE], now)
    return len(near)


def _untold(tenant: Tenant, lab: Settings, now: datetime) -> Iterator[tuple[str, str, Letter]]:
    """What each letter is about, where it goes, and the letter."""
    pause = f"pause:{tenant.code}:{tenant.suspended_from:%Y%m%d%H%M}:"
    told = set(db.session.scalars(select(Mail.about).where(Mail.about.startswith(pause))))
    for holder, address, name, language in _members(tenant.id, now):
        if (about := f"{pause}{holder}") not in told:
            yield about, address, _letter(tenant, name, language, lab)


def _tell(code: str, since: datetime | None, letters: Iterable[tuple[str, str, Letter]], now: datetime) -> None:
    with writing():
        if tenant_by_code(code).suspended_from != since:
            return  # taken back meanwhile
        for about, address, written in letters:
            mail.write(address, written.subject, written.text, now, about)


def _is_near(tenant: Tenant, now: datetime) -> bool:
    begins, days = tenant.suspended_from, tenant.notice_days
    return begins is not None and days is not None and begins - timedelta(days=days) <= now


def _members(tenant_id: int, now: datetime) -> Iterator[tuple[int, str, str, str]]:
    """Where each member reads mail: where they log in, else the address that the desk has written down."""
    goes_on = or_(Membership.valid_until.is_(None), Membership.valid_until > now)
    wanted = (
        select(Membership.holder_number, Person, Account.email, Account.language)
        .join(Person, Person.holder_number == Membership.holder_number)
        .outerjoin(Account, (Account.holder_number == Membership.holder_number) & Account.ended_at.is_(None))
        .where(Membership.tenant_id == tenant_id, goes_on, Membership.ended_at.is_(None))
        .order_by(Membership.holder_number)
        .distinct()
    )
    for holder, person, login, language in db.session.execute(wanted):
        if address := login or person.email:
            yield holder, address, f"{person.given_name} {person.family_name}", language or person.language


def _letter(tenant: Tenant, name: str, language: str, lab: Settings) -> Letter:
    """Neutral: why is between the lab and the tenant."""
    gettext = texts(language)
    assert tenant.suspended_from is not None
    at = moment_in_words(tenant.suspended_from, language, lab)
    lines = (
        gettext("From %(moment)s on, machines cannot be started on behalf of %(tenant)s.")
        % {"moment": at, "tenant": tenant.name},
        gettext("What runs then goes on to its end. Your qualifications and your badge stay as they are."),
        gettext("Ask your company, or the desk, what comes next."),
    )
    return letter(name, language, gettext("Access through %(tenant)s pauses") % {"tenant": tenant.name}, lines, lab)
