"""What a request about months and documents is about, for the gate: the whole lab; 404 for what is not there."""

from typing import Any

from flask import abort
from sqlalchemy import select

from server.billing.models import Document
from server.db import db, reading
from server.domain.period import Period, period_of
from server.domain.roles import THE_LAB, About
from server.web.here import zone


def month_named(month: str, **others: Any) -> About:
    period(month)
    return THE_LAB


def document_named(number: str, **others: Any) -> About:
    with reading():
        known = db.session.scalar(select(Document.id).where(Document.number == number))
    return THE_LAB if known is not None else abort(404)


def period(month: str) -> Period:
    """Only a month written as "2026-10" is there."""
    try:
        found = period_of(month, zone())
    except ValueError:
        abort(404)
    return found if found.month == month else abort(404)
