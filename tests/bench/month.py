"""Months that are over and wait for their invoices: forty companies, with as many sessions each as in the demo's month."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from server.db import writing
from server.demo.lab import OPENED, ZONE
from server.domain.period import Period, month_of, period_of
from server.machines.models import Machine
from server.people import service as people
from server.people.models import Payer, TenantKind
from server.usage.models import UsageSession
from tests.bench.lab import BenchLab

INVOICES = 40
_SESSIONS_EACH = 37


def furnish_months(count: int) -> list[str]:
    """Companies with a payer and an establishment each, and their sessions of so many past months. Returns those, in order."""
    now = datetime.now(UTC)
    random = Random("months")
    periods = _past_periods(count, now)
    with writing() as session:
        codes = [_add_company(number, now) for number in range(INVOICES)]
        payers = session.scalars(select(Payer.id).where(Payer.code.in_(codes))).all()
        machines = session.scalars(select(Machine.id)).all()
        sessions = [(payer, period) for period in periods for payer in payers for _ in range(_SESSIONS_EACH)]
        rows = [_session(random, payer, random.choice(machines), period.start) for payer, period in sessions]
        session.execute(insert(UsageSession), rows)
    return [period.month for period in periods]


def _past_periods(count: int, now: datetime) -> list[Period]:
    """The last ones that can be closed; on the first of a month, the one before is still waited for."""
    moment, periods = now - timedelta(days=1), []
    for _ in range(count):
        moment = period_of(month_of(moment, ZONE), ZONE).start - timedelta(days=1)
        periods.append(period_of(month_of(moment, ZONE), ZONE))
    return periods[::-1]


def close_and_issue(lab: BenchLab, month: str) -> None:
    """Both as the commands that staff give; ``prolab work`` then renders."""
    lab.run_command("close-month", month)
    lab.run_command("issue", month)


def _add_company(number: int, now: datetime) -> str:
    """Returns the code of its payer."""
    by: Any = {"actor": "bench", "now": now}
    code, name, siren = f"bench-{number}", f"Banc {number} SARL", f"{900 + number:09d}"
    people.add_tenant(code, name, TenantKind.COMPANY, **by)
    house = people.add_establishment(code, name, "1 rue des Essais", "68100", "Mulhouse", "FR", siren, None, **by)
    people.set_treatment(house.id, "fr_business", OPENED, "bench", **by)
    people.set_bill_to(code, house.id, OPENED, **by)
    people.add_payer(code, code, "Atelier", name, datetime(2026, 1, 1, tzinfo=UTC), **by)
    return code


def _session(random: Random, payer_id: int, machine_id: int, month_began: datetime) -> dict[str, Any]:
    started = month_began + timedelta(seconds=random.randrange(27 * 86_400))
    seconds = random.randrange(600, 4 * 3600)
    return {
        "id": str(UUID(int=random.getrandbits(128), version=4)),
        "machine_id": machine_id,
        "holder_number": 20_000_000,
        "payer_id": payer_id,
        "state": "ended",
        "started_at": started,
        "ended_at": started + timedelta(seconds=seconds),
        "occupied_s": seconds,
        "powered_s": seconds,
        "end_reason": "holder",
        "time_quality": "synced",
        "revision": 1,
        "simulated": True,  # a demo's books bill nothing else
    }
