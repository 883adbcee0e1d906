"""What the pages about accounts show: the list, one account with its roles and web sessions, and what can be chosen."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask import abort
from sqlalchemy import func, or_, select

from server.accounts import second_factor
from server.accounts.errors import AccountError
from server.accounts.models import Account, AccountLink, RoleAssignment, WebSession
from server.accounts.websessions import HOLDER_IDLE
from server.db import db, reading
from server.domain.roles import Role, ScopeKind
from server.machines.models import Machine, Room
from server.pages.account.words import KINDS, ROLES, browser, where
from server.pages.people.names import everybody, matching, named
from server.people.models import Tenant
from server.web.paging import Page, paginate


class Show(StrEnum):
    OPEN = ""
    INVITED = "invited"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Given:
    """A role as a page shows it."""

    id: int
    role: str
    where: str
    since: datetime
    until: datetime | None
    counts: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A browser somebody is logged in at."""

    id: str
    browser: str
    since: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One account in the list."""

    id: int
    name: str
    email: str
    roles: tuple[str, ...]
    last: datetime | None
    invited: bool
    ended: bool


@dataclass(frozen=True, slots=True)
class File:
    """Everything about one account."""

    id: int
    version: int
    name: str
    email: str
    language: str
    holder: int | None
    holder_name: str
    has_password: bool
    has_second_factor: bool
    codes_left: int
    created_at: datetime
    ended_at: datetime | None
    link_until: datetime | None
    roles: tuple[Given, ...]
    sessions: tuple[Seen, ...]


def find_accounts(typed: str, role: str, show: Show, now: datetime) -> Page[Line]:
    """One page of the list, by name. What is typed is looked for in name and address."""
    wanted = select(Account).where(_shown(show)).order_by(func.lower(Account.name), Account.id)
    for word in typed.split():
        wanted = wanted.where(or_(Account.name.icontains(word, autoescape=True), _mail_holds(word)))
    if role:
        counts = (RoleAssignment.account_id == Account.id) & _counts(now) & (RoleAssignment.role == role)
        wanted = wanted.where(select(RoleAssignment.id).where(counts).exists())
    with reading():
        page = paginate(wanted)
        numbers = [row.id for row in page.rows]
        roles, last = _roles_of(numbers, now), _last_seen(numbers)
        return page.of(lambda row: _line(row, roles, last))


def how_many() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).where(Account.ended_at.is_(None))) or 0


def account_file(account_id: int, now: datetime) -> File:
    """404 where there is none."""
    with reading() as session:
        row = session.get(Account, account_id)
        if row is None:
            abort(404)
        open_link = (AccountLink.account_id == account_id) & AccountLink.used_at.is_(None)
        link_until = session.scalar(select(func.max(AccountLink.expires_at)).where(open_link))
        holder = named([row.holder_number]).get(row.holder_number) if row.holder_number is not None else None
        return File(
            id=row.id,
            version=row.version,
            name=row.name,
            email=row.email,
            language=row.language or "",
            holder=row.holder_number,
            holder_name=holder.name if holder else "",
            has_password=row.password_hash is not None,
            has_second_factor=row.totp_secret is not None,
            codes_left=second_factor.codes_left(account_id),
            created_at=row.created_at,
            ended_at=row.ended_at,
            link_until=link_until if link_until and link_until > now else None,
            roles=tuple(_given(account_id, now)),
            sessions=tuple(_sessions(account_id, now)),
        )


def given(file: File, assignment_id: int) -> Given:
    """One role of an account that has not ended; 404 for any other."""
    found = next((role for role in file.roles if role.id == assignment_id), None)
    return found if found is not None else abort(404)


def places() -> dict[str, list[tuple[str, str]]]:
    """Where a role can be given, grouped for a select field."""
    rooms = select(Room.name).order_by(Room.name)
    machines = select(Machine.code, Machine.name).where(Machine.ended_at.is_(None)).order_by(Machine.name)
    tenants = select(Tenant.code, Tenant.name).where(Tenant.ended_at.is_(None)).order_by(Tenant.name)
    with reading() as session:
        found: Mapping[ScopeKind, Sequence[Any]] = {
            ScopeKind.ROOM: [(name, name) for name in session.scalars(rooms)],
            ScopeKind.MACHINE: session.execute(machines).all(),
            ScopeKind.TENANT: session.execute(tenants).all(),
        }
    choices = {"": [("lab:", str(KINDS[ScopeKind.LAB]))]}
    for kind, rows in found.items():
        if rows:
            choices[str(KINDS[kind])] = [(f"{kind}:{code}", where(kind, name)) for code, name in rows]
    return choices


def holder_typed(typed: str) -> int | None:
    """Whose number or name was typed. Raises AccountError where that is nobody, or more than one."""
    if not typed:
        return None
    with reading():
        here = [one for one in everybody() if one.ended_at is None]
        found = [one for one in here if str(one.number) == typed] or matching(here, typed)
    if not found:
        raise AccountError("Nobody is called so. Type a name or a holder number.")
    if len(found) > 1:
        some = ", ".join(f"{one.name} ({one.number})" for one in found[:4])
        raise AccountError("Several people fit: %(people)s. Type the number.", people=some)
    return found[0].number


def _shown(show: Show) -> Any:
    match show:
        case Show.OPEN:
            return Account.ended_at.is_(None)
        case Show.INVITED:
            return Account.ended_at.is_(None) & Account.password_hash.is_(None)
        case Show.ENDED:
            return Account.ended_at.is_not(None)


def _mail_holds(word: str) -> Any:
    return Account.email.contains(word.casefold(), autoescape=True)


def _counts(now: datetime) -> Any:
    not_over = or_(RoleAssignment.valid_until.is_(None), RoleAssignment.valid_until > now)
    return (RoleAssignment.valid_from <= now) & not_over


def _line(row: Account, roles: Mapping[int, list[str]], last: Mapping[int, datetime]) -> Line:
    invited, ended = row.password_hash is None, row.ended_at is not None
    return Line(row.id, row.name, row.email, tuple(roles.get(row.id, ())), last.get(row.id), invited, ended)


def _roles_of(numbers: list[int], now: datetime) -> Mapping[int, list[str]]:
    wanted = select(RoleAssignment).where(RoleAssignment.account_id.in_(numbers), _counts(now))
    found: dict[int, list[str]] = defaultdict(list)
    rows = db.session.scalars(wanted.order_by(RoleAssignment.id)).all()
    names = _names(rows)
    for row in rows:
        found[row.account_id].append(_with_place(row, names))
    return found


def _with_place(row: RoleAssignment, names: Mapping[tuple[str, str], str]) -> str:
    role = str(ROLES[Role(row.role)])
    return f"{role} · {names.get((row.scope_kind, row.scope), row.scope)}" if row.scope else role


def _last_seen(numbers: list[int]) -> Mapping[int, datetime]:
    wanted = select(WebSession.account_id, func.max(WebSession.seen_at)).where(WebSession.account_id.in_(numbers))
    return dict(db.session.execute(wanted.group_by(WebSession.account_id)).all())


def _given(account_id: int, now: datetime) -> list[Given]:
    """The roles that count or will count."""
    not_over = or_(RoleAssignment.valid_until.is_(None), RoleAssignment.valid_until > now)
    wanted = select(RoleAssignment).where(RoleAssignment.account_id == account_id, not_over)
    rows = db.session.scalars(wanted.order_by(RoleAssignment.valid_from, RoleAssignment.id)).all()
    names = _names(rows)
    return [
        Given(
            row.id,
            str(ROLES[Role(row.role)]),
            where(ScopeKind(row.scope_kind), names.get((row.scope_kind, row.scope), row.scope)),
            row.valid_from,
            row.valid_until,
            row.valid_from <= now,
        )
        for row in rows
    ]


def _names(rows: Sequence[RoleAssignment]) -> Mapping[tuple[str, str], str]:
    """The names of the machines and tenants that roles are given for; rooms are known by theirs."""
    codes = {kind: {row.scope for row in rows if row.scope_kind == kind} for kind in ("machine", "tenant")}
    wanted = ((kind, model, codes[kind]) for kind, model in (("machine", Machine), ("tenant", Tenant)) if codes[kind])
    return {
        (kind, code): name
        for kind, model, some in wanted
        for code, name in db.session.execute(select(model.code, model.name).where(model.code.in_(some)))
    }


def _sessions(account_id: int, now: datetime) -> list[Seen]:
    """Where the account is logged in, the browser used last first."""
    alive = (WebSession.account_id == account_id) & WebSession.ended_at.is_(None)
    wanted = select(WebSession).where(alive, WebSession.seen_at > now - HOLDER_IDLE).order_by(WebSession.seen_at.desc())
    return [Seen(row.id, browser(row.browser), row.began_at, row.seen_at) for row in db.session.scalars(wanted)]
