"""Everything around what is held, as one file: sessions, refusals, messages, bookings and journal of a machine in its time, or of
a person. Whoever takes it has looked at the traces of everybody in it, and that is written down.
"""

from typing import Any

from sqlalchemy import Select, and_, or_, select

from server.audit.models import AuditEntry
from server.bookings.models import Booking
from server.db import db, reading
from server.machines.models import Machine
from server.privacy.models import Hold
from server.usage.models import Denial, Notice, UsageSession

_AT_A_SESSION = (UsageSession.holder_number, UsageSession.supervisor, UsageSession.companion)
_WHO = ("holder", "supervisor", "companion")


def all_of(number: int) -> tuple[dict[str, Any], set[int]]:
    """What the hold keeps, and the numbers of the holders in it."""
    with reading() as session:
        hold = session.get_one(Hold, number)
        code = session.scalar(select(Machine.code).where(Machine.id == hold.machine_id))
        said = {"hold": number, "reason": hold.reason, "machine": code, "since": hold.since, "until": hold.until}
        found = {
            "sessions": _rows(_sessions(), hold, _AT_A_SESSION, UsageSession.machine_id, UsageSession.started_at),
            "refusals": _rows(_refusals(), hold, (Denial.holder_number,), Denial.machine_id, Denial.at),
            "messages": _rows(_messages(), hold, (Notice.holder_number,), Notice.machine_id, Notice.at),
            "bookings": _rows(_bookings(), hold, (Booking.holder_number,), Booking.machine_id, Booking.begins),
            "journal": _journal(hold, code),
        }
    rows = [row for name in found if name != "journal" for row in found[name]]
    return said | found, {row[who] for row in rows for who in _WHO if row.get(who)}


def _rows(
    wanted: Select[*tuple[Any, ...]], hold: Hold, holders: tuple[Any, ...], machine: Any, at: Any
) -> list[dict[str, Any]]:
    """Those of the person, who may be in one of several columns; or those of the machine, in the time that is meant."""
    which = (
        [or_(*(holder == hold.holder_number for holder in holders))]
        if hold.holder_number is not None
        else _in_time(hold, machine == hold.machine_id, at)
    )
    return [dict(row) for row in db.session.execute(wanted.where(*which).order_by(at)).mappings()]


def _in_time(hold: Hold, here: Any, at: Any) -> list[Any]:
    since = [at >= hold.since] if hold.since is not None else []
    return [here, *since, *([at <= hold.until] if hold.until is not None else [])]


def _sessions() -> Select[*tuple[Any, ...]]:
    times = (UsageSession.started_at, UsageSession.ended_at, UsageSession.occupied_s, UsageSession.powered_s)
    beside = (UsageSession.supervisor, UsageSession.companion, UsageSession.end_reason, UsageSession.state)
    named = (UsageSession.id, Machine.code.label("machine"), UsageSession.holder_number.label("holder"))
    return select(*named, *times, *beside).join(Machine, Machine.id == UsageSession.machine_id)


def _refusals() -> Select[*tuple[Any, ...]]:
    named = (Denial.at, Machine.code.label("machine"), Denial.holder_number.label("holder"), Denial.reasons)
    return select(*named).join(Machine, Machine.id == Denial.machine_id)


def _messages() -> Select[*tuple[Any, ...]]:
    named = (
        Notice.at,
        Machine.code.label("machine"),
        Notice.holder_number.label("holder"),
        Notice.kind,
        Notice.session,
    )
    return select(*named).join(Machine, Machine.id == Notice.machine_id)


def _bookings() -> Select[*tuple[Any, ...]]:
    named = (Booking.begins, Booking.ends, Machine.code.label("machine"), Booking.holder_number.label("holder"))
    return select(*named, Booking.note, Booking.outcome).join(Machine, Machine.id == Booking.machine_id)


def _journal(hold: Hold, code: str | None) -> list[dict[str, Any]]:
    columns = (AuditEntry.at, AuditEntry.actor, AuditEntry.verb, AuditEntry.before, AuditEntry.after, AuditEntry.reason)
    if hold.holder_number is not None:
        which = [and_(AuditEntry.object_kind == "holder", AuditEntry.object_id == str(hold.holder_number))]
    else:
        about = and_(AuditEntry.object_kind == "machine", AuditEntry.object_id == code)
        which = _in_time(hold, about, AuditEntry.at)
    return [dict(row) for row in db.session.execute(select(*columns).where(*which).order_by(AuditEntry.at)).mappings()]
