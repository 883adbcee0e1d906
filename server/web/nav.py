"""The ways through the pages: the groups of the side rail, and the five tabs of a phone, as far as the reader may go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext
from sqlalchemy.exc import SQLAlchemyError

from server.domain.roles import Actor, Role, Verb, may
from server.web.needs import actor

_TABS = 5
_TENANT_ROLES = (Role.TENANT_ADMIN, Role.TENANT_ACCOUNTANT)


@dataclass(frozen=True, slots=True)
class Way:
    """One entry. ``key`` is what a page writes in its ``nav`` block; ``tab`` is the place among a phone's tabs."""

    key: str
    label: Any
    icon: str
    href: str
    verb: Verb
    tab: int = 99


@dataclass(frozen=True, slots=True)
class Group:
    label: Any
    ways: tuple[Way, ...]


WORKSHOP = Group(
    lazy_gettext("Workshop"),
    (
        Way("today", lazy_gettext("Today"), "bell-dot", "/today", Verb.WATCH, 1),
        Way("map", lazy_gettext("Plan"), "map", "/map", Verb.SEE_FLOOR, 2),
        Way("machines", lazy_gettext("Machines"), "cpu", "/machines", Verb.SEE_FLOOR, 8),
        Way("bookings", lazy_gettext("Calendar"), "calendar-days", "/bookings", Verb.SEE_FLOOR, 3),
        Way("agents", lazy_gettext("Agents"), "radio-tower", "/agents", Verb.EDIT_MACHINES, 10),
        Way("sessions", lazy_gettext("Sessions"), "history", "/sessions", Verb.SEE_SESSIONS, 6),
        Way("noting", lazy_gettext("Material and time"), "scale", "/noting", Verb.NOTE_SUPPLIES, 11),
    ),
)
PEOPLE = Group(
    lazy_gettext("People"),
    (
        Way("people", lazy_gettext("Holders"), "users", "/people", Verb.SEE_PEOPLE, 4),
        Way("handouts", lazy_gettext("Hand-outs"), "nfc", "/handouts", Verb.EDIT_PEOPLE, 20),
        Way("tenants", lazy_gettext("Tenants"), "building-2", "/tenants", Verb.SEE_TENANTS, 7),
        Way("skills", lazy_gettext("Qualifications"), "graduation-cap", "/skills", Verb.SEE_TRAINING, 9),
    ),
)
MONEY = Group(
    lazy_gettext("Invoicing"),
    (
        Way("months", lazy_gettext("Months"), "calendar-check-2", "/months", Verb.SEE_MONEY, 5),
        Way("collecting", lazy_gettext("Open items"), "hand-coins", "/collecting", Verb.SEE_MONEY, 11),
        Way("exports", lazy_gettext("Exports"), "file-down", "/exports", Verb.SEE_MONEY, 12),
        Way("tariffs", lazy_gettext("Tariffs"), "tags", "/tariffs", Verb.SEE_MONEY, 11),
        Way("vat", lazy_gettext("VAT"), "percent", "/vat", Verb.SEE_MONEY, 12),
    ),
)
RECORDS = Group(
    lazy_gettext("Administration"),
    (
        Way("accounts", lazy_gettext("Accounts"), "key-round", "/accounts", Verb.MANAGE_ACCOUNTS, 13),
        Way("audit", lazy_gettext("Journal"), "scroll-text", "/audit", Verb.SEE_AUDIT, 14),
        Way("masters", lazy_gettext("Master badges"), "id-card", "/masters", Verb.MANAGE_ACCOUNTS, 19),
        Way("mails", lazy_gettext("Mails"), "mail", "/mails", Verb.MANAGE_ACCOUNTS, 15),
        Way("privacy", lazy_gettext("Privacy"), "shield-check", "/privacy", Verb.MANAGE_ACCOUNTS, 20),
    ),
)
DEMO = Group(
    lazy_gettext("Demo"),
    (
        Way("bench", lazy_gettext("Bench"), "flask-conical", "/bench", Verb.PLAY, 16),
        Way("kit", lazy_gettext("Components"), "shapes", "/kit", Verb.PLAY, 17),
    ),
)
MINE = Way("me", lazy_gettext("My page"), "circle-user-round", "/me", Verb.SEE_OWN, 8)
BOOKS = Way("books", lazy_gettext("My company"), "receipt-text", "/books", Verb.SEE_TENANT_BOOKS, 8)
LOGIN = Way("account", lazy_gettext("My login"), "settings", "/account", Verb.LOGGED_IN, 18)
MORE = Way("more", lazy_gettext("More"), "menu", "/more", Verb.LOGGED_IN)
_GROUPS = (WORKSHOP, PEOPLE, MONEY, RECORDS)


def groups() -> list[Group]:
    """The rail: what the reader may see, by group, without groups that would be empty."""
    who = actor()
    wanted = [_own(who), *_GROUPS, *([DEMO] if current_app.extensions["settings"].demo else [])]
    open_to = [Group(group.label, tuple(way for way in group.ways if _is_open(who, way))) for group in wanted]
    return [group for group in open_to if group.ways]


def tabs() -> list[Way]:
    """At most five: the nearest ones, and the page with the rest."""
    who = actor()
    ways = sorted((way for group in groups() for way in group.ways), key=lambda way: _distance(who, way))
    if len(ways) < _TABS:
        return [*ways, LOGIN]
    return [*ways[: _TABS - 1], MORE]


def _own(who: Actor) -> Group:
    return Group(None, (MINE, BOOKS) if _is_of_a_tenant(who) else (MINE,))


def _is_open(who: Actor, way: Way) -> bool:
    return way is BOOKS or may(who, way.verb)


def _distance(who: Actor, way: Way) -> int:
    """One's own pages come first for whoever is not staff."""
    return 0 if way.key in {MINE.key, BOOKS.key} and not may(who, Verb.WATCH) else way.tab


def _is_of_a_tenant(who: Actor) -> bool:
    return any(who.has(role) for role in _TENANT_ROLES)


@dataclass(frozen=True, slots=True)
class Counts:
    """What the rail says besides the ways: what waits for a decision, by key of its way, and the agents that are heard."""

    waiting: dict[str, int] = field(default_factory=dict)
    heard: int = 0
    agents: int = 0


NO_COUNTS = Counts()


def counts() -> Counts:
    """Counted by what the pages put into ``app.extensions["rail"]``. A page about broken books counts nothing."""
    count: Callable[[], Counts] | None = current_app.extensions.get("rail")
    try:
        return count() if count else NO_COUNTS
    except SQLAlchemyError:
        return NO_COUNTS
