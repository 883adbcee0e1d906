"""A small lab with something to bill: tenants of every treatment, prices, a seller, and sessions written as ingest would."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from server.billing import service as billing
from server.billing.models import Tariff
from server.db import writing
from server.domain.invoicing import Seller
from server.domain.status import ProofKind
from server.domain.tariffs import Scope, simple
from server.domain.vat import Nature, Regime
from server.domain.vat_proposals import column
from server.machines import service as machines
from server.machines.models import Machine
from server.people import service as people
from server.people.models import Establishment, Payer, Tenant, TenantKind
from server.usage.models import UsageSession
from tests.commissioned import commission
from tests.remembered import remembered
from wire.messages import RiskClass

ZONE = ZoneInfo("Europe/Paris")
DECIDED = {"fr_business", "eu_business", "non_eu_business"}  # treatments whose use of machines is in the VAT table
OPENED = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = "2026-10"
CLOSING = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
SELLER = Seller(
    trade_name="Halle Zéro",
    legal_name="Halle Zéro SAS",
    capital="50 000 €",
    street="7, quai de la Locomotive",
    postcode="68100",
    city="Mulhouse",
    country="FR",
    siren="000000001",
    siret="00000000100010",
    rcs="Mulhouse 000 000 001",
    vat_id="FR00000000001",
    iban="FR7630006000011234567890189",
    bic="EXEMFRPPXXX",
    vat_on_debits=True,
    payment_days=30,
    late_rate="trois fois le taux d’intérêt légal",
)
_TENANTS = (  # code, name, kind, country, treatment, SIREN, VAT id
    ("acme", "Acme SARL", TenantKind.COMPANY, "FR", "fr_business", "000000002", "FR00000000002"),
    ("nord", "Nordwerk GmbH", TenantKind.COMPANY, "DE", "eu_business", None, "DE000000123"),
    ("berg", "Bergzeug AG", TenantKind.COMPANY, "CH", "non_eu_business", None, "CHE-000.000.003 MWST"),
    ("bach", "Verein Bachwerk", TenantKind.ASSOCIATION, "CH", "foreign_non_taxable", None, None),
    ("atelier", "Atelier commun", TenantKind.INTERNAL, "FR", "fr_business", "000000001", None),
)
PROOFS = {"eu_business": ProofKind.VIES, "non_eu_business": ProofKind.SWISS_VAT}
_numbers = count(1)


@remembered
def furnish(agent: str = "agent-1", seller: Seller = SELLER) -> None:
    """Two machines at 24.00 and 36.00 € an hour, and for each tenant one payer ``<code>-1``; ``acme`` has a second."""
    by: Any = {"actor": "test", "now": OPENED}
    with writing():
        machines.add_agent(agent, **by)
        machines.add_machine("p1", "Imprimante P1", "printer", agent, RiskClass.LOW, **by)
        machines.add_machine("c1", "Fraiseuse C1", "cnc", agent, RiskClass.HIGH, **by)
        commission("c1", OPENED)
        for code, name, kind, country, treatment, siren, vat_id in _TENANTS:
            people.add_tenant(code, name, kind, **by)
            house = people.add_establishment(code, name, "1 rue", "68100", "Mulhouse", country, siren, vat_id, **by)
            people.set_treatment(house.id, treatment, OPENED.date(), "test", **by)
            if treatment in PROOFS:
                seen = people.Seen(PROOFS[treatment], OPENED.date(), "WAPIAAAAZ1234567")
                people.add_proof(house.id, seen, (), Path(), today=OPENED.date(), **by)
            people.set_bill_to(code, house.id, OPENED.date(), **by)
            people.add_payer(code, f"{code}-1", "Atelier", name, **by)
        people.add_payer("acme", "acme-2", "Bureau d’études", "Acme BE", **by)
        billing.add_seller(seller, OPENED.date(), **by)
        billing.add_tariff(Scope(category="printer"), simple(2400, 900), OPENED, **by)
        billing.add_tariff(Scope(category="cnc"), simple(3600, 300, 1800, 250), OPENED, **by)
        proposed = [one for one in column(Regime.NORMAL, Nature.MACHINE_USE) if one.treatment in DECIDED]
        billing.accept_proposals(proposed, date(2026, 1, 1), "as the law texts suggest", **by)


def add_start_up(paid_by: str | None) -> None:
    """A tenant ``new`` with the payer ``new-1``, whose bills go to another tenant's establishment, or nowhere."""
    by: Any = {"actor": "test", "now": OPENED}
    with writing() as session:
        people.add_tenant("new", "Jeune pousse", TenantKind.STARTUP, parent=paid_by, **by)
        people.add_payer("new", "new-1", "Atelier", "Jeune pousse", **by)
        if paid_by:
            house = select(Establishment.id).join(Tenant, Tenant.id == Establishment.tenant_id)
            people.set_bill_to("new", session.scalars(house.where(Tenant.code == paid_by)).one(), OPENED.date(), **by)


def use(
    payer: str = "acme-1",
    machine: str = "p1",
    start: datetime = datetime(2026, 10, 5, 8, 0, tzinfo=UTC),
    seconds: int = 3600,
    **changed: Any,
) -> str:
    """A session that has ended. Returns its id."""
    session_id = str(UUID(int=next(_numbers)))
    facts = {"state": "ended", "simulated": False, "ended_at": start + timedelta(seconds=seconds)}
    facts = {**facts, "holder_number": 7, **changed}
    with writing() as session:
        row = UsageSession(
            id=session_id,
            machine_id=session.scalar(select(Machine.id).where(Machine.code == machine)),
            payer_id=session.scalar(select(Payer.id).where(Payer.code == payer)),
            started_at=start,
            occupied_s=seconds,
            powered_s=seconds,
            time_quality="synced",
            revision=1,
            **facts,
        )
        session.add(row)
    return session_id


def close(month: str = MONTH, now: datetime = CLOSING, specimen: bool = False) -> billing.CloseReport:
    return billing.close_month(month, "manager", now, ZONE, specimen)


def issue(month: str = MONTH, now: datetime = CLOSING, specimen: bool = False) -> list[str]:
    return billing.issue_month(month, "manager", now, ZONE, specimen)


def end_prices(category: str, moment: datetime) -> None:
    with writing() as session:
        for tariff in session.scalars(select(Tariff).where(Tariff.category == category)):
            tariff.valid_until = moment
