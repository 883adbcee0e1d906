"""A card that comes, lies there, goes, or is not to be made out: what of it is reported, and how often."""

from agent.hardware import FrameRefused, Presented, RandomId, ReaderReport, Removed, Seen
from agent.hardware.card_presence import GONE_AFTER_LOOKS, CardPresence
from agent.hardware.iso14443 import Card, Look, Nobody, Several, Unreadable

ADA, BOB = Card(b"\x04\x01\x02\x03", 0x20), Card(b"\x04\x09\x08\x07", 0x20)
PHONES = [Card(bytes((8, number, 0, 0)), 0x20) for number in range(9)]
NOISE = Unreadable("noise on the air")
SEEN, GONE, PHONE = Seen("p1"), Removed("p1"), RandomId("p1")
TWO = FrameRefused("p1", "two cards: hold one")


def came(card: Card) -> Presented:
    return Presented("p1", card.card_id)


def told(*looks: Look) -> list[ReaderReport]:
    """At a reader that was empty before."""
    presence, reports = CardPresence("p1"), []
    assert [presence.after(Nobody()) for _ in range(GONE_AFTER_LOOKS)] == [[]] * GONE_AFTER_LOOKS
    for seen in looks:
        if isinstance(seen, Card | Several):
            reports += presence.answered()
        reports += presence.after(seen)
    return reports


def test_a_card_left_lying_is_seen_and_presented_once() -> None:
    assert told(Nobody(), *[ADA] * 500) == [SEEN, came(ADA)]


def test_a_card_is_gone_after_three_silent_looks_and_that_is_told_once() -> None:
    assert told(ADA, Nobody(), Nobody()) == [SEEN, came(ADA)]
    assert told(ADA, *[Nobody()] * 3) == [SEEN, came(ADA), GONE]
    assert told(ADA, *[Nobody()] * 300) == [SEEN, came(ADA), GONE]


def test_silence_before_and_after_a_failure_of_the_reader_does_not_add_up() -> None:
    presence = CardPresence("p1")
    for seen in (ADA, Nobody(), Nobody()):
        presence.after(seen)
    presence.interrupted()

    assert [presence.after(Nobody()) for _ in range(4)] == [[], [], [GONE], []]


def test_a_card_missed_twice_was_there_all_the_time() -> None:
    looks: list[Look] = [ADA, Nobody(), Nobody()]

    assert told(*looks * 50, ADA) == [SEEN, came(ADA)]


def test_a_card_that_comes_back_is_presented_again() -> None:
    assert told(ADA, *[Nobody()] * 3, ADA) == [SEEN, came(ADA), GONE, SEEN, came(ADA)]


def test_a_card_in_another_s_place_is_presented_without_a_pause() -> None:
    assert told(ADA, BOB, ADA) == [SEEN, came(ADA), came(BOB), came(ADA)]


def test_noise_is_no_silence_so_a_card_under_it_is_not_gone() -> None:
    looks: list[Look] = [Nobody(), Nobody(), NOISE]

    assert GONE not in told(ADA, *looks * 50)
    assert GONE not in told(ADA, *[NOISE] * 500)


def test_what_cannot_be_read_once_is_a_card_on_its_way_and_twice_is_refused_once() -> None:
    refused = FrameRefused("p1", "noise on the air")

    assert told(NOISE, ADA, NOISE, Nobody(), NOISE) == [SEEN, came(ADA)]
    assert told(*[NOISE] * 500) == [refused]
    assert told(NOISE, NOISE, Nobody(), NOISE, NOISE) == [refused, refused]


def test_two_cards_are_refused_once_and_neither_is_presented() -> None:
    assert told(*[Several()] * 50) == [SEEN, TWO]


def test_a_second_card_beside_the_first_changes_nothing_for_the_first() -> None:
    assert told(ADA, *[Several()] * 50, *[ADA] * 50) == [SEEN, came(ADA), TWO]


def test_of_two_cards_the_one_that_stays_is_presented_when_it_is_alone() -> None:
    assert told(ADA, Several(), Several(), BOB) == [SEEN, came(ADA), TWO, came(BOB)]


def test_a_phone_is_told_once_however_often_it_changes_its_number() -> None:
    assert told(*PHONES) == [SEEN, PHONE]
    assert told(*PHONES, *[Nobody()] * 3, *PHONES) == [SEEN, PHONE, SEEN, PHONE]


def test_a_phone_is_never_gone_because_nothing_was_presented() -> None:
    assert told(*PHONES, *[Nobody()] * 50) == [SEEN, PHONE]


def test_a_phone_in_the_place_of_a_card_takes_the_card_away() -> None:
    assert told(ADA, *PHONES) == [SEEN, came(ADA), PHONE, GONE]
