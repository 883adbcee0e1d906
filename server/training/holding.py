"""Who is trained for a machine, and until when: by the rules of ``domain.standings``, for lists of people."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import true

from server.domain.facts import Facts
from server.domain.standings import standing_on, standings_at
from server.training.facts import qualifications, skills


def holders_of(asked: Collection[str], now: datetime) -> dict[int, datetime | None]:
    """Everybody who holds all these skills, and what they need, without anybody beside; and when the first of them lapses
    (None: never). Nobody where nothing is asked for. Inside ``reading()``."""
    facts = Facts(qualifications=qualifications(true()), skills=skills())
    known = {skill.code: skill for skill in facts.skills}
    found: dict[int, datetime | None] = {}
    for holder, held in standings_at(facts, now).items() if asked else ():
        ones = standing_on(asked, known, held).values()
        if all(one.is_alone for one in ones):
            found[holder] = min((one.moment for one in ones if one.moment is not None), default=None)
    return found
