"""Finds what was typed into the search field among people, tenants, machines, sessions and documents.

Each group is searched only for readers who may open what it finds.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select

from server.billing.models import Document
from server.db import db, reading
from server.domain.roles import Verb
from server.machines.models import Machine
from server.pages.people.names import everybody, folded, matching
from server.pages.prices.words import kind
from server.people.models import Tenant
from server.usage.models import UsageSession
from server.web import formats
from server.web.needs import allowed

SHOWN = 8
_SESSION = re.compile(r"[0-9a-f]{8}(-[0-9a-f-]{27})?")
_NEXT = str.maketrans("0123456789abcdef", "123456789abcdefg")
_DOCUMENT = re.compile(r"(?=.*[0-9])[A-Za-z0-9/-]{3,40}")


@dataclass(frozen=True, slots=True)
class Hit:
    """``exact``: what was typed is its number or code, so there is nothing to choose."""

    name: str
    href: str
    note: str = ""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One group, with how many more there are than shown."""

    title: str
    hits: tuple[Hit, ...]
    more: int = 0


def search(typed: str) -> list[Found]:
    """What was found, in the order of the pages in the rail. Nothing for nothing typed."""
    if not typed:
        return []
    with reading():
        groups = [(title, find(typed)) for verb, title, find in _GROUPS if allowed(verb)]
    return [Found(str(title), tuple(hits[:SHOWN]), max(0, len(hits) - SHOWN)) for title, hits in groups if hits]


def _people(typed: str) -> list[Hit]:
    hits = []
    for one in matching(everybody(), typed):
        note = gettext("left") if one.ended_at else gettext("number %(number)s", number=one.number)
        hits.append(Hit(one.name, url_for("people.show", number=one.number), note, typed == str(one.number)))
    return hits


def _tenants(typed: str) -> list[Hit]:
    wanted = select(Tenant.code, Tenant.name, Tenant.kind).order_by(Tenant.ended_at.is_not(None), Tenant.name)
    return [
        Hit(name, url_for("tenants.show", code=code), kind(sort), typed == code)
        for code, name, sort in db.session.execute(wanted)
        if _holds(typed, name, code)
    ]


def _machines(typed: str) -> list[Hit]:
    wanted = select(Machine.code, Machine.name, Machine.room).where(Machine.ended_at.is_(None)).order_by(Machine.name)
    return [
        Hit(name, f"/machines/{code}", room or "", typed == code)
        for code, name, room in db.session.execute(wanted)
        if _holds(typed, name, code)
    ]


def _sessions(typed: str) -> list[Hit]:
    """By its number or the first eight signs of it; nobody knows a session by anything else."""
    if not _SESSION.fullmatch(typed.lower()):
        return []
    wanted = select(UsageSession.id, UsageSession.started_at, Machine.name)
    wanted = wanted.join(Machine, Machine.id == UsageSession.machine_id).limit(SHOWN)
    begins = typed.lower()
    ends = begins[:-1] + begins[-1].translate(_NEXT)  # the first number after all that begin so
    rows = db.session.execute(wanted.where(UsageSession.id >= begins, UsageSession.id < ends))
    return [
        Hit(number[:8], f"/sessions/{number}", f"{name}, {formats.moment(at)}", len(typed) == 36)
        for number, at, name in rows
    ]


def _documents(typed: str) -> list[Hit]:
    if not _DOCUMENT.fullmatch(typed):
        return []
    wanted = select(Document.number, Document.month, Document.gross_cents).where(Document.number.icontains(typed))
    rows = db.session.execute(wanted.order_by(Document.id.desc()).limit(SHOWN + 1))
    return [
        Hit(
            number,
            f"/documents/{number}",
            f"{formats.month(month)}, {formats.money(cents)}",
            typed.upper() == number.upper(),
        )
        for number, month, cents in rows
    ]


def _holds(typed: str, *texts: str) -> bool:
    return all(word in folded(" ".join(texts)) for word in folded(typed).split())


_GROUPS: tuple[tuple[Verb, object, Callable[[str], list[Hit]]], ...] = (
    (Verb.SEE_FLOOR, lazy_gettext("Machines"), _machines),
    (Verb.SEE_PEOPLE, lazy_gettext("Holders"), _people),
    (Verb.SEE_TENANTS, lazy_gettext("Tenants"), _tenants),
    (Verb.SEE_SESSIONS, lazy_gettext("Sessions"), _sessions),
    (Verb.SEE_MONEY, lazy_gettext("Documents"), _documents),
)
