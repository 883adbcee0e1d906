"""What a change was about, as a reader knows it: a person's name, a machine, a badge and who has it, with the way there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext
from sqlalchemy import select

from server.audit.service import Entry
from server.bookings.models import Booking
from server.care.models import MachineCheck
from server.db import db, reading
from server.machines.models import Machine
from server.pages.people.names import Named, named
from server.pages.people.reads import mark_of
from server.people.models import Establishment, Membership, Tenant, Token
from server.training.models import Qualification, Skill

KINDS = {
    "account": lazy_gettext("Account"),
    "account_rule": lazy_gettext("Account of the journal"),
    "agent": lazy_gettext("Agent"),
    "booking": lazy_gettext("Booking"),
    "budget": lazy_gettext("Budget"),
    "category": lazy_gettext("Category of machines"),
    "check": lazy_gettext("Check of a machine"),
    "closure": lazy_gettext("Closure"),
    "contract": lazy_gettext("Contract"),
    "course": lazy_gettext("Course"),
    "course_date": lazy_gettext("Date of a course"),
    "controller": lazy_gettext("Who answers for the data"),
    "dispute": lazy_gettext("Contested line"),
    "document": lazy_gettext("Document"),
    "edition": lazy_gettext("Sheet or checklist"),
    "establishment": lazy_gettext("Address"),
    "event": lazy_gettext("Event"),
    "handout": lazy_gettext("Hand-out"),
    "holder": lazy_gettext("Person"),
    "log_only": lazy_gettext("Log only"),
    "lesson": lazy_gettext("Class"),
    "machine": lazy_gettext("Machine"),
    "hold": lazy_gettext("Hold"),
    "master": lazy_gettext("Master badge"),
    "material": lazy_gettext("Material"),
    "member_class": lazy_gettext("Class of members"),
    "membership": lazy_gettext("Membership"),
    "noted": lazy_gettext("Material or time"),
    "one_off": lazy_gettext("Item on a document"),
    "order": lazy_gettext("Order number"),
    "pack": lazy_gettext("Pack"),
    "payer": lazy_gettext("Cost centre"),
    "payment": lazy_gettext("Payment"),
    "people": lazy_gettext("List of people"),
    "period": lazy_gettext("Month"),
    "preset": lazy_gettext("Preset for items"),
    "price_draft": lazy_gettext("Draft price list"),
    "privacy_request": lazy_gettext("Request about data"),
    "qualification": lazy_gettext("Qualification"),
    "recurring": lazy_gettext("Monthly item"),
    "reference_rate": lazy_gettext("Rate for late interest"),
    "retention": lazy_gettext("Time of retention"),
    "room": lazy_gettext("Room"),
    "seller": lazy_gettext("Seller"),
    "session": lazy_gettext("Session"),
    "setting": lazy_gettext("Rule of the lab"),
    "sign_off": lazy_gettext("Sign-off"),
    "site_key": lazy_gettext("Site key"),
    "skill": lazy_gettext("Skill"),
    "supply_price": lazy_gettext("Price of a supply"),
    "tariff": lazy_gettext("Price"),
    "tenant": lazy_gettext("Tenant"),
    "token": lazy_gettext("Badge"),
    "vat_cell": lazy_gettext("VAT cell"),
}
_OF_HOLDERS = ("holder", "master")  # known by the number of a holder
_PAGES = {
    "account": "/accounts/",
    "agent": "/agents/",
    "course": "/courses/",
    "course_date": "/course-dates/",
    "dispute": "/disputes/",
    "document": "/documents/",
    "handout": "/handouts/",
    "holder": "/people/",
    "lesson": "/classes/",
    "machine": "/machines/",
    "material": "/materials/",
    "payment": "/collecting/payments/",
    "period": "/months/",
    "session": "/sessions/",
    "skill": "/skills/",
    "tariff": "/tariffs/",
    "tenant": "/tenants/",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """``href`` is empty where there is no page of it."""

    name: str
    href: str = ""


def subjects(entries: Iterable[Entry]) -> list[Subject]:
    """One for each entry, read in a few queries for all of them."""
    entries = list(entries)
    ids = {kind: {one.object_id for one in entries if one.object_kind == kind} for kind in KINDS}
    with reading():
        refs = _of_people(ids)
        of_holders = (number for kind in _OF_HOLDERS for number in ids[kind])
        holders = {int(number) for number in of_holders if number.isdigit()} | {number for _, number in refs.values()}
        people, houses, checks = named(holders), _houses(ids["establishment"]), _checks(ids["check"])
        kept = _bookings(ids["booking"])
        skills = dict(db.session.execute(select(Skill.code, Skill.name)).all())
    known = _Known(people, refs, houses, skills, checks, kept)
    return [known.subject(entry) for entry in entries]


@dataclass(frozen=True, slots=True)
class _Known:
    people: Mapping[int, Named]
    refs: Mapping[str, tuple[str, int]]  # of badges, memberships and qualifications: what is it, and whose
    houses: Mapping[str, tuple[str, str]]
    skills: Mapping[str, str]
    checks: Mapping[str, tuple[str, str]]  # what and which machine's
    bookings: Mapping[str, str]  # of which machine

    def subject(self, entry: Entry) -> Subject:
        kind, number = entry.object_kind, entry.object_id
        if number in self.refs:
            what, holder = self.refs[number]
            name = self.people[holder].name if holder in self.people else str(holder)
            return Subject(f"{name} · {what}" if what else name, f"/people/{holder}")
        if kind in _OF_HOLDERS and number.isdigit() and int(number) in self.people:
            return Subject(self.people[int(number)].name, f"/people/{number}")
        if kind == "establishment" and number in self.houses:
            name, code = self.houses[number]
            return Subject(name, f"/tenants/{code}")
        if kind == "check" and number in self.checks:
            name, code = self.checks[number]
            return Subject(name, f"/machines/{code}/checks")
        if kind == "booking" and number in self.bookings:
            return Subject(self.bookings[number], f"/bookings/{number}")
        name = self.skills.get(number, number) if kind == "skill" else number
        return Subject(name, f"{_PAGES[kind]}{number}" if kind in _PAGES else "")


def kind_name(kind: str) -> str:
    return str(KINDS.get(kind, kind.replace("_", " ")))


def _of_people(ids: Mapping[str, set[str]]) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    tokens = select(Token.ref, Token.fingerprint, Token.holder_number).where(Token.ref.in_(ids["token"]))
    for ref, mark, holder in db.session.execute(tokens):
        found[ref] = gettext("badge %(badge)s", badge=mark_of(mark)), holder
    ties = select(Membership.ref, Tenant.name, Membership.holder_number).join(Tenant, Tenant.id == Membership.tenant_id)
    skills = select(Qualification.ref, Skill.name, Qualification.holder_number)
    skills = skills.join(Skill, Skill.id == Qualification.skill_id).where(Qualification.ref.in_(ids["qualification"]))
    for wanted in (ties.where(Membership.ref.in_(ids["membership"])), skills):
        found |= {ref: (name, holder) for ref, name, holder in db.session.execute(wanted)}
    return found


def _houses(numbers: set[str]) -> dict[str, tuple[str, str]]:
    wanted: Any = select(Establishment.id, Establishment.legal_name, Tenant.code)
    wanted = wanted.join(Tenant, Tenant.id == Establishment.tenant_id)
    wanted = wanted.where(Establishment.id.in_([int(number) for number in numbers if number.isdigit()]))
    return {str(number): (name, code) for number, name, code in db.session.execute(wanted)}


def _checks(numbers: set[str]) -> dict[str, tuple[str, str]]:
    wanted: Any = select(MachineCheck.id, MachineCheck.name, Machine.name, Machine.code)
    wanted = wanted.join(Machine, Machine.id == MachineCheck.machine_id)
    wanted = wanted.where(MachineCheck.id.in_([int(number) for number in numbers if number.isdigit()]))
    return {str(number): (f"{machine} · {name}", code) for number, name, machine, code in db.session.execute(wanted)}


def _bookings(refs: set[str]) -> dict[str, str]:
    wanted = select(Booking.ref, Machine.name).join(Machine, Machine.id == Booking.machine_id)
    return dict(db.session.execute(wanted.where(Booking.ref.in_(refs))).all())
