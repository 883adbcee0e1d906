"""The page about the panel tells the lamp's rhythms, the sounds and the settings as the program has them."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

from agent.hardware import buzzer, lamp
from agent.hardware.pattern import Lit, Pattern, Step
from agent.panel import Lamp, Sound
from agent.places import Signals, read_places
from agent.toml_reader import TomlReader

PAGE = (Path(__file__).parents[2] / "firmware_notes" / "panel.md").read_text()
COLOURS = {lamp.DARK: "dark", lamp.RED: "red", lamp.AMBER: "amber", lamp.BLUE: "blue", lamp.WHITE: "white"}


def told(pattern: Pattern, name: Callable[[Lit], str]) -> str:
    """A pattern in words: what comes once, and what comes again and again or stays."""
    if pattern.again:
        return f"{steps(pattern.again, name)}, again and again"
    if not pattern.once:
        return f"{name(pattern.last)}, steady"
    return f"{steps(pattern.once, name)}, then {name(pattern.last)}"


def steps(all_steps: tuple[Step, ...], name: Callable[[Lit], str]) -> str:
    return ", ".join(f"{name(step.lit)} {step.ms / 1000:g} s" for step in all_steps if step.ms)


def rows(title: str) -> dict[str, str]:
    part = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]*)` \| ([^|]+) \|", part, re.MULTILINE))


def test_the_lamp_on_the_page_is_the_programs_own() -> None:
    assert rows("The lamp") == {one: told(lamp.PATTERNS[one], COLOURS.__getitem__) for one in Lamp}


def test_the_sounds_on_the_page_are_the_programs_own() -> None:
    expected = {one: told(buzzer.PATTERNS[one], lambda lit: "on" if lit[0] else "off") for one in Sound if one}

    assert rows("The buzzer") == expected


def test_the_settings_on_the_page_are_read() -> None:
    block = re.search(r"```toml\n(.+?)```", PAGE, re.DOTALL)
    assert block is not None
    reader = TomlReader(tomllib.loads(block[1]), Path())

    (place,) = read_places(reader)

    assert not reader.problems
    assert place.signals == Signals((16, 20, 21), 12, "sh1106", 1, 0x3C)
