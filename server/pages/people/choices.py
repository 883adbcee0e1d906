"""What the fields of the forms about people offer: cost centres by tenant, and machines to tap a badge at."""

from datetime import UTC, date, datetime, timedelta

from flask_babel import gettext
from sqlalchemy import or_, select

from server.db import db, reading
from server.domain.period import day_start
from server.machines.models import Agent, Machine
from server.pages.people.names import natural
from server.people.models import Payer, Tenant
from server.web.here import now, zone


def payer_choices(none: bool = False) -> dict[str, list[tuple[str, str]]]:
    """The cost centres that can be charged, under the name of their tenant. ``none``: and the choice of nobody yet."""
    wanted = (
        select(Tenant.name, Payer.code, Payer.cost_centre)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .where(or_(Payer.valid_until.is_(None), Payer.valid_until > now()), Tenant.ended_at.is_(None))
        .order_by(Tenant.name, Payer.cost_centre)
    )
    choices: dict[str, list[tuple[str, str]]] = {"": [("", gettext("nobody yet"))]} if none else {}
    with reading():
        for tenant, code, centre in db.session.execute(wanted):
            choices.setdefault(tenant, []).append((code, f"{tenant} · {centre}" if centre else tenant))
    return choices


def machine_choices() -> list[tuple[str, str]]:
    """Machines to tap at: those whose agent is online first, then by name."""
    wanted = (
        select(Machine.code, Machine.name, Machine.room, Agent.online)
        .join(Agent, Agent.id == Machine.agent_id)
        .where(Machine.ended_at.is_(None))
    )
    with reading():
        rows = sorted(db.session.execute(wanted), key=lambda row: (not row.online, natural(row.name)))
    return [(code, _machine(name, room, online)) for code, name, room, online in rows]


def _machine(name: str, room: str | None, online: bool) -> str:
    place = f"{name} · {room}" if room else name
    return place if online else gettext("%(machine)s (offline)", machine=place)


def begin_of(day: date | None) -> datetime | None:
    """The moment a day begins in the lab; None for no day."""
    return None if day is None else day_start(day, zone())


def end_of(day: date | None) -> datetime | None:
    """The moment after a day's last in the lab: what holds until that day still holds on it."""
    return None if day is None else day_start(day + timedelta(days=1), zone())


def last_day(until: datetime | None) -> date | None:
    """The last day on which something holds that ends at this moment."""
    return None if until is None else (until.astimezone(UTC) - timedelta(seconds=1)).astimezone(zone()).date()
