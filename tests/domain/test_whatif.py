"""A month under other prices: the draft's rules stand in the place of those in force, and each tenant sees the difference."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.domain.allowances import Terms
from server.domain.rating import Rated, Session, rate_month
from server.domain.tariffs import Basis, Part, Rule, Scope, Tariff, simple
from server.domain.whatif import Change, Move, Sums, TenantChange, Unpriced, compare, share, under

ZONE = ZoneInfo("Europe/Paris")
MORNING = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
PRINTERS, LASERS = Scope(category="printer"), Scope(category="laser")
SCHOOLS = Scope(category="printer", tenant_kind="school")
NOW = (
    Tariff(1, PRINTERS, SINCE, None, simple(1200, 900)),
    Tariff(2, SCHOOLS, SINCE, None, simple(600, 900)),
    Tariff(3, LASERS, SINCE, None, simple(6000, 60)),
)


def session(name: str, seconds: int = 3600, **changed: Any) -> Session:
    facts: dict[str, Any] = {
        "category": "printer",
        "machine": "p1",
        "tenant_kind": "company",
        "tenant": "acme",
        "holder": 7,
    }
    return Session(name, MORNING, date(2026, 10, 5), seconds, **facts | changed)


SCHOOL: dict[str, Any] = {"tenant_kind": "school", "tenant": "lycee"}
LASER: dict[str, Any] = {"category": "laser", "machine": "l1"}


def compared(sessions: list[Session], *changes: Change):
    """Each tenant by itself, as rating wants it."""
    pairs: list[tuple[Rated, Rated]] = []
    for tenant in sorted({one.tenant for one in sessions}):
        own = [one for one in sessions if one.tenant == tenant]
        pairs += zip(
            rate_month(own, NOW, Terms(), ZONE), rate_month(own, under(NOW, changes), Terms(), ZONE), strict=True
        )
    return compare(pairs)


def test_what_a_draft_changes_takes_the_place_of_what_is_in_force_for_just_that():
    dearer = Change(PRINTERS, simple(1500, 900))

    assert [(one.id, one.scope) for one in under(NOW, [dearer])] == [(2, SCHOOLS), (3, LASERS), (-1, PRINTERS)]
    assert all(one.holds(SINCE - timedelta(days=4000)) for one in under(NOW, [dearer]) if one.id < 0)


def test_each_tenant_sees_before_and_after():
    found = compared([session("a"), session("b"), session("c", **SCHOOL)], Change(PRINTERS, simple(1500, 900)))

    assert found.tenants == (  # 2 × 12,00 and 2 × 15,00; the school keeps its own 6,00
        TenantChange("acme", 2, Sums(2400), Sums(3000)),
        TenantChange("lycee", 1, Sums(600), Sums(600)),
    )
    assert (found.before, found.after) == (Sums(3000), Sums(3600))
    assert found.tenants[0].difference == 600


def test_without_a_price_of_its_own_the_wider_one_counts():
    found = compared([session("a", **SCHOOL)], Change(SCHOOLS, None))

    assert (found.before.cents, found.after.cents) == (600, 1200)


def test_what_would_have_no_price_is_said_and_adds_nothing():
    found = compared([session("a", **LASER), session("b", **LASER)], Change(LASERS, None))

    assert found.unpriced == (Unpriced("l1", "laser", "company", 2),)
    assert found.after == Sums(0, unpriced=2)
    assert found.moves[0] == Move("a", 6000, None)


def test_what_no_meter_has_told_is_counted_apart():
    running = Change(LASERS, Rule((Part(Basis.RUNNING, 100, per_s=60),)))

    found = compared([session("a", running_s=None, **LASER), session("b", running_s=600, **LASER)], running)

    assert found.after == Sums(1000, not_measured=1)  # 10 min at 1,00


def test_the_sessions_that_move_most_come_first_and_those_that_stay_are_left_out():
    sessions = [session(f"s{n:02}", 900 * n) for n in range(1, 20)] + [session("same", **SCHOOL)]

    found = compared(sessions, Change(PRINTERS, simple(1600, 900)))

    assert [one.session for one in found.moves[:3]] == ["s19", "s18", "s17"]
    assert found.moves[0] == Move("s19", 5700, 7600)  # 4,75 h × 12,00 and × 16,00
    assert len(found.moves) == 12


def test_a_share_is_of_what_it_was():
    assert (share(2000, 2500), share(3000, 2000), share(0, 500)) == (250, -333, None)
