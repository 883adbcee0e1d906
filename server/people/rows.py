"""Finds one row about people by what it is called by, or says in a sentence that there is none.

``changing`` keeps a row for the one who changes it until his transaction ends, so that the second of two sees the first.
"""

from typing import Any

from sqlalchemy import Select, select

from server.db import db
from server.domain.refusals import Refusal
from server.people.models import Establishment, Holder, Membership, Payer, Tenant, Token


class PeopleError(Refusal):
    """What was asked cannot be done, in a sentence for the one who asked."""


def holder_by_number(number: int, changing: bool = False) -> Holder:
    holder: Holder | None = _one(select(Holder).where(Holder.number == number), changing)
    if holder is None:
        raise PeopleError("there is no holder %(number)s", number=number)
    return holder


def holder_of_the_lab(number: int) -> Holder:
    """A holder who has not left: only to those is anything given."""
    holder = holder_by_number(number)
    if holder.ended_at is not None:
        raise PeopleError("this person has left the lab; take them back first")
    return holder


def tenant_by_code(code: str, changing: bool = False) -> Tenant:
    tenant: Tenant | None = _one(select(Tenant).where(Tenant.code == code), changing)
    if tenant is None:
        raise PeopleError("there is no tenant %(code)s", code=code)
    return tenant


def token_by_ref(ref: str, changing: bool = False) -> Token:
    token: Token | None = _one(select(Token).where(Token.ref == ref), changing)
    if token is None:
        raise PeopleError("there is no token %(ref)s", ref=ref)
    return token


def membership_by_ref(ref: str) -> Membership:
    membership: Membership | None = _one(select(Membership).where(Membership.ref == ref))
    if membership is None:
        raise PeopleError("there is no membership %(ref)s", ref=ref)
    return membership


def payer_by_code(code: str, changing: bool = False) -> Payer:
    payer: Payer | None = _one(select(Payer).where(Payer.code == code), changing)
    if payer is None:
        raise PeopleError("there is no payer %(code)s", code=code)
    return payer


def establishment_by_id(number: int, changing: bool = False) -> Establishment:
    establishment: Establishment | None = _one(select(Establishment).where(Establishment.id == number), changing)
    if establishment is None:
        raise PeopleError("there is no establishment %(number)s", number=number)
    return establishment


def _one(wanted: Select[*tuple[Any, ...]], changing: bool = False) -> Any:
    return db.session.scalar(wanted.with_for_update().execution_options(populate_existing=True) if changing else wanted)
