"""What the manager of the demo finds on the morning on which somebody looks: closed machines, a suspended tenant."""

from dataclasses import replace
from datetime import datetime, time
from typing import Any

from sqlalchemy import select

from server.db import db, writing
from server.demo.books import ACTOR
from server.demo.cast import SUSPENDED_CODE
from server.demo.lab import CNC, LASER
from server.machines import service as machines
from server.machines.changes import change_machine, rules_of
from server.machines.models import Machine
from server.machines.service import END_OF_DAY, Hours, machine_by_code
from server.people import service as people
from wire.messages import Service

OUT, UNDER_MAINTENANCE = "p6", "c5"


def open_the_day(now: datetime) -> None:
    """While somebody watches, the workshop is open at any hour. Lists are valid again as long as the risk class says."""
    by: dict[str, Any] = {"actor": ACTOR, "now": now}
    with writing():
        _open(by)


def _open(by: dict[str, Any]) -> None:
    always = [Hours(weekday, time(), END_OF_DAY) for weekday in range(7)]
    for category in (CNC, LASER):
        machines.set_opening_hours(category, always, **by)
    for code in _codes():
        change_machine(code, replace(rules_of(machine_by_code(code)), list_valid_s=None), **by)
    machines.set_service(OUT, Service.OUT, "Buse bouchée, pièce commandée", **by)
    machines.set_service(UNDER_MAINTENANCE, Service.MAINTENANCE, "Graissage des axes", **by)
    people.suspend_tenant(SUSPENDED_CODE, "Contrat à renouveler", **by)


def _codes() -> list[str]:
    return list(db.session.scalars(select(Machine.code).order_by(Machine.id)))
