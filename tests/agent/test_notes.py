"""The pages for whoever builds the box say what the program does: the failure matrix, the frames, the safety page first."""

import re
from pathlib import Path

from agent.failures import MATRIX, Answer, Column
from agent.hardware.board_readers import rdm6300_frame
from tests.agent.diagram import generated

NOTES = Path(__file__).parents[2] / "firmware_notes"


def page(name: str) -> str:
    return (NOTES / name).read_text()


def in_words(answer: Answer) -> str:
    words: list[str] = [answer.power, answer.next_start]
    words += [f"ends as `{answer.end}`"] if answer.end else []
    words += ["end estimated"] if answer.estimated else []
    words += [] if answer.alarm else ["no alarm"]
    return "; ".join(words)


def test_the_failure_matrix_on_the_page_is_the_agents_own() -> None:
    shown = re.findall(
        r"^\| `(\w+)` \| (.+) \| (.+) \| (.+) \| (.+) \|$",
        page("failure-modes.md").split("## What each")[0],
        re.MULTILINE,
    )

    assert [(row[0], list(row[1:])) for row in shown] == [
        (failure, [in_words(row[column]) for column in Column]) for failure, row in MATRIX.items()
    ]


def test_every_failure_is_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", page("failure-modes.md").split("## What each")[1], re.MULTILINE)

    assert explained == list(MATRIX)


def test_the_state_machine_on_the_page_is_the_agents_own() -> None:
    assert generated() in page("state-machine.md")


def test_the_frames_on_the_page_are_those_a_reader_sends() -> None:
    rows = re.findall(r"^\| `(\w{10})` \| `(\w\w)` \| `([0-9A-F ]+)` \| (.*)\|$", page("readers.md"), re.MULTILINE)

    assert len(rows) == 4
    for card, checksum, on_the_wire, printed in rows:
        assert bytes.fromhex(on_the_wire) == rdm6300_frame(card)
        assert rdm6300_frame(card)[11:13].decode() == checksum
        if printed.strip():
            low_32, w26 = re.findall(r"`([^`]+)`", printed)
            _, *low = bytes.fromhex(card)
            assert int(low_32) == int.from_bytes(low)
            assert w26 == f"{low[1]:03},{int.from_bytes(low[2:]):05}"


def test_safety_comes_first_and_says_what_the_box_is_not() -> None:
    first = re.split(r"^## ", page("README.md"), flags=re.MULTILINE)[1]

    assert first.startswith("Safety first")
    for words in (
        "permit",
        "not a safety device",
        "lock-out/tag-out",
        "lone-worker",
        "no-volt release",
        "NON consigné",
    ):
        assert words in first


def test_every_page_is_listed_on_the_first_one() -> None:
    others = {path.name for path in NOTES.glob("*.md")} - {"README.md"}

    assert {name for name in others if f"({name})" in page("README.md")} == others
