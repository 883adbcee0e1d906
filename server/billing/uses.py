"""The sessions of a month as billing sees them: with the machine, payer and tenant they name, what was decided about them,
and the charge they have already."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from server.billing.models import Charge, Document
from server.db import db
from server.domain import rating
from server.domain.decisions import AS_MEASURED, Decision, counted
from server.domain.period import Period, day_of
from server.machines.models import Machine
from server.people.models import Membership, Payer, Tenant
from server.usage import decisions
from server.usage.models import UsageSession

FINISHED = ("ended", "provisional")
_KNOWN_LATER = timedelta(days=62)  # a real end; agents keep what they tell for 45 days
CREDITED = ":credit:"  # in the subject of a credit note's charge, after what it takes back


class Use(NamedTuple):
    """A finished session with the machine, payer and tenant it names. ``charge``: the one it already has, or None;
    ``decision``: what a person has said of it."""

    id: str
    started_at: datetime
    ended_at: datetime
    measured_s: int
    machine: str
    machine_name: str
    category: str
    payer: str
    cost_centre: str
    tenant_id: int
    tenant_name: str
    tenant_kind: str
    charge: int | None
    holder: int
    state: str
    end_reason: str | None
    time_quality: str
    tenant: str
    risk: str
    simulated: bool
    continues: str | None
    powered_s: int
    running_s: int | None
    cooldown_s: int
    round: int = 0  # how often a credit note has let it be charged anew
    member_class: str | None = None  # of the holder at the tenant, when it began
    decision: Decision = AS_MEASURED
    charged_end: datetime | None = None  # what its charge says of its end, where it has one

    @property
    def counted_s(self) -> int | None:
        return counted(self.state, self.measured_s, self.decision)


class Dated(NamedTuple):
    """A value that holds from a day or moment on, and until the first on which it does not."""

    valid_from: Any
    valid_until: Any
    value: Any


Classes = Mapping[tuple[int, int], list[Dated]]


def in_force(rows: Iterable[Dated], moment: Any) -> Any:
    """The value that holds on a day or at a moment, of two the later one; None when nothing does."""
    holding = [
        row for row in rows if row.valid_from <= moment and (row.valid_until is None or moment < row.valid_until)
    ]
    return max(holding, key=lambda row: row.valid_from).value if holding else None


def load_uses(*conditions: ColumnElement[bool]) -> list[Use]:
    """Sessions that fit, by tenant and start, inside ``reading()``."""
    wanted = (
        select(
            *(UsageSession.id, UsageSession.started_at, UsageSession.ended_at, UsageSession.occupied_s),
            *(Machine.code, Machine.name, Machine.category, Payer.code, Payer.cost_centre),
            *(Tenant.id, Tenant.name, Tenant.kind, Charge.id),
            *(UsageSession.holder_number, UsageSession.state, UsageSession.end_reason, UsageSession.time_quality),
            *(Tenant.code, Machine.risk, UsageSession.simulated, UsageSession.continues),
            *(UsageSession.powered_s, UsageSession.running_s, UsageSession.cooldown_s, Charge.ended_at, Charge.round),
        )
        .join(Machine, Machine.id == UsageSession.machine_id)
        .join(Payer, Payer.id == UsageSession.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .outerjoin(Charge, Charge.subject == UsageSession.id)
        .where(*conditions)
        .order_by(Tenant.id, UsageSession.started_at, UsageSession.id, Charge.round)
    )
    again = reopened()
    found = {row[0]: row for row in db.session.execute(wanted)}  # of several charges of a session the last one
    decided = decisions.newest(*conditions) if found else {}
    classes = load_classes() if found else {}
    return [_use(row, again, classes, decided.get(name, AS_MEASURED)) for name, row in found.items()]


def load_month(period: Period, *conditions: ColumnElement[bool]) -> list[Use]:
    """Finished sessions of a month that fit, by tenant and start, inside ``reading()``: those that ended in it. One that was
    charged belongs to the month of the end that its charge says, though its real end came to be known later."""
    finished = (UsageSession.state.in_(FINISHED), *conditions)
    uses = load_uses(UsageSession.ended_at >= period.start, UsageSession.ended_at < period.end, *finished)
    uses = [use for use in uses if use.charged_end is None or period.holds(use.charged_end)]
    within = (Charge.ended_at >= period.start) & (Charge.ended_at < period.end) & (Charge.kind == "session")
    moved = select(UsageSession.id).join(Charge, (Charge.subject == UsageSession.id) & within).where(*finished)
    moved = moved.where(UsageSession.ended_at >= period.end, UsageSession.ended_at < period.end + _KNOWN_LATER)
    names = list(db.session.scalars(moved.where(UsageSession.started_at < period.end)))
    longer = load_uses(UsageSession.id.in_(names)) if names else []
    found = [*uses, *(use for use in longer if use.charged_end is not None and period.holds(use.charged_end))]
    return sorted(found, key=lambda use: (use.tenant_id, use.started_at, use.id)) if longer else found


def _use(row: Any, again: Mapping[str, int], classes: Classes, decision: Decision) -> Use:
    """A charge that a credit note has taken back is none."""
    *facts, charged_end, charged_round = row
    use = Use._make((*facts, again.get(facts[0], 0), None, decision, charged_end))
    if charged_round is not None and charged_round < use.round:
        use = use._replace(charge=None, charged_end=None)
    own = classes.get((use.holder, use.tenant_id))
    return use._replace(member_class=in_force(own, use.started_at)) if own else use


def load_classes() -> Classes:
    """Whose memberships are of a class: holder and tenant → the class and when. Inside ``reading()``."""
    wanted = select(Membership).where(Membership.member_class.is_not(None))
    found: dict[tuple[int, int], list[Dated]] = {}
    for row in db.session.scalars(wanted):
        ends = [moment for moment in (row.valid_until, row.ended_at) if moment is not None]
        dated = Dated(row.valid_from, min(ends, default=None), row.member_class)
        found.setdefault((row.holder_number, row.tenant_id), []).append(dated)
    return found


def reopened(subject: str | None = None, *, real: bool = False) -> dict[str, int]:
    """Subject → how many credit notes have let it be charged anew; of one, or of all. Inside ``reading()``. An item that stands on a
    specimen can be charged once more for real: ``real`` counts that as one more, and so does what has been charged for real since."""
    found: dict[str, int] = {}
    of_specimens: dict[str, int] = {}
    wanted = select(Charge.subject, Charge.priced, Document.specimen).join(Document, Document.id == Charge.document_id)
    wanted = wanted.where(Charge.kind == "credit")
    if subject is not None:
        wanted = wanted.where(Charge.subject.startswith(subject + CREDITED, autoescape=True))
    for credited, priced, specimen in db.session.execute(wanted):
        if priced.get("reopens"):
            name = credited.partition(CREDITED)[0]
            found[name] = found.get(name, 0) + 1
            of_specimens[name] = of_specimens.get(name, 0) + specimen
    for name, last in _on_specimens(subject, real):
        if last >= of_specimens.get(name, 0):
            found[name] = found.get(name, 0) + 1
    return found


def _on_specimens(subject: str | None, real: bool) -> Iterable[tuple[str, int]]:
    """Items that were charged on specimens, with the last round there; but for ``real`` those alone that are charged for real, too.
    A session is either simulated or not, and stands on the one or the other."""
    specimens = select(Document.id).where(Document.specimen.is_(True))
    wanted = select(Charge.subject, func.max(Charge.round)).group_by(Charge.subject)
    wanted = wanted.where(Charge.document_id.in_(specimens), Charge.kind == "item")
    if subject is not None:
        wanted = wanted.where(Charge.subject == subject)
    if not real:
        other = aliased(Charge)
        wanted = wanted.where(
            select(other.id).where(other.subject == Charge.subject, other.document_id.not_in(specimens)).exists()
        )
    return [(name, last) for name, last in db.session.execute(wanted)]


def charge_in_force(subject: str, *, real: bool = False) -> Charge | None:
    """The charge of a session or item that no credit note lets be charged anew, and for ``real`` no specimen. Inside ``reading()`` or
    ``writing()``."""
    wanted = select(Charge).where(Charge.subject == subject).order_by(Charge.round.desc())
    last: Charge | None = db.session.scalar(wanted.limit(1))
    return last if last is not None and last.round >= reopened(subject, real=real).get(subject, 0) else None


def is_paid_for(subject: str, *, real: bool = False) -> bool:
    """Whether an item stands on a document, and no credit note has taken it back in whole. Inside ``reading()``."""
    charge = charge_in_force(subject, real=real)
    if charge is None:
        return False
    credited = select(func.sum(Charge.net_cents)).where(Charge.kind == "credit", Charge.round == charge.round)
    credited = credited.where(Charge.subject.startswith(subject + CREDITED, autoescape=True))
    taken = db.session.scalar(credited)
    return taken is None or charge.net_cents + taken != 0


def load_use(session_id: str, until: datetime) -> Use | None:
    """One session as it is, inside ``reading()``; one that is open as if it ended at ``until``."""
    found = load_uses(UsageSession.id == session_id)
    if not found:
        return None
    (use,) = found
    if cast("datetime | None", use.ended_at) is not None:
        return use
    return use._replace(ended_at=until, measured_s=max(0, int((until - use.started_at).total_seconds())))


def rated_as(use: Use, zone: tzinfo, tariff: int | None = None) -> rating.Session:
    """A use as rating sees it. ``tariff``: the one that it keeps."""
    return rating.Session(
        id=use.id,
        start=use.started_at,
        day=day_of(use.started_at, zone),
        measured_s=use.measured_s,
        machine=use.machine,
        category=use.category,
        tenant_kind=use.tenant_kind,
        counted_s=use.counted_s,
        free=use.decision.free,
        continues=bool(use.continues),
        powered_s=max(0, use.powered_s - use.cooldown_s),
        running_s=use.running_s,
        cooldown_s=use.cooldown_s,
        holder=use.holder,
        payer=use.payer,
        tenant=use.tenant,
        member_class=use.member_class,
        tariff=tariff,
    )
