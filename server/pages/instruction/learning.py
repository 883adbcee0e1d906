"""What a maker's own page says of learning: sheets to accept, with the days that are left; sign-offs to tick; courses."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from server.db import db, reading
from server.domain.facts import Facts
from server.domain.period import day_of
from server.domain.standings import standings_at
from server.instruction.models import SignOffRow
from server.pages.courses.own import offered_to
from server.pages.courses.reads import DateRow
from server.pages.instruction.reads import Due, sheets_for, to_tick
from server.training.facts import qualifications
from server.training.models import Qualification
from server.web.here import zone


@dataclass(frozen=True, slots=True)
class Learning:
    """``days`` are those left for each sheet, by the skill's code; 0 or less: the machine does not start until then."""

    sheets: tuple[Due, ...]
    days: dict[str, int]
    to_tick: int
    has_signed: bool
    seats: tuple[DateRow, ...]
    offered: int


def learning_of(holder: int, now: datetime) -> Learning:
    with reading():
        rows = qualifications(Qualification.holder_number == holder)
        held = standings_at(Facts(qualifications=rows), now).get(holder, {})
        skills = [code for code, one in held.items() if one.reason is None]
        sheets = [one for one in sheets_for(holder, skills, now) if one.accepted_at is None]
        signed = db.session.scalar(select(SignOffRow.id).where(SignOffRow.trainer == holder).limit(1))
    seats, offered = offered_to(holder)
    today = day_of(now, zone())
    days = {
        one.skill: 0 if one.blocks else (day_of(one.required_from, zone()) - today).days
        for one in sheets
        if one.required_from is not None
    }
    return Learning(tuple(sheets), days, to_tick(now, holder), signed is not None, tuple(seats), len(offered))
