"""Why this amount: every step from the seconds measured to the cents on the bill, in words, one figure each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask_babel import gettext

from server.domain.priced import PartPrice
from server.domain.rating import RatedSession
from server.domain.tariffs import Basis
from server.pages.prices import sentences
from server.web import formats

NameOf = Callable[[str], str]  # what a contract or a pack is called, by its reference


@dataclass(frozen=True, slots=True)
class Step:
    """``note`` stands small beside the label."""

    label: str
    value: str
    note: str = ""
    is_sum: bool = False


def named_plainly(ref: str) -> str:
    """What took over a part of the price, where nobody has given it a name."""
    return gettext("prepaid pack") if ref.startswith("pack:") else gettext("contract")


def steps_of(rated: RatedSession, name_of: NameOf = named_plainly) -> list[Step]:
    """Of a session that has a price and is charged."""
    return [*_times(rated, name_of), *_amounts(rated), *_terms(rated, name_of), _net(rated)]


def exact(seconds: int) -> str:
    """A time to the second: ``1 h 44 min 26 s``."""
    hours, rest = divmod(max(0, seconds), 3600)
    minutes, last = divmod(rest, 60)
    if hours:
        return gettext("%(hours)s h %(minutes)s min %(seconds)s s", hours=hours, minutes=minutes, seconds=last)
    if minutes:
        return gettext("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=last)
    return gettext("%(seconds)s s", seconds=last)


def _time(seconds: int) -> str:
    """To the second where there are some."""
    return exact(seconds) if seconds % 60 else sentences.length(seconds)


def _times(rated: RatedSession, name_of: NameOf) -> Iterator[Step]:
    for part in rated.parts:
        yield Step(_measured(part.basis), _time(part.measured_s))
        if rated.session.counted_s is not None:
            yield Step(gettext("Counted by decision"), _time(part.counting_s))
        if part.part.free_s and not rated.session.continues:
            free_s = min(part.part.free_s, part.counting_s)
            yield Step(gettext("Free at the beginning"), f"−{_time(free_s)}")
        yield Step(gettext("Billed"), sentences.length(part.billed_s), sentences.counting(part.part))
        for one in part.covered:
            worth = gettext("%(amount)s that nobody pays", amount=formats.money(one.cents))
            label = gettext("Covered by: %(name)s", name=name_of(one.ref))
            yield Step(label, sentences.length(one.seconds), worth)
        yield from _runs(part)


def _runs(part: PartPrice) -> Iterator[Step]:
    """What is left to pay, at each price; the amount beside the last one, for cents are rounded once."""
    for number, (seconds, cents) in enumerate(part.runs, start=1):
        said = gettext(
            "%(time)s at %(price)s",
            time=sentences.length(seconds),
            price=sentences.unit_price(part.part, cents),
        )
        is_last = number == len(part.runs)
        yield Step(said, formats.money(part.net_cents) if is_last else "", _why(part, cents))


def _why(part: PartPrice, cents: int) -> str:
    if cents == part.part.cents or not (part.part.bands or part.part.tiers):
        return ""
    if part.part.tiers:
        return gettext("the price after more time")
    return gettext("the price of these hours, by the first second of each step")


def _amounts(rated: RatedSession) -> Iterator[Step]:
    if rated.fee_cents:
        yield Step(gettext("Session fee"), formats.money(rated.fee_cents))
    if rated.day_fee_cents:
        note = gettext("once a person and day, with the first session")
        yield Step(gettext("Fee for the day"), formats.money(rated.day_fee_cents), note)
    elif rated.tariff and rated.tariff.rule.day_fee_cents and (rated.billed_s or not rated.parts):
        yield Step(gettext("Fee for the day"), formats.money(0), gettext("paid with an earlier session of that day"))
    if rated.added_cents:
        yield Step(gettext("Up to the least a session costs"), formats.money(rated.added_cents))
    if rated.cut_cents:
        yield Step(gettext("Above the most that is charged"), formats.money(-rated.cut_cents), _caps(rated))


def _caps(rated: RatedSession) -> str:
    return ", ".join(sentences.cap(one) for one in rated.tariff.rule.caps) if rated.tariff else ""


def _terms(rated: RatedSession, name_of: NameOf) -> Iterator[Step]:
    if rated.discount and rated.discount_cents:
        share = gettext("%(share)s %% off", share=formats.number(rated.discount.basis_points / 100))
        yield Step(
            gettext("Discount: %(name)s", name=name_of(rated.discount.ref)), formats.money(-rated.discount_cents), share
        )
    for one in rated.covered:
        if not one.seconds:
            yield Step(gettext("Credit: %(name)s", name=name_of(one.ref)), formats.money(-one.cents))


def _net(rated: RatedSession) -> Step:
    return Step(gettext("Net"), formats.money(rated.net_cents), is_sum=True)


def _measured(basis: Basis) -> str:
    match basis:
        case Basis.OCCUPIED:
            return gettext("Measured: machine occupied")
        case Basis.POWERED:
            return gettext("Measured: machine under power")
        case Basis.RUNNING:
            return gettext("Measured: machine running")
        case Basis.COOLDOWN:
            return gettext("Measured: machine cooling down")
