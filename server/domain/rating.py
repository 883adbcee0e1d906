"""What a tenant's sessions cost. One pure function that live cost, drafts and invoices all call.

Order: measured seconds, then what of them counts by decision, then steps begun and at least the minimum time, then their
price, then the session fee, then half up to the cent. A session that continues one which a power loss ended pays no second
minimum and no second fee. What a person decided not to charge comes to 0 and stays in sight,
with its reason and with what it would have cost.

The tariff is the one in force when the session **started**; among those that fit, one for the machine goes before one for
its category, and one for the tenant's kind before one for everybody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from server.domain.money import price_of, whole_cents


@dataclass(frozen=True, slots=True)
class Session:
    """What rating needs to know of one use. ``day`` is the day it started, on the lab's clock.

    ``counted_s`` and ``free`` are a person's decision: how much of what was measured counts (None: all), and why it is
    not charged (None: it is). ``continues``: a power loss ended the session before, and this one goes on with it.
    """

    id: str
    start: datetime
    day: date
    measured_s: int
    machine: str
    category: str
    tenant_kind: str
    counted_s: int | None = None
    free: str | None = None
    continues: bool = False

    @property
    def counting_s(self) -> int:
        return self.measured_s if self.counted_s is None else self.counted_s


@dataclass(frozen=True, slots=True)
class Tariff:
    """A dated price: for one machine or one category, for one kind of tenant or (None) for all."""

    id: int
    machine: str | None
    category: str | None
    tenant_kind: str | None
    valid_from: datetime
    valid_until: datetime | None
    cents_per_hour: int
    step_s: int
    minimum_s: int
    session_fee_cents: int


@dataclass(frozen=True, slots=True)
class RatedSession:
    """A session and its price, with every step that leads there: measured, counted, billed, time, fee, net.

    One that is not charged is billed no time and comes to 0: ``waived_cents`` is what it would have cost. It needs no
    price; ``tariff`` is None where there is none.
    """

    session: Session
    tariff: Tariff | None
    billed_s: int
    fee_cents: int
    net_cents: int
    waived_cents: int = 0


@dataclass(frozen=True, slots=True)
class MissingPrice:
    """Nobody has said what this costs. Holds the document; nothing is billed at a guess."""

    session: Session

    def __str__(self) -> str:
        return (
            f"no price for machine {self.session.machine} ({self.session.category}) "
            f"and tenants of kind {self.session.tenant_kind} on {self.session.day}"
        )


def rate_month(
    sessions: Iterable[Session],
    tariffs: Sequence[Tariff],
    contracts: tuple[()],
    carried: tuple[()],
) -> tuple[RatedSession | MissingPrice, ...]:
    """Rate all of a tenant's sessions that end in one period, in the order of (start, id).

    There are no contracts yet, and nothing is carried from one month to the next: both are empty.
    """
    return tuple(_rate(session, tariffs) for session in sorted(sessions, key=lambda s: (s.start, s.id)))


def tariff_for(
    tariffs: Iterable[Tariff], machine: str, category: str, tenant_kind: str, moment: datetime
) -> Tariff | None:
    """The most particular tariff in force at a moment; of two equals the later one."""
    fitting = [
        tariff
        for tariff in tariffs
        if tariff.valid_from <= moment
        and (tariff.valid_until is None or moment < tariff.valid_until)
        and (tariff.machine == machine or (tariff.machine is None and tariff.category == category))
        and tariff.tenant_kind in {tenant_kind, None}
    ]
    return max(fitting, key=_particular, default=None)


def _particular(tariff: Tariff) -> tuple[bool, bool, datetime, int]:
    return tariff.machine is not None, tariff.tenant_kind is not None, tariff.valid_from, tariff.id


def _rate(session: Session, tariffs: Sequence[Tariff]) -> RatedSession | MissingPrice:
    tariff = tariff_for(tariffs, session.machine, session.category, session.tenant_kind, session.start)
    if tariff is None:
        return RatedSession(session, None, 0, 0, 0) if session.free else MissingPrice(session)
    billed_s = billed_seconds(session.counting_s, tariff, session.continues)
    fee_cents = session_fee(billed_s, tariff, session.continues)
    net_cents = whole_cents(price_of(billed_s, tariff.cents_per_hour) + fee_cents)
    if session.free:
        return RatedSession(session, tariff, 0, 0, 0, waived_cents=net_cents)
    return RatedSession(session, tariff, billed_s, fee_cents, net_cents)


def billed_seconds(counting_s: int, tariff: Tariff, continues: bool = False) -> int:
    """Whole steps: all that were begun, and at least the minimum time. A session of no time at all is not billed."""
    if counting_s == 0:
        return 0
    minimum_s = 0 if continues else tariff.minimum_s
    return -(-max(counting_s, minimum_s) // tariff.step_s) * tariff.step_s


def session_fee(billed_s: int, tariff: Tariff, continues: bool = False) -> int:
    """In cents; once for a session and those that continue it."""
    return tariff.session_fee_cents if billed_s and not continues else 0
