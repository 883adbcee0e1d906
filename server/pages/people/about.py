"""What a request about people is about, for the gate; 404 for what is not there."""

from typing import Any

from flask import abort
from sqlalchemy import select

from server.db import db, reading
from server.domain.roles import About
from server.people.models import Holder, Membership, Token


def holder_of(number: int, **others: Any) -> About:
    return _about(select(Holder.number).where(Holder.number == number))


def token_of(number: int, ref: str, **others: Any) -> About:
    return _about(select(Token.holder_number).where(Token.ref == ref, Token.holder_number == number))


def membership_of(number: int, ref: str, **others: Any) -> About:
    return _about(select(Membership.holder_number).where(Membership.ref == ref, Membership.holder_number == number))


def _about(wanted: Any) -> About:
    with reading():
        number = db.session.scalar(wanted)
    return About(holder=number) if number is not None else abort(404)
