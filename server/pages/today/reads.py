"""What waits today that the machines do not show by themselves: read from the books, counted, with its age."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import func, select

from server.billing import disputes, gaps
from server.billing.left import budgets_on
from server.billing.models import ChargeRefusal, Draft, Period
from server.billing.proving import proofs_wanted
from server.care.models import MachineCheck
from server.collecting.mails import troubled
from server.collecting.reminders import how_many
from server.db import db, reading
from server.domain.budgets import Stage
from server.domain.checks import CheckKind, waits
from server.domain.commissioning import needs_record
from server.domain.period import before, day_of, month_of, period_of
from server.domain.usage import SessionState
from server.jobs import pulse
from server.jobs.models import Job
from server.machines.models import Machine, MachineLive
from server.mail.models import Mail
from server.pages.instruction.waiting import teaching
from server.pages.months.calendar import to_declare
from server.pages.months.listing import to_close
from server.pages.months.papers import unpaid
from server.pages.people.names import named
from server.pages.training.held import LAPSES_SOON, holding
from server.people.models import Token
from server.privacy.requests import requests
from server.usage.models import Denial, Notice, RejectedEvent, UsageSession
from server.usage.service import SILENT_AFTER
from server.web.here import settings, zone
from wire.messages import DenialReason, EndReason, ListExtended, ProblemReported, RiskClass, Unattended

_UNKNOWN_FOR = timedelta(days=7)
_A_WEEK = timedelta(days=7)
_NAMED = 4  # of those a row is about
_BADGES = 5
_MASTERS_FOR = timedelta(days=7)
_PROVEN_FOR = timedelta(days=30)
_PRICES_FOR = timedelta(days=60)
_NIGHT_FROM, _NIGHT_TO = time(20), time(8)  # on the lab's clock


class Kind(StrEnum):
    """What can wait, in the order in which it is shown."""

    EXTENDED = "extended"
    MASTER = "master"
    PART_LOST = "part_lost"
    CHECK_OVERDUE = "check_overdue"
    NOT_COMMISSIONED = "not_commissioned"
    CHECK_DUE = "check_due"
    RESERVES = "reserves"
    REJECTED = "rejected"
    JOBS = "jobs"
    UNCONFIRMED = "unconfirmed"
    UNKNOWN_BADGE = "unknown_badge"
    UNPROVEN = "unproven"
    REFUSED = "refused"
    DISPUTES = "disputes"
    REQUESTS = "requests"
    COURSE = "course"
    ATTENDANCE = "attendance"
    SIGN_OFFS = "sign_offs"
    SIGN_OFFS_LAPSED = "sign_offs_lapsed"
    PRICES = "prices"
    PRICES_END = "prices_end"
    PRICES_TWICE = "prices_twice"
    VAT = "vat"
    PROOFS = "proofs"
    BUDGET = "budget"
    HELD = "held"
    TO_CLOSE = "to_close"
    DRAFTS = "drafts"
    LEGAL = "legal"
    NIGHT = "night"
    LAPSING = "lapsing"
    UNPAID = "unpaid"
    REMIND = "remind"
    DOCUMENT_MAILS = "document_mails"
    MAILS = "mails"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row. ``subject`` names a machine, a badge or a month, whatever ``kind`` is about."""

    kind: Kind
    count: int = 1
    subject: str = ""
    since: datetime | None = None
    detail: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """``ran``: whose session it was then, whom one may ask; empty where nobody's was. ``unattended``: nobody reported anything,
    but the second person or the trainer did not come back in time."""

    at: datetime
    ran: str
    unattended: bool = False


def waiting(now: datetime) -> list[Waiting]:
    """Everything, in the order of the kinds. What somebody may not see is left out by the view."""
    with reading():
        found = [
            *(Waiting(Kind.PART_LOST, subject=part) for part in pulse.lost(now)),
            *_not_commissioned(),
            *_checks(now),
            *_extended(now),
            *_masters(now),
            *_unproven(now),
            *_set_aside(),
            *_unconfirmed(now),
            *_unknown_badges(now),
            *_refused_charges(),
            *_disputes(),
            *_requests(now),
            *_taught(now),
            *_undecided(now),
            *_budgets(now),
            *_months(now),
            *_legal(now),
            *_night(now),
            *_lapsing(now),
            *_unpaid(now),
            *_to_remind(now),
            *_returned(),
            *_unsent_mails(),
        ]
    return sorted(found, key=lambda one: list(Kind).index(one.kind))


def problems() -> dict[str, Problem]:
    """What last stopped each machine that somebody has to clear, by the machine's code."""
    wanted = (
        select(Machine.code, Notice.at, Notice.holder_number, Notice.kind)
        .join(Machine, Machine.id == Notice.machine_id)
        .join(MachineLive, MachineLive.machine_id == Machine.id)
        .where(Notice.kind.in_([ProblemReported.KIND, Unattended.KIND]), MachineLive.problem)
        .order_by(Notice.event_id)
    )
    with reading():
        last = {code: (at, holder, kind) for code, at, holder, kind in db.session.execute(wanted)}
        people = named(holder for _, holder, _ in last.values() if holder is not None)
    return {
        code: Problem(at, people[holder].name if holder in people else "", kind == Unattended.KIND)
        for code, (at, holder, kind) in last.items()
    }


def _not_commissioned() -> Iterator[Waiting]:
    wanted = select(Machine.code, Machine.name, Machine.risk, Machine.commission_since, Machine.commission_why)
    wanted = wanted.where(Machine.ended_at.is_(None), Machine.commission_since.is_not(None))
    for code, name, risk, since, why in db.session.execute(wanted.order_by(Machine.commission_since, Machine.id)):
        if needs_record(RiskClass(risk)):
            yield Waiting(Kind.NOT_COMMISSIONED, subject=code, since=since, detail=name, why=why)


def _checks(now: datetime) -> Iterator[Waiting]:
    """Checks that are overdue or soon will be, and what a report asked to be put right within a month."""
    today = day_of(now, zone())
    wanted = select(MachineCheck, Machine.code, Machine.name).join(Machine, Machine.id == MachineCheck.machine_id)
    wanted = wanted.where(Machine.ended_at.is_(None), MachineCheck.ended_at.is_(None))
    for check, code, machine in db.session.execute(wanted.order_by(MachineCheck.overdue_at, MachineCheck.id)):
        detail = f"{machine} · {check.name}"
        if check.overdue_at <= now:
            denies = check.kind if check.kind == CheckKind.LEGAL else ""
            yield Waiting(Kind.CHECK_OVERDUE, subject=code, since=check.overdue_at, detail=detail, why=denies)
        elif waits(check.due_on, today):
            yield Waiting(Kind.CHECK_DUE, subject=code, since=check.overdue_at, detail=detail)
        if check.reserves_until is not None and waits(check.reserves_until, today):
            by = datetime.combine(check.reserves_until, time(), zone())
            yield Waiting(Kind.RESERVES, subject=code, since=by, detail=detail)


def _extended(now: datetime) -> Iterator[Waiting]:
    """Lists that a master badge extended lately."""
    wanted = select(Machine.code, Machine.name, Notice.at).join(Machine, Machine.id == Notice.machine_id)
    wanted = wanted.where(Notice.kind == ListExtended.KIND, Notice.at >= now - _MASTERS_FOR)
    for code, name, at in db.session.execute(wanted.order_by(Notice.at.desc()).limit(_BADGES)):
        yield Waiting(Kind.EXTENDED, subject=code, since=at, detail=name)


def _masters(now: datetime) -> Iterator[Waiting]:
    """Sessions that a master badge began lately."""
    wanted = select(UsageSession.id, Machine.name, UsageSession.started_at)
    wanted = wanted.join(Machine, Machine.id == UsageSession.machine_id)
    wanted = wanted.where(UsageSession.master, UsageSession.started_at >= now - _MASTERS_FOR)
    for session_id, name, started in db.session.execute(wanted.order_by(UsageSession.started_at.desc()).limit(_BADGES)):
        yield Waiting(Kind.MASTER, subject=session_id, since=started, detail=name)


def _unproven(now: datetime) -> Iterator[Waiting]:
    """Machines whose contact was last seen to open long ago although they were used since: each use should prove it."""
    used_since = UsageSession.machine_id == MachineLive.machine_id
    used_since &= UsageSession.started_at > MachineLive.proven_open_at
    wanted = select(Machine.code, Machine.name, MachineLive.proven_open_at)
    wanted = wanted.join(MachineLive, MachineLive.machine_id == Machine.id).where(
        Machine.ended_at.is_(None),
        MachineLive.proven_open_at < now - _PROVEN_FOR,
        select(UsageSession.id).where(used_since).exists(),
    )
    for code, name, proven_at in db.session.execute(wanted.order_by(MachineLive.proven_open_at)):
        yield Waiting(Kind.UNPROVEN, subject=code, since=proven_at, detail=name)


def _set_aside() -> Iterator[Waiting]:
    """Events that nobody could read, and jobs that were tried in vain."""
    rejected, last = db.session.execute(select(func.count(), func.max(RejectedEvent.received_at))).one()
    if rejected:
        yield Waiting(Kind.REJECTED, rejected, since=last)
    if failed := db.session.scalar(select(func.count()).where(Job.state == "failed")):
        yield Waiting(Kind.JOBS, failed)


def _unconfirmed(now: datetime) -> Iterator[Waiting]:
    """Open sessions of which nothing has been heard for two hours."""
    wanted = select(UsageSession.started_at, UsageSession.occupied_s).where(UsageSession.state == SessionState.OPEN)
    heard = [started + timedelta(seconds=occupied) for started, occupied in db.session.execute(wanted)]
    silent = [last for last in heard if last < now - SILENT_AFTER]
    if silent:
        yield Waiting(Kind.UNCONFIRMED, len(silent), since=min(silent))


def _unknown_badges(now: datetime) -> Iterator[Waiting]:
    """Badges that were refused because nobody carries them, and that still nobody does; the newest first."""
    lent = select(Token.id).where(Token.fingerprint == Denial.token, Token.returned_at.is_(None)).exists()
    wanted = (
        select(Denial.token, func.count(), func.max(Denial.at))
        .where(Denial.at >= now - _UNKNOWN_FOR, Denial.holder_number.is_(None), Denial.token != "", ~lent)
        .where(Denial.reasons.cast(db.String).contains(DenialReason.UNKNOWN_TOKEN.value))
        .group_by(Denial.token)
        .order_by(func.max(Denial.at).desc())
        .limit(_BADGES)
    )
    for token, count, last in db.session.execute(wanted):
        yield Waiting(Kind.UNKNOWN_BADGE, count, token, last)


def _disputes() -> Iterator[Waiting]:
    """Lines that tenants contest; the day by which the first one should have its answer."""
    count, first = disputes.waiting()
    if count and first is not None:
        yield Waiting(Kind.DISPUTES, count, detail=first.isoformat())


def _refused_charges() -> Iterator[Waiting]:
    """What payers do not want to pay for, and nobody has answered."""
    count, first = db.session.execute(
        select(func.count(), func.min(ChargeRefusal.refused_at)).where(ChargeRefusal.answered_at.is_(None))
    ).one()
    if count:
        yield Waiting(Kind.REFUSED, count, since=first)


def _requests(now: datetime) -> Iterator[Waiting]:
    """Questions about personal data that are to be answered within a week, or should have been."""
    soon = day_of(now, zone()) + _A_WEEK
    due = [one.due_on for one in requests() if one.answered_on is None and one.due_on <= soon]
    if due:
        yield Waiting(Kind.REQUESTS, len(due), detail=min(due).isoformat())


def _taught(now: datetime) -> Iterator[Waiting]:
    found = teaching(now)
    for one in found.today:
        seats = f"{one.taken}/{one.course.capacity}"
        yield Waiting(Kind.COURSE, one.free, str(one.number), one.begins_at, one.course.title, seats)
    if found.to_tick:
        yield Waiting(Kind.ATTENDANCE, len(found.to_tick), str(found.to_tick[0].number), found.to_tick[0].begins_at)
    if found.pending:
        yield Waiting(Kind.SIGN_OFFS, len(found.pending), since=found.pending[0])
    if found.lapsed:
        yield Waiting(Kind.SIGN_OFFS_LAPSED, found.lapsed)


def _prices(now: datetime) -> Iterator[Waiting]:
    """What has no price, what loses it within two months, and what has two."""
    worries = gaps.price_worries(now)
    if worries.missing:
        yield Waiting(Kind.PRICES, len(worries.missing))
    soon = [one for one in worries.coming if one.since <= now + _PRICES_FOR]
    if soon:
        named = _few(sorted({one.gap.category for one in soon}))
        yield Waiting(Kind.PRICES_END, len(soon), day_of(soon[0].since, zone()).isoformat(), detail=named)
    if worries.twice:
        yield Waiting(Kind.PRICES_TWICE, len(worries.twice))


def _undecided(now: datetime) -> Iterator[Waiting]:
    yield from _prices(now)
    cells = gaps.vat_gaps(day_of(now, zone()))
    if cells:
        named = {billed.tenant_name for cell in cells for billed in cell.billed}
        yield Waiting(Kind.VAT, len(cells), detail=_few(sorted(named)))
    wanted = proofs_wanted(day_of(now, zone()))
    for lacking in (True, False):
        own = [one for one in wanted if (one.until is None) is lacking]
        if own:
            first = "" if own[0].until is None else own[0].until.isoformat()
            tenant = own[0].tenant if len(own) == 1 else ""
            yield Waiting(Kind.PROOFS, len(own), tenant, detail=_few([one.legal_name for one in own]), why=first)


def _few(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" +{len(names) - _NAMED}" if len(names) > _NAMED else "")


def _budgets(now: datetime) -> Iterator[Waiting]:
    """Budgets that are nearly used up, or are: whoever is refused there will ask."""
    for one in budgets_on(now, zone()):
        if one.stage is not Stage.FINE:
            whose = " · ".join(filter(None, (one.budget.tenant_name, one.budget.cost_centre)))
            yield Waiting(Kind.BUDGET, one.percent, one.budget.tenant, detail=whose, why=str(int(one.stage)))


def _months(now: datetime) -> Iterator[Waiting]:
    """Months that are over: not closed yet, or closed with drafts that wait to be issued; and drafts that cannot be."""
    current = month_of(now, zone())
    yield from (Waiting(Kind.TO_CLOSE, subject=month) for month in to_close(now, settings().demo))
    is_closed = select(Period.month).where(Period.month == Draft.month, Period.state == "closed").exists()
    is_held = Draft.held != ""  # one expression: written twice, PostgreSQL takes them for two
    drafts = select(Draft.month, is_held, func.count()).where(Draft.month < current, is_held | is_closed)
    wanted = drafts.group_by(Draft.month, is_held)
    for month, held, count in db.session.execute(wanted.order_by(Draft.month)):
        yield Waiting(Kind.HELD if held else Kind.DRAFTS, count, month)


def _legal(now: datetime) -> Iterator[Waiting]:
    """What authorities are to be told within three days, of this month and the two before it."""
    month, today = month_of(now, zone()), day_of(now, zone())
    for one in (before(before(month)), before(month), month):
        if rows := to_declare(period_of(one, zone()), settings().demo, today):
            yield Waiting(
                Kind.LEGAL, len(rows), one, detail=_few([row.name for row in rows]), why=rows[0].day.isoformat()
            )


def _night(now: datetime) -> Iterator[Waiting]:
    """Sessions that ended since yesterday evening, and how many of them not by their holder."""
    today = day_of(now, zone())
    evening = datetime.combine(today - timedelta(days=1), _NIGHT_FROM, zone())
    ended = select(UsageSession.end_reason, func.count()).where(
        UsageSession.ended_at >= evening, UsageSession.ended_at < datetime.combine(today, _NIGHT_TO, zone())
    )
    reasons = {reason: count for reason, count in db.session.execute(ended.group_by(UsageSession.end_reason))}  # noqa: C416
    odd = sum(count for reason, count in reasons.items() if reason != EndReason.HOLDER)
    if odd:
        yield Waiting(Kind.NIGHT, odd, since=evening, detail=str(sum(reasons.values())))


def _lapsing(now: datetime) -> Iterator[Waiting]:
    """As the list of qualifications has them: who has been given a longer one since is not among them."""
    held = holding(now)
    count, first = db.session.execute(
        select(func.count(), func.min(held.c.ends)).where(held.c.ends <= now + LAPSES_SOON)
    ).one()
    if count:
        yield Waiting(Kind.LAPSING, count, since=first)


def _unpaid(now: datetime) -> Iterator[Waiting]:
    """Documents whose time for payment is over, as the list of documents has them."""
    if count := unpaid(settings().demo, day_of(now, zone())).overdue:
        yield Waiting(Kind.UNPAID, count)


def _to_remind(now: datetime) -> Iterator[Waiting]:
    if count := how_many(settings(), day_of(now, zone())):
        yield Waiting(Kind.REMIND, count)


def _returned() -> Iterator[Waiting]:
    """Documents whose mail was refused, or came back."""
    if found := troubled(settings().demo):
        yield Waiting(Kind.DOCUMENT_MAILS, len(found), found[0][0], detail=", ".join(number for number, _ in found[:3]))


def _unsent_mails() -> Iterator[Waiting]:
    if count := db.session.scalar(select(func.count()).where(Mail.sent_at.is_(None), Mail.error != "")):
        yield Waiting(Kind.MAILS, count)
