"""How many events a second one link process stores, from a real broker that already holds them: the time after an outage.

Batched as it works, and one by one: a transaction for each event, as a server would do that does not batch.
"""

from tests.bench.figures import Figure, Lines
from tests.bench.lab import BenchLab, Database, bench_lab
from tests.bench.light_agents import connected

AIM = 1500.0
_STORED_WITHIN_S = 300.0


def measure(quick: bool) -> Lines:
    many, few = (4_000, 400) if quick else (20_000, 2_000)
    for database in Database:
        with bench_lab(database=database) as lab:
            lab.start_link()
            lab.until_lists_sent()  # so that nothing but events is left to do
            batched = _rate(lab, many, None)
            single = _rate(lab, few, 1)
        yield Figure(f"{database}: events a second, batched", batched, "events/s", AIM, at_least=True)
        yield Figure(f"{database}: events a second, one by one", single, "events/s")


def _rate(lab: BenchLab, count: int, batch: int | None) -> float:
    """Events a second, from the first commit to the last."""
    lab.stop_link()  # the broker keeps its session, and what comes for it
    with connected(lab, lab.lab.agents()) as agents:
        for agent in agents:
            for _ in range(count // len(agents)):
                agent.note()
            agent.push()
        lab.stage.until(lambda: all(agent.delivered() for agent in agents), "the broker to have all events", 120)
    commits = lab.start_link(batch)
    lab.stage.until(lambda: commits.stored() == count, "the events to be stored", _STORED_WITHIN_S)
    batches = commits.batches()
    return sum(stored for _, stored in batches[1:]) / ((batches[-1][0] - batches[0][0]) / 1e9)
