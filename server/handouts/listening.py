"""At which readers taps count, for which hand-out, and until when."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, writing
from server.handouts.models import Handout, Mode
from server.handouts.rows import HEARS_FOR, HandoutError, open_handout
from server.jobs import service as jobs
from server.machines.models import Machine


def listen(number: int, readers: Collection[str], mode: Mode, *, actor: str, now: datetime) -> None:
    """From now on taps at these readers count, to give or to collect. A reader serves one hand-out at a time."""
    with writing() as session:
        handout = open_handout(number)
        jobs.announce("handout", str(number), now)  # changes are written one after another: of two at once, one is told
        _check_readers(handout, readers, now)
        before = {"mode": handout.mode, "readers": handout.readers}
        handout.readers, handout.mode = sorted(readers), mode.value
        handout.hears_from, handout.hears_until, handout.heard_by = now, now + HEARS_FOR, actor
        session.flush()
        after = {"mode": handout.mode, "readers": handout.readers}
        if before != after:
            audit.record(actor, "listen", "handout", number, before, after, "", now)


def pause(number: int, *, actor: str, now: datetime) -> None:
    """Taps count no longer; the list stays as it is."""
    with writing():
        handout = open_handout(number)
        handout.hears_until = None
        audit.record(actor, "pause", "handout", number, None, None, "", now)


def _check_readers(handout: Handout, readers: Collection[str], now: datetime) -> None:
    known = set(db.session.scalars(select(Machine.code).where(Machine.code.in_(readers), Machine.ended_at.is_(None))))
    if not readers or known != set(readers):
        raise HandoutError("Choose the reader of a machine that is here.")
    others = select(Handout).where(Handout.id != handout.id, Handout.ended_at.is_(None), Handout.hears_until > now)
    for other in db.session.scalars(others):
        if taken := sorted(set(other.readers) & set(readers)):
            raise HandoutError(
                "Another hand-out listens at %(reader)s. Stop it first, or choose another.", reader=taken[0]
            )
