"""A use of a machine keeps the skills it asks for from lapsing. Called by ingest for sessions that have ended, in its transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from server.db import db
from server.domain.standings import skills_asked
from server.jobs import service as jobs
from server.machines.models import MachineSkill
from server.training.facts import skills
from server.training.models import Qualification, Skill

_SOON = timedelta(hours=72)  # no list is valid longer: only a lapse this near stands in one


class Use(NamedTuple):
    holder: int
    machine_id: int
    ended_at: datetime


def note_uses(uses: Collection[Use], now: datetime) -> None:
    """What has lapsed by the time of the use stays lapsed: it asks for a refresher, not for another use."""
    rows = db.session.execute(select(Skill.code, Skill.idle_days).where(Skill.idle_days.is_not(None)))
    idle = {code: timedelta(days=days or 0) for code, days in rows}
    if not idle or not uses:
        return
    asked = _asked({use.machine_id for use in uses})
    latest: dict[tuple[int, str], datetime] = {}
    for use in uses:
        for code in asked[use.machine_id] & idle.keys():
            latest[use.holder, code] = max(use.ended_at, latest.get((use.holder, code), use.ended_at))
    for (holder, code), ended_at in latest.items():
        _move(holder, code, ended_at, ended_at + idle[code], now)


def _asked(machines: Iterable[int]) -> dict[int, frozenset[str]]:
    """By machine: the skills it asks for, with what these need."""
    known = {skill.code: skill for skill in skills()}
    wanted = select(MachineSkill.machine_id, Skill.code).join(Skill, Skill.id == MachineSkill.skill_id)
    own: dict[int, set[str]] = defaultdict(set)
    for machine_id, code in db.session.execute(wanted.where(MachineSkill.machine_id.in_(list(machines)))):
        own[machine_id].add(code)
    return {machine_id: skills_asked(own[machine_id], known) for machine_id in machines}


def _move(holder: int, code: str, used_at: datetime, until: datetime, now: datetime) -> None:
    wanted = select(Qualification).join(Skill, Skill.id == Qualification.skill_id)
    wanted = wanted.where(Qualification.holder_number == holder, Skill.code == code)
    for row in db.session.scalars(wanted.where(Qualification.idle_until > used_at, Qualification.idle_until < until)):
        stands_in_a_list = row.idle_until is not None and row.idle_until <= now + _SOON
        row.idle_until = until
        if stands_in_a_list:
            jobs.announce("access", f"holder:{holder}", now)
