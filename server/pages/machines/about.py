"""What a request about machines is about, for the gate; 404 for what is not there."""

from typing import Any

from flask import abort
from sqlalchemy import select

from server.db import db, reading
from server.domain.roles import About
from server.machines.models import Machine


def machine_of(code: str, **others: Any) -> About:
    with reading():
        found = db.session.execute(select(Machine.code, Machine.room).where(Machine.code == code)).one_or_none()
    return About(machine=found.code, room=found.room) if found is not None else abort(404)
