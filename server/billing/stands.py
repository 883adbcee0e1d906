"""How charged sessions stand: on which document, what is charged of each in all, and as what it was charged last.

A credit note that lets a session be charged anew takes its charge out of force, and one that takes back an adjustment that one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from server.billing.entries import sha256
from server.billing.models import Charge, Document
from server.billing.uses import CREDITED, FINISHED, Use, reopened
from server.db import db
from server.domain.decisions import says
from server.domain.period import Period
from server.people.models import Payer
from server.usage.models import SessionDecision, UsageSession

ADJUSTS = ":adjust:"  # in the subject of what corrects a charged session, after the session's
_IRREGULAR = ("adjust", "credit")


@dataclass(frozen=True, slots=True)
class Stand:
    """``charge`` is the last one, ``newest`` says how the session stood last: the charge, or an adjustment of it. ``cents``: of
    all documents together. ``is_open``: a credit note lets it be charged anew, and it is not yet. ``is_given_back``: one has
    taken something off and does not."""

    charge: Charge
    newest: Charge
    cents: int
    adjustments: tuple[Charge, ...]
    is_open: bool
    is_given_back: bool

    @property
    def steps(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.newest.priced.get("steps", self.newest.priced)
        return found

    def says(self, use: Use) -> bool:
        """Whether the session is still what was charged."""
        measured = (use.measured_s, use.ended_at) == (self.newest.occupied_s, self.newest.ended_at)
        return measured and says(self.newest.counted_s, self.newest.free, use.measured_s, use.decision)


def stands_of(tenants: Collection[int], since: datetime) -> dict[str, Stand]:
    """Of the sessions of these tenants that were charged as ended at that moment or later, by session; inside ``reading()``."""
    payers = select(Payer.id).where(Payer.tenant_id.in_(tenants))
    wanted = select(Charge).where(Charge.payer_id.in_(payers), Charge.ended_at >= since).order_by(Charge.id)
    rows: dict[str, list[Charge]] = defaultdict(list)
    for charge in db.session.scalars(wanted):
        rows[charge.subject.partition(":")[0]].append(charge)
    again = reopened() if rows else {}
    found = ((name, stand_in(name, own, again)) for name, own in rows.items())
    return {name: stand for name, stand in found if stand is not None}


def stand_in(name: str, rows: Iterable[Charge], again: Mapping[str, int]) -> Stand | None:
    """``rows``: all that was charged and credited of one session, in order. None where it never was."""
    rows = list(rows)
    last = next((one for one in reversed(rows) if one.kind == "session"), None)
    if last is None:
        return None
    adjusted = [one for one in rows if one.kind == "adjust"]
    holding = [one for one in adjusted if one.id > last.id and not again.get(one.subject)]
    return Stand(
        charge=last,
        newest=holding[-1] if holding else last,
        cents=sum(one.net_cents for one in rows),
        adjustments=tuple(adjusted),
        is_open=last.round < again.get(name, 0),
        is_given_back=any(_gives_back(one, last) for one in rows if one.kind == "credit"),
    )


def _gives_back(credit: Charge, charge: Charge) -> bool:
    is_of_it = credit.subject.partition(CREDITED)[0] != charge.subject or credit.round == charge.round
    return is_of_it and credit.net_cents != 0 and not credit.priced.get("reopens")


def adjusted(subjects: Collection[str], payers: Collection[int]) -> dict[str, list[tuple[Charge, int | None]]]:
    """What adjustments of these sessions and items have come to, credit notes to them included: each with the document that its own
    corrects. Inside ``reading()``."""
    wanted = select(Charge, Document.corrects_id).join(Document, Document.id == Charge.document_id)
    wanted = wanted.where(Charge.payer_id.in_(payers), Charge.subject.contains(ADJUSTS))
    found: dict[str, list[tuple[Charge, int | None]]] = defaultdict(list)
    for charge, corrects in db.session.execute(wanted):
        name = charge.subject.partition(ADJUSTS)[0]
        if name in subjects:
            found[name].append((charge, corrects))
    return found


def changed(specimen: bool, since: str) -> list[str]:
    """Sessions on documents of ``since`` and later that may not be what was charged: with another end, or decided about since
    that month began. Inside ``reading()``."""
    wanted = select(UsageSession.id).join(*_charged()).join(Document, Document.id == Charge.document_id)
    wanted = wanted.where(Document.month >= since, Document.specimen.is_(specimen), _differs(since)).distinct()
    return list(db.session.scalars(wanted.order_by(UsageSession.id)))


def unsettled(specimen: bool, since: str) -> set[int]:
    """Tenants with sessions like that, or with something put right before. Inside ``reading()``."""
    named = select(Payer.tenant_id).join(UsageSession, UsageSession.payer_id == Payer.id)
    put_right = select(Payer.tenant_id).distinct().join(Charge, Charge.payer_id == Payer.id)
    put_right = put_right.join(Document, Document.id == Charge.document_id).where(Charge.kind.in_(_IRREGULAR))
    put_right = put_right.where(Document.month >= since, Document.specimen.is_(specimen))
    return {*_tenants_of(named, changed(specimen, since)), *db.session.scalars(put_right)}


def _tenants_of(named: Any, sessions: list[str]) -> Iterator[int]:
    for at in range(0, len(sessions), 500):
        yield from db.session.scalars(named.where(UsageSession.id.in_(sessions[at : at + 500])).distinct())


def unsettled_in(period: Period, tenants: Collection[int]) -> list[int]:
    """Those of these tenants of which a session that was charged in this month may not be what was charged. Inside ``reading()``."""
    wanted = select(Payer.tenant_id).distinct().join(UsageSession, UsageSession.payer_id == Payer.id).join(*_charged())
    held = (Charge.ended_at >= period.start) & (Charge.ended_at < period.end)
    return list(db.session.scalars(wanted.where(Payer.tenant_id.in_(tenants), held, _differs(period.month))))


def due(specimen: bool, since: str) -> str:
    """A short text that differs when an adjustment is due that was not. Inside ``reading()``."""
    names = changed(specimen, since)
    count = db.session.scalar(select(func.count(Charge.id)).where(Charge.kind == "adjust")) or 0
    return f"{sha256(' '.join(names).encode())[:8]} {count}" if names else ""


def _charged() -> tuple[Any, Any]:
    return Charge, and_(Charge.subject == UsageSession.id, Charge.kind == "session")


def _differs(since: str) -> Any:
    differs = or_(UsageSession.occupied_s != Charge.occupied_s, UsageSession.ended_at != Charge.ended_at)
    began = datetime.fromisoformat(f"{since}-01T00:00:00+00:00")
    decided = select(SessionDecision.session_id).where(SessionDecision.at >= began)
    return UsageSession.state.in_(FINISHED) & or_(differs, UsageSession.id.in_(decided))
