"""When a machine waits for a commissioning record: what is new, what was changed, and what is dangerous now that was not.

The record itself is care's; here stands only since when one is missing. A machine of low risk needs none.
"""

from datetime import datetime

from server.audit import service as audit
from server.db import expect_version, writing
from server.domain.commissioning import DECLARED, Why, needs_record
from server.jobs import service as jobs
from server.machines.models import Machine
from server.machines.service import MachineError, machine_by_code
from wire.messages import RiskClass


def ask_for_record(machine: Machine, why: Why, now: datetime) -> None:
    """From now on it waits for a record. Inside ``writing()``, audited and announced by whoever changed the machine."""
    if not needs_record(RiskClass(machine.risk)):
        machine.commission_since, machine.commission_why = None, ""
    elif machine.commission_since is None:
        machine.commission_since, machine.commission_why = now, why


def declare_change(code: str, why: Why, reason: str, version: int | None = None, *, actor: str, now: datetime) -> None:
    """Somebody changed what the last record was about, and says so: its record counts no more. A running session goes on."""
    with writing():
        machine = machine_by_code(code)
        expect_version(machine, version)
        if why not in DECLARED:
            raise MachineError("Say what was changed: relay, contactor, wiring or settings.")
        if machine.ended_at is not None or not needs_record(RiskClass(machine.risk)):
            raise MachineError("%(machine)s needs no commissioning record.", machine=machine.name)
        before = {"commission_since": machine.commission_since}
        machine.commission_since, machine.commission_why = now, why
        after = {"commission_since": now, "why": why.value}
        audit.record(actor, "declare_change", "machine", code, before, after, reason, now)
        jobs.announce("access", f"machine:{code}", now)
        jobs.announce("machine", code, now)
