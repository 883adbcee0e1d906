"""What the server's rules put into a list is what the agent's rules decide from it: compiled, sent as bytes, read, tapped.

The facts are those of ``tests.domain.test_access``, in which one fact at a time is flipped; the server is not asked twice.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from agent.access import Denied, Grant, InForce, Local, decide, index
from server.domain.facts import LessonFact, MembershipFact, Minors, PayerRuleFact, SheetFact, SkillFact, WeekFact
from tests.domain.test_access import (
    ADA,
    ALL_MAY,
    BOB,
    CHAIN,
    FLIPS,
    HOUR,
    NOW,
    SKILL,
    TIE,
    TOKEN,
    compiled,
    with_machine,
    with_minor,
    with_payer,
    with_skill,
)
from wire.codec import encode
from wire.messages import DenialReason, Level, RiskClass, Stamp, TimeQuality, decode_access_list

BYPASS_IS_THE_AGENTS = {DenialReason.BYPASSED}  # a declared bypass is a wish; the box itself denies for it
AT_NOON = NOW + 2 * HOUR  # 12:00 on the lab's clock


def tap(facts, token=TOKEN.fingerprint, at=NOW):
    """The agent's answer to Ada's badge at the printer, from a list that was compiled and sent at ``NOW``."""
    listed = decode_access_list(encode(compiled(facts)))
    now = Stamp("boot", 1000, round(at.timestamp() * 1000), TimeQuality.SYNCED)
    return decide(InForce(index(listed), now), token, "p1", now, Local())


def test_in_the_lab_before_any_flip_the_badge_is_granted():
    answer = tap(ALL_MAY)

    assert isinstance(answer, Grant)
    assert (answer.holder, answer.level, [payer.id for payer in answer.payers]) == (ADA, Level.ALONE, ["acme"])


@pytest.mark.parametrize("reason", [one for one in FLIPS if one not in BYPASS_IS_THE_AGENTS])
def test_each_reason_alone_denies_at_the_box(reason):
    answer = tap(FLIPS[reason])

    if reason is DenialReason.SUPERVISED_ONLY:
        assert isinstance(answer, Grant)
        assert answer.asks_trainer
    else:
        assert isinstance(answer, Denied)
        assert answer.reasons == {reason}


@pytest.mark.parametrize("lapse", ["valid_until", "idle_until"])
def test_offline_a_right_is_refused_from_the_moment_it_lapses(lapse):
    facts = with_skill(**{lapse: NOW + HOUR})

    assert isinstance(tap(facts, at=NOW + HOUR - timedelta(seconds=1)), Grant)
    assert tap(facts, at=NOW + HOUR).reasons == {DenialReason.QUALIFICATION_EXPIRED}


def test_offline_an_overdue_legal_check_denies_from_its_day_and_nobody_elses_machine():
    due = FLIPS[DenialReason.CHECK_OVERDUE].machines[0]
    facts = with_machine(denied=(replace(due.denied[0], since=NOW + HOUR),))

    assert isinstance(tap(facts), Grant)
    assert tap(facts, at=NOW + HOUR).reasons == {DenialReason.CHECK_OVERDUE}


def test_the_minor_reads_nothing_about_age_anywhere_in_the_list():
    listed = encode(compiled(with_minor(Minors.NO)))

    assert b"minor" not in listed
    assert b"age" not in listed.replace(b"agent", b"")


@pytest.mark.parametrize(("at", "payer"), [(NOW, "beta"), (AT_NOON, "acme")])
def test_mornings_the_school_afternoons_the_company(at, payer):
    mornings = WeekFact(frozenset({2}), NOW.time().replace(hour=8), NOW.time().replace(hour=12))
    facts = replace(
        ALL_MAY,
        memberships=(TIE, MembershipFact("tie-9", ADA, "beta", 1, TIE.valid_from)),
        payer_rules=(PayerRuleFact(ADA, "beta", 0, mornings),),
    )

    assert tap(facts, at=at).payers[0].id == payer


def test_a_payer_that_pays_in_the_morning_only_is_closed_in_the_afternoon():
    mornings = WeekFact(frozenset({2}), NOW.time().replace(hour=8), NOW.time().replace(hour=12))
    facts = with_payer(hours=(mornings,))

    assert isinstance(tap(facts), Grant)
    assert tap(facts, at=AT_NOON).reasons == {DenialReason.PAYER_NOT_HERE}


def test_a_missing_prerequisite_denies_although_the_machines_own_skill_is_held():
    assert isinstance(tap(replace(ALL_MAY, skills=CHAIN)), Denied)


def test_a_class_opens_the_machine_for_its_trainer_until_its_hour_and_the_organiser_pays():
    lesson = LessonFact("class-1", "p1", ADA, "beta", NOW, NOW + HOUR)
    facts = replace(ALL_MAY, lessons=(lesson,), qualifications=(replace(SKILL, level="trainer"),))

    answer = tap(facts)

    assert isinstance(answer, Grant)
    assert (answer.lesson, [payer.id for payer in answer.payers], answer.policy.max_s) == ("class-1", ["beta"], 3600)


def test_a_machine_that_only_logs_starts_and_tells_what_would_have_denied():
    facts = replace(
        FLIPS[DenialReason.QUALIFICATION_MISSING], machines=with_machine(log_only_until=NOW + HOUR).machines
    )

    during, after = tap(facts), tap(facts, at=NOW + HOUR)

    assert isinstance(during, Grant)
    assert during.told == {DenialReason.QUALIFICATION_MISSING}
    assert after.reasons == {DenialReason.QUALIFICATION_MISSING}


def test_in_days_of_grace_a_trainer_is_asked_for():
    facts = replace(with_skill(valid_until=NOW - HOUR), skills=(SkillFact("printing", grace_days=14),))

    assert tap(facts).asks_trainer


def test_two_tokens_of_one_holder_are_one_person_in_the_list():
    spare = replace(TOKEN, ref="spare", fingerprint="f9" * 16)
    facts = replace(ALL_MAY, tokens=(*ALL_MAY.tokens, spare))

    assert tap(facts).holder == tap(facts, "f9" * 16).holder == ADA
    assert tap(facts, "f2" * 16).holder == BOB


@pytest.mark.parametrize("looks_on_until", [None, NOW + timedelta(days=2)])
def test_offline_a_day_badge_is_over_at_its_hour_and_its_holders_own_badge_is_not(looks_on_until):
    day_badge = replace(TOKEN, ref="day", fingerprint="f9" * 16, valid_until=NOW + HOUR)
    machines = with_machine(log_only_until=looks_on_until).machines
    facts = replace(ALL_MAY, tokens=(*ALL_MAY.tokens, day_badge), machines=machines)

    before, after = tap(facts, "f9" * 16, NOW + HOUR - timedelta(seconds=1)), tap(facts, "f9" * 16, NOW + HOUR)

    assert isinstance(before, Grant)
    assert (after.reasons, after.good) == ({DenialReason.TOKEN_EXPIRED}, False)
    assert isinstance(tap(facts, at=NOW + HOUR), Grant)


def test_offline_a_tenant_pauses_at_the_moment_that_was_announced():
    facts = with_payer(tenant_suspended_from=NOW + HOUR)

    assert isinstance(tap(facts, at=NOW + HOUR - timedelta(seconds=1)), Grant)
    assert tap(facts, at=NOW + HOUR).reasons == {DenialReason.PAYER_NOT_HERE}


def test_offline_a_new_safety_sheet_is_asked_for_from_its_moment():
    facts = replace(ALL_MAY, sheets=(SheetFact(SKILL.skill, 1, NOW + HOUR),))

    assert isinstance(tap(facts, at=NOW + HOUR - timedelta(seconds=1)), Grant)
    assert tap(facts, at=NOW + HOUR).reasons == {DenialReason.QUALIFICATION_EXPIRED}


def test_the_highest_risk_still_denies_while_the_clock_is_not_set():
    listed = decode_access_list(encode(compiled(with_machine(risk=RiskClass.HIGH))))
    guess = Stamp("boot", 1000, round(NOW.timestamp() * 1000), TimeQuality.ESTIMATED)

    answer = decide(InForce(index(listed), guess), TOKEN.fingerprint, "p1", guess, Local())

    assert isinstance(answer, Denied)
    assert answer.reasons == {DenialReason.CLOCK_NOT_SET}
