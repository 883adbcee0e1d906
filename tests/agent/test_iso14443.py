"""Asking a 13.56 MHz card for its number: published frames on the air, every length of number, and what goes wrong on it."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.hardware import simulated_cards
from agent.hardware.iso14443 import Card, Collision, Frame, Nobody, Several, Silence, Unreadable, crc_a, look
from agent.hardware.simulated_cards import CardA, Field, Reply, flipping
from agent.hardware.simulated_mfrc522 import Chip, OnAir
from tests.agent.card_desk import DESFIRE, SIZES, Desk

PUBLISHED_CRC = {"0000": "A01E", "1234": "26CF", "93708804782EDA": "EBFD", "5000": "57CD", "E040": "3DB5"}


@pytest.mark.parametrize(("data", "crc"), PUBLISHED_CRC.items())
def test_both_checksums_are_the_published_ones(data: str, crc: str) -> None:
    assert crc_a(bytes.fromhex(data)).hex().upper() == crc
    assert simulated_cards.checksum(bytes.fromhex(data)).hex().upper() == crc


def test_what_goes_through_the_air_is_what_is_published() -> None:
    published = [
        ("9320", "8804782EDA"),
        ("93708804782EDAEBFD", "04DA17"),
        ("9520", "21801D803C"),
        ("957021801D803C23CA", "20FC70"),
    ]

    woken, *chosen = Desk(CardA(DESFIRE)).last_air()

    assert (woken.sent, woken.last) == (b"\x52", 7)
    assert [(said.sent.hex().upper(), said.heard.hex().upper()) for said in chosen] == published
    assert {said.last for said in chosen} == {0}


def test_a_selected_card_answers_the_published_call_to_its_protocol_and_the_published_halt() -> None:
    desk = Desk(CardA(DESFIRE))

    with desk.pcd.field():
        look(desk.pcd, lambda: None)
        rats = desk.pcd.transceive(bytes.fromhex("E0403DB5"))
    with desk.pcd.field():
        look(desk.pcd, lambda: None)
        halted = desk.pcd.transceive(bytes.fromhex("500057CD"))
        called = desk.pcd.transceive(b"\x26", 7)

    assert rats == Frame(bytes.fromhex("06757781028002F0"))
    assert (halted, called) == (Silence(), Silence())


@pytest.mark.parametrize("uid", SIZES)
def test_a_number_of_any_length_reads_whole_and_the_same_at_every_look(uid: bytes) -> None:
    desk = Desk(CardA(uid))

    assert [desk.look() for _ in range(20)] == [Card(uid, 0x20)] * 20
    assert desk.answers == 20


def test_a_card_s_id_is_its_number_without_check_bytes() -> None:
    assert Card(DESFIRE, 0x20).card_id == "iso14443a:04782E21801D80"


def test_two_cards_that_begin_alike_are_two_cards() -> None:
    one, other = bytes.fromhex("04AABB11223344"), bytes.fromhex("04AABB99887766")

    assert [Desk(CardA(uid)).look() for uid in (one, other)] == [Card(one, 0x20), Card(other, 0x20)]


def test_an_empty_field_is_clean_silence() -> None:
    assert Desk().look() == Nobody()


def test_a_card_that_makes_up_its_number_is_known_by_its_first_byte() -> None:
    desk = Desk(CardA(None))

    first, second = desk.look(), desk.look()

    assert isinstance(first, Card)
    assert first != second
    assert first.is_random
    assert not Card(b"\x08" * 7, 0).is_random


def test_a_card_left_in_the_middle_of_something_is_woken_by_the_second_call() -> None:
    desk = Desk(CardA(DESFIRE))

    with desk.pcd.field():
        desk.pcd.transceive(b"\x26", 7)
        seen = look(desk.pcd, lambda: None)

    assert seen == Card(DESFIRE, 0x20)


# --- several cards ------------------------------------------------------------------------------------------------------


def test_two_cards_are_several_whatever_their_numbers() -> None:
    pairs = [(one, other) for one in SIZES for other in (*SIZES, bytes(4), DESFIRE[:6] + b"\x81") if one != other]

    assert {Desk(CardA(one), CardA(other)).look() for one, other in pairs} == {Several()}


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from((4, 7, 10)).flatmap(lambda size: st.binary(min_size=size, max_size=size)), max_size=5))
def test_every_card_of_a_field_is_found(uids: set[bytes]) -> None:
    possible = {uid for uid in uids if uid[0] not in {0x08, 0x88} and 0x88 not in uid[3:7:3]}

    assert Desk(*map(CardA, possible)).every_card() == possible


def test_cards_that_differ_in_their_last_bit_are_found() -> None:
    uids = {bytes((1, 2, 3, 0x7F)), bytes((1, 2, 3, 0xFF)), bytes((1, 2, 3, 0x3F)), bytes((0, 2, 3, 0x7F))}

    assert Desk(*map(CardA, uids)).every_card() == uids


# --- what goes wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("uid", SIZES)
def test_a_card_pulled_away_in_the_middle_of_an_answer_gives_no_number(uid: bytes) -> None:
    found = set()
    for answers in range(2 * len(SIZES) + 1):
        for bits in range(1, 40):
            desk = Desk(CardA(uid))
            desk.field.disturb = _Pull(desk.field, answers, bits)
            found.add(type(desk.look()))

    assert found <= {Unreadable, Nobody, Card}
    assert Unreadable in found


class _Pull:
    """Cuts one answer after so many bits, and takes the cards away."""

    def __init__(self, field: Field, answers: int, bits: int) -> None:
        self._field, self._answers, self._bits = field, answers, bits

    def __call__(self, reply: Reply) -> Reply:
        self._answers -= 1
        if self._answers != -1 or len(reply.bits) <= self._bits:
            return reply
        self._field.cards = []
        return Reply(reply.bits[: self._bits])


@pytest.mark.parametrize("uid", SIZES)
def test_a_bit_turned_around_by_noise_never_makes_another_number(uid: bytes) -> None:
    desk = Desk(CardA(uid))
    desk.field.disturb = flipping(Random("noise"), often=0.25)

    looks = [desk.look() for _ in range(400)]

    assert {seen for seen in looks if isinstance(seen, Card)} == {Card(uid, 0x20)}
    assert {type(seen) for seen in looks} == {Card, Unreadable}


def test_two_bits_turned_around_that_no_parity_tells_are_found_by_the_check_byte_or_the_checksum() -> None:
    desk = Desk(CardA(SIZES[0]))
    dice = Random("worse noise")

    def disturb(reply: Reply) -> Reply:
        bits = list(reply.bits)
        if len(bits) in {24, 40}:
            byte = dice.randrange(len(bits) // 8) * 8
            for place in dice.sample(range(byte, byte + 8), 2):
                bits[place] = 1 - (bits[place] or 0)
        return Reply(tuple(bits))

    desk.field.disturb = disturb

    assert {type(desk.look()) for _ in range(200)} == {Unreadable}


def test_noise_without_a_card_is_no_silence_and_no_card() -> None:
    desk = Desk()
    desk.field.disturb = lambda reply: Reply((1, 0, 1), torn=True)

    assert desk.look() == Unreadable("noise on the air (error 0x02)")
    assert desk.answers == 0


class _Liar(CardA):
    """Answers its selection with bytes of its own, correctly sealed."""

    def __init__(self, uid: bytes, sak: bytes) -> None:
        super().__init__(uid)
        self._lie = simulated_cards.bits_of(sak + simulated_cards.checksum(sak))

    def _selected(self, data: bytes, part: bytes) -> tuple[int, ...]:
        super()._selected(data, part)
        return self._lie


@pytest.mark.parametrize(
    ("uid", "sak"),
    [("DEADBEEF", "04"), ("04782E21801D80", "20"), ("0102030405060708090A", "20")],
)
def test_a_card_that_contradicts_itself_about_the_length_of_its_number_is_refused(uid: str, sak: str) -> None:
    seen = Desk(_Liar(bytes.fromhex(uid), bytes.fromhex(sak))).look()

    assert seen == Unreadable("a number that says it goes on and does not, or the other way")


def test_a_collision_that_the_chip_cannot_place_ends_the_search_and_not_in_a_circle() -> None:
    class Lost(Chip):
        def _collision(self, collided: int | None) -> int:
            return 0x20

    desk = Desk(chip=Lost(Field(CardA(SIZES[0]), CardA(bytes(4)))))

    assert desk.look() == Several()
    assert desk.every_card() == set()


def test_the_chip_keeps_what_came_before_a_collision_and_tells_its_bit() -> None:
    desk = Desk(CardA(b"\x01\x02\x03\x04"), CardA(b"\x01\x06\x03\x04"))

    with desk.pcd.field():
        desk.pcd.transceive(b"\x52", 7)
        answer = desk.pcd.transceive(b"\x93\x20")

    assert answer == Collision(b"\x01\x02\x00\x00\x00", 11)
    assert desk.chip.air[-1] == OnAir(b"\x93\x20", 0, b"\x01\x02\x03\x04\x00")
