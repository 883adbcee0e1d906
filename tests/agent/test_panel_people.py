"""What the box says about other persons, bookings and classes: whom it waits for, and for how long."""

from dataclasses import replace
from typing import Any

import pytest

from agent.access import Denied
from agent.panel import Lamp, Sound, View, draw, language
from agent.stimuli import EndRecorded, Pressed, Wished
from agent.texts import LANGUAGES, translator
from tests.agent.fakes import START_MS, stamp
from tests.agent.rules import ADA, BOB, Bench
from tests.agent.test_panel_rules import said, shown
from tests.agent.test_rules_beside import A_CLASS, KIM, LEO, TOM, TWO
from tests.agent.test_rules_signing import EVA, OUT_TOM, signing
from wire.messages import DenialReason, Policy, RiskClass, Service


def refused(reason: DenialReason | str, **facts: Any) -> Bench:
    return Bench().tap(0, Denied(frozenset({reason}), 7, 1, "Ada", "en", **facts))


def test_whoever_is_waited_for_is_named_with_the_seconds_left() -> None:
    learner = Bench().rules(press_s=10).tap(0, LEO)
    two = Bench().rules(**TWO).tap(0)

    assert said(learner) == "Waits | Trainer’s badge | within 30 s | Then the button"
    assert said(learner.at(12.5)) == "Waits | Trainer’s badge | within 18 s | Then the button"
    assert said(two.at(5)) == "Waits | Second person | within 15 s | Then it starts"
    assert shown(two).lamp is Lamp.ASKING


def test_the_box_speaks_the_learners_language_while_it_waits() -> None:
    assert language(Bench().tap(0, LEO).machine) == "fr"
    assert language(Bench().tap(0, replace(TOM, lang="de")).machine) == "de"


def test_when_nobody_came_it_says_what_to_do() -> None:
    assert said(Bench().tap(0, LEO).at(30)) == "Refused | Only together | with a trainer | Trainer’s badge too"
    assert said(Bench().rules(**TWO).tap(0).at(20)) == "Refused | Two persons | needed | A second badge too"


def test_a_trainer_reads_what_the_badge_can_do() -> None:
    assert said(Bench().tap(0, TOM)) == "Trainer | Tap again: start | Button: sign off | Learner: their badge"
    assert said(Bench(has_button=False).tap(0, TOM)) == "Trainer | Tap again: start | Learner: their badge"


def test_signing_off_asks_for_learners_and_says_what_is_still_to_do() -> None:
    bench = signing()
    assert said(bench) == "Sign off | Badge of | the learner | Own badge: end"

    bench.tap(6, EVA)

    assert said(bench) == "Signed off | Noted | Next, or yours: end"
    bench.machine = replace(bench.machine, risk=RiskClass.HIGH)
    assert said(bench) == "Signed off | Noted | Then the checklist | Next, or yours: end"
    assert shown(bench).right == "Eva"
    assert said(bench.at(12)) == "Sign off | Badge of | the learner | Own badge: end"


def test_who_signs_themselves_off_is_told_in_a_sentence() -> None:
    bench = signing().tap(6, TOM, token="the trainer's other badge")

    assert said(bench) == "Refused | Nobody signs | themselves off | A learner’s badge"


def test_a_trainer_who_is_refused_reads_that_signing_off_is_possible() -> None:
    bench = Bench().does(Wished(RiskClass.LOW, Service.OUT, False, None, 0), 0).tap(1, OUT_TOM)

    assert said(bench) == "Refused | Out of service | Button: sign off"
    assert said(bench.at(6)).startswith("Trainer")


def test_a_minute_before_somebody_is_missed_it_warns_and_afterwards_it_says_so_as_long_as_it_is_so() -> None:
    bench = Bench().rules(supervise_s=600).tap(0, LEO).tap(0, TOM).at(530)
    assert said(bench).startswith("In use | 8 min")

    assert said(bench.at(555)) == "In use | Trainer’s badge | within 45 s | Or staff is told"
    assert (shown(bench).lamp, shown(bench).sound) == (Lamp.IDLE, Sound.ATTENTION)
    assert said(bench.at(900)) == "In use | Nobody beside | Staff is told | Trainer’s badge now"
    assert shown(bench).lamp is Lamp.REFUSED
    assert said(bench.tap(901, KIM)) == "In use | Thank you | Noted | Again in 10 min"


def test_a_second_person_is_called_too() -> None:
    bench = Bench().rules(again_s=600, **TWO).tap(0).tap(0, BOB).at(555)

    assert said(bench) == "In use | Second person | within 45 s | Or staff is told"
    assert said(bench.at(700)).endswith("Second badge now")


def test_a_class_is_called_one_and_says_that_it_is_over() -> None:
    bench = Bench().tap(0, A_CLASS).at(60)
    assert said(bench).startswith("Class | 1 min")

    bench.at(3600).does(EndRecorded(), 3600)

    assert said(bench) == "Ended | 1 h 00 | The class is over | Badge here"


def test_a_booking_says_how_long_it_lasts_or_how_soon_it_begins() -> None:
    policy = Policy(max_s=5400)
    before = Bench().tap(0, replace(ADA, booked_s=5400, policy=policy))

    assert said(refused(DenialReason.BOOKED, until_ms=START_MS + 9_000_000)) == (
        "Refused | Booked | for 2 h 30 | Choose another time"
    )
    assert said(before) == "Granted | €9.00 an hour | Acme | Booked in 1 h 30"
    assert said(before.at(5401)) == "In use | 1 h 30 | Booked from now on | Finish soon"
    assert "Booked" not in said(Bench().tap(0, replace(ADA, booked_s=40 * 3600)))


def test_a_booking_of_next_week_is_no_longest_time_to_bystanders() -> None:
    bench = Bench().tap(0, replace(ADA, policy=Policy(max_s=150 * 3600))).tap(60, BOB)

    assert said(bench) == "Refused | Already in use | for 1 min | Free when it ends"


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_a_minor_reads_nothing_about_age(spoken: str) -> None:
    text = said(refused(DenialReason.FRAME_REQUIRED), spoken).lower()

    assert not any(word in text for word in ("age", "âge", "alter", "minor", "mineur", "minder", "jahr", "ans"))


def test_a_minor_is_sent_to_the_desk_in_neutral_words() -> None:
    text = said(refused(DenialReason.FRAME_REQUIRED), "fr")

    assert text == "Refusé | Seulement en | formation encadrée | Voir l’accueil"


def test_a_reason_that_is_newer_than_the_program_is_told_in_general_words() -> None:
    assert said(refused("full_moon")) == "Refused | Not available | Ask at the desk"


def test_what_keeps_everybody_away_from_a_day_on_is_told_without_any_badge() -> None:
    bench = Bench()
    view = View(bench.machine, "Press", "", 0, False, stamp(0), denied=(DenialReason.CHECK_OVERDUE,))

    one = draw(view, translator("en"))

    assert (one.head, one.lines) == ("Locked", ("Safety check", "overdue"))


def test_pressing_the_button_begins_signing_off_in_the_trainers_words() -> None:
    bench = Bench().tap(0, replace(TOM, lang="fr")).does(Pressed(), 1)

    assert said(bench, "fr") == "Valider | Badge | de l’élève | Votre badge = fin"
