"""Hand-outs: begun with a list of names, heard at chosen readers, finished later. Called as ``server.handouts.service``.

People are made when the list is begun, not when their badge is lent: the whole list is checked in one transaction and
never half made, a name stands in ``person`` alone, and a trainer can already enrol somebody whose badge comes tomorrow.
Without a badge they open nothing. Of themselves they have no right to any machine.

Every function runs inside ``writing()``, audits, and refuses with HandoutError or PeopleError.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from server.audit import service as audit
from server.db import db, writing
from server.handouts.building import add_handout, add_line, refuse_past
from server.handouts.listening import listen, pause
from server.handouts.models import Handout, Kind, Mode
from server.handouts.rows import HandoutError, open_handout
from server.handouts.taps import Tap, give_back, return_of_another, take, undo
from server.handouts.turns import call_up, skip
from server.handouts.visitors import begin_visitors, end_block, open_again
from server.people import service as people
from server.people.models import Membership, Payer, Person
from server.people.rows import holder_of_the_lab, payer_by_code

__all__ = [
    "HandoutError",
    "Mode",
    "Newcomer",
    "Tap",
    "begin",
    "begin_day",
    "begin_visitors",
    "call_up",
    "end",
    "end_block",
    "give_back",
    "known_by_mail",
    "listen",
    "open_again",
    "pause",
    "return_of_another",
    "skip",
    "take",
    "undo",
]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A name of the list. ``holder`` is who it is already, where the lab knows the mail address."""

    given: str
    family: str
    email: str | None = None
    holder: int | None = None


def begin(
    newcomers: Sequence[Newcomer],
    payer: str,
    label: str,
    language: str,
    until: datetime | None,
    readers: Collection[str],
    *,
    actor: str,
    now: datetime,
) -> Handout:
    """Make everybody who is not here yet, tie each to the payer until ``until``, and listen at once."""
    if not newcomers:
        raise HandoutError("Paste at least one name.")
    refuse_past(until, now)
    by: Any = {"actor": actor, "now": now}
    with writing():
        handout = add_handout(Kind.PEOPLE, label, payer_by_code(payer).id, language, until, **by)
        for position, one in enumerate(newcomers, 1):
            number = one.holder or people.add_holder(one.given, one.family, language, one.email, **by).number
            add_line(handout, position, number, _tie(number, payer, until, **by))
        listen(handout.id, readers, Mode.GIVE, **by)
    return handout


def begin_day(holder: int, until: datetime, readers: Collection[str], *, actor: str, now: datetime) -> Handout:
    """A badge from the drawer for somebody who forgot theirs: one more badge of the same person, so it opens and charges
    what theirs does, and it ends with the day."""
    by: Any = {"actor": actor, "now": now}
    with writing():
        holder_of_the_lab(holder)
        handout = add_handout(Kind.DAY, "", None, "", until, **by)
        add_line(handout, 1, holder, None)
        listen(handout.id, readers, Mode.GIVE, **by)
    return handout


def end(number: int, *, actor: str, now: datetime) -> None:
    """The list is put away. Badges and memberships stay as they are."""
    with writing():
        handout = open_handout(number)
        handout.ended_at, handout.hears_until = now, None
        audit.record(actor, "end", "handout", number, {"ended_at": None}, {"ended_at": now}, "", now)


def known_by_mail(addresses: Iterable[str]) -> dict[str, list[int]]:
    """Who has these addresses already, by the address in small letters. Inside ``reading()``."""
    wanted = {address.casefold() for address in addresses if address}
    rows = db.session.execute(
        select(func.lower(Person.email), Person.holder_number).where(func.lower(Person.email).in_(wanted))
    )
    found: dict[str, list[int]] = {}
    for address, number in rows:
        found.setdefault(address, []).append(number)
    return found


def _tie(holder: int, payer: str, until: datetime | None, *, actor: str, now: datetime) -> str | None:
    """A membership until the end of the list, unless this payer pays for them as long already."""
    wanted = (
        select(Membership.valid_until)
        .join(Payer, Payer.id == Membership.payer_id)
        .where(Membership.holder_number == holder, Payer.code == payer, Membership.ended_at.is_(None))
        .where(Membership.valid_from <= now)
    )
    for end_of_tie in db.session.scalars(wanted):
        if end_of_tie is None or (until is not None and end_of_tie >= until):
            return None
    return people.add_membership(holder, payer, None, until, actor=actor, now=now).ref
