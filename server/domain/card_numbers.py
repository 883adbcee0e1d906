"""The number that is printed on a badge, or that a phone shows of it: which cards, as readers report them, it can mean.

Ten hex digits, or a UID, name one card. What is printed in decimal names many: it leaves out the first one or two bytes,
so that a badge is known for certain only once it was held to a reader. Nothing here is stored: a card's number is kept
nowhere but as its fingerprint.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product


class Form(StrEnum):
    HEX10 = "hex10"  # 62E3086CED: all of a 125 kHz card
    HEX8 = "hex8"  # E3086CED: without its first byte
    PRINTED10 = "printed10"  # 0008679933: the same in decimal
    W26 = "w26"  # 132,29181: without its first two bytes
    UID = "uid"  # 04782E21801D80: all of a 13.56 MHz card


class NoCard(StrEnum):
    """Why a text means no card."""

    UNKNOWN_FORM = "unknown_form"
    CONTRADICTS_ITSELF = "contradicts_itself"  # both printed numbers were typed, and they are not of one card
    BLANK = "blank"  # all zero or all one: a card that nobody gave a number
    RANDOM = "random"  # a phone or a card that makes up another number each time


@dataclass(frozen=True, slots=True)
class Meaning:
    """One way to read a text. ``missing``: how many bytes before ``number`` it does not tell."""

    form: Form
    number: bytes
    missing: int = 0

    @property
    def count(self) -> int:
        """How many cards it fits: 1, 256 or 65 536."""
        return 1 << 8 * self.missing

    def card_ids(self) -> Iterator[str]:
        """Every card it fits, as its reader reports it; readers that type the printed number know no more than that."""
        kind, end = "iso14443a" if self.form is Form.UID else "em4100", self.number.hex().upper()
        if self.missing == 1:
            yield f"printed10:{int.from_bytes(self.number):010d}"
        for first in product(range(256), repeat=self.missing):
            yield f"{kind}:{bytes(first).hex().upper()}{end}"


_HEX = re.compile(r"[0-9A-Fa-f]+")
_PRINTED = re.compile(r"\d{1,10}", re.ASCII)
_W26 = re.compile(r"(\d{1,3}) ?[,/] ?(\d{1,5})", re.ASCII)
_BOTH = re.compile(r"(\d{10}) +(\d{1,3}) ?, ?(\d{1,5})", re.ASCII)
_UID_DIGITS = (8, 14, 20)
_RANDOM_UID = 0x08


def meanings(text: str) -> tuple[Meaning, ...] | NoCard:
    """All ways to read it, never none. Pairs of digits with colons between them are a UID, as phones show it."""
    typed = text.strip()
    if both := _BOTH.fullmatch(typed):
        return _agreeing(*both.groups())
    if w26 := _W26.fullmatch(typed):
        return _short(int(w26[1]), int(w26[2]))
    bare = re.sub(r"[ :-]", "", typed)
    found = _hex(bare, is_uid=":" in typed) if _HEX.fullmatch(bare) else []
    if _PRINTED.fullmatch(typed) and len(typed) > 8 and int(typed) < 1 << 32:
        found.append(Meaning(Form.PRINTED10, int(typed).to_bytes(4), missing=1))
    return _possible(found)


def only_card(text: str) -> str | None:
    """The card id, where the text means one card and can be read in one way; None where the badge has to be held."""
    found = meanings(text)
    if isinstance(found, NoCard) or len(found) > 1 or found[0].missing:
        return None
    return next(found[0].card_ids())


def _hex(digits: str, is_uid: bool) -> list[Meaning]:
    found = []
    if len(digits) in _UID_DIGITS:
        found.append(Meaning(Form.UID, bytes.fromhex(digits)))
    if len(digits) == 10 and not is_uid:
        found.append(Meaning(Form.HEX10, bytes.fromhex(digits)))
    if len(digits) == 8 and not is_uid:
        found.append(Meaning(Form.HEX8, bytes.fromhex(digits), missing=1))
    return found


def _agreeing(ten: str, facility: str, rest: str) -> tuple[Meaning, ...] | NoCard:
    """Cards often bear both numbers side by side; a slip of the finger in one is found by the other."""
    number = int(ten)
    if number >= 1 << 32 or (number >> 16 & 0xFF, number & 0xFFFF) != (int(facility), int(rest)):
        return NoCard.CONTRADICTS_ITSELF
    return _possible([Meaning(Form.PRINTED10, number.to_bytes(4), missing=1)])


def _short(facility: int, rest: int) -> tuple[Meaning, ...] | NoCard:
    if facility > 0xFF or rest > 0xFFFF:
        return NoCard.UNKNOWN_FORM
    return _possible([Meaning(Form.W26, bytes((facility,)) + rest.to_bytes(2), missing=2)])


def _possible(found: list[Meaning]) -> tuple[Meaning, ...] | NoCard:
    """Without what no reader ever reports."""
    troubles = {meaning: trouble for meaning in found if (trouble := _trouble(meaning)) is not None}
    left = tuple(meaning for meaning in found if meaning not in troubles)
    return left or next(iter(troubles.values()), NoCard.UNKNOWN_FORM)


def _trouble(meaning: Meaning) -> NoCard | None:
    if not meaning.missing and set(meaning.number) in ({0x00}, {0xFF}):
        return NoCard.BLANK
    if meaning.form is Form.UID and len(meaning.number) == 4 and meaning.number[0] == _RANDOM_UID:
        return NoCard.RANDOM
    return None
