"""Reminders before a qualification lapses, or its new safety sheet must be accepted, to whom it belongs; and once a week to
trainers what waits for them.

``work`` calls ``due`` once a day; it may run as often as it likes: what was written is noted, and nothing is written twice.
Each letter is a transaction of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from babel.dates import format_date
from sqlalchemy import select, true

from server.accounts.letters import letter, moment_in_words, texts
from server.accounts.models import Account, RoleAssignment
from server.db import db, reading, writing
from server.domain.classes import CourseToCome
from server.domain.facts import Facts
from server.domain.period import day_of
from server.domain.reminding import reminder_due, week_of
from server.domain.roles import Role
from server.domain.signing import State, state_at
from server.domain.standings import Standing, standings_at
from server.instruction.facts import accepted, sheets
from server.instruction.models import Reminder, SignOffRow
from server.mail import service as mail
from server.people.models import Holder, Person
from server.settings import Settings
from server.training.facts import qualifications, skills
from server.training.models import Skill
from server.training.trainers import teachable_by_role
from server.web.preferences import LANGUAGES

_DAYS = {"fr": "d MMMM y", "de": "d. MMMM y", "en": "d MMMM y"}
_LAPSES_WITHIN = timedelta(days=30)
_LISTED = 30

Standings = dict[int, dict[str, Standing]]
_Row = tuple[str, str, datetime]  # what is reminded of, the skill's name, and when it ends


class _Reader(NamedTuple):
    address: str
    name: str
    language: str


class _Written(NamedTuple):
    """A letter, and what it reminds of."""

    to: _Reader
    subject: str
    lines: list[str]
    about: list[str]


def due(lab: Settings, courses: Sequence[CourseToCome], now: datetime) -> int:
    """Write the letters for which it is time. ``courses`` are those of the next seven days. Returns how many."""
    with reading():
        facts = Facts(qualifications=qualifications(true()), skills=skills())
        held = standings_at(facts, now)
        names = dict(db.session.execute(select(Skill.code, Skill.name)).all())
        unread = standings_at(replace(facts, sheets=sheets(), accepted=accepted()), now)
        letters = [*_to_holders(held, _idling(facts), names, lab, now), *_of_sheets(unread, names, lab, now)]
        letters += _to_trainers(held, names, courses, lab, now)
    for one in letters:
        _send(one, lab, now)
    return len(letters)


def _idling(facts: Facts) -> dict[tuple[int, str, datetime], int]:
    """Ends that come because a skill is not used: after how many days without use."""
    rows = db.session.execute(select(Skill.code, Skill.idle_days).where(Skill.idle_days.is_not(None)))
    after = {code: days for code, days in rows if days is not None}
    return {
        (one.holder, one.skill, one.idle_until): after[one.skill]
        for one in facts.qualifications
        if one.idle_until is not None and one.skill in after
    }


def _to_holders(
    held: Standings,
    idling: Mapping[tuple[int, str, datetime], int],
    names: dict[str, str],
    lab: Settings,
    now: datetime,
) -> Iterable[_Written]:
    wanted: dict[int, list[_Row]] = defaultdict(list)
    for holder, by_skill in held.items():
        for code, one in by_skill.items():
            if not one.is_alone or one.moment is None:
                continue
            days = reminder_due(one.moment, now, idling.get((holder, code, one.moment)))
            if days is not None:
                about = f"lapse:{holder}:{code}:{day_of(one.moment, lab.zone)}:{days}"
                wanted[holder].append((about, names[code], one.moment))
    yield from (_lapse_letter(to, rows, lab) for to, rows in _untold(wanted))


def _of_sheets(unread: Standings, names: dict[str, str], lab: Settings, now: datetime) -> Iterable[_Written]:
    """Whoever does not read one in time would learn it at the machine."""
    wanted: dict[int, list[_Row]] = defaultdict(list)
    for holder, by_skill in unread.items():
        for code, one in by_skill.items():
            days = None if one.reads_by is None else reminder_due(one.reads_by, now)
            if one.reads_by is not None and days is not None:
                about = f"sheet:{holder}:{code}:{day_of(one.reads_by, lab.zone)}:{days}"
                wanted[holder].append((about, names[code], one.reads_by))
    yield from (_sheet_letter(to, rows, lab) for to, rows in _untold(wanted))


def _untold(wanted: Mapping[int, list[_Row]]) -> Iterator[tuple[_Reader, list[_Row]]]:
    noted = _noted(about for rows in wanted.values() for about, _, _ in rows)
    for holder, rows in wanted.items():
        new = [row for row in rows if row[0] not in noted]
        to = _holder(holder) if new else None
        if to is not None:
            yield to, new


def _sheet_letter(to: _Reader, rows: list[_Row], lab: Settings) -> _Written:
    gettext = texts(to.language)
    lines = [
        gettext("A new safety sheet is to be read and accepted:"),
        _with_days(to, rows, lab),
        gettext("Whoever has not by then cannot start a machine that asks for it. Read it here:"),
        f"{lab.web.url}/me",
    ]
    return _Written(to, gettext("A safety sheet is to be accepted"), lines, [about for about, _, _ in rows])


def _with_days(to: _Reader, rows: list[_Row], lab: Settings) -> str:
    gettext = texts(to.language)
    said = [
        gettext("%(skill)s: until %(day)s") % {"skill": name, "day": _last_day(ends, to.language, lab)}
        for _, name, ends in sorted(rows, key=lambda row: row[2])
    ]
    return "\n".join(f"– {line}" for line in said)


def _lapse_letter(to: _Reader, rows: list[_Row], lab: Settings) -> _Written:
    gettext = texts(to.language)
    lines = [
        gettext("What you are qualified for lapses:"),
        _with_days(to, rows, lab),
        gettext("Ask a trainer to renew it, or take a seat in a course:"),
        f"{lab.web.url}/me/courses",
    ]
    return _Written(to, gettext("A qualification of yours lapses soon"), lines, [about for about, _, _ in rows])


def _to_trainers(
    held: Standings, names: dict[str, str], courses: Sequence[CourseToCome], lab: Settings, now: datetime
) -> Iterable[_Written]:
    wanted = select(Account).join(RoleAssignment, RoleAssignment.account_id == Account.id)
    wanted = wanted.where(
        *(Account.ended_at.is_(None), RoleAssignment.role == Role.TRAINER, RoleAssignment.valid_from <= now),
        RoleAssignment.valid_until.is_(None) | (RoleAssignment.valid_until > now),
    )
    accounts = db.session.scalars(wanted.distinct().order_by(Account.id)).all()
    noted = _noted(_digest(account, now) for account in accounts)
    for account in accounts:
        if _digest(account, now) not in noted and (lines := _digest_lines(account, held, names, courses, lab, now)):
            gettext = texts(account.language)
            to = _Reader(account.email, account.name, _spoken(account.language))
            yield _Written(to, gettext("What waits for you as a trainer"), lines, [_digest(account, now)])


def _digest(account: Account, now: datetime) -> str:
    return f"digest:{account.id}:{week_of(now)}"


def _digest_lines(
    account: Account,
    held: Standings,
    names: dict[str, str],
    courses: Sequence[CourseToCome],
    lab: Settings,
    now: datetime,
) -> list[str]:
    """What lapses of what this trainer gives, what waits to be ticked, the courses of the week. Empty: no letter."""
    gettext, spoken = texts(account.language), _spoken(account.language)
    lines: list[str] = []
    theirs = teachable_by_role(account.id, now)
    lapsing = [
        (one.moment, holder, code)
        for holder, by_skill in held.items()
        for code, one in by_skill.items()
        if code in theirs and one.is_alone and one.moment is not None and one.moment <= now + _LAPSES_WITHIN
    ]
    if lapsing:
        people = _names({holder for _, holder, _ in lapsing})
        lines.append(gettext("Within 30 days these lapse:"))
        rows = [
            f"– {people.get(holder, str(holder))}: {names[code]}, {_last_day(ends, spoken, lab)}"
            for ends, holder, code in sorted(lapsing)[:_LISTED]
        ]
        lines.append("\n".join([*rows, *(["– …"] if len(lapsing) > _LISTED else [])]))
    if waiting := _to_tick(account.holder_number, now):
        lines.append(gettext("Sign-offs that wait for their checklist: %(count)s") % {"count": waiting})
        lines.append(f"{lab.web.url}/sign-offs")
    soon = [one for one in courses if one.trainer in {None, account.holder_number}]
    if soon:
        lines.append(gettext("Courses of the next seven days:"))
        lines.append("\n".join(f"– {_course(one, spoken, lab)}" for one in soon))
    return lines


def _course(one: CourseToCome, language: str, lab: Settings) -> str:
    when = moment_in_words(one.begins_at, language, lab)
    gettext = texts(language)
    seats = gettext("%(taken)s of %(all)s seats taken") % {"taken": one.taken, "all": one.capacity}
    return f"{one.title}, {when}, {seats}"


def _to_tick(holder: int | None, now: datetime) -> int:
    if holder is None:
        return 0
    rows = db.session.execute(select(SignOffRow.state, SignOffRow.due_at).where(SignOffRow.trainer == holder))
    return sum(1 for state, due_at in rows if state_at(state, due_at, now) is State.PENDING)


def _send(one: _Written, lab: Settings, now: datetime) -> None:
    """The letter and the note that it was written, together or not at all."""
    with writing() as session:
        if noted := _noted(one.about):
            one = one._replace(about=[about for about in one.about if about not in noted])
        if one.about:
            session.add_all(Reminder(about=about, at=now) for about in one.about)
            written = letter(one.to.name, one.to.language, one.subject, tuple(one.lines), lab)
            mail.write(one.to.address, written.subject, written.text, now)


def _noted(abouts: Iterable[str]) -> set[str]:
    return set(db.session.scalars(select(Reminder.about).where(Reminder.about.in_(set(abouts)))))


def _holder(number: int) -> _Reader | None:
    """Where this person logs in; without a login the address that the desk has written down, if it has one."""
    wanted = select(Person, Account).outerjoin(Account, (Account.holder_number == number) & Account.ended_at.is_(None))
    wanted = wanted.join(Holder, Holder.number == Person.holder_number)
    found = db.session.execute(wanted.where(Person.holder_number == number, Holder.ended_at.is_(None))).first()
    if found is None:
        return None
    person, account = found
    address = account.email if account is not None else person.email
    language = _spoken((account.language if account is not None else None) or person.language)
    return _Reader(address, f"{person.given_name} {person.family_name}", language) if address else None


def _names(numbers: set[int]) -> dict[int, str]:
    wanted = select(Person.holder_number, Person.given_name, Person.family_name)
    rows = db.session.execute(wanted.where(Person.holder_number.in_(numbers)))
    return {number: f"{given} {family}" for number, given, family in rows}


def _last_day(ends: datetime, language: str, lab: Settings) -> str:
    return format_date(day_of(ends - timedelta(seconds=1), lab.zone), _DAYS[language], language)


def _spoken(language: str | None) -> str:
    return language if language in LANGUAGES else LANGUAGES[0]
