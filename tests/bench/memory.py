"""What each process holds in memory (resident set) once it has done what it is there for."""

from pathlib import Path

from server.demo import watch
from tests.bench.boards_open import BOARDS, open_boards, start_web
from tests.bench.figures import Figure, Lines
from tests.bench.lab import BenchLab, bench_lab
from tests.bench.light_agents import connected
from tests.bench.month import INVOICES, close_and_issue, furnish_months
from tests.bench.tap_to_pin import is_enforced, places_of, take_turns

HOLDERS = 1_200
_AGENT = "agent-1"
_RENDERED_WITHIN_S = 300.0


def measure(quick: bool) -> Lines:
    with bench_lab(holders=HOLDERS) as lab, places_of(lab, _AGENT) as places:
        (month,) = furnish_months(1)
        lab.start_link()
        lab.start_part("work")
        start_web(lab)
        lab.stage.start_agent(_AGENT)
        with connected(lab, lab.lab.agents()[1:]), open_boards(lab.web_port):
            lab.stage.until(lambda: is_enforced(lab, _AGENT), "the list to be in force", 60)
            take_turns(lab, places, 5 if quick else 20)
            close_and_issue(lab, month)
            lab.stage.until(watch.all_rendered, "the documents to be rendered", _RENDERED_WITHIN_S)
            yield from _figures(lab)


def _figures(lab: BenchLab) -> Lines:
    (web_worker,) = children_of(lab.pid("web"))
    yield Figure(f"agent, {HOLDERS:,} holders", resident_mib(lab.pid(_AGENT)), "MiB", 60)
    yield Figure(f"web, the process that serves, {BOARDS} boards open", resident_mib(web_worker), "MiB", 120)
    yield Figure("web, its parent", resident_mib(lab.pid("web")), "MiB")
    yield Figure(f"link, lists of 8 agents, {HOLDERS:,} holders", resident_mib(lab.pid("link")), "MiB", 120)
    yield Figure(f"work, after {INVOICES} documents", resident_mib(lab.pid("work")), "MiB", 450)


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
