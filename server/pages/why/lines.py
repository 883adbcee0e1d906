"""Each fact on which a start depends, in words: what stands against it, what soon will, and what is in order; with the way out.

``Reader`` says for whom it is written: the holder is told the same facts, and other ways on. Nothing here tells a bystander
anything about money or age.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from flask import url_for
from flask_babel import gettext

from server.dashboard.words import DENIALS
from server.domain.rights import ONLY_TOLD, Right, Rights
from server.domain.roles import Verb
from server.domain.standings import Standing
from server.pages.people.choices import last_day
from server.web import formats
from server.web.here import now
from server.web.needs import allowed
from wire.messages import PAYER_REASONS, DenialReason, Level

SOON = timedelta(days=30)


class State(StrEnum):
    AGAINST = "against"
    TOLD = "told"  # would stand against it, if the lab did more than look on
    BESIDE = "beside"  # a trainer's badge is asked for too
    SOON = "soon"
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Line:
    """``aside``: until when. ``step`` with its address: the way out, where the reader may take it."""

    state: State
    title: str
    text: str
    aside: str = ""
    step: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Staff read about somebody; the holder about himself. ``skills``: the names of skills by code."""

    holder: int
    is_own: bool
    skills: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Box:
    """What the machine's box said last. ``in_use`` by somebody else; ``lock`` in words, or empty; ``since`` it is silent."""

    online: bool
    since: datetime | None
    in_use: bool
    lock: str


def lines(rights: Rights, right: Right, box: Box, reader: Reader) -> list[Line]:
    """Refusing facts first, then those that need somebody beside, then what ends soon, then what is in order."""
    found = [_badge(rights, reader), _payer(rights, right, reader), *_training(right, reader), *_machine(right)]
    found += [*_frame(right), *_box(box)]
    return sorted(found, key=lambda line: list(State).index(line.state))


def _only_told(found: Iterable[Line], right: Right) -> Iterator[Line]:
    """What stands against a start, as it stands while the lab looks on: said, and refusing nothing."""
    for line in found:
        is_told = right.logs_only_until is not None and line.state in {State.AGAINST, State.BESIDE}
        yield replace(line, state=State.TOLD) if is_told else line


def _badge(rights: Rights, reader: Reader) -> Line:
    title = gettext("Badge")
    reason = next((one for one in rights.against if one not in PAYER_REASONS), None)
    if reason is None:
        return Line(State.FINE, title, gettext("lent, not blocked"))
    text = str(DENIALS[reason])
    if reason is DenialReason.UNKNOWN_TOKEN:
        text = gettext("none is lent")
    if reader.is_own or not allowed(Verb.EDIT_PEOPLE):
        return Line(State.AGAINST, title, text, step=gettext("Ask at the desk") if reader.is_own else "")
    if reason is DenialReason.HOLDER_BLOCKED:
        return Line(State.AGAINST, title, text, "", gettext("Unblock…"), _at("person_states.ask_unblock", reader))
    return Line(State.AGAINST, title, text, "", gettext("Lend a badge"), _at("badges.choose", reader))


def _payer(rights: Rights, right: Right, reader: Reader) -> Line:
    title = gettext("Who pays")
    reason = right.payer_reason or next((one for one in rights.against if one in PAYER_REASONS), None)
    label = right.payer.label if right.payer else ""
    if reason is None:
        return Line(State.FINE, title, label)
    text = str(DENIALS[reason])
    text = f"{label}: {text}" if label else text
    if reader.is_own:
        return Line(State.AGAINST, title, text, step=gettext("Ask at the desk"))
    if not allowed(Verb.EDIT_PEOPLE):
        return Line(State.AGAINST, title, text)
    return Line(State.AGAINST, title, text, "", gettext("Add a membership"), _at("memberships.new", reader))


def _training(right: Right, reader: Reader) -> Iterator[Line]:
    if not right.held:
        yield Line(State.AGAINST, gettext("Skills"), gettext("The machine asks for none yet, so nobody can start it."))
    held = sorted(right.held.items(), key=lambda item: reader.skills.get(item[0], item[0]))
    yield from _only_told((_skill(code, standing, reader) for code, standing in held), right)
    yield from (_sheet(code, one.reads_by, reader) for code, one in held if one.reads_by is not None)


def _sheet(code: str, reads_by: datetime, reader: Reader) -> Line:
    day = last_day(reads_by)
    text = gettext("its new safety sheet is to be accepted by %(day)s", day=formats.day(day) if day else "")
    way = _to_sheet(code) if reader.is_own else ("", "")
    return Line(State.SOON, reader.skills.get(code, code), text, "", *way)


def _frame(right: Right) -> Iterator[Line]:
    if right.is_framed_only:
        text = gettext("This machine is used by this person only in a declared training frame.")
        yield Line(State.AGAINST, gettext("Training frame"), text)


def _skill(code: str, standing: Standing, reader: Reader) -> Line:
    title = reader.skills.get(code, code)
    until = "" if standing.moment is None else formats.day(last_day(standing.moment))
    if standing.reason is not None:
        return Line(State.AGAINST, title, _lapsed(standing), "", *_way_to(code, standing, reader))
    aside = gettext("until %(day)s", day=until) if until else gettext("no end")
    if standing.level is Level.SUPERVISED:
        step = _way_to(code, standing, reader)
        return Line(State.BESIDE, title, gettext("with a trainer’s badge beside"), aside, *step)
    text = gettext("trainer") if standing.level is Level.TRAINER else gettext("alone")
    if standing.moment is not None and standing.moment <= now() + SOON:
        return Line(State.SOON, title, text, aside, *_way_to(code, standing, reader))
    return Line(State.FINE, title, text, aside)


def _lapsed(standing: Standing) -> str:
    day = formats.day(standing.moment) if standing.moment else ""
    match standing.reason:
        case DenialReason.QUALIFICATION_EXPIRED:
            return gettext("lapsed on %(day)s", day=day)
        case DenialReason.QUALIFICATION_REVOKED:
            return gettext("withdrawn on %(day)s", day=day)
        case DenialReason.SHEET_NOT_ACCEPTED:
            return gettext("its safety sheet of %(day)s is not accepted", day=day)
        case _:
            return gettext("missing")


def _way_to(code: str, standing: Standing, reader: Reader) -> tuple[str, str]:
    if standing.reason is DenialReason.SHEET_NOT_ACCEPTED:
        return _to_sheet(code) if reader.is_own else ("", "")
    if reader.is_own:
        return gettext("See the courses"), url_for("own_courses.index")
    if allowed(Verb.QUALIFY):
        return gettext("Give…"), url_for("qualifications.give", code=code, person=reader.holder)
    return "", ""


def _to_sheet(code: str) -> tuple[str, str]:
    return gettext("Read and accept"), url_for("own_instruction.sheet", code=code)


def _machine(right: Right) -> Iterator[Line]:
    for reason in right.machine_reasons:
        line = Line(State.AGAINST, _about(reason), _told(reason, right), "", *_way_past(reason, right))
        yield from _only_told([line], right) if reason in ONLY_TOLD else [line]
    if not right.machine_reasons:
        yield Line(State.FINE, gettext("Machine"), gettext("in service, open, not booked by others"))


def _box(box: Box) -> Iterator[Line]:
    """What only the box knows. Offline it goes by the list it has, which may be older than what stands here."""
    title = gettext("Box at the machine")
    if box.lock:
        yield Line(State.AGAINST, title, box.lock)
    elif box.in_use:
        yield Line(State.AGAINST, title, gettext("somebody else uses the machine now"))
    if not box.online:
        since = gettext("silent since %(moment)s", moment=_moment(box.since)) if box.since else ""
        yield Line(State.SOON, title, gettext("offline: it goes by the list it has"), since)
    elif not box.lock and not box.in_use:
        yield Line(State.FINE, title, gettext("online, free"))


def _about(reason: DenialReason) -> str:
    match reason:
        case DenialReason.OUTSIDE_HOURS:
            return gettext("Opening hours")
        case DenialReason.BOOKED:
            return gettext("Booking")
        case _:
            return gettext("Machine")


def _told(reason: DenialReason, right: Right) -> str:
    match reason:
        case DenialReason.OUTSIDE_HOURS if right.opens:
            return gettext("closed, opens: %(moment)s", moment=_moment(right.opens))
        case DenialReason.BOOKED:
            return gettext("booked by somebody else until %(moment)s", moment=_moment(right.booked_until))
        case _:
            return str(DENIALS[reason])


def _way_past(reason: DenialReason, right: Right) -> tuple[str, str]:
    match reason:
        case DenialReason.BOOKED:
            return gettext("See the calendar"), url_for("calendars.week", code=right.machine)
        case DenialReason.NOT_COMMISSIONED if allowed(Verb.EDIT_MACHINES):
            return gettext("Commission"), url_for("sheets.listed", code=right.machine)
        case DenialReason.CHECK_OVERDUE if allowed(Verb.EDIT_MACHINES):
            return gettext("See the checks"), url_for("checks.listed", code=right.machine)
        case _:
            return "", ""


def _moment(at: datetime | None) -> str:
    return formats.moment(at) if at else ""


def _at(endpoint: str, reader: Reader) -> str:
    return url_for(endpoint, number=reader.holder)
