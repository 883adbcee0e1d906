"""A badge found by the number that is printed on it: lent at once where it names one card, looked up where it names many."""

import pytest

from server.domain.roles import Role
from server.machines.site_keys import ring, rotate
from tests.server.badge_desk import Desk
from tests.server.page_lab import database_url
from tests.server.signed_in import signed_in
from wire.messages import DenialReason
from wire.tokens import fingerprint

__all__ = ["database_url"]

HEX10, PRINTED, W26 = "0C008471FD", "0008679933", "132,29181"  # one and the same card


@pytest.fixture
def desk(database_url, lab, now):
    return Desk(database_url, lab, now)


class Typing:
    def __init__(self, desk):
        self.desk = desk
        self.settings = desk.web.extensions["settings"]
        self.address = f"/people/{desk.lab.holder}/badges/number"

    def mark(self, card_id=f"em4100:{HEX10}"):
        return fingerprint(card_id, ring(self.settings, self.desk.now).newest.key)

    def types(self, number):
        return self.desk.client.post(self.address, data={"number": number})


@pytest.fixture
def typing(desk):
    return Typing(desk)


@pytest.mark.parametrize("number", [HEX10, "0c 00 84 71 fd", HEX10.lower()])
def test_ten_hex_digits_name_one_card_and_it_can_be_lent_at_once(typing, number):
    answer = typing.types(number)

    assert answer.status_code == 303
    assert answer.location.endswith(f"/badges/lend/{typing.mark()}")
    assert typing.desk.client.get(answer.location).status_code == 200


def test_a_uid_names_one_card(typing):
    answer = typing.types("04:78:2E:21:80:1D:80")

    assert answer.location.endswith(typing.mark("iso14443a:04782E21801D80"))


@pytest.mark.parametrize("number", [PRINTED, W26, f"{PRINTED} {W26}"])
def test_a_decimal_number_needs_one_tap_at_any_reader_and_is_found_then(typing, number):
    first = typing.types(number)
    assert first.status_code == 422
    assert "présentez" in first.text.lower()

    typing.desk.tap(typing.mark(), DenialReason.UNKNOWN_TOKEN)

    assert typing.types(number).location.endswith(f"/badges/lend/{typing.mark()}")


def test_a_badge_that_was_tapped_under_an_older_site_key_is_found_too(typing, tmp_path):
    typing.settings.keys_dir = tmp_path
    old = typing.mark()
    typing.desk.tap(old, DenialReason.UNKNOWN_TOKEN)
    rotate(typing.settings, actor="Eva", now=typing.desk.now)

    assert typing.types(PRINTED).location.endswith(f"/badges/lend/{old}")


def test_a_badge_tapped_before_and_after_a_change_of_the_site_key_is_one_badge_and_known_by_the_newer(typing, tmp_path):
    typing.settings.keys_dir = tmp_path
    typing.desk.tap(typing.mark(), DenialReason.UNKNOWN_TOKEN)
    rotate(typing.settings, actor="Eva", now=typing.desk.now)
    newer = typing.mark()
    typing.desk.tap(newer, DenialReason.UNKNOWN_TOKEN)
    rotate(typing.settings, actor="Eva", now=typing.desk.now)

    assert typing.types(PRINTED).location.endswith(f"/badges/lend/{newer}")


def test_of_two_badges_that_bear_the_number_none_is_chosen(typing):
    for card in (f"em4100:{HEX10}", "em4100:0D008471FD"):
        typing.desk.tap(typing.mark(card), DenialReason.UNKNOWN_TOKEN)

    assert typing.types(PRINTED).status_code == 422


def test_a_badge_that_somebody_has_is_not_lent_twice(typing):
    lend = typing.types(HEX10).location
    typing.desk.client.post(lend, data={"label": ""})

    for number in (HEX10, PRINTED, W26):
        answer = typing.types(number)
        assert answer.status_code == 422
        assert "déjà prêté" in answer.text


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("hello", "pas un numéro de badge"),
        ("FFFFFFFFFF", "carte est vierge"),
        (f"{PRINTED} 132,29182", "ne sont pas d’un même badge"),
        ("08:12:34:56", "autre numéro à chaque fois"),
    ],
)
def test_what_is_no_number_of_a_card_is_told_in_so_many_words(typing, number, told):
    answer = typing.types(number)

    assert answer.status_code == 422
    assert told in answer.text


def test_the_page_that_waits_for_a_tap_leads_here(typing):
    page = typing.desk.client.get(f"/people/{typing.desk.lab.holder}/badges/new?machine=p1").text

    assert typing.address in page


def test_what_was_typed_is_kept_nowhere(typing):
    location = typing.types(HEX10).location
    typing.desk.client.post(location, data={"label": ""})

    dump = "\n".join(typing.desk.everything())
    assert HEX10 not in dump.upper()
    assert typing.mark() in dump


def test_a_maker_may_not_look(typing):
    maker = signed_in(typing.desk.web, Role.HOLDER)

    assert maker.get(typing.address).status_code in (403, 404)
