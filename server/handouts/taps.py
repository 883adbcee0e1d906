"""What a tap does: a free badge goes to the name on top, a lent one says whose it is, a collected one comes back.

A tap is one event of an agent. It is used inside one transaction that keeps the hand-out to itself and writes down the
event's number, so it counts once, however many pages ask at the same moment; and in the name of whoever made the hand-out
listen, so it does not matter which of them asks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, writing
from server.handouts.models import Handout, HandoutLine, HandoutTap, Kind, Mode, Outcome
from server.handouts.rows import (
    HEARS_FOR,
    HandoutError,
    handout_by_id,
    is_out,
    line_by_id,
    lines_of,
    next_of,
    open_handout,
)
from server.handouts.turns import put_on_top
from server.people import service as people
from server.people.models import Token

_HELD_TOO_LONG = timedelta(seconds=10)  # the same badge again, before the agent knows whose it is now


@dataclass(frozen=True, slots=True)
class Tap:
    """A badge that was held to a reader, as the server heard of it. ``runs``: it started the machine."""

    event_id: int
    machine: str
    fingerprint: str
    key_id: str
    at: datetime  # when the server heard of it
    runs: bool = False


def take(number: int, taps: Iterable[Tap], *, now: datetime) -> int:
    """Use what was tapped since the hand-out began to listen, each tap once. Returns how many were new."""
    taps = list(taps)
    if not taps:
        return 0
    with writing() as session:
        handout = handout_by_id(number, changing=True)
        used = {tap.event_id for tap in taps if session.get(HandoutTap, tap.event_id) is not None}
        fresh = [tap for tap in sorted(taps, key=lambda tap: tap.event_id) if tap.event_id not in used]
        counted = [tap for tap in fresh if _hears(handout, tap)]
        for tap in counted:
            session.add(_use(handout, tap, now))
            session.flush()
        return len(counted)


def undo(number: int, line_id: int, *, actor: str, now: datetime) -> None:
    """The wrong badge: it is taken back from this name, which is on top again."""
    with writing():
        handout = open_handout(number)
        line = line_by_id(handout, line_id)
        if not is_out(line):
            raise HandoutError("This name has no badge to take back.")
        _return(line.token_ref or "", actor, now)
        line.token_ref = line.given_at = None
        put_on_top(number, line)
        audit.record(actor, "undo", "handout", number, None, {"holder": line.holder_number}, "", now)
        _hear_on(handout, now)


def give_back(number: int, line_id: int, *, actor: str, now: datetime) -> None:
    """It was collected by mistake: the same badge is lent to the same person again, until the same end."""
    with writing():
        handout = open_handout(number)
        line = line_by_id(handout, line_id)
        old = _token(line.token_ref)
        if old is None or line.returned_at is None:
            raise HandoutError("This badge was not collected here.")
        if old.blocked_at is not None:
            raise HandoutError("This badge is blocked: give another one.")
        line.token_ref = _lend_again(old, handout, actor, now)
        line.returned_at = None
        _hear_on(handout, now)


def return_of_another(number: int, event_id: int, *, actor: str, now: datetime) -> None:
    """A badge that was tapped while collecting, of somebody who is not on the list, is back too."""
    with writing() as session:
        open_handout(number)
        tap = session.get(HandoutTap, event_id, populate_existing=True)
        if tap is None or tap.handout_id != number or tap.outcome != Outcome.OTHERS or tap.token_ref is None:
            raise HandoutError("This badge was not collected here.")
        people.return_token(tap.token_ref, actor=actor, now=now)
        tap.outcome = Outcome.BACK.value


def lend_again(line: HandoutLine, handout: Handout, actor: str, now: datetime) -> None:
    """The badge that this name had before, unless somebody else has it or it was lost. Inside the caller's ``writing()``."""
    old = _token(line.token_ref)
    line.token_ref = line.given_at = line.returned_at = None
    if old is None or old.blocked_at is not None or people.lent_to(old.fingerprint) is not None:
        return
    line.token_ref, line.given_at = _lend_again(old, handout, actor, now), now


def _hears(handout: Handout, tap: Tap) -> bool:
    if handout.hears_from is None or handout.hears_until is None or handout.ended_at is not None:
        return False
    return tap.machine in handout.readers and handout.hears_from <= tap.at < handout.hears_until


def _use(handout: Handout, tap: Tap, now: datetime) -> HandoutTap:
    """Do what this tap does, and say what it was."""
    lines = lines_of(handout.id)
    token = _lent(tap.fingerprint)
    used = HandoutTap(event_id=tap.event_id, handout_id=handout.id, machine=tap.machine, runs=tap.runs, at=tap.at)
    used.mark = tap.fingerprint[-4:].upper()
    used.holder_number = None if token is None else token.holder_number
    used.token_ref = None if token is None else token.ref
    if handout.mode == Mode.COLLECT:
        used.outcome, line = _collect(handout, lines, token, tap, now)
    else:
        used.outcome, line = _give(handout, lines, token, tap, now)
    if line is not None:
        used.line_id, used.token_ref, used.holder_number = line.id, line.token_ref, line.holder_number
    handout.hears_until = max(handout.hears_until or tap.at, tap.at + HEARS_FOR)
    if handout.kind == Kind.DAY and used.outcome == Outcome.GIVEN:
        handout.hears_until = None
    return used


def _give(
    handout: Handout, lines: Sequence[HandoutLine], token: Token | None, tap: Tap, now: datetime
) -> tuple[Outcome, HandoutLine | None]:
    if token is not None:
        return (Outcome.AGAIN if _just_lent(token, tap) else Outcome.LENT), None
    line = next_of(lines)
    if line is None:
        return Outcome.NOBODY, None
    by: Any = {"actor": handout.heard_by, "now": now}
    begins = (tap.fingerprint, tap.key_id, handout.label[:60], None, handout.until)
    try:
        lent = people.lend_token(line.holder_number, *begins, **by)
    except people.PeopleError:  # has left meanwhile, or the end is over: the list says so, and nobody else is given it
        line.skipped = True
        return Outcome.NOBODY, None
    line.token_ref, line.given_at, line.returned_at = lent.ref, now, None
    return Outcome.GIVEN, line


def _collect(
    handout: Handout, lines: Sequence[HandoutLine], token: Token | None, tap: Tap, now: datetime
) -> tuple[Outcome, HandoutLine | None]:
    if token is None:
        return (Outcome.AGAIN if _just_collected(handout, tap) else Outcome.NOBODY), None
    line = next((line for line in lines if line.token_ref == token.ref), None)
    if line is None:
        return Outcome.OTHERS, None
    people.return_token(token.ref, actor=handout.heard_by, now=now)
    line.returned_at = now
    return Outcome.BACK, line


def _just_lent(token: Token, tap: Tap) -> bool:
    return tap.at - token.valid_from < _HELD_TOO_LONG


def _just_collected(handout: Handout, tap: Tap) -> bool:
    same = select(HandoutTap.event_id).where(
        HandoutTap.handout_id == handout.id,
        HandoutTap.mark == tap.fingerprint[-4:].upper(),
        HandoutTap.outcome == Outcome.BACK.value,
        HandoutTap.at > tap.at - _HELD_TOO_LONG,
    )
    return db.session.scalar(same.limit(1)) is not None


def _lent(fingerprint: str) -> Token | None:
    wanted = select(Token).where(Token.fingerprint == fingerprint, Token.returned_at.is_(None))
    token: Token | None = db.session.scalar(wanted)
    return token


def _token(ref: str | None) -> Token | None:
    token: Token | None = db.session.scalar(select(Token).where(Token.ref == ref)) if ref else None
    return token


def _return(ref: str, actor: str, now: datetime) -> None:
    """Unless somebody at the desk has taken it back meanwhile, which is all that was wanted."""
    token = _token(ref)
    if token is not None and token.returned_at is None:
        people.return_token(ref, actor=actor, now=now)


def _lend_again(old: Token, handout: Handout, actor: str, now: datetime) -> str:
    until = handout.until if handout.until is not None else old.valid_until
    badge = (old.fingerprint, old.key_id, old.label, None, until)
    return people.lend_token(old.holder_number, *badge, actor=actor, now=now).ref


def _hear_on(handout: Handout, now: datetime) -> None:
    """Somebody is at it: the time until it stops by itself begins anew."""
    if handout.hears_until is not None and handout.hears_until > now:
        handout.hears_until = now + HEARS_FOR
