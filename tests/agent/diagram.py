"""Draws the state machine into firmware_notes/state-machine.md: ``python -m tests.agent.diagram``.

The arrows are found by trying: every stimulus, in every machine that can be reached under every rule, through the agent's own
``step()``. So the page shows what the program does, and a test holds the two together.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

from agent.access import Denied, MasterGrant
from agent.failures import Failure
from agent.machine import Machine
from agent.rules.common import stay
from agent.session import TRANSITIONS, step
from agent.stimuli import (
    Draining,
    EndRecorded,
    Failed,
    Felt,
    LatchRecorded,
    Lying,
    Measured,
    Mended,
    NotRecorded,
    PinChecked,
    Pressed,
    ProblemPressed,
    RandomCard,
    Removed,
    Sense,
    Stimulus,
    Stopping,
    Tapped,
    Ticked,
    Wished,
)
from tests.agent.fakes import stamp
from tests.agent.rules import ADA, BOB, ID, SECOND_ID, THRESHOLDS
from wire.messages import DenialReason, Level, MachineState, OnMaximum, Policy, RiskClass, Service

PAGE = Path(__file__).parents[2] / "firmware_notes" / "state-machine.md"
BEGIN, END = "<!-- generated: python -m tests.agent.diagram -->", "<!-- end of what is generated -->"
POLICIES = (
    Policy(),
    Policy(press_s=10),
    Policy(cooldown_s=60, max_s=600, on_max=OnMaximum.CUT),
    Policy(removal_s=10, takeover_s=60, idle_end_s=300),
    Policy(second_s=10, again_s=60, supervise_s=60),
)
STEPS_S = (1, 70, 700)
DEEPEST = 4
WORDS: dict[type[Stimulus], str] = {
    Tapped: "badge",
    Lying: "card there before the reader",
    Removed: "card removed",
    RandomCard: "card without a fixed number",
    Pressed: "button",
    ProblemPressed: "problem button",
    PinChecked: "PIN",
    Felt: "contact, stop or key",
    Measured: "meter",
    Ticked: "time",
    Wished: "list",
    Failed: "failure",
    Mended: "failure is over",
    NotRecorded: "start not on disk",
    EndRecorded: "end on disk",
    LatchRecorded: "latch on disk",
    Draining: "update waits",
    Stopping: "agent stops",
}
# what the program walks through by itself, and what nobody reads a diagram for
_UNDRAWN = (LatchRecorded, Mended, RandomCard)


def stimuli(policy: Policy) -> Iterator[Stimulus]:
    ada, bob = replace(ADA, policy=policy), replace(BOB, policy=policy)
    master = MasterGrant(9, "digest", ada, None)
    refused = Denied(frozenset({DenialReason.QUALIFICATION_MISSING}), 7, 9, "Eva", "en")
    yield Tapped("ada", ada, ID, staff=True)
    yield Tapped("bob", bob, SECOND_ID)
    yield Tapped("eva", refused, ID, master=master)
    yield Tapped("leo", replace(ada, holder=3, level=Level.SUPERVISED), SECOND_ID)
    yield Tapped("tom", replace(ada, holder=4, level=Level.TRAINER), SECOND_ID)
    yield from (Lying("ada", 1), Removed(), RandomCard(), Pressed(), ProblemPressed(), PinChecked(ok=True), Ticked())
    yield from (Felt(sense, on) for sense in Sense for on in (True, False))
    yield from (Measured(8.0, None), Measured(200.0, None))
    yield from (Wished(RiskClass.LOW, service, False, ID, 10) for service in Service)
    yield from (Failed(failure, "") for failure in Failure)
    yield from (Mended(Failure.READER_DEAD), NotRecorded(), EndRecorded(), LatchRecorded(5), Draining(), Stopping())


def arrows() -> dict[tuple[MachineState, MachineState], set[type[Stimulus]]]:
    """From one state to another, by what."""
    found: dict[tuple[MachineState, MachineState], set[type[Stimulus]]] = {}
    for policy in POLICIES:
        given = list(stimuli(policy))
        fresh = {Machine("p1", risk=RiskClass.LOW, thresholds=THRESHOLDS): 0}
        known = set(fresh)
        for _ in range(DEEPEST):
            reached: dict[Machine, int] = {}
            for (machine, second), stimulus, later in product(fresh.items(), given, STEPS_S):
                after, _effects = step(machine, stimulus, stamp(second + later))
                if after.state is not machine.state:
                    found.setdefault((machine.state, after.state), set()).add(type(stimulus))
                moved = (after.state, after.confirm, after.waiting, after.menu)
                if moved != (machine.state, machine.confirm, machine.waiting, machine.menu):
                    reached.setdefault(replace(after, notice=None), second + later)
            fresh = {machine: second for machine, second in reached.items() if machine not in known}
            fresh = dict(list(_one_of_a_kind(fresh).items()))
            known |= set(fresh)
    return found


def _one_of_a_kind(machines: dict[Machine, int]) -> dict[Machine, int]:
    """Machines that differ in nothing that rules look at lead to the same arrows."""
    kinds: dict[tuple[object, ...], tuple[Machine, int]] = {}
    for machine, second in machines.items():
        confirm = None if machine.confirm is None else (machine.confirm.ask, machine.confirm.token)
        latch = None if machine.latch is None else machine.latch.problem
        wires = tuple(None if one is None else one.on for one in (machine.contact, machine.estop, machine.key))
        kind = (machine.state, confirm, latch, wires, machine.service, machine.failures, machine.pin is None)
        others = (machine.waiting is None, machine.menu is None)
        kinds.setdefault((*kind, *others, machine.draining, machine.card_out_ms is None), (machine, second))
    return dict(kinds.values())


def diagram() -> str:
    drawn = {
        ends: sorted(WORDS[kind] for kind in kinds if kind not in _UNDRAWN) for ends, kinds in sorted(arrows().items())
    }
    lines = [f"    {begin} --> {end}: {', '.join(words)}" for (begin, end), words in drawn.items() if words]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> idle", *lines, "```"])


def table() -> str:
    """What each state does with each thing that can happen: the name of the rule, which is a function in agent/rules/."""
    states = list(MachineState)
    rows = [f"| | {' | '.join(f'`{state}`' for state in states)} |", f"|---|{'---|' * len(states)}"]
    for kind, words in WORDS.items():
        cells = [TRANSITIONS[state, kind] for state in states]
        names = ["·" if cell is stay else cell.__name__.strip("_").replace("_", " ") for cell in cells]
        rows.append(f"| {words} | {' | '.join(names)} |")
    return "\n".join(rows)


def generated() -> str:
    return f"{BEGIN}\n\n{diagram()}\n\n{table()}\n\n{END}"


def main() -> None:
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    PAGE.write_text(f"{before}{generated()}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
