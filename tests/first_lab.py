"""The smallest lab of ``conftest``, as its services write it."""

from datetime import date, datetime, timedelta
from typing import Any

from server.db import writing
from server.machines import service as machines
from server.people import service as people
from server.people.models import TenantKind
from server.training import service as training
from tests.conftest import SITE_KEY, Lab
from tests.remembered import remembered
from wire.messages import RiskClass


@remembered
def furnish(now: datetime) -> Lab:
    by: Any = {"actor": "test", "now": now - timedelta(days=30)}
    with writing():
        people.add_tenant("acme", "Acme SARL", TenantKind.COMPANY, **by)
        house = people.add_establishment("acme", "Acme SARL", "1 rue", "68100", "Mulhouse", "FR", **by)
        people.set_treatment(house.id, "fr_business", date(2026, 1, 1), "test", **by)
        people.set_bill_to("acme", house.id, date(2026, 1, 1), **by)
        people.add_payer("acme", "acme-rd", "R&D", "Acme R&D", **by)
        ada = people.add_holder("Ada", "Lovelace", "fr", shows_first_name=True, **by)
        token = people.give_token(ada.number, "em4100:0102030405", SITE_KEY, "k1", **by)
        membership = people.add_membership(ada.number, "acme-rd", **by)
        machines.add_agent("agent-1", **by)
        machines.add_machine("p1", "Printer 1", "printer", "agent-1", RiskClass.LOW, **by)
        training.add_skill("printing", "3D printing", **by)
        training.require_skills("p1", ["printing"], **by)
        qualification = training.grant(ada.number, "printing", **by)
        return Lab(ada.number, token.ref, token.fingerprint, membership.ref, qualification.ref, house.id)
