"""What the pages that explain rights read beside the rules: names, the box, the last try at the machine, who may now."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from server.dashboard.words import LOCKS
from server.db import db, reading
from server.domain.access import Judged
from server.domain.facts import MachineFact
from server.domain.rights import rights_of
from server.machines.models import Agent, Machine, MachineLive
from server.pages.people.names import Named, named, natural
from server.pages.why.lines import Box
from server.training.models import Skill
from server.usage.models import Denial, UsageSession
from server.usage.sessions import IS_OPEN
from wire.messages import DenialReason, Level


@dataclass(frozen=True, slots=True)
class Tried:
    """The last refusal of this person at this machine."""

    at: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Allowed:
    """Somebody who may use a machine now, how far and until when; ``hindrance``: what keeps only this person from it now."""

    person: Named
    level: Level
    until: datetime | None
    hindrance: DenialReason | None


def skill_names() -> dict[str, str]:
    with reading():
        return dict(db.session.execute(select(Skill.code, Skill.name)).all())


def machines_to_ask() -> list[tuple[str, str]]:
    with reading():
        rows = db.session.execute(select(Machine.code, Machine.name).where(Machine.ended_at.is_(None))).all()
    return sorted(((code, name) for code, name in rows), key=lambda row: natural(row[1]))


def box_at(code: str, holder: int) -> Box:
    wanted = (
        select(Agent.online, Agent.last_seen_at, Machine.id, MachineLive.latched, MachineLive.problem)
        .join(Machine, Machine.agent_id == Agent.id)
        .outerjoin(MachineLive, MachineLive.machine_id == Machine.id)
        .where(Machine.code == code)
    )
    with reading():
        online, seen_at, machine_id, latched, problem = db.session.execute(wanted).one()
        on_it = db.session.scalar(
            select(UsageSession.holder_number).where(UsageSession.machine_id == machine_id, IS_OPEN)
        )
    lock = LOCKS["problem"] if problem else LOCKS["latched"] if latched else ""
    return Box(online, None if online else seen_at, on_it not in {None, holder}, str(lock))


def last_try(code: str, holder: int) -> Tried | None:
    wanted = (
        select(Denial.at, Denial.reasons)
        .join(Machine, Machine.id == Denial.machine_id)
        .where(Machine.code == code, Denial.holder_number == holder)
        .order_by(Denial.at.desc())
        .limit(1)
    )
    with reading():
        row = db.session.execute(wanted).first()
    return None if row is None else Tried(row[0], tuple(row[1]))


def who_may(judged: Judged, machine: MachineFact) -> list[Allowed]:
    """Everybody with a badge whose training reaches for this machine, by name; those who could start it now first."""
    rights = judged.rights_at(machine)
    with reading():
        people = named([one.holder for one in rights])
    found = []
    for one in rights:
        theirs = rights_of(judged, one.holder, only=machine.code)
        right = theirs.machines[0]
        found.append(
            Allowed(people[one.holder], right.level, right.until, next(iter(theirs.against), right.payer_reason))
        )
    return sorted(found, key=lambda one: (one.hindrance is not None, one.person.family, one.person.given))
