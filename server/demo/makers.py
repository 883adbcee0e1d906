"""Makers who come and go for as long as somebody watches: an endless, seeded stream of taps in real time."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from server.demo.lab import CNC, LASER, PRINTER, Lab, Machine
from server.demo.lab_people import CUTTING, MILLING, PRINTING, Holder

_SKILL = {PRINTER: PRINTING, CNC: MILLING, LASER: CUTTING}
_CONFIRM_S = 2.0
_STAYS_S = {PRINTER: (40, 300), CNC: (30, 180), LASER: (15, 90)}  # short, so that there is something to see
_GAP_S = (20, 180)
_AT_FIRST_S = (1, 60)
_REFUSED = 0.12


@dataclass(frozen=True, slots=True, order=True)
class ComingTap:
    """``at``: seconds from now on."""

    at: float
    machine: str
    card: str


def coming_taps(lab: Lab, seed: int) -> Iterator[ComingTap]:
    """In the order in which they happen, without end."""
    return heapq.merge(
        *(_at_machine(machine, lab.holders, Random(f"{machine.code} {seed}")) for machine in lab.machines)
    )


def _at_machine(machine: Machine, holders: tuple[Holder, ...], random: Random) -> Iterator[ComingTap]:
    able = [holder for holder in holders if _SKILL[machine.category] in holder.skills]
    others = [holder.card for holder in holders if _SKILL[machine.category] not in holder.skills]
    moment = random.uniform(*_AT_FIRST_S)
    while True:
        if random.random() < _REFUSED:
            yield ComingTap(moment, machine.code, random.choice([*others, f"99{random.randrange(16**8):08X}"]))
            moment += random.uniform(*_AT_FIRST_S)
        card = random.choice(able).card
        yield ComingTap(moment, machine.code, card)
        moment += random.uniform(*_STAYS_S[machine.category])
        yield ComingTap(moment - _CONFIRM_S, machine.code, card)
        yield ComingTap(moment, machine.code, card)
        moment += random.uniform(*_GAP_S)
