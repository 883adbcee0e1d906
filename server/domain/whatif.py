"""What a month would have come to under other prices: before and after, tenant by tenant, and the sessions that move most.

Pure, over what rating says of the same sessions twice. Contracts count both times as they are; items beside the sessions
cost the same under any price list and are left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from server.domain.rating import MissingPrice, NotMeasured, Rated, RatedSession
from server.domain.tariffs import Rule, Scope, Tariff

MOST = 12  # sessions that are named
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """Another rule for one scope, as a draft says it. None: what is wider goes for it."""

    scope: Scope
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class Sums:
    """What sessions come to, in cents, and how many have no amount."""

    cents: int = 0
    unpriced: int = 0  # nobody has said what they cost
    not_measured: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.cents + other.cents, self.unpriced + other.unpriced, self.not_measured + other.not_measured)


@dataclass(frozen=True, slots=True)
class TenantChange:
    tenant: str
    sessions: int
    before: Sums
    after: Sums

    @property
    def difference(self) -> int:
        return self.after.cents - self.before.cents


@dataclass(frozen=True, slots=True)
class Move:
    """One session that comes to something else. Cents None: it has no price, or its meter told nothing."""

    session: str
    before: int | None
    after: int | None

    @property
    def difference(self) -> int:
        return (self.after or 0) - (self.before or 0)


@dataclass(frozen=True, slots=True)
class Unpriced:
    """What would have no price under the draft: machine, kind of tenant, and how many sessions."""

    machine: str
    category: str
    tenant_kind: str
    sessions: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A whole month. The dearest difference first, in both lists."""

    tenants: tuple[TenantChange, ...]
    moves: tuple[Move, ...]
    unpriced: tuple[Unpriced, ...]

    @property
    def before(self) -> Sums:
        return sum((one.before for one in self.tenants), Sums())

    @property
    def after(self) -> Sums:
        return sum((one.after for one in self.tenants), Sums())


def under(tariffs: Iterable[Tariff], changes: Sequence[Change]) -> list[Tariff]:
    """The tariffs as if the changes had always held: what was decided for just the same scope counts no more. Those of
    the draft bear numbers below zero."""
    changed = {one.scope for one in changes}
    kept = [tariff for tariff in tariffs if tariff.scope not in changed]
    drafted = [
        Tariff(-number, change.scope, _EVER, None, change.rule)
        for number, change in enumerate(changes, start=1)
        if change.rule is not None
    ]
    return kept + drafted


def compare(pairs: Iterable[tuple[Rated, Rated]]) -> Compared:
    """``pairs``: each session as it is rated and as it would be."""
    tenants: dict[str, TenantChange] = {}
    missing: dict[tuple[str, str, str], int] = {}
    moves: list[Move] = []
    for before, after in pairs:
        code = before.session.tenant
        so_far = tenants.get(code, TenantChange(code, 0, Sums(), Sums()))
        tenants[code] = replace(
            so_far,
            sessions=so_far.sessions + 1,
            before=so_far.before + _sums(before),
            after=so_far.after + _sums(after),
        )
        if isinstance(after, MissingPrice):
            key = (after.session.machine, after.session.category, after.session.tenant_kind)
            missing[key] = missing.get(key, 0) + 1
        move = Move(before.session.id, _cents(before), _cents(after))
        if move.before != move.after:
            moves.append(move)
    return Compared(
        tenants=tuple(sorted(tenants.values(), key=lambda one: (-abs(one.difference), one.tenant))),
        moves=tuple(sorted(moves, key=lambda one: (-abs(one.difference), one.session))[:MOST]),
        unpriced=tuple(Unpriced(*key, count) for key, count in sorted(missing.items())),
    )


def share(before_cents: int, after_cents: int) -> int | None:
    """The difference in tenths of a percent of what it was, half up; None where it was nothing."""
    if before_cents == 0:
        return None
    return (2000 * (after_cents - before_cents) + before_cents) // (2 * before_cents)


def _cents(rated: Rated) -> int | None:
    return rated.net_cents if isinstance(rated, RatedSession) else None


def _sums(rated: Rated) -> Sums:
    match rated:
        case MissingPrice():
            return Sums(unpriced=1)
        case NotMeasured():
            return Sums(not_measured=1)
        case RatedSession():
            return Sums(rated.net_cents)
