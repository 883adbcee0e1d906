"""People at a box with the real main loop, a real list and a real state file: together, one after the other, and after a restart."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.hardware import Input, Moved
from tests.agent.fakes import ADA, BOB, HOUR, START_MS, Box, a_list, a_machine, token
from wire.messages import (
    AccessDenied,
    AccessList,
    Authorisation,
    Booked,
    Dated,
    DenialReason,
    EndReason,
    HolderEntry,
    Lesson,
    Level,
    MachineState,
    OnLoss,
    PayerCard,
    Policy,
    Refusal,
    SessionEnded,
    SessionStarted,
    SignOff,
    Unattended,
)

LEO, TOM, TOMS_SECOND = "em4100:0100000003", "em4100:0100000004", "em4100:0100000044"
MAY = (
    Authorisation(1, Level.ALONE),
    Authorisation(2, Level.ALONE),
    Authorisation(3, Level.SUPERVISED),
    Authorisation(4, Level.TRAINER),
)


def a_lab(**machine: Any) -> AccessList:
    """Ada and Bob may use it alone, Leo with a trainer beside, and Tom, who has two badges, is one."""
    listed = a_list(a_machine("p1", may=MAY, **machine), a_machine("p2"))
    people = (
        HolderEntry(token(LEO), 3, "Leo", "en", ("acme",)),
        HolderEntry(token(TOM), 4, "Tom", "en", ("acme",)),
        HolderEntry(token(TOMS_SECOND), 4, "Tom", "en", ("acme",)),
    )
    payers = (*listed.payers, PayerCard("school", "School"))
    return replace(listed, holders=(*listed.holders, *people), payers=payers)


def box(directory: Path, on_loss: OnLoss = OnLoss.OFF, button: int | None = None, **machine: Any) -> Box:
    return Box(directory, on_loss, button).connected().give(a_lab(**machine))


def press(one: Box) -> Box:
    return one.tell(Moved("p1", Input.BUTTON, True)).tell(Moved("p1", Input.BUTTON, False))


def test_tapping_once_during_a_job_shows_the_time_and_tapping_twice_ends(tmp_path: Path) -> None:
    one = box(tmp_path).at(10).tap(ADA).at(6490).tap(ADA)
    assert one.shows == "Job running | 1 h 48 | about €16.20 | Tap again: stop"
    assert one.relays["p1"].on

    after = one.at(6493).tap(ADA)

    (end,) = after.of(SessionEnded)
    assert (end.reason, end.occupied_s) == (EndReason.HOLDER, 6483)
    assert not after.relays["p1"].on
    after.close()


def test_a_tap_that_only_looked_at_the_time_ends_nothing(tmp_path: Path) -> None:
    one = box(tmp_path).at(10).tap(ADA).at(100).tap(ADA).at(106).tap(ADA)

    assert one.relays["p1"].on
    assert one.of(SessionEnded) == []
    one.close()


def test_a_learner_starts_with_a_trainer_beside_and_both_are_in_the_records(tmp_path: Path) -> None:
    alone = box(tmp_path).at(10).tap(LEO)
    assert not alone.relays["p1"].on
    one = alone.at(20).tap(TOM)
    assert one.relays["p1"].on

    one.at(60).tap(LEO).at(61).tap(LEO)

    (start,), (end,) = one.of(SessionStarted), one.of(SessionEnded)
    assert (start.holder, start.supervisor) == (end.holder, end.supervisor) == (3, 4)
    assert one.of(AccessDenied) == []
    one.close()


def without(listed: AccessList, holder: int) -> AccessList:
    """The next list, in which this person may no longer."""
    may = tuple(one for one in MAY if one.holder != holder)
    return replace(listed, revision=2, machines=(replace(listed.machines[0], may=may), *listed.machines[1:]))


def test_what_is_taken_away_while_somebody_is_waited_for_starts_nothing(tmp_path: Path) -> None:
    one = box(tmp_path).at(10).tap(LEO).at(12).give(without(a_lab(), 3))
    assert [event.reasons for event in one.of(AccessDenied)] == [(DenialReason.QUALIFICATION_MISSING,)]

    one.at(15).tap(TOM)

    assert not one.relays["p1"].on
    one.close()


def test_a_list_that_changes_nothing_for_them_leaves_everybody_waiting(tmp_path: Path) -> None:
    one = box(tmp_path).at(10).tap(LEO).at(12).give(without(a_lab(), 2)).at(15).tap(TOM)

    assert one.relays["p1"].on
    one.close()


def test_what_is_taken_away_between_badge_and_button_starts_nothing(tmp_path: Path) -> None:
    pressed = Policy(press_s=10)
    one = box(tmp_path, button=5, policy=pressed).at(10).tap(ADA).at(12).give(without(a_lab(policy=pressed), 1))

    press(one.at(13))

    assert not one.relays["p1"].on
    assert len(one.of(AccessDenied)) == 1
    one.close()


def test_a_trainer_who_is_none_any_more_ends_signing_off(tmp_path: Path) -> None:
    one = press(box(tmp_path, button=5).at(10).tap(TOM)).give(without(a_lab(), 4)).at(12).tap(LEO)

    assert one.of(SignOff) == []
    one.close()


def test_two_tokens_of_one_holder_do_not_make_two_persons_at_the_box(tmp_path: Path) -> None:
    one = box(tmp_path, policy=Policy(second_s=20)).at(10).tap(TOM).at(12).tap(TOM).at(14).tap(TOMS_SECOND)

    assert not one.relays["p1"].on
    assert [event.reasons for event in one.of(AccessDenied)] == [(DenialReason.SECOND_PERSON,)]
    one.at(20).tap(ADA).at(22).tap(TOMS_SECOND)
    assert [(event.holder, event.companion) for event in one.of(SessionStarted)] == [(1, 4)]
    one.close()


def test_a_class_opened_by_its_trainer_ends_at_its_hour_and_its_organiser_pays(tmp_path: Path) -> None:
    lesson = Lesson("class-1", 4, "school", START_MS, START_MS + HOUR * 1000)
    one = box(tmp_path, lessons=(lesson,)).at(600).tap(TOM)
    assert one.relays["p1"].on

    after = one.at(HOUR)

    (end,) = after.of(SessionEnded)
    assert (end.reason, end.payer, end.lesson, end.occupied_s) == (
        EndReason.CLASS_OVER,
        "school",
        "class-1",
        HOUR - 600,
    )
    assert not after.relays["p1"].on
    after.close()


def test_a_trainer_signs_learners_off_at_the_box(tmp_path: Path) -> None:
    one = press(box(tmp_path, button=5).at(10).tap(TOM)).at(12).tap(LEO).at(14).tap(ADA)

    assert [(event.trainer, event.learner, event.machine) for event in one.of(SignOff)] == [(4, 3, "p1"), (4, 1, "p1")]
    assert not one.relays["p1"].on
    one.close()


def test_an_overdue_check_denies_everybody_from_its_day_on(tmp_path: Path) -> None:
    overdue = (Dated(DenialReason.CHECK_OVERDUE, START_MS + 60_000),)
    one = box(tmp_path, denied=overdue).at(61).tap(ADA)

    assert [event.reasons for event in one.of(AccessDenied)] == [(DenialReason.CHECK_OVERDUE,)]
    assert one.at(70).shows == "Locked | Safety check | overdue | Tell the workshop"
    one.close()


def test_a_booking_never_takes_power_from_who_was_there_before(tmp_path: Path) -> None:
    booked = (Booked(START_MS + HOUR * 1000, START_MS + 2 * HOUR * 1000, 2),)
    one = box(tmp_path, booked=booked).at(600).tap(ADA).at(HOUR + 60)

    assert one.relays["p1"].on
    assert one.shows == "In use | 51 min | Booked from now on | Finish soon"
    one.close()


def test_where_staff_look_on_a_start_tells_first_what_would_have_denied_it(tmp_path: Path) -> None:
    missing = Refusal(1, (DenialReason.SHEET_NOT_ACCEPTED,))
    one = Box(tmp_path).connected()
    listed = a_lab(log_only_until_ms=START_MS + HOUR * 1000, may_not=(missing,))

    one.give(listed).at(10).tap(ADA)

    assert one.relays["p1"].on
    kinds = [event.KIND for event in one.events]
    assert kinds[-2:] == ["access_denied", "session_started"]
    (denied,) = one.of(AccessDenied)
    assert (denied.enforced, denied.reasons, denied.key_id) == (False, (DenialReason.SHEET_NOT_ACCEPTED,), "k1")
    one.close()


# --- restarts -----------------------------------------------------------------------------------------------------------

HOURLY = Policy(supervise_s=HOUR, second_s=20)


def with_trainer(directory: Path, on_loss: OnLoss) -> Box:
    """Leo began at 10 with Tom beside, who is asked for every hour."""
    return box(directory, on_loss, policy=HOURLY).at(9).tap(LEO).at(10).tap(TOM).at(100)


def test_a_session_that_a_power_loss_ended_says_who_stood_beside(tmp_path: Path) -> None:
    one = with_trainer(tmp_path, OnLoss.OFF).restart(200)

    (end,) = one.of(SessionEnded)
    assert (end.reason, end.supervisor, end.companion) == (EndReason.POWER_LOSS, 4, 4)
    one.close()


def test_a_session_that_is_taken_up_misses_its_trainer_at_the_same_second(tmp_path: Path) -> None:
    one = with_trainer(tmp_path, OnLoss.HOLD)
    one.held = True
    one.restart(160)
    missed_s = 10 + HOUR - 160 + 1  # this boot began one second before 160

    one.at(missed_s - 1)
    assert one.of(Unattended) == []
    one.at(missed_s)

    (lapse,) = one.of(Unattended)
    assert lapse.at.wall_ms == START_MS + (10 + HOUR) * 1000
    assert one.of(SessionEnded) == []
    assert one.status.machines[0].problem
    assert one.status.machines[0].state is MachineState.RUNNING
    one.close()


def test_a_lapse_and_what_it_latched_are_known_after_a_restart_and_not_told_again(tmp_path: Path) -> None:
    one = with_trainer(tmp_path, OnLoss.HOLD).at(HOUR + 60)
    one.held = True

    one.restart(HOUR + 120).at(600)

    assert len(one.of(Unattended)) == 1
    assert one.status.machines[0].problem
    one.connected().give(replace(a_lab(policy=HOURLY, staff=(2,)), revision=2)).tap(LEO).at(601).tap(LEO)
    assert one.status.machines[0].state is MachineState.OUT_OF_SERVICE
    after = one.tap(BOB).at(602).tap(BOB)
    assert after.status.machines[0].state is MachineState.IDLE
    after.close()


def test_a_class_that_is_taken_up_ends_at_its_hour(tmp_path: Path) -> None:
    lesson = Lesson("class-1", 4, "school", START_MS, START_MS + HOUR * 1000)
    one = box(tmp_path, OnLoss.HOLD, lessons=(lesson,)).at(600).tap(TOM).at(700)
    one.held = True

    one.restart(800).at(HOUR)

    (end,) = one.of(SessionEnded)
    assert (end.reason, end.lesson, end.ended.wall_ms) == (EndReason.CLASS_OVER, "class-1", START_MS + HOUR * 1000)
    one.close()


def test_a_class_cut_by_a_power_loss_is_not_continued_by_its_trainers_own_use(tmp_path: Path) -> None:
    lesson = Lesson("class-1", 4, "school", START_MS, START_MS + 800_000)
    one = box(tmp_path, lessons=(lesson,), policy=Policy(continue_s=HOUR)).at(600).tap(TOM).at(700)

    one.restart(790).at(30).tap(TOM).at(31).tap(TOM)

    first, second = one.of(SessionStarted)
    assert (first.lesson, second.lesson, second.continues) == ("class-1", None, None)
    one.close()
