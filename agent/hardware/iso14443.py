"""How a 13.56 MHz card is asked for its number: ISO 14443-3 type A, from waking it to its whole UID.

Pure: the air is given, and whatever comes back is a value. A card is asked in the way of the standard, not with fewer
words: a UID of seven or ten bytes comes in parts, and only a card that was selected with a checksum has a number.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Protocol

_REQA, _WUPA, _HLTA = b"\x26", b"\x52", b"\x50\x00"  # whoever is idle; and whoever was halted too; be silent
_LEVELS = (0x93, 0x95, 0x97)
_ALL_BITS = 0x70
_CASCADE_TAG = 0x88  # in the place of a UID byte: the UID goes on at the next level
_CASCADE = 0x04  # the same, in the card's answer to its selection
_RANDOM = 0x08  # the first of four bytes that a card makes up each time
_SHORT_FRAME_BITS = 7
_UID_BITS = 32


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody answered in time, and nothing was wrong with the air."""


@dataclass(frozen=True, slots=True)
class Frame:
    """``bits``: how many bits of the last byte count; 0 for all."""

    data: bytes
    bits: int = 0


@dataclass(frozen=True, slots=True)
class Collision:
    """Cards contradict each other from bit ``at`` of ``data`` on, counted from 1; None where the chip cannot tell."""

    data: bytes
    at: int | None


@dataclass(frozen=True, slots=True)
class Garbled:
    """Something answered, and it is no frame."""

    why: str


Answer = Silence | Frame | Collision | Garbled


class Air(Protocol):
    def transceive(self, data: bytes, bits: int = 0, align: int = 0) -> Answer:
        """Send, and listen for 1 ms. ``bits`` of the last byte are sent (0: all); answers begin at bit ``align``."""


@dataclass(frozen=True, slots=True)
class Nobody:
    """No card in the field: clean silence."""


@dataclass(frozen=True, slots=True)
class Card:
    """``uid`` has 4, 7 or 10 bytes, without check bytes and cascade tags."""

    uid: bytes
    sak: int

    @property
    def card_id(self) -> str:
        return f"iso14443a:{self.uid.hex().upper()}"

    @property
    def is_random(self) -> bool:
        """A number made up for this moment, as phones and some cards do."""
        return len(self.uid) == 4 and self.uid[0] == _RANDOM


@dataclass(frozen=True, slots=True)
class Several:
    """More than one card, so that nobody can say which was meant."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something is there, and it did not get as far as a number."""

    why: str


Look = Nobody | Card | Several | Unreadable


def crc_a(data: bytes) -> bytes:
    """The checksum of type A frames, ISO 14443-3 annex B, in the order in which it is sent."""
    crc = 0x6363
    for byte in data:
        step = byte ^ crc & 0xFF
        step ^= step << 4 & 0xFF
        crc = crc >> 8 ^ step << 8 ^ step << 3 ^ step >> 4
    return crc.to_bytes(2, "little")


def look(air: Air, answered: Callable[[], None]) -> Look:
    """Who is in the field. ``answered`` is called as soon as a card has answered, before its number is read."""
    match _wake(air):
        case Silence():
            return Nobody()
        case Garbled(why):
            return Unreadable(why)
        case Frame(data, bits) if len(data) != 2 or bits:
            return Unreadable("an answer that is cut short")
    answered()
    return _read(air, among_several=False)


def every_card(air: Air) -> list[Card]:
    """All cards in the field: each is read and told to be silent, until nobody answers or one cannot be read.

    No machine asks this: tests and the bench count by it what the chip and the air let through.
    """
    cards: list[Card] = []
    answer = _wake(air)
    while not isinstance(answer, Silence):
        card = _read(air, among_several=True)
        if not isinstance(card, Card):
            break
        cards.append(card)
        air.transceive(_HLTA + crc_a(_HLTA))
        answer = air.transceive(_REQA, _SHORT_FRAME_BITS)
    return cards


def _wake(air: Air) -> Answer:
    """A card that was in the middle of something answers the first call by going back to its start, without a word."""
    answer = air.transceive(_WUPA, _SHORT_FRAME_BITS)
    return air.transceive(_WUPA, _SHORT_FRAME_BITS) if isinstance(answer, Silence) else answer


def _read(air: Air, among_several: bool) -> Card | Several | Unreadable:
    uid = b""
    for level in _LEVELS:
        part = _part(air, level, among_several)
        if not isinstance(part, bytes):
            return part
        sak = _select(air, level, part)
        if not isinstance(sak, int):
            return sak
        goes_on = bool(sak & _CASCADE)
        if goes_on is not (part[0] == _CASCADE_TAG):
            return Unreadable("a number that says it goes on and does not, or the other way")
        if not goes_on:
            return Card(uid + part, sak)
        uid += part[1:]
    return Unreadable("a number of more than ten bytes")


def _part(air: Air, level: int, among_several: bool) -> bytes | Several | Unreadable:
    """Four bytes of a UID. Where cards contradict each other, the one with a 1 goes first."""
    value, known = 0, 0  # the bits that are certain, the first in bit 0
    while True:
        whole, bits = divmod(known, 8)
        told = value.to_bytes(5, "little")[: whole + bool(bits)]
        answer = air.transceive(bytes((level, whole + 2 << 4 | bits)) + told, bits, bits)
        match answer:
            case Frame(data, 0) if len(data) == 5 - whole:
                return _checked(value | _bits_of(data, known, 40))
            case Collision(data, at):
                if not among_several:
                    return Several()
                upto = 0 if at is None else 8 * whole + at
                if not known < upto <= _UID_BITS:
                    return Unreadable("cards that contradict each other nobody can tell where")
                value |= _bits_of(data, known, upto - 1) | 1 << upto - 1
                known = upto
            case _:
                return Unreadable(_why(answer))


def _bits_of(data: bytes, known: int, upto: int) -> int:
    """The bits from ``known`` to ``upto`` of an answer whose first byte holds bit ``known``."""
    value = int.from_bytes(data, "little") << known // 8 * 8
    return value & (1 << upto) - 1 & ~((1 << known) - 1)


def _checked(value: int) -> bytes | Unreadable:
    *part, check = value.to_bytes(5, "little")
    return bytes(part) if _check(part) == check else Unreadable("a number with a wrong check byte")


def _check(part: Iterable[int]) -> int:
    return reduce(xor, part)


def _select(air: Air, level: int, part: bytes) -> int | Several | Unreadable:
    """Choose the card with this part of a UID; its answer tells whether there is more."""
    frame = bytes((level, _ALL_BITS, *part, _check(part)))
    answer = air.transceive(frame + crc_a(frame))
    match answer:
        case Frame(data, 0) if len(data) == 3 and crc_a(data[:1]) == data[1:]:
            return data[0]
        case Collision():
            return Several()
        case Frame(data) if len(data) == 3:
            return Unreadable("an answer with a wrong checksum")
        case _:
            return Unreadable(_why(answer))


def _why(answer: Answer) -> str:
    match answer:
        case Garbled(why):
            return why
        case Silence():
            return "a card that fell silent"
        case _:
            return "an answer that is cut short"
