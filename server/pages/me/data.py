"""Everything the lab keeps about one person, to take away, in a form that a program can read.

Of others who had to do with him their role is named, not who they are.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from server.accounts.models import Account, RoleAssignment, WebSession
from server.audit.service import Entry, trail_of
from server.billing.models import ChargeRefusal, Dispute
from server.bookings.models import Booking
from server.db import db, reading
from server.handouts.models import Handout, HandoutLine
from server.machines.models import Machine
from server.mail.models import Mail
from server.pages.instruction.own_data import learning_data
from server.pages.me.reads import sessions_of
from server.pages.people.reads import Held, read_file
from server.people.models import EmergencyContact, Master, Membership, Payer, PayerRule
from server.privacy.forgetting import addresses
from server.privacy.requests import requests
from server.privacy.viewing import looks_at
from server.supplies.models import Material, Noted
from server.usage.models import Denial, Notice, SessionDecision, UsageSession


def my_data(holder: int) -> dict[str, Any]:
    """Of the person, the login, every session with what was decided about it, every refused tap, what boxes told,
    every master badge, every change."""
    file = read_file(holder, sees_sessions=False, entries=None)
    with reading():
        account = db.session.scalars(select(Account).where(Account.holder_number == holder)).one_or_none()
        changes = [*file.trail, *(trail_of([("account", account.id)], None) if account else [])]
        return asdict(file) | {
            "account": _login(account) if account else None,
            "skills": _skills(file.skills),
            "uses": _uses(holder),
            "bookings": _bookings(holder),
            **learning_data(holder),
            "refused": _refused(holder),
            "told_by_boxes": _told_by_boxes(holder),
            "master_badges": _master_badges(holder),
            "hand_outs": _hand_outs(holder),
            "payer_rules": _payer_rules(holder),
            "refused_charges": _refused_charges(holder),
            "contested_charges": _contested_charges(holder),
            "noted": _noted(holder),
            "emergency_contact": _emergency_contact(holder),
            "trail": _trail(changes),
            "mails": _mails(holder),
            "looked_at": _looks(holder),
            "requests": [{**asdict(one), "kind": one.kind.value} for one in requests(holder)],
        }


def _login(account: Account) -> dict[str, Any]:
    """What one logs in with, but no secret."""
    roles = select(
        *(RoleAssignment.role, RoleAssignment.scope_kind, RoleAssignment.scope),
        *(RoleAssignment.valid_from, RoleAssignment.valid_until),
    ).where(RoleAssignment.account_id == account.id)
    browsers = select(WebSession.began_at, WebSession.seen_at, WebSession.ended_at, WebSession.browser)
    return {
        "email": account.email,
        "name": account.name,
        "language": account.language,
        "created_at": account.created_at,
        "second_factor": account.totp_secret is not None,
        "roles": _rows(roles),
        "logins": _rows(browsers.where(WebSession.account_id == account.id)),
    }


def _rows(wanted: Any) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in db.session.execute(wanted)]  # noqa: SLF001 — SQLAlchemy's public name


def _uses(holder: int) -> list[dict[str, Any]]:
    decided: dict[str, list[dict[str, Any]]] = defaultdict(list)
    about = select(SessionDecision).join(UsageSession, UsageSession.id == SessionDecision.session_id)
    for one in db.session.scalars(about.where(UsageSession.holder_number == holder).order_by(SessionDecision.id)):
        said = {"at": one.at, "counted_s": one.counted_s, "not_charged": one.free, "reason": one.reason}
        decided[one.session_id].append(said)
    return [{**_as_kept(*row), "decided": decided[row[0].id]} for row in db.session.execute(sessions_of(holder))]


def _as_kept(row: UsageSession, code: str, name: str, label: str) -> dict[str, Any]:
    measured = {"occupied_s": row.occupied_s, "powered_s": row.powered_s, "running_s": row.running_s, "wh": row.wh}
    apart = {"cooldown_s": row.cooldown_s, "gap_s": row.gap_s, "metered_s": row.metered_s}
    when = {"started_at": row.started_at, "ended_at": row.ended_at, "end_reason": row.end_reason}
    how = {"payer_chosen": row.payer_chosen, "continues": row.continues, "master": row.master}
    return {
        "session": row.id,
        "machine": code,
        "machine_name": name,
        "payer": label,
        **when,
        **measured,
        **apart,
        **how,
    }


def _refused(holder: int) -> list[dict[str, Any]]:
    told = select(Denial.at, Machine.code, Denial.reasons).join(Machine, Machine.id == Denial.machine_id)
    return [
        _refusal(*row) for row in db.session.execute(told.where(Denial.holder_number == holder).order_by(Denial.at))
    ]


def _refusal(at: datetime, machine: str, reasons: list[str]) -> dict[str, Any]:
    return {"at": at, "machine": machine, "reasons": reasons}


def _told_by_boxes(holder: int) -> list[dict[str, Any]]:
    """Problems reported or cleared with a badge of this person, and whatever else the boxes told of them."""
    told = select(Notice.at, Notice.kind, Machine.code.label("machine"), Notice.session, Notice.seconds, Notice.until)
    told = told.join(Machine, Machine.id == Notice.machine_id).where(Notice.holder_number == holder)
    return _rows(told.order_by(Notice.at))


def _bookings(holder: int) -> list[dict[str, Any]]:
    kept = select(Machine.code.label("machine"), Booking.begins, Booking.ends, Booking.note, Booking.made_at)
    kept = kept.add_columns(Booking.cancelled_at, Booking.cancelled_reason, Booking.released_at, Booking.outcome)
    kept = kept.join(Machine, Machine.id == Booking.machine_id).where(Booking.holder_number == holder)
    return _rows(kept.order_by(Booking.begins))


def _master_badges(holder: int) -> list[dict[str, Any]]:
    """Of the PIN nothing: the digest is a secret of the boxes."""
    given = select(Master.given_at, Master.ended_at, Payer.label.label("payer"))
    given = given.join(Payer, Payer.id == Master.payer_id).where(Master.holder_number == holder)
    return [{**row, "given_by": "staff"} for row in _rows(given.order_by(Master.given_at))]


def _hand_outs(holder: int) -> list[dict[str, Any]]:
    """The lists on which this person was to get a badge."""
    told = select(Handout.label, Handout.begun_at, HandoutLine.given_at, HandoutLine.returned_at)
    told = told.join(HandoutLine, HandoutLine.handout_id == Handout.id).where(HandoutLine.holder_number == holder)
    return _rows(told.order_by(Handout.id))


def _payer_rules(holder: int) -> list[dict[str, Any]]:
    rules = select(
        *(Payer.label.label("payer"), PayerRule.weekdays, PayerRule.begins, PayerRule.ends),
        *(PayerRule.machines, PayerRule.categories),
    )
    rules = rules.join(Membership, Membership.id == PayerRule.membership_id)
    rules = rules.join(Payer, Payer.id == Membership.payer_id).where(Membership.holder_number == holder)
    days = [{**row, "begins": str(row["begins"]), "ends": str(row["ends"])} for row in _rows(rules)]
    return sorted(days, key=lambda row: (row["payer"], row["begins"]))


def _refused_charges(holder: int) -> list[dict[str, Any]]:
    """What payers did not want to pay for; of who said so, only the payer."""
    told = select(
        *(ChargeRefusal.session_id, Payer.label.label("payer"), ChargeRefusal.refused_at, ChargeRefusal.reason),
        *(ChargeRefusal.answered_at, ChargeRefusal.is_charged, ChargeRefusal.answer),
    )
    told = told.join(Payer, Payer.id == ChargeRefusal.payer_id)
    told = told.join(UsageSession, UsageSession.id == ChargeRefusal.session_id)
    return _rows(told.where(UsageSession.holder_number == holder).order_by(ChargeRefusal.refused_at))


def _contested_charges(holder: int) -> list[dict[str, Any]]:
    """Lines that a payer contested; since when it has read the clock times, and what the lab answered."""
    told = select(
        *(Dispute.subject.label("session"), Payer.label.label("payer"), Dispute.raised_at, Dispute.words),
        *(Dispute.seen_at.label("times_seen_at"), Dispute.answered_at, Dispute.outcome, Dispute.answer),
    )
    told = told.join(Payer, Payer.id == Dispute.payer_id).join(UsageSession, UsageSession.id == Dispute.subject)
    return _rows(told.where(UsageSession.holder_number == holder).order_by(Dispute.raised_at))


def _noted(holder: int) -> list[dict[str, Any]]:
    """Material and operator's time on one's sessions, with every correction; ``quantity_milli`` in thousandths of the unit."""
    told = select(
        *(Noted.session_id.label("session"), Material.names.label("material"), Material.unit, Noted.quantity_milli),
        *(Noted.measured, Noted.reason, Noted.noted_at),
    )
    told = told.outerjoin(Material, Material.id == Noted.material_id)
    told = told.join(UsageSession, UsageSession.id == Noted.session_id)
    return _rows(told.where(UsageSession.holder_number == holder).order_by(Noted.id))


def _emergency_contact(holder: int) -> dict[str, Any] | None:
    of_mine = select(EmergencyContact.name, EmergencyContact.phone).where(EmergencyContact.holder_number == holder)
    return next(iter(_rows(of_mine)), None)


def _mails(holder: int) -> list[dict[str, Any]]:
    """To whichever address of this person; also of somebody without a login."""
    mails = select(Mail.written_at, Mail.sent_at, Mail.recipient, Mail.subject).order_by(Mail.written_at)
    return _rows(mails.where(func.lower(Mail.recipient).in_(addresses(holder))))


def _looks(holder: int) -> list[dict[str, Any]]:
    """Who looked at these traces: what they are there, not who."""
    return [{"at": look.at, "what": look.what, "by": look.role or "staff"} for look in looks_at(holder)]


def _skills(held: Iterable[Held]) -> list[dict[str, Any]]:
    return [{**asdict(one), "granted_by": "trainer"} for one in held]


def _trail(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    return [{**asdict(entry), "actor": "staff"} for entry in entries]
