"""A declared bypass: staff bridge our contact with the key-switch beside the box, say who and why, and until when.

Until then the machine runs without us: nobody starts a session, and power behind our contact is no fault. It ends by
itself. Like ``service``: inside ``writing()``, audited, announced.
"""

from datetime import datetime, timedelta

from server.audit import service as audit
from server.db import expect_version, writing
from server.domain.bypass import bypassed_until
from server.jobs import service as jobs
from server.machines.models import Machine
from server.machines.service import MachineError, machine_by_code

LONGEST = timedelta(days=7)


def is_bypassed(machine: Machine, now: datetime) -> bool:
    return bypassed_until(machine.bypass_until, now) is not None


def declare_bypass(
    code: str, who: str, reason: str, until: datetime, version: int | None = None, *, actor: str, now: datetime
) -> None:
    """``who``: as staff wish to be named on the panel. Said again, it replaces what was said before."""
    if not who.strip():
        raise MachineError("Say who bridges it: the name stands on the panel.")
    if not now < until <= now + LONGEST:
        raise MachineError("A bypass ends within seven days: repair the box, or say it again then.")
    with writing():
        machine = machine_by_code(code)
        expect_version(machine, version)
        before = _picture(machine)
        machine.bypass_by, machine.bypass_reason, machine.bypass_until = who.strip(), reason, until
        audit.record(actor, "bypass", "machine", code, before, _picture(machine), reason, now)
        _announce(code, now)


def end_bypass(code: str, reason: str = "", version: int | None = None, *, actor: str, now: datetime) -> None:
    with writing():
        machine = machine_by_code(code)
        expect_version(machine, version)
        if not is_bypassed(machine, now):
            raise MachineError("%(machine)s is not bypassed.", machine=machine.name)
        before = _picture(machine)
        machine.bypass_until = now
        audit.record(actor, "end_bypass", "machine", code, before, _picture(machine), reason, now)
        _announce(code, now)


def _picture(machine: Machine) -> dict[str, object]:
    return {"bypass_by": machine.bypass_by, "bypass_until": machine.bypass_until}


def _announce(code: str, now: datetime) -> None:
    jobs.announce("access", f"machine:{code}", now)
    jobs.announce("machine", code, now)
