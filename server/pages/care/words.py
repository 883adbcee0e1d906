"""What care is said to be, in the language of the page: tests of the commissioning sheet, kinds and results, holidays."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext, lazy_gettext, ngettext

from server.domain.checks import CheckKind, CheckResult
from server.domain.commissioning import Result, SheetTest, Why
from server.domain.holidays import Holiday
from server.web import formats

WHYS = {
    Why.NEW: lazy_gettext("It has no commissioning record yet."),
    Why.AGENT: lazy_gettext("Another Pi gates it now."),
    Why.RISK: lazy_gettext("Its risk class was raised."),
    Why.RELAY: lazy_gettext("Its relay was changed."),
    Why.CONTACTOR: lazy_gettext("Its contactor was changed."),
    Why.WIRING: lazy_gettext("Its wiring was changed."),
    Why.SETTINGS: lazy_gettext("Pins, meter or actuator were changed in its agent’s settings."),
    Why.FAILED: lazy_gettext("A line of its last sheet failed."),
}
CHANGED = {
    Why.RELAY: lazy_gettext("The relay"),
    Why.CONTACTOR: lazy_gettext("The contactor"),
    Why.WIRING: lazy_gettext("The wiring"),
    Why.SETTINGS: lazy_gettext("Pins, meter or actuator in the agent’s settings"),
}
RESULTS = {
    Result.PASSED: lazy_gettext("passed"),
    Result.FAILED: lazy_gettext("failed"),
    Result.CROSSED_OUT: lazy_gettext("does not apply"),
}
TESTS = {
    SheetTest.SAFETY_CIRCUIT: lazy_gettext("Nothing of the box in the safety circuit"),
    SheetTest.PROTECTIVE_CONDUCTOR: lazy_gettext("Protective conductor"),
    SheetTest.DOCTOR: "prolab-agent doctor",
    SheetTest.RELAY_AND_FEEDBACK: lazy_gettext("Relay and feedback"),
    SheetTest.OPEN_WHILE_BOOTING: lazy_gettext("Relay open while booting"),
    SheetTest.OPEN_AFTER_STOP: lazy_gettext("Relay open after stop"),
    SheetTest.OPEN_AFTER_KILL: lazy_gettext("Relay open after kill -9"),
    SheetTest.OPEN_AFTER_HANG: lazy_gettext("Relay open after a hang"),
    SheetTest.OPEN_AFTER_LOSS: lazy_gettext("Relay open after loss of supply"),
    SheetTest.NETWORK: lazy_gettext("Network cable pulled"),
    SheetTest.PERMIT_STARTS_NOTHING: lazy_gettext("A permit alone starts nothing"),
    SheetTest.NO_VOLT_RELEASE: lazy_gettext("No-volt release"),
    SheetTest.STOP_BY_WIRE: lazy_gettext("Emergency stop, by wire"),
    SheetTest.STOP_RESET: lazy_gettext("Emergency stop, reset"),
    SheetTest.STOP_INFORMATION: lazy_gettext("Emergency stop, information"),
    SheetTest.STOP_WIRE_OPEN: lazy_gettext("Emergency stop, its wire open"),
    SheetTest.NO_POWER: lazy_gettext("Feedback: no power"),
    SheetTest.WELDED: lazy_gettext("Feedback: welded"),
    SheetTest.END_OF_SESSION: lazy_gettext("End of a session"),
    SheetTest.CARD_STAYS: lazy_gettext("Card that stays in"),
    SheetTest.METER: lazy_gettext("Meter: work and rest told apart"),
    SheetTest.METER_LIVE: lazy_gettext("Meter, live on the machine’s page"),
    SheetTest.POWER_WITHOUT_SESSION: lazy_gettext("Power without a session"),
    SheetTest.PLUG: lazy_gettext("Smart plug"),
    SheetTest.READER: lazy_gettext("Reader"),
    SheetTest.REFUSALS: lazy_gettext("Refusals"),
    SheetTest.PANEL: lazy_gettext("Panel in three languages"),
    SheetTest.LAMP: lazy_gettext("Lamp and buzzer"),
    SheetTest.PROBLEM: lazy_gettext("“Report a problem”"),
    SheetTest.BYPASS: lazy_gettext("Bypass by key-switch"),
    SheetTest.OUT_OF_SERVICE: lazy_gettext("Out of service, maintenance"),
    SheetTest.CLOCK: lazy_gettext("Clock not set (high risk)"),
    SheetTest.LABELS: lazy_gettext("Labels"),
    SheetTest.SERVER_KNOWS: lazy_gettext("The server knows"),
}
CHECKS = {
    CheckKind.LEGAL: lazy_gettext("asked for by law"),
    CheckKind.MAKER: lazy_gettext("asked for by the maker"),
    CheckKind.OWN: lazy_gettext("the lab’s own"),
}
FOUND = {
    CheckResult.PASSED: lazy_gettext("passed"),
    CheckResult.RESERVES: lazy_gettext("passed with reserves"),
    CheckResult.FAILED: lazy_gettext("not passed"),
}
HOLIDAYS = {
    Holiday.NEW_YEAR: lazy_gettext("New Year’s Day"),
    Holiday.GOOD_FRIDAY: lazy_gettext("Good Friday"),
    Holiday.EASTER_MONDAY: lazy_gettext("Easter Monday"),
    Holiday.LABOUR_DAY: lazy_gettext("Labour Day"),
    Holiday.VICTORY_1945: lazy_gettext("Victory Day 1945"),
    Holiday.ASCENSION: lazy_gettext("Ascension Day"),
    Holiday.WHIT_MONDAY: lazy_gettext("Whit Monday"),
    Holiday.NATIONAL_DAY: lazy_gettext("National Day"),
    Holiday.ASSUMPTION: lazy_gettext("Assumption Day"),
    Holiday.ALL_SAINTS: lazy_gettext("All Saints’ Day"),
    Holiday.ARMISTICE_1918: lazy_gettext("Armistice 1918"),
    Holiday.CHRISTMAS: lazy_gettext("Christmas Day"),
    Holiday.ST_STEPHEN: lazy_gettext("St Stephen’s Day"),
}


def why(stored: str) -> str:
    return str(WHYS.get(Why(stored), stored)) if stored else ""


def test(stored: str) -> str:
    """A line of an old sheet that is on it no more keeps its short name."""
    return str(TESTS[SheetTest(stored)]) if stored in set(SheetTest) else stored


def closure(name: str, holiday: str) -> str:
    return name or (str(HOLIDAYS[Holiday(holiday)]) if holiday in set(Holiday) else holiday)


def span(begins: datetime, ends: datetime, zone: ZoneInfo) -> str:
    """``3 avr.``, ``24 déc.–1 janv.`` for whole days; with the hours otherwise."""
    first, last = begins.astimezone(zone), ends.astimezone(zone)
    if first.time() == last.time() == time():
        until = last.date() - timedelta(days=1)
        return (
            formats.day(first.date()) if until == first.date() else _pair(formats.day(first.date()), formats.day(until))
        )
    return _pair(formats.moment(begins), formats.moment(ends))


def interval(months: int, days: int) -> str:
    """``every 3 months``."""
    parts = [ngettext("%(num)d month", "%(num)d months", months)] if months else []
    parts += [ngettext("%(num)d day", "%(num)d days", days)] if days else []
    return str(gettext("every %(time)s", time=" + ".join(parts)))


def size(count: int) -> str:
    """Of a file, as people say it: in thousands of bytes, or in millions."""
    if count >= 100_000:
        return str(gettext("%(size)s MB", size=formats.number(round(count / 1_000_000, 1))))
    return str(gettext("%(size)s kB", size=max(1, count // 1000)))


def _pair(first: str, last: str) -> str:
    return f"{first} – {last}"
