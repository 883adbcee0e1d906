"""The words of the pages: complete in three languages, nothing left over, and in letters that the font has."""

import re
import string
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from server.dashboard import words
from server.dashboard.board import State
from server.web.preferences import LANGUAGES
from wire.messages import DenialReason, EndReason

SERVER = Path(__file__).parents[2] / "server"
LOCALE = SERVER / "locale"
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
# What services refuse begins with an English sentence, which the pages say in their own language.
REFUSALS = (
    "AccountError",
    "BillingError",
    "BookingError",
    "CareError",
    "ContractError",
    "DecisionError",
    "HandoutError",
    "MachineError",
    "PeopleError",
    "PrivacyError",
    "Refusal",
    "RetentionError",
    "SupplyError",
    "TrainingError",
)
CLASHES = {"RuleClash": (2,)}  # after the name of the rule
KEYWORDS |= dict.fromkeys(REFUSALS) | CLASHES


def texts_in_the_source() -> set[str | tuple[str, ...]]:
    with (LOCALE / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(str(SERVER), methods, options, KEYWORDS)
    return {message for _, _, message, _, _ in found}


def catalog(language: str) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / "prolab.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def translated(language: str) -> dict[str | tuple[str, ...], str | tuple[str, ...]]:
    messages: list[Any] = list(catalog(language))
    return {message.id: message.string for message in messages if message.id}


def test_every_text_is_translated_and_none_is_left_over() -> None:
    in_use = texts_in_the_source()  # takes seconds, so once for all languages
    known = {language: translated(language) for language in LANGUAGES}

    print(f"\n{len(in_use)} texts in use")
    assert len(in_use) > 80
    assert {
        (language, text) for language, texts in known.items() for text in in_use - texts.keys() - _plurals(texts)
    } == set()
    assert {(language, text) for language, texts in known.items() for text in texts.keys() - in_use} == set()
    assert [text for texts in known.values() for text, said in texts.items() if not all(_each(said))] == []


def _plurals(texts: dict[str | tuple[str, ...], str | tuple[str, ...]]) -> set[str]:
    return {text[0] for text in texts if isinstance(text, tuple)}


def _each(said: str | tuple[str, ...]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_the_blanks_that_are_filled_in(language: str) -> None:
    for text, written in translated(language).items():
        sources = [text] if isinstance(text, str) else list(text)
        for source, word in zip(sources, [written] if isinstance(written, str) else written, strict=True):
            assert blanks(word) == blanks(source), source


def blanks(text: str) -> set[str]:
    named = {part.partition(")")[0] for part in text.split("%(")[1:]}
    return named | {name for _, name, _, _ in string.Formatter().parse(text.replace("%(", "")) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_the_written_one(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "prolab.mo").open("rb") as file:
        compiled = GNUTranslations(file)

    for text, written in translated(language).items():
        if isinstance(text, str):
            assert compiled.gettext(text) == written
        else:
            one, more = text
            assert tuple(compiled.ngettext(one, more, number) for number in (1, 2)) == written


def test_no_text_needs_a_letter_that_the_font_lacks() -> None:
    texts = [text for language in LANGUAGES for written in translated(language).values() for text in written]

    assert not {letter for text in texts for letter in text if ord(letter) > 0xFF} - set("œŒ’‘“”„…–—€−")


def test_every_reason_and_state_of_the_wire_has_words() -> None:
    assert words.DENIALS.keys() == set(DenialReason)
    assert words.ENDS.keys() == set(EndReason)
    assert words.STATES.keys() == set(State)


def test_no_text_stands_inside_an_f_string_where_babel_finds_it_on_some_pythons_only() -> None:
    asks = re.compile(r"""\bf(["']).*\{[^}]*\b(?:n|lazy_)?gettext\(""")
    files = [file for file in SERVER.rglob("*.py") if "migrations" not in file.parts]

    assert asks.search("""f"{gettext('Hello')}, you" """), "control: it would be seen"
    assert [file.name for file in files if any(asks.search(line) for line in file.read_text().splitlines())] == []
