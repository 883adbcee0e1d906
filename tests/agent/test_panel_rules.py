"""What the box says under each rule: what it asks for, what it warns of, what it tells bystanders, and in whose language."""

from dataclasses import replace

import pytest

from agent.access import Denied, MasterGrant, Payer
from agent.panel import Face, Lamp, Shown, Sound, View, draw, language
from agent.stimuli import (
    Draining,
    EndRecorded,
    Felt,
    PinChecked,
    Pressed,
    ProblemPressed,
    RandomCard,
    Removed,
    Sense,
    Wished,
)
from agent.texts import translator
from tests.agent.fakes import START_MS, stamp
from tests.agent.rules import ACME, ADA, BOB, PRIVATE, THRESHOLDS, Bench
from wire.messages import Bypass, DenialReason, RiskClass, Service, Shows

CLOSED = Denied(frozenset({DenialReason.BUDGET_REACHED}), 7, 1, "Ada", "en", otherwise=replace(ADA, payers=(PRIVATE,)))


def shown(bench: Bench, language: str = "en") -> Shown:
    return draw(View(bench.machine, "Printer", "", 0, False, stamp(bench.seconds)), translator(language))


def said(bench: Bench, language: str = "en") -> str:
    one = shown(bench, language)
    return " | ".join((one.head, *filter(None, one.lines), one.hint))


def test_a_badge_that_is_accepted_asks_for_the_button_and_names_price_and_payer_before_it_starts() -> None:
    bench = Bench().rules(press_s=10).tap(0)

    assert said(bench) == "Ready | €9.00 an hour | Acme | Press the button"
    assert shown(bench).lamp is Lamp.ASKING


def test_a_closed_payer_points_to_the_button_and_the_button_names_the_next_one() -> None:
    bench = Bench().tap(0, CLOSED)
    assert said(bench) == "Refused | Budget used up | Button: other payer"

    bench.does(Pressed(), 1)

    assert said(bench) == "Payer | Ada herself | €12.00 an hour | Badge again: start"


def test_a_box_without_a_button_offers_none() -> None:
    bench = Bench(has_button=False).rules(payer_s=300).tap(0, CLOSED)

    assert said(bench) == "Refused | Budget used up | Ask your company"
    assert said(bench.tap(10)) == "Granted | €9.00 an hour | Acme | Tap: time, twice: stop"


@pytest.mark.parametrize(
    ("payer", "granted", "running"),
    [
        (ACME, "Granted | €9.00 an hour | Acme", "In use | 20 min | about €3.00"),
        (replace(ACME, rate_cents=None), "Granted | No price set | Acme", "In use | 20 min"),
        (replace(ACME, shows=Shows.TIME_LEFT, seconds_left=7200), "Granted | 2 h 00 left | Acme", "In use | 20 min | 1 h 40 left"),
        (replace(ACME, shows=Shows.TIME_LEFT, seconds_left=900), "Granted | 15 min left | Acme", "In use | 20 min | No hours left"),
        (replace(ACME, shows=Shows.TIME_LEFT, seconds_left=0), "Granted | No hours left | Acme", "In use | 20 min | No hours left"),
        (replace(ACME, shows=Shows.TIME_LEFT), "Granted | Acme", "In use | 20 min"),
        (replace(ACME, shows=Shows.NOTHING), "Granted | Acme", "In use | 20 min"),
    ],
)  # fmt: skip
def test_a_tenant_chooses_what_bystanders_read(payer: Payer, granted: str, running: str) -> None:
    bench = Bench().tap(0, replace(ADA, payers=(payer,)))
    assert said(bench).startswith(granted)
    assert ("€" in said(bench)) == (payer.shows is Shows.PRICE and payer.rate_cents is not None)

    bench.at(1200)

    assert said(bench) == f"{running} | Tap: time, twice: stop"


def test_near_the_longest_time_it_says_how_much_is_left_or_what_a_tap_adds() -> None:
    plain = Bench().rules(max_s=3600).tap(0).at(3300)
    extensible = Bench().rules(max_s=3600, extend_s=1800, extend_times=1).tap(0).at(3300)

    assert said(plain) == "In use | 55 min | about €8.25 | 5 min left"
    assert said(extensible) == "In use | 55 min | about €8.25 | Tap: 30 min more"
    assert said(extensible.tap(3300)) == "Extended | 35 min left | Tap again: stop"


def test_an_idle_machine_is_warned_of_and_says_when_it_ends() -> None:
    bench = Bench(thresholds=THRESHOLDS).rules(idle_warn_s=120, idle_end_s=600).tap(0).measures(8.0, 1, 200)

    assert said(bench) == "Idle | Idle for | 3 min | Ends in 6 min"
    assert (shown(bench).face, shown(bench).lamp, shown(bench).sound) == (Face.IDLE, Lamp.IDLE, Sound.ATTENTION)


def test_a_take_over_is_asked_for_in_so_many_words() -> None:
    bench = Bench(thresholds=THRESHOLDS).rules(takeover_s=60).tap(0).measures(8.0, 1, 200).tap(200, BOB)

    assert said(bench) == "In use | Idle for | 3 min | Tap again: take over"


def test_a_card_that_should_stay_in_is_asked_back() -> None:
    bench = Bench().rules(removal_s=10).tap(0)
    assert said(bench).endswith("Leave the card in")

    bench.at(60).does(Removed(), 60)

    assert said(bench) == "In use | Card removed | ends soon | Put the card back"


def test_a_cool_down_says_for_how_long_and_that_power_stays_on() -> None:
    bench = Bench().rules(cooldown_s=300).tap(0).tap(600).tap(602).at(662)

    assert said(bench) == "Cooling | 4 min left | Power stays on"
    assert shown(bench).lamp is Lamp.COOLING


def test_a_pin_shows_dots_and_never_digits() -> None:
    eva = Denied(frozenset({DenialReason.LIST_EXPIRED}), 7, 9, "Eva", "en")
    bench = Bench().tap(0, eva, master=MasterGrant(9, "digest", replace(ADA, name="Eva"), None))
    for second in (1.0, 1.2, 1.4):
        bench.does(Pressed(), second)

    assert said(bench) == "PIN | ––– | Presses, then a pause"
    assert said(bench.at(4)) == "PIN | • | Presses, then a pause"
    assert said(bench.does(PinChecked(False), 5)) == "Refused | Wrong PIN | Badge and try again"


@pytest.mark.parametrize(
    ("moved", "text"),
    [
        (Felt(Sense.ESTOP, True), "Ended | 1 min | Emergency stop | Turn it, badge again"),
        (Felt(Sense.CONTACT, False), "Ended | 1 min | No power | Check stop, breaker"),
    ],
)
def test_an_end_that_nobody_asked_for_says_what_to_look_at(moved: Felt, text: str) -> None:
    bench = Bench().tap(0).does(Felt(Sense.CONTACT, True), 0.1).does(moved, 60).at(62).does(EndRecorded(), 62)

    assert said(bench) == text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Fault | May be live | Use the main switch"),
        ("fr", "En défaut | Tension possible | Interrupteur général"),
        ("de", "Störung | Spannung möglich | Hauptschalter"),
    ],
)
def test_a_contact_that_does_not_open_warns_of_voltage(language: str, text: str) -> None:
    bench = Bench().does(Felt(Sense.CONTACT, True), 1).at(5)

    assert said(bench, language).startswith(text)
    assert shown(bench).lamp is Lamp.FAULT


def test_a_reported_problem_thanks_and_then_says_whom_to_ask() -> None:
    bench = Bench().does(ProblemPressed(), 0)
    assert said(bench) == "Problem | Thank you | Reported | No start until checked"

    assert said(bench.tap(10, staff=True)) == "Locked | Problem | reported | Tap again: clear"
    assert said(bench.tap(11, staff=True)) == "Free | Report | cleared | Badge here"


def test_at_rest_the_first_thing_in_the_way_is_told_without_any_badge() -> None:
    stopped = Bench().does(Felt(Sense.ESTOP, True), 1)
    wished = Wished(RiskClass.LOW, Service.IN, False, None, 0, bypass=Bypass("Eva", START_MS + 60_000))
    bypassed = Bench().does(wished, 1)
    draining = Bench().does(Draining(), 1)

    assert said(stopped) == "Fault | Emergency stop | is pressed | Turn it, badge again"
    assert said(bypassed) == "Locked | Runs by key | No badge needed | Write down your time"
    assert said(draining) == "Locked | Box needs | an update | Tell the workshop"


def test_a_card_without_a_number_of_its_own_is_told_so() -> None:
    assert said(Bench().does(RandomCard(), 1)).startswith("Refused | Phone or card")


def test_the_panel_keeps_the_holders_language_for_ten_seconds_after_the_end() -> None:
    bench = Bench().tap(0, replace(ADA, lang="de")).tap(60, replace(ADA, lang="de")).tap(61, replace(ADA, lang="de"))
    bench.does(EndRecorded(), 61)

    assert language(bench.machine) == "de"
    bench.at(70.9)
    assert language(bench.machine) == "de"
    assert language(bench.at(71).machine) is None


def test_while_somebody_is_asked_the_panel_speaks_their_language() -> None:
    armed = Bench().rules(press_s=10).tap(0, replace(ADA, lang="de"))
    eva = Denied(frozenset({DenialReason.LIST_EXPIRED}), 7, 9, "Eva", "fr")
    pin = Bench().tap(0, eva, master=MasterGrant(9, "digest", replace(ADA, lang="fr"), None))

    assert (language(armed.machine), language(pin.machine)) == ("de", "fr")
