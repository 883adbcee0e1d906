"""The reader chip: what the mfrc522 package gets wrong and ours gets right, on the same simulated chip.

Where a test says "the package", it is the package as installed, so that nobody thinks the fault is only feared.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest
from gpiozero.exc import GPIOPinInUse
from gpiozero.output_devices import OutputDevice
from gpiozero.pins.mock import MockFactory

from agent.hardware import gpio_shim
from agent.hardware.iso14443 import Card, Frame, Nobody, Unreadable
from agent.hardware.simulated_cards import CardA, Field
from agent.hardware.simulated_mfrc522 import Chip
from tests.agent.card_desk import DESFIRE, PACKAGE, SIZES, ChipGoneError, Desk, Pcd, plug

# the unmodified package says ~ of a truth value, which Python 3.12 and later warn of
pytestmark = pytest.mark.filterwarnings("ignore:Bitwise inversion:DeprecationWarning")


class Package:
    """The unmodified package at a simulated chip, read as its own examples read it."""

    def __init__(self, *cards: CardA, chip: Chip | None = None) -> None:
        self.chip = plug(chip or Chip(Field(*cards)))
        self._simple = object.__new__(PACKAGE.SimpleMFRC522)
        self._simple.READER = PACKAGE.MFRC522(pin_rst=gpio_shim.NO_PIN)
        self.chip.pause(0.01)  # the antenna is on from now; the card has time to wake

    def read(self) -> str | None:
        number = self._simple.read_id_no_block()
        return None if number is None else f"{number:X}"


@pytest.fixture(autouse=True)
def _quiet_package() -> Iterator[None]:
    logger = logging.getLogger("mfrc522Logger")
    logger.handlers.clear()
    yield
    logger.handlers.clear()


@pytest.fixture
def pins() -> MockFactory:
    return MockFactory()


# --- each fault of the package, and ours beside it ----------------------------------------------------------------------


def test_an_empty_field_costs_few_transfers_where_the_package_spends_two_thousand() -> None:
    package = Package()
    before = package.chip.transfers
    package.read()

    assert package.chip.transfers - before > 2000
    assert Desk().cost()[0] <= 100


def test_two_cards_that_begin_alike_differ_where_the_package_gives_them_one_number() -> None:
    uids = [bytes.fromhex("04AABB11223344"), bytes.fromhex("04AABB99887766")]

    assert {Package(CardA(uid)).read() for uid in uids} == {"8804AABB9D"}
    assert {Desk(CardA(uid)).look() for uid in uids} == {Card(uid, 0x20) for uid in uids}


def test_a_card_at_rest_reads_the_same_at_every_look_where_the_package_loses_it_every_other_time() -> None:
    package, desk = Package(CardA(SIZES[0])), Desk(CardA(SIZES[0]))

    assert [package.read() for _ in range(4)] == ["DEADBEEF22", None, "DEADBEEF22", None]
    assert [desk.look() for _ in range(4)] == [Card(SIZES[0], 0x20)] * 4


def test_a_number_has_no_check_byte_where_the_package_leaves_it_in() -> None:
    seen = Desk(CardA(SIZES[0])).look()

    assert Package(CardA(SIZES[0])).read() == "DEADBEEF22"
    assert isinstance(seen, Card)
    assert seen.card_id == "iso14443a:DEADBEEF"


class _Talker(CardA):
    """Answers its call with 40 bytes, as cards with their own protocol do."""

    def _called(self, even_halted: bool) -> tuple[int, ...]:
        return (1, 0, 1, 1, 0, 0, 1, 0) * 40


def test_a_long_answer_is_whole_where_the_package_cuts_it_at_16_bytes() -> None:
    package, desk = Package(_Talker(DESFIRE)), Desk(_Talker(DESFIRE))

    package._simple.READER.Write_MFRC522(PACKAGE.MFRC522.BitFramingReg, 7)
    _, cut, bits = package._simple.READER.MFRC522_ToCard(PACKAGE.MFRC522.PCD_TRANSCEIVE, [0x52])
    with desk.pcd.field():
        whole = desk.pcd.transceive(b"\x52", 7)

    assert (len(cut), bits) == (16, 320)
    assert whole == Frame(b"\x4d" * 40)


@pytest.mark.parametrize("idle_line", [0x00, 0xFF])
def test_a_chip_that_is_not_there_is_told_where_the_package_sees_no_card(idle_line: int) -> None:
    package, desk = Package(CardA(DESFIRE)), Desk(chip=Chip(Field(CardA(DESFIRE)), idle_line=idle_line))
    package.chip.unplug()
    desk.chip.unplug()

    assert package.read() is None
    with pytest.raises(ChipGoneError, match="no reader chip answers"):
        desk.look()


def test_the_package_leaves_a_handler_at_each_start_and_ours_none() -> None:
    logger = logging.getLogger("mfrc522Logger")

    Desk()
    assert logger.handlers == []
    Package()
    Package()
    assert len(logger.handlers) == 2


def test_left_to_choose_the_package_would_drive_the_serial_reader_s_line_and_is_not_let() -> None:
    plug(Chip(Field()))

    with pytest.raises(ValueError, match="GPIO15 is nobody's reset line"):
        PACKAGE.MFRC522()


# --- the reset line -----------------------------------------------------------------------------------------------------


def test_the_reset_line_is_high_and_closing_one_reader_leaves_relays_and_the_other_reader_alone(
    pins: MockFactory,
) -> None:
    plug(Chip(Field()))
    relay = OutputDevice(17, initial_value=True, pin_factory=pins)
    gpio_shim.lend(25, pins)
    gpio_shim.lend(25, pins)

    one, other = Pcd(0, 0, 25), Pcd(0, 0, 25)
    one.Close_MFRC522()
    gpio_shim.give_back(25)

    assert (pins.pin(25).function, pins.pin(25).state, relay.value) == ("output", True, 1)
    other.Close_MFRC522()
    gpio_shim.give_back(25)
    assert (pins.pin(25).function, relay.value) == ("input", 1)
    relay.close()


def test_a_chip_is_reset_by_its_line_where_it_has_one_to_itself(pins: MockFactory) -> None:
    plug(Chip(Field()))
    gpio_shim.lend(25, pins)

    pins.pin(25).clear_states()
    Pcd(0, 0, 25, lambda seconds: None).begin()
    pins.pin(25).assert_states([True, False, True])

    gpio_shim.lend(25, pins)
    pins.pin(25).clear_states()
    Pcd(0, 0, 25, lambda seconds: None).begin()
    pins.pin(25).assert_states([True])
    gpio_shim.give_back(25)
    gpio_shim.give_back(25)


def test_the_package_s_own_clean_up_lets_go_of_nothing_of_ours(pins: MockFactory) -> None:
    plug(Chip(Field()))
    gpio_shim.lend(25, pins)

    PACKAGE.MFRC522(pin_rst=25).Close_MFRC522()

    assert pins.pin(25).state
    gpio_shim.give_back(25)


def test_a_pin_that_a_relay_has_is_no_reset_line(pins: MockFactory) -> None:
    relay = OutputDevice(17, pin_factory=pins)

    with pytest.raises(GPIOPinInUse):
        gpio_shim.lend(17, pins)
    relay.close()


def test_pins_go_by_broadcom_numbers_and_nothing_else() -> None:
    shim = sys.modules["RPi.GPIO"]

    assert shim.getmode() == shim.BCM
    with pytest.raises(ValueError, match="Broadcom"):
        shim.setmode(shim.BOARD)


# --- the chip itself ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (0x91, "MFRC522 1.0"),
        (0x92, "MFRC522 2.0"),
        (0x88, "FM17522 (clone)"),
        (0x12, "clone (version 0x12)"),
        (0xB2, "clone (version 0xb2)"),
        (0x37, "clone (version 0x37)"),
    ],
)
def test_clones_are_named_and_read_cards(version: int, said: str) -> None:
    desk = Desk(chip=Chip(Field(CardA(DESFIRE)), version=version))

    assert desk.pcd.version() == said
    assert desk.look() == Card(DESFIRE, 0x20)


class _ComesOff(Chip):
    """Its cable comes off at one transfer."""

    off_at = 10**9

    def transfer(self, sent: list[int]) -> list[int]:
        if self.transfers == self.off_at:
            self.unplug()
        return super().transfer(sent)


@pytest.mark.parametrize("idle_line", [0x00, 0xFF])
@pytest.mark.parametrize("cards", [[], [DESFIRE]])
def test_a_cable_that_comes_off_at_any_transfer_makes_no_other_card_and_no_empty_field(
    cards: list[bytes], idle_line: int
) -> None:
    transfers, _ = Desk(*map(CardA, cards)).cost()
    seen = set()
    for lost in range(transfers - 1):
        chip = _ComesOff(Field(*map(CardA, cards)), idle_line=idle_line)
        desk = Desk(chip=chip)
        chip.off_at = chip.transfers + lost
        with suppress(ChipGoneError):
            seen.add(desk.look())

    assert {one for one in seen if not isinstance(one, Unreadable)} <= {Card(DESFIRE, 0x20)}


def test_a_chip_that_forgot_its_settings_gets_them_again_and_that_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk(CardA(DESFIRE))

    desk.chip.plug_in()  # a dip of the supply: everything as at the factory
    with caplog.at_level(logging.WARNING):
        told = [desk.pcd.check() for _ in range(3)]

    assert told == [True, False, False]
    assert desk.look() == Card(DESFIRE, 0x20)
    assert "lost its settings" in caplog.text


def test_a_chip_that_answers_and_keeps_nothing_is_told() -> None:
    class Deaf(Chip):
        def _write(self, register: int, value: int) -> None:
            pass

    with pytest.raises(ChipGoneError, match="keeps nothing"):
        Desk(chip=Deaf(Field()))


def test_a_start_bit_left_over_from_the_last_frame_does_not_send_the_next_with_its_bits() -> None:
    """Positive control: a driver that only sets the bit sends the second frame as seven bits."""
    desk = Desk()
    with desk.pcd.field():
        desk.pcd.transceive(b"\x52", 7)
        desk.pcd.transceive(b"\x93\x20")
        ours = [said.last for said in desk.chip.air]
        desk.pcd.transceive(b"\x52", 7)
        desk.pcd.Write_MFRC522(desk.pcd.CommandReg, desk.pcd.PCD_IDLE)
        desk.pcd.spi.xfer2([0x12, 0x93, 0x20])
        desk.pcd.Write_MFRC522(desk.pcd.CommandReg, desk.pcd.PCD_TRANSCEIVE)

    assert ours == [7, 0]
    assert desk.chip.air[-1].last == 7


def test_the_antenna_is_off_between_looks() -> None:
    desk = Desk(CardA(DESFIRE))

    before = desk.field.is_on
    with desk.pcd.field():
        within = desk.field.is_on

    assert (before, within, desk.field.is_on) == (False, True, False)


def test_a_card_has_the_time_to_wake_that_the_standard_gives_it() -> None:
    """Positive control: without that time the same card does not answer."""
    desk, hurried = Desk(CardA(DESFIRE)), Desk(CardA(DESFIRE))
    hurried.pcd._pause = lambda seconds: hurried.chip.pause(min(seconds, 0.001))

    assert desk.look() == Card(DESFIRE, 0x20)
    assert hurried.look() == Nobody()


def test_the_simulated_chip_s_checksum_is_the_published_one() -> None:
    plug(Chip(Field()))
    chip = PACKAGE.MFRC522(pin_rst=gpio_shim.NO_PIN)

    assert chip.CalulateCRC([0x93, 0x70, 0x88, 0x04, 0x78, 0x2E, 0xDA]) == [0xEB, 0xFD]


def test_where_no_bus_is_there_is_none() -> None:
    with pytest.raises(FileNotFoundError, match=r"spidev7\.1"):
        Pcd(7, 1, None)
