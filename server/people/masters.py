"""Master badges: whose badge, with a PIN, starts a machine while its agent is cut off from the server, and who pays then.

Called as ``server.people.service``, like everything about people; the rules are the same as there. Of the PIN only a
keyed digest comes here (``wire.tokens.pin_digest``).
"""

from datetime import datetime

from sqlalchemy import select

from server.audit import service as audit
from server.db import expect_version, writing
from server.jobs import service as jobs
from server.people.models import Master
from server.people.rows import PeopleError, holder_of_the_lab, payer_by_code


def give_master(
    holder_number: int, pin_digest: str, key_id: str, payer_code: str, *, actor: str, now: datetime
) -> Master:
    """From now on every good badge of this person is a master badge. Another PIN is a new one: end the one before."""
    with writing() as session:
        holder_of_the_lab(holder_number)
        there = select(Master.id).where(Master.holder_number == holder_number, Master.ended_at.is_(None))
        if session.scalar(there) is not None:
            raise PeopleError("This person has a master badge already. End it first.")
        payer = payer_by_code(payer_code)
        row = Master(holder_number=holder_number, pin_digest=pin_digest, key_id=key_id, payer_id=payer.id)
        row.given_at, row.given_by = now, actor
        session.add(row)
        session.flush()
        after = {"payer": payer_code}
        audit.record(actor, "give", "master", holder_number, None, after, "", now)
        jobs.announce("access", f"holder:{holder_number}", now)
    return row


def end_master(master_id: int, reason: str, version: int | None = None, *, actor: str, now: datetime) -> None:
    """From now on it is an ordinary badge again, as soon as the agents have their new list."""
    with writing() as session:
        row = session.get(Master, master_id)
        if row is None or row.ended_at is not None:
            raise PeopleError("This master badge has ended already.")
        expect_version(row, version)
        row.ended_at = now
        audit.record(actor, "end", "master", row.holder_number, {"ended_at": None}, {"ended_at": now}, reason, now)
        jobs.announce("access", f"holder:{row.holder_number}", now)
