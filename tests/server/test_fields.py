"""What people type and what pages write: amounts, times and days in three languages, fields, and two editors of one form."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import wtforms
from werkzeug.datastructures import MultiDict
from wtforms.validators import Optional

from server.web import formats
from server.web.conflict import conflict_page
from server.web.forms import Form, Reason, Seconds
from server.web.messages import known
from tests.server.sample_form import Everything, sent

SPACE = "\u00a0"

# --- formats ------------------------------------------------------------------------------------------------------------

WRITTEN = {
    "fr": ("1_284,50_€", "−22,92_€", "1_h_48", "42_min", "12 mars 2026", "mardi 18 novembre", "octobre 2026", "1_512"),
    "de": ("1.284,50_€", "−22,92_€", "1:48_h", "42_min", "12. März 2026", "Di., 18. November", "Oktober 2026", "1.512"),
    "en": ("€1,284.50", "−€22.92", "1_h_48", "42_min", "12 March 2026", "Tue 18 November", "October 2026", "1,512"),
}


@pytest.mark.parametrize("language", WRITTEN)
def test_amounts_and_times_are_written_as_the_language_writes_them(speaking: Callable[..., Any], language: str) -> None:
    speaking(language)
    written = (
        formats.money(128450),
        formats.money(-2292),
        formats.duration(6499),
        formats.duration(2525),
        formats.day(date(2026, 3, 12)),
        formats.weekday(date(2025, 11, 18)),
        formats.month("2026-10"),
        formats.number(1512),
    )

    assert written == tuple(text.replace("_", SPACE) for text in WRITTEN[language])


def test_a_moment_has_its_date_unless_it_is_today(speaking: Callable[..., Any], now: datetime) -> None:
    speaking("fr")

    assert formats.moment(now) == formats.clock(now) == "10:00"
    assert formats.moment(datetime(2026, 10, 9, 7, 26, tzinfo=UTC)) == "9 oct., 09:26"
    assert formats.moment(datetime(2025, 12, 31, 23, 30, tzinfo=UTC)) == "1er janv., 00:30"
    assert formats.short_day(date(2025, 10, 9)) == "9 oct. 2025"


def test_what_is_not_known_is_written_as_nothing(speaking: Callable[..., Any]) -> None:
    speaking()

    assert [write(None) for write in (formats.money, formats.duration, formats.day, formats.moment, formats.month)] == [
        ""
    ] * 5


# --- fields -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("12,50", 1250), ("12.5", 1250), ("36", 3600), ("1 284,50 €", 128450), ("1.284,50", 128450),
        ("1,284.50", 128450), ("1\u202f284", 128400), ("−3,10", -310), ("0", 0),
        ("1.284", None), ("12,505", None), ("12 50", None), ("twelve", None), ("1.2.3", None), ("12,50,00", None),
    ],
)  # fmt: skip
def test_an_amount_is_understood_or_refused_but_never_guessed(
    speaking: Callable[..., Any], typed: str, cents: int | None
) -> None:
    speaking("fr")
    form = Everything(formdata=sent(name="x", price=typed))
    form.price.validators = [Optional()]
    form.validate()

    assert form.price.data == cents
    assert bool(form.price.errors) is (cents is None)
    if cents is None:
        assert form.price.errors[0] == "Tapez un montant avec deux décimales, comme 12,50."


@pytest.mark.parametrize("typed", ["10000000,01", "-10000000,01", "99999999999999999999"])
def test_an_amount_that_nobody_means_is_refused_at_the_field(speaking: Callable[..., Any], typed: str) -> None:
    speaking("fr")
    form = Everything(formdata=sent(name="x", price=typed))
    form.price.validators = [Optional()]

    assert not form.validate()
    assert form.price.errors == ["Tapez un montant de dix millions d’euros au plus."]


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("45", 45),
        ("90", 90),
        ("1:30", 90),
        ("1 h 30", 90),
        ("1h", 60),
        ("45 min", 45),
        ("1:75", None),
        ("h", None),
        ("9" * 20, None),
    ],
)
def test_a_length_of_time_is_understood_in_all_its_spellings(
    speaking: Callable[..., Any], typed: str, minutes: int | None
) -> None:
    speaking()
    form = Everything(formdata=sent(name="x", long=typed))

    assert form.validate() is (minutes is not None)
    assert form.long.data == minutes


@pytest.mark.parametrize(
    ("typed", "seconds", "written"),
    [("30 s", 30, "30 s"), ("90s", 90, "90 s"), ("20", 1200, "20"), ("1:30", 5400, "1:30")],
)
def test_a_length_of_time_can_be_told_to_the_second(
    speaking: Callable[..., Any], typed: str, seconds: int, written: str
) -> None:
    speaking()

    class Tight(Form):
        long = Seconds("Long")

    assert Tight(formdata=sent(long=typed)).long.data == seconds
    assert Tight(formdata=None, data={"long": seconds}).long._value() == written


def test_a_moment_is_typed_on_the_labs_clock_and_kept_in_utc(speaking: Callable[..., Any]) -> None:
    speaking()
    form = Everything(formdata=sent(name="x", at="2026-07-01T14:30", day="18.11.2026"))

    assert form.validate()
    assert form.at.data == datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
    assert form.day.data == date(2026, 11, 18)
    assert 'value="2026-07-01T14:30"' in Everything(formdata=None, data={"at": form.at.data}).at()


@pytest.mark.parametrize(
    ("day", "at"),
    [("9999-12-31", "9999-12-31T23:30"), ("31/12/9999", "31/12/9999 23:30"), ("0001-01-01", "0001-01-01T00:00")],
)
def test_days_and_moments_beyond_all_calendars_are_refused_at_the_field(
    speaking: Callable[..., Any], day: str, at: str
) -> None:
    speaking("en")
    form = Everything(formdata=sent(name="x", day=day, at=at))

    assert not form.validate()
    assert set(form.errors) == {"day", "at"}
    assert form.day.data is form.at.data is None


def test_the_hour_that_comes_twice_is_asked_for_and_the_one_left_out_refused(speaking: Callable[..., Any]) -> None:
    speaking("en")
    twice = Everything(formdata=sent(name="x", at="2026-10-25T02:30"))
    second = Everything(formdata=sent(name="x", at=["2026-10-25T02:30", "second"]))
    first = Everything(formdata=sent(name="x", at=["2026-10-25T02:30", "first"]))
    never = Everything(formdata=sent(name="x", at="2026-03-29T02:30"))

    assert not twice.validate()
    assert "it is 02:30 twice" in twice.at.errors[0]
    assert '<option value="second">' in twice.at()
    assert second.validate()
    assert second.at.data == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert first.validate()
    assert first.at.data == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert not never.validate()
    assert "02:30 does not exist" in never.at.errors[0]
    shown = Everything(formdata=None, data={"at": second.at.data}).at()
    assert '<option value="second" selected>' in shown


def test_spaces_around_a_text_are_not_kept_and_a_reason_is_never_empty(speaking: Callable[..., Any]) -> None:
    class Ending(Form):
        reason = Reason()

    speaking("fr")
    told, silent = Ending(formdata=sent(reason="  panne  ")), Ending(formdata=sent(reason="   "))

    assert told.validate()
    assert told.reason.data == "panne"
    assert not silent.validate()
    assert silent.reason.errors[0].startswith("Dites pourquoi")


def test_what_wtforms_says_is_said_in_our_words(speaking: Callable[..., Any]) -> None:
    speaking("de")
    form = Everything(formdata=sent(name="far too long a name", room="cellar", day="soon", price="-1"))
    form.validate()

    assert form.errors == {
        "name": ["Höchstens 10 Zeichen. Kürzen Sie."],
        "room": ["Wählen Sie aus der Liste."],
        "day": ["Geben Sie einen Tag ein, etwa 18.11.2026."],
        "price": ["Geben Sie 0 oder mehr ein."],
    }


def test_every_message_of_the_fields_we_use_is_in_our_words() -> None:
    sources = (Path(wtforms.__file__).parent / "fields").glob("*.py")
    texts = {text for path in sources for text in re.findall(r'gettext\(\s*"([^"]+)"', path.read_text())}

    assert len(texts) > 8
    assert {text for text in texts if not known(text)} == {"Choices cannot be None.", "Not a valid week value."}


# --- two editors --------------------------------------------------------------------------------------------------------


def test_the_second_of_two_editors_sees_both_values_and_what_is_chosen_comes_back_as_if_typed(
    speaking: Callable[..., Any],
) -> None:
    speaking("en", method="POST")
    mine = sent(name="Mill", price="36,00", room="hall", skills=["mill"], offline="y", version="1")
    theirs = {"name": "Mill", "price": 4000, "room": "laser", "skills": ["mill", "weld"], "offline": False, "day": None}
    html, status = conflict_page(Everything(formdata=mine), theirs, version=2)

    assert status == 409
    assert re.findall(r"<legend>(.*?)</legend>", html) == ["Price", "Room", "Skills", "Offline"]
    assert "€36.00" in html
    assert "€40.00" in html
    assert "Milling, Welding" in html
    assert re.search(r'name="version" value="2"', html)

    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)
    chosen = {"keep-price": "mine", "keep-room": "theirs", "keep-skills": "theirs", "keep-offline": "theirs"}
    again = Everything(formdata=MultiDict([*inputs, *chosen.items()]))
    assert again.validate()
    assert (again.name.data, again.price.data, again.room.data) == ("Mill", 3600, "laser")
    assert (again.skills.data, again.offline.data, again.version.data) == (["mill", "weld"], False, 2)


def test_without_a_choice_what_is_stored_stays(speaking: Callable[..., Any]) -> None:
    speaking()
    form = Everything(formdata=sent(**{"name": "x", "keep-name": "", "mine-name": "Mine", "theirs-name": "Theirs"}))

    assert form.name.data == "Theirs"
