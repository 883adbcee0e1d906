"""The words of the panel: durations, days, prices, and each refusal with its next step. Pure.

The texts go through a ``translate`` that is handed in. The agent knows no time zone, so it tells durations, never clock times.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from agent.access import Payer
from wire.messages import DenialReason, Shows

Translate = Callable[[str], str]


def duration(seconds: int, _: Translate) -> str:
    if seconds < 60:
        return _("{seconds} s").format(seconds=max(0, seconds))
    hours, minutes = divmod(seconds // 60, 60)
    if hours:
        return _("{hours} h {minutes:02}").format(hours=hours, minutes=minutes)
    return _("{minutes} min").format(minutes=minutes)


def date(wall_ms: int, _: Translate) -> str:
    """A day without its year. Rights end at midnight, so the last day they held is told."""
    day = datetime.fromtimestamp(wall_ms / 1000, UTC) - timedelta(hours=1)
    return _("{day} {month}").format(day=day.day, month=_(_MONTHS[day.month - 1]))


def terms(payer: Payer, _: Translate) -> str:
    """What it will cost, as far as the payer lets bystanders see: a price, the time left, or nothing."""
    if payer.shows is Shows.TIME_LEFT and payer.seconds_left is not None:
        return _left(payer.seconds_left, _)
    if payer.shows is not Shows.PRICE:
        return ""
    if payer.rate_cents is None:
        return _("No price set")
    return _("€{euros}.{cents:02} an hour").format(euros=payer.rate_cents // 100, cents=payer.rate_cents % 100)


def so_far(payer: Payer, occupied_s: int, _: Translate) -> str:
    """About what it has cost: rounding, free minutes and caps are the invoice's."""
    if payer.shows is Shows.TIME_LEFT and payer.seconds_left is not None:
        return _left(payer.seconds_left - occupied_s, _)
    if payer.shows is not Shows.PRICE or payer.rate_cents is None:
        return ""
    cents = payer.rate_cents * occupied_s // 3600
    return _("about €{euros}.{cents:02}").format(euros=cents // 100, cents=cents % 100)


def _left(seconds: int, _: Translate) -> str:
    """Of included hours. Once they are used up the machine still starts: it costs what the tenant has agreed."""
    if seconds <= 0:
        return _("No hours left")
    return _("{duration} left").format(duration=duration(seconds, _))


def _n(text: str) -> str:
    """Marks a text for the catalogues where it is not translated on the spot."""
    return text


_MONTHS = (
    _n("January"),
    _n("February"),
    _n("March"),
    _n("April"),
    _n("May"),
    _n("June"),
    _n("July"),
    _n("August"),
    _n("Sept."),
    _n("Oct."),
    _n("Nov."),
    _n("Dec."),
)

# Each refusal: what is wrong, and what to do. The order is which one to tell when several hold: the machine first, because
# whoever stands there can do nothing about themselves that would help; then what only staff can change; then the rest.
REFUSALS = {
    DenialReason.MAINTENANCE: (_n("Maintenance\nNOT locked out"), _n("Ask the technician")),
    DenialReason.LATCHED: (_n("Locked\nafter a fault"), _n("Tell the workshop")),
    DenialReason.EMERGENCY_STOP: (_n("Emergency stop\nis pressed"), _n("Turn it, badge again")),
    DenialReason.PROBLEM_REPORTED: (_n("Problem\nreported"), _n("Ask the workshop")),
    DenialReason.BYPASSED: (_n("Runs by key\nNo badge needed"), _n("Write down your time")),
    DenialReason.OUT_OF_SERVICE: (_n("Out of service"), _n("Ask at the desk")),
    DenialReason.NOT_COMMISSIONED: (_n("Not yet\ncommissioned"), _n("Tell the workshop")),
    DenialReason.CHECK_OVERDUE: (_n("Safety check\noverdue"), _n("Tell the workshop")),
    DenialReason.IN_USE: (_n("Already in use"), _n("Free when it ends")),
    DenialReason.FAULT: (_n("Box out of order\nNo start now"), _n("Tell the workshop")),
    DenialReason.LIST_MISSING: (_n("Box not ready\nNo list yet"), _n("Tell the workshop")),
    DenialReason.AGENT_UPDATE_NEEDED: (_n("Box needs\nan update"), _n("Tell the workshop")),
    DenialReason.CLOCK_NOT_SET: (_n("Clock not set\nNo network yet"), _n("Tell the workshop")),
    DenialReason.PIN_WRONG: (_n("Wrong PIN"), _n("Badge and try again")),
    DenialReason.UNKNOWN_TOKEN: (_n("Unknown badge"), _n("Ask at the desk")),
    DenialReason.TOKEN_BLOCKED: (_n("Badge blocked"), _n("Ask at the desk")),
    DenialReason.TOKEN_EXPIRED: (_n("Badge expired"), _n("Ask at the desk")),
    DenialReason.HOLDER_BLOCKED: (_n("Access blocked"), _n("Ask at the desk")),
    DenialReason.FRAME_REQUIRED: (_n("Only in a\ntraining frame"), _n("Ask at the desk")),
    DenialReason.QUALIFICATION_REVOKED: (_n("Qualification\nwithdrawn"), _n("Ask your trainer")),
    DenialReason.QUALIFICATION_EXPIRED: (_n("Qualification\nexpired"), _n("Course: ask at the desk")),
    DenialReason.QUALIFICATION_MISSING: (_n("Qualification\nmissing"), _n("Course: ask at the desk")),
    DenialReason.SHEET_NOT_ACCEPTED: (_n("Safety sheet\nto be accepted"), _n("On your phone")),
    DenialReason.SUPERVISED_ONLY: (_n("Only together\nwith a trainer"), _n("Trainer's badge too")),
    DenialReason.SECOND_PERSON: (_n("Two persons\nneeded"), _n("A second badge too")),
    DenialReason.MEMBERSHIP_ENDED: (_n("Access ended"), _n("Ask your company")),
    DenialReason.TENANT_SUSPENDED: (_n("Access paused"), _n("Ask at the desk")),
    DenialReason.CONTRACT_ENDED: (_n("Contract ended"), _n("Ask your company")),
    DenialReason.BUDGET_REACHED: (_n("Budget used up"), _n("Ask your company")),
    DenialReason.PAYER_NOT_HERE: (_n("Payer does not\npay here now"), _n("Ask your company")),
    DenialReason.BOOKED: (_n("Booked"), _n("Choose another time")),
    DenialReason.OUTSIDE_HOURS: (_n("Closed"), _n("Hours at the desk")),
    DenialReason.LIST_EXPIRED: (_n("No network"), _n("Tell the workshop")),
}
SOME_REASON = (_n("Not available"), _n("Ask at the desk"))  # a word that only a newer server knows
WITH_DATE = {
    DenialReason.QUALIFICATION_EXPIRED: _n("Qualification\nexpired on {date}"),
    DenialReason.MEMBERSHIP_ENDED: _n("Access ended\non {date}"),
}
