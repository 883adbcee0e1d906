"""Roles, their places and browsers in words."""

from flask_babel import gettext, lazy_gettext

from server.domain.roles import Role, ScopeKind

ROLES = {
    Role.MANAGER: lazy_gettext("Manager"),
    Role.DESK: lazy_gettext("Desk"),
    Role.TRAINER: lazy_gettext("Trainer"),
    Role.LAB_ACCOUNTANT: lazy_gettext("Accountant of the lab"),
    Role.TENANT_ADMIN: lazy_gettext("Administrator of a tenant"),
    Role.TENANT_ACCOUNTANT: lazy_gettext("Accountant of a tenant"),
    Role.HOLDER: lazy_gettext("Holder"),
}
MEANINGS = {
    Role.MANAGER: lazy_gettext("Sees and changes everything."),
    Role.DESK: lazy_gettext("Lends badges, puts machines out of service, sees who was where."),
    Role.TRAINER: lazy_gettext("Gives qualifications and runs machines, in the whole lab, one room or at one machine."),
    Role.LAB_ACCOUNTANT: lazy_gettext("Sees months, prices and documents of all tenants."),
    Role.TENANT_ADMIN: lazy_gettext("Sees hours, cost and documents of one tenant, and the plan."),
    Role.TENANT_ACCOUNTANT: lazy_gettext("Sees hours, cost and documents of one tenant."),
    Role.HOLDER: lazy_gettext("Sees their own page and the plan."),
}
KINDS = {
    ScopeKind.LAB: lazy_gettext("Whole lab"),
    ScopeKind.ROOM: lazy_gettext("Room"),
    ScopeKind.MACHINE: lazy_gettext("Machine"),
    ScopeKind.TENANT: lazy_gettext("Tenant"),
}
LANGUAGES = {"fr": "Français", "de": "Deutsch", "en": "English"}

# The first that fits: Edge and Opera call themselves Chrome, Chrome calls itself Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser(told: str) -> str:
    """What a browser says of itself, as short as people say it: "Firefox, Windows"."""
    name = next((word for mark, word in _BROWSERS if f"{mark}/" in told), "")
    system = next((word for mark, word in _SYSTEMS if mark in told), "")
    return ", ".join(word for word in (name, system) if word) or gettext("A browser")


def where(kind: ScopeKind, name: str) -> str:
    """Where a role counts: "Room Laser"; the whole lab where it says nothing else."""
    return f"{KINDS[kind]} {name}".strip()
