"""Which card lies on a 13.56 MHz reader, decided from one look after another: come, still there, gone, or not readable.

Pure. A card is there until clean silence has lasted: whatever is garbled means that something is there. A card that is there
before the reader has once been seen empty was not held there now: it may have lain there since before a power cut.
"""

from agent.hardware import FrameRefused, LeftLying, Presented, RandomId, ReaderReport, Removed, Seen
from agent.hardware.iso14443 import Card, Look, Nobody, Several, Unreadable

GONE_AFTER_LOOKS = 3
_REFUSED_AFTER_LOOKS = 2  # a card that is just coming or leaving is often garbled once
_SEVERAL = "two cards: hold one"


class CardPresence:
    """Asked after every look; answers with what there is to report. A reader that fails asks nothing, so nothing is gone."""

    def __init__(self, machine: str) -> None:
        self._machine = machine
        self._card_id: str | None = None  # of the card presented last, while it is there
        self._absent = 0  # looks in a row without it
        self._seen = False  # somebody has answered since the field was empty
        self._silent = 0  # looks in a row in which nobody answered
        self._watching = False  # the reader was empty, or its card is known: whatever comes now, comes before our eyes
        self._random = False  # a made-up number has been told since the field was empty
        self._trouble = ""
        self._troubled = 0  # looks in a row with the same trouble

    def interrupted(self) -> None:
        """The reader was not working for a while: silence before it and after it does not add up, and who came then is not known."""
        self._absent = self._silent = 0
        self._watching = False

    def answered(self) -> list[ReaderReport]:
        """A card has answered; its number is not known yet."""
        if self._seen:
            return []
        self._seen = True
        return [Seen(self._machine)]

    def after(self, look: Look) -> list[ReaderReport]:
        trouble = _trouble(look)
        self._troubled = self._troubled + 1 if trouble == self._trouble else 1
        self._trouble = trouble
        if trouble:
            self._absent = self._silent = 0
            return [FrameRefused(self._machine, trouble)] if self._troubled == _REFUSED_AFTER_LOOKS else []
        return self._card(look) if isinstance(look, Card) else self._nobody()

    def _card(self, card: Card) -> list[ReaderReport]:
        self._silent = 0
        if card.is_random:
            return [*self._without_it(), *self._made_up()]
        self._absent, self._random = 0, False
        came, self._watching = self._watching, True
        if card.card_id == self._card_id:
            return []
        self._card_id = card.card_id
        return [(Presented if came else LeftLying)(self._machine, card.card_id)]

    def _made_up(self) -> list[ReaderReport]:
        if self._random:
            return []
        self._random = True
        return [RandomId(self._machine)]

    def _nobody(self) -> list[ReaderReport]:
        self._silent += 1
        if self._silent >= GONE_AFTER_LOOKS:
            self._seen = self._random = False
            self._watching = True
        return self._without_it()

    def _without_it(self) -> list[ReaderReport]:
        """One more look without the card presented last, by clean silence or by another's number in its place."""
        self._absent += 1
        if self._card_id is None or self._absent < GONE_AFTER_LOOKS:
            return []
        self._card_id = None
        return [Removed(self._machine)]


def _trouble(look: Look) -> str:
    match look:
        case Several():
            return _SEVERAL
        case Unreadable(why):
            return why
        case Nobody() | Card():
            return ""
