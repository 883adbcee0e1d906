"""How long pages take in a lab of three years: 300 000 sessions, 1 200 people, 40 tenants, on the web process as it runs.

Asked one after the other, over HTTP, compressed, in French, as manager unless it says otherwise; from the request to the
last byte; beside it the processor time of the web process, which other work on the computer changes less. What the browser
does with a page comes on top; what it must load once is the figure ``weight``.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from random import Random

from server.domain.roles import Role, ScopeKind
from tests.bench.boards_open import start_web
from tests.bench.figures import Figure, Lines, percentile
from tests.bench.lab import bench_lab
from tests.bench.memory import children_of, resident_mib
from tests.bench.years import Years, add_years
from tests.server.signed_in import log_in

SESSIONS, HOLDERS = 300_000, 1_200
AIM_MS, AIM_MAP_MS = 100.0, 50.0
_ROUNDS, _QUICK_ROUNDS = 40, 8
_WAYS = {  # what a manager opens
    "today": "/today",
    "machines": "/machines",
    "a machine that runs": "/machines/{machine}",
    "agents": "/agents",
    "an agent": "/agents/agent-1",
    "people": "/people",
    "people, a name sought": "/people?q=schmitt",
    "people, page 12": "/people?page=12",
    "a person": "/people/{holder}",
    "tenants": "/tenants",
    "a tenant": "/tenants/{tenant}",
    "a tenant's books": "/tenants/{tenant}/books",
    "skills": "/skills",
    "a skill": "/skills/printing",
    "qualifications": "/qualifications",
    "sessions": "/sessions",
    "sessions, page 200": "/sessions?page=200",
    "sessions of a machine": "/sessions?machine={machine}",
    "sessions of a tenant": "/sessions?tenant={tenant}",
    "sessions of a month": "/sessions?since={paid}-01&until={paid}-28",
    "sessions, a name sought": "/sessions?q=schmitt",
    "sessions of a machine in a month": "/sessions?machine={machine}&since={paid}-01&until={paid}-28",
    "sessions of a holder": "/sessions?q={holder}",
    "sessions that need a look": "/sessions?show=look",
    "a session with its evidence": "/sessions/{session}",
    "months": "/months",
    "the month that runs": "/months/{running}",
    "a month that waits to be issued": "/months/{waiting}",
    "a month that is paid": "/months/{paid}",
    "documents": "/documents",
    "tariffs": "/tariffs",
    "VAT": "/vat",
    "accounts": "/accounts",
    "journal": "/audit",
    "search": "/search?q=schmitt",
    "is all well, for the watch": "/healthz",
}


@dataclass(slots=True)
class Page:
    """One address, who asks for it, and what it took each time."""

    name: str
    path: str
    cookie: str
    aim_ms: float = AIM_MS
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    sent: int = 0


def measure(quick: bool) -> Lines:
    with bench_lab(holders=HOLDERS) as lab:
        began = time.monotonic()
        years = add_years(SESSIONS, datetime.now(UTC))
        yield f"  {_said(years)}; written in {time.monotonic() - began:.0f} s"
        start_web(lab)
        pages = list(pages_of(years))
        (web,) = children_of(lab.pid("web"))
        ask_all(lab.web_port, web, pages, 1)  # whatever a process does once
        for page in pages:
            page.seconds.clear()
            page.processor.clear()
        ask_all(lab.web_port, web, pages, _QUICK_ROUNDS if quick else _ROUNDS)
        yield Figure("web, once it has shown every page", resident_mib(web), "MiB", 120)
    for page in pages:
        yield _figure(page)
    everything = sorted(second for page in pages for second in page.seconds)
    yield Figure("all of them together, p95", percentile(everything, 95) * 1000, "ms", AIM_MS)


def pages_of(years: Years) -> Iterator[Page]:
    manager = f"prolab={log_in(Role.MANAGER)}"
    maker = f"prolab={log_in(Role.HOLDER, holder=years.holder)}"
    of_tenant = f"prolab={log_in(Role.TENANT_ADMIN, ScopeKind.TENANT, years.tenant)}"
    yield Page("the plan", "/map", manager, AIM_MAP_MS)
    yield Page("the plan as a list", "/map?view=list", manager, AIM_MAP_MS)
    yield Page("the wall, nobody logged in", "/wall", "", AIM_MAP_MS)
    known = asdict(years) | {"running": f"{datetime.now(UTC):%Y-%m}"}
    for name, path in _WAYS.items():
        yield Page(name, path.format(**known), manager)
    yield Page("my page, of a maker", "/me", maker)
    yield Page("books, of a tenant's administrator", f"/tenants/{years.tenant}/books", of_tenant)


def ask_all(port: int, web: int, pages: list[Page], rounds: int) -> None:
    """In another order each time; the connection stays open, as a browser's does."""
    random = Random("pages")
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for _ in range(rounds):
            for page in random.sample(pages, len(pages)):
                before = processor_s(web)
                ask(connection, page)
                page.processor.append(processor_s(web) - before)


def processor_s(pid: int) -> float:
    """What all threads of a process have taken so far."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def ask(connection: HTTPConnection, page: Page) -> None:
    headers = {"Cookie": page.cookie, "Accept-Language": "fr", "Accept-Encoding": "gzip", "Accept": "text/html"}
    began = time.perf_counter()
    connection.request("GET", page.path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    page.seconds.append(time.perf_counter() - began)
    page.sent = len(body)
    if answer.status != 200 and page.path != "/healthz":  # which says 503 here: no link, no work
        raise RuntimeError(f"{page.path} answers {answer.status}")


def _figure(page: Page) -> Figure:
    ordered = sorted(page.seconds)
    half, processor = (percentile(sorted(times), 50) * 1000 for times in (page.seconds, page.processor))
    what = (
        f"{page.name}, p95 of {len(ordered)} (p50 {half:.0f}, processor {processor:.0f} ms, {page.sent / 1000:.0f} kB)"
    )
    return Figure(what, percentile(ordered, 95) * 1000, "ms", page.aim_ms)


def _said(years: Years) -> str:
    told = ("usage_session", "event", "denial", "charge", "document", "audit", "person", "tenant", "machine")
    return ", ".join(f"{years.rows[name]:,} {name}" for name in told)
