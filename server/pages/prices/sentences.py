"""A rule in one sentence: "12,00 € par heure d’occupation, par pas de 15 min, 10 min gratuites ; 20:00–08:00 : 6,00 €".

Pieces that stand by themselves in every language, one after the other; nothing is declined or turned around.
"""

from collections.abc import Iterable, Iterator, Sequence

from flask_babel import gettext, lazy_gettext

from server.domain.nights import ALL_DAYS, END_OF_DAY, MIDNIGHT, Hours, hours_of
from server.domain.tariffs import Basis, Cap, Of, Part, Rule, Span
from server.pages.machines.words import time_of_day, weekday
from server.web import formats

BASES = {
    Basis.OCCUPIED: lazy_gettext("machine occupied"),
    Basis.POWERED: lazy_gettext("machine under power"),
    Basis.RUNNING: lazy_gettext("machine running"),
    Basis.COOLDOWN: lazy_gettext("machine cooling down"),
}
OVER = {
    Span.SESSION.value: lazy_gettext("each session"),
    Span.MONTH.value: lazy_gettext("the tenant’s month"),
}
_HOUR_S, _MINUTE_S = 3600, 60


def sentence(rule: Rule) -> str:
    """All that a rule says. One that asks for nothing says so."""
    said = [part(one) for one in rule.parts] + list(_fees(rule))
    if not said or _costs_nothing(rule):
        return gettext("free of charge")
    return gettext("; ").join([gettext("; plus ").join(said), *_limits(rule)])


def headline(rule: Rule) -> str:
    """The shortest that still says what it is, for a cell of a table: the first price, and a sign that there is more."""
    if not rule.parts:
        return next(_fees(rule), gettext("free of charge"))
    first = rule.parts[0]
    more = len(rule.parts) > 1 or first.bands or first.tiers
    alone = unit_price(first) if first.per_s != _HOUR_S or first.basis is not Basis.OCCUPIED else _money(first.cents)
    return f"{alone} +" if more else alone


def terms(rule: Rule) -> str:
    """What the headline leaves out: steps, free minutes, hours, the other parts, fees and limits."""
    if not rule.parts:
        return gettext("; ").join([*list(_fees(rule))[1:], *_limits(rule)])
    first, *others = rule.parts
    beside = [part(one) for one in others] + list(_fees(rule))
    plus = (gettext("plus %(what)s", what=one) for one in beside)
    return gettext("; ").join([", ".join(_steps(first)), *_changes(first), *plus, *_limits(rule)])


def part(one: Part) -> str:
    return gettext("; ").join([", ".join([unit_price(one), *_steps(one)]), *_changes(one)])


def unit_price(one: Part, cents: int | None = None) -> str:
    """What so much time costs: "12,00 € par heure d’occupation". ``cents``: other than the usual."""
    price = _money(one.cents if cents is None else cents)
    match one.per_s:
        case 3600:
            return _per_hour(one.basis, price)
        case 60:
            return _per_minute(one.basis, price)
        case _:
            return _per_time(one.basis, price, length(one.per_s))


def counting(one: Part) -> str:
    """How time is counted: "in steps of 15 min, at least 30 min"."""
    least = [gettext("at least %(time)s", time=length(one.minimum_s))] if one.minimum_s else []
    return ", ".join([_step(one.step_s), *least])


def length(seconds: int) -> str:
    """``45 min``, ``1 h 30``; seconds only where there are some."""
    if seconds % _MINUTE_S:
        minutes, rest = divmod(seconds, _MINUTE_S)
        alone = gettext("%(seconds)s s", seconds=rest)
        return f"{formats.duration(minutes * _MINUTE_S)} {alone}" if minutes else alone
    if seconds and seconds % _HOUR_S == 0:
        return gettext("%(hours)s h", hours=formats.number(seconds // _HOUR_S))
    return formats.duration(seconds)


def hours(one: Hours) -> str:
    """When other cents hold: "lun.–ven. 20:00–08:00", "sam., dim."."""
    days = "" if one.weekdays == ALL_DAYS else weekdays(one.weekdays)
    is_all_day = (one.begins, one.ends) == (MIDNIGHT, END_OF_DAY)
    span = "" if is_all_day and days else f"{time_of_day(one.begins)}–{time_of_day(one.ends)}"
    return " ".join(filter(None, (days, span)))


def weekdays(days: Iterable[int]) -> str:
    """Three days in a row and more are written from the first to the last."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(_run(run) for run in runs)


def cap(one: Cap) -> str:
    amount = _money(one.cents)
    match (one.over, one.of):
        case (Span.DAY, Of.PERSON):
            return gettext("at most %(amount)s a day and person", amount=amount)
        case (Span.DAY, Of.TENANT):
            return gettext("at most %(amount)s a day and tenant", amount=amount)
        case (_, Of.PERSON):
            return gettext("at most %(amount)s a month and person", amount=amount)
        case _:
            return gettext("at most %(amount)s a month and tenant", amount=amount)


def _run(run: Sequence[int]) -> str:
    first, last = weekday(run[0], "abbreviated"), weekday(run[-1], "abbreviated")
    return f"{first}–{last}" if len(run) > 2 else ", ".join(weekday(day, "abbreviated") for day in run)


def _steps(one: Part) -> list[str]:
    said = [_step(one.step_s)]
    if one.free_s:
        said.append(gettext("first %(time)s free", time=length(one.free_s)))
    if one.minimum_s:
        said.append(gettext("at least %(time)s", time=length(one.minimum_s)))
    return said


def _step(seconds: int) -> str:
    match seconds:
        case 1:
            return gettext("to the second")
        case 60:
            return gettext("to the minute")
        case _:
            return gettext("in steps of %(time)s", time=length(seconds))


def _changes(one: Part) -> list[str]:
    """Where other cents hold, by the clock or by the length. Several hours that cost the same stand together."""
    said: dict[int, list[str]] = {}
    for each in hours_of(one.bands):
        said.setdefault(each.cents, []).append(hours(each))
    by_clock = [gettext("%(when)s: %(price)s", when=", ".join(when), price=_money(c)) for c, when in said.items()]
    after = _after_month if one.tiers_over is Span.MONTH else _after
    return by_clock + [after(length(tier.after_s), _money(tier.cents)) for tier in one.tiers]


def _after(time: str, price: str) -> str:
    return gettext("after %(time)s: %(price)s", time=time, price=price)


def _after_month(time: str, price: str) -> str:
    return gettext("after %(time)s in the month: %(price)s", time=time, price=price)


def _fees(rule: Rule) -> Iterator[str]:
    if rule.session_fee_cents:
        yield gettext("%(fee)s a session", fee=_money(rule.session_fee_cents))
    if rule.day_fee_cents:
        yield gettext("%(fee)s a person and day", fee=_money(rule.day_fee_cents))


def _limits(rule: Rule) -> list[str]:
    least = [gettext("at least %(amount)s a session", amount=_money(rule.minimum_cents))] if rule.minimum_cents else []
    return least + [cap(one) for one in rule.caps]


def _costs_nothing(rule: Rule) -> bool:
    times = [one.cents for one in rule.parts]
    hours = [band.cents for one in rule.parts for band in one.bands]
    tiers = [tier.cents for one in rule.parts for tier in one.tiers]
    return not any((*times, *hours, *tiers, rule.session_fee_cents, rule.day_fee_cents, rule.minimum_cents))


def _per_hour(basis: Basis, price: str) -> str:
    match basis:
        case Basis.OCCUPIED:
            return gettext("%(price)s per hour occupied", price=price)
        case Basis.POWERED:
            return gettext("%(price)s per hour under power", price=price)
        case Basis.RUNNING:
            return gettext("%(price)s per hour running", price=price)
        case Basis.COOLDOWN:
            return gettext("%(price)s per hour cooling down", price=price)


def _per_minute(basis: Basis, price: str) -> str:
    match basis:
        case Basis.OCCUPIED:
            return gettext("%(price)s per minute occupied", price=price)
        case Basis.POWERED:
            return gettext("%(price)s per minute under power", price=price)
        case Basis.RUNNING:
            return gettext("%(price)s per minute running", price=price)
        case Basis.COOLDOWN:
            return gettext("%(price)s per minute cooling down", price=price)


def _per_time(basis: Basis, price: str, time: str) -> str:
    match basis:
        case Basis.OCCUPIED:
            return gettext("%(price)s per %(time)s occupied", price=price, time=time)
        case Basis.POWERED:
            return gettext("%(price)s per %(time)s under power", price=price, time=time)
        case Basis.RUNNING:
            return gettext("%(price)s per %(time)s running", price=price, time=time)
        case Basis.COOLDOWN:
            return gettext("%(price)s per %(time)s cooling down", price=price, time=time)


def _money(cents: int) -> str:
    return formats.money(cents)
