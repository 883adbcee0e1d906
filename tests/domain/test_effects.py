"""What a change would do, before it is saved."""

from dataclasses import replace
from datetime import timedelta

from server.domain.effects import effects, with_machine, with_skill
from server.domain.facts import SkillFact
from tests.domain.test_access import ADA, ALL_MAY, BOB, NOW, PARIS, PRINTER, SKILL, with_holder
from wire.messages import Level

DAY = timedelta(days=1)


def of(after, before=ALL_MAY):
    return effects(before, after, NOW, PARIS)


def test_a_change_that_locks_nobody_out_says_nothing():
    assert of(with_machine(ALL_MAY, replace(PRINTER, name="Other"))).machines == ()


def test_another_skill_asked_for_locks_out_who_lacks_it():
    milling = replace(SKILL, ref="m", skill="milling")
    before = replace(ALL_MAY, qualifications=(*ALL_MAY.qualifications, milling))

    found = of(with_machine(before, replace(PRINTER, skills=frozenset({"printing", "milling"}))), before)

    assert [(one.machine, one.loses) for one in found.machines] == [("p1", (BOB,))]
    assert (found.locked_out, found.losing_machines) == ({BOB}, 1)


def test_a_skill_that_needs_another_locks_out_everybody_without_that():
    found = of(
        with_skill(
            replace(ALL_MAY, skills=(SkillFact("printing"), SkillFact("safety"))),
            SkillFact("printing", frozenset({"safety"})),
        )
    )

    assert found.locked_out == {ADA, BOB}


def test_who_is_let_in_again_by_days_of_grace_is_nobody_locked_out():
    lapsed = replace(SKILL, valid_until=NOW - DAY)
    before = replace(ALL_MAY, qualifications=(lapsed,), skills=(SkillFact("printing"),))

    assert of(with_skill(before, SkillFact("printing", grace_days=30)), before).machines == ()


def test_who_falls_back_to_a_trainer_beside_is_limited_not_locked_out():
    beside = replace(SKILL, ref="b", level=Level.SUPERVISED)
    before = replace(ALL_MAY, qualifications=(replace(SKILL, valid_until=NOW + DAY), beside))

    found = effects(before, replace(before, qualifications=(beside,)), NOW, PARIS)

    assert (found.limited, found.locked_out) == (frozenset({ADA}), frozenset())


def test_who_cannot_tap_loses_nothing():
    blocked = with_holder(blocked_at=NOW - DAY)

    assert effects(blocked, replace(blocked, qualifications=()), NOW, PARIS).locked_out == {BOB}
