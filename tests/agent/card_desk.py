"""A desk with a simulated card reader on it: cards are laid down and taken away, and the shipped reader looks.

Whoever needs the reader, its chip or the mfrc522 package takes them from here: they can be imported only after the
simulated bus has been put in the place of the real one.
"""

from importlib import import_module

from agent.hardware import ReaderReport, iso14443, simulated_spidev
from agent.hardware.card_presence import GONE_AFTER_LOOKS
from agent.hardware.simulated_cards import CardA, Field
from agent.hardware.simulated_mfrc522 import Chip, OnAir

simulated_spidev.install()

from gpiozero.pins.mock import MockFactory  # noqa: E402

from agent.hardware import rfid  # noqa: E402
from agent.hardware.pcd import ChipGoneError, Pcd  # noqa: E402
from agent.hardware.rfid import RfidReader, identify, rest_s  # noqa: E402

__all__ = [
    "DESFIRE",
    "PACKAGE",
    "SIZES",
    "ChipGoneError",
    "Desk",
    "Pcd",
    "RfidReader",
    "Watched",
    "identify",
    "plug",
    "rest_s",
    "rfid",
]

PACKAGE = import_module("mfrc522")  # as installed; pcd has made the RPi.GPIO that it imports
DESFIRE = bytes.fromhex("04782E21801D80")
SIZES = (bytes.fromhex("DEADBEEF"), DESFIRE, bytes.fromhex("0102030405060708090A"))


def plug(chip: Chip) -> Chip:
    simulated_spidev.plug(0, 0, chip)
    return chip


class Desk:
    """One chip, asked directly."""

    def __init__(self, *cards: CardA, chip: Chip | None = None) -> None:
        self.chip = plug(chip or Chip(Field(*cards)))
        self.field = self.chip.field
        self.pcd = Pcd(0, 0, None, self.chip.pause)
        self.pcd.begin()
        self.answers = 0

    def look(self) -> iso14443.Look:
        self.pcd.check()
        with self.pcd.field():
            return iso14443.look(self.pcd, self._answered)

    def every_card(self) -> set[bytes]:
        with self.pcd.field():
            return {card.uid for card in iso14443.every_card(self.pcd)}

    def cost(self) -> tuple[int, float]:
        """SPI transfers and virtual milliseconds of one look."""
        transfers, now_us = self.chip.transfers, self.chip.now_us
        self.look()
        return self.chip.transfers - transfers, (self.chip.now_us - now_us) / 1000

    def last_air(self) -> list[OnAir]:
        """What goes through the air in one look."""
        self.chip.air.clear()
        self.look()
        return self.chip.air

    def _answered(self) -> None:
        self.answers += 1


class Watched:
    """The whole reader, without its thread: looks follow one another as fast as its own rules let them.

    It has been seen empty before the ``cards`` came, unless they were ``there_before``.
    """

    def __init__(self, *cards: CardA, there_before: bool = False) -> None:
        self.desk = Desk(*cards) if there_before else Desk()
        self.reports: list[ReaderReport] = []
        self.reader = RfidReader("p1", 0, 0, None, MockFactory(), lambda: 0)
        self.reader._report = self._hear
        self.reader_told_us = 0.0  # when it reported last
        if not there_before:
            self.looks(GONE_AFTER_LOOKS)
            self.desk.chip.air.clear()
            for card in cards:
                self.desk.field.put(card)

    def looks(self, count: int) -> list[ReaderReport]:
        """What is reported in so many looks, with the reader's own rest after each."""
        self.reports.clear()
        for _ in range(count):
            began_us = self.desk.chip.now_us
            self.reader._look(self.desk.pcd)
            self.desk.chip.pause(rest_s(round((self.desk.chip.now_us - began_us) / 1000)))
        return list(self.reports)

    def _hear(self, report: ReaderReport) -> None:
        self.reader_told_us = self.desk.chip.now_us
        self.reports.append(report)
