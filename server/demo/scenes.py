"""What happens in the demo's month besides ordinary work: lost badges, lapsed rights, closed machines, forgotten jobs."""

from datetime import timedelta

from server.demo.builder import Builder
from server.demo.cast import SCENE_DAYS, Cast, Role, Scene
from server.demo.days import Days, at
from server.demo.lab import CNC, CUT_AFTER_S, LASER, PRINTER
from server.demo.lab_people import CUTTING, MILLING, PRINTING, Holder
from server.demo.lab_tenants import HELD_CODE, INTERNAL_CODE
from server.demo.moments import Act, Ending
from wire.messages import DenialReason

_HOUR, _DAY = 3600, 24 * 3600
_REASON = {
    Scene.LOST_BADGE: DenialReason.TOKEN_BLOCKED,
    Scene.DAY_BADGE: DenialReason.TOKEN_EXPIRED,
    Scene.BARRED: DenialReason.HOLDER_BLOCKED,
    Scene.LAPSED: DenialReason.QUALIFICATION_EXPIRED,
    Scene.REVOKED: DenialReason.QUALIFICATION_REVOKED,
    Scene.LEFT: DenialReason.MEMBERSHIP_ENDED,
}
_ACT = {Scene.LOST_BADGE: Act.BLOCK_TOKEN, Scene.BARRED: Act.BLOCK_HOLDER, Scene.REVOKED: Act.REVOKE}


def plan_scenes(builder: Builder, days: Days, cast: Cast) -> None:
    """What is tied to a moment comes first, what is only tied to a day fits in around it."""
    _closed_machines(builder, days, cast)
    _forgotten(builder, days, cast)
    _long_prints(builder, days, cast)
    for role in cast.roles:
        if role.scene in _REASON:
            _before_and_after(builder, role)
    _who_is_not_invoiced(builder, days, cast)


def _before_and_after(builder: Builder, role: Role) -> None:
    """It works in the morning, something happens at noon, two taps in the afternoon are refused."""
    category = CNC if role.scene in (Scene.LAPSED, Scene.REVOKED) else PRINTER
    morning = range(at(role.day, 9, 2), at(role.day, 9, 55))
    builder.visit_within(category, role.holder, morning, 40 * 60 + builder.random.randrange(60 * 60))
    if role.scene in _ACT:
        builder.staff(role.noon, _ACT[role.scene], holder=role.holder.key)
    for _ in range(2):
        afternoon = range(at(role.day, 13, 30), at(role.day, 16))
        builder.refused_within(category, afternoon, role.holder.card, _REASON[role.scene])


def _long_prints(builder: Builder, days: Days, cast: Cast) -> None:
    """Over the first midnight, over the price change, over the night of 25 hours, over the month's end."""
    printing = [holder for holder in cast.regulars if PRINTING in holder.skills]
    first, last = days.all()[0], days.all()[-1]
    spans = [
        (at(first - timedelta(days=1), 21, 13, 7), 10 * _HOUR + 1117),
        (at(days.price_change - timedelta(days=1), 22, 41, 30), 5 * _HOUR + 2504),
        (at(last, 17, 24, 11), 12 * _HOUR + 2222),
        (at(last, 23, 40), 65 * 60),
    ]
    if days.count > 7:
        spans += [(at(last - timedelta(days=7), 20, 9, 52), 14 * _HOUR + 1009), (at(first, 18, 3), 34 * _HOUR + 59)]
    for index, (start, seconds) in enumerate(spans):
        builder.visit_within(PRINTER, printing[10 + index], range(start, start + 600), seconds)


def _who_is_not_invoiced(builder: Builder, days: Days, cast: Cast) -> None:
    """The lab's own people and the tenant without its VAT cell are there in a demo of any length."""
    for code, hour in ((INTERNAL_CODE, 8), (HELD_CODE, 18)):
        holder = next(h for h in cast.regulars if h.tenants[0] == code and PRINTING in h.skills)
        start = at(days.all()[0], hour)
        builder.visit_within(PRINTER, holder, range(start, start + _HOUR), 71 * 60 + 13)


def _closed_machines(builder: Builder, days: Days, cast: Cast) -> None:
    """Printers are out of service and a mill under maintenance, each from one noon to the next."""
    cases = (
        (PRINTER, PRINTING, Act.TAKE_OUT, DenialReason.OUT_OF_SERVICE, SCENE_DAYS[0]),
        (CNC, MILLING, Act.MAINTAIN, DenialReason.MAINTENANCE, SCENE_DAYS[1]),
        (PRINTER, PRINTING, Act.MAINTAIN, DenialReason.MAINTENANCE, SCENE_DAYS[1]),
    )
    for category, skill, act, reason, fraction in cases:
        noon = at(days.workday(fraction), 12)
        _, machine = builder.some_time(category, range(noon, noon + 1), _DAY)
        builder.diary.take(machine, noon, noon + _DAY)
        builder.staff(noon, act, machine=machine)
        builder.staff(noon + _DAY, Act.BRING_BACK, machine=machine)
        for index, holder in enumerate(_some(builder, cast, skill, 2)):
            moment = noon + _HOUR * (1 + index) + builder.random.randrange(2400)
            builder.refused_beside(moment, machine, holder.card, reason)


def _forgotten(builder: Builder, days: Days, cast: Cast) -> None:
    """Jobs nobody ends: staff end prints from the office at noon, policy cuts the laser at its maximum."""
    for fraction, holder in zip(SCENE_DAYS, _some(builder, cast, PRINTING, len(SCENE_DAYS)), strict=True):
        noon = at(days.workday(fraction), 12)
        seconds = 2 * _HOUR + builder.random.randrange(3600)
        start, machine = builder.some_time(PRINTER, range(noon - seconds, noon - seconds + 1), seconds)
        builder.visit(machine, holder, start, noon, Ending.STAFF)
    for fraction, hour, holder in zip((0.3, 0.65), (9, 13), _some(builder, cast, CUTTING, 2), strict=True):
        start = at(days.workday(fraction), hour, 12, 44)
        start, machine = builder.some_time(LASER, range(start, start + 1200), CUT_AFTER_S)
        builder.visit(machine, holder, start, start + CUT_AFTER_S, Ending.CUT)


def _some(builder: Builder, cast: Cast, skill: str, count: int) -> list[Holder]:
    return builder.random.sample([holder for holder in cast.regulars if skill in holder.skills], count)
