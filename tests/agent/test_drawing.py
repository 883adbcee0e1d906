"""The panel's pictures: every text in every language has its place, what is too long is cut, and each state has its shape."""

import time
from itertools import pairwise

import pytest
from PIL import Image

from agent.hardware import shapes
from agent.hardware.drawing import HEAD, HEIGHT, HINT, LINE, MARGIN, WIDTH, broken, picture
from agent.hardware.lettering import Type, shortened, width, write
from agent.panel import Face, Lamp, Shown
from agent.texts import LANGUAGES, translator
from tests.agent.panel_texts import Spot, answers, forms, placed

NAME_LEAST = 24  # dots for a person's name beside the head
LETTERS = "éèêàùçœäöüßÄÖÜÉÀ’«»€•–…:=+×"
LONG_NAME = "Maximiliane-Friederike von Hohenstein-Württemberg"
FREE = Shown("Laser", "", ("Frei", ""), "Karte hier", Lamp.FREE, Face.FREE)


def shown(face: Face = Face.IN_USE, **changes: object) -> Shown:
    plain = {"head": "In use", "right": "Ada", "lines": ("1 h 48", "about €64.80"), "hint": "Tap twice: stop"}
    return Shown(**{**plain, "lamp": Lamp.IN_USE, "face": face, **changes})  # type: ignore[arg-type]


def ink(image: Image.Image, box: tuple[int, int, int, int]) -> tuple[int, int, int, int] | None:
    """The lit part within a part of the picture."""
    return image.crop(box).getbbox()


# --- every text in its place --------------------------------------------------------------------------------------------


def too_wide(text: str, spot: Spot) -> int:
    """By how many dots, where it does not fit."""
    match spot:
        case Spot.HEAD:
            return width(text, Type.BOLD) - (HEAD - NAME_LEAST)
        case Spot.HINT:
            return width(text, Type.SMALL) - HINT
        case _:
            return max(width(line, Type.TEXT) for line in text.split("\n")) - LINE


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_panel_fits_its_place(language: str) -> None:
    translate = translator(language)
    texts = [(one.spot, forms(translate(one.msgid), translate)) for one in placed()]
    texts += [(Spot.LINE, [text]) for text in answers(translate)]

    widest = [max((too_wide(form, spot), form, spot) for form in all_forms) for spot, all_forms in texts]
    misfits = [f"{text!r} as {spot}: {over} dots too wide" for over, text, spot in widest if over > 0]

    print(f"\n{language}: {len(texts)} texts measured, in {sum(len(one) for _, one in texts)} forms")
    assert not misfits, "\n".join(misfits)


def test_every_text_of_the_program_is_measured() -> None:
    spots = {spot: [one.msgid for one in placed() if one.spot == spot] for spot in Spot}

    assert {"Refused", "Locked", "Free"} <= set(spots[Spot.HEAD])
    assert {"Press the button", "Badge and try again", "Leave the card in"} <= set(spots[Spot.HINT])
    assert {"Wrong PIN", "Emergency stop", "Idle for\n{duration}"} <= set(spots[Spot.LINE])
    assert not spots[Spot.RIGHT]


def test_a_text_that_is_too_wide_would_be_found() -> None:
    assert too_wide("Habilitation expirée depuis", Spot.LINE) > 0
    assert too_wide("Nochmal = übernehmen und beenden", Spot.HINT) > 0


@pytest.mark.parametrize("type_", Type)
def test_the_font_has_every_letter_of_the_three_languages(type_: Type) -> None:
    from agent.hardware.lettering import _letter

    missing = _letter("\uffff", type_).tobytes()

    assert not [one for one in LETTERS if _letter(one, type_).tobytes() == missing]


# --- letters ------------------------------------------------------------------------------------------------------------


def test_the_width_told_is_the_width_drawn() -> None:
    for type_ in Type:
        image = Image.new("1", (400, 40))
        write(image, (0, 0), "Fräse 5 Achsen", type_)
        box = image.getbbox()

        assert box is not None
        assert (box[0], box[2]) == (0, width("Fräse 5 Achsen", type_))


def test_letters_typed_in_two_parts_are_one() -> None:
    assert width("e\u0301te\u0301", Type.TEXT) == width("été", Type.TEXT)


def test_a_name_is_shortened_to_what_fits_and_never_wider() -> None:
    widths = [width(shortened(LONG_NAME, Type.SMALL, room), Type.SMALL) for room in range(130)]

    assert all(got <= room for room, got in enumerate(widths))
    assert all(after >= before for before, after in pairwise(widths))
    assert shortened(LONG_NAME, Type.SMALL, 60).endswith("…")
    assert shortened("Ada", Type.SMALL, 60) == "Ada"


# --- the picture --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("face", Face)
def test_nothing_is_drawn_outside_the_margins_but_bars_and_lines(face: Face) -> None:
    long = shown(face, right=LONG_NAME, lines=(LONG_NAME, LONG_NAME), hint=LONG_NAME)

    image = picture(long)

    assert image.size == (WIDTH, HEIGHT)
    assert image.mode == "1"
    for box in (
        (0, 18, MARGIN, 48),
        (WIDTH - MARGIN, 18, WIDTH, 48),
        (0, 51, MARGIN, 64),
        (WIDTH - MARGIN, 51, WIDTH, 64),
    ):
        assert ink(image, box) is None


def test_head_middle_and_foot_do_not_touch() -> None:
    image = picture(shown(lines=("gjpqy ÄÖÜÉ", "gjpqy ÄÖÜÉ"), hint="gjpqy ÄÖÜ"))

    assert ink(image, (0, 17, WIDTH, 18)) is None
    assert ink(image, (0, 48, WIDTH, 49)) is None
    assert ink(image, (0, 49, WIDTH, 50)) == (0, 0, WIDTH, 1)


def test_a_long_machine_name_leaves_the_head_and_a_long_person_leaves_room_for_the_state() -> None:
    alone = picture(shown(right=""))
    named = picture(shown(right=LONG_NAME))
    state = (0, 0, 17 + width("In use", Type.TEXT), 16)

    assert alone.crop(state).tobytes() == named.crop(state).tobytes()
    assert picture(shown(head=LONG_NAME, right="")) != picture(shown(head="Maxi", right=""))


def test_one_short_answer_is_big_and_in_the_middle() -> None:
    box = ink(picture(FREE), (0, 18, WIDTH, 48))

    assert box is not None
    assert box[3] - box[1] >= 18
    assert abs(box[0] - (WIDTH - box[2])) <= 1


def test_what_staff_wrote_is_broken_in_two_and_then_cut() -> None:
    note = "Miroir à régler, ne pas toucher avant jeudi"

    assert broken(note) == ["Miroir à régler, ne", "pas toucher avant jeudi"]
    assert broken("Kurz") == ["Kurz"]
    assert broken("Donaudampfschifffahrtsgesellschaft") == ["Donaudampfschifffahrtsgesellschaft"]
    picture(shown(Face.LOCKED, lines=(note, "")))


@pytest.mark.parametrize("face", [Face.GRANTED, Face.REFUSED, Face.LOCKED])
def test_what_must_be_noticed_stands_in_a_bar(face: Face) -> None:
    assert picture(shown(face)).getpixel((0, 0)) == 1
    assert picture(shown(Face.FREE)).getpixel((0, 0)) == 0


def test_each_state_has_a_shape_of_its_own_of_eleven_dots() -> None:
    drawn = {face: shapes.shape(face) for face in Face}

    assert {one.size for one in drawn.values()} == {(11, 11)}
    assert len({one.tobytes() for one in drawn.values()}) == len(Face)


def test_a_panel_is_drawn_in_a_few_milliseconds() -> None:
    picture(shown())
    began = time.perf_counter()

    for number in range(100):
        picture(shown(lines=(f"{number} min", "")))

    each_ms = (time.perf_counter() - began) * 10
    print(f"\n{each_ms:.2f} ms a drawing")
    assert each_ms < 50  # ten times what it takes: a busy computer fails nobody
