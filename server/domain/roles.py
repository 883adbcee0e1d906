"""Who may do what on the pages: roles given in a scope, verbs that routes declare, and one question, ``may``.

Pure: the gate in ``server.accounts`` brings the actor, each route says its verb and what it is about.
"""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    MANAGER = "manager"
    DESK = "desk"
    TRAINER = "trainer"
    LAB_ACCOUNTANT = "lab_accountant"
    TENANT_ADMIN = "tenant_admin"
    TENANT_ACCOUNTANT = "tenant_accountant"
    HOLDER = "holder"


class ScopeKind(StrEnum):
    LAB = "lab"
    ROOM = "room"
    MACHINE = "machine"
    TENANT = "tenant"


class Verb(StrEnum):
    """What a route does. Every route declares one; a route without fails the build."""

    PUBLIC = "public"  # needs no login: login itself, the wall, static files, health
    LOGGED_IN = "logged_in"  # one's own account
    SEE_OWN = "see_own"  # my page: what concerns the holder behind the account
    SEE_FLOOR = "see_floor"  # machines and their state, no person
    BOOK = "book"  # keep a machine for oneself; staff for anybody
    RUN_MACHINES = "run_machines"  # out of service, maintenance, clear a latch, ask for an end
    EDIT_MACHINES = "edit_machines"  # machines, agents, rooms, opening hours, plan
    SEE_PEOPLE = "see_people"
    EDIT_PEOPLE = "edit_people"  # holders, memberships, badges
    SEE_TRAINING = "see_training"
    EDIT_SKILLS = "edit_skills"
    QUALIFY = "qualify"  # give and take back a qualification
    TEACH = "teach"  # prepare courses and classes, enrol people, tick who was there
    SEE_TENANTS = "see_tenants"
    EDIT_TENANTS = "edit_tenants"
    SEE_SESSIONS = "see_sessions"  # who was where and when
    CORRECT_SESSIONS = "correct_sessions"
    NOTE_SUPPLIES = "note_supplies"  # material that was used, an operator's time
    SEE_DETAIL = "see_detail"  # one document by holder number, made on request
    SEE_MONEY = "see_money"  # months, documents, prices
    SET_PRICES = "set_prices"  # tariffs and the VAT table
    ISSUE = "issue"  # close a month, issue
    COLLECT = "collect"  # note payments, remind, state reference rates and the accounts of the journal
    SEE_TENANT_BOOKS = "see_tenant_books"  # hours and cost of one tenant, its invoices; no person, no time of day
    MANAGE_MEMBERS = "manage_members"  # of one tenant: invite, move, end; what its cost centres pay for
    SET_CONTRACTS = "set_contracts"  # of any tenant: hours, credit, discounts, packs and orders
    SET_BUDGETS = "set_budgets"  # of one tenant and its cost centres
    REFUSE_CHARGES = "refuse_charges"  # of one tenant, on the day of the session
    WATCH = "watch"  # Today: what waits for staff
    MANAGE_ACCOUNTS = "manage_accounts"
    SEE_AUDIT = "see_audit"
    PLAY = "play"  # the demo's bench of simulated machines; does not exist outside the demo


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role that counts now. ``scope`` is empty for the whole lab, else the code of what ``kind`` names."""

    role: Role
    kind: ScopeKind = ScopeKind.LAB
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. ``account`` is None for nobody in particular: a browser without a login."""

    account: int | None = None
    name: str = ""
    email: str = ""
    holder: int | None = None
    assignments: tuple[Assignment, ...] = ()

    @property
    def label(self) -> str:
        """How the audit trail names this actor: the account's number, because names are erased."""
        return f"account:{self.account}"

    def has(self, role: Role) -> bool:
        return any(assignment.role is role for assignment in self.assignments)


NOBODY = Actor()


@dataclass(frozen=True, slots=True)
class About:
    """What a request is about, by code; None where it is about nothing in particular, or about the whole lab."""

    tenant: str | None = None
    machine: str | None = None
    room: str | None = None
    holder: int | None = None


THE_LAB = About()
NOWHERE = About(tenant="", machine="", room="", holder=0)  # in nobody's scope: only who may do it everywhere may here

STAFF_ROLES = frozenset({Role.MANAGER, Role.DESK, Role.TRAINER})  # who look after machines
_STAFF_LOOK = frozenset({Verb.SEE_FLOOR, Verb.WATCH, Verb.BOOK})
_OF_ITS_BOOKS = frozenset({Verb.SEE_TENANT_BOOKS, Verb.REFUSE_CHARGES})
_RIGHTS: dict[Role, frozenset[Verb]] = {
    Role.MANAGER: frozenset(Verb) - {Verb.SEE_OWN, Verb.PUBLIC, Verb.LOGGED_IN},
    Role.DESK: _STAFF_LOOK
    | {Verb.RUN_MACHINES, Verb.SEE_PEOPLE, Verb.EDIT_PEOPLE, Verb.SEE_TRAINING, Verb.TEACH, Verb.SEE_TENANTS}
    | {Verb.SEE_SESSIONS, Verb.NOTE_SUPPLIES},
    Role.TRAINER: _STAFF_LOOK
    | {Verb.RUN_MACHINES, Verb.SEE_PEOPLE, Verb.SEE_TRAINING, Verb.QUALIFY, Verb.TEACH, Verb.NOTE_SUPPLIES},
    Role.LAB_ACCOUNTANT: frozenset(
        {Verb.SEE_FLOOR, Verb.SEE_TENANTS, Verb.SEE_MONEY, Verb.COLLECT, Verb.SEE_TENANT_BOOKS}
        | {Verb.SET_CONTRACTS, Verb.SET_BUDGETS}
    ),
    Role.TENANT_ADMIN: frozenset({Verb.SEE_FLOOR, *_OF_ITS_BOOKS, Verb.MANAGE_MEMBERS, Verb.SET_BUDGETS}),
    Role.TENANT_ACCOUNTANT: _OF_ITS_BOOKS,
    Role.HOLDER: frozenset({Verb.SEE_FLOOR, Verb.BOOK}),
}
_TENANT_ROLES = frozenset({Role.TENANT_ADMIN, Role.TENANT_ACCOUNTANT})
_LAB = frozenset({ScopeKind.LAB})
SCOPES: dict[Role, frozenset[ScopeKind]] = {  # where each role can be given
    **dict.fromkeys(Role, _LAB),
    **dict.fromkeys(_TENANT_ROLES, frozenset({ScopeKind.TENANT})),
    Role.TRAINER: _LAB | {ScopeKind.ROOM, ScopeKind.MACHINE},
}
_FOR_ONESELF = frozenset({(Role.HOLDER, Verb.BOOK)})  # staff may for others, makers may not
_NOT_OF_ONES_OWN = frozenset({Verb.QUALIFY})  # nobody certifies himself; holders are compared, not accounts


def may(actor: Actor, verb: Verb, about: About = THE_LAB) -> bool:
    """Whether this actor may do this about that. What is not said to be allowed is not."""
    is_own = actor.holder is not None and about.holder in {None, actor.holder}
    match verb:
        case Verb.PUBLIC:
            return True
        case Verb.LOGGED_IN:
            return actor.account is not None
        case Verb.SEE_OWN:
            return is_own
    if verb in _NOT_OF_ONES_OWN and actor.holder is not None and about.holder == actor.holder:
        return False
    return any(
        verb in _RIGHTS[given.role]
        and _covers(given, verb, about)
        and (is_own or (given.role, verb) not in _FOR_ONESELF)
        for given in actor.assignments
    )


def may_somewhere(actor: Actor, verb: Verb) -> bool:
    """Whether there is anything about which this actor may do this."""
    return any(verb in _RIGHTS[given.role] for given in actor.assignments)


_WITHOUT_PLACE = frozenset(
    {Verb.SEE_FLOOR, Verb.WATCH, Verb.SEE_PEOPLE, Verb.SEE_TRAINING, Verb.TEACH, Verb.NOTE_SUPPLIES}
)


def _covers(given: Assignment, verb: Verb, about: About) -> bool:
    """A trainer of one room sees the same lists as the others, and acts in that room only."""
    match given.kind:
        case ScopeKind.LAB:
            return given.role not in _TENANT_ROLES  # these need a tenant to be of
        case ScopeKind.TENANT:
            return verb is Verb.SEE_FLOOR or about.tenant == given.scope
        case ScopeKind.MACHINE:
            return verb in _WITHOUT_PLACE or about.machine == given.scope
        case ScopeKind.ROOM:
            return verb in _WITHOUT_PLACE or about.room == given.scope
