"""The colours: contrast by WCAG 2.2, computed from tokens.css as it is served, in both themes."""

import re
from itertools import product
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "server" / "static"
STATES = ("free", "use", "idle", "cool", "book", "lock", "off", "fault")
TEXT, SHAPE = 4.5, 3.0


def theme(selector: str) -> dict[str, str]:
    """The custom properties that are colours in the block after a selector."""
    css = (STATIC / "tokens.css").read_text()
    block = css.partition(selector + "{")[2].partition("}")[0]
    return dict(re.findall(r"--([\w-]+):(#[0-9A-F]{6})", block))


LIGHT, DARK = theme(":root"), theme("[data-theme=dark]")


def luminance(colour: str) -> float:
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_everything_it_stands_on(colours: dict[str, str]) -> None:
    pairs = [
        *product(("ink", "ink-2", "ink-3"), ("paper", "surface", "sunken")),
        *product(("ink", "ink-2"), [f"{state}-tint" for state in STATES]),
        *product(("link", "ok-text"), ("paper", "surface")),
        ("link", "idle-tint"),
        ("use-on", "use-fill"),
        ("lock-on", "lock-fill"),
    ]

    assert [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < TEXT] == []


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_shapes_stand_out_from_paper_surface_and_their_own_tint(colours: dict[str, str]) -> None:
    pairs = [(state, ground) for state in STATES for ground in ("paper", "surface", f"{state}-tint")]
    pairs += [("brick", "paper"), ("line-2", "surface"), ("focus", "paper"), ("focus", "surface")]

    assert [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < SHAPE] == []


def test_the_system_s_dark_is_the_chosen_dark() -> None:
    assert len(DARK) > 40
    assert theme(":root:not([data-theme])") == DARK


def test_the_measure_finds_known_contrasts() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") < TEXT
