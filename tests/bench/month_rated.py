"""A month of a house far larger than ours: 100 000 sessions of 500 tenants at 60 machines, rated and drafted. In a process of
its own, so that its memory is its own, too."""

import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from server.billing import facts, months
from server.billing import service as billing
from server.billing.drafting import draft_month, rate_uses
from server.billing.uses import in_force
from server.contracts import models as contracts
from server.db import make_app, reading, writing
from server.demo.lab import ZONE
from server.domain.period import Period, period_of
from server.domain.tariffs import Band, Basis, Cap, Of, Part, Rule, Scope, Span, Tier, simple
from server.machines.models import Machine
from server.migrations import upgrade
from server.people.models import BillTo, Establishment, Payer, TaxTreatment, Tenant
from server.usage.models import UsageSession
from tests.bench.figures import Figure, Lines
from tests.server import billing_lab

SESSIONS, TENANTS, MACHINES = 100_000, 500, 60
AIM_S = 20.0
_MONTH, _NOW = "2026-10", datetime(2026, 11, 3, 9, tzinfo=UTC)
_KINDS = ("company", "startup", "school", "freelancer")
_CATEGORIES = ("printer", "cnc", "laser", "oven")
_WEEK = (0, 1, 2, 3, 4)
_RULES = {
    "printer": simple(2400, 900),
    "cnc": Rule((Part(Basis.OCCUPIED, 3600, step_s=300, bands=(Band(_WEEK, clock(8), clock(20), 4800),)),), 250),
    "laser": Rule((Part(Basis.OCCUPIED, 600, step_s=1800), Part(Basis.RUNNING, 62, per_s=60)), 1033, day_fee_cents=250),
    "oven": Rule(
        (Part(Basis.OCCUPIED, 1000, tiers=(Tier(7200, 500),)), Part(Basis.COOLDOWN, 100)),
        caps=(Cap(Span.DAY, Of.PERSON, 5000), Cap(Span.MONTH, Of.TENANT, 90_000)),
    ),
}


def measure(quick: bool) -> Lines:
    sessions = SESSIONS // 20 if quick else SESSIONS
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        read_s, rated_s, drafted_s, all_s, drafts, mib = apart.submit(_take, sessions).result()
    yield f"a month of {sessions:,} sessions, {TENANTS} tenants, {MACHINES} machines, prices of four shapes, a contract each"
    yield Figure("sessions, prices and contracts read", read_s, "s")
    yield Figure("rated", rated_s, "s")
    yield Figure("rated and drafted", drafted_s, "s", AIM_S)
    yield Figure(f"read, rated, drafted and {drafts} drafts stored", all_s, "s")
    yield Figure("memory at its most", mib, "MiB")


def _take(sessions: int) -> tuple[float, float, float, float, int, float]:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'lab.db'}"
        upgrade(url)
        with make_app(url).app_context():
            furnish(sessions)
            return _timed(period_of(_MONTH, ZONE))


def _timed(period: Period) -> tuple[float, float, float, float, int, float]:
    began = time.perf_counter()
    with reading():
        known = facts.load(period, specimen=False)
    read = time.perf_counter()
    count = sum(1 for _ in rate_uses(known, ZONE))
    rated = time.perf_counter()
    issuer = in_force(known.issuers, _NOW.date())
    month = draft_month(known, period, issuer, ZONE, specimen=False)
    drafted = time.perf_counter()
    assert count == len(known.uses) == len(month.looked)
    drafts = len(month.drafts)
    del known, month
    before = time.perf_counter()
    months.build_drafts(_MONTH, _NOW, ZONE, specimen=False)
    stored = time.perf_counter()
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return read - began, rated - read, drafted - rated, stored - before, drafts, mib


def furnish(sessions: int) -> None:
    billing_lab.furnish()
    random = Random("a month rated")
    by: Any = {"actor": "bench", "now": billing_lab.OPENED}
    with writing() as session:
        first = session.get_one(Machine, 1)
        about = {"agent_id": first.agent_id, "risk": first.risk}
        for number in range(MACHINES):
            session.add(Machine(code=f"m{number}", name=f"Machine {number}", category=_CATEGORIES[number % 4], **about))
        for category, rule in _RULES.items():
            billing.add_tariff(Scope(category=category), rule, billing_lab.OPENED + timedelta(days=1), **by)
            for kind in _KINDS[1:]:
                billing.add_tariff(Scope(category=category, tenant_kind=kind), rule, billing_lab.OPENED, **by)
        for number in range(TENANTS):
            _add_tenant(session, number)
        session.flush()
        payers = session.scalars(select(Payer.id).where(Payer.code.like("t%"))).all()
        machines = session.scalars(select(Machine.id).where(Machine.code.like("m%"))).all()
        for rows in _sessions(random, sessions, list(payers), list(machines)):
            session.execute(insert(UsageSession), rows)


def _add_tenant(session: Any, number: int) -> None:
    kind, since = _KINDS[number % 4], date(2026, 1, 1)
    tenant = Tenant(code=f"t{number}", name=f"Tenant {number}", kind=kind)
    session.add(tenant)
    session.flush()
    address = {"street": "1 rue", "postcode": "68100", "city": "Mulhouse", "country": "FR", "siren": "000000002"}
    house = Establishment(tenant_id=tenant.id, legal_name=f"Tenant {number} SARL", **address)
    session.add(house)
    session.flush()
    session.add(
        TaxTreatment(establishment_id=house.id, treatment="fr_business", valid_from=since, reason="", decided_by="")
    )
    session.add(BillTo(tenant_id=tenant.id, establishment_id=house.id, valid_from=since))
    opened = {"valid_from": billing_lab.OPENED}
    session.add_all(
        [
            Payer(tenant_id=tenant.id, code=f"t{number}-{one}", cost_centre=f"Centre {one}", label="", **opened)
            for one in (1, 2)
        ]
    )
    hours = {"gives": "hours", "name": "Hours", "amount": 36_000, "categories": ["cnc"], "carry_months": 0}
    session.add(contracts.Contract(tenant_id=tenant.id, valid_from=since, **hours))


def _sessions(random: Random, count: int, payers: list[int], machines: list[int]) -> Iterator[list[dict[str, Any]]]:
    start = period_of(_MONTH, ZONE).start
    rows: list[dict[str, Any]] = []
    for _ in range(count):
        seconds = random.randrange(60, 4 * 3600)
        began = start + timedelta(seconds=random.randrange(-3600, 30 * 86_400))
        rows.append(
            {
                "id": str(UUID(int=random.getrandbits(128), version=4)),
                "machine_id": random.choice(machines),
                "holder_number": random.randrange(1, 5000),
                "payer_id": random.choice(payers),
                "state": "ended",
                "started_at": began,
                "ended_at": began + timedelta(seconds=max(seconds, 3601)),
                "occupied_s": max(seconds, 3601),
                "powered_s": seconds,
                "running_s": seconds // 2,
                "cooldown_s": random.choice([0, 0, 300]),
                "end_reason": "holder",
                "time_quality": "synced",
                "revision": 1,
                "simulated": False,
            }
        )
        if len(rows) == 5_000:
            yield rows
            rows = []
    yield from [rows] if rows else []
