"""In labs made up at random: what the screen says of somebody at a machine is what its box decides, and a box that is out of
reach never starts what a new list would refuse, other than by what nobody knew when the list was sent."""

import random
from datetime import time

import pytest

from agent.access import ONLY_TOLD, Denied, Grant, InForce, Local, decide, index
from server.domain.access import judge
from server.domain.facts import (
    BookingFact,
    ClosureFact,
    DeniedFact,
    Facts,
    HolderFact,
    HoursFact,
    LessonFact,
    MachineFact,
    MembershipFact,
    Minors,
    PayerFact,
    PayerRuleFact,
    QualificationFact,
    SheetFact,
    SkillFact,
    StaffFact,
    TokenFact,
    WeekFact,
)
from server.domain.rights import rights_of
from tests.domain.test_access import DAY, HOUR, NOW, PARIS, compiled
from wire.codec import encode
from wire.messages import PAYER_REASONS, DenialReason, RiskClass, Service, Stamp, TimeQuality, decode_access_list

PEOPLE, SKILLS, PAYERS, MACHINES = (1, 2, 3, 4, 5), "abcd", "xyz", ("m1", "m2", "m3")
LABS = range(150)


class Chance:
    """Facts as they come in a lab, only more often wrong. What staff can only do at once is never ahead."""

    def __init__(self, seed):
        self.die = random.Random(seed)
        self.some = self.die.choice

    def past(self):
        return NOW - self.some([HOUR, DAY, 5 * DAY, 400 * DAY])

    def begun(self):
        return NOW + HOUR if self.of(1, 5) else self.past()

    def of(self, part, whole):
        return self.die.randrange(whole) < part

    def maybe(self, whole, *moments):
        return self.some(moments) if self.of(1, whole) else None

    def ended(self, whole):
        return self.maybe(whole, self.past(), NOW, NOW + HOUR, NOW + 5 * HOUR, NOW + 40 * DAY)

    def taken(self, whole):
        return self.maybe(whole, self.past(), NOW)

    def week(self):
        days = frozenset(self.die.sample(range(7), self.some([3, 7])))
        return WeekFact(days, time(self.some([0, 8, 9])), self.some([time(10), time(18), time.max]))

    def several(self, one, *counts):
        return tuple(one(number) for number in range(self.some(counts)))

    def here(self):
        return frozenset(self.die.sample(MACHINES, 2)) if self.of(1, 4) else None

    def machine(self, code):
        return MachineFact(
            code,
            "agent-1",
            code,
            self.some("kl"),
            self.some(list(RiskClass)),
            frozenset(self.die.sample(SKILLS, self.some([0, 1, 1, 2]))),
            service=self.some([Service.IN] * 8 + list(Service)),
            minors=self.some(list(Minors)),
            denied=self.several(lambda _: DeniedFact(DenialReason.CHECK_OVERDUE, self.begun()), 0, 0, 0, 1),
            log_only_until=self.maybe(4, NOW + HOUR, NOW + 40 * DAY, self.past()),
        )

    def qualification(self, holder, skill):
        return QualificationFact(
            "q",
            holder,
            skill,
            self.some(["alone", "alone", "supervised", "trainer"]),
            self.begun(),
            self.ended(5),
            self.taken(10),
            self.ended(9),
            self.of(1, 12),
        )

    def payer(self, code):
        hours = (self.week(),) if self.of(1, 6) else None
        paused = self.maybe(8, self.past(), NOW + HOUR)
        return PayerFact(
            code,
            code,
            self.past(),
            self.taken(12),
            paused,
            machines=self.here(),
            hours=hours,
            budget_reached=self.of(1, 12),
        )

    def lab(self):
        each = [(holder, skill) for holder in PEOPLE for skill in SKILLS]
        return Facts(
            holders=tuple(HolderFact(one, "fr", None, self.taken(12), self.ended(3), self.ended(2)) for one in PEOPLE),
            tokens=tuple(
                TokenFact(f"t{one}{n}", f"{one}{n}" * 16, one, self.past(), self.ended(8), self.taken(10))
                for one in PEOPLE
                for n in range(self.some([0, 1, 1, 2]))
            ),
            memberships=tuple(
                MembershipFact("t", one, self.some(PAYERS), rank, self.past(), self.ended(7), self.taken(12))
                for one in PEOPLE
                for rank in range(self.some([0, 1, 1, 2]))
            ),
            payers=tuple(map(self.payer, PAYERS)),
            qualifications=tuple(self.qualification(*one) for one in each for _ in range(self.some([0, 1, 1, 2]))),
            machines=tuple(map(self.machine, MACHINES)),
            hours=tuple(
                HoursFact("k", day, time(self.some([7, 11])), self.some([time(12), time.max]))
                for day in (range(7) if self.of(1, 3) else ())
            ),
            closures=self.several(
                lambda _: ClosureFact(self.some([None, "k"]), NOW + self.some([-1, 1]) * HOUR, NOW + DAY), 0, 0, 1
            ),
            bookings=self.several(
                lambda _: BookingFact(self.some(MACHINES), self.some([None, *PEOPLE]), NOW - HOUR, NOW + 3 * HOUR), 0, 1
            ),
            lessons=self.several(
                lambda n: LessonFact(
                    f"l{n}", self.some(MACHINES), self.some(PEOPLE), self.some(PAYERS), NOW - HOUR, NOW + 2 * HOUR
                ),
                0,
                3,
            ),
            payer_rules=self.several(
                lambda rank: PayerRuleFact(self.some(PEOPLE), self.some(PAYERS), rank, self.week(), self.here()), 0, 2
            ),
            skills=tuple(
                SkillFact(one, frozenset("a") if one == "b" and self.of(1, 2) else frozenset(), self.some([0, 10]))
                for one in SKILLS
            ),
            sheets=self.several(lambda n: SheetFact(self.some(SKILLS), n + 1, self.begun()), 0, 2),
            accepted={one: self.some([1, 2]) for one in each if self.of(1, 2)},
            staff=self.several(lambda _: StaffFact(self.some(PEOPLE), "", "", self.past(), trains=True), 0, 1),
        )


def in_force(facts, at=NOW):
    return InForce(index(decode_access_list(encode(compiled(facts, at)))), stamp(at))


def stamp(at):
    return Stamp("boot", 1000, round(at.timestamp() * 1000), TimeQuality.SYNCED)


def told(rights, right):
    """Every reason that the screen names."""
    reasons = {*rights.against, *right.machine_reasons, *(lack.reason for lack in right.lacks), right.payer_reason}
    reasons |= {DenialReason.FRAME_REQUIRED} if right.is_framed_only else set()
    return (reasons | (set() if right.held else {DenialReason.QUALIFICATION_MISSING})) - {None}


def taps(listed, tokens, machine, at=NOW):
    return [decide(listed, token, machine, stamp(at), Local()) for token in tokens]


@pytest.mark.parametrize("seed", LABS)
def test_the_screen_says_what_the_box_decides(seed):
    facts = Chance(seed).lab()
    judged, listed = judge(facts, NOW, PARIS), in_force(facts)

    for holder in PEOPLE:
        rights = rights_of(judged, holder)
        tokens = [one.token for one in judged.holders if one.holder == holder]
        for right in rights.machines:
            where = (holder, right.machine)
            answers = taps(listed, tokens, right.machine)
            granted = next((one for one in answers if isinstance(one, Grant)), None)
            assert rights.may(right) is (granted is not None), where
            if granted is not None:
                assert right.payer is not None, where
                assert granted.payers[0].id == right.payer.id, where
                assert right.logs_only_until or granted.asks_trainer is right.needs_trainer, where
            elif answers:
                # where a person is blocked, the screen does not go on about each of their badges
                badges = {DenialReason.TOKEN_BLOCKED, DenialReason.TOKEN_EXPIRED}
                hidden = badges if DenialReason.HOLDER_BLOCKED in rights.against else set()
                assert min((one.reasons for one in answers), key=len) - hidden == told(rights, right), where


@pytest.mark.parametrize("seed", LABS)
def test_out_of_reach_nothing_starts_that_a_new_list_would_refuse(seed):
    facts = Chance(seed).lab()
    before = in_force(facts)
    tokens = list(before.index.holders)

    for later in (NOW + HOUR, NOW + 5 * HOUR, NOW + DAY):
        after = in_force(facts, later)
        for machine in MACHINES:
            for old, new in zip(taps(before, tokens, machine, later), taps(after, tokens, machine, later), strict=True):
                if isinstance(new, Denied) and isinstance(old, Grant):
                    # while the lab looks on, the end of a right is only told, and so is that of a membership in it
                    assert old.told, machine
                    assert new.reasons <= ONLY_TOLD | PAYER_REASONS, machine
                elif isinstance(new, Grant) and isinstance(old, Grant):
                    assert old.asks_trainer or not new.asks_trainer, machine
