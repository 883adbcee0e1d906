"""What a person may use now, in words: first what stands against them everywhere, then the machines in groups, each with
what is missing there and the way to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flask import url_for
from flask_babel import gettext

from server.dashboard.words import DENIALS
from server.domain.rights import Lack, Right, Rights
from server.domain.roles import Verb
from server.pages.people.choices import last_day
from server.pages.people.names import natural
from server.pages.people.reads import PersonFile
from server.web import formats
from server.web.needs import allowed
from wire.messages import DenialReason


@dataclass(frozen=True, slots=True)
class Against:
    """A reason, and the next step with its address; no step where the reader may not take it."""

    text: str
    step: str = ""
    href: str = ""


@dataclass(slots=True)
class Group:
    """Machines for which the same holds. ``state``: may, later or lacks."""

    state: str
    text: str
    skills: tuple[str, ...] = ()
    machines: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``may`` of the ``all`` machines would start now."""

    may: int
    all: int
    against: tuple[Against, ...]
    groups: tuple[Group, ...]


def verdict(file: PersonFile, rights: Rights, skills: Mapping[str, str]) -> Verdict:
    """``skills`` are the names of the skills by code."""
    against = tuple(_against(reason, file) for reason in rights.against)
    may = sum(rights.may(right) for right in rights.machines)
    return Verdict(may, len(rights.machines), against, tuple(_groups(rights.machines, skills)))


def _groups(machines: Iterable[Right], skills: Mapping[str, str]) -> list[Group]:
    groups: dict[tuple[str, str], Group] = {}
    for right in sorted(machines, key=lambda right: natural(right.name)):
        group = _group(right, skills)
        groups.setdefault((group.state, group.text), group).machines.append((right.machine, right.name))
    order = ("may", "later", "lacks")
    return sorted(groups.values(), key=lambda group: (order.index(group.state), -len(group.machines)))


def _group(right: Right, skills: Mapping[str, str]) -> Group:
    if not right.skills:
        return Group("lacks", gettext("Asks for no skill yet, so nobody can start it."))
    if right.lacks:
        text = " ".join(_lack(lack, skills) for lack in right.lacks)
        return Group("lacks", text, tuple(lack.skill for lack in right.lacks))
    if right.is_framed_only:
        return Group("lacks", gettext("Only in a declared training frame."))
    if right.payer_reason is not None:
        return Group("lacks", gettext("Who pays: %(reason)s.", reason=DENIALS[right.payer_reason]))
    if right.machine_reasons:
        return Group("later", _later(right))
    until = gettext("Without an end.")
    if right.until:
        until = gettext("Until %(day)s.", day=formats.day(last_day(right.until)))
    return Group("may", gettext("With a trainer’s badge beside.") + " " + until if right.needs_trainer else until)


def _lack(lack: Lack, skills: Mapping[str, str]) -> str:
    name, since = skills.get(lack.skill, lack.skill), formats.day(lack.since)
    match lack.reason:
        case DenialReason.QUALIFICATION_EXPIRED:
            return gettext("%(skill)s lapsed on %(day)s.", skill=name, day=since)
        case DenialReason.QUALIFICATION_REVOKED:
            return gettext("%(skill)s was revoked on %(day)s.", skill=name, day=since)
        case DenialReason.SHEET_NOT_ACCEPTED:
            return gettext("The safety sheet of %(skill)s is not accepted.", skill=name)
        case _:
            return gettext("%(skill)s is missing.", skill=name)


def _later(right: Right) -> str:
    if DenialReason.MAINTENANCE in right.machine_reasons:
        return gettext("Under maintenance.")
    if DenialReason.OUT_OF_SERVICE in right.machine_reasons:
        return gettext("Out of service.")
    if DenialReason.OUTSIDE_HOURS in right.machine_reasons and right.opens:
        return gettext("Closed, opens: %(moment)s.", moment=formats.moment(right.opens))
    if DenialReason.BOOKED in right.machine_reasons:
        return gettext("Booked by somebody else until %(moment)s.", moment=formats.moment(right.booked_until))
    return gettext("Not in use: %(reasons)s.", reasons=", ".join(str(DENIALS[one]) for one in right.machine_reasons))


def _against(reason: DenialReason, file: PersonFile) -> Against:
    number = file.person.number
    new_tie = gettext("Add a membership"), "memberships.new"
    texts = {
        DenialReason.HOLDER_BLOCKED: (
            gettext("This person is blocked."),
            gettext("Unblock…"),
            "person_states.ask_unblock",
        ),
        DenialReason.UNKNOWN_TOKEN: (
            gettext("No badge is lent to this person."),
            gettext("Lend a badge"),
            "badges.choose",
        ),
        DenialReason.TOKEN_BLOCKED: (gettext("The badge is blocked."), gettext("Lend another badge"), "badges.choose"),
        DenialReason.TOKEN_EXPIRED: (
            gettext("The badge was lent until a day that is over."),
            gettext("Lend another badge"),
            "badges.choose",
        ),
        DenialReason.MEMBERSHIP_ENDED: (_no_payer(file), *new_tie),
        DenialReason.BUDGET_REACHED: (gettext("The budget of who pays by default is used up."), *new_tie),
        DenialReason.PAYER_NOT_HERE: (gettext("Who pays by default does not pay at this hour."), *new_tie),
        DenialReason.CONTRACT_ENDED: (gettext("The cost centre that pays by default is closed."), *new_tie),
    }
    if reason is DenialReason.TENANT_SUSPENDED:
        return _suspended(file)
    text, step, view = texts[reason]
    return Against(text, step, url_for(view, number=number)) if allowed(Verb.EDIT_PEOPLE) else Against(text)


def _no_payer(file: PersonFile) -> str:
    if not file.ties:
        return gettext("Nobody pays for this person yet.")
    return gettext("The membership that pays by default is over. Nobody else is charged instead.")


def _suspended(file: PersonFile) -> Against:
    tie = next((tie for tie in file.ties if tie.suspended_from is not None), None)
    text = gettext("The access of %(tenant)s is paused.", tenant=tie.tenant if tie else "")
    if tie is None or not allowed(Verb.SEE_TENANTS):
        return Against(text)
    return Against(text, gettext("See the tenant"), url_for("tenants.show", code=tie.tenant_code))
