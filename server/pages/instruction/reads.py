"""What the pages about sheets and sign-offs show, as plain values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from server.db import db, reading
from server.domain.editions import Body, read
from server.domain.facts import Facts
from server.domain.signing import State, state_at
from server.domain.standings import standings_at
from server.instruction.editions import editions_of
from server.instruction.facts import accepted
from server.instruction.models import Acceptance, Edition, SignOffRow
from server.instruction.rows import CHECKLIST, SHEET, published
from server.machines.models import Machine
from server.pages.people.names import Named, named
from server.training.facts import qualifications
from server.training.models import Skill

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Paper:
    """An edition of a sheet or checklist."""

    kind: str
    number: int
    body: Body
    required_from: datetime | None
    published_at: datetime | None
    published_by: str
    version: int


@dataclass(frozen=True, slots=True)
class Papers:
    """All of a skill. ``missing``: people who have the skill and have not accepted its newest sheet."""

    sheets: tuple[Paper, ...]
    checklists: tuple[Paper, ...]
    holders: int
    missing: tuple[Named, ...]

    def of(self, kind: str) -> tuple[Paper, ...]:
        return self.sheets if kind == SHEET else self.checklists


@dataclass(frozen=True, slots=True)
class Due:
    """A safety sheet of somebody's skill: accepted in its newest edition, or by when it must be. ``blocks``: it must be by
    now, and until then the machine does not start."""

    skill: str
    name: str
    number: int
    required_from: datetime | None
    accepted_at: datetime | None
    blocks: bool


@dataclass(frozen=True, slots=True)
class SignOff:
    """One sign-off as a list shows it; ``due_at`` where it still waits for the checklist."""

    number: int
    at: datetime
    machine: str
    trainer: str
    learner: str
    learner_number: int
    skills: tuple[str, ...]
    state: State
    reason: str
    due_at: datetime | None
    ticked_at: datetime | None
    version: int


def papers_of(code: str, now: datetime) -> Papers:
    with reading():
        papers = [_paper(one) for one in editions_of(code)]
        have = holders_of(code, now)
        newest = published(code, SHEET)
        known = accepted() if newest is not None else {}
        late = {one for one in have if newest is not None and known.get((one, code), 0) < newest.number}
        people = sorted(named(late).values(), key=lambda one: (one.family, one.given))
    sheets, checklists = (tuple(one for one in papers if one.kind == kind) for kind in (SHEET, CHECKLIST))
    return Papers(sheets, checklists, len(have), tuple(people))


def holders_of(code: str, now: datetime) -> frozenset[int]:
    """Who was certified on a skill, whether or not its sheet is accepted; inside ``reading()``."""
    standings = standings_at(Facts(qualifications=qualifications(Skill.code == code)), now)
    return frozenset(holder for holder, held in standings.items() if held[code].reason is None)


def sheets_for(holder: int, skills: Iterable[str], now: datetime) -> list[Due]:
    """The sheets of these skills, those to accept first, inside ``reading()``."""
    wanted = select(Skill.code, Skill.name, Edition).join(Edition, Edition.skill_id == Skill.id)
    wanted = wanted.where(Skill.code.in_(set(skills)), Edition.kind == SHEET, Edition.published_at.is_not(None))
    newest: dict[str, tuple[str, Edition]] = {}
    required: dict[str, int] = {}
    for code, name, one in db.session.execute(wanted.order_by(Edition.number)):
        newest[code] = (name, one)
        if one.required_from is not None and one.required_from <= now:
            required[code] = one.number
    mine = select(Acceptance.edition_id, Acceptance.accepted_at).where(Acceptance.holder_number == holder)
    moments = dict(db.session.execute(mine).all())
    known = accepted(holder)
    found = [
        Due(
            *(code, name, one.number, one.required_from, moments.get(one.id)),
            blocks=known.get((holder, code), 0) < required.get(code, 0),
        )
        for code, (name, one) in newest.items()
    ]
    return sorted(found, key=lambda one: (one.accepted_at is not None, not one.blocks, one.name))


def sign_offs(now: datetime, trainer: int | None = None) -> list[SignOff]:
    """The newest first; those of one trainer, or all. Whatever waits is shown, however old."""
    wanted = select(SignOffRow).order_by(SignOffRow.at.desc(), SignOffRow.id.desc()).limit(_SHOWN)
    if trainer is not None:
        wanted = wanted.where(SignOffRow.trainer == trainer)
    with reading():
        return _shown(list(db.session.scalars(wanted)), now)


def read_sign_off(number: int, now: datetime) -> SignOff:
    with reading():
        return _shown([db.session.get_one(SignOffRow, number)], now)[0]


def to_tick(now: datetime, trainer: int | None = None) -> int:
    """How many sign-offs wait for their checklist."""
    waiting = (SignOffRow.state == State.PENDING) & or_(SignOffRow.due_at.is_(None), SignOffRow.due_at > now)
    wanted = select(SignOffRow.id).where(waiting)
    if trainer is not None:
        wanted = wanted.where(SignOffRow.trainer == trainer)
    with reading():
        return len(db.session.scalars(wanted).all())


def paper(code: str, kind: str, number: int) -> Paper | None:
    with reading():
        return next((_paper(one) for one in editions_of(code) if one.kind == kind and one.number == number), None)


def _paper(row: Edition) -> Paper:
    dates = (row.required_from, row.published_at, row.published_by)
    return Paper(row.kind, row.number, read(row.body), *dates, row.version)


def _shown(rows: list[SignOffRow], now: datetime) -> list[SignOff]:
    people = named({number for row in rows for number in (row.trainer, row.learner)})
    names = dict(db.session.execute(select(Machine.code, Machine.name)).all())
    skills = dict(db.session.execute(select(Skill.code, Skill.name)).all())

    def who(number: int) -> str:
        return people[number].name if number in people else str(number)

    return [
        SignOff(
            *(row.id, row.at, names.get(row.machine, row.machine), who(row.trainer), who(row.learner), row.learner),
            *(tuple(skills.get(one, one) for one in row.skills), state_at(row.state, row.due_at, now), row.reason),
            *(row.due_at, row.ticked_at, row.version),
        )
        for row in rows
    ]
