"""SIMULATED 13.56 MHz cards and the air between them and a reader: no radio, only bits and what the standard says of them.

Written from ISO 14443-3 and not from our reader: the checksum is computed in another way here, and tests compare what
goes through the air with published frames, so that the two cannot share an error.
"""

from binascii import crc_hqx
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import zip_longest
from random import Random

POWER_UP_US = 5000.0  # the longest that the standard allows
ETU_US = 128 / 13.56  # one bit
ANSWER_DELAY_US = 1236 / 13.56

Bits = tuple[int | None, ...]  # in the order in which they are sent; None: cards contradict each other


class State(Enum):
    OFF = auto()
    IDLE = auto()
    READY = auto()
    ACTIVE = auto()
    HALT = auto()
    PROTOCOL = auto()


def bits_of(data: bytes, last: int = 0) -> tuple[int, ...]:
    """Lowest bit of each byte first. ``last``: how many bits of the last byte; 0 for all."""
    every = [byte >> place & 1 for byte in data for place in range(8)]
    return tuple(every[: len(every) - 8 + last] if last else every)


def bytes_of(bits: Sequence[int]) -> bytes:
    return bytes(sum(bit << place for place, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))


def checksum(data: bytes) -> bytes:
    """CRC_A by way of its mirror image, the CRC of binascii."""
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
    return int(f"{crc_hqx(mirrored, 0xC6C6):016b}"[::-1], 2).to_bytes(2, "little")


class CardA:
    """One card, with a UID of 4, 7 or 10 bytes; None for one that makes up four bytes at each power-up."""

    def __init__(self, uid: bytes | None, sak: int = 0x20, atqa: int | None = None, dice: Random | None = None) -> None:
        if uid is not None and len(uid) not in {4, 7, 10}:
            raise ValueError("a UID has 4, 7 or 10 bytes")
        self._fixed = uid
        self._dice = dice or Random("card")
        self._sak = sak
        self.state = State.OFF
        self._from_halt = False
        self._level = 0
        self._ready_at_us = 0.0
        self.uid = uid or b"\x08\0\0\0"
        self._atqa = atqa if atqa is not None else 0x0004 | (len(self.uid) // 3 - 1) << 6

    def power(self, on: bool, now_us: float) -> None:
        if not on:
            self.state, self._from_halt = State.OFF, False
        elif self.state is State.OFF:
            self.state, self._ready_at_us = State.IDLE, now_us + POWER_UP_US
            self.uid = self._fixed or b"\x08" + self._dice.randbytes(3)

    def hear(self, data: bytes, last: int, now_us: float) -> tuple[int, ...]:
        """The bits it answers; none where it is silent."""
        if self.state is State.OFF or now_us < self._ready_at_us:
            return ()
        if last == 7 and data in {b"\x26", b"\x52"}:
            return self._called(data == b"\x52")
        match self.state:
            case State.READY if data[0] == 0x93 + 2 * self._level and len(data) > 1:
                return self._chosen(data, last)
            case State.ACTIVE if not last:
                return self._addressed(data)
        return self._fall_back()

    def _called(self, even_halted: bool) -> tuple[int, ...]:
        if self.state is State.IDLE or (self.state is State.HALT and even_halted):
            self._from_halt = self.state is State.HALT
            self.state, self._level = State.READY, 0
            return bits_of(self._atqa.to_bytes(2, "little"))
        return () if self.state is State.HALT else self._fall_back()

    def _fall_back(self) -> tuple[int, ...]:
        """What it does not expect sends it back to where it was called from, without a word."""
        if self.state in {State.READY, State.ACTIVE}:
            self.state = State.HALT if self._from_halt else State.IDLE
        return ()

    def _chosen(self, data: bytes, last: int) -> tuple[int, ...]:
        part = self._parts()[self._level]
        if data[1] == 0x70:
            return self._selected(data, part)
        whole, bits = (data[1] >> 4) - 2, data[1] & 7
        if not 0 <= whole <= 4 or bits != last or len(data) != 2 + whole + bool(bits):
            return self._fall_back()
        told, mine = bits_of(data[2:], last), bits_of(part)
        return mine[len(told) :] if mine[: len(told)] == told else ()

    def _selected(self, data: bytes, part: bytes) -> tuple[int, ...]:
        if len(data) != 9 or data[2:7] != part or checksum(data[:7]) != data[7:]:
            return self._fall_back()
        self._level += 1
        if self._level < len(self._parts()):
            return _with_checksum(b"\x04")
        self.state = State.ACTIVE
        return _with_checksum(bytes((self._sak & ~0x04,)))

    def _addressed(self, data: bytes) -> tuple[int, ...]:
        if checksum(data[:-2]) != data[-2:]:
            return self._fall_back()
        if data[:2] == b"\x50\x00":
            self.state = State.HALT
            return ()
        if data[0] == 0xE0 and self._sak & 0x20:
            self.state = State.PROTOCOL
            return _with_checksum(bytes.fromhex("067577810280"))
        return self._fall_back()

    def _parts(self) -> list[bytes]:
        uid, parts = self.uid, []
        while len(uid) > 4:
            parts.append(b"\x88" + uid[:3])
            uid = uid[3:]
        return [part + bytes((part[0] ^ part[1] ^ part[2] ^ part[3],)) for part in (*parts, uid)]


def _with_checksum(data: bytes) -> tuple[int, ...]:
    return bits_of(data + checksum(data))


@dataclass(frozen=True, slots=True)
class Reply:
    """What arrives at the antenna. ``torn``: a byte does not fit its parity bit."""

    bits: Bits
    torn: bool = False


class Field:
    """The cards that lie on one antenna. What they say at one moment adds up bit by bit."""

    def __init__(self, *cards: CardA) -> None:
        self.cards = list(cards)
        self.is_on = False
        self.disturb: Callable[[Reply], Reply] = lambda reply: reply  # noise, given by whoever needs some
        self.pulled_after_bits: int | None = None  # the cards leave in the middle of the next answer

    def power(self, on: bool, now_us: float) -> None:
        self.is_on = on
        for card in self.cards:
            card.power(on, now_us)

    def put(self, card: CardA, now_us: float = 0.0) -> None:
        self.cards.append(card)
        card.power(self.is_on, now_us)

    def exchange(self, data: bytes, last: int, now_us: float) -> Reply:
        """Everybody hears the reader; empty where nobody answers."""
        said = [bits for card in self.cards if (bits := card.hear(data, last, now_us))]
        reply = Reply(tuple(_heard(column) for column in zip_longest(*said)))
        if self.pulled_after_bits is not None and reply.bits:
            reply = Reply(reply.bits[: self.pulled_after_bits])
            self.cards, self.pulled_after_bits = [], None
        return self.disturb(reply)


def _heard(column: Sequence[int | None]) -> int | None:
    said = {bit for bit in column if bit is not None}
    return said.pop() if len(said) == 1 else None


def flipping(dice: Random, often: float) -> Callable[[Reply], Reply]:
    """Noise that now and then turns one bit of an answer around, which the byte's parity tells."""

    def disturb(reply: Reply) -> Reply:
        if not reply.bits or dice.random() >= often:
            return reply
        at = dice.randrange(len(reply.bits))
        bit = reply.bits[at]
        turned = None if bit is None else 1 - bit
        return Reply((*reply.bits[:at], turned, *reply.bits[at + 1 :]), torn=True)

    return disturb
