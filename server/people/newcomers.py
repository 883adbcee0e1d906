"""A new holder: a random number, and a name that lies apart from it.

Called as ``server.people.service``, like everything about people; the rules are the same as there.
"""

import secrets
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, writing
from server.people.models import Holder, Person

_LOWEST_NUMBER, _NUMBERS = 100_000, 9_900_000  # six or seven digits: long enough to be random, short on the wire


def add_holder(
    given_name: str,
    family_name: str,
    language: str = "fr",
    email: str | None = None,
    shows_first_name: bool = False,
    *,
    actor: str,
    now: datetime,
) -> Holder:
    """A new holder under a random number that nobody had before; the name goes into ``person`` only."""
    with writing() as session:
        holder = Holder(number=free_numbers(1)[0])
        session.add(holder)
        session.flush()
        session.add(
            Person(
                holder_number=holder.number,
                given_name=given_name,
                family_name=family_name,
                email=email,
                language=language,
                shows_first_name=shows_first_name,
            )
        )
        audit.record(actor, "add", "holder", holder.number, None, {"language": language}, "", now)
    return holder


def free_numbers(count: int) -> list[int]:
    """Numbers no holder has or had (rows of holders are never deleted)."""
    found: list[int] = []
    while len(found) < count:
        drawn = {_LOWEST_NUMBER + secrets.randbelow(_NUMBERS) for _ in range(count - len(found))}
        found += sorted(drawn - _taken(drawn) - set(found))
    secrets.SystemRandom().shuffle(found)  # who stands first in a file has not the lowest number
    return found


def _taken(numbers: Collection[int]) -> set[int]:
    return set(db.session.scalars(select(Holder.number).where(Holder.number.in_(numbers))))
