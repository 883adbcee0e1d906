"""What the forms of bookings have in common: who acts, on which machine, for how long, and what binds them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import abort
from sqlalchemy import select

from server.bookings.service import Rules
from server.db import db, reading
from server.domain.bookings import Limits, Span
from server.domain.refusals import Refusal
from server.domain.roles import About, Verb
from server.machines.models import Machine
from server.pages.bookings.about import NOBODY
from server.pages.bookings.entitled import Entitled
from server.pages.bookings.forms import SpanForm
from server.pages.bookings.grids import closures
from server.web.here import now, settings, zone
from server.web.needs import actor, allowed


def by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}


def is_staff(place: About) -> bool:
    """Whether the reader may book this machine for others."""
    return allowed(Verb.BOOK, replace(place, holder=NOBODY))


def machine_here(code: str) -> Machine:
    """A machine that is still in the lab."""
    with reading():
        wanted = select(Machine).where(Machine.code == code, Machine.ended_at.is_(None))
        machine: Machine | None = db.session.scalar(wanted)
    return machine or abort(404)


def span_of(form: SpanForm) -> Span:
    """Of a form that was found right."""
    assert form.begins.data is not None
    assert form.ends.data is not None
    return Span(form.begins.data, form.ends.data)


def rules(for_staff: bool) -> Rules:
    limits = settings().bookings
    bound = Limits(timedelta(hours=limits.longest_h), timedelta(days=limits.horizon_days), limits.open_at_most)
    return Rules(zone(), None if for_staff else bound, closures(now()))


def refuse_without_right(right: Entitled, for_staff: bool) -> None:
    """Staff may book for somebody who will learn it that very hour; a maker may not."""
    if right.against and not for_staff:
        raise Refusal("You could not start this machine then. What is missing stands above.")
