"""The 13.56 MHz reader on a simulated chip: what a look costs, and how soon it notices. Times are the chip's virtual ones.

On a Pi the bus takes its own time; 45 µs for a transfer of two bytes is an assumption.
"""

from random import Random

from agent.hardware import ReaderReport, Removed
from agent.hardware.simulated_cards import CardA
from tests.agent.card_desk import SIZES, ChipGoneError, Desk, Watched
from tests.bench.figures import Figure, Lines

_FIELDS = 300
_MOMENTS = 50


def measure(quick: bool) -> Lines:
    yield from _looks()
    yield from _fields(_FIELDS // 10 if quick else _FIELDS)
    yield from _noticed(_MOMENTS // 5 if quick else _MOMENTS)


def _looks() -> Lines:
    for what, uids in (("empty field", []), *((f"card of {len(uid)} bytes", [uid]) for uid in SIZES)):
        transfers, took_ms = Desk(*map(CardA, uids)).cost()
        yield Figure(f"one look, {what}: SPI transfers", transfers, "", None if uids else 100)
        yield Figure(f"one look, {what}: virtual, 5.1 of them until cards wake", took_ms, "ms")


def _fields(count: int) -> Lines:
    dice = Random("fields")
    wrong = sum(Desk(*map(CardA, uids)).every_card() != uids for uids in (_some(dice) for _ in range(count)))
    yield Figure(f"fields of 1 to 5 mixed cards told apart wrongly, of {count}", wrong, "", 0)


def _some(dice: Random) -> set[bytes]:
    """Numbers as the standard allows them: the byte that stands for "goes on" begins none, nor any part of one."""
    first = [byte for byte in range(256) if byte not in {0x08, 0x88}]
    sizes = [dice.choice((4, 7, 10)) for _ in range(dice.randint(1, 5))]
    return {bytes(dice.choice(first) for _ in range(size)) for size in sizes}


def _noticed(count: int) -> Lines:
    dice = Random("moments")
    removed = [_until_removed(dice.random()) for _ in range(count)]
    yield Figure(f"a card taken away is told after, longest of {count}", max(removed), "ms", 400)
    unplugged = [_until_down(dice.random()) for _ in range(count)]
    yield Figure(f"a cable pulled out is told after, longest of {count}", max(unplugged), "ms", 200)


def _until_removed(moment: float) -> float:
    """Taken away at this part of the 100 ms from one look to the next."""
    watched = Watched(CardA(SIZES[1]))
    told: list[ReaderReport] = watched.looks(3)
    began_us = watched.desk.chip.now_us - (1 - moment) * 100_000
    watched.desk.field.cards.clear()
    while Removed("p1") not in told:
        told = watched.looks(1)
    return (watched.reader_told_us - began_us) / 1000


def _until_down(moment: float) -> float:
    watched = Watched(CardA(SIZES[1]))
    watched.looks(3)
    began_us = watched.desk.chip.now_us - (1 - moment) * 100_000
    watched.desk.chip.unplug()
    try:
        while True:
            watched.looks(1)
    except ChipGoneError:
        return (watched.desk.chip.now_us - began_us) / 1000
