"""What a request for an export is about: the lab; 404 for a table that is not there, or not of this kind."""

from typing import Any

from flask import abort, request

from server.domain.period import month_of
from server.domain.roles import THE_LAB, About
from server.domain.stretch import Stretch, stretch_of
from server.exports.declarations import Declared
from server.exports.registry import TABLES
from server.exports.tables import Privacy
from server.web.here import now, zone

KINDS = ("csv", "xlsx")


def table_of_books(name: str, kind: str, **others: Any) -> About:
    return _table(name, kind, Privacy.BOOKS)


def table_of_times(name: str, kind: str, **others: Any) -> About:
    return _table(name, kind, Privacy.TIMES)


def declaration_named(what: str, **others: Any) -> About:
    return THE_LAB if what in set(Declared) else abort(404)


def _table(name: str, kind: str, privacy: Privacy) -> About:
    table = TABLES.get(name)
    return THE_LAB if table is not None and table.privacy is privacy and kind in KINDS else abort(404)


def asked_stretch() -> Stretch:
    """The stretch in the address; without one, or with something else there, the month before this one."""
    found = stretch_of(request.args.get("of", "").strip())
    if found is not None:
        return found
    current = month_of(now(), zone())
    year, month = int(current[:4]), int(current[5:])
    before = stretch_of(f"{year - (month == 1)}-{(month - 2) % 12 + 1:02}")
    assert before is not None
    return before
