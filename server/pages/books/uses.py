"""Single sessions that a tenant pays for: those of today, which it may refuse, and by name where a dated setting says so.

Without the setting a session has no person; without its second half no time of day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from server.billing import facts
from server.billing.drafting import rate_uses
from server.billing.models import ChargeRefusal
from server.billing.uses import Use
from server.db import db, reading
from server.domain.period import Period, day_of, month_of, period_of
from server.domain.rating import Rated, RatedSession
from server.pages.people.names import Named, named
from server.people.models import Tenant
from server.web.here import settings, zone


@dataclass(frozen=True, slots=True)
class Names:
    """Whether a tenant's own people see who used what: of sessions from a day on, for this reason, and when."""

    since: date
    reason: str
    times: bool


@dataclass(frozen=True, slots=True)
class Charged:
    """``holder`` and ``began`` are None, ``person`` is empty, where they may not be known. ``refusal``: why it was refused, and the answer."""

    id: str
    machine: str
    cost_centre: str
    day: date
    measured_s: int
    cents: int | None
    is_free: bool
    holder: int | None = None
    person: str = ""
    began: datetime | None = None
    refusal: str | None = None
    answer: str = ""
    is_charged: bool | None = None


def names_of(code: str) -> Names | None:
    wanted = select(Tenant.names_since, Tenant.names_reason, Tenant.names_times).where(Tenant.code == code)
    with reading():
        since, reason, times = db.session.execute(wanted).one()
    return None if since is None else Names(since, reason, times)


def charged_today(code: str, now: datetime, names: Names | None) -> list[Charged]:
    """What ended today on the lab's clock, the newest first. ``names``: as far as the reader may know them."""
    today = day_of(now, zone())
    rated = _rated(code, period_of(month_of(now, zone()), zone()))
    return _charged([pair for pair in rated if day_of(pair[0].ended_at, zone()) == today], names)


def charged_by_name(code: str, period: Period, names: Names) -> list[Charged]:
    """The month's sessions from the day on which names may be known."""
    found = [pair for pair in _rated(code, period) if day_of(pair[0].started_at, zone()) >= names.since]
    return _charged(found, names)


def _rated(code: str, period: Period) -> list[tuple[Use, Rated]]:
    with reading():
        tenant = db.session.scalars(select(Tenant.id).where(Tenant.code == code)).one()
        known = facts.load(period, settings().demo, tenant)
    return list(rate_uses(known, zone()))


def _charged(rated: list[tuple[Use, Rated]], names: Names | None) -> list[Charged]:
    rated = sorted(rated, key=lambda pair: (pair[0].ended_at, pair[0].id), reverse=True)
    with reading():
        people = named(use.holder for use, _ in rated) if names else {}
        wanted = select(ChargeRefusal).where(ChargeRefusal.session_id.in_([use.id for use, _ in rated]))
        refusals = {row.session_id: row for row in db.session.scalars(wanted)}
    return [_one(use, price, names, people, refusals.get(use.id)) for use, price in rated]


def _one(
    use: Use, price: Rated, names: Names | None, people: Mapping[int, Named], refusal: ChargeRefusal | None
) -> Charged:
    day = day_of(use.started_at, zone())
    is_named = names is not None and day >= names.since
    return Charged(
        id=use.id,
        machine=use.machine_name,
        cost_centre=use.cost_centre,
        day=day,
        measured_s=use.measured_s,
        cents=price.net_cents if isinstance(price, RatedSession) else None,
        is_free=use.decision.free is not None,
        holder=use.holder if is_named else None,
        person=people[use.holder].name if is_named and use.holder in people else "",
        began=use.started_at if is_named and names is not None and names.times else None,
        refusal=refusal.reason if refusal else None,
        answer=refusal.answer if refusal else "",
        is_charged=refusal.is_charged if refusal else None,
    )
