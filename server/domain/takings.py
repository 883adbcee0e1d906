"""What staff took away lately. The lists bring it to the agents, and they to a server that has forgotten it (design rule 8)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from server.domain.facts import Facts
from wire.messages import Revocation, Service, Taken

REVOKED_FOR = timedelta(days=45)  # as long as agents keep what was receipted
CLOSINGS = {
    Service.OUT: Taken.OUT_OF_SERVICE,
    Service.OUT_AFTER_JOB: Taken.OUT_OF_SERVICE,
    Service.MAINTENANCE: Taken.MAINTENANCE,
}


def revoked(facts: Facts, now: datetime) -> tuple[Revocation, ...]:
    """Of the last 45 days, in a fixed order."""
    taken = ((kind, ref, at) for kind, ref, at in _taken(facts) if at is not None and now - REVOKED_FOR < at <= now)
    return tuple(Revocation(kind, ref, round(at.timestamp() * 1000)) for kind, ref, at in sorted(taken))


def _taken(facts: Facts) -> Iterator[tuple[Taken, str, datetime | None]]:
    yield from ((Taken.TOKEN, token.ref, token.blocked_at) for token in facts.tokens)
    yield from ((Taken.RETURNED_TOKEN, token.ref, token.returned_at) for token in facts.tokens)
    yield from ((Taken.MASTER, str(master.holder), master.ended_at) for master in facts.masters)
    yield from ((Taken.HOLDER, str(holder.number), holder.blocked_at) for holder in facts.holders)
    yield from ((Taken.QUALIFICATION, row.ref, row.revoked_at) for row in facts.qualifications)
    yield from ((Taken.MEMBERSHIP, tie.ref, tie.ended_at) for tie in facts.memberships)
    yield from ((Taken.TENANT, tenant.code, tenant.suspended_from) for tenant in facts.suspended)
    for machine in facts.machines:
        if machine.service in CLOSINGS:
            yield CLOSINGS[machine.service], machine.code, machine.service_at
    yield from ((Taken.OUT_OF_SERVICE, machine.code, machine.ended_at) for machine in facts.gone)
