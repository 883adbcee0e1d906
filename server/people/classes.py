"""Classes of members, which prices can tell apart: the list of them, and who is of which, from a moment on.

Called as ``server.people.service``, like everything about people; the rules are the same as there. The past keeps its class:
whoever changes it begins another membership where the one before ends, so sessions keep what counted when they began.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.jobs import service as jobs
from server.people.models import MemberClass, Membership, PayerRule
from server.people.rows import PeopleError, membership_by_ref

_CODE = re.compile(r"[a-z][a-z0-9_]{0,19}")
_LANGUAGES = ("fr", "de", "en")
_LONGEST = 60


def add_class(code: str, names: Mapping[str, str], *, actor: str, now: datetime) -> None:
    """``names`` by language, French at least."""
    with writing() as session:
        if not _CODE.fullmatch(code):
            raise PeopleError("A code is small letters, digits and _, and begins with a letter.")
        if session.get(MemberClass, code) is not None:
            raise PeopleError("there is already a class %(code)s", code=code)
        kept = _checked(names)
        session.add(MemberClass(code=code, names=kept))
        audit.record(actor, "add", "member_class", code, None, {"name": kept["fr"]}, "", now)


def rename_class(code: str, names: Mapping[str, str], *, version: int | None = None, actor: str, now: datetime) -> None:
    with writing():
        row = class_by_code(code)
        expect_version(row, version)
        before, row.names = {"name": row.names["fr"]}, _checked(names)
        audit.record(actor, "edit", "member_class", code, before, {"name": row.names["fr"]}, "", now)


def end_class(code: str, reason: str, *, actor: str, now: datetime) -> None:
    """It is given to nobody any more. Who is of it stays so, and its prices hold."""
    with writing():
        row = class_by_code(code)
        row.ended_at = row.ended_at or now
        audit.record(actor, "end", "member_class", code, None, {"ended_at": row.ended_at}, reason, now)


def set_class(ref: str, code: str | None, *, actor: str, now: datetime) -> Membership:
    """Of this class from now on; None: of none. Returns the membership that holds from now on: the same one where it has
    not begun, else another in its place, with its rank, its end and its rules."""
    with writing() as session:
        if code is not None and class_by_code(code).ended_at is not None:
            raise PeopleError("This class is no longer given.")
        old = membership_by_ref(ref)
        if old.ended_at is not None or (old.valid_until is not None and old.valid_until <= now):
            raise PeopleError("This membership is over.")
        if old.member_class == code:
            return old
        before, new = {"member_class": old.member_class}, old
        if old.valid_from < now:
            new = _follows(old, now)
            session.add(new)
            session.flush()
            _take_rules_along(old, new)
        new.member_class = code
        audit.record(actor, "set_class", "membership", new.ref, before, {"member_class": code}, "", now)
        jobs.announce("access", f"holder:{old.holder_number}", now)
        return new


def class_by_code(code: str) -> MemberClass:
    row: MemberClass | None = db.session.get(MemberClass, code, with_for_update=True)
    if row is None:
        raise PeopleError("there is no class %(code)s", code=code)
    return row


def _follows(old: Membership, now: datetime) -> Membership:
    """The same tie from this moment on; the one before ends with it."""
    new = Membership(
        ref=str(uuid4()),
        holder_number=old.holder_number,
        tenant_id=old.tenant_id,
        payer_id=old.payer_id,
        rank=old.rank,
        valid_from=now,
        valid_until=old.valid_until,
    )
    old.valid_until = now
    return new


def _take_rules_along(old: Membership, new: Membership) -> None:
    for rule in db.session.scalars(select(PayerRule).where(PayerRule.membership_id == old.id)):
        rule.membership_id = new.id


def _checked(names: Mapping[str, str]) -> dict[str, str]:
    kept = {language: text for language in _LANGUAGES if (text := names.get(language, "").strip())}
    if "fr" not in kept:
        raise PeopleError("Write it in French at least.")
    if any(len(text) > _LONGEST for text in kept.values()):
        raise PeopleError("At most %(most)s characters.", most=_LONGEST)
    return {language: kept.get(language, kept["fr"]) for language in _LANGUAGES}
