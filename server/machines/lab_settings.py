"""What the lab has decided once, by name: a number or a word with a usual value, changed by a manager and audited."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, writing
from server.machines.models import Setting


def decided(name: str, usual: Any) -> Any:
    """The lab's own value, else the usual one; inside ``reading()`` or ``writing()``."""
    value = db.session.scalar(select(Setting.value).where(Setting.name == name))
    return usual if value is None else value


def decide(name: str, value: Any, usual: Any, *, actor: str, now: datetime) -> None:
    with writing() as session:
        row = session.get(Setting, name)
        before = usual if row is None else row.value
        if before == value:
            return
        if row is None:
            session.add(Setting(name=name, value=value))
        else:
            row.value = value
        audit.record(actor, "decide", "setting", name, {"value": before}, {"value": value}, "", now)
