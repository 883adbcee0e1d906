"""Whatever happens to a machine, in whatever order: the rules that cost fingers or money hold."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.access import Denied, Grant, MasterGrant
from agent.failures import MATRIX, Failure, Power
from agent.machine import Machine
from agent.session import next_deadline, step
from agent.stimuli import (
    Draining,
    Effect,
    EndRecorded,
    Energise,
    Failed,
    Felt,
    Lying,
    Measured,
    Mended,
    NotRecorded,
    PinChecked,
    Pressed,
    ProblemPressed,
    Record,
    Release,
    Removed,
    Sense,
    Stimulus,
    Stopping,
    Tapped,
    Ticked,
    Wished,
)
from tests.agent.fakes import stamp
from tests.agent.rules import ADA, BOB, THRESHOLDS
from wire.messages import (
    Bypass,
    DenialReason,
    EndReason,
    Level,
    MachineState,
    OnLoss,
    OnMaximum,
    Policy,
    RiskClass,
    Service,
    SessionEnded,
    SessionStarted,
    SignOff,
    Unattended,
)

POLICIES = st.builds(
    Policy,
    max_s=st.sampled_from([None, 300, 900]),
    on_max=st.sampled_from(OnMaximum),
    press_s=st.sampled_from([None, 10]),
    removal_s=st.sampled_from([None, 20]),
    idle_warn_s=st.sampled_from([None, 60]),
    idle_end_s=st.sampled_from([None, 120]),
    cooldown_s=st.sampled_from([0, 60]),
    takeover_s=st.sampled_from([None, 60]),
    extend_s=st.just(300),
    extend_times=st.sampled_from([0, 2]),
    payer_s=st.sampled_from([0, 300]),
    second_s=st.sampled_from([None, None, 20]),
    again_s=st.sampled_from([0, 90]),
    supervise_s=st.sampled_from([0, 60]),
)
REFUSED = Denied(frozenset({DenialReason.QUALIFICATION_MISSING}), 7, 9, "Eva", "en", good=True)
CLOSED = Denied(
    frozenset({DenialReason.BUDGET_REACHED}), 7, 1, "Ada", "en", otherwise=ADA, level=Level.ALONE, good=True
)
STRANGER = Denied(frozenset({DenialReason.UNKNOWN_TOKEN}), 7)
LEO = replace(ADA, holder=3, name="Leo", level=Level.SUPERVISED)
TOM = replace(ADA, holder=4, name="Tom", level=Level.TRAINER)
KIM = replace(ADA, holder=5, name="Kim", level=Level.TRAINER)
IDLE_TOM = Denied(frozenset({DenialReason.OUTSIDE_HOURS}), 7, 4, "Tom", "fr", level=Level.TRAINER, good=True)
A_CLASS = replace(TOM, lesson="class-1")
TOLD = replace(BOB, level=None, told=frozenset({DenialReason.QUALIFICATION_MISSING}))
ANSWERS: dict[str, Grant | Denied] = {
    "ada": ADA,
    "bob": BOB,
    "eva": REFUSED,
    "closed": CLOSED,
    "stranger": STRANGER,
    "leo": LEO,
    "tom": TOM,
    "kim": KIM,
    "tom, too early": IDLE_TOM,
    "tom's class": A_CLASS,
    "bob, looked on": TOLD,
}
BESIDE = {1: Level.ALONE, 2: Level.ALONE, 4: Level.TRAINER, 5: Level.TRAINER}  # who may stand beside another
RELEASES = frozenset(one for one in Failure if any(cell.power is Power.RELEASED for cell in MATRIX[one].values()))
_BYPASSES = st.sampled_from([None, Bypass("Eva", 2**52)])
STIMULI = st.one_of(
    st.tuples(st.sampled_from(sorted(ANSWERS)), st.booleans()),
    st.sampled_from([Pressed(), ProblemPressed(), Removed(), Ticked(), EndRecorded(), NotRecorded(), Stopping()]),
    st.sampled_from([PinChecked(True), PinChecked(False), Draining()]),
    st.sampled_from([Lying("ada", 1), Lying("bob", 2), Lying("nobody's", None)]),
    st.builds(Felt, st.sampled_from(Sense), st.booleans()),
    st.builds(Measured, st.sampled_from([0.0, 8.0, 25.0, 200.0]), st.none()),
    st.builds(Failed, st.sampled_from(Failure), st.just("")),
    st.builds(Mended, st.sampled_from(Failure)),
    st.builds(
        Wished,
        st.sampled_from(RiskClass),
        st.sampled_from(Service),
        st.booleans(),
        st.none(),
        st.integers(0, 3),
        st.just(()),
        _BYPASSES,
    ),
)
PAUSES = st.sampled_from([0.0, 0.3, 1.0, 2.5, 30.0, 200.0])
# a day on which only people come and go: in the other, where everything fails all the time, hardly anything ever starts
PEOPLE = st.one_of(
    st.tuples(st.sampled_from(sorted(ANSWERS)), st.booleans()),
    st.sampled_from([Pressed(), Pressed(), Removed(), PinChecked(True)]),
)
PASSES = st.one_of(
    st.lists(st.tuples(PEOPLE, PAUSES), min_size=10, max_size=40),
    st.lists(st.tuples(STIMULI, PAUSES), max_size=40),
)
START_BY = (Tapped, Pressed, PinChecked)
BY_TIME = {
    *(EndReason.CARD_REMOVED, EndReason.MAX_DURATION, EndReason.CLASS_OVER, EndReason.IDLE),
    *(EndReason.EMERGENCY_STOP, EndReason.NO_POWER, EndReason.HOLDER),  # what had lasted, and what cools down
}


class Witness:
    """Follows one machine, and says no to what must never be."""

    def __init__(self, machine: Machine, policy: Policy) -> None:
        self.machine, self.policy = machine, policy
        self.seconds, self.sessions = 0.0, 0
        self.energised = False
        self.open: str | None = None

    def lives(self, stimulus: Stimulus, seconds: float) -> None:
        until = self.seconds + seconds
        for _ in range(1000):
            due = next_deadline(self.machine)
            if due is None or due > until * 1000:
                break
            self.seconds = max(self.seconds, due / 1000)
            self.step(Ticked())
            later = next_deadline(self.machine)
            assert later is None or later > self.seconds * 1000, "a deadline that does not pass keeps the loop awake"
        self.seconds = until
        self.step(stimulus)

    def step(self, stimulus: Stimulus) -> None:
        before = self.machine
        self.machine, effects = step(before, stimulus, stamp(self.seconds))
        for n, effect in enumerate(effects):
            self._looks_at(effect, effects[:n], stimulus)
        assert self.machine.powered == self.energised
        assert (self.machine.session is not None) >= self.energised
        if before.powered and not self.machine.powered:
            self._may_release(before, stimulus)

    def _may_release(self, before: Machine, stimulus: Stimulus) -> None:
        """Nobody's absence or presence beside a use ends it."""
        if isinstance(stimulus, Failed):
            assert stimulus.failure in RELEASES, "nothing else removes power"
        session, after = before.session, self.machine.session
        if isinstance(stimulus, Tapped) and session is not None and before.state is MachineState.RUNNING:
            own = stimulus.answer.holder == session.holder or stimulus.token == session.token
            beside = stimulus.answer.holder in (session.supervisor, session.companion)
            assert own or not beside, "who stands beside ends nothing"
        if isinstance(stimulus, Ticked) and after is not None and after.over is not None:
            assert after.over.reason in BY_TIME

    def _looks_at(self, effect: Effect, earlier: tuple[Effect, ...], stimulus: Stimulus) -> None:
        match effect:
            case Energise():
                assert isinstance(stimulus, START_BY), "only a badge and its buttons close a permit"
                record = earlier[-1]
                assert isinstance(record, Record)
                assert record.first
                assert isinstance(record.events[-1], SessionStarted)
                self._accompanied(record.events[-1])
                assert not self.energised
                self.energised = True
            case Release():
                self.energised = False
            case Record(events=events):
                for event in events:
                    self._reads(event)

    def _accompanied(self, started: SessionStarted) -> None:
        """Whoever is asked for is there, and is somebody else."""
        session = self.machine.session
        assert session is not None
        assert started.holder not in (started.supervisor, started.companion)
        assert started.supervisor is None or BESIDE.get(started.supervisor) is Level.TRAINER
        assert started.companion is None or started.companion in BESIDE
        if session.policy.second_s is not None and not started.master:
            assert started.companion is not None, "one person where two are asked for"
        if started.holder == LEO.holder:
            assert started.supervisor is not None, "a learner alone"

    def _reads(self, event: object) -> None:
        if isinstance(event, SessionStarted):
            assert self.open is None, "two sessions at once"
            self.open = event.session
        if isinstance(event, SignOff):
            assert event.trainer != event.learner
            assert BESIDE[event.trainer] is Level.TRAINER
            assert self.machine.service is not Service.MAINTENANCE
        if isinstance(event, Unattended):
            assert (event.session, self.energised) == (self.open, True), "a lapse releases nothing"
            assert self.machine.latch is not None
        if isinstance(event, SessionEnded):
            assert event.session == self.open
            assert not self.energised, "safety first: release, then record"
            assert 0 <= event.occupied_s + event.cooldown_s <= event.powered_s
            assert event.measured_s is None or (event.running_s or 0) <= event.measured_s <= event.powered_s + 1
            self.open = None

    def badge(self, who: str, again: bool) -> Tapped:
        answer = ANSWERS[who]
        if self.machine.hindrances(stamp(self.seconds)):
            answer = Denied(self.machine.hindrances(stamp(self.seconds)), 7)
        elif not isinstance(answer, Denied):
            until_over = replace(self.policy, max_s=400, on_max=OnMaximum.CUT)
            answer = replace(answer, policy=self.policy if answer.lesson is None else until_over)
        self.sessions += 1
        master = MasterGrant(9, "digest", ADA, None) if who == "eva" else None
        return Tapped(who if again else f"{who}, second badge", answer, str(UUID(int=self.sessions)), master=master)


@given(st.sampled_from(OnLoss), st.sampled_from(RiskClass), st.booleans(), st.booleans(), POLICIES, PASSES)
@settings(max_examples=300, deadline=None)
def test_whatever_happens_the_rules_hold(
    on_loss: OnLoss,
    risk: RiskClass,
    metered: bool,
    disk_works: bool,
    policy: Policy,
    passes: list[tuple[Stimulus | tuple[str, bool], float]],
) -> None:
    witness = Witness(Machine("p1", on_loss, risk, THRESHOLDS if metered else None), policy)

    for what, seconds in passes:
        stimulus = witness.badge(*what) if isinstance(what, tuple) else what
        if isinstance(stimulus, NotRecorded):  # comes in the very step of a start, and nowhere else
            continue
        witness.lives(stimulus, seconds)
        if disk_works and witness.machine.state is MachineState.ENDING:
            witness.step(EndRecorded())


def test_the_witness_sees_a_permit_that_a_list_closes() -> None:
    """Or the test above could never fail."""
    witness = Witness(Machine("p1"), Policy())
    wished = Wished(RiskClass.LOW, Service.IN, False, None, 0)

    seen = None
    try:
        witness._looks_at(Energise(), (), wished)
    except AssertionError as error:
        seen = error

    assert "only a badge" in str(seen)


def test_every_end_reason_is_reached_by_some_rule_or_by_a_restart() -> None:
    by_restart = {EndReason.POWER_LOSS}
    in_rules = {answer.end for row in MATRIX.values() for answer in row.values() if answer.end}
    named = {
        EndReason.HOLDER,
        EndReason.STAFF,
        EndReason.MAX_DURATION,
        EndReason.SHUTDOWN,
        EndReason.CARD_REMOVED,
        EndReason.IDLE,
        EndReason.TAKEN_OVER,
        EndReason.EMERGENCY_STOP,
        EndReason.CLASS_OVER,
    }

    assert by_restart | in_rules | named == set(EndReason)
