"""Who pays when, in words: "lun–ven 08:00–12:00, at the printers"; for a cost centre's limits and a person's rules."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext
from sqlalchemy import select

from server.db import db, reading
from server.domain.payers import Stretch, read
from server.machines.models import Machine
from server.machines.service import Hours
from server.pages.machines.words import opening
from server.pages.people.finding import in_force
from server.pages.people.names import natural
from server.people.models import Membership, Payer, PayerRule, Tenant


@dataclass(frozen=True, slots=True)
class PayerLimits:
    machines: tuple[str, ...]
    categories: tuple[str, ...]
    hours: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a person. ``text`` says when and where; ``payer`` who pays then."""

    id: int
    membership: str  # ref
    version: int
    payer: str
    text: str


@dataclass(frozen=True, slots=True)
class Sees:
    """A tenant whose administrators know a member by name: of sessions from a day on, for a reason, and perhaps when."""

    tenant: str
    since: date
    reason: str
    times: bool


def seen_by(holder: int, now: datetime) -> list[Sees]:
    """Which of a person's tenants see what this person used."""
    wanted = select(Tenant.name, Tenant.names_since, Tenant.names_reason, Tenant.names_times)
    wanted = wanted.join(Membership, Membership.tenant_id == Tenant.id).where(
        Membership.holder_number == holder,
        Membership.ended_at.is_(None),
        in_force(Membership, now),
        Tenant.names_since.is_not(None),
    )
    with reading():
        rows = db.session.execute(wanted.distinct().order_by(Tenant.name)).all()
    return [Sees(name, since, reason, times) for name, since, reason, times in rows if since is not None]


def machine_names() -> list[tuple[str, str]]:
    """Every machine of the lab by its code, those with the lowest numbers first."""
    return sorted(_machines().items(), key=lambda one: natural(one[1]))


def category_names() -> list[tuple[str, str]]:
    wanted = select(Machine.category).where(Machine.ended_at.is_(None)).distinct()
    with reading():
        return [(name, name) for name in sorted(db.session.scalars(wanted))]


def limits_in_words(limits: Mapping[str, PayerLimits]) -> dict[str, str]:
    """By cost centre, of those that limit anything."""
    names = _machines()
    said = {code: _in_words(one.machines, one.categories, one.hours, names) for code, one in limits.items()}
    return {code: text for code, text in said.items() if text}


def limits_of(tenant: str) -> dict[str, str]:
    """What each cost centre of a tenant pays for, in words, of those that limit it."""
    wanted = select(Payer.code, Payer.machines, Payer.categories, Payer.hours)
    wanted = wanted.join(Tenant, Tenant.id == Payer.tenant_id).where(Tenant.code == tenant)
    return _limits(wanted)


def limits_for(holder: int, now: datetime) -> dict[str, str]:
    """The same of the cost centres that pay for a person."""
    wanted = select(Payer.code, Payer.machines, Payer.categories, Payer.hours)
    wanted = wanted.join(Membership, Membership.payer_id == Payer.id)
    return _limits(
        wanted.where(Membership.holder_number == holder, Membership.ended_at.is_(None), in_force(Membership, now))
    )


def rules_of(holder: int) -> list[Rule]:
    """The rules of a person's memberships that were not ended, the first that counts first."""
    wanted = (
        select(PayerRule, Membership.ref, Tenant.name, Payer.cost_centre)
        .join(Membership, Membership.id == PayerRule.membership_id)
        .join(Payer, Payer.id == Membership.payer_id)
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .where(Membership.holder_number == holder, Membership.ended_at.is_(None))
        .order_by(PayerRule.rank, PayerRule.id)
    )
    with reading():
        rows = db.session.execute(wanted).all()
    names = _machines()
    return [_rule(row, ref, f"{tenant} · {centre}", names) for row, ref, tenant, centre in rows]


def _rule(row: PayerRule, ref: str, payer: str, names: Mapping[str, str]) -> Rule:
    hours = [(day, row.begins, row.ends) for day in row.weekdays]
    return Rule(row.id, ref, row.version, payer, _in_words(row.machines, row.categories, hours, names))


def _limits(wanted: object) -> dict[str, str]:
    with reading():
        rows = db.session.execute(wanted).all()  # type: ignore[call-overload]
    return limits_in_words(
        {code: PayerLimits(tuple(one), tuple(all_of), read(hours)) for code, one, all_of, hours in rows}
    )


def _in_words(
    machines: Collection[str], categories: Collection[str], hours: Iterable[Stretch], names: Mapping[str, str]
) -> str:
    """When and where; nothing for always and everywhere."""
    when = opening([Hours(*stretch) for stretch in hours]) if hours else ""
    where = ", ".join([*sorted(categories), *(names.get(code, code) for code in sorted(machines))])
    if where:
        where = gettext("at %(machines)s", machines=where)
    return " ".join(part for part in (when, where) if part)


def _machines() -> dict[str, str]:
    with reading():
        wanted = select(Machine.code, Machine.name).where(Machine.ended_at.is_(None))
        return dict(db.session.execute(wanted).all())
