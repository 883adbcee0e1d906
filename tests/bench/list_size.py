"""How large an access list is, how long the server takes to make those of eight agents, and an agent to read its own."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from agent.access import index
from server.demo.lab import ZONE
from server.demo.site import KEY_ID
from server.lists.service import compile_all
from tests.bench.figures import Figure, Lines
from tests.bench.lab import bench_lab
from wire.messages import decode_access_list

AIMS_KB = {1_200: 200.0, 10_000: 1_500.0}


def measure(quick: bool) -> Lines:
    times = 3 if quick else 10
    for holders, aim in AIMS_KB.items():
        with bench_lab(holders=holders) as lab:
            now = datetime.now(UTC)
            agents = lab.lab.agents()
            payload = compile_all(now, agents[:1], ZONE, KEY_ID)[agents[0]].payload
            compiled = best_of(times, partial(compile_all, now, None, ZONE, KEY_ID))
        access_list = decode_access_list(payload)
        size = f"{holders:,} holders × {len(access_list.machines)} machines"
        yield Figure(f"{size}: bytes of the list", len(payload) / 1000, "kB", aim)
        parsed = best_of(times, partial(decode_access_list, payload))
        yield Figure(f"{size}: parse", parsed * 1000, "ms")
        yield Figure(f"{size}: lay out for look-up", best_of(times, partial(index, access_list)) * 1000, "ms")
        yield Figure(f"{holders:,} holders: compile the lists of {len(agents)} agents", compiled * 1000, "ms")


def best_of(times: int, do: Callable[[], object]) -> float:
    """Seconds of the quickest run: the one that was disturbed least."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        do()
        taken.append(time.perf_counter() - began)
    return min(taken)
