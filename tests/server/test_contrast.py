"""Contrast as WCAG 2.2 computes it, from the tokens themselves: text 4.5, shapes and borders of controls 3."""

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "server" / "static" / "tokens.css").read_text()
STATES = ("free", "use", "idle", "cool", "book", "lock", "off", "fault")
Palette = dict[str, str]

# What the table of the design says, light and dark, in its own order.
ON_GROUNDS = {
    "ink": ((15.1, 16.8, 13.7), (16.0, 14.7, 16.8)),
    "ink-2": ((7.73, 8.58, 7.01), (9.74, 8.93, 10.3)),
    "ink-3": ((5.16, 5.73, 4.68), (6.32, 5.79, 6.65)),
    "link": ((7.40, 8.21), (9.83, 9.02)),
    "brick": ((6.00, 6.66), (7.37, 6.76)),
    "line-2": ((3.49, 3.88), (4.43, 4.06)),
    "focus": ((5.76, 6.39, 5.22), (9.83, 9.02, 10.4)),
}
ON_SURFACE = {"ok-text": (6.24, 9.16), "warn-text": (6.75, 10.5), "bad-text": (7.63, 7.70)}
STATE_TABLE = {  # on surface, on its own tint
    "free": ((4.31, 3.75), (7.90, 7.24)),
    "use": ((7.73, 6.48), (5.56, 5.00)),
    "idle": ((3.76, 3.32), (10.4, 9.09)),
    "cool": ((3.87, 3.32), (8.93, 7.93)),
    "book": ((8.47, 7.15), (5.32, 4.92)),
    "lock": ((14.1, 11.4), (12.9, 10.6)),
    "off": ((5.39, 4.65), (4.92, 4.70)),
    "fault": ((6.94, 5.76), (5.00, 4.71)),
}
FILLS = {"use": (7.59, 7.46), "idle": (9.02, 9.50), "lock": (10.4, 7.96), "fault": (6.94, 6.13)}


def palette(block: str) -> Palette:
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9A-Fa-f]{6})", block))


def block(opening: str) -> str:
    return TOKENS.split(opening, 1)[1].split("}", 1)[0]


LIGHT, DARK = palette(block(":root{")), palette(block("[data-theme=dark]{"))
SYSTEM_DARK = palette(block(":root:not([data-theme]){"))


def luminance(color: str) -> float:
    channels = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("colors", "theme"), [(LIGHT, 0), (DARK, 1)], ids=["light", "dark"])
def test_the_table_of_the_design_is_what_the_tokens_give(colors: Palette, theme: int) -> None:
    said = {(name, ground): ratio for name, themes in ON_GROUNDS.items() for ground, ratio in zip(("paper", "surface", "sunken"), themes[theme], strict=False)}  # fmt: skip
    said |= {(name, "surface"): themes[theme] for name, themes in ON_SURFACE.items()}
    said |= {(state, ground): ratio for state, themes in STATE_TABLE.items() for ground, ratio in zip(("surface", f"{state}-tint"), themes[theme], strict=True)}  # fmt: skip
    said |= {(f"{state}-on", f"{state}-fill"): themes[theme] for state, themes in FILLS.items()}
    said[("on-action", "action")] = (15.5, 15.3)[theme]

    off = {pair: (ratio, contrast(colors[pair[0]], colors[pair[1]])) for pair, ratio in said.items()}
    assert {pair: both for pair, both in off.items() if abs(both[0] - both[1]) > max(0.011, both[0] * 0.006)} == {}


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_reaches_four_and_a_half(colors: Palette) -> None:
    grounds = ["paper", "surface", "raised", "sunken", *(f"{state}-tint" for state in STATES)]
    pairs = [(text, ground) for text in ("ink", "ink-2", "ink-3") for ground in grounds]
    pairs += [(text, ground) for text in ("link", "brick", "bad-text") for ground in ("paper", "surface", "raised")]
    pairs += [("bad-text", "fault-tint"), ("link", "fault-tint"), ("link", "idle-tint"), ("brick", "brick-tint")]
    pairs += [
        ("on-action", "action"),
        ("on-action", "action-hover"),
        ("warn-text", "idle-tint"),
        ("ok-text", "surface"),
    ]
    pairs += [(f"{state}-on", f"{state}-fill") for state in FILLS]

    assert {pair: ratio for pair in pairs if (ratio := contrast(colors[pair[0]], colors[pair[1]])) < 4.5} == {}


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_every_shape_and_border_of_a_control_reaches_three(colors: Palette) -> None:
    grounds = ("paper", "surface", "raised")
    pairs = [(state, ground) for state in STATES for ground in (*grounds, f"{state}-tint")]
    pairs += [(name, ground) for name in ("line-2", "focus") for ground in (*grounds, "sunken")]
    pairs += [(f"m-{name}", "surface") for name in ("brick", "timber", "copper", "iron", "slate", "plum")]

    assert {pair: ratio for pair in pairs if (ratio := contrast(colors[pair[0]], colors[pair[1]])) < 3} == {}


def test_the_systems_dark_theme_is_the_chosen_one() -> None:
    assert SYSTEM_DARK == DARK
    assert LIGHT.keys() - {"on-action"} >= DARK.keys() - {"on-action"}


def test_contrast_is_computed_as_the_standard_does() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)
