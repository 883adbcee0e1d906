"""The invented lab of the demo, as plain facts: tenants, machines, prices, and who may do what. Nothing here is real.

Pure: the same seed gives the same lab. ``books.py`` writes it into a database through the lab's own services.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from random import Random
from zoneinfo import ZoneInfo

from server.demo.lab_people import Holder, make_holders
from server.demo.lab_tenants import TENANTS, Tenant

ZONE = ZoneInfo("Europe/Paris")
HOUR = 3600
PRINTER, CNC, LASER = "printer", "cnc", "laser"
OPENED = date(2026, 1, 1)  # since when the lab's prices, rights and treatments hold
CUT_AFTER_S = 2 * HOUR  # the laser's longest session: policy cuts there


@dataclass(frozen=True, slots=True)
class Machine:
    code: str
    name: str
    category: str
    agent: str
    relay: int
    risk: str
    max_s: int | None
    on_max: str
    room: str
    list_valid_s: int | None = None  # None: by risk class


@dataclass(frozen=True, slots=True)
class Tariff:
    """A price from a day on, for a category or one machine, for one kind of tenant or for all without their own."""

    category: str | None
    machine: str | None
    tenant_kind: str | None
    cents_per_hour: int
    step_s: int
    minimum_s: int
    fee_cents: int
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Hours:
    category: str
    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Lab:
    tenants: tuple[Tenant, ...]
    holders: tuple[Holder, ...]
    machines: tuple[Machine, ...]
    tariffs: tuple[Tariff, ...]
    hours: tuple[Hours, ...]

    def machines_of(self, category: str) -> tuple[Machine, ...]:
        return tuple(machine for machine in self.machines if machine.category == category)

    def agents(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(machine.agent for machine in self.machines))


def make_lab(seed: int, price_change: date) -> Lab:
    """The lab of one seed. ``price_change`` is the day from which printing costs more."""
    holders = make_holders(Random(f"people {seed}"), TENANTS)
    return Lab(TENANTS, holders, _machines(), _tariffs(price_change), _hours())


def midnight(day: date) -> datetime:
    """The moment a day begins on the lab's clock, in UTC."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def _machines() -> tuple[Machine, ...]:
    """Two printers and one machine that cuts beside each of eight agents."""
    machines = []
    for number in range(1, 9):
        agent = f"agent-{number}"
        machines += [_printer(2 * number - 1, agent, 17), _printer(2 * number, agent, 27), _cutter(number, agent)]
    return tuple(machines)


def _printer(number: int, agent: str, relay: int) -> Machine:
    room = "Galerie" if number <= 8 else "Halle nord"
    return Machine(f"p{number}", f"Imprimante P{number}", PRINTER, agent, relay, "low", 48 * HOUR, "warn", room)


def _cutter(number: int, agent: str) -> Machine:
    if number == 8:
        return Machine("l1", "Laser L1", LASER, agent, 22, "high", CUT_AFTER_S, "cut", "Salle laser")
    return Machine(f"c{number}", f"Fraiseuse C{number}", CNC, agent, 22, "high", 12 * HOUR, "warn", "Halle sud")


def _tariffs(price_change: date) -> tuple[Tariff, ...]:
    def price(
        category: str, kind: str | None, cents: int, step: int, minimum: int, fee: int, machine: str | None = None
    ) -> Tariff:
        named = None if machine else category
        return Tariff(named, machine, kind, cents, step, minimum, fee, OPENED, None)

    fixed = (
        price(PRINTER, "school", 150, 900, 1800, 0),
        price(PRINTER, "school", 0, 900, 0, 0, machine="p8"),  # the one in the classroom
        price(PRINTER, "startup", 200, 900, 1800, 0),
        price(PRINTER, None, 650, 1800, 3600, 250, machine="p16"),
        price(CNC, None, 4500, 600, 1800, 500),
        price(CNC, "startup", 3000, 600, 1800, 250),
        price(CNC, "school", 2400, 600, 1200, 0),
        price(LASER, None, 4980, 60, 600, 300),
        price(LASER, "freelancer", 3990, 60, 300, 300),
    )
    before = Tariff(PRINTER, None, None, 300, 900, 1800, 0, OPENED, price_change)
    after = Tariff(PRINTER, None, None, 345, 900, 1800, 0, price_change, None)
    return (*fixed, before, after)


def _hours() -> tuple[Hours, ...]:
    """What cuts may be started by day only; printers always."""
    week = [Hours(category, day, time(8), time(20)) for category in (CNC, LASER) for day in range(5)]
    saturday = [Hours(category, 5, time(9), time(17)) for category in (CNC, LASER)]
    return (*week, *saturday)
