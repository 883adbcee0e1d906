"""Letters to whoever has booked a machine, when staff take it away: an outage, a booking cancelled or moved.

They are written in the transaction that causes them. Who has neither a login nor a mail address is told by nobody.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from server.accounts.letters import letter, moment_in_words, texts
from server.accounts.models import Account
from server.bookings.models import Booking
from server.db import db
from server.domain.bookings import Span
from server.mail import service as mail
from server.people.models import Person
from server.settings import Settings

Gettext = Callable[[str], str]
Blanks = dict[str, str]


class _Reader(NamedTuple):
    address: str
    name: str
    language: str | None


def cancelled(row: Booking, reason: str, lab: Settings, now: datetime) -> None:
    def said(gettext: Gettext, blanks: Blanks) -> tuple[str, list[str]]:
        lines = [gettext("Your booking of %(machine)s from %(begins)s to %(ends)s was cancelled by staff.") % blanks]
        lines += [gettext("The reason: %(reason)s") % {"reason": reason}] if reason else []
        return gettext("%(machine)s: your booking was cancelled") % blanks, [*lines, _calendar(row, lab)]

    _send(row, Span(row.begins, row.ends), said, lab, now)


def changed(row: Booking, before: Span, lab: Settings, now: datetime) -> None:
    def said(gettext: Gettext, blanks: Blanks) -> tuple[str, list[str]]:
        new = _blanks(row, Span(row.begins, row.ends), blanks["language"], lab)
        lines = [
            gettext("Staff have moved your booking of %(machine)s, which was from %(begins)s to %(ends)s.") % blanks,
            gettext("It is now from %(begins)s to %(ends)s.") % new,
        ]
        return gettext("%(machine)s: your booking was moved") % blanks, [*lines, _page(row, lab)]

    _send(row, before, said, lab, now)


def outage(row: Booking, hit: Sequence[Booking], lab: Settings, now: datetime) -> None:
    """To everybody whose booking an outage meets. The booking stands: a part of it may be left."""
    for one in hit:
        _send(one, Span(row.begins, row.ends), _outage(row, one, lab), lab, now)


def _outage(row: Booking, one: Booking, lab: Settings) -> Callable[[Gettext, Blanks], tuple[str, list[str]]]:
    def said(gettext: Gettext, blanks: Blanks) -> tuple[str, list[str]]:
        mine = _blanks(one, Span(one.begins, one.ends), blanks["language"], lab)
        lines = [
            gettext("%(machine)s cannot be used from %(begins)s to %(ends)s.") % blanks,
            gettext("The reason: %(reason)s") % {"reason": row.note},
            gettext(
                "You have booked it from %(begins)s to %(ends)s. Nobody counts it as missed. Move or cancel it here:"
            )
            % mine,
            _page(one, lab),
        ]
        return gettext("%(machine)s: an outage meets your booking") % blanks, lines

    return said


def _send(
    row: Booking, span: Span, said: Callable[[Gettext, Blanks], tuple[str, list[str]]], lab: Settings, now: datetime
) -> None:
    to = None if row.holder_number is None else _reader(row.holder_number)
    if to is None:
        return
    blanks = _blanks(row, span, to.language or "", lab)
    subject, lines = said(texts(to.language), blanks)
    written = letter(to.name, to.language, subject, tuple(lines), lab)
    mail.write(to.address, written.subject, written.text, now)


def _blanks(row: Booking, span: Span, language: str, lab: Settings) -> Blanks:
    begins, ends = (moment_in_words(moment, language, lab) for moment in span)
    return {"machine": row.machine.name, "begins": begins, "ends": ends, "language": language}


def _page(row: Booking, lab: Settings) -> str:
    return f"{lab.web.url}/bookings/{row.ref}"


def _calendar(row: Booking, lab: Settings) -> str:
    return f"{lab.web.url}/machines/{row.machine.code}/bookings"


def _reader(number: int) -> _Reader | None:
    """Where this person logs in; without a login the address that the desk has written down, if it has one."""
    person = db.session.scalar(select(Person).where(Person.holder_number == number))
    login = select(Account).where(Account.holder_number == number, Account.ended_at.is_(None))
    account = db.session.scalars(login).first()
    if account is not None:
        return _Reader(account.email, account.name, account.language or (person.language if person else None))
    if person is None or not person.email:
        return None
    return _Reader(person.email, f"{person.given_name} {person.family_name}", person.language)
