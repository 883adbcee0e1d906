"""Who sees what, as the gate decides it: asked of ``may`` for every role, so that a paper never says other than the pages do."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext

from server.domain.roles import THE_LAB, About, Actor, Assignment, Role, ScopeKind, Verb, may
from server.pages.account.words import ROLES

_TENANT = About(tenant="own")
_OF_TENANTS = (Role.TENANT_ADMIN, Role.TENANT_ACCOUNTANT)
KINDS: tuple[tuple[Any, tuple[Verb, ...]], ...] = (
    (lazy_gettext("Machines and their state, without persons"), (Verb.SEE_FLOOR,)),
    (lazy_gettext("Names, addresses, badges"), (Verb.SEE_PEOPLE,)),
    (lazy_gettext("Who was where and when"), (Verb.SEE_SESSIONS,)),
    (lazy_gettext("Qualifications"), (Verb.SEE_TRAINING,)),
    (lazy_gettext("Hours, cost and documents, without persons"), (Verb.SEE_MONEY, Verb.SEE_TENANT_BOOKS)),
    (lazy_gettext("Journal, logins and mails"), (Verb.SEE_AUDIT, Verb.MANAGE_ACCOUNTS)),
)


@dataclass(frozen=True, slots=True)
class Sees:
    """A role and, for each of the kinds, whether it sees it. ``scope``: of one tenant only."""

    role: Any
    of_one_tenant: bool
    cells: tuple[bool, ...]


def table() -> list[Sees]:
    return [_row(role) for role in Role]


def _row(role: Role) -> Sees:
    of_one = role in _OF_TENANTS
    given = Assignment(role, ScopeKind.TENANT, "own") if of_one else Assignment(role)
    who, about = Actor(account=1, assignments=(given,)), _TENANT if of_one else THE_LAB
    cells = tuple(any(may(who, verb, about) for verb in verbs) for _, verbs in KINDS)
    return Sees(ROLES[role], of_one, cells)
