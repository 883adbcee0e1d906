"""Which qualifications count, as tables for the database to join: the same rule as ``domain.standings``, for lists and
counts over everybody.

A revocation ends what was given before it; of several that count for one person the one that lasts longest decides.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, or_, select

from server.training.models import Qualification, Skill
from wire.messages import Level

LAPSES_SOON = timedelta(days=30)
NO_END = datetime.fromisoformat("9999-01-01T00:00+00:00")
_DATED = func.coalesce(Qualification.valid_until, NO_END)
_IDLE = func.coalesce(Qualification.idle_until, NO_END)
_END = case((_IDLE < _DATED, _IDLE), else_=_DATED)


class Standing(StrEnum):
    """What the list of qualifications is asked for."""

    VALID = ""
    SOON = "soon"
    EXPIRED = "expired"
    REVOKED = "revoked"


def holding(now: datetime) -> Subquery:
    """Who has which skill now, by which qualification (``id``), and until when: ``ends``, ``NO_END`` for no end."""
    revoked = (
        select(Qualification.holder_number, Qualification.skill_id, func.max(Qualification.revoked_at).label("at"))
        .where(Qualification.revoked_at <= now)
        .group_by(Qualification.holder_number, Qualification.skill_id)
        .subquery()
    )
    counts = and_(
        Qualification.level.in_([Level.ALONE.value, Level.TRAINER.value]),
        Qualification.valid_from <= now,
        now < _END,
        or_(Qualification.revoked_at.is_(None), Qualification.revoked_at > now),
        or_(revoked.c.at.is_(None), Qualification.valid_from >= revoked.c.at),
    )
    whose = (Qualification.holder_number, Qualification.skill_id)
    place = func.row_number().over(partition_by=whose, order_by=(_END.desc(), Qualification.id)).label("place")
    rows = select(Qualification.id, *whose, _END.label("ends"), place)
    ranked = rows.outerjoin(revoked, _same(revoked)).where(counts).subquery()
    return (
        select(ranked.c.id, ranked.c.holder_number, ranked.c.skill_id, ranked.c.ends)
        .where(ranked.c.place == 1)
        .subquery()
    )


def standing(wanted: Standing, now: datetime) -> Select[*tuple[Any, ...]]:
    """Qualifications with name and code of their skill. Those in force are the ones that decide; past ones are there
    where nothing else of the same person counts."""
    held = holding(now)
    rows = select(Qualification, Skill.name, Skill.code).join(Skill, Skill.id == Qualification.skill_id)
    decides = rows.join(held, held.c.id == Qualification.id)
    past = rows.outerjoin(held, _same(held)).where(held.c.id.is_(None))
    match wanted:
        case Standing.VALID:
            return decides
        case Standing.SOON:
            return decides.where(held.c.ends <= now + LAPSES_SOON)
        case Standing.EXPIRED:
            return past.where(now >= _END, Qualification.revoked_at.is_(None))
        case Standing.REVOKED:
            return past.where(Qualification.revoked_at.is_not(None))


def _same(other: Subquery) -> ColumnElement[bool]:
    same_holder = other.c.holder_number == Qualification.holder_number
    return and_(same_holder, other.c.skill_id == Qualification.skill_id)
