"""The words about what is kept: what it is, from when its time counts, what happens then, and why it is proposed so."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from server.domain.retention import Kept, Rule, Unit
from server.domain.roles import Role
from server.pages.account.words import ROLES
from server.privacy.erasure import Against, Goes, Stays
from server.privacy.requests import Asks
from server.privacy.viewing import Looked


@dataclass(frozen=True, slots=True)
class Told:
    """One class in words. ``why`` is the reason of the proposal."""

    what: Any
    after: Any
    then: Any
    why: Any


_DELETED = lazy_gettext("deleted")
CLASSES: dict[Kept, Told] = {
    Kept.REFUSALS: Told(
        lazy_gettext("Refused taps and unknown badges"),
        lazy_gettext("after the tap"),
        lazy_gettext("only their number a day, machine and reason stays"),
        lazy_gettext("Long enough to explain a refusal; three months is the yardstick of the CNIL for who was where."),
    ),
    Kept.SESSIONS: Told(
        lazy_gettext("Who it was, of a session"),
        lazy_gettext("after its document; without a document, after its end"),
        lazy_gettext("a random number takes the person's place, and no key is kept; hours and cost stay"),
        lazy_gettext("As long as a document is asked about. Afterwards nobody needs to know who it was."),
    ),
    Kept.MESSAGES: Told(
        lazy_gettext("What boxes told of a person"),
        lazy_gettext("after it came in"),
        lazy_gettext("deleted from the evidence, whose chain stays whole"),
        lazy_gettext("A reported problem or a cleared stop is settled by then."),
    ),
    Kept.BOOKINGS: Told(
        lazy_gettext("Bookings"),
        lazy_gettext("after their end"),
        _DELETED,
        lazy_gettext("Long enough to talk about a missed booking."),
    ),
    Kept.TOKENS: Told(
        lazy_gettext("Fingerprints of badges, lists of hand-outs"),
        lazy_gettext("after the badge came back or was blocked, or the hand-out was over"),
        _DELETED,
        lazy_gettext("So that a lost badge is recognised for a while when somebody tries it."),
    ),
    Kept.PEOPLE: Told(
        lazy_gettext("Name, address and login"),
        lazy_gettext("after the last membership"),
        lazy_gettext("deleted, as soon as no instruction record needs the name"),
        lazy_gettext("Whoever comes back within a year need not begin anew."),
    ),
    Kept.TRAINING: Told(
        lazy_gettext("Qualifications and instruction records"),
        lazy_gettext("after the last membership"),
        _DELETED,
        lazy_gettext(
            "Proof of an instruction after an accident. Ten years where claims for bodily injury are to be met."
        ),
    ),
    Kept.AUDIT: Told(
        lazy_gettext("Journal of what staff changed"),
        lazy_gettext("after the change; what explains a document stays with it"),
        _DELETED,
        lazy_gettext("Six to twelve months is what the CNIL recommends for such records."),
    ),
    Kept.VIEWS: Told(
        lazy_gettext("Who looked at whose traces"),
        lazy_gettext("after the look"),
        _DELETED,
        lazy_gettext("As long as the journal."),
    ),
    Kept.MAILS: Told(
        lazy_gettext("Mails that were sent"),
        lazy_gettext("after they were written"),
        _DELETED,
        lazy_gettext("To say what somebody was told, and when."),
    ),
    Kept.LOGINS: Told(
        lazy_gettext("Logins at these pages"),
        lazy_gettext("after the last click"),
        _DELETED,
        lazy_gettext("To find a login that was somebody else's."),
    ),
    Kept.REQUESTS: Told(
        lazy_gettext("Requests about personal data"),
        lazy_gettext("after the answer"),
        _DELETED,
        lazy_gettext("Proof that they were answered in time."),
    ),
    Kept.LEDGER: Told(
        lazy_gettext("Charges and documents"),
        lazy_gettext("after the end of their year"),
        lazy_gettext("a person decides: prolab deletes nothing that was issued"),
        lazy_gettext("Books are kept ten years: article L123-22 of the code de commerce."),
    ),
    Kept.BOXES: Told(
        lazy_gettext("Events on the boxes at the machines"),
        lazy_gettext("after the server has them"),
        lazy_gettext("deleted by the box itself"),
        lazy_gettext("So that a backup read back loses nothing."),
    ),
    Kept.BACKUPS: Told(
        lazy_gettext("Backups"),
        lazy_gettext("after they were taken"),
        lazy_gettext("deleted, but never the newest"),
        lazy_gettext("What was deleted must not come back from an old copy."),
    ),
}
UNITS: dict[Unit, Any] = {
    Unit.DAYS: lazy_gettext("days"),
    Unit.MONTHS: lazy_gettext("months"),
    Unit.YEARS: lazy_gettext("years"),
}
LOOKED: dict[Looked, Any] = {
    Looked.FILE: lazy_gettext("the page of the person"),
    Looked.SESSION: lazy_gettext("a session"),
    Looked.SESSIONS: lazy_gettext("the list of sessions"),
    Looked.EXPORT: lazy_gettext("all data, as a copy"),
    Looked.ERASURE: lazy_gettext("what an erasure would touch"),
    Looked.HOLD: lazy_gettext("what a hold keeps"),
}
ASKS: dict[Asks, Any] = {
    Asks.ACCESS: lazy_gettext("Access: a copy of the data"),
    Asks.RECTIFICATION: lazy_gettext("Rectification"),
    Asks.ERASURE: lazy_gettext("Erasure"),
    Asks.RESTRICTION: lazy_gettext("Restriction"),
    Asks.OBJECTION: lazy_gettext("Objection"),
}
GOES: dict[Goes, Any] = {
    Goes.NAME: lazy_gettext("Name, mail address, language"),
    Goes.CONTACT: lazy_gettext("Emergency contact"),
    Goes.BADGES: lazy_gettext("Badges: every box forgets them at once"),
    Goes.LOGIN: lazy_gettext("Login, with its password and its sessions in browsers"),
    Goes.MAILS: lazy_gettext("Mails that were sent to this person"),
    Goes.BOOKINGS: lazy_gettext("Bookings, also those to come"),
    Goes.REFUSALS: lazy_gettext("Refused taps: only their number stays"),
    Goes.LOOKS: lazy_gettext("Who looked at these traces"),
}
STAYS: dict[Stays, tuple[Any, Any]] = {
    Stays.CHARGES: (
        lazy_gettext("Charged sessions"),
        lazy_gettext("Books are kept ten years. They name a number, and nothing leads from it to a person any more."),
    ),
    Stays.SESSIONS: (
        lazy_gettext("Sessions that are not charged yet"),
        lazy_gettext("They are still to be invoiced, under the number."),
    ),
    Stays.RECORDS: (
        lazy_gettext("Qualifications and instruction records"),
        lazy_gettext(
            "Proof of who was instructed, under the number. Printed certificates carry the name: keep or destroy them."
        ),
    ),
    Stays.MEMBERSHIPS: (
        lazy_gettext("Memberships"),
        lazy_gettext("They say which tenant pays for the number."),
    ),
    Stays.MESSAGES: (
        lazy_gettext("What boxes told"),
        lazy_gettext("Under the number, until its time is over."),
    ),
}
AGAINST: dict[Against, Any] = {
    Against.HELD: lazy_gettext("Nothing of this person is deleted: a hold stands. Decide about it first."),
    Against.AT_A_MACHINE: lazy_gettext("This person is at a machine. Wait for the end of the session."),
    Against.ERASED: lazy_gettext("Nothing leads to a person from this number any more."),
}


def time(rule: Rule) -> str:
    """``3 months``."""
    match rule.unit:
        case Unit.DAYS:
            return ngettext("%(num)d day", "%(num)d days", rule.keep)
        case Unit.MONTHS:
            return ngettext("%(num)d month", "%(num)d months", rule.keep)
        case Unit.YEARS:
            return ngettext("%(num)d year", "%(num)d years", rule.keep)


def bounds(rule: Rule) -> str:
    """What may be set, in words; empty where nothing may."""
    if rule.is_fixed:
        return ""
    return gettext(
        "%(lowest)s to %(highest)s %(units)s", lowest=rule.lowest, highest=rule.highest, units=UNITS[rule.unit]
    )


def looked(what: str) -> str:
    return str(LOOKED[Looked(what)]) if what in set(Looked) else what


def role(name: str) -> str:
    """Of whoever looked, what they are there; never who."""
    return str(ROLES[Role(name)]) if name in set(Role) else gettext("staff")


def yes() -> str:
    return gettext("yes")


def no() -> str:
    return gettext("no")
