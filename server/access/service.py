"""Reads from the tables what the rules of ``domain.access`` need to know. Columns, not rows: thousands in one go."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, true

from server.accounts.models import Account, RoleAssignment
from server.bookings.facts import bookings
from server.care import facts as care
from server.courses.facts import lessons
from server.db import db, reading
from server.domain.facts import (
    Facts,
    GoneFact,
    HoursFact,
    Left,
    MachineFact,
    MasterFact,
    MembershipFact,
    PayerFact,
    StaffFact,
    TenantFact,
    TokenFact,
)
from server.domain.roles import STAFF_ROLES, Role, ScopeKind
from server.instruction import facts as instruction
from server.machines.models import Agent, Machine, MachineSkill, OpeningHours
from server.machines.service import policy_of
from server.people import facts as people
from server.people.models import Holder, Master, Membership, Payer, Tenant, Token
from server.training.facts import qualifications, skills
from server.training.models import Qualification, Skill
from wire.messages import RiskClass, Service

_AHEAD = timedelta(days=62)  # nobody books further ahead
NOTHING_LEFT = Left()


def load_facts(
    now: datetime,
    key_id: str,
    rates: Mapping[tuple[str, str], int],
    holder: int | None = None,
    gone_since: datetime | None = None,
    older_keys: Collection[str] = (),
    left: Left = NOTHING_LEFT,
    booked_since: datetime | None = None,
) -> Facts:
    """All facts about access as they stand, or those about one holder; of bookings, classes and closures those that are not
    over at ``now``. Tokens made under another site key than ``key_id`` and ``older_keys``, which still hold, cannot be
    recognised and are left out. ``rates`` come from billing, which stands above: (machine, payer) to cents an hour; and so
    does ``left``, of contracts and budgets. ``gone_since``: with the badges returned, the master badges ended and the
    machines taken from the lab after that moment. ``booked_since``: with the bookings that have ended after that one."""
    with reading():
        machines = _machines()
        by_category: dict[str, set[str]] = defaultdict(set)
        for machine in machines:
            by_category[machine.category].add(machine.code)
        return Facts(
            holders=people.holders(now, _only(Holder.number, holder)),
            tokens=_tokens({key_id, *older_keys}, _only(Token.holder_number, holder), gone_since),
            memberships=_memberships(_only(Membership.holder_number, holder)),
            payers=tuple(_closed(payer, left) for payer in people.payers(by_category)),
            payer_rules=people.payer_rules(by_category, now, _only(Membership.holder_number, holder)),
            suspended=tuple(TenantFact(*row) for row in _rows(_SUSPENDED)),
            qualifications=qualifications(_only(Qualification.holder_number, holder)),
            skills=skills(),
            sheets=instruction.sheets(),
            accepted=instruction.accepted(holder),
            machines=machines,
            gone=_gone(gone_since),
            hours=tuple(HoursFact(*row) for row in _rows(_HOURS)),
            closures=care.closures(now),
            bookings=bookings(booked_since or now, now + _AHEAD),
            lessons=lessons(now, now + _AHEAD),
            staff=_staff(),
            masters=_masters({key_id, *older_keys}, gone_since),
            rates=rates,
            seconds_left=left.seconds,
        )


def _closed(payer: PayerFact, left: Left) -> PayerFact:
    return replace(payer, budget_reached=True) if payer.code in left.reached else payer


def _only(column: Any, holder: int | None) -> ColumnElement[bool]:
    return true() if holder is None else column == holder


def _tokens(keys: Collection[str], whose: ColumnElement[bool], gone_since: datetime | None) -> tuple[TokenFact, ...]:
    wanted = select(
        Token.ref,
        Token.fingerprint,
        Token.holder_number,
        Token.valid_from,
        Token.valid_until,
        Token.blocked_at,
        Token.returned_at,
    )
    kept: ColumnElement[bool] = Token.returned_at.is_(None)
    if gone_since is not None:
        kept |= Token.returned_at > gone_since
    return tuple(TokenFact(*row) for row in _rows(wanted.where(Token.key_id.in_(keys), kept, whose)))


def _memberships(whose: ColumnElement[bool]) -> tuple[MembershipFact, ...]:
    wanted = select(
        Membership.ref,
        Membership.holder_number,
        Payer.code,
        Membership.rank,
        Membership.valid_from,
        Membership.valid_until,
        Membership.ended_at,
    ).join(Payer, Payer.id == Membership.payer_id)
    return tuple(MembershipFact(*row) for row in _rows(wanted.where(whose)))


def _staff() -> tuple[StaffFact, ...]:
    """People who look after machines: those whose account has such a role, there and then."""
    wanted = select(
        Account.holder_number,
        RoleAssignment.role,
        RoleAssignment.scope_kind,
        RoleAssignment.scope,
        RoleAssignment.valid_from,
        RoleAssignment.valid_until,
    ).join(Account, Account.id == RoleAssignment.account_id)
    is_staff = RoleAssignment.role.in_([role.value for role in STAFF_ROLES])
    rows = _rows(wanted.where(is_staff, Account.holder_number.is_not(None), Account.ended_at.is_(None)))
    return tuple(
        StaffFact(
            holder,
            scope if kind == ScopeKind.MACHINE else "",
            scope if kind == ScopeKind.ROOM else "",
            valid_from,
            valid_until,
            role in _TEACH,
        )
        for holder, role, kind, scope, valid_from, valid_until in rows
    )


def _masters(keys: Collection[str], gone_since: datetime | None) -> tuple[MasterFact, ...]:
    """Master badges in force, and those that ended after ``gone_since``. A PIN's digest made under a site key that is over
    means nothing to the agents."""
    kept: ColumnElement[bool] = Master.ended_at.is_(None)
    if gone_since is not None:
        kept |= Master.ended_at > gone_since
    wanted = select(Master.holder_number, Master.pin_digest, Payer.code, Master.ended_at)
    wanted = wanted.join(Payer, Payer.id == Master.payer_id).where(kept, Master.key_id.in_(keys))
    return tuple(MasterFact(*row) for row in _rows(wanted.order_by(Master.holder_number, Master.id)))


def _machines() -> tuple[MachineFact, ...]:
    asked: dict[int, set[str]] = defaultdict(set)
    wanted = select(MachineSkill.machine_id, Skill.code).join(Skill, Skill.id == MachineSkill.skill_id)
    for machine_id, skill in _rows(wanted):
        asked[machine_id].add(skill)
    wanted_machines = select(Machine, Agent.name).join(Agent, Agent.id == Machine.agent_id)
    rows = db.session.execute(wanted_machines.where(Machine.ended_at.is_(None))).all()
    denials, log_only = care.denials(), care.log_only()
    return tuple(
        replace(
            _machine(machine, agent, frozenset(asked[machine.id])),
            minors=care.minors_of(machine),
            denied=denials.get(machine.id, ()),
            log_only_until=log_only.get(RiskClass(machine.risk)),
        )
        for machine, agent in rows
    )


def _gone(since: datetime | None) -> tuple[GoneFact, ...]:
    if since is None:
        return ()
    return tuple(
        GoneFact(*row) for row in _rows(select(Machine.code, Machine.ended_at).where(Machine.ended_at > since))
    )


def _machine(machine: Any, agent: str, skills: frozenset[str]) -> MachineFact:
    return MachineFact(
        code=machine.code,
        agent=agent,
        name=machine.name,
        category=machine.category,
        risk=RiskClass(machine.risk),
        skills=skills,
        service=Service(machine.service),
        note=machine.service_note,
        end_session=machine.end_session,
        clear_latch_upto=machine.clear_latch_upto,
        policy=policy_of(machine),
        list_valid_s=machine.list_valid_s,
        service_at=machine.service_at,
        room=machine.room or "",
        bypass_by=machine.bypass_by,
        bypass_until=machine.bypass_until,
    )


_TEACH = frozenset({Role.MANAGER, Role.TRAINER})
_SUSPENDED = select(Tenant.code, Tenant.suspended_from).where(Tenant.suspended_from.is_not(None))
_HOURS = select(OpeningHours.category, OpeningHours.weekday, OpeningHours.opens, OpeningHours.closes).order_by(
    OpeningHours.category, OpeningHours.weekday, OpeningHours.opens
)


def _rows(wanted: Any) -> Iterable[Any]:
    return db.session.execute(wanted)
