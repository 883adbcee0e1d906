"""What is known of a person changes: name, mail, language, and whether panels may show the first name.

The audit entry says which of them changed; what they were and are stands in ``person`` only, where it can be erased.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified

from server.audit import service as audit
from server.db import expect_version, writing
from server.jobs import service as jobs
from server.people.models import Person
from server.people.rows import holder_by_number

_OPEN = ("language", "shows_first_name")  # of these the audit keeps the values


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What a form says of a person."""

    given_name: str
    family_name: str
    email: str | None
    language: str
    shows_first_name: bool


def edit_person(number: int, facts: PersonFacts, *, version: int | None = None, actor: str, now: datetime) -> None:
    """Write what the form says; ``version`` is the holder's. A person whose name was erased is given one again."""
    with writing() as session:
        holder = holder_by_number(number, changing=True)
        expect_version(holder, version)
        person = session.scalar(select(Person).where(Person.holder_number == number))
        if person is None:
            person = Person(holder_number=number, given_name="", family_name="", language="", shows_first_name=False)
            session.add(person)
        said = asdict(facts)
        was = {name: getattr(person, name) for name in said}
        changed = sorted(name for name, value in said.items() if was[name] != value)
        if not changed:
            return
        for name in changed:
            setattr(person, name, said[name])
        flag_modified(holder, "blocked_reason")  # the holder's version stands for both rows
        before = {name: was[name] for name in _OPEN if name in changed}
        after = {"changed": changed} | {name: said[name] for name in _OPEN if name in changed}
        audit.record(actor, "edit", "holder", number, before, after, "", now)
        jobs.announce("access", f"holder:{number}", now)


def set_minor_until(
    number: int, until: datetime | None, *, version: int | None = None, actor: str, now: datetime
) -> None:
    """Under age until this moment; of a birthday nothing is kept. Machines that are not for minors refuse until then."""
    with writing():
        holder = holder_by_number(number, changing=True)
        expect_version(holder, version)
        if holder.minor_until == until:
            return
        before = {"minor_until": holder.minor_until}
        holder.minor_until = until
        audit.record(actor, "edit", "holder", number, before, {"minor_until": until}, "", now)
        jobs.announce("access", f"holder:{number}", now)
