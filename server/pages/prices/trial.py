"""A price tried on one session: what is typed, rated as a bill would be. Nothing is stored."""

from datetime import datetime, timedelta

from server.domain.allowances import Terms
from server.domain.period import day_of
from server.domain.rating import RatedSession, Session, rate_month
from server.domain.tariffs import Basis, Rule, Scope, Tariff
from server.pages.prices.price_forms import TriedForm
from server.web.here import now, zone

_AN_HOUR = timedelta(hours=1)
_COOLS_S = 600


def of(form: TriedForm) -> RatedSession | None:
    """What stands in a form just now; None where it is not right yet, or no length is typed."""
    if not form.says_a_rule() or not form.try_occupied.data:
        return None
    begins = form.try_from.data or next_hour(now())
    return rate(form.rule(), begins, form.try_occupied.data, _others(form))


def rate(rule: Rule, begins: datetime, occupied_s: int, others: dict[Basis, int] | None = None) -> RatedSession:
    """``others``: the times besides the one it was occupied; those that are not told are as long."""
    told = {Basis.POWERED: occupied_s, Basis.RUNNING: occupied_s, Basis.COOLDOWN: _COOLS_S} | (others or {})
    session = Session(
        id="",
        start=begins,
        day=day_of(begins, zone()),
        measured_s=occupied_s,
        machine="",
        category="",
        tenant_kind="",
        powered_s=told[Basis.POWERED],
        running_s=told[Basis.RUNNING],
        cooldown_s=told[Basis.COOLDOWN],
    )
    tariff = Tariff(0, Scope(category=""), begins, None, rule)
    (rated,) = rate_month([session], [tariff], Terms(), zone())
    assert isinstance(rated, RatedSession), "every time is told, and there is a price"
    return rated


def next_hour(moment: datetime) -> datetime:
    """The next full hour; where the clock shows another quarter, as good as any."""
    return moment.replace(minute=0, second=0, microsecond=0) + _AN_HOUR


def _others(form: TriedForm) -> dict[Basis, int]:
    typed = {Basis.POWERED: form.try_powered, Basis.RUNNING: form.try_running, Basis.COOLDOWN: form.try_cooldown}
    return {basis: field.data for basis, field in typed.items() if field.data is not None}
