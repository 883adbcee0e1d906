"""What the lab does with people's data, activity by activity, and how it is protected: for the record of article 30."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext

from server.domain.retention import Kept
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Activity:
    name: Any
    purpose: Any
    basis: Any
    people: Any
    data: Any
    seen_by: Any
    kept: tuple[Kept, ...]


_ACTIVITIES = (
    Activity(
        lazy_gettext("Access to machines"),
        lazy_gettext("Only whoever was instructed starts a machine: safety of persons and machines."),
        lazy_gettext("Legitimate interest, and the duties of safety at work (GDPR art. 6(1)(c) and (f))"),
        lazy_gettext("Members of the lab, staff, visitors"),
        lazy_gettext(
            "Keyed fingerprint of the badge, holder number, machine, time, granted or refused and why; bookings"
        ),
        lazy_gettext("Manager and desk; the person themselves"),
        (Kept.REFUSALS, Kept.SESSIONS, Kept.MESSAGES, Kept.BOOKINGS, Kept.TOKENS),
    ),
    Activity(
        lazy_gettext("Charging machine time"),
        lazy_gettext("What a tenant used is charged to it once a month."),
        lazy_gettext("Contract, and the law on books and VAT (GDPR art. 6(1)(b) and (c))"),
        lazy_gettext("Members of tenants"),
        lazy_gettext(
            "Machine, cost centre, hours and cost of each session. Documents carry no name and no time of day."
        ),
        lazy_gettext("Manager; accountants and administrators of the tenant without persons; tax office"),
        (Kept.SESSIONS, Kept.LEDGER),
    ),
    Activity(
        lazy_gettext("Instruction and qualifications"),
        lazy_gettext("To prove that whoever uses a machine was instructed, by whom and on what."),
        lazy_gettext("Duties of safety at work (GDPR art. 6(1)(c))"),
        lazy_gettext("Members of the lab, trainers"),
        lazy_gettext("Qualification, level, dates, trainer, edition of the safety sheet that was accepted"),
        lazy_gettext("Manager, desk, trainers; the person themselves; their employer on request"),
        (Kept.TRAINING, Kept.PEOPLE),
    ),
    Activity(
        lazy_gettext("Logins and mails"),
        lazy_gettext("To let people see their own data, and staff do their work; to tell what concerns somebody."),
        lazy_gettext("Contract and legitimate interest (GDPR art. 6(1)(b) and (f))"),
        lazy_gettext("Members of the lab, staff, people of tenants"),
        lazy_gettext("Mail address, name, password as a hash, times and kind of browser; the mails themselves"),
        lazy_gettext("Manager; the person themselves"),
        (Kept.LOGINS, Kept.MAILS, Kept.PEOPLE),
    ),
    Activity(
        lazy_gettext("Journal of staff"),
        lazy_gettext("To see who changed what, and who looked at whose traces."),
        lazy_gettext("Legitimate interest (GDPR art. 6(1)(f) and 32)"),
        lazy_gettext("Staff of the lab"),
        lazy_gettext("Account, deed, time, before and after, reason"),
        lazy_gettext("Manager; of looks, the person who was looked at, without a name"),
        (Kept.AUDIT, Kept.VIEWS, Kept.REQUESTS),
    ),
)


def activities() -> tuple[Activity, ...]:
    return _ACTIVITIES


def measures(lab: Settings) -> list[str]:
    """What protects the data in this lab, as it is set now: what is not switched on is not claimed."""
    said = [
        gettext(
            "The number of a badge never leaves the box: a keyed fingerprint stands in its place (HMAC-SHA-256, 128 bits)."
        ),
        gettext("Names stand apart from events, charges and documents, which know a random number only."),
        gettext(
            "Every page asks what the role may; every change, and every look at another person's traces, is written down."
        ),
        gettext("Passwords are kept as argon2 hashes."),
    ]
    if lab.mqtt.tls:
        said.append(gettext("Boxes and server speak encrypted (TLS), each box with a password of its own."))
    if lab.web.https:
        said.append(gettext("Pages are served encrypted (HTTPS)."))
    if lab.accounts.second_factor_for_managers:
        said.append(gettext("Managers log in with a second factor."))
    if lab.smtp is None:
        said.append(gettext("No mail leaves the house: no mail server is set."))
    return said
