"""A thousand random sessions at every price list come to the same cent by the program and by an oracle in another style."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from server.domain.allowances import Allowance, Discount, Terms, Unit
from server.domain.rating import MissingPrice, Rated, RatedSession, Session, rate_month
from tests.domain.oracle import Oracle
from tests.domain.price_lists.next_lab import NEXT
from tests.domain.price_lists.published import PUBLISHED
from tests.domain.price_lists.said import PARIS, PriceList

LISTS = (*PUBLISHED, *NEXT)
SESSIONS = 1000
TENANTS = ("acme", "nova", "other", "acme-bis")
# Months in which the clock goes back and forward, and one in which it does not.
MONTHS = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))


def random_session(random: Random, number: int, own: PriceList, tenant: str, month: datetime) -> Session:
    scopes = [tariff.scope for tariff in own.tariffs]
    category = random.choice([scope.category for scope in scopes if scope.category])
    start = month + timedelta(seconds=random.randrange(30 * 86_400), milliseconds=random.randrange(1000))
    if random.random() < 0.3:  # often just where the clock changes
        start = month.replace(day=25 if month.month == 10 else 29) + timedelta(seconds=random.randrange(-7200, 10_000))
    seconds = random.choice((0, 1, 599, 600, 601, 1800, 3600, random.randrange(1, 1200), random.randrange(1, 12_000)))
    return Session(
        id=f"{number:04}",
        start=start,
        day=start.astimezone(PARIS).date(),
        measured_s=seconds,
        machine=random.choice([scope.machine for scope in scopes if scope.machine] or ["m-1"]),
        category=category,
        tenant_kind=random.choice(["company", "school", "public", "association"]),
        counted_s=random.choice([None, None, None, 0, seconds // 2]),
        free=random.choice([None] * 9 + ["goodwill"]),
        continues=random.random() < 0.1,
        powered_s=seconds,
        running_s=random.choice([None, seconds // 3, seconds // 2, seconds]),
        cooldown_s=random.choice([0, 0, 121, 1500]),
        holder=random.randrange(1, 5),
        payer=f"{tenant}-{random.randrange(1, 3)}",
        tenant=tenant,
        member_class=random.choice([None, None, "member", "mentor"]),
    )


def random_terms(random: Random, own: PriceList) -> Terms:
    categories = [tariff.scope.category for tariff in own.tariffs if tariff.scope.category]
    one = frozenset({random.choice(categories)})
    allowances = (
        Allowance("contract:1", Unit.SECONDS, random.randrange(40_000), categories=one, until=date(2026, 10, 20)),
        Allowance("contract:2", Unit.SECONDS, random.randrange(20_000), frozenset({"acme-1"}), rank=1),
        Allowance("pack:1", Unit.CENTS, random.randrange(9_000), rank=2),
        Allowance("pack:2", Unit.CENTS, random.randrange(9_000), categories=one, rank=1),
    )
    discounts = (Discount("contract:3", 1250, categories=one), Discount("contract:4", 333, since=date(2026, 3, 15)))
    return Terms(allowances[: random.randrange(5)], discounts[: random.randrange(3)])


def in_short(rated: Sequence[Rated]) -> dict[str, int | str]:
    return {
        one.session.id: one.net_cents
        if isinstance(one, RatedSession)
        else "no price"
        if isinstance(one, MissingPrice)
        else "not measured"
        for one in rated
    }


def both(own: PriceList) -> list[tuple[dict[str, int | str], dict[str, int | str]]]:
    """Ours and the oracle's, tenant by tenant and month by month."""
    random, found = Random(f"oracle {own.name}"), []
    rooms = [(tenant, month) for month in MONTHS for tenant in TENANTS]
    for index, (tenant, month) in enumerate(rooms):
        numbers = range(index, SESSIONS, len(rooms))
        sessions = [random_session(random, number, own, tenant, month) for number in numbers]
        terms = random_terms(random, own)
        ours = in_short(rate_month(sessions, own.tariffs, terms, PARIS))
        found.append((ours, Oracle(own.tariffs, terms, PARIS).month(sessions)))
    return found


@pytest.mark.parametrize("own", LISTS, ids=lambda own: own.name)
def test_a_thousand_random_sessions_come_to_the_same_cent(own: PriceList) -> None:
    pairs = both(own)

    assert sum(len(ours) for ours, _ in pairs) == SESSIONS
    for ours, theirs in pairs:
        assert ours == theirs


def test_the_oracle_would_see_a_cent() -> None:
    own = NEXT[2]
    random = Random("a cent")
    sessions = [random_session(random, number, own, "acme", MONTHS[0]) for number in range(50)]
    (first, *rest) = own.tariffs
    (part,) = first.rule.parts
    dearer = replace(first, rule=replace(first.rule, parts=(replace(part, cents=part.cents + 60),)))

    ours = in_short(rate_month(sessions, [dearer, *rest], Terms(), PARIS))

    assert ours != Oracle(own.tariffs, Terms(), PARIS).month(sessions)
