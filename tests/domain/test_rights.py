"""What one person may use now: the reasons of the lists, with what service and hours add at the machine."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.domain.access import judge
from server.domain.facts import (
    ClosureFact,
    Facts,
    HolderFact,
    HoursFact,
    MachineFact,
    MembershipFact,
    PayerFact,
    QualificationFact,
    TokenFact,
)
from server.domain.rights import rights_of
from wire.messages import DenialReason, RiskClass, Service

ZONE = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 10, 14, 8, 0, tzinfo=UTC)  # a Wednesday, 10:00 in Mulhouse
LONG_AGO, SOON = NOW - timedelta(days=90), NOW + timedelta(days=3)
ADA = 4711


def facts(**other) -> Facts:
    known = {
        "holders": (HolderFact(ADA, "fr"),),
        "tokens": (TokenFact("t1", "ab" * 16, ADA, LONG_AGO),),
        "memberships": (MembershipFact("m1", ADA, "acme", 0, LONG_AGO),),
        "payers": (PayerFact("acme", "Acme", LONG_AGO),),
        "qualifications": (QualificationFact("q1", ADA, "printing", "alone", LONG_AGO),),
        "machines": (machine("p1", "printing"),),
    }
    return Facts(**(known | other))


def machine(code: str, *skills: str, **other) -> MachineFact:
    return MachineFact(code, "agent-1", code.upper(), "printer", RiskClass.LOW, frozenset(skills), **other)


def test_somebody_with_badge_payer_and_skill_may_start():
    rights = rights_of(judge(facts(), NOW, ZONE), ADA)

    assert rights.against == ()
    assert rights.may(rights.machines[0])
    assert rights.machines[0].until is None


def test_each_missing_skill_is_named_with_its_reason():
    lapsed = QualificationFact("q2", ADA, "milling", "alone", LONG_AGO, NOW - timedelta(days=1))
    known = facts(qualifications=(lapsed,), machines=(machine("c1", "milling", "safety"),))

    [right] = rights_of(judge(known, NOW, ZONE), ADA).machines

    assert [(lack.skill, lack.reason) for lack in right.lacks] == [
        ("milling", DenialReason.QUALIFICATION_EXPIRED),
        ("safety", DenialReason.QUALIFICATION_MISSING),
    ]
    assert right.lacks[0].since == NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"tokens": ()}, DenialReason.UNKNOWN_TOKEN),
        ({"tokens": (TokenFact("t1", "ab" * 16, ADA, LONG_AGO, blocked_at=NOW),)}, DenialReason.TOKEN_BLOCKED),
        ({"tokens": (TokenFact("t1", "ab" * 16, ADA, LONG_AGO, NOW),)}, DenialReason.TOKEN_EXPIRED),
        ({"holders": (HolderFact(ADA, "fr", blocked_at=LONG_AGO),)}, DenialReason.HOLDER_BLOCKED),
        ({"memberships": ()}, DenialReason.MEMBERSHIP_ENDED),
        (
            {"memberships": (MembershipFact("m1", ADA, "acme", 0, LONG_AGO, ended_at=NOW),)},
            DenialReason.MEMBERSHIP_ENDED,
        ),
        ({"payers": (PayerFact("acme", "Acme", LONG_AGO, NOW),)}, DenialReason.CONTRACT_ENDED),
        (
            {"payers": (PayerFact("acme", "Acme", LONG_AGO, tenant_suspended_from=LONG_AGO),)},
            DenialReason.TENANT_SUSPENDED,
        ),
    ],
)
def test_what_stands_against_a_person_everywhere_is_said_once(other, reason):
    rights = rights_of(judge(facts(**other), NOW, ZONE), ADA)

    assert rights.against == (reason,)
    assert not rights.may(rights.machines[0])


def test_one_usable_badge_among_blocked_ones_is_enough():
    blocked = TokenFact("t1", "ab" * 16, ADA, LONG_AGO, blocked_at=LONG_AGO)
    good = TokenFact("t2", "cd" * 16, ADA, LONG_AGO)

    assert rights_of(judge(facts(tokens=(blocked, good)), NOW, ZONE), ADA).against == ()


def test_a_closed_machine_says_when_it_opens_and_one_out_of_service_says_so():
    out = machine("p2", "printing", service=Service.OUT_AFTER_JOB)
    known = facts(machines=(machine("p1", "printing"), out), hours=(HoursFact("printer", 3, time(9), time(17)),))

    first, second = rights_of(judge(known, NOW, ZONE), ADA).machines

    assert first.machine_reasons == (DenialReason.OUTSIDE_HOURS,)
    assert first.opens == datetime(2026, 10, 15, 7, 0, tzinfo=UTC)
    assert second.machine_reasons == (DenialReason.OUT_OF_SERVICE, DenialReason.OUTSIDE_HOURS)


def test_a_machine_that_is_closed_for_longer_than_a_week_is_closed():
    holidays = ClosureFact(None, NOW - timedelta(days=1), NOW + timedelta(days=14))

    [right] = rights_of(judge(facts(closures=(holidays,)), NOW, ZONE), ADA).machines

    assert right.machine_reasons == (DenialReason.OUTSIDE_HOURS,)
    assert right.opens is None


def test_a_right_ends_with_the_first_of_badge_membership_and_skill():
    known = facts(
        tokens=(TokenFact("t1", "ab" * 16, ADA, LONG_AGO, SOON + timedelta(days=1)),),
        qualifications=(QualificationFact("q1", ADA, "printing", "alone", LONG_AGO, SOON),),
    )

    assert rights_of(judge(known, NOW, ZONE), ADA).machines[0].until == SOON


def test_a_machine_that_asks_for_nothing_is_open_to_nobody():
    rights = rights_of(judge(facts(machines=(machine("p1"),)), NOW, ZONE), ADA)

    assert not rights.may(rights.machines[0])
