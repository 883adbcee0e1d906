"""What the furnished lab has agreed with a tenant: hours, a discount, a pack, budgets near their ends, an order. From November on,
so that the drafts of October stay what they are."""

from datetime import date, datetime, timedelta
from typing import Any

from server.billing import standing
from server.contracts import service as contracts
from server.contracts.service import For, Given, Limit, Numbered, Offer
from server.domain.allowances import Unit
from server.domain.contracts import Gives
from server.domain.orders import Asked
from server.settings import Settings
from tests.server.billing_lab import use

NOVEMBER = date(2026, 11, 1)


def contracted(tenant: str, payers: tuple[str, str], house: int, lab: Settings, now: datetime) -> None:
    """The contract, pack, budget and order that are made first have the number 1."""
    by: dict[str, Any] = {"actor": "test", "now": now}
    own, other = payers
    hours = contracts.add_contract(
        tenant, "Inclus dans le loyer", Gives.HOURS, Given(20 * 3600, 1, 10 * 3600), For(), NOVEMBER, **by
    )
    contracts.change_contract(hours.id, Given(24 * 3600, 1, 10 * 3600), date(2026, 12, 1), "une place de plus", **by)
    contracts.add_contract(tenant, "Remise résidents", Gives.DISCOUNT, Given(1000), For(None, ("cnc",)), NOVEMBER, **by)
    pack = Offer("Dix heures de fraiseuse", Unit.SECONDS, 36_000, 320_00, categories=("cnc",), until=date(2027, 11, 3))
    contracts.sell_pack(tenant, own, pack, now.date() - timedelta(days=1), **by)
    contracts.add_budget(tenant, own, Limit(400_00, True, NOVEMBER), by_lab=False, **by)
    contracts.add_budget(tenant, other, Limit(2_00, True, NOVEMBER), **by)
    contracts.add_budget(tenant, None, Limit(8000_00, False, NOVEMBER, date(2027, 3, 1)), **by)
    contracts.add_order(house, None, Numbered("4500018233", date(2026, 1, 1), None, date(2025, 12, 18), 4000_00), **by)
    contracts.ask_orders(house, Asked(required=True), **by)
    use(own, "p1", now - timedelta(hours=25), 9 * 3600, simulated=True)
    use(other, "c1", now - timedelta(hours=22), 5400, simulated=True)
    use(own, "c1", now - timedelta(hours=20), 4 * 3600, simulated=True)
    standing.refresh(lab, now)
