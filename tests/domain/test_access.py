"""Flip one fact of a lab in which everybody may: each reason alone denies, or closes one payer and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.domain.access import compile_list, judge
from server.domain.facts import (
    BookingFact,
    ClosureFact,
    DeniedFact,
    Facts,
    GoneFact,
    HolderFact,
    HoursFact,
    LessonFact,
    MachineFact,
    MasterFact,
    MembershipFact,
    Minors,
    PayerFact,
    PayerRuleFact,
    QualificationFact,
    SheetFact,
    SkillFact,
    StaffFact,
    TenantFact,
    TokenFact,
    WeekFact,
    next_turn,
)
from server.domain.takings import REVOKED_FOR
from wire.messages import (
    FEATURES,
    PAYER_REASONS,
    Authorisation,
    Booked,
    DenialReason,
    Interval,
    Lesson,
    Level,
    OnMaximum,
    Policy,
    Refusal,
    Revocation,
    RiskClass,
    Service,
    Shows,
    Taken,
)

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
YEAR_AGO, HOUR, DAY = NOW - timedelta(days=365), timedelta(hours=1), timedelta(days=1)
PARIS = ZoneInfo("Europe/Paris")
ADA, BOB = 1001, 1002


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


TOKEN = TokenFact("token-1", "f1" * 16, ADA, YEAR_AGO)
TIE = MembershipFact("tie-1", ADA, "acme", 0, YEAR_AGO)
SKILL = QualificationFact("skill-1", ADA, "printing", "alone", YEAR_AGO)
PRINTER = MachineFact("p1", "agent-1", "Printer", "printer", RiskClass.LOW, frozenset({"printing"}))
ALL_MAY = Facts(
    holders=(HolderFact(ADA, "fr", "Ada"), HolderFact(BOB, "de")),
    tokens=(TOKEN, TokenFact("token-2", "f2" * 16, BOB, YEAR_AGO)),
    memberships=(TIE, MembershipFact("tie-2", BOB, "acme", 0, YEAR_AGO)),
    payers=(PayerFact("acme", "Acme", YEAR_AGO), PayerFact("beta", "Beta", YEAR_AGO)),
    qualifications=(SKILL, QualificationFact("skill-2", BOB, "printing", "alone", YEAR_AGO)),
    machines=(PRINTER,),
    rates={("p1", "acme"): 300},
)


def compiled(facts, now=NOW, agent="agent-1"):
    return compile_list(judge(facts, now, PARIS), agent, 7, "k1")


def with_token(**changes):
    return replace(ALL_MAY, tokens=(replace(TOKEN, **changes), ALL_MAY.tokens[1]))


def with_holder(**changes):
    return replace(ALL_MAY, holders=(replace(ALL_MAY.holders[0], **changes), ALL_MAY.holders[1]))


def with_tie(**changes):
    return replace(ALL_MAY, memberships=(replace(TIE, **changes), ALL_MAY.memberships[1]))


def with_skill(**changes):
    return replace(ALL_MAY, qualifications=(replace(SKILL, **changes), ALL_MAY.qualifications[1]))


def with_payer(**changes):
    return replace(ALL_MAY, payers=(replace(ALL_MAY.payers[0], **changes), ALL_MAY.payers[1]))


def with_minor(minors, **more):
    """Ada is under age, and the printer is for such people so far."""
    holder = replace(ALL_MAY.holders[0], minor_until=NOW + 300 * DAY, **more)
    machine = replace(PRINTER, minors=minors)
    return replace(ALL_MAY, holders=(holder, ALL_MAY.holders[1]), machines=(machine,))


def with_machine(**changes):
    return replace(ALL_MAY, machines=(replace(PRINTER, **changes),))


# What of each reason the server judges, and how it says so. The rest are moments and states only the agent knows.
FLIPS = {
    DenialReason.UNKNOWN_TOKEN: replace(ALL_MAY, tokens=ALL_MAY.tokens[1:]),
    DenialReason.TOKEN_BLOCKED: with_token(blocked_at=NOW - HOUR),
    DenialReason.TOKEN_EXPIRED: with_token(valid_until=NOW),
    DenialReason.HOLDER_BLOCKED: with_holder(blocked_at=NOW - HOUR),
    DenialReason.QUALIFICATION_MISSING: replace(ALL_MAY, qualifications=ALL_MAY.qualifications[1:]),
    DenialReason.QUALIFICATION_EXPIRED: with_skill(valid_until=NOW),
    DenialReason.QUALIFICATION_REVOKED: with_skill(revoked_at=NOW - HOUR),
    DenialReason.SUPERVISED_ONLY: with_skill(level="supervised"),
    DenialReason.SHEET_NOT_ACCEPTED: replace(
        ALL_MAY, sheets=(SheetFact("printing", 2, NOW),), accepted={(BOB, "printing"): 2}
    ),
    DenialReason.FRAME_REQUIRED: with_minor(Minors.NO),
    DenialReason.BOOKED: replace(ALL_MAY, bookings=(BookingFact("p1", BOB, NOW - HOUR, NOW + HOUR),)),
    DenialReason.NOT_COMMISSIONED: with_machine(denied=(DeniedFact(DenialReason.NOT_COMMISSIONED, NOW - DAY),)),
    DenialReason.CHECK_OVERDUE: with_machine(denied=(DeniedFact(DenialReason.CHECK_OVERDUE, NOW),)),
    DenialReason.OUTSIDE_HOURS: replace(ALL_MAY, hours=(HoursFact("printer", 2, time(12), time(14)),)),
    DenialReason.OUT_OF_SERVICE: with_machine(service=Service.OUT),
    DenialReason.MAINTENANCE: with_machine(service=Service.MAINTENANCE),
    DenialReason.BYPASSED: with_machine(bypass_by="Paul", bypass_until=NOW + HOUR),
    DenialReason.MEMBERSHIP_ENDED: with_tie(ended_at=NOW - HOUR),
    DenialReason.TENANT_SUSPENDED: with_payer(tenant_suspended_from=NOW),
    DenialReason.CONTRACT_ENDED: with_payer(valid_until=NOW),
    DenialReason.BUDGET_REACHED: with_payer(budget_reached=True),
    DenialReason.PAYER_NOT_HERE: with_payer(machines=frozenset({"c1"})),
}
JUDGED_BY_THE_AGENT = {
    DenialReason.LATCHED,
    DenialReason.PROBLEM_REPORTED,
    DenialReason.EMERGENCY_STOP,
    DenialReason.PIN_WRONG,
    DenialReason.SECOND_PERSON,
    DenialReason.FAULT,
    DenialReason.IN_USE,
    DenialReason.LIST_MISSING,
    DenialReason.LIST_EXPIRED,
    DenialReason.CLOCK_NOT_SET,
    DenialReason.AGENT_UPDATE_NEEDED,
}


def reasons_for(facts, token="f1" * 16):
    """What an agent would be told about a tap of Ada's badge on the printer now: every reason in the list."""
    access_list = compiled(facts)
    [machine] = access_list.machines
    entry = next((entry for entry in access_list.holders if entry.token == token), None)
    if entry is None:
        return {DenialReason.UNKNOWN_TOKEN}
    found = {entry.denied} | {reason for one in machine.may_not if one.holder == entry.holder for reason in one.reasons}
    if not found - {None} and entry.holder not in {one.holder for one in machine.may}:
        found.add(DenialReason.QUALIFICATION_MISSING)
    if Authorisation(entry.holder, Level.SUPERVISED, None) in machine.may:
        found.add(DenialReason.SUPERVISED_ONLY)
    found.add(_closed(next(card for card in access_list.payers if card.id == entry.payers[0])))
    found.add(_state(machine, entry.holder))
    return found - {None}


def _closed(card):
    if card.machines is not None and "p1" not in card.machines:
        return DenialReason.PAYER_NOT_HERE
    return card.closed


def _state(machine, holder):
    for one in machine.denied:
        if one.from_ms <= _ms(NOW):
            return one.reason
    if any(one.from_ms <= _ms(NOW) < one.until_ms and one.holder != holder for one in machine.booked):
        return DenialReason.BOOKED
    if machine.open is not None and not any(one.from_ms <= _ms(NOW) < one.until_ms for one in machine.open):
        return DenialReason.OUTSIDE_HOURS
    if machine.bypass is not None:
        return DenialReason.BYPASSED
    states = {Service.OUT: DenialReason.OUT_OF_SERVICE, Service.MAINTENANCE: DenialReason.MAINTENANCE}
    return states.get(machine.service)


def test_in_the_lab_before_any_flip_both_may():
    [machine] = compiled(ALL_MAY).machines

    assert reasons_for(ALL_MAY) == set()
    assert machine.may == (Authorisation(ADA, "alone", None), Authorisation(BOB, "alone", None))
    assert machine.may_not == ()


@pytest.mark.parametrize("reason", FLIPS)
def test_each_reason_alone_denies(reason):
    assert reasons_for(FLIPS[reason]) == {reason}


def test_every_denial_reason_has_a_row_here():
    assert set(DenialReason) == FLIPS.keys() | JUDGED_BY_THE_AGENT


@pytest.mark.parametrize("reason", [reason for reason in FLIPS if reason in PAYER_REASONS])
def test_what_is_wrong_with_a_payer_closes_that_payer_and_never_the_holder(reason):
    second = MembershipFact("tie-3", ADA, "beta", 1, YEAR_AGO)
    facts = FLIPS[reason]
    access_list = compiled(replace(facts, memberships=(*facts.memberships, second)))

    entry, closed = access_list.holders[0], {card.id: card.closed for card in access_list.payers}
    assert entry.denied is None
    assert ADA in {one.holder for one in access_list.machines[0].may}
    assert [closed[payer] for payer in entry.payers] == [
        None if reason is DenialReason.PAYER_NOT_HERE else reason,
        None,
    ]
    assert entry.payers[1] == "beta"


@pytest.mark.parametrize(
    "reason", [reason for reason in FLIPS if reason not in PAYER_REASONS | {DenialReason.UNKNOWN_TOKEN}]
)
def test_what_is_wrong_elsewhere_leaves_the_payers_open(reason):
    access_list = compiled(FLIPS[reason])

    assert all(card.closed is None for card in access_list.payers)


def test_every_reason_is_named_not_the_first_one_found():
    both = replace(PRINTER, skills=frozenset({"printing", "milling", "welding"}))
    facts = replace(
        FLIPS[DenialReason.HOLDER_BLOCKED],
        machines=(both,),
        qualifications=(
            replace(SKILL, valid_until=NOW - DAY),
            replace(SKILL, ref="skill-9", skill="milling", revoked_at=NOW - 2 * DAY),
        ),
    )

    refusal = next(one for one in compiled(facts).machines[0].may_not if one.holder == ADA)

    assert refusal == Refusal(
        ADA,
        (
            DenialReason.HOLDER_BLOCKED,
            DenialReason.QUALIFICATION_MISSING,
            DenialReason.QUALIFICATION_EXPIRED,
            DenialReason.QUALIFICATION_REVOKED,
        ),
        _ms(NOW - HOUR),
    )


def test_who_never_learned_it_is_in_neither_list():
    [machine] = compiled(FLIPS[DenialReason.QUALIFICATION_MISSING]).machines

    assert ADA not in {one.holder for one in machine.may} | {one.holder for one in machine.may_not}


def test_a_machine_that_asks_for_nothing_lets_nobody_start():
    [machine] = compiled(with_machine(skills=frozenset())).machines

    assert machine.may == ()


def test_all_skills_of_a_machine_are_asked_for():
    [machine] = compiled(with_machine(skills=frozenset({"printing", "milling"}))).machines

    assert machine.may == ()


# --- tokens and holders -----------------------------------------------------------------------------------------------


def test_a_holder_with_two_tokens_is_one_holder():
    spare = replace(TOKEN, ref="token-9", fingerprint="f9" * 16, blocked_at=NOW - HOUR)
    access_list = compiled(replace(ALL_MAY, tokens=(*ALL_MAY.tokens, spare)))

    assert [(entry.token[:2], entry.denied) for entry in access_list.holders if entry.holder == ADA] == [
        ("f1", None),
        ("f9", DenialReason.TOKEN_BLOCKED),
    ]
    assert [one.holder for one in access_list.machines[0].may] == [ADA, BOB]


def test_a_name_is_in_the_list_only_where_it_may_be_shown():
    assert [(entry.name, entry.lang) for entry in compiled(ALL_MAY).holders] == [("Ada", "fr"), (None, "de")]


def test_a_badge_that_was_returned_is_nobodys_until_it_is_lent_again():
    returned = replace(TOKEN, returned_at=NOW)
    again = replace(TOKEN, ref="token-9", holder=BOB, valid_from=NOW)
    before, after = (compiled(replace(ALL_MAY, tokens=tokens)) for tokens in ((returned,), (returned, again)))

    assert before.holders == ()
    assert [(entry.token, entry.holder) for entry in after.holders] == [(TOKEN.fingerprint, BOB)]


def test_a_token_that_is_valid_from_tomorrow_is_not_known_yet():
    facts = with_token(valid_from=NOW + DAY)

    assert [entry.holder for entry in compiled(facts).holders] == [BOB]
    assert next_turn(facts, NOW) == NOW + DAY
    assert [entry.holder for entry in compiled(facts, NOW + DAY).holders] == [ADA, BOB]


# --- qualifications ---------------------------------------------------------------------------------------------------


def test_a_qualification_that_starts_tomorrow_does_not_count_yet():
    facts = with_skill(valid_from=NOW + DAY)

    assert [one.holder for one in compiled(facts).machines[0].may] == [BOB]
    assert [one.holder for one in compiled(facts, NOW + DAY).machines[0].may] == [ADA, BOB]


def levels(facts, now=NOW, machine=0):
    return {one.holder: one.level for one in compiled(facts, now).machines[machine].may}


@pytest.mark.parametrize(
    ("level", "told"),
    [("supervised", "supervised"), ("alone", "alone"), ("trainer", "trainer"), ("wizard", "supervised")],
)
def test_a_level_reaches_as_far_as_it_says_and_an_unknown_one_no_further_than_beside_a_trainer(level, told):
    assert levels(with_skill(level=level))[ADA] == told


def test_of_several_qualifications_on_a_skill_the_highest_decides_until_it_lapses():
    beside = replace(SKILL, ref="beside", level="supervised")
    facts = replace(ALL_MAY, qualifications=(beside, replace(SKILL, valid_until=NOW + HOUR)))

    assert compiled(facts).machines[0].may == (Authorisation(ADA, "alone", _ms(NOW + HOUR)),)
    assert levels(facts, NOW + HOUR) == {ADA: "supervised"}


def test_a_machine_is_used_as_the_lowest_of_its_skills_allows():
    both = replace(PRINTER, skills=frozenset({"printing", "milling"}))
    facts = replace(
        ALL_MAY, machines=(both,), qualifications=(SKILL, replace(SKILL, skill="milling", level="supervised"))
    )

    assert levels(facts) == {ADA: "supervised"}


def test_a_trainer_of_the_machines_own_skills_teaches_there_whatever_these_need():
    needs = (SkillFact("printing", frozenset({"safety"})), SkillFact("safety"))
    facts = replace(
        ALL_MAY, skills=needs, qualifications=(replace(SKILL, level="trainer"), replace(SKILL, skill="safety"))
    )

    assert levels(facts) == {ADA: "trainer"}


def test_who_has_the_role_of_a_trainer_there_teaches_where_he_may_work_alone():
    role = StaffFact(ADA, "", "", YEAR_AGO, trains=True)
    elsewhere = replace(role, holder=BOB, machine="c1")
    facts = replace(ALL_MAY, staff=(role, elsewhere))
    beside = replace(facts, qualifications=(replace(SKILL, level="supervised"),))

    assert levels(facts) == {ADA: "trainer", BOB: "alone"}
    assert levels(beside) == {ADA: "supervised"}


# --- what a skill needs, and how it lapses ------------------------------------------------------------------------------

CHAIN = (SkillFact("printing", frozenset({"safety"})), SkillFact("safety", frozenset({"house"})), SkillFact("house"))


def test_what_a_skill_needs_is_asked_for_too_through_the_whole_chain():
    held = [replace(SKILL, ref=code, skill=code) for code in ("printing", "safety", "house")]

    assert ADA in levels(replace(ALL_MAY, skills=CHAIN, qualifications=tuple(held)))
    for missing in range(3):
        rest = tuple(held[:missing] + held[missing + 1 :])
        assert ADA not in levels(replace(ALL_MAY, skills=CHAIN, qualifications=rest))


def test_a_prerequisite_that_lapses_takes_along_what_needs_it():
    lapsed = replace(SKILL, ref="s", skill="safety", valid_until=NOW)
    facts = replace(ALL_MAY, skills=CHAIN, qualifications=(SKILL, lapsed, replace(SKILL, ref="h", skill="house")))

    assert compiled(facts).machines[0].may_not == (Refusal(ADA, (DenialReason.QUALIFICATION_EXPIRED,), _ms(NOW)),)


def test_an_override_counts_without_what_the_skill_needs_as_long_as_it_lasts():
    given = replace(SKILL, override=True, valid_until=NOW + HOUR)
    facts = replace(ALL_MAY, skills=CHAIN, qualifications=(given,))

    assert compiled(facts).machines[0].may == (Authorisation(ADA, "alone", _ms(NOW + HOUR)),)
    assert levels(facts, NOW + HOUR) == {}


def test_a_skill_not_used_for_too_long_lapses_and_a_use_in_between_keeps_it():
    unused, used = with_skill(idle_until=NOW), with_skill(idle_until=NOW + DAY)

    assert compiled(unused).machines[0].may_not == (Refusal(ADA, (DenialReason.QUALIFICATION_EXPIRED,), _ms(NOW)),)
    assert compiled(used).machines[0].may[0] == Authorisation(ADA, "alone", _ms(NOW + DAY))
    assert next_turn(used, NOW) == NOW + DAY


@pytest.mark.parametrize("lapse", ["valid_until", "idle_until"])
def test_in_its_days_of_grace_a_lapsed_skill_counts_with_a_trainer_beside(lapse):
    facts = replace(with_skill(**{lapse: NOW - DAY}), skills=(SkillFact("printing", grace_days=14),))
    over = NOW + 13 * DAY

    assert levels(facts)[ADA] == "supervised"
    assert next_turn(facts, NOW) == over
    assert ADA not in levels(facts, over)


def test_a_refresher_beside_a_trainer_that_has_lapsed_takes_no_days_of_grace_away():
    alone = replace(SKILL, valid_until=NOW - 5 * DAY)
    beside = replace(SKILL, ref="b", level="supervised", valid_from=NOW - 4 * DAY, valid_until=NOW - DAY)
    skills = (SkillFact("printing", grace_days=14),)

    assert levels(replace(ALL_MAY, skills=skills, qualifications=(alone, beside)))[ADA] == "supervised"


def test_there_is_no_grace_for_what_was_revoked_nor_for_one_who_never_worked_alone():
    skills = (SkillFact("printing", grace_days=14),)

    for row in (replace(SKILL, revoked_at=NOW - DAY), replace(SKILL, level="supervised", valid_until=NOW - DAY)):
        assert ADA not in levels(replace(ALL_MAY, skills=skills, qualifications=(row,)))


def test_a_changed_safety_sheet_must_be_accepted_from_its_day_on():
    facts = replace(ALL_MAY, sheets=(SheetFact("printing", 1, YEAR_AGO), SheetFact("printing", 2, NOW + DAY)))
    first = replace(facts, accepted={(ADA, "printing"): 1})
    second = replace(facts, accepted={(ADA, "printing"): 2})

    assert (ADA in levels(first), ADA in levels(first, NOW + DAY)) == (True, False)
    assert (ADA in levels(second), ADA in levels(second, NOW + DAY)) == (True, True)
    assert next_turn(first, NOW) == NOW + DAY


def test_who_must_read_a_new_safety_sheet_by_a_day_is_told_to_the_agent_with_that_day():
    sheets = (SheetFact("printing", 1, YEAR_AGO), SheetFact("printing", 2, NOW + HOUR))
    facts = replace(ALL_MAY, sheets=sheets, accepted={(ADA, "printing"): 1, (BOB, "printing"): 2})

    assert compiled(facts).machines[0].may == (
        Authorisation(ADA, "alone", _ms(NOW + HOUR)),
        Authorisation(BOB, "alone", None),
    )


# --- those who are under age --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minors", "framed_for", "level"),
    [
        (Minors.YES, None, "alone"),
        (Minors.FRAMED, None, None),
        (Minors.FRAMED, DAY, "supervised"),
        (Minors.FRAMED, timedelta(), None),
        (Minors.NO, DAY, None),
    ],
)
def test_who_is_under_age_uses_a_machine_as_its_rule_says(minors, framed_for, level):
    facts = with_minor(minors, framed_until=None if framed_for is None else NOW + framed_for)

    assert levels(facts).get(ADA) == level


def test_on_the_day_that_ends_it_the_rule_is_over_and_the_list_says_so_by_itself():
    facts = with_minor(Minors.NO)
    grown = facts.holders[0].minor_until

    assert next_turn(facts, NOW) == grown
    assert levels(facts, grown)[ADA] == "alone"


# --- bookings, closures, classes ----------------------------------------------------------------------------------------


def test_bookings_ahead_are_in_the_list_and_past_ones_are_not():
    ahead, past = BookingFact("p1", ADA, NOW + DAY, NOW + 2 * DAY), BookingFact("p1", ADA, NOW - DAY, NOW)
    outage = BookingFact("p1", None, NOW + HOUR, NOW + 2 * HOUR)

    [machine] = compiled(replace(ALL_MAY, bookings=(ahead, past, outage, replace(ahead, machine="c1")))).machines

    assert machine.booked == (
        Booked(_ms(NOW + HOUR), _ms(NOW + 2 * HOUR), None),
        Booked(_ms(NOW + DAY), _ms(NOW + 2 * DAY), ADA),
    )


@pytest.mark.parametrize("category", [None, "printer"])
def test_a_closure_cuts_the_opening_hours_of_its_machines(category):
    closed = ClosureFact(category, NOW + HOUR, NOW + 2 * HOUR)
    other = ClosureFact("mill", NOW, NOW + 9 * HOUR)
    hours = (HoursFact("printer", 2, time(8), time(18)),)  # until 16:00 UTC

    [machine] = compiled(replace(ALL_MAY, hours=hours, closures=(closed, other))).machines

    assert machine.open == (
        Interval(_ms(NOW - 2 * HOUR), _ms(NOW + HOUR)),
        Interval(_ms(NOW + 2 * HOUR), _ms(NOW + 8 * HOUR)),
    )


def test_a_class_is_in_the_list_of_its_machine_with_who_pays_although_nobody_carries_that_payer():
    lesson = LessonFact("class-1", "p1", BOB, "beta", NOW + HOUR, NOW + 3 * HOUR)

    access_list = compiled(replace(ALL_MAY, lessons=(lesson, replace(lesson, id="class-2", machine="c1"))))

    assert access_list.machines[0].lessons == (Lesson("class-1", BOB, "beta", _ms(NOW + HOUR), _ms(NOW + 3 * HOUR)),)
    assert [card.id for card in access_list.payers] == ["acme", "beta"]


def test_log_only_is_in_the_list_until_its_day_and_ends_by_itself():
    facts = with_machine(log_only_until=NOW + DAY)

    assert compiled(facts).machines[0].log_only_until_ms == _ms(NOW + DAY)
    assert next_turn(facts, NOW) == NOW + DAY
    assert compiled(facts, NOW + DAY).machines[0].log_only_until_ms is None


def test_a_machine_that_asks_for_nothing_is_open_to_nobody_while_the_lab_looks_on():
    facts = with_machine(skills=frozenset(), log_only_until=NOW + DAY)

    assert compiled(facts).machines[0].log_only_until_ms is None


def test_a_closure_closes_what_is_otherwise_always_open():
    [machine] = compiled(replace(ALL_MAY, closures=(ClosureFact(None, NOW - HOUR, NOW + HOUR),))).machines

    assert machine.open == (Interval(_ms(NOW + HOUR), _ms(NOW + 72 * HOUR)),)


def test_a_renewed_qualification_counts_although_the_old_one_expired():
    old = replace(SKILL, ref="old", valid_until=NOW - DAY)
    facts = replace(ALL_MAY, qualifications=(old, SKILL))

    assert ADA in {one.holder for one in compiled(facts).machines[0].may}


def test_a_revocation_also_ends_what_was_granted_before_it():
    older = replace(SKILL, ref="older", valid_from=YEAR_AGO - DAY)
    facts = replace(ALL_MAY, qualifications=(older, replace(SKILL, revoked_at=NOW - HOUR)))

    assert compiled(facts).machines[0].may_not == (
        Refusal(ADA, (DenialReason.QUALIFICATION_REVOKED,), _ms(NOW - HOUR)),
    )


def test_a_grant_after_the_revocation_counts_again():
    again = replace(SKILL, ref="again", valid_from=NOW - HOUR)
    facts = replace(ALL_MAY, qualifications=(replace(SKILL, revoked_at=NOW - HOUR), again))

    assert ADA in {one.holder for one in compiled(facts).machines[0].may}


# --- payers -----------------------------------------------------------------------------------------------------------


def ties(*rows):
    return replace(ALL_MAY, memberships=rows)


def payers_of_ada(facts, now=NOW):
    return next(entry for entry in compiled(facts, now).holders if entry.holder == ADA).payers


def test_the_lowest_rank_is_the_default():
    assert payers_of_ada(ties(TIE, MembershipFact("t", ADA, "beta", -1, YEAR_AGO))) == ("beta", "acme")


def test_nobody_is_billed_by_fallback_when_the_default_membership_ends():
    second = MembershipFact("t", ADA, "beta", 1, YEAR_AGO)

    assert payers_of_ada(ties(replace(TIE, valid_until=NOW), second)) == ("acme#ended", "beta")


def test_a_second_membership_that_ended_is_simply_gone():
    second = MembershipFact("t", ADA, "beta", 1, YEAR_AGO, valid_until=NOW - DAY)

    assert payers_of_ada(ties(TIE, second)) == ("acme",)


def test_a_membership_renewed_with_the_same_payer_is_open():
    renewed = MembershipFact("t", ADA, "acme", 1, NOW - HOUR)

    assert payers_of_ada(ties(replace(TIE, ended_at=NOW - HOUR), renewed)) == ("acme",)


def test_without_any_membership_the_only_payer_is_a_closed_one():
    access_list = compiled(ties())

    assert {entry.payers for entry in access_list.holders} == {("#ended",)}
    assert [(card.id, card.closed) for card in access_list.payers] == [("#ended", DenialReason.MEMBERSHIP_ENDED)]


def test_a_membership_that_starts_later_is_not_there_yet():
    facts = ties(TIE, MembershipFact("t", ADA, "beta", -1, NOW + HOUR))

    assert payers_of_ada(facts) == ("acme",)
    assert payers_of_ada(facts, NOW + HOUR) == ("beta", "acme")


MORNINGS = WeekFact(frozenset({0, 1, 2, 3, 4}), time(8), time(12))  # NOW is a Wednesday, 10:00 in Paris


def test_who_pays_by_hour_and_machine_is_told_in_moments_the_first_rule_first():
    second = MembershipFact("t", ADA, "beta", 1, YEAR_AGO)
    rules = (
        PayerRuleFact(ADA, "beta", 1, MORNINGS, frozenset({"p1"})),
        PayerRuleFact(ADA, "acme", 0, WeekFact(frozenset({2}), time(0), time.max)),
    )

    entry = next(one for one in compiled(replace(ties(TIE, second), payer_rules=rules)).holders if one.holder == ADA)

    assert entry.payers == ("acme", "beta")
    assert [(one.payer, one.machines, one.from_ms) for one in entry.rules] == [
        ("acme", (), _ms(NOW - 10 * HOUR)),
        ("beta", ("p1",), _ms(NOW - 2 * HOUR)),
        ("beta", ("p1",), _ms(NOW + 22 * HOUR)),
        ("beta", ("p1",), _ms(NOW + 46 * HOUR)),
    ]


def test_a_rule_for_a_payer_one_has_no_membership_with_says_nothing():
    facts = replace(ALL_MAY, payer_rules=(PayerRuleFact(ADA, "beta", 0, MORNINGS),))

    assert all(entry.rules == () for entry in compiled(facts).holders)


def test_a_payer_says_where_and_when_it_pays():
    facts = with_payer(machines=frozenset({"p1", "c1"}), hours=(WeekFact(frozenset({2}), time(8), time(12)),))

    [card] = compiled(facts).payers

    assert card.machines == ("c1", "p1")
    assert card.open == (Interval(_ms(NOW - 2 * HOUR), _ms(NOW + 2 * HOUR)),)
    assert card.closed is None


@pytest.mark.parametrize(
    ("changes", "spans"),
    [
        ({}, [(NOW, NOW + 3 * HOUR)]),
        ({"hours": (WeekFact(frozenset({2, 3}), time(8), time(18)),)}, [(NOW - 2 * HOUR, NOW + 3 * HOUR)]),
        ({"hours": (WeekFact(frozenset({3}), time(8), time(18)),)}, []),
    ],
)
def test_a_pause_that_was_announced_ends_what_a_payer_pays_for_also_out_of_reach(changes, spans):
    facts = with_payer(tenant_suspended_from=NOW + 3 * HOUR, **changes)

    [card] = compiled(facts).payers

    assert card.closed is None
    assert card.open == tuple(Interval(_ms(begins), _ms(ends)) for begins, ends in spans)


def test_a_card_shows_the_price_of_the_agents_own_machines():
    facts = replace(ALL_MAY, rates={("p1", "acme"): 300, ("c1", "acme"): 4500, ("p1", "beta"): 1})

    assert [(card.id, card.rates) for card in compiled(facts).payers] == [("acme", {"p1": 300})]


# --- moments ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "facts",
    [with_tie(valid_until=NOW + HOUR), with_skill(valid_until=NOW + HOUR)],
    ids=["membership", "qualification"],
)
def test_a_right_that_ends_within_the_life_of_the_list_says_when(facts):
    [machine] = compiled(facts).machines

    assert machine.may == (Authorisation(ADA, "alone", _ms(NOW + HOUR)), Authorisation(BOB, "alone", None))
    assert next_turn(facts, NOW) == NOW + HOUR


@pytest.mark.parametrize("ahead", [HOUR, 400 * DAY])
def test_a_badge_says_when_it_ends_and_the_right_of_its_holder_goes_on(ahead):
    facts = with_token(valid_until=NOW + ahead)

    told = compiled(facts)

    assert [one.until_ms for one in told.holders] == [_ms(NOW + ahead), None]
    assert told.machines[0].may == (Authorisation(ADA, "alone", None), Authorisation(BOB, "alone", None))
    assert "token_ends" in told.machines[0].requires
    assert next_turn(facts, NOW) == NOW + ahead


def test_the_earliest_end_counts():
    facts = replace(with_tie(valid_until=NOW + 3 * HOUR), qualifications=(replace(SKILL, valid_until=NOW + 2 * HOUR),))

    assert compiled(facts).machines[0].may == (Authorisation(ADA, "alone", _ms(NOW + 2 * HOUR)),)


def test_an_end_far_away_is_not_carried():
    assert compiled(with_skill(valid_until=NOW + 4 * DAY)).machines[0].may[0].until_ms is None


def test_a_lab_without_dates_ahead_has_no_next_turn():
    assert next_turn(ALL_MAY, NOW) is None


@pytest.mark.parametrize(
    ("risk", "seconds", "hours"),
    [
        (RiskClass.LOW, None, 72),
        (RiskClass.MEDIUM, None, 48),
        (RiskClass.HIGH, None, 24),
        (RiskClass.HIGH, 7200, 2),
    ],
)
def test_a_list_is_valid_as_long_as_the_risk_allows(risk, seconds, hours):
    [machine] = compiled(with_machine(risk=risk, list_valid_s=seconds)).machines

    assert machine.valid_until_ms == _ms(NOW + hours * HOUR)


LATELY, LONG_AGO = NOW - REVOKED_FOR + timedelta(milliseconds=1), NOW - REVOKED_FOR
TAKEN = {
    Revocation(Taken.TOKEN, "token-1", _ms(LATELY)): lambda at: with_token(blocked_at=at),
    Revocation(Taken.RETURNED_TOKEN, "token-1", _ms(LATELY)): lambda at: with_token(returned_at=at),
    Revocation(Taken.MASTER, str(ADA), _ms(LATELY)): lambda at: replace(
        ALL_MAY, masters=(MasterFact(ADA, "d1" * 16, "acme", at),)
    ),
    Revocation(Taken.HOLDER, str(ADA), _ms(LATELY)): lambda at: with_holder(blocked_at=at),
    Revocation(Taken.QUALIFICATION, "skill-1", _ms(LATELY)): lambda at: with_skill(revoked_at=at),
    Revocation(Taken.MEMBERSHIP, "tie-1", _ms(LATELY)): lambda at: with_tie(ended_at=at),
    Revocation(Taken.TENANT, "acme-sas", _ms(LATELY)): lambda at: replace(
        ALL_MAY, suspended=(TenantFact("acme-sas", at),)
    ),
    Revocation(Taken.OUT_OF_SERVICE, "p1", _ms(LATELY)): lambda at: with_machine(
        service=Service.OUT_AFTER_JOB, service_at=at
    ),
    Revocation(Taken.MAINTENANCE, "p1", _ms(LATELY)): lambda at: with_machine(
        service=Service.MAINTENANCE, service_at=at
    ),
}


@pytest.mark.parametrize(("told", "taken_at"), TAKEN.items(), ids=[one.kind for one in TAKEN])
def test_what_was_taken_away_travels_for_forty_five_days(told, taken_at):
    assert compiled(taken_at(LATELY)).revoked == (told,)
    assert compiled(taken_at(LONG_AGO)).revoked == ()


def test_everything_that_can_be_taken_away_has_a_row_here():
    assert {one.kind for one in TAKEN} == set(Taken)


def test_a_machine_in_service_takes_nothing_away_whenever_that_was_decided():
    assert compiled(with_machine(service=Service.IN, service_at=NOW - HOUR)).revoked == ()


def test_a_machine_that_has_left_the_lab_is_told_of_as_out_of_service_should_the_books_ever_have_it_again():
    facts = replace(ALL_MAY, gone=(GoneFact("p9", NOW - HOUR),))

    assert compiled(facts).revoked == (Revocation(Taken.OUT_OF_SERVICE, "p9", _ms(NOW - HOUR)),)


def test_every_agent_is_told_of_all_that_was_taken_away_in_one_order():
    facts = replace(
        with_token(blocked_at=NOW - HOUR, returned_at=NOW),
        machines=(replace(PRINTER, service=Service.OUT, service_at=NOW), replace(PRINTER, code="p2", agent="agent-2")),
    )

    lists = [compiled(facts, agent=agent).revoked for agent in ("agent-1", "agent-2")]

    assert lists[0] == lists[1]
    assert [one.kind for one in lists[0]] == [Taken.OUT_OF_SERVICE, Taken.RETURNED_TOKEN, Taken.TOKEN]


# --- machines ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "requires"),
    [
        (ALL_MAY, {"confirmed_end"}),
        (with_machine(policy=Policy(max_s=60)), {"confirmed_end", "maximum_warn"}),
        (with_machine(policy=Policy(max_s=60, on_max=OnMaximum.CUT)), {"confirmed_end", "maximum_cut"}),
        (FLIPS[DenialReason.OUTSIDE_HOURS], {"confirmed_end", "opening_hours"}),
        (with_machine(policy=Policy(press_s=30)), {"confirmed_end", "press_to_start"}),
        (with_machine(policy=Policy(removal_s=0)), {"confirmed_end", "card_stays"}),
        (with_machine(policy=Policy(idle_warn_s=60)), {"confirmed_end", "idle_warning"}),
        (with_machine(policy=Policy(idle_end_s=60)), {"confirmed_end", "idle_end"}),
        (with_machine(policy=Policy(cooldown_s=60)), {"confirmed_end", "cool_down"}),
        (with_machine(policy=Policy(takeover_s=60)), {"confirmed_end", "take_over"}),
        (
            with_machine(policy=Policy(max_s=60, extend_s=60, extend_times=2)),
            {"confirmed_end", "maximum_warn", "extension"},
        ),
        (with_machine(policy=Policy(payer_s=60)), {"confirmed_end", "payer_choice"}),
        (with_machine(policy=Policy(continue_s=60)), {"confirmed_end", "continuation"}),
        (with_machine(bypass_by="Paul", bypass_until=NOW + HOUR), {"confirmed_end", "bypass"}),
        (replace(ALL_MAY, staff=(StaffFact(ADA, "", "", YEAR_AGO),)), {"confirmed_end"}),
        (replace(ALL_MAY, masters=(MasterFact(ADA, "d1" * 16, "acme"),)), {"confirmed_end"}),
    ],
)
def test_each_policy_feature_in_use_is_named(facts, requires):
    [machine] = compiled(facts).machines

    assert set(machine.requires) == requires
    assert requires <= FEATURES


def test_every_feature_there_is_can_be_asked_for():
    everything = Policy(5, 60, OnMaximum.CUT, 30, 5, 60, 120, 60, 60, 60, 2, 60, 60, 30, 600, 600)
    denied = (DeniedFact(DenialReason.CHECK_OVERDUE, NOW + DAY),)
    facts = replace(
        with_machine(policy=everything, bypass_by="Paul", bypass_until=NOW + HOUR, denied=denied),
        bookings=(BookingFact("p1", BOB, NOW, NOW + HOUR),),
        lessons=(LessonFact("class-1", "p1", BOB, "acme", NOW, NOW + HOUR),),
        payer_rules=(PayerRuleFact(ADA, "acme", 0, MORNINGS),),
        hours=(HoursFact("printer", 2, time(12), time(14)),),
        staff=(StaffFact(ADA, "", "", YEAR_AGO),),
        masters=(MasterFact(ADA, "d1" * 16, "acme"),),
        tokens=(replace(TOKEN, valid_until=NOW + DAY),),
    )

    [machine] = compiled(facts).machines

    assert set(machine.requires) == FEATURES - {"maximum_warn"}


@pytest.mark.parametrize(
    ("staff", "there"),
    [
        (StaffFact(ADA, "", "", YEAR_AGO), True),
        (StaffFact(ADA, "p1", "", YEAR_AGO), True),
        (StaffFact(ADA, "", "Hall", YEAR_AGO), True),
        (StaffFact(ADA, "p2", "", YEAR_AGO), False),
        (StaffFact(ADA, "", "Attic", YEAR_AGO), False),
        (StaffFact(ADA, "", "", YEAR_AGO, NOW), False),
        (StaffFact(ADA, "", "", NOW + HOUR), False),
        (StaffFact(1003, "", "", YEAR_AGO), False),  # without a badge
    ],
)
def test_who_looks_after_a_machine_may_clear_what_was_reported_there(staff, there):
    [machine] = compiled(replace(with_machine(room="Hall"), staff=(staff,))).machines

    assert machine.staff == ((ADA,) if there else ())


def test_a_role_that_begins_or_ends_turns_the_lists():
    facts = replace(ALL_MAY, staff=(StaffFact(ADA, "", "", NOW + HOUR, NOW + DAY),))

    assert next_turn(facts, NOW) == NOW + HOUR
    assert next_turn(facts, NOW + HOUR) == NOW + DAY


def test_every_good_badge_of_a_master_is_one_and_the_payer_is_in_the_list():
    spare = replace(TOKEN, ref="token-9", fingerprint="f9" * 16)
    lost = replace(TOKEN, ref="token-8", fingerprint="f8" * 16, blocked_at=NOW - HOUR)
    tokens = (*ALL_MAY.tokens, spare, lost)

    told = compiled(replace(ALL_MAY, tokens=tokens, masters=(MasterFact(ADA, "d1" * 16, "beta"),)))

    assert [(one.token[:2], one.holder, one.pin, one.payer) for one in told.masters] == [
        ("f1", ADA, "d1" * 16, "beta"),
        ("f9", ADA, "d1" * 16, "beta"),
    ]
    assert {card.id for card in told.payers} == {"acme", "beta"}


def test_a_master_is_none_while_blocked_or_while_nobody_can_be_charged():
    master = (MasterFact(ADA, "d1" * 16, "acme"),)

    assert compiled(replace(with_holder(blocked_at=NOW), masters=master)).masters == ()
    assert compiled(replace(with_payer(valid_until=NOW), masters=master)).masters == ()
    assert compiled(replace(ALL_MAY, masters=master)).masters != ()  # the control


def test_what_a_panel_shows_of_a_tenants_terms_is_in_the_card_of_each_payer():
    told = compiled(with_payer(shows=Shows.TIME_LEFT))

    assert [card.shows for card in told.payers if card.id == "acme"] == [Shows.TIME_LEFT]


def test_an_agent_gets_its_own_machines_and_everybodys_badges():
    other = replace(PRINTER, code="p2", agent="agent-2")
    facts = replace(ALL_MAY, machines=(PRINTER, other))

    lists = [compiled(facts, agent=agent) for agent in ("agent-1", "agent-2", "agent-3")]

    assert [[machine.machine for machine in one.machines] for one in lists] == [["p1"], ["p2"], []]
    assert all(one.holders == lists[0].holders for one in lists)


def test_wishes_and_notes_reach_the_list():
    wish = {"service": Service.OUT_AFTER_JOB, "note": "nozzle", "end_session": "s", "clear_latch_upto": 4}

    [machine] = compiled(with_machine(**wish)).machines

    assert {name: getattr(machine, name) for name in wish} == wish


# --- opening hours ----------------------------------------------------------------------------------------------------


def openings(*rows, now=NOW):
    facts = replace(ALL_MAY, hours=tuple(HoursFact("printer", *row) for row in rows))
    [machine] = compiled(facts, now).machines
    return machine.open


def at(day, hour, minute=0, month=10):
    """Lab time as the wire writes it."""
    return _ms(datetime(2026, month, day, hour, minute, tzinfo=PARIS))


def test_hours_are_whole_openings_in_utc_for_the_life_of_the_list():
    week = [(day, time(8), time(20)) for day in range(5)]

    assert openings(*week) == (
        Interval(at(14, 8), at(14, 20)),
        Interval(at(15, 8), at(15, 20)),
        Interval(at(16, 8), at(16, 20)),
    )


def test_an_opening_over_midnight_is_one_interval():
    assert openings((2, time(18), time.max), (3, time(0), time(6))) == (Interval(at(14, 18), at(15, 6)),)


def test_a_category_without_hours_is_always_open():
    assert openings() is None
    assert compiled(replace(ALL_MAY, hours=(HoursFact("laser", 0, time(8), time(9)),))).machines[0].open is None


def test_hours_keep_to_the_clock_on_the_wall_when_it_changes():
    saturday = datetime(2026, 10, 24, 8, tzinfo=UTC)  # the night after, 3:00 becomes 2:00

    sunday = openings((6, time(0), time.max), now=saturday)

    assert sunday == (Interval(at(25, 0), at(26, 0)),)
    assert sunday[0].until_ms - sunday[0].from_ms == 25 * 3600 * 1000


def seconds_left(machines, **left):
    """What the card of the only payer says at an agent with these machines, given what is left by category."""
    known = {("acme", category): seconds for category, seconds in left.items()}
    [card] = compiled(replace(ALL_MAY, machines=machines, seconds_left=known)).payers
    return card.seconds_left


def test_a_card_says_what_is_left_of_included_hours_at_this_agents_machines():
    mill = replace(PRINTER, code="c1", category="cnc")

    assert seconds_left((PRINTER,), printer=7200, cnc=300) == 7200
    assert seconds_left((PRINTER,), printer=0) == 0  # used up, which is not the same as nothing included
    assert seconds_left((PRINTER,), cnc=300) is None
    assert seconds_left((PRINTER, mill), printer=7200, cnc=300) == 300, "no more is promised than is there"
    assert seconds_left((PRINTER, mill), printer=7200) is None
