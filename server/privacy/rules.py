"""How long each class is kept in this lab: the proposal, or what a manager has decided, with the reason."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from server.audit import service as audit
from server.db import Stale, db, reading, writing
from server.domain.retention import PROPOSED, Kept, Rule, checked
from server.jobs import service as jobs
from server.privacy.errors import PrivacyError
from server.privacy.models import RetentionRule


@dataclass(frozen=True, slots=True)
class InForce:
    """A rule as it holds now. Without ``decided_at`` it is the proposal; ``version`` is then 0."""

    rule: Rule
    reason: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None
    version: int = 0


def rules() -> dict[Kept, InForce]:
    """Every class in its order, joined to the caller's transaction where there is one."""
    with reading() as session:
        decided = {row.kept: row for row in session.scalars(select(RetentionRule))}
    return {kept: _in_force(rule, decided.get(kept.value)) for kept, rule in PROPOSED.items()}


def set_rule(kept: Kept, keep: int, reason: str, *, version: int | None = None, actor: str, now: datetime) -> None:
    """Decide how long a class is kept. RetentionError outside of its bounds; PrivacyError without a reason; Stale when
    somebody else has decided since it was read."""
    rule = checked(kept, keep)
    if not reason.strip():
        raise PrivacyError("Say why: the reason stands in the record of processing.")
    with writing() as session:
        row = session.get(RetentionRule, kept.value, with_for_update=True)
        if version is not None and version != (row.version if row else 0):
            raise Stale
        before = {"keep": row.keep if row else PROPOSED[kept].keep, "unit": rule.unit.value}
        if row is None:
            row = RetentionRule(kept=kept.value)
            db.session.add(row)
        row.keep, row.reason, row.decided_by, row.decided_at = keep, reason.strip(), actor, now
        after = {"keep": keep, "unit": rule.unit.value}
        audit.record(actor, "set", "retention", kept.value, before, after, reason.strip(), now)
        jobs.announce("privacy", kept.value, now)


def _in_force(proposed: Rule, row: RetentionRule | None) -> InForce:
    if row is None:
        return InForce(proposed)
    rule = Rule(proposed.kept, row.keep, proposed.unit, proposed.lowest, proposed.highest, proposed.by_itself)
    return InForce(rule, row.reason, row.decided_by, row.decided_at, row.version)
