"""What a master badge may do, and all that it may not: it passes nothing that protects anybody."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.access import InForce, Local, MasterGrant, index
from agent.hardware import Input, Moved
from agent.masters import EXTENSION_MS, LONGEST_S, master_grant
from agent.reports import Disconnected
from agent.rules.pin import WRONG_PINS
from tests.agent.fakes import ADA, BOB, HOUR, KEY, START_MS, STRANGER, Box, a_list, a_machine, stamp, token
from wire.messages import (
    AccessDenied,
    AccessList,
    Booked,
    Dated,
    DenialReason,
    HolderEntry,
    ListExtended,
    Master,
    OnMaximum,
    Policy,
    RiskClass,
    Service,
    SessionStarted,
)
from wire.tokens import pin_digest

EVA = "em4100:0100ABCDEF"
PIN = "3141"
CUT_OFF_MS = 600_000


def a_lab(**machine: Any) -> AccessList:
    """Eva's master badge may do nothing by itself: she holds no qualification here."""
    master = Master(token(EVA), 9, pin_digest(9, PIN, KEY), "acme")
    lab = a_list(a_machine("p1", **machine), a_machine("p2"), masters=(master,))
    return replace(lab, holders=(*lab.holders, HolderEntry(token(EVA), 9, "Eva", "en", ())))


def granted(
    lab: AccessList, local: Local | None = None, away_ms: int | None = CUT_OFF_MS, busy: bool = False, at: float = 60
) -> MasterGrant | None:
    in_force = InForce(index(lab), stamp(0))
    return master_grant(in_force, token(EVA), "p1", stamp(at), local or Local(), away_ms, busy)


def test_cut_off_for_ten_minutes_it_may_start_for_two_hours_and_is_cut_then() -> None:
    grant = granted(a_lab())

    assert grant is not None
    assert (grant.holder, grant.extend_until_ms) == (9, None)
    assert (grant.grant.policy.max_s, grant.grant.policy.on_max) == (LONGEST_S, OnMaximum.CUT)


def test_the_machines_own_longest_time_counts_where_it_is_shorter() -> None:
    grant = granted(a_lab(policy=Policy(max_s=600, extend_s=600, extend_times=3)))

    assert grant is not None
    assert (grant.grant.policy.max_s, grant.grant.policy.extend_times) == (600, 0)


@pytest.mark.parametrize("away_ms", [None, 0, CUT_OFF_MS - 1])
def test_while_the_server_is_there_or_has_just_gone_it_is_a_badge_like_any_other(away_ms: int | None) -> None:
    assert granted(a_lab(), away_ms=away_ms) is None


@pytest.mark.parametrize("risk", RiskClass)
def test_it_starts_no_machine_of_high_risk(risk: RiskClass) -> None:
    assert (granted(a_lab(risk=risk)) is None) == (risk is RiskClass.HIGH)


@pytest.mark.parametrize("service", [Service.OUT, Service.OUT_AFTER_JOB, Service.MAINTENANCE])
def test_it_passes_no_wish_of_staff(service: Service) -> None:
    assert granted(a_lab(service=service)) is None


@pytest.mark.parametrize(
    "reason",
    [
        DenialReason.LATCHED,
        DenialReason.PROBLEM_REPORTED,
        DenialReason.EMERGENCY_STOP,
        DenialReason.BYPASSED,
        DenialReason.FAULT,
        DenialReason.AGENT_UPDATE_NEEDED,
    ],
)
def test_it_passes_nothing_that_the_box_knows(reason: DenialReason) -> None:
    assert granted(a_lab(), Local(frozenset({reason}))) is None


def test_it_passes_no_rule_that_this_agent_does_not_know() -> None:
    assert granted(a_lab(requires=("two_people",))) is None


def test_it_passes_no_overdue_check_no_missing_commissioning_and_no_outage() -> None:
    overdue = (Dated(DenialReason.CHECK_OVERDUE, START_MS),)
    outage = (Booked(START_MS, START_MS + HOUR * 1000, None),)

    assert granted(a_lab(denied=overdue)) is None
    assert granted(a_lab(booked=outage)) is None
    assert (
        granted(a_lab(denied=(Dated(DenialReason.CHECK_OVERDUE, START_MS + HOUR * 1000),))) is not None
    )  # the control


def test_where_two_persons_are_asked_for_it_starts_nothing_but_lets_the_list_hold() -> None:
    two = Policy(second_s=20)

    assert granted(a_lab(policy=two)) is None
    held = granted(a_lab(policy=two, valid_until_ms=START_MS))
    assert held is not None
    assert held.extend_until_ms is not None


def test_a_payer_that_does_not_pay_here_is_charged_for_no_master_badge() -> None:
    lab = a_lab()
    elsewhere = tuple(replace(card, machines=("p2",)) for card in lab.payers)

    assert granted(replace(lab, payers=elsewhere)) is None


def test_one_session_at_a_time() -> None:
    assert granted(a_lab(), busy=True) is None


def test_without_somebody_to_bill_it_starts_nothing() -> None:
    lab = a_lab()

    assert granted(replace(lab, payers=())) is None


@pytest.mark.parametrize("denied", [DenialReason.TOKEN_BLOCKED, DenialReason.HOLDER_BLOCKED])
def test_a_master_badge_that_was_lost_and_blocked_does_nothing(denied: DenialReason) -> None:
    lab = a_lab()
    *others, eva = lab.holders

    assert granted(replace(lab, holders=(*others, replace(eva, denied=denied)))) is None


def test_an_expired_list_it_lets_hold_once() -> None:
    expired = a_lab(valid_until_ms=START_MS)

    first = granted(expired)
    again = granted(expired, Local(extended_revision=1, extended_until_ms=START_MS + 1))

    assert first is not None
    assert again is not None
    assert first.extend_until_ms == stamp(60).wall_ms + EXTENSION_MS
    assert again.extend_until_ms is None


# --- at a box, with its button ------------------------------------------------------------------------------------------


def tapped_pin(box: Box, digits: str, second: float) -> float:
    for digit in digits:
        for _ in range(int(digit)):
            box.at(second).tell(Moved("p1", Input.BUTTON, True)).tell(Moved("p1", Input.BUTTON, False))
            second += 0.3
        second += 1.5
        box.at(second)
    return second


def on_monday_morning(directory: Path) -> Box:
    """The server has been dead since Friday, and the list is too old for new starts."""
    box = Box(directory, button=24).connected().give(a_lab())
    return box.tell(Disconnected()).at(73 * HOUR)


def test_on_monday_morning_one_master_badge_lets_everybody_work_again(tmp_path: Path) -> None:
    box = on_monday_morning(tmp_path)
    assert "No network" in box.tap(ADA).shows
    box.at(73 * HOUR + 10).tap(EVA)
    assert box.shows == "PIN | Presses, then a pause"

    second = tapped_pin(box, PIN, 73 * HOUR + 11)
    box.at(second + 10).tap(ADA)

    assert [one.holder for one in box.of(ListExtended)] == [9]
    assert [one.holder for one in box.of(SessionStarted)] == [1]
    assert not box.at(second + 13 * HOUR).tap(BOB, "p2").relays["p2"].on, "for this machine alone"
    box.close()


def test_after_twelve_hours_the_list_is_expired_again_and_no_second_time_helps(tmp_path: Path) -> None:
    box = on_monday_morning(tmp_path)
    box.tap(EVA)
    second = tapped_pin(box, PIN, 73 * HOUR + 1) + 12 * HOUR

    assert "No network" in box.at(second + 1).tap(ADA).shows
    box.tap(EVA)
    tapped_pin(box, PIN, second + 2)

    assert len(box.of(ListExtended)) == 1
    assert [one.master for one in box.of(SessionStarted)] == [True], "she can only work herself"
    box.close()


def test_a_found_master_badge_without_its_pin_starts_nothing(tmp_path: Path) -> None:
    box = on_monday_morning(tmp_path)
    box.tap(EVA)

    tapped_pin(box, "1111", 73 * HOUR + 1)

    assert box.shows == "Refused | Wrong PIN | Badge and try again"
    assert box.of(SessionStarted) == []
    box.close()


def test_pulling_the_plug_of_the_box_gives_no_new_tries(tmp_path: Path) -> None:
    box = on_monday_morning(tmp_path)
    for number in range(WRONG_PINS):
        second = 73 * HOUR + 100 * number
        box.at(second).tap(EVA)
        tapped_pin(box, "1111", second + 1)
        assert box.shows == "Refused | Wrong PIN | Badge and try again"

    box.restart(74 * HOUR)
    box.at(3600).tap(EVA)
    tapped_pin(box, PIN, 3601)

    assert box.of(SessionStarted) == []
    assert len([one for one in box.of(AccessDenied) if DenialReason.PIN_WRONG in one.reasons]) == WRONG_PINS
    box.close()


def test_the_master_badge_does_not_open_a_machine_under_maintenance(tmp_path: Path) -> None:
    box = Box(tmp_path, button=24).connected().give(a_lab(service=Service.MAINTENANCE))
    box.tell(Disconnected()).at(3600).tap(EVA)

    tapped_pin(box, PIN, 3601)

    assert box.of(SessionStarted) == []
    assert "Maintenance" in box.tap(EVA).shows
    box.close()


def test_a_stranger_is_asked_for_no_pin(tmp_path: Path) -> None:
    box = on_monday_morning(tmp_path).tap(STRANGER)

    assert "PIN" not in box.shows
    box.close()
