"""Finds a hand-out or one of its lines, or says in a sentence that there is none."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from server.db import db
from server.domain.refusals import Refusal
from server.handouts.models import Handout, HandoutLine

HEARS_FOR = timedelta(minutes=15)  # after the last tap; then it stops by itself, and no passer-by is given a name


class HandoutError(Refusal):
    """What was asked cannot be done, in a sentence for the one who asked."""


def handout_by_id(number: int, changing: bool = False) -> Handout:
    """``changing`` keeps it for the one who changes it until his transaction ends: taps are used one after another."""
    wanted = select(Handout).where(Handout.id == number)
    if changing:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    handout: Handout | None = db.session.scalar(wanted)
    if handout is None:
        raise HandoutError("There is no such hand-out.")
    return handout


def open_handout(number: int) -> Handout:
    """One that is not over, to be changed."""
    handout = handout_by_id(number, changing=True)
    if handout.ended_at is not None:
        raise HandoutError("This hand-out is over.")
    return handout


def line_by_id(handout: Handout, number: int) -> HandoutLine:
    line = db.session.get(HandoutLine, number, populate_existing=True)
    if line is None or line.handout_id != handout.id:
        raise HandoutError("This name is not on the list.")
    return line


def lines_of(handout_id: int) -> Sequence[HandoutLine]:
    """In the order of the list."""
    wanted = select(HandoutLine).where(HandoutLine.handout_id == handout_id).order_by(HandoutLine.position)
    return db.session.scalars(wanted).all()


def next_of(lines: Sequence[HandoutLine]) -> HandoutLine | None:
    """Whose turn it is."""
    waiting = [line for line in lines if waits(line)]
    return min(waiting, key=lambda line: (line.turn, line.position), default=None)


def waits(line: HandoutLine) -> bool:
    """Has no badge, and is not passed over."""
    return line.token_ref is None and not line.skipped


def is_out(line: HandoutLine) -> bool:
    """Was given a badge that has not come back."""
    return line.token_ref is not None and line.returned_at is None
