"""Signs of life of the processes of the server: each says now and then that it is at work."""

from datetime import datetime, timedelta

from sqlalchemy import select

from server.db import reading, writing
from server.jobs.models import Pulse

EVERY = timedelta(seconds=30)
LOST_AFTER = timedelta(minutes=3)
PARTS = ("link", "work")


def beat(part: str, now: datetime) -> None:
    """This part of the server is at work."""
    with writing() as session:
        session.merge(Pulse(part=part, at=now))


def last_beats() -> dict[str, datetime]:
    """When each part was last at work; one that has never been is missing."""
    with reading() as session:
        return {pulse.part: pulse.at for pulse in session.scalars(select(Pulse))}


def lost(now: datetime) -> list[str]:
    """The parts that have said nothing for too long."""
    beats = last_beats()
    return [part for part in PARTS if part not in beats or now - beats[part] > LOST_AFTER]
