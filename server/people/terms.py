"""What is agreed with a tenant besides prices: its contract's dates, its declarations, and who of it may see names.

Called as ``server.people.service``, like everything about people; the rules are the same as there.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from server.db import expect_version, writing
from server.jobs import service as jobs
from server.people.rows import PeopleError, tenant_by_code
from server.people.tenancies import write


@dataclass(frozen=True, slots=True)
class Terms:
    """From and until when its contract holds; and the reference of its declaration of a training frame, until when."""

    valid_from: datetime | None = None
    valid_until: datetime | None = None
    frame_ref: str = ""
    frame_until: datetime | None = None


def set_terms(code: str, terms: Terms, *, version: int | None = None, actor: str, now: datetime) -> None:
    """After its contract nobody charges the tenant: its cost centres read as ended. What it owes is still invoiced."""
    if terms.valid_from and terms.valid_until and terms.valid_until <= terms.valid_from:
        raise PeopleError("the contract would end before it begins")
    if bool(terms.frame_ref) is not bool(terms.frame_until):
        raise PeopleError("a declaration has both: a reference and its last day")
    with writing():
        tenant = tenant_by_code(code, changing=True)
        expect_version(tenant, version)
        if write(tenant, asdict(terms), "tenant", code, actor, now):
            jobs.announce("access", f"tenant:{code}", now)


def show_names(
    code: str, since: date, reason: str, times: bool, *, version: int | None = None, actor: str, now: datetime
) -> None:
    """Let the tenant's own people see who used what, of sessions from a day on; ``times``: and when. ``reason`` is what
    this rests on, such as a works council that was informed."""
    if not reason.strip():
        raise PeopleError("say what this rests on: who was informed, and when")
    with writing():
        tenant = tenant_by_code(code, changing=True)
        expect_version(tenant, version)
        said = {"names_since": since, "names_reason": reason, "names_times": times}
        write(tenant, said, "tenant", code, actor, now, reason)


def hide_names(code: str, reason: str, *, version: int | None = None, actor: str, now: datetime) -> None:
    """From now on the tenant sees hours and cost only, of earlier months, too."""
    with writing():
        tenant = tenant_by_code(code, changing=True)
        expect_version(tenant, version)
        said = {"names_since": None, "names_reason": "", "names_times": False}
        write(tenant, said, "tenant", code, actor, now, reason)
