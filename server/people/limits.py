"""What a payer pays for, and which payer is a holder's default by hour and machine.

Called as ``server.people.service``, like everything about people; the rules are the same as there. Whether a machine or a
category is there is the caller's to know: machines stand beside people.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import func, select

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.domain.payers import Limits, kept
from server.jobs import service as jobs
from server.people.models import Membership, PayerRule
from server.people.rows import PeopleError, membership_by_ref, payer_by_code
from server.people.tenancies import write


@dataclass(frozen=True, slots=True)
class When:
    """Hours of some weekdays, at some machines or all of some categories; at every one where none is named."""

    weekdays: tuple[int, ...]
    begins: time
    ends: time
    machines: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


def limit_payer(code: str, limits: Limits, *, version: int | None = None, actor: str, now: datetime) -> None:
    """From now on it pays for these machines only, and for starts within these hours only."""
    with writing():
        payer = payer_by_code(code, changing=True)
        expect_version(payer, version)
        said: dict[str, Any] = {"machines": sorted(limits.machines), "categories": sorted(limits.categories)}
        said |= {"hours": kept(limits.hours)}
        if write(payer, said, "payer", code, actor, now):
            jobs.announce("access", f"payer:{code}", now)


def add_payer_rule(ref: str, when: When, *, actor: str, now: datetime) -> int:
    """Let this membership pay by default within these hours. Of two rules that both hold the earlier one counts."""
    if not when.weekdays or not set(when.weekdays) <= set(range(7)):
        raise PeopleError("choose at least one day of the week")
    if when.ends <= when.begins:
        raise PeopleError("it must end later the same day; 24:00 is midnight")
    with writing() as session:
        membership = membership_by_ref(ref)
        row = PayerRule(membership_id=membership.id, rank=_last_rank(membership.holder_number) + 1)
        row.weekdays, row.begins, row.ends = sorted(when.weekdays), when.begins, when.ends
        row.machines, row.categories = sorted(when.machines), sorted(when.categories)
        session.add(row)
        session.flush()
        audit.record(actor, "add_rule", "membership", ref, None, _picture(row), "", now)
        jobs.announce("access", f"holder:{membership.holder_number}", now)
        return row.id


def remove_payer_rule(ref: str, rule: int, *, version: int | None = None, actor: str, now: datetime) -> None:
    """The membership's usual rank counts again in these hours."""
    with writing() as session:
        membership = membership_by_ref(ref)
        row = session.get(PayerRule, rule)
        if row is None or row.membership_id != membership.id:
            raise PeopleError("there is no such rule any more")
        expect_version(row, version)
        audit.record(actor, "remove_rule", "membership", ref, _picture(row), None, "", now)
        session.delete(row)
        jobs.announce("access", f"holder:{membership.holder_number}", now)


def _last_rank(holder_number: int) -> int:
    own = select(func.max(PayerRule.rank)).join(Membership, Membership.id == PayerRule.membership_id)
    last: int | None = db.session.scalar(own.where(Membership.holder_number == holder_number))
    return -1 if last is None else last


def _picture(row: PayerRule) -> dict[str, Any]:
    where: Collection[str] = [*row.machines, *row.categories]
    hours = kept((day, row.begins, row.ends) for day in row.weekdays)
    return {"hours": hours, "machines": list(where)}
