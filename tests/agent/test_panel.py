"""What the box says: every refusal with a way on, in three languages, short enough for the display."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from agent import saying, texts
from agent.access import Denied, Grant, Payer, Reason
from agent.failures import Failure
from agent.machine import Latch, Machine
from agent.panel import Lamp, View, draw, language
from agent.session import step
from agent.stimuli import EndRecorded, Failed, Felt, Mended, Sense, Stopping, Tapped, Ticked, Wished
from agent.texts import LANGUAGES, translator
from tests.agent.fakes import START_MS, stamp
from wire.messages import DenialReason, OnMaximum, Policy, RiskClass, Service, Stamp

FOLDER = Path(texts.__file__).parent
ID = "00000000-0000-4000-8000-000000000001"
LONGEST_LINE = 25  # letters of 128 points, at their mean width in the narrow face
ACME = Payer("acme", "Acme", 3600)
GRANT = Grant(1, "Ada", "en", (ACME,), 7, Policy())
JUNE_30 = START_MS + 180 * 86_400_000 + 22 * 3_600_000  # the end of 30 June in Paris


def view(machine: Machine, now: Stamp, **changes: Any) -> View:
    return replace(View(machine, "Printer", "", 12 * 3_600_000, False, now), **changes)


def said(machine: Machine, seconds: float = 0, language: str = "en", **changes: Any) -> str:
    shown = draw(view(machine, stamp(seconds), **changes), translator(language))
    return " | ".join((shown.head, *filter(None, shown.lines), shown.hint))


def lamp(machine: Machine, **changes: Any) -> Lamp:
    return draw(view(machine, stamp(0), **changes), translator("en")).lamp


def after(*stimuli: tuple[Any, float]) -> Machine:
    machine = Machine("p1", risk=RiskClass.LOW)
    for stimulus, seconds in stimuli:
        machine, _ = step(machine, stimulus, stamp(seconds))
    return machine


def tap(answer: Grant | Denied = GRANT, token: str = "own") -> Tapped:
    return Tapped(token, answer, ID)


def refused(*reasons: Reason, **facts: Any) -> Machine:
    return after((tap(Denied(frozenset(reasons), 7, 1, "Ada", "en", **facts)), 0))


def wished(service: Service) -> Wished:
    return Wished(RiskClass.LOW, service, False, None, 0)


def test_a_free_machine_asks_for_a_badge_and_its_lamp_is_white() -> None:
    assert said(Machine("p1")) == "Printer | Free | Badge here"
    assert lamp(Machine("p1")) == Lamp.FREE


def test_a_grant_names_price_and_payer() -> None:
    assert said(after((tap(), 0))) == "Granted | €36.00 an hour | Acme | Tap: time, twice: stop"


def test_a_missing_price_is_told_before_it_costs_an_argument() -> None:
    assert "No price set" in said(after((tap(replace(GRANT, payers=(replace(ACME, rate_cents=None),))), 0)))


def test_the_first_tap_shows_the_time_and_how_to_stop() -> None:
    asked = after((tap(), 0), (Ticked(), 4), (tap(), 6480))

    assert said(asked, 6480) == "Job running | 1 h 48 | about €64.80 | Tap again: stop"
    assert said(asked, 6480, "fr") == "Job en cours | 1 h 48 | env. 64,80 € | Re-badge = stop"
    assert said(asked, 6480, "de") == "Job läuft | 1:48 h | etwa 64,80 € | Nochmal = Stopp"


def test_a_session_past_its_maximum_says_so() -> None:
    machine = after((tap(replace(GRANT, policy=Policy(max_s=60))), 0), (Ticked(), 60))

    assert said(machine, 60) == "In use | 1 min | Time limit reached | Finish soon"


def test_an_end_shows_how_long_it_was() -> None:
    ended = after((tap(), 0), (Stopping(), 120), (EndRecorded(), 120))

    assert said(ended, 120) == "Ended | 2 min | about €1.20 | Badge here"


def test_an_end_that_is_not_on_disk_is_shown_as_a_fault() -> None:
    ending = after((tap(), 0), (Stopping(), 120), (Ticked(), 200))

    assert said(ending, 200) == "Ended | 2 min | Not saved: tell staff"


def test_a_refusal_is_gone_after_four_seconds() -> None:
    machine, _ = step(refused(DenialReason.UNKNOWN_TOKEN), Ticked(), stamp(4))

    assert said(machine) == "Printer | Free | Badge here"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", DenialReason)
def test_every_refusal_says_what_is_wrong_and_what_to_do(reason: DenialReason, language: str) -> None:
    shown = draw(view(refused(reason), stamp(0)), translator(language))

    assert shown.lamp == Lamp.REFUSED
    assert shown.lines[0]
    assert shown.hint
    assert shown.right == "Ada"


def test_every_reason_has_a_text_of_its_own() -> None:
    assert set(saying.REFUSALS) == set(DenialReason)
    assert len({text for text, _ in saying.REFUSALS.values()}) == len(DenialReason)


def test_when_several_reasons_hold_the_machine_comes_first() -> None:
    machine = refused(DenialReason.QUALIFICATION_MISSING, DenialReason.MAINTENANCE, DenialReason.LIST_EXPIRED)

    assert said(machine) == "Refused | Maintenance | NOT locked out | Ask the technician"


def test_dates_and_durations_are_told_where_the_list_has_them() -> None:
    ended = refused(DenialReason.MEMBERSHIP_ENDED, since_ms=JUNE_30)
    closed = refused(DenialReason.OUTSIDE_HOURS, until_ms=START_MS + 9_000_000)

    assert said(ended) == "Refused | Access ended | on 30 June | Ask your company"
    assert said(ended, language="fr") == "Refusé | Accès fini | le 30 juin | Voir votre structure"
    assert said(closed) == "Refused | Closed | for 2 h 30 | Hours at the desk"
    assert said(refused(DenialReason.LIST_EXPIRED)) == "Refused | No network | for 12 h 00 | Tell the workshop"


def test_a_machine_in_use_says_for_how_long_and_when_it_must_be_free() -> None:
    busy = tap(Denied(frozenset({DenialReason.IN_USE})), "other")
    cut = Policy(max_s=3600, on_max=OnMaximum.CUT)
    without_end = after((tap(), 0), (busy, 600))
    warned_only = after((tap(replace(GRANT, policy=Policy(max_s=3600))), 0), (busy, 600))
    with_end = after((tap(replace(GRANT, policy=cut)), 0), (busy, 600))
    extended = replace(GRANT, policy=replace(cut, extend_s=1800, extend_times=2))

    for machine in (without_end, warned_only):
        assert said(machine, 600) == "Refused | Already in use | for 10 min | Free when it ends"
    assert said(with_end, 600) == "Refused | Already in use | for 10 min | Free within 50 min"
    assert said(after((tap(extended), 0), (busy, 600)), 600).endswith("Free within 1 h 50")
    assert said(after((tap(extended), 0), (tap(extended), 3500), (busy, 3540)), 3540).endswith("Free within 1 h 01")


@pytest.mark.parametrize(
    ("failure", "contacts"),
    [(Failure.CONTACT_CLOSED, [True]), (Failure.OUTPUT_FAILED, [True]), (Failure.OUTPUT_FAILED, [])],
)
def test_the_end_of_a_session_does_not_hide_that_the_machine_may_be_live(
    failure: Failure, contacts: list[bool]
) -> None:
    wires = [(Felt(Sense.CONTACT, on), 1.0) for on in contacts]
    ended = [(tap(), 0.0), *wires, (tap(), 60.0), (tap(), 61.0), (EndRecorded(), 61.0)]
    assert said(after(*ended), 61).startswith("Ended | ")

    live = after(*ended, (Failed(failure, ""), 62))

    assert said(live, 62) == "Fault | May be live | Use the main switch"
    assert lamp(live) is Lamp.FAULT
    refused = after(*ended, (Failed(failure, ""), 62), (tap(Denied(frozenset({DenialReason.LATCHED}))), 63))
    assert said(refused, 63).startswith("Refused | "), "who badges is answered"


def test_an_output_that_did_not_obey_while_its_contact_says_open_is_locked_and_not_live() -> None:
    machine = after((Felt(Sense.CONTACT, False), 0), (Failed(Failure.OUTPUT_FAILED, ""), 1))

    assert said(machine, 1) == "Fault | Locked | after a fault | Tell the workshop"


@pytest.mark.parametrize(
    ("machine", "text", "expected"),
    [
        (after((wished(Service.OUT), 0)), "Locked | Mirror to adjust | Ask at the desk", Lamp.LOCKED),
        (after((wished(Service.MAINTENANCE), 0)), "Locked | Maintenance | NOT locked out", Lamp.LOCKED),
        (Machine("p1", latch=Latch(1, 0)), "Fault | Locked | after a fault", Lamp.FAULT),
        (after((Failed(Failure.READER_DEAD, ""), 0)), "Fault | Box out of order", Lamp.FAULT),
        (after((Failed(Failure.PEER_AWAY, ""), 0)), "Offline | Known badges | accepted | Badge here", Lamp.OFFLINE),
    ],
)
def test_each_state_shows_itself(machine: Machine, text: str, expected: Lamp) -> None:
    assert said(machine, note="Mirror to adjust").startswith(text)
    assert lamp(machine) == expected


def test_without_a_list_or_with_one_too_old_the_box_does_not_look_free() -> None:
    assert lamp(Machine("p1"), list_age_ms=None) == Lamp.OFFLINE
    assert said(Machine("p1"), expired=True) == "Offline | No network | for 12 h 00 | Tell the workshop"


def test_a_network_that_is_back_shows_a_free_machine() -> None:
    away = after((Failed(Failure.PEER_AWAY, ""), 0), (Mended(Failure.PEER_AWAY), 1))

    assert lamp(away) == Lamp.FREE


def test_the_panel_speaks_the_language_of_whoever_badged() -> None:
    assert language(Machine("p1")) is None
    assert language(after((tap(replace(GRANT, lang="de")), 0))) == "de"
    assert language(refused(DenialReason.IN_USE)) == "en"
    assert language(after((tap(replace(GRANT, lang="de")), 0), (Stopping(), 120), (EndRecorded(), 120))) == "de"


# --- the catalogues -----------------------------------------------------------------------------------------------------


def catalogue(language: str, kind: str) -> dict[str, str]:
    path = FOLDER / "locale" / language / "LC_MESSAGES" / f"prolab-agent.{kind}"
    with path.open("rb") as file:
        entries = read_po(file, locale=language) if kind == "po" else read_mo(file)
    return {str(entry.id): str(entry.string) for entry in entries if entry.id}


def test_every_text_in_the_program_is_in_every_catalogue_and_no_other() -> None:
    files = [(f"{name}.py", "python") for name in ("panel", "panel_people", "saying")]
    found = extract_from_dir(FOLDER, files, keywords={"_": None, "_n": None})
    used = {text for _, _, text, *_ in found}

    assert used
    for one in LANGUAGES:
        assert set(catalogue(one, "po")) == used, one


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_compiled(language: str) -> None:
    texts = catalogue(language, "po")

    assert all(texts.values())
    assert catalogue(language, "mo") == texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_fits_the_display(language: str) -> None:
    widest = {"duration": "72 h 00", "date": "28. Sept.", "euros": 100, "cents": 0, "hours": 99, "minutes": 59}
    for text in catalogue(language, "po").values():
        for line in text.format(**widest, seconds=59, day=30, month="Sept.").split("\n"):
            assert len(line) <= LONGEST_LINE, line
