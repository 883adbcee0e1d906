"""What the pages of hand-outs show: the list with whose turn it is, what the last taps did, and all hand-outs there are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from flask import abort
from sqlalchemy import select

from server.db import db, reading
from server.handouts.models import Handout, HandoutLine, HandoutTap, Kind, Outcome
from server.handouts.rows import is_out, lines_of, next_of, waits
from server.machines.models import Agent, Machine
from server.pages.people.names import Named, named, natural
from server.pages.people.reads import mark_of
from server.people.models import Payer, Tenant, Token

_TAPS_SHOWN = 4
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Name:
    """One line of a list. ``mark``: of the badge it was given."""

    id: int
    position: int
    person: Named
    mark: str
    given_at: datetime | None
    returned_at: datetime | None
    skipped: bool
    is_out: bool
    is_next: bool

    @property
    def waits(self) -> bool:
        return not self.mark and not self.skipped


@dataclass(frozen=True, slots=True)
class Used:
    """What a tap did. ``person``: whose badge it is, or who was given it."""

    event_id: int
    outcome: Outcome
    mark: str
    person: Named | None
    line: int | None
    machine: str
    runs: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Reader:
    code: str
    name: str
    online: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A hand-out as its page shows it."""

    number: int
    kind: Kind
    label: str
    tenant: str
    payer: str
    until: datetime | None
    mode: str
    hears: bool
    ended_at: datetime | None
    begun_at: datetime
    version: int
    readers: tuple[Reader, ...]
    names: tuple[Name, ...]
    taps: tuple[Used, ...]

    @property
    def next(self) -> Name | None:
        return next((name for name in self.names if name.is_next), None)

    @property
    def missing(self) -> list[Name]:
        return [name for name in self.names if name.is_out]

    @property
    def given(self) -> int:
        return sum(1 for name in self.names if name.mark)

    @property
    def back(self) -> int:
        return sum(1 for name in self.names if name.mark and not name.is_out)

    @property
    def news(self) -> str:
        """The same text while the page would say the same."""
        said = (self.mode, self.hears, self.ended_at, self.readers, self.names, self.taps)
        return f"{crc32(repr(said).encode()):x}"


def sheet_of(number: int, now: datetime) -> Sheet:
    with reading():
        handout = db.session.get(Handout, number) or abort(404)
        lines = lines_of(number)
        taps = _taps(number)
        people = named({line.holder_number for line in lines} | {tap.holder_number or 0 for tap in taps})
        tenant, payer = _paid_by(handout.payer_id)
        readers = _readers(handout.readers)
        return Sheet(
            number=number,
            kind=Kind(handout.kind),
            label=handout.label,
            tenant=tenant,
            payer=payer,
            until=handout.until,
            mode=handout.mode,
            hears=handout.ended_at is None and handout.hears_until is not None and handout.hears_until > now,
            ended_at=handout.ended_at,
            begun_at=handout.begun_at,
            version=handout.version,
            readers=tuple(sorted(readers.values(), key=lambda reader: natural(reader.name))),
            names=_names(lines, people),
            taps=tuple(_used(tap, people, readers) for tap in taps),
        )


def _names(lines: Sequence[HandoutLine], people: Mapping[int, Named]) -> tuple[Name, ...]:
    lent = _lent(line.token_ref for line in lines)
    top = next_of(lines)
    return tuple(
        Name(
            id=line.id,
            position=line.position,
            person=people[line.holder_number],
            mark=lent.get(line.token_ref, ("…", None))[0] if line.token_ref else "",
            given_at=line.given_at,
            returned_at=line.returned_at or lent.get(line.token_ref or "", ("", None))[1],
            skipped=line.skipped and not line.token_ref,
            is_out=_is_out(line, lent),
            is_next=top is not None and line.id == top.id,
        )
        for line in lines
    )


def _lent(refs: Iterable[str | None]) -> dict[str, tuple[str, datetime | None]]:
    """The badges by their refs: how pages name them, and when they came back, wherever that was noted."""
    wanted = select(Token.ref, Token.fingerprint, Token.returned_at).where(Token.ref.in_([ref for ref in refs if ref]))
    return {ref: (mark_of(fingerprint), returned_at) for ref, fingerprint, returned_at in db.session.execute(wanted)}


def _is_out(line: HandoutLine, lent: Mapping[str, tuple[str, datetime | None]]) -> bool:
    return is_out(line) and lent.get(line.token_ref or "", ("", line.given_at))[1] is None


def _taps(number: int) -> Sequence[HandoutTap]:
    wanted = select(HandoutTap).where(HandoutTap.handout_id == number, HandoutTap.outcome != Outcome.AGAIN.value)
    return db.session.scalars(wanted.order_by(HandoutTap.event_id.desc()).limit(_TAPS_SHOWN)).all()


def _used(tap: HandoutTap, people: Mapping[int, Named], readers: Mapping[str, Reader]) -> Used:
    person = people.get(tap.holder_number or 0)
    machine = readers[tap.machine].name if tap.machine in readers else tap.machine
    return Used(tap.event_id, Outcome(tap.outcome), "…" + tap.mark, person, tap.line_id, machine, tap.runs, tap.at)


def _readers(codes: Sequence[str]) -> dict[str, Reader]:
    wanted = select(Machine.code, Machine.name, Agent.online).join(Agent, Agent.id == Machine.agent_id)
    return {row.code: Reader(*row) for row in db.session.execute(wanted.where(Machine.code.in_(codes)))}


def _paid_by(payer_id: int | None) -> tuple[str, str]:
    wanted = select(Tenant.name, Payer.code).join(Tenant, Tenant.id == Payer.tenant_id).where(Payer.id == payer_id)
    row = db.session.execute(wanted).first()
    return ("", "") if row is None else (row[0], row[1])


# --- all of them ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """A hand-out in the list of all. ``out``: badges that have not come back."""

    number: int
    kind: Kind
    title: str
    tenant: str
    until: datetime | None
    begun_at: datetime
    ended_at: datetime | None
    hears: bool
    names: int
    given: int
    out: int
    waiting: int

    def is_over(self, now: datetime) -> bool:
        return self.ended_at is not None or (self.kind is Kind.DAY and not self.waiting and not self.out)


def all_handouts(now: datetime) -> list[Listed]:
    """The newest first."""
    wanted = (
        select(Handout, Tenant.name)
        .outerjoin(Payer, Payer.id == Handout.payer_id)
        .outerjoin(Tenant, Tenant.id == Payer.tenant_id)
        .order_by(Handout.id.desc())
        .limit(_SHOWN)
    )
    with reading():
        rows = db.session.execute(wanted).all()
        lines: dict[int, list[HandoutLine]] = {handout.id: [] for handout, _ in rows}
        for line in db.session.scalars(select(HandoutLine).where(HandoutLine.handout_id.in_(lines))):
            lines[line.handout_id].append(line)
        of_one = [lines[handout.id][0].holder_number for handout, _ in rows if handout.kind == Kind.DAY]
        people = named(of_one)
        lent = _lent(line.token_ref for some in lines.values() for line in some)
        return [_listed(handout, tenant or "", lines[handout.id], people, lent, now) for handout, tenant in rows]


def _listed(
    handout: Handout,
    tenant: str,
    lines: Sequence[HandoutLine],
    people: Mapping[int, Named],
    lent: Mapping[str, tuple[str, datetime | None]],
    now: datetime,
) -> Listed:
    is_day = handout.kind == Kind.DAY
    return Listed(
        number=handout.id,
        kind=Kind(handout.kind),
        title=people[lines[0].holder_number].name if is_day else handout.label,
        tenant=tenant,
        until=handout.until,
        begun_at=handout.begun_at,
        ended_at=handout.ended_at,
        hears=handout.ended_at is None and handout.hears_until is not None and handout.hears_until > now,
        names=len(lines),
        given=sum(1 for line in lines if line.token_ref),
        out=sum(1 for line in lines if _is_out(line, lent)),
        waiting=sum(1 for line in lines if waits(line) or (line.skipped and not line.token_ref)),
    )
