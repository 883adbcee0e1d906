"""Twenty taps a second go on while forty invoices are issued and rendered: what last month's books cost today's taps.

Closing, issuing and rendering are processes of their own, as in a lab; month after month, so that there are taps enough
to measure. Taps come from light agents and are measured to their commit.
"""

import time
from threading import Thread

from server.demo import watch
from tests.bench.figures import Figure, Lines, spread
from tests.bench.lab import BenchLab, Database, bench_lab
from tests.bench.light_agents import LightAgent, connected, to_commit
from tests.bench.month import INVOICES, close_and_issue, furnish_months
from tests.bench.tap_to_commit import tap_at_random

AIM_MS = {99: 50.0}


def measure(quick: bool) -> Lines:
    for database in Database:
        with bench_lab(database=database) as lab:
            months = furnish_months(1 if quick else 6)
            commits = lab.start_link()
            lab.start_part("work")
            with connected(lab, lab.lab.agents()) as agents:
                lab.until_lists_sent()
                seconds = _tap_meanwhile(lab, agents, months)
                taken = to_commit(agents, commits)
        yield Figure(f"{database}: closing, issuing and rendering {INVOICES} invoices", seconds / len(months), "s")
        yield from spread(f"{database}: meanwhile, tap → committed", taken, AIM_MS)


def _tap_meanwhile(lab: BenchLab, agents: list[LightAgent], months: list[str]) -> float:
    """Seconds until every invoice was rendered, with people tapping all the while."""

    def bill() -> None:
        for month in months:
            close_and_issue(lab, month)

    office = Thread(target=bill)
    began = time.monotonic()
    office.start()
    tap_at_random(lab, agents, lambda: not office.is_alive() and watch.all_rendered())
    office.join()
    return time.monotonic() - began
