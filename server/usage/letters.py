"""Letters about what happened at a machine: to the person whose session a power cut or a broken box ended, to managers
about master badges. ``work`` writes them, each once, however often the job runs.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from server.accounts.assignments import managers
from server.accounts.letters import letter, moment_in_words, texts
from server.accounts.models import Account
from server.db import db, writing
from server.machines.models import Machine
from server.mail import service as mail
from server.people.models import Person
from server.settings import Settings
from server.usage.models import Notice, UsageSession

Gettext = Callable[[str], str]
Said = tuple[str, list[str]]  # a subject, and what follows the greeting


class _Reader(NamedTuple):
    address: str
    name: str
    language: str | None


def tell(args: dict[str, Any], lab: Settings, now: datetime) -> None:
    """What the job of this name was asked to tell. What is not there any more is told to nobody."""
    with writing():
        match args["what"]:
            case "power_loss":
                _power_loss(args["session"], lab, now)
            case "master":
                _master(args["session"], lab, now)
            case "list_extended":
                _list_extended(args["event"], lab, now)


def _power_loss(session_id: str, lab: Settings, now: datetime) -> None:
    """The agent says "power loss" when it starts again and finds a session open: after a crash of its own, too."""
    wanted = select(UsageSession, Machine).join(Machine, Machine.id == UsageSession.machine_id)
    wanted = wanted.where(UsageSession.id == session_id, UsageSession.ended_at.is_not(None))
    found = db.session.execute(wanted).one_or_none()
    to = _holder(found[0].holder_number) if found is not None else None
    if found is None or to is None:
        return
    session, machine = found
    gettext = texts(to.language)
    at = moment_in_words(session.ended_at or now, to.language, lab)
    lines = [
        gettext("%(machine)s stopped on %(moment)s: a power cut, or its box failed.")
        % {"machine": machine.name, "moment": at},
        gettext("The machine is off and does not start again by itself. Go and look before you badge again."),
    ]
    if machine.continue_s:
        minutes = machine.continue_s // 60
        lines.append(
            gettext("If you start it again within %(minutes)s minutes of that, no second session fee is charged.")
            % {"minutes": minutes}
        )
    subject = gettext("%(machine)s stopped unexpectedly") % {"machine": machine.name}
    _send(to, subject, lines, f"power_loss:{session_id}", lab, now)


def _master(session_id: str, lab: Settings, now: datetime) -> None:
    wanted = select(UsageSession, Machine.name).join(Machine, Machine.id == UsageSession.machine_id)
    found = db.session.execute(wanted.where(UsageSession.id == session_id)).one_or_none()
    if found is None:
        return
    session, machine = found

    def said(gettext: Gettext, language: str | None) -> Said:
        at = moment_in_words(session.started_at, language, lab)
        blanks = {"machine": machine, "moment": at, "person": _named(session.holder_number)}
        return gettext("A master badge was used"), [
            gettext("%(person)s started %(machine)s with a master badge on %(moment)s.") % blanks,
            gettext("Its box was cut off from the server then. See how long, and who pays:"),
            f"{lab.web.url}/sessions/{session_id}",
        ]

    _to_managers(said, f"master:{session_id}", lab, now)


def _list_extended(event_id: int, lab: Settings, now: datetime) -> None:
    wanted = select(Notice, Machine).join(Machine, Machine.id == Notice.machine_id)
    found = db.session.execute(wanted.where(Notice.event_id == event_id)).one_or_none()
    if found is None:
        return
    notice, machine = found

    def said(gettext: Gettext, language: str | None) -> Said:
        until = moment_in_words(notice.until or now, language, lab)
        blanks = {"machine": machine.name, "until": until, "person": _named(notice.holder_number or 0)}
        return gettext("An access list was extended"), [
            gettext("%(person)s let the expired access list of %(machine)s hold until %(until)s.") % blanks,
            gettext("Its box had not heard of the server for too long. Bring the server back before then."),
            f"{lab.web.url}/machines/{machine.code}",
        ]

    about = f"extended:{machine.code}:{int(notice.at.timestamp() * 1000)}"
    _to_managers(said, about, lab, now)


def _to_managers(said: Callable[[Gettext, str | None], Said], about: str, lab: Settings, now: datetime) -> None:
    for account in managers(now):
        subject, lines = said(texts(account.language), account.language)
        to = _Reader(account.email, account.name, account.language)
        _send(to, subject, lines, f"{about}:{account.id}", lab, now)


def _send(to: _Reader, subject: str, lines: list[str], about: str, lab: Settings, now: datetime) -> None:
    written = letter(to.name, to.language, subject, tuple(lines), lab)
    mail.write(to.address, written.subject, written.text, now, about)


def _holder(number: int) -> _Reader | None:
    """Where this person logs in; without a login the address that the desk has written down, if it has one."""
    person = db.session.scalar(select(Person).where(Person.holder_number == number))
    login = select(Account).where(Account.holder_number == number, Account.ended_at.is_(None))
    account = db.session.scalar(login)
    if account is not None:
        return _Reader(account.email, account.name, account.language or (person.language if person else None))
    if person is None or not person.email:
        return None
    return _Reader(person.email, f"{person.given_name} {person.family_name}", person.language)


def _named(holder: int) -> str:
    person = db.session.scalar(select(Person).where(Person.holder_number == holder))
    return f"{person.given_name} {person.family_name}" if person is not None else str(holder)
