"""What is taken out of a photo, and that the picture itself stays byte by byte. Every photo here is made by Pillow, which
cameras' files are read by again afterwards.
"""

import io

import pytest
from PIL import Image, PngImagePlugin

from server.domain.pictures import PaperKind, kind_of, without_traces

PLACE = b"48.7342 N 7.3089 E"  # somewhere in Alsace
TURN = 0x0112


def photo(kind, turned=0, comment=b""):
    picture = Image.linear_gradient("L").convert("RGB").resize((40, 24))
    told = Image.Exif()
    told[0x010F] = "Kamera"
    told[0x8825] = {2: (48.0, 44.0, 3.0)}
    told[0x9286] = PLACE.decode()
    if turned:
        told[TURN] = turned
    file = io.BytesIO()
    if kind == "JPEG":
        picture.save(file, kind, exif=told, comment=PLACE)
    else:
        words = PngImagePlugin.PngInfo()
        words.add_text("Location", PLACE.decode())
        picture.save(file, kind, exif=told, pnginfo=words)
    return file.getvalue()


@pytest.mark.parametrize(("kind", "paper"), [("JPEG", PaperKind.JPG), ("PNG", PaperKind.PNG)])
def test_place_and_camera_are_gone_and_the_picture_is_the_same(kind, paper):
    taken = photo(kind)
    assert PLACE in taken, "the control: the photo tells"

    clean = without_traces(taken, paper)

    assert PLACE not in clean
    assert b"Kamera" not in clean
    assert not Image.open(io.BytesIO(clean)).getexif()
    assert Image.open(io.BytesIO(clean)).tobytes() == Image.open(io.BytesIO(taken)).tobytes()


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_photo_keeps_its_turn_and_nothing_else(turn):
    clean = without_traces(photo("JPEG", turn), PaperKind.JPG)

    assert dict(Image.open(io.BytesIO(clean)).getexif()) == {TURN: turn}


def test_what_hangs_behind_a_photo_is_cut_off():
    taken = photo("JPEG")

    assert without_traces(taken + b"a small film" + PLACE, PaperKind.JPG) == without_traces(taken, PaperKind.JPG)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_file_that_ends_anywhere_does_no_harm(kind):
    taken = photo(kind, 6)
    paper = PaperKind.JPG if kind == "JPEG" else PaperKind.PNG

    for length in range(len(taken)):
        assert PLACE not in without_traces(taken[:length], paper) or PLACE not in taken[:length]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n", PaperKind.PDF),
        (photo("JPEG"), PaperKind.JPG),
        (photo("PNG"), PaperKind.PNG),
        (b"<svg onload=alert(1)>", None),
        (b"<html>%PDF-", None),
        (b"GIF89a", None),
        (b"", None),
    ],
)
def test_a_file_is_what_its_first_bytes_say(data, kind):
    assert kind_of(data) is kind
