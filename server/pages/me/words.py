"""What a maker reads on his own page: where he may start now, what stands against it, and the way on."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext, lazy_gettext

from server.dashboard import words as floor
from server.dashboard.board import State, Tile
from server.domain.rights import Right, Rights
from server.pages.people.choices import last_day
from server.pages.people.names import natural
from server.web import formats
from wire.messages import DenialReason

AGAINST = {
    DenialReason.HOLDER_BLOCKED: lazy_gettext("Your access is blocked."),
    DenialReason.UNKNOWN_TOKEN: lazy_gettext("You have no badge yet."),
    DenialReason.TOKEN_BLOCKED: lazy_gettext("Your badge is blocked."),
    DenialReason.TOKEN_EXPIRED: lazy_gettext("Your badge was lent until a day that is over."),
    DenialReason.MEMBERSHIP_ENDED: lazy_gettext("Nobody pays for you at the moment."),
    DenialReason.CONTRACT_ENDED: lazy_gettext("The cost centre that pays for you is closed."),
    DenialReason.TENANT_SUSPENDED: lazy_gettext("The access of your company is paused."),
    DenialReason.BUDGET_REACHED: lazy_gettext("The budget that pays for you is used up."),
    DenialReason.PAYER_NOT_HERE: lazy_gettext("Who pays for you does not pay at this hour."),
}
_ORDER = (State.FREE, State.BOOK, State.COOL, State.IDLE, State.USE, State.LOCK, State.OFF, State.FAULT)


@dataclass(frozen=True, slots=True)
class Choice:
    """A machine one may use. ``until`` is empty where the right to it has no end."""

    code: str
    name: str
    state: State
    text: str
    until: str


def choices(rights: Rights, tiles: Mapping[str, Tile]) -> list[Choice]:
    """Machines whose only question is whether somebody is at them; what is free first, then by name."""
    free = (right for right in rights.machines if not right.machine_reasons and right.payer_reason is None)
    open_to = [right for right in free if right.is_trained]
    found = [_choice(right, tiles.get(right.machine)) for right in open_to]
    return sorted(found, key=lambda one: (_ORDER.index(one.state), natural(one.name)))


def _choice(right: Right, tile: Tile | None) -> Choice:
    state = tile.state if tile else State.OFF
    until = gettext("Until %(day)s.", day=formats.day(last_day(right.until))) if right.until else ""
    text = _text(state, tile)
    if right.needs_trainer:
        text = gettext("%(state)s, with a trainer’s badge beside", state=text)
    return Choice(right.machine, right.name, state, text, until)


def _text(state: State, tile: Tile | None) -> str:
    word = str(floor.STATES[state])
    if tile and state is State.USE and tile.limit_s and not tile.silent:
        return gettext("%(state)s, free by %(time)s", state=word, time=formats.moment(floor.planned_end(tile)))
    return word
