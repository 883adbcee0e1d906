"""What lies on the demo's bench: simulated machines with their panels, and badges to hold to them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from server.db import db, reading
from server.demo.site import CARDS
from server.machines.models import Agent, Machine
from server.people.models import Person, Token
from server.training.models import Qualification, Skill
from wire.tokens import fingerprint

_BADGES = 40
STRANGER = "99DEADBEEF"
_PANELS = "panels"


@dataclass(frozen=True, slots=True)
class Badge:
    """``blocked``: refused everywhere. ``skills``: names of what its holder has learned."""

    card: str
    name: str
    skills: tuple[str, ...] = ()
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """What a box shows. ``lamp`` is one of the agent's own words, such as "white steady".

    ``drawn``: when its picture was drawn, which tells one picture from the next; 0 while there is none.
    """

    head: str = ""
    right: str = ""
    lines: tuple[str, ...] = ()
    hint: str = ""
    lamp: str = ""
    drawn: int = 0


@dataclass(frozen=True, slots=True)
class Stand:
    """One simulated machine on the bench, as its board sees it."""

    code: str
    name: str
    room: str
    agent: str
    on: bool
    broken: bool
    stopped: bool
    welded: bool
    pulled: bool
    killed: bool
    panel: Panel


def badges(board: Path, site_key: bytes) -> list[Badge]:
    """The first badges of the lab that are known, with what their holders may do, and one that nobody knows."""
    cards = {fingerprint(f"em4100:{one['card']}", site_key): one["card"] for one in _cards(board)[:_BADGES]}
    wanted = select(Token.fingerprint, Person.given_name, Person.family_name, Token.blocked_at, Token.holder_number)
    wanted = wanted.join(Person, Person.holder_number == Token.holder_number)
    wanted = wanted.where(Token.fingerprint.in_(cards), Token.returned_at.is_(None)).order_by(Person.family_name)
    with reading():
        learned = _learned()
        return [
            Badge(cards[mark], f"{given} {family}", tuple(learned.get(holder, ())), blocked is not None)
            for mark, given, family, blocked, holder in db.session.execute(wanted)
        ]


def stands(board: Path, state: dict[str, Any]) -> list[Stand]:
    """``state``: as the demo's control says it."""
    wanted = select(Machine.code, Machine.name, Machine.room, Agent.name).join(Agent, Agent.id == Machine.agent_id)
    with reading():
        rows = db.session.execute(wanted.where(Machine.ended_at.is_(None)).order_by(Machine.id)).all()
    pins = state["board"]["pins"]
    return [
        Stand(
            code,
            name,
            room or "",
            agent,
            on=pins[code]["driven"],
            broken=code in state["broken"],
            stopped=code in state["stopped"],
            welded=code in state["welded"],
            pulled=agent in state["pulled"],
            killed=agent in state["killed"],
            panel=_panel(board, code),
        )
        for code, name, room, agent in rows
        if code in pins
    ]


def _learned() -> dict[int, list[str]]:
    wanted = select(Qualification.holder_number, Skill.name).join(Skill, Skill.id == Qualification.skill_id)
    learned: dict[int, list[str]] = {}
    for holder, skill in db.session.execute(wanted.where(Qualification.revoked_at.is_(None))):
        learned.setdefault(holder, []).append(skill)
    return learned


def _cards(board: Path) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = json.loads((board / CARDS).read_text())
    return cards


def panels(board: Path) -> Path:
    """Where the boxes' pictures lie."""
    return board / _PANELS


def _panel(board: Path, machine: str) -> Panel:
    try:
        shown = json.loads((panels(board) / f"{machine}.json").read_text())
        drawn = (panels(board) / f"{machine}.png").stat().st_mtime_ns
    except FileNotFoundError:
        return Panel()  # its agent has not started yet
    return Panel(shown["head"], shown["right"], tuple(shown["lines"]), shown["hint"], shown["lamp"], drawn)
