"""Where rooms and machines are drawn on the plan of the lab. It changes what people look at, and no machine's rules.

One drawing is stored as a whole: who changes it must have seen the one before (``seen``), or is told that somebody else
was faster.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from server.audit import service as audit
from server.db import Stale, reading, writing
from server.jobs import service as jobs
from server.machines.models import Machine, Room
from server.machines.service import MachineError

FURTHEST = 400  # units of 8 px from the upper left corner
_SUBJECT = ("plan", "lab")  # in the audit trail


@dataclass(frozen=True, slots=True)
class Drawing:
    """Rooms by id as (x, y, width, height), machines by code as (x, y), in units of 8 px. A room that is not in it, or
    is 0 wide, and a machine that is not in it, find a place by themselves."""

    rooms: Mapping[int, tuple[int, int, int, int]]
    machines: Mapping[str, tuple[int, int]]


def present() -> tuple[Drawing, str]:
    """The drawing as it is stored, and its mark, which ``draw`` wants back."""
    with reading() as session:
        rooms = session.execute(select(Room.id, Room.x, Room.y, Room.width, Room.height)).all()
        machines = session.execute(select(Machine.code, Machine.x, Machine.y)).all()
    placed = {code: (x, y) for code, x, y in machines if x is not None and y is not None}
    drawing = Drawing({row[0]: _four(row[1:]) for row in rooms}, placed)
    return drawing, _mark(drawing)


def draw(drawing: Drawing, seen: str, *, actor: str, now: datetime) -> bool:
    """Store it; False where just this was drawn already, as by a form that is sent twice. Raises Stale where the plan is
    no longer the one that was ``seen``, MachineError for numbers off it."""
    numbers = [number for place in (*drawing.rooms.values(), *drawing.machines.values()) for number in place]
    if not all(0 <= number <= FURTHEST for number in numbers):
        raise MachineError("The plan goes from 0 to %(most)s.", most=FURTHEST)
    with writing() as session:
        before, mark = present()
        if _drawn(before) == _drawn(drawing):
            return False
        if mark != seen:
            raise Stale
        session.execute(update(Room).values(x=0, y=0, width=0, height=0))
        session.execute(update(Machine).values(x=None, y=None))
        for room, (x, y, width, height) in drawing.rooms.items():
            session.execute(update(Room).where(Room.id == room).values(x=x, y=y, width=width, height=height))
        for code, (x, y) in drawing.machines.items():
            session.execute(update(Machine).where(Machine.code == code).values(x=x, y=y))
        audit.record(actor, "draw", *_SUBJECT, _picture(before), _picture(drawing), "", now)
        jobs.announce("machine", "plan", now)
    return True


def take_back(seen: str, *, actor: str, now: datetime) -> None:
    """Put back what was drawn before. Raises Stale where somebody has drawn since, MachineError where nobody has yet."""
    last = next(iter(audit.trail(*_SUBJECT)), None)
    if last is None:
        raise MachineError("Nobody has drawn the plan yet.")
    rooms = {int(room): _four(place) for room, place in last.before["rooms"].items()}
    draw(Drawing(rooms, {code: (x, y) for code, (x, y) in last.before["machines"].items()}), seen, actor=actor, now=now)


def _four(place: Sequence[int]) -> tuple[int, int, int, int]:
    x, y, width, height = place
    return x, y, width, height


def _drawn(drawing: Drawing) -> Drawing:
    """Without what finds its place by itself."""
    return Drawing({room: place for room, place in drawing.rooms.items() if place[2]}, dict(drawing.machines))


def _mark(drawing: Drawing) -> str:
    return hashlib.sha256(repr((sorted(drawing.rooms.items()), sorted(drawing.machines.items()))).encode()).hexdigest()


def _picture(drawing: Drawing) -> dict[str, Any]:
    rooms = {str(room): list(place) for room, place in drawing.rooms.items()}
    return {"rooms": rooms, "machines": {code: list(place) for code, place in drawing.machines.items()}}
