"""Holds: after an accident or in a dispute nothing of a person, or of a machine in a time, goes until somebody decides."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, select

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.machines.models import Machine
from server.machines.service import machine_by_code
from server.people.rows import holder_by_number
from server.privacy.errors import PrivacyError
from server.privacy.models import Hold


@dataclass(frozen=True, slots=True)
class Held:
    """What is held now: people by number, machines with the time that is meant."""

    holders: frozenset[int]
    machines: tuple[tuple[int, str, datetime | None, datetime | None], ...]  # id, code, since, until

    def free(self, holder: Any = None, machine: Any = None, at: Any = None) -> ColumnElement[bool]:
        """The condition that a row is of nobody and of no machine that is held. A row without a person may go."""
        caught: list[ColumnElement[bool]] = []
        if holder is not None and self.holders:
            caught.append(and_(holder.is_not(None), holder.in_(self.holders)))
        if machine is not None:
            caught += [_caught(machine, at, *held) for held in self.machines]
        return not_(or_(false(), *caught))


def held_now() -> Held:
    """Inside the caller's ``reading()`` or ``writing()``."""
    wanted = select(Hold.holder_number, Hold.machine_id, Machine.code, Hold.since, Hold.until)
    wanted = wanted.outerjoin(Machine, Machine.id == Hold.machine_id).where(Hold.ended_at.is_(None))
    rows = db.session.execute(wanted).all()
    machines = tuple((machine, code, since, until) for _, machine, code, since, until in rows if machine is not None)
    return Held(frozenset(row.holder_number for row in rows if row.holder_number is not None), machines)


def hold_person(number: int, reason: str, *, actor: str, now: datetime) -> int:
    """Nothing of this person goes until ``end_hold``. Returns the number of the hold."""
    with writing() as session:
        holder_by_number(number, changing=True)
        of_them = (Hold.holder_number == number) & Hold.ended_at.is_(None)
        if session.scalar(select(Hold.id).where(of_them)) is not None:
            raise PrivacyError("Nothing of this person is deleted already.")
        return _place(Hold(holder_number=number), reason, {"holder": number}, actor, now)


def hold_machine(
    code: str, since: datetime | None, until: datetime | None, reason: str, *, actor: str, now: datetime
) -> int:
    """Nothing of what happened at this machine in this time goes. An open end means all that is still to come, too."""
    if since is not None and until is not None and until <= since:
        raise PrivacyError("The end of the time lies before its beginning.")
    with writing():
        machine = machine_by_code(code)
        said = {"machine": code, "since": since, "until": until}
        return _place(Hold(machine_id=machine.id, since=since, until=until), reason, said, actor, now)


def end_hold(number: int, decision: str, *, version: int | None = None, actor: str, now: datetime) -> None:
    """Somebody has decided: from the next night on the rules count again."""
    with writing() as session:
        row = session.get(Hold, number, with_for_update=True)
        if row is None or row.ended_at is not None:
            raise PrivacyError("This hold has ended already.")
        expect_version(row, version)
        if not decision.strip():
            raise PrivacyError("Say what was decided.")
        row.ended_at, row.ended_by, row.decision = now, actor, decision.strip()
        audit.record(actor, "end", "hold", number, {"ended_at": None}, {"ended_at": now}, decision.strip(), now)


def _place(row: Hold, reason: str, said: dict[str, Any], actor: str, now: datetime) -> int:
    if not reason.strip():
        raise PrivacyError("Say why, and who will decide when it ends.")
    row.reason, row.placed_at, row.placed_by = reason.strip(), now, actor
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "place", "hold", row.id, None, said, reason.strip(), now)
    return row.id


def _caught(
    machine: Any, at: Any, number: int, code: str, since: datetime | None, until: datetime | None
) -> ColumnElement[bool]:
    """``machine`` is a column of ids, or of codes where it holds text."""
    is_text = machine.type.python_type is str
    here = [machine == (code if is_text else number)]
    here += [at >= since] if since is not None and at is not None else []
    here += [at <= until] if until is not None and at is not None else []
    return and_(*here)
