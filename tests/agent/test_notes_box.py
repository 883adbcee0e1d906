"""The pages for whoever builds, hands over and repairs a box say what the program does: pins, settings, the panel's texts."""

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from gpiozero.pins.mock import MockFactory

from agent import config
from agent.config import Config
from agent.failures import Failure
from agent.places import INPUT_PINS, RELAY_PINS
from agent.saying import REFUSALS
from agent.texts import LANGUAGES, translator
from server.machines.agent_file import RELAYS
from wire.messages import OnLoss

NOTES = Path(__file__).parents[2] / "firmware_notes"
SVG = "{http://www.w3.org/2000/svg}"
DRAWINGS = sorted((NOTES / "wiring").glob("*.svg"))
ONE, PLUGS, RELAY_BOX = "one machine", "four plugs", "four relays"
RELAY_MACHINES = {ONE: 1, PLUGS: 0, RELAY_BOX: 4}


def page(name: str) -> str:
    return (NOTES / name).read_text()


def pins() -> dict[int, list[str]]:
    """The table of all pins: header position, boot level, relay, other."""
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (high|low) \| (yes|no) \| (yes|no) \|", page("pin-map.md"), re.MULTILINE)
    return {int(pin): rest for pin, *rest in rows}


def example(name: str, folder: Path) -> Config:
    """The settings on the page, read by the agent. Those of four machines take who and where from those of one."""
    blocks = re.findall(r"^```toml\n(.*?)^```", page("pin-map.md"), re.MULTILINE | re.DOTALL)
    by_name = {text.partition("\n")[0].lstrip("# "): text for text in blocks}
    text = by_name[name]
    if name != ONE:
        text = by_name[ONE].partition("[[machine]]")[0] + text
    file = folder / "agent.toml"
    file.write_text(text)
    return config.load(file)


def said(text: str, language: str) -> str:
    return translator(language)(text).replace("\n", " / ")


# --- pins and settings --------------------------------------------------------------------------------------------------


def test_the_table_of_pins_allows_what_the_settings_allow() -> None:
    table = pins()

    assert list(table) == list(range(28))
    assert {pin for pin, (_, _, relay, _) in table.items() if relay == "yes"} == RELAY_PINS
    assert {pin for pin, (_, _, _, other) in table.items() if other == "yes"} == INPUT_PINS
    assert all(boot == "low" for pin, (_, boot, _, _) in table.items() if pin in RELAY_PINS)


def test_each_pin_stands_where_the_header_has_it() -> None:
    header = MockFactory().board_info.headers["J8"]
    places = {pin.name: pin.number for pin in header.pins.values() if pin.name.startswith("GPIO")}

    assert {f"GPIO{pin}": int(place) for pin, (place, *_) in pins().items()} == places


def test_the_drawn_header_is_the_one_in_the_table() -> None:
    texts = [text.text or "" for text in ET.parse(NOTES / "wiring" / "pin-map.svg").iter(f"{SVG}text")]
    drawn = [text.removeprefix("GPIO ") for text in texts if text.startswith("GPIO ") and text[5:].isdigit()]

    assert sorted(map(int, drawn)) == sorted(pins())
    after = {texts[at - 1]: int(text[5:]) for at, text in enumerate(texts) if re.fullmatch(r"GPIO \d+", text)}
    assert after == {place: pin for pin, (place, *_) in pins().items()}


@pytest.mark.parametrize("name", [ONE, PLUGS, RELAY_BOX])
def test_the_settings_on_the_page_are_ones_an_agent_starts_with(name: str, tmp_path: Path) -> None:
    machines = example(name, tmp_path).machines

    assert len(machines) == (1 if name == ONE else 4)
    assert tuple(place.relay for place in machines if place.relay is not None) == RELAYS[: RELAY_MACHINES[name]]
    assert all((place.on_loss is OnLoss.HOLD) is (place.plug is not None) for place in machines)


@pytest.mark.parametrize("name", [ONE, PLUGS, RELAY_BOX])
def test_nothing_but_a_relay_is_ever_on_a_relays_pin_and_nothing_glows_or_beeps_while_booting(
    name: str, tmp_path: Path
) -> None:
    for place in example(name, tmp_path).machines:
        others = {*place.inputs.pins, *place.signals.pins, *([] if place.reset is None else [place.reset])}

        assert not others & set(RELAYS)
        assert set(place.signals.pins) <= RELAY_PINS


@pytest.mark.parametrize("name", [ONE, PLUGS, RELAY_BOX])
def test_no_two_displays_of_an_example_share_an_address_and_no_pin_a_bus(name: str, tmp_path: Path) -> None:
    machines = example(name, tmp_path).machines
    glasses = [(place.signals.bus, place.signals.address) for place in machines]
    taken = {pin for place in machines for pin in place.pins}
    buses = {ONE: {2, 3, 7, 8, 9, 10, 11}, PLUGS: {2, 3, 8, 26}, RELAY_BOX: {2, 3, 20, 21}}[name]

    assert len(set(glasses)) == len(glasses)
    assert not taken & buses


def test_every_setting_of_a_machine_is_explained() -> None:
    source = Path(config.__file__).with_name("places.py").read_text()
    keys = set(re.findall(r'(?:take|has|part|secret|_pin|_one_of)\((?:reader, )?"(\w+)"', source))
    keys |= set(re.findall(r'"(\w+)"', source.partition("_INPUTS = (")[2].partition(")")[0]))

    explained = set(re.findall(r"`(?:\[machine\.)?(\w+)\]?`", page("pin-map.md")))

    assert {"contact_kind", "relay", "estop", "dead_man_s", "run_w", "plug"} <= keys  # the search finds something
    assert keys - {"idle_w", "down_s"} <= explained
    assert {"idle_w", "down_s"} <= explained


def test_a_hold_without_a_plug_is_refused_as_the_page_says(tmp_path: Path) -> None:
    text = re.findall(r"^```toml\n(# one machine.*?)^```", page("pin-map.md"), re.MULTILINE | re.DOTALL)[0]
    file = tmp_path / "agent.toml"
    file.write_text(text.replace('on_loss = "off"', 'on_loss = "hold"'))

    with pytest.raises(config.ConfigError, match=r"machine\.plug"):
        config.load(file)
    assert tomllib.loads(text)["machine"][0]["relay"] == RELAYS[0]


# --- drawings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda path: path.stem)
def test_a_drawing_can_be_read_without_eyes_and_without_a_network(drawing: Path) -> None:
    root = ET.parse(drawing).getroot()
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")

    assert title is not None
    assert title.text
    assert description is not None
    assert len(description.text or "") > 100
    assert root.get("viewBox", "").split()[2] == "800"
    assert "http" not in drawing.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not list(root.iter(f"{SVG}script"))


def test_every_drawing_is_on_a_page_and_every_picture_on_a_page_is_there() -> None:
    shown = {name for file in NOTES.glob("*.md") for name in re.findall(r"!\[[^\]]+\]\((\S+?)\)", file.read_text())}

    assert {f"wiring/{path.name}" for path in DRAWINGS} <= shown
    assert all((NOTES / name).is_file() for name in shown)


def test_the_drawings_name_the_pins_of_the_settings(tmp_path: Path) -> None:
    (place,) = example(ONE, tmp_path).machines
    side = (NOTES / "wiring" / "box-side.svg").read_text()

    for pin in (place.relay, *place.inputs.pins):
        assert f"GPIO {pin}<" in side


# --- what the panel says ------------------------------------------------------------------------------------------------


def test_every_refusal_is_on_the_page_in_every_language_and_in_the_order_in_which_it_is_told() -> None:
    cells = re.findall(r"^\| (\*\*.+?) \|", page("troubleshooting.md").partition("## Refused")[2], re.MULTILINE)
    shown = [[re.sub(r"\*\*| \(.*\)", "", line) for line in cell.split("<br>")] for cell in cells]
    languages = ("en", "fr", "de")

    assert set(languages) == set(LANGUAGES)
    assert shown[: len(REFUSALS)] == [[said(text, language) for language in languages] for text, _ in REFUSALS.values()]


def test_what_the_page_quotes_in_bold_the_panel_does_say() -> None:
    """A text that was changed does not stay on the page."""
    catalogue = (Path(config.__file__).parent / "locale/en/LC_MESSAGES/prolab-agent.po").read_text()
    texts = {text.replace("\\n", " / ") for text in re.findall(r'^msgstr "(.+)"$', catalogue, re.MULTILINE)}
    quoted = re.findall(r"^\| \*\*(.+?)\*\*", page("troubleshooting.md"), re.MULTILINE)

    assert len(quoted) > len(REFUSALS)
    for text in quoted:
        known = re.sub(r" \(.*\)$", "", text)
        assert known in texts or any(re.sub(r"\{\w+\}", "…", one) == known for one in texts), text


def test_every_head_the_panel_shows_is_explained() -> None:
    files = (Path(config.__file__).with_name(f"{name}.py") for name in ("panel", "panel_people"))
    source = "".join(file.read_text() for file in files)
    heads = set(re.findall(r'(?:Shown|_locked|turned_down)\(\s*_\("([^"]+)"\)', source))
    heads |= set(re.findall(r'head = .*?_\("([^"]+)"\) if .* else _\("([^"]+)"\)', source)[0])
    by_head = page("troubleshooting.md").partition("## Refused")[0]

    assert {"Refused", "Fault", "Ended"} <= heads
    assert not [head for head in heads if f"*{said(head, 'en')}*" not in by_head]


def test_every_failure_has_its_line() -> None:
    lines = re.findall(r"^\| `(\w+)` \|", page("troubleshooting.md").partition("## By failure")[2], re.MULTILINE)

    assert lines == list(Failure)


# --- handing over -------------------------------------------------------------------------------------------------------


def test_the_commissioning_sheet_asks_for_an_open_relay_in_every_way_a_box_can_end() -> None:
    sheet = page("commissioning.md").partition("## Yearly")[0]

    for words in ("while booting", "after stop", "after kill -9", "after a hang", "after loss of supply"):
        assert f"**relay open {words}**" in sheet
    for words in ("no-volt release", "--relay-test", "doctor", "prolab-agent learn", "welded", "by wire", "language"):
        assert words in sheet


def test_the_modification_record_has_its_lines() -> None:
    record = page("commissioning.md").partition("## Modification record")[2]

    for words in (
        "circuit",
        "terminals",
        "drawing number",
        "new hazards",
        "tests",
        "name",
        "habilitation",
        "date",
        "2023/1230",
    ):
        assert words in record
    assert "get advice" in record
