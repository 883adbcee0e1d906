"""Flip one fact at a time: each reason alone denies, and nothing but an empty set of reasons grants."""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from agent.access import Denied, Grant, InForce, Local, Payer, Reason, decide, index
from tests.agent.fakes import ADA, HOUR, START_MS, STRANGER, a_list, a_machine, stamp, token
from wire.messages import (
    PAYER_REASONS,
    AccessList,
    Authorisation,
    Booked,
    Dated,
    DenialReason,
    Interval,
    PayerCard,
    Refusal,
    RiskClass,
    Service,
    Stamp,
    TimeQuality,
)

BEFORE, LATER = START_MS - 1, START_MS + HOUR * 1000
SECOND = PayerCard("second", "Second")


class Case(NamedTuple):
    """One tap; by default of Ada, who may."""

    listed: AccessList | None = a_list()
    card: str = ADA
    now: Stamp = stamp(1)
    local: Local = Local()
    received: Stamp = stamp(0)


def machine(**changes: Any) -> Case:
    return Case(a_list(a_machine("p1", **changes)))


def may_not(*reasons: DenialReason) -> Case:
    return machine(may=(), may_not=(Refusal(1, reasons, START_MS),))


def denied_by_token(reason: DenialReason) -> Case:
    listed = a_list()
    return Case(replace(listed, holders=(replace(listed.holders[0], denied=reason),)))


def closed(reason: DenialReason) -> Case:
    return Case(a_list(payers=(PayerCard("acme", "Acme", closed=reason), PayerCard("second", "Second"))))


ALONE: dict[DenialReason, Case] = {
    DenialReason.UNKNOWN_TOKEN: Case(card=STRANGER),
    DenialReason.TOKEN_BLOCKED: denied_by_token(DenialReason.TOKEN_BLOCKED),
    DenialReason.TOKEN_EXPIRED: denied_by_token(DenialReason.TOKEN_EXPIRED),
    DenialReason.HOLDER_BLOCKED: denied_by_token(DenialReason.HOLDER_BLOCKED),
    DenialReason.QUALIFICATION_MISSING: machine(may=()),
    DenialReason.QUALIFICATION_EXPIRED: machine(may=(Authorisation(1, "alone", START_MS),)),
    DenialReason.QUALIFICATION_REVOKED: may_not(DenialReason.QUALIFICATION_REVOKED),
    DenialReason.OUTSIDE_HOURS: machine(open=(Interval(BEFORE, START_MS), Interval(LATER, LATER + 1))),
    DenialReason.OUT_OF_SERVICE: machine(service=Service.OUT),
    DenialReason.MAINTENANCE: machine(service=Service.MAINTENANCE),
    DenialReason.LIST_MISSING: Case(listed=None),
    DenialReason.LIST_EXPIRED: machine(valid_until_ms=START_MS + 1000),
    DenialReason.CLOCK_NOT_SET: machine(risk=RiskClass.HIGH)._replace(now=stamp(1, quality=TimeQuality.ESTIMATED)),
    DenialReason.AGENT_UPDATE_NEEDED: machine(requires=("confirmed_end", "two_people")),
    DenialReason.SHEET_NOT_ACCEPTED: may_not(DenialReason.SHEET_NOT_ACCEPTED),
    DenialReason.FRAME_REQUIRED: may_not(DenialReason.FRAME_REQUIRED),
    DenialReason.BOOKED: machine(booked=(Booked(BEFORE, LATER, 2),)),
    DenialReason.NOT_COMMISSIONED: machine(denied=(Dated(DenialReason.NOT_COMMISSIONED, BEFORE),)),
    DenialReason.CHECK_OVERDUE: machine(denied=(Dated(DenialReason.CHECK_OVERDUE, START_MS + 1000),)),
    DenialReason.MEMBERSHIP_ENDED: closed(DenialReason.MEMBERSHIP_ENDED),
    DenialReason.TENANT_SUSPENDED: closed(DenialReason.TENANT_SUSPENDED),
    DenialReason.CONTRACT_ENDED: closed(DenialReason.CONTRACT_ENDED),
    DenialReason.BUDGET_REACHED: closed(DenialReason.BUDGET_REACHED),
    DenialReason.PAYER_NOT_HERE: Case(a_list(payers=(PayerCard("acme", "Acme", machines=("p2",)), SECOND))),
}


# what the box itself knows; whether a machine is in use, a PIN, and who stands beside are the session machine's business
LOCAL = (
    DenialReason.LATCHED,
    DenialReason.PROBLEM_REPORTED,
    DenialReason.EMERGENCY_STOP,
    DenialReason.BYPASSED,
    DenialReason.FAULT,
)
ALONE |= {reason: Case(local=Local(frozenset({reason}))) for reason in LOCAL}
NOT_DECIDED_HERE = {
    DenialReason.IN_USE,
    DenialReason.PIN_WRONG,
    DenialReason.SUPERVISED_ONLY,
    DenialReason.SECOND_PERSON,
}


def answer(case: Case) -> Grant | Denied:
    in_force = None if case.listed is None else InForce(index(case.listed), case.received)
    return decide(in_force, token(case.card), "p1", case.now, case.local)


def reasons(case: Case) -> set[Reason]:
    given = answer(case)
    return set(given.reasons) if isinstance(given, Denied) else set()


def granted(case: Case) -> Grant:
    given = answer(case)
    assert isinstance(given, Grant), given
    return given


def test_with_nothing_against_it_a_tap_is_granted() -> None:
    given = answer(Case())

    assert isinstance(given, Grant)
    assert given.holder == 1
    assert given.payers == (Payer("acme", "Acme", 900), Payer("second", "Second", None))


@pytest.mark.parametrize("reason", [reason for reason in DenialReason if reason not in NOT_DECIDED_HERE])
def test_each_reason_alone_denies(reason: DenialReason) -> None:
    assert reasons(ALONE[reason]) == {reason}


def test_all_reasons_that_hold_are_told_and_not_the_first_found() -> None:
    case = machine(service=Service.OUT, valid_until_ms=START_MS, may=())._replace(
        local=Local(frozenset({DenialReason.LATCHED, DenialReason.FAULT}))
    )

    assert reasons(case) == {
        DenialReason.OUT_OF_SERVICE,
        DenialReason.LIST_EXPIRED,
        DenialReason.QUALIFICATION_MISSING,
        DenialReason.LATCHED,
        DenialReason.FAULT,
    }


@pytest.mark.parametrize("reason", sorted(PAYER_REASONS))
def test_a_closed_default_payer_denies_though_the_next_one_is_open(reason: DenialReason) -> None:
    given = answer(closed(reason))

    assert isinstance(given, Denied)
    assert given.reasons == {reason}
    assert given.otherwise is not None
    assert [payer.id for payer in given.otherwise.payers] == ["second"]


def test_where_more_than_the_payer_is_in_the_way_no_other_payer_is_offered() -> None:
    case = closed(DenialReason.BUDGET_REACHED)._replace(local=Local(frozenset({DenialReason.FAULT})))

    given = answer(case)

    assert isinstance(given, Denied)
    assert given.otherwise is None


def test_a_closed_payer_behind_the_default_denies_nothing() -> None:
    second = PayerCard("second", "Second", closed=DenialReason.BUDGET_REACHED)

    assert isinstance(answer(Case(a_list(payers=(PayerCard("acme", "Acme"), second)))), Grant)


def test_a_holder_without_any_payer_is_denied() -> None:
    listed = a_list()

    case = Case(replace(listed, holders=(replace(listed.holders[0], payers=()),)))

    assert reasons(case) == {DenialReason.MEMBERSHIP_ENDED}


def test_a_payer_that_the_list_does_not_explain_is_no_payer() -> None:
    assert reasons(Case(a_list(payers=()))) == {DenialReason.MEMBERSHIP_ENDED}


def test_a_refusal_that_names_no_reason_still_refuses() -> None:
    assert reasons(may_not()) == {DenialReason.QUALIFICATION_MISSING}


def test_a_machine_the_list_does_not_know_has_no_list() -> None:
    assert reasons(Case(a_list(a_machine("p2")))) == {DenialReason.LIST_MISSING}


def test_out_after_the_job_denies_the_next_start() -> None:
    assert reasons(machine(service=Service.OUT_AFTER_JOB)) == {DenialReason.OUT_OF_SERVICE}


def test_a_machine_is_open_from_the_first_moment_of_its_hours_to_the_last() -> None:
    hours = machine(open=(Interval(START_MS, START_MS + 2000),))

    assert isinstance(answer(hours._replace(now=stamp(0))), Grant)
    assert isinstance(answer(hours._replace(now=stamp(1.999))), Grant)
    assert reasons(hours._replace(now=stamp(2))) == {DenialReason.OUTSIDE_HOURS}


def test_a_refusal_tells_since_when_and_until_when() -> None:
    opening = (Interval(LATER, LATER + 1),)
    case = machine(may=(), may_not=(Refusal(1, (DenialReason.QUALIFICATION_EXPIRED,), BEFORE),), open=opening)

    given = answer(case)

    assert isinstance(given, Denied)
    assert (given.since_ms, given.until_ms, given.name) == (BEFORE, LATER, "Ada")


# --- the clock ----------------------------------------------------------------------------------------------------------

UNSET = TimeQuality.ESTIMATED
VALID_S = 72 * HOUR


def test_without_a_clock_a_high_risk_machine_denies_and_a_printer_starts() -> None:
    unset = stamp(1, "boot-2", UNSET)

    assert reasons(machine(risk=RiskClass.HIGH)._replace(now=unset)) == {DenialReason.CLOCK_NOT_SET}
    assert reasons(machine(risk=RiskClass.MEDIUM)._replace(now=unset)) == set()
    assert reasons(machine()._replace(now=unset)) == set()


def test_a_clock_that_was_set_in_this_boot_is_still_good() -> None:
    anchored = stamp(1, quality=TimeQuality.ANCHORED)

    assert reasons(machine(risk=RiskClass.HIGH)._replace(now=anchored)) == set()


def test_without_a_clock_the_list_runs_out_counted_from_its_receipt_in_the_same_boot() -> None:
    years_ago = Stamp("boot-2", 1000, 0, UNSET)
    case = Case(received=years_ago)

    assert reasons(case._replace(now=Stamp("boot-2", VALID_S * 1000 + 999, 5000, UNSET))) == set()
    late = case._replace(now=Stamp("boot-2", VALID_S * 1000 + 1000, 5000, UNSET))
    assert reasons(late) == {DenialReason.LIST_EXPIRED}


def test_without_a_clock_the_list_of_an_earlier_boot_runs_out_by_the_time_on_disk() -> None:
    case = Case(received=stamp(100, "boot-1"))

    assert reasons(case._replace(now=stamp(100 + VALID_S - 1, "boot-2", UNSET))) == set()
    assert reasons(case._replace(now=stamp(100 + VALID_S, "boot-2", UNSET))) == {DenialReason.LIST_EXPIRED}
