"""A list of people comes in, all of it or nothing, and goes out again with the same columns.

Called as ``server.people.service``, like everything about people; the rules are the same as there. Hundreds of people come
at once: rows are read and written together, and the lists of the agents are told of it once.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from uuid import uuid4

from sqlalchemy import or_, select
from sqlalchemy.orm.attributes import flag_modified

from server.audit import service as audit
from server.db import db, reading, writing
from server.domain import roster
from server.domain.period import day_of, day_start
from server.domain.roster import Here, Line, Outcome, Step, Wrong
from server.jobs import service as jobs
from server.people.classes import set_class
from server.people.models import Holder, MemberClass, Membership, Payer, Person, Tenant
from server.people.newcomers import free_numbers
from server.people.rows import PeopleError

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Roster:
    """What a list would do: a step for each line that can be done, and all that is wrong. ``mark`` tells two plans apart."""

    steps: tuple[Step, ...]
    wrong: tuple[Wrong, ...]
    mark: str

    def count(self, outcome: Outcome) -> int:
        return sum(step.outcome is outcome for step in self.steps)


def plan_import(text: str, zone: tzinfo, now: datetime) -> Roster:
    """The dry run. Nothing is written."""
    text = text.strip().replace("\r\n", "\n")  # as a browser sends it back
    lines, wrong = roster.read(text)
    with reading():
        steps, more = roster.plan(lines, _here(zone, now), _payers(now), _classes(), day_of(now, zone))
    found = sorted((*wrong, *more), key=lambda one: (one.line, one.column))
    mark = hashlib.sha256(repr((text, steps, found)).encode()).hexdigest()[:32]
    return Roster(tuple(steps), tuple(found), mark)


def import_people(text: str, mark: str, zone: tzinfo, *, actor: str, now: datetime) -> Roster:
    """Do what the dry run said, in one transaction. PeopleError where something is wrong with the list, or where it would
    do something else than what was shown."""
    with writing() as session:
        wanted = plan_import(text, zone, now)
        if wanted.wrong:
            raise PeopleError("something in the list is wrong; nothing was imported")
        if wanted.mark != mark:
            raise PeopleError("somebody changed people meanwhile; look again at what would be done")
        numbers = _add_people(wanted.steps, zone, actor, now)
        _change_people(wanted.steps, zone, actor, now)
        _add_ties(wanted.steps, numbers, zone, actor, now)
        after = {"people": len(numbers), "changed": [f"{wanted.count(Outcome.CHANGED)}"]}
        audit.record(actor, "import", "people", "all", None, after, "", now)
        session.flush()
        jobs.announce_all([("access", "people")], now)
    return wanted


def export_people(tenant: str, zone: tzinfo, *, actor: str, now: datetime) -> str:
    """Everybody who has not left, a line for each membership that is not over; of one tenant where it is named. Who took
    it stands in the journal."""
    with writing():
        rows = list(_rows(tenant, zone, now))
        people = len({row["email"] or index for index, row in enumerate(rows)})
        audit.record(actor, "export", "people", tenant or "all", None, {"people": people}, "", now)
    return roster.write(rows)


# --- what is known ----------------------------------------------------------------------------------------------------


def _here(zone: tzinfo, now: datetime) -> dict[str, list[Here]]:
    """Everybody with a mail address, by it."""
    ties: dict[int, dict[str, date | None]] = defaultdict(dict)
    classes: dict[int, dict[str, str]] = defaultdict(dict)
    lasting = select(Membership.holder_number, Payer.code, Membership.valid_until, Membership.member_class)
    lasting = lasting.join(Payer, Payer.id == Membership.payer_id).where(_lasts(now))
    for number, code, until, member_class in db.session.execute(lasting):
        ties[number][code] = _last_day(until, zone)
        if member_class is not None:
            classes[number][code] = member_class
    wanted = select(
        *(Person.email, Holder.number, Person.given_name, Person.family_name, Person.language),
        *(Holder.minor_until, Holder.ended_at),
    ).join(Holder, Holder.number == Person.holder_number)
    found: dict[str, list[Here]] = defaultdict(list)
    for email, number, given, family, language, minor, left in db.session.execute(wanted):
        if email:
            minor_until = _last_day(minor, zone)
            own = (ties.get(number, {}), classes.get(number, {}))
            one = Here(number, given, family, language, minor_until, left is not None, *own)
            found[email.strip().casefold()].append(one)
    return found


def _payers(now: datetime) -> dict[str, bool]:
    """Each by its code, and whether it can be charged from today on."""
    wanted = select(Payer.code, Payer.valid_until, Tenant.ended_at).join(Tenant, Tenant.id == Payer.tenant_id)
    return {code: left is None and (until is None or until > now) for code, until, left in db.session.execute(wanted)}


def _classes() -> set[str]:
    return set(db.session.scalars(select(MemberClass.code).where(MemberClass.ended_at.is_(None))))


def _rows(tenant: str, zone: tzinfo, now: datetime) -> Iterable[dict[str, object]]:
    wanted = (
        select(Person, Holder.minor_until, Payer.code, Membership.valid_from, Membership.valid_until)
        .add_columns(Membership.member_class)
        .join(Holder, Holder.number == Person.holder_number)
        .outerjoin(Membership, (Membership.holder_number == Holder.number) & _lasts(now))
        .outerjoin(Payer, Payer.id == Membership.payer_id)
        .where(Holder.ended_at.is_(None))
        .order_by(Person.family_name, Person.given_name, Holder.number, Membership.rank)
    )
    if tenant:
        wanted = wanted.join(Tenant, Tenant.id == Membership.tenant_id).where(Tenant.code == tenant)
    for person, minor, payer, begins, until, member_class in db.session.execute(wanted):
        yield {
            "given": person.given_name,
            "family": person.family_name,
            "email": person.email,
            "language": person.language,
            "payer": payer,
            "from": begins and day_of(begins, zone),
            "until": _last_day(until, zone),
            "minor until": _last_day(minor, zone),
            "class": member_class,
        }


# --- what is written --------------------------------------------------------------------------------------------------


def _add_people(steps: Iterable[Step], zone: tzinfo, actor: str, now: datetime) -> dict[str, int]:
    """The new ones, once each; their numbers by mail address."""
    new = {step.line.email: step.line for step in reversed(list(steps)) if step.outcome is Outcome.NEW}
    numbers = dict(zip(new, free_numbers(len(new)), strict=True))
    ends = {email: _end(line.minor_until, zone) for email, line in new.items()}
    db.session.add_all([Holder(number=number, minor_until=ends[email]) for email, number in numbers.items()])
    db.session.flush()
    db.session.add_all([_person(line, numbers[email]) for email, line in new.items()])
    for email, line in new.items():
        after = {"language": line.language or "fr", "minor_until": ends[email]}
        audit.record(actor, "import", "holder", numbers[email], None, after, "", now)
    return numbers


def _person(line: Line, number: int) -> Person:
    names = {"given_name": line.given, "family_name": line.family, "email": line.email}
    return Person(holder_number=number, **names, language=line.language or "fr", shows_first_name=False)


def _change_people(steps: Iterable[Step], zone: tzinfo, actor: str, now: datetime) -> None:
    """What a line says anew of somebody who is here: name, language, under age until, the end of a membership."""
    for step in steps:
        if step.holder is None or not step.changes:
            continue
        holder = db.session.get_one(Holder, step.holder)
        person = db.session.scalars(select(Person).where(Person.holder_number == step.holder)).one()
        line, changes = step.line, set(step.changes) - {"until", "class"}
        said = {"given": line.given, "family": line.family, "language": line.language}
        for column in changes & said.keys():
            setattr(person, {"given": "given_name", "family": "family_name"}.get(column, column), said[column])
        if "minor until" in changes:
            holder.minor_until = _end(line.minor_until, zone)
        if changes:
            flag_modified(holder, "blocked_reason")  # the holder's version stands for both rows
            audit.record(actor, "import", "holder", step.holder, None, {"changed": sorted(changes)}, "", now)
        if "until" in step.changes:
            _change_end(step, zone, actor, now)
        if "class" in step.changes:
            set_class(_tie_of(step, now).ref, line.member_class, actor=actor, now=now)


def _change_end(step: Step, zone: tzinfo, actor: str, now: datetime) -> None:
    tie = _tie_of(step, now)
    before, tie.valid_until = {"valid_until": tie.valid_until}, _end(step.line.until, zone)
    audit.record(actor, "change_end", "membership", tie.ref, before, {"valid_until": tie.valid_until}, "", now)


def _tie_of(step: Step, now: datetime) -> Membership:
    """The membership that the line is about."""
    wanted = select(Membership).join(Payer, Payer.id == Membership.payer_id)
    own = wanted.where(Membership.holder_number == step.holder, Payer.code == step.line.payer, _lasts(now))
    return db.session.scalars(own.order_by(Membership.rank).limit(1)).one()


def _add_ties(steps: Iterable[Step], numbers: dict[str, int], zone: tzinfo, actor: str, now: datetime) -> None:
    joining = [step for step in steps if step.joins]
    payers: dict[str, Any] = {row.code: row for row in db.session.scalars(select(Payer))}
    ranks = _ranks({step.holder for step in joining if step.holder is not None}, now)
    for step in joining:
        line = step.line
        number = step.holder if step.holder is not None else numbers[line.email]
        rank = ranks[number] = ranks.get(number, -1) + 1
        begins = now if line.begins is None else day_start(line.begins, zone)
        payer, until = payers[line.payer], _end(line.until, zone)
        tie = Membership(ref=str(uuid4()), holder_number=number, tenant_id=payer.tenant_id, payer_id=payer.id)
        tie.rank, tie.valid_from, tie.valid_until = rank, begins, until
        tie.member_class = line.member_class or None
        db.session.add(tie)
        after = {"holder": number, "payer": line.payer, "rank": rank, "valid_from": begins, "valid_until": until}
        audit.record(actor, "add", "membership", tie.ref, None, after, "", now)


def _ranks(holders: set[int], now: datetime) -> dict[int, int]:
    """The last rank of each. Somebody whose memberships are all over begins before them: nobody is billed by fallback."""
    all_ranks: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    wanted = select(Membership.holder_number, Membership.rank, Membership.ended_at, Membership.valid_until)
    for number, rank, ended, until in db.session.execute(wanted.where(Membership.holder_number.in_(holders))):
        all_ranks[number].append((rank, ended is None and (until is None or until > now)))
    return {
        number: max(rank for rank, _ in own) if any(lasts for _, lasts in own) else min(rank for rank, _ in own) - 2
        for number, own in all_ranks.items()
    }


def _lasts(now: datetime) -> Any:
    """In force, or still to begin."""
    return Membership.ended_at.is_(None) & or_(Membership.valid_until.is_(None), Membership.valid_until > now)


def _end(day: date | None, zone: tzinfo) -> datetime | None:
    """The moment after a day's last in the lab."""
    return None if day is None else day_start(day + _DAY, zone)


def _last_day(until: datetime | None, zone: tzinfo) -> date | None:
    return None if until is None else day_of(until.astimezone(UTC) - timedelta(seconds=1), zone)
