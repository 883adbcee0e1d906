"""Fifty agents at one link, on a busy day: how long from a tap to its row in the books, and to the receipt for it.

The agents are light ones (``light_agents.py``): a tap here is the moment at which its event is in the outbox, so what
``pin`` measures comes before. Each tap brings an event and a status, as a real agent's does.
"""

import time
from collections.abc import Callable
from random import Random

from tests.bench.commits import CommitLog
from tests.bench.figures import Lines, spread
from tests.bench.lab import BenchLab, Database, bench_lab
from tests.bench.light_agents import LightAgent, all_receipted, connected, to_commit, to_receipt

AGENTS, TAPS_A_SECOND = 50, 20
BURST_S = 0.1
AIMS_MS = {50: 8.0, 99: 40.0}


def measure(quick: bool) -> Lines:
    seconds, bursts = (8, 4) if quick else (60, 25)
    for database in Database:
        with bench_lab(agents=AGENTS, database=database) as lab:
            commits = lab.start_link()
            with connected(lab, lab.lab.agents()) as agents:
                lab.until_lists_sent()
                yield from _steadily(lab, agents, commits, database, seconds)
            with connected(lab, lab.lab.agents()) as agents:
                yield from _in_bursts(lab, agents, commits, database, bursts)


def tap_at_random(lab: BenchLab, agents: list[LightAgent], is_over: Callable[[], bool]) -> None:
    """Twenty taps a second until it is over, and then until all of them have their receipt."""
    random = Random("taps")
    due = time.monotonic()
    while not is_over():
        due += random.expovariate(TAPS_A_SECOND)
        time.sleep(max(0.0, due - time.monotonic()))
        random.choice(agents).tap()
    lab.stage.until(all_receipted(agents), "all receipts")


def _steadily(lab: BenchLab, agents: list[LightAgent], commits: CommitLog, database: Database, seconds: int) -> Lines:
    end = time.monotonic() + seconds
    tap_at_random(lab, agents, lambda: time.monotonic() > end)
    yield from spread(f"{database}: {TAPS_A_SECOND} taps/s, tap → committed", to_commit(agents, commits), AIMS_MS)
    yield from spread(f"{database}: {TAPS_A_SECOND} taps/s, tap → receipt at the agent", to_receipt(agents))


def _in_bursts(lab: BenchLab, agents: list[LightAgent], commits: CommitLog, database: Database, bursts: int) -> Lines:
    """Everybody taps at once, as after a lecture."""
    random = Random("bursts")
    for _ in range(bursts):
        began = time.monotonic()
        for agent, at in zip(agents, sorted(random.uniform(0, BURST_S) for _ in agents), strict=True):
            time.sleep(max(0.0, began + at - time.monotonic()))
            agent.tap()
        lab.stage.until(all_receipted(agents), "all receipts")
        time.sleep(0.5)
    yield from spread(
        f"{database}: {AGENTS} taps in {BURST_S * 1000:g} ms, tap → committed", to_commit(agents, commits)
    )
