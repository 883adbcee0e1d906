"""What the furnished lab sells beside hours: material, an operator's time, items, a class of members, a contested line."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from server.billing import disputes
from server.billing.lines import line_of
from server.db import reading
from server.domain.period import period_of
from server.people import service as people
from server.people.models import Tenant
from server.supplies import service as supplies
from server.supplies.service import ItemFacts, MaterialFacts, Place, PriceFacts, PriceFor, Span
from tests.floor import HOLDER
from tests.server.billing_lab import ZONE
from tests.server.billing_lab import use as billed

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
SINCE = date(2026, 1, 1)
_BY: dict[str, Any] = {"actor": "test", "now": NOW}
MATERIALS = (
    ("PLA noir", "PLA schwarz", "PLA, black", "g", "material_in_service", "2.5"),
    ("Résine grise", "Graues Harz", "Grey resin", "ml", "material_in_service", "18"),
    ("Contreplaqué 6 mm", "Sperrholz 6 mm", "Plywood 6 mm", "sheet", "goods", "1450"),
)


def supplied() -> str:
    """A session of the maker of today, which is contested, too. Numbers begin at 1: the first material, price, note, item, preset and dispute are what addresses ask for."""
    for fr, de, en, unit, nature, cents in MATERIALS:
        number = supplies.add_material(MaterialFacts({"fr": fr, "de": de, "en": en}, unit, nature), **_BY)
        _price(PriceFor("material", number), cents)
    _price(PriceFor("material", 1, category="printer"), "0")
    _price(PriceFor("operator"), "5785", step_s=900)
    _price(PriceFor("operator", tenant_kind="association"), "2892", free_s=900)
    _price(PriceFor("missed", category="cnc"), "1200", per_hour=True)
    _price(PriceFor("late"), "500", within_h=24)
    people.add_class("mentor", {"fr": "Mentor", "de": "Mentorin, Mentor", "en": "Mentor"}, **_BY)
    _used()
    supplies.add_preset({"fr": "Badge perdu", "de": "Verlorene Karte", "en": "Lost badge"}, "fee", Decimal(1500), **_BY)
    return _contested()


def _used() -> None:
    day = date(2026, 11, 2)
    for material, quantity, how, payer in ((1, "37", "scale", "acme-1"), (3, "2", "counted", "nord-1")):
        where = Place(payer=payer, day=day)
        supplies.note_material(material, Decimal(quantity), how, where, zone=ZONE, **_BY)
    supplies.note_operator(Span(75), Place(payer="bach-1", day=day), zone=ZONE, **_BY)
    badge = {"fr": "Badge perdu", "de": "Verlorene Karte", "en": "Lost badge"}
    supplies.add_one_off(ItemFacts("acme-1", day, badge, "fee", Decimal(1), "piece", Decimal(1500)), "perdu", **_BY)
    locker = {"fr": "Casier 12", "de": "Schliessfach 12", "en": "Locker 12"}
    supplies.add_recurring("acme-1", locker, "subscription", 2000, date(2026, 11, 17), "contrat du 30 octobre", **_BY)


def _contested() -> str:
    session = billed(
        "acme-1", "c1", datetime(2026, 11, 3, 6, 0, tzinfo=UTC), 3000, simulated=True, holder_number=HOLDER
    )
    with reading() as found:
        tenant = found.scalars(select(Tenant.id).where(Tenant.code == "acme")).one()
    line = line_of(session, tenant, period_of("2026-11", ZONE), specimen=True)
    assert line is not None
    disputes.contest(line, "2026-11", "Personne de chez nous n’était là si tôt", zone=ZONE, **_BY)
    return session


def _price(scope: PriceFor, cents: str, **terms: Any) -> None:
    supplies.add_price(scope, PriceFacts(Decimal(cents), **terms), SINCE, "liste 2026", **_BY)
