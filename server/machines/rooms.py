"""The rooms of the lab. A machine stands in one, a trainer may act in one; where it lies on the plan is drawn elsewhere."""

from datetime import datetime

from sqlalchemy import func, select, update

from server.accounts.models import RoleAssignment
from server.audit import service as audit
from server.db import db, expect_version, writing
from server.domain.roles import ScopeKind
from server.jobs import service as jobs
from server.machines.models import Machine, Room
from server.machines.service import MachineError


def add_room(name: str, *, actor: str, now: datetime) -> None:
    """A room without machines yet. The plan finds a place for it."""
    with writing() as session:
        if session.scalar(select(Room.id).where(Room.name == name)) is not None:
            raise MachineError("There is already a room %(name)s.", name=name)
        session.add(Room(name=name))
        audit.record(actor, "add", "room", name, None, {"name": name}, "", now)
        jobs.announce("machine", f"room:{name}", now)


def rename_room(name: str, new: str, version: int | None = None, *, actor: str, now: datetime) -> None:
    """Its machines go with it, and so do the roles that were given in it."""
    with writing() as session:
        room = _room(name)
        expect_version(room, version)
        if session.scalar(select(Room.id).where(Room.name == new, Room.id != room.id)) is not None:
            raise MachineError("There is already a room %(name)s.", name=new)
        room.name = new
        session.flush()
        given = (RoleAssignment.scope_kind == ScopeKind.ROOM.value) & (RoleAssignment.scope == name)
        session.execute(update(RoleAssignment).where(given).values(scope=new))
        audit.record(actor, "rename", "room", name, {"name": name}, {"name": new}, "", now)
        jobs.announce("machine", f"room:{new}", now)


def remove_room(name: str, version: int | None = None, *, actor: str, now: datetime) -> None:
    """Only an empty room can go. Machines that were ended there no longer say where they stood."""
    with writing() as session:
        room = _room(name)
        expect_version(room, version)
        here = Machine.room == name
        machines = session.scalar(select(func.count()).where(here, Machine.ended_at.is_(None))) or 0
        if machines:
            raise MachineError(
                "Machines still stand in %(room)s (%(count)s): move them first.", count=machines, room=name
            )
        session.execute(update(Machine).where(here).values(room=None))
        session.delete(room)
        audit.record(actor, "remove", "room", name, {"name": name}, None, "", now)
        jobs.announce("machine", f"room:{name}", now)


def _room(name: str) -> Room:
    room: Room | None = db.session.scalar(select(Room).where(Room.name == name))
    if room is None:
        raise MachineError("There is no room %(name)s.", name=name)
    return room
