"""Which machine it is: make, model, serial number, papers for those it is lent to, and whether it may run alone.

And what happens when another one takes its place: the new one has a code, a commissioning and a past of its own, and says
whom it replaces. Like ``service``: inside ``writing()``, audited, announced.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.jobs import service as jobs
from server.machines.changes import end_machine, refuse_while_it_runs, rules_of
from server.machines.models import Machine
from server.machines.service import MachineError, add_machine, machine_by_code


@dataclass(frozen=True, slots=True)
class Identity:
    """As it stands on the type plate and in the machine's file. ``manual`` and ``conformity`` are addresses of papers."""

    make: str = ""
    model: str = ""
    serial: str = ""
    bought_on: date | None = None
    manual_url: str = ""
    conformity_url: str = ""
    unattended: bool = False
    unattended_note: str = ""
    counter_note: str = ""


_FIELDS = tuple(Identity.__dataclass_fields__)


def identity_of(machine: Machine) -> Identity:
    return Identity(**{name: getattr(machine, name) for name in _FIELDS})


def identify(code: str, identity: Identity, version: int | None = None, *, actor: str, now: datetime) -> None:
    """Write down which machine it is. Raises MachineError for papers that are not on the web."""
    _refuse_odd_addresses(identity)
    with writing():
        machine = machine_by_code(code)
        expect_version(machine, version)
        before, after = asdict(identity_of(machine)), asdict(identity)
        changed = [name for name in after if after[name] != before[name]]
        for name in changed:
            setattr(machine, name, after[name])
        if changed:
            was, is_now = ({name: picture[name] for name in changed} for picture in (before, after))
            audit.record(actor, "identify", "machine", code, was, is_now, "", now)
            jobs.announce("machine", code, now)


def replace_machine(
    old: str,
    new: str,
    name: str,
    identity: Identity,
    reason: str,
    version: int | None = None,
    *,
    keeps_rules: bool = True,
    actor: str,
    now: datetime,
) -> Machine:
    """Another machine in the place of this one: at its agent, in its room and category, so with their hours and prices.

    The old one ends. ``keeps_rules``: its rules hold for the new one, else the usual ones do. What one must have learned is
    said by ``training``, and commissioning begins anew. Whoever asks has made sure that the ledger has no open session.
    """
    _refuse_odd_addresses(identity)
    by: Any = {"actor": actor, "now": now}
    with writing():
        gone = machine_by_code(old)
        expect_version(gone, version)
        if gone.ended_at is not None:
            raise MachineError("%(machine)s has been taken out of the lab and is no longer changed.", machine=gone.name)
        refuse_while_it_runs(gone)
        rules, place = rules_of(gone), (gone.x, gone.y)
        end_machine(old, reason, None, actor=actor, now=now)  # first: an agent has four places
        kept = (rules.policy, rules.list_valid_s) if keeps_rules else ()
        machine = add_machine(new, name, rules.category, rules.agent, rules.risk, rules.room, *kept, **by)
        machine.minors = gone.minors if keeps_rules else None
        machine.replaces_id = gone.id
        machine.x, machine.y = place
        for field in _FIELDS:
            setattr(machine, field, getattr(identity, field))
        audit.record(actor, "replace", "machine", new, None, {"replaces": old}, reason, now)
        jobs.announce("machine", new, now)
    return machine


def neighbours(machine: Machine) -> tuple[Machine | None, Machine | None]:
    """The machine it replaces, and the one that replaces it."""
    before = db.session.get(Machine, machine.replaces_id) if machine.replaces_id is not None else None
    after = db.session.scalar(select(Machine).where(Machine.replaces_id == machine.id).order_by(Machine.id).limit(1))
    return before, after


def _refuse_odd_addresses(identity: Identity) -> None:
    for address in (identity.manual_url, identity.conformity_url):
        if address and (urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).netloc):
            raise MachineError("An address of a paper begins with https://.")
