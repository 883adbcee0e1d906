"""Roles given to accounts, each in a scope and for a time. The lab always keeps somebody who can give them."""

from datetime import datetime

from sqlalchemy import select

from server.accounts.errors import AccountError
from server.accounts.models import Account, RoleAssignment
from server.accounts.rows import open_account
from server.audit import service as audit
from server.db import db, writing
from server.domain.roles import SCOPES, STAFF_ROLES, Role, ScopeKind
from server.jobs import service as jobs

_KEEPERS = (Role.TENANT_ADMIN.value, Role.TENANT_ACCOUNTANT.value)


def give_role(
    account_id: int,
    role: Role,
    kind: ScopeKind = ScopeKind.LAB,
    scope: str = "",
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    *,
    actor: str,
    now: datetime,
) -> int:
    """Give a role, from now on unless said otherwise. Whether the room, machine or tenant exists is the caller's to know.
    Returns the number of the assignment."""
    begins = valid_from or now
    _check(role, kind, scope, begins, valid_until)
    with writing() as session:
        account = open_account(account_id)
        if role is Role.HOLDER and account.holder_number is None:
            raise AccountError("Tie the account to a person first.")
        if _has_already(account_id, role, kind, scope, begins):
            raise AccountError("This account has this role there already.")
        row = RoleAssignment(account_id=account_id, role=role.value, scope_kind=kind.value, scope=scope)
        row.valid_from, row.valid_until = begins, valid_until
        session.add(row)
        session.flush()
        audit.record(actor, "give_role", "account", account.id, None, _picture(row), "", now)
        _announce(row, account, now)
        return row.id


def end_role(assignment_id: int, reason: str = "", *, actor: str, now: datetime) -> None:
    """It counts no longer from now on, at the very next click of whoever had it."""
    with writing() as session:
        row = session.get(RoleAssignment, assignment_id)
        if row is None or (row.valid_until is not None and row.valid_until <= now):
            raise AccountError("This role has ended already.")
        before = _picture(row)
        _keep_a_manager(row, now)
        row.valid_until = max(now, row.valid_from)
        audit.record(actor, "end_role", "account", row.account_id, before, _picture(row), reason, now)
        _announce(row, session.get_one(Account, row.account_id), now)


def has_role(account_id: int, role: Role, now: datetime) -> bool:
    """Whether the account has this role in the whole lab now."""
    return account_id in _with_role(role, now)


def managers(now: datetime) -> list[Account]:
    """Who is told of what happens in the lab. Inside ``reading()`` or ``writing()``."""
    wanted = select(Account).where(Account.id.in_(_with_role(Role.MANAGER, now)))
    return list(db.session.scalars(wanted.order_by(Account.id)))


def keep_a_manager_without(account_id: int, now: datetime) -> None:
    """Refuse to take away the last manager. Inside the caller's ``writing()``."""
    if _with_role(Role.MANAGER, now) == {account_id}:
        raise AccountError("This is the last manager. Make somebody else a manager first.")


def _announce(row: RoleAssignment, account: Account, now: datetime) -> None:
    """The badges of staff clear what somebody reported at a machine: they stand in the lists."""
    if row.role in STAFF_ROLES and account.holder_number is not None:
        jobs.announce("access", f"holder:{account.holder_number}", now)


def _keep_a_manager(row: RoleAssignment, now: datetime) -> None:
    if row.role == Role.MANAGER and row.valid_from <= now and not _with_role(Role.MANAGER, now, without=row.id):
        raise AccountError("This is the last manager. Make somebody else a manager first.")


def _with_role(role: Role, now: datetime, without: int = 0) -> set[int]:
    """The accounts that have a role in the whole lab now, but for one assignment."""
    wanted = (
        select(RoleAssignment.account_id)
        .join(Account, Account.id == RoleAssignment.account_id)
        .where(
            Account.ended_at.is_(None),
            RoleAssignment.role == role.value,
            RoleAssignment.scope_kind == ScopeKind.LAB.value,
            RoleAssignment.id != without,
            RoleAssignment.valid_from <= now,
            RoleAssignment.valid_until.is_(None) | (RoleAssignment.valid_until > now),
        )
    )
    return set(db.session.scalars(wanted))


def keepers_of(tenant: str, now: datetime) -> list[Account]:
    """Who administers this tenant, or keeps its books, and has a login: letters about its money go to them. Inside
    ``reading()`` or ``writing()``."""
    wanted = (
        select(Account)
        .join(RoleAssignment, RoleAssignment.account_id == Account.id)
        .where(
            RoleAssignment.role.in_(_KEEPERS),
            RoleAssignment.scope_kind == ScopeKind.TENANT.value,
            RoleAssignment.scope == tenant,
            RoleAssignment.valid_from <= now,
            RoleAssignment.valid_until.is_(None) | (RoleAssignment.valid_until > now),
            Account.ended_at.is_(None),
        )
        .order_by(Account.id)
        .distinct()
    )
    return list(db.session.scalars(wanted))


def _check(role: Role, kind: ScopeKind, scope: str, begins: datetime, ends: datetime | None) -> None:
    if kind not in SCOPES[role]:
        raise AccountError("This role cannot be given there.")
    if bool(scope) is (kind is ScopeKind.LAB):
        raise AccountError("Say which room, machine or tenant the role is for.")
    if ends is not None and ends <= begins:
        raise AccountError("The role would end before it begins.")


def _has_already(account_id: int, role: Role, kind: ScopeKind, scope: str, begins: datetime) -> bool:
    same = select(RoleAssignment.id).where(
        RoleAssignment.account_id == account_id,
        RoleAssignment.role == role.value,
        RoleAssignment.scope_kind == kind.value,
        RoleAssignment.scope == scope,
        RoleAssignment.valid_until.is_(None) | (RoleAssignment.valid_until > begins),
    )
    return db.session.scalar(same.limit(1)) is not None


def _picture(row: RoleAssignment) -> dict[str, object]:
    names = ("role", "scope_kind", "scope", "valid_from", "valid_until")
    return {name: getattr(row, name) for name in names}
