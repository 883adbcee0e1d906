"""Blocks of visitors for an open day: numbered holders without names, paid by whoever invites, all of it ended at once.

A block that is opened again is a new hand-out of the same numbers: new dates, and what was stays with the dates it had.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, writing
from server.handouts.building import add_handout, add_line, refuse_past
from server.handouts.listening import listen
from server.handouts.models import Handout, HandoutLine, Kind, Mode
from server.handouts.rows import HandoutError, handout_by_id, is_out, lines_of
from server.handouts.taps import lend_again
from server.people import service as people
from server.people.models import Membership, Person, Token
from server.people.rows import payer_by_code
from server.training import service as training
from server.training.models import Qualification
from wire.messages import Level

MOST = 200
NAMES = {"fr": "Visiteur", "de": "Besucher", "en": "Visitor"}


def begin_visitors(
    count: int,
    payer: str,
    label: str,
    language: str,
    until: datetime,
    readers: Collection[str],
    skills: Collection[str] = (),
    *,
    actor: str,
    now: datetime,
) -> Handout:
    """So many numbered visitors, who count on from the last one there ever was, and listen for their badges. With a
    trainer beside them they may use what asks for ``skills``; of themselves nothing."""
    if not 1 <= count <= MOST:
        raise HandoutError("Type a number of visitors from 1 to %(most)s.", most=MOST)
    refuse_past(until, now)
    by: Any = {"actor": actor, "now": now}
    with writing():
        handout = add_handout(Kind.VISITORS, label, payer_by_code(payer).id, language, until, **by)
        first = _last_number() + 1
        for position in range(1, count + 1):
            name = (NAMES[language], str(first + position - 1))
            number = people.add_holder(*name, language, **by).number
            tie = people.add_membership(number, payer, None, until, **by)
            add_line(handout, position, number, tie.ref)
        _supervise(handout, skills, **by)
        listen(handout.id, readers, Mode.GIVE, **by)
    return handout


def end_block(number: int, reason: str, *, actor: str, now: datetime) -> int:
    """The whole block at once: no badge of it opens anything from now on. Returns how many badges that were."""
    with writing():
        handout = _block(number)
        if handout.ended_at is not None:
            raise HandoutError("This hand-out is over.")
        ended = _end_lines(handout, reason, actor, now)
        handout.ended_at, handout.hears_until = now, None
        audit.record(actor, "end", "handout", number, {"ended_at": None}, {"ended_at": now}, reason, now)
    return ended


def open_again(
    number: int,
    payer: str,
    label: str,
    until: datetime,
    readers: Collection[str],
    skills: Collection[str] = (),
    *,
    actor: str,
    now: datetime,
) -> Handout:
    """The same numbers with the same badges until another end. A badge that somebody else has meanwhile is left out,
    and so is one that is blocked: that visitor waits for another one."""
    refuse_past(until, now)
    by: Any = {"actor": actor, "now": now}
    with writing():
        old = _block(number)
        _end_lines(old, "", **by)
        if old.ended_at is None:
            old.ended_at, old.hears_until = now, None
        block = add_handout(Kind.VISITORS, label, payer_by_code(payer).id, old.language, until, **by)
        for line in lines_of(number):
            tie = people.add_membership(line.holder_number, payer, None, until, **by)
            again = add_line(block, line.position, line.holder_number, tie.ref)
            again.token_ref = line.token_ref
            lend_again(again, block, **by)
        _supervise(block, skills, **by)
        listen(block.id, readers, Mode.GIVE, **by)
    return block


def _block(number: int) -> Handout:
    handout = handout_by_id(number, changing=True)
    if handout.kind != Kind.VISITORS:
        raise HandoutError("This is no block of visitors.")
    return handout


def _end_lines(handout: Handout, reason: str, actor: str, now: datetime) -> int:
    """Take every badge back and end every membership that stands. Returns how many badges."""
    back = 0
    for line in lines_of(handout.id):
        if is_out(line):
            back += _take_back(line, reason, actor, now)
        tie = db.session.scalar(select(Membership).where(Membership.ref == line.membership_ref))
        if tie is not None and tie.ended_at is None and (tie.valid_until is None or tie.valid_until > now):
            people.end_membership(tie.ref, reason, actor=actor, now=now)
    _revoke(handout, reason, actor, now)
    return back


def _supervise(handout: Handout, skills: Collection[str], *, actor: str, now: datetime) -> None:
    """Until the block ends, every one of its visitors may use these with a trainer's badge beside theirs."""
    visitors = [line.holder_number for line in lines_of(handout.id)]
    for skill in skills:
        dates = (None, handout.until, handout.label)
        training.grant_to_all(visitors, skill, *dates, level=Level.SUPERVISED, actor=actor, now=now)


def _revoke(handout: Handout, reason: str, actor: str, now: datetime) -> None:
    """What the visitors of a block were trusted with ends with it."""
    visitors = select(HandoutLine.holder_number).where(HandoutLine.handout_id == handout.id)
    held = select(Qualification.ref).where(
        Qualification.holder_number.in_(visitors),
        Qualification.revoked_at.is_(None),
        Qualification.valid_until.is_(None) | (Qualification.valid_until > now),
    )
    for ref in db.session.scalars(held).all():
        training.revoke(ref, reason, actor=actor, now=now)


def _take_back(line: HandoutLine, reason: str, actor: str, now: datetime) -> bool:
    line.returned_at = now
    token = db.session.scalar(select(Token).where(Token.ref == line.token_ref))
    if token is None or token.returned_at is not None:
        return False
    people.return_token(token.ref, reason, actor=actor, now=now)
    return True


def _last_number() -> int:
    """The highest number a visitor has; 0 before the first."""
    names = db.session.scalars(select(Person.family_name).where(Person.given_name.in_(NAMES.values())))
    return max((int(name) for name in names if name.isdecimal()), default=0)
