"""From taking a right away in the books to a box that refuses: real link, real broker, one real agent, real time.

Each way of taking away in turn (``tests.system.takings``). Measured from the end of the transaction to the agent's own status,
in which it says that the list which refuses is in force; then the badge is held to the reader, and the refusal must name the
reason, or the figure is not taken.
"""

import time
from collections import defaultdict
from collections.abc import Callable

from sqlalchemy import func, select, update

from server.db import reading, writing
from server.demo.lab import CNC
from server.demo.lab_people import MILLING
from server.domain.facts import Minors
from server.machines import service as machines
from server.machines.models import Machine
from server.usage.models import Denial
from tests.bench.figures import Figure, Lines, percentile, spread
from tests.bench.lab import bench_lab
from tests.bench.list_in_force import Listener, _listening
from tests.bench.tap_to_pin import is_enforced, places_of
from tests.system.takings import TAKINGS, Taking, Whose, by_desk, holder_named
from tests.waiting import until

AIM_MS = {99: 1000.0}
HOLDERS = 1_200
_AGENT = "agent-1"
_AWAY_S = 0.35  # a card that is to count again must have been away for 300 ms


def measure(quick: bool) -> Lines:
    taken = each_way(agents=8, holders=HOLDERS, rounds=2 if quick else 19)
    everything = [one for ones in taken.values() for one in ones]
    yield f"  {HOLDERS:,} holders, 8 agents; every refusal at the reader named its reason"
    yield from spread("taken away → the list that refuses is in force", everything, AIM_MS)
    for name, ones in taken.items():
        yield Figure(f"  of these: {name}, p50 of {len(ones)}", percentile(sorted(ones), 50) * 1000, "ms")


def each_way(agents: int, holders: int, rounds: int) -> dict[str, list[float]]:
    """Take away in every way, be refused for that reason at the reader, and be given it back: seconds by way."""
    taken: dict[str, list[float]] = defaultdict(list)
    with bench_lab(agents=agents, holders=holders) as lab:
        machines.set_opening_hours(CNC, [], **by_desk())  # whatever day and hour it is now
        with writing() as session:
            session.execute(update(Machine).values(minors=Minors.NO.value))
        lab.start_link()
        machine = next(one for one in lab.lab.machines if one.agent == _AGENT and one.category == CNC)
        maker = next(one for one in lab.lab.holders if MILLING in one.skills and len(one.tenants) == 1)
        whose = Whose(holder_named(maker.given, maker.family), machine.code)
        with places_of(lab, _AGENT) as places, _listening(lab) as listener:
            lab.stage.start_agent(_AGENT)
            lab.stage.until(lambda: is_enforced(lab, _AGENT), "the list to be in force", 60)
            time.sleep(3)  # what the link still owes to agents it has not heard of at first
            place = next(one for one in places if one.code == machine.code)
            for taking in TAKINGS * rounds:
                taken[taking.name].append(_take(taking, whose, lambda: place.tap(maker.card), listener))
                lab.stage.processes.check()
    return taken


def _take(taking: Taking, whose: Whose, tap: Callable[[], None], listener: Listener) -> float:
    before = listener.revision
    kept = taking.take(whose, by_desk())
    changed = time.monotonic()
    until(lambda: listener.revision > before, 30)
    took = listener.heard - changed
    newest = _newest_refusal()
    tap()
    reasons = until(lambda: _reasons_after(newest), 10)
    assert taking.reason in reasons, f"{taking.name}: refused for {sorted(reasons)}"
    between = listener.revision
    taking.give_back(whose, kept, by_desk())
    until(lambda: listener.revision > between, 30)
    time.sleep(_AWAY_S)
    return took


def _newest_refusal() -> int:
    with reading() as session:
        return session.scalar(select(func.max(Denial.event_id))) or 0


def _reasons_after(event_id: int) -> set[str]:
    """What the next refusal after this one named; nobody else taps here. Empty while there is none."""
    with reading() as session:
        found = session.scalars(select(Denial.reasons).where(Denial.event_id > event_id)).first()
        return set(found or ())
