"""What the office of the demo has agreed and noted by the morning on which somebody looks: contracts, budgets, orders,
material and operator's time, monthly items, payments, and prices that somebody thinks about."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from server.billing import price_drafts
from server.billing.models import Document
from server.collecting import payments
from server.collecting.payments import Received
from server.contracts import agreements, budgets, orders, packs
from server.contracts.agreements import For, Given
from server.contracts.budgets import Limit
from server.contracts.orders import Numbered
from server.contracts.packs import Offer
from server.db import db, writing
from server.demo.books import ACTOR
from server.demo.lab import CNC, LASER, PRINTER, ZONE
from server.domain.allowances import Unit
from server.domain.contracts import Gives
from server.domain.items import Measured
from server.domain.items import Unit as ItemUnit
from server.domain.orders import Asked
from server.domain.payments import Means
from server.domain.period import day_of
from server.domain.supplies import What
from server.domain.tariffs import Basis, Part, Rule, Scope
from server.domain.vat import Nature
from server.domain.whatif import Change
from server.machines.models import Machine
from server.people.models import BillTo, Tenant
from server.supplies import catalogue, items, noting
from server.supplies.catalogue import MaterialFacts, PriceFacts, PriceFor
from server.supplies.noting import Place
from server.usage.models import UsageSession

_HOUR = 3600
_PUBLIC, _INCLUDED, _CREDIT, _PACK, _BUDGET = "agglo", "feuillarde", "aeropignon", "ondeline", "pivernelle"
_PAID_AFTER = timedelta(days=18)

# name in French, German, English | unit | nature | cents of one | where it is used
_MATERIALS = (
    (("PLA", "PLA", "PLA"), ItemUnit.GRAM, Nature.MATERIAL_IN_SERVICE, Decimal(0), PRINTER),
    (("PETG", "PETG", "PETG"), ItemUnit.GRAM, Nature.MATERIAL_IN_SERVICE, Decimal("4.5"), PRINTER),
    (
        ("Contreplaqué 4 mm", "Sperrholz 4 mm", "Plywood 4 mm"),
        ItemUnit.SHEET,
        Nature.MATERIAL_IN_SERVICE,
        Decimal(1180),
        LASER,
    ),
    (
        ("Brut aluminium", "Aluminiumrohling", "Aluminium blank"),
        ItemUnit.PIECE,
        Nature.GOODS,
        Decimal(2350),
        CNC,
    ),
)


def agree(now: datetime) -> None:
    """From the first of the running month on, so that no month that is over changes."""
    by: dict[str, Any] = {"actor": ACTOR, "now": now}
    today = day_of(now, ZONE)
    first = today.replace(day=1)
    with writing():
        _contracts(first, by)
        materials = _catalogue(first, by)
        _monthly(first, by)
        _use(materials, by)
        _think_about_prices(by)
    _pay(today, by)


def _contracts(first: date, by: dict[str, Any]) -> None:
    hours, credit = Given(20 * _HOUR, carry_months=1), Given(5_000)
    agreements.add_contract(_INCLUDED, "Atelier 20 h", Gives.HOURS, hours, For(None, (CNC,)), first, **by)
    agreements.add_contract(_CREDIT, "Coup de pouce", Gives.CREDIT, credit, For(), first, **by)
    pack = Offer("10 h de découpe", Unit.SECONDS, 10 * _HOUR, 42_000, categories=(LASER,))
    packs.sell_pack(_PACK, _PACK, pack, first, "devis accepté", **by)
    budgets.add_budget(_BUDGET, None, Limit(25_000, True, first), "accord du client", **by)
    pays = select(BillTo.establishment_id).join(Tenant).where(Tenant.code == _PUBLIC)
    establishment = db.session.scalars(pays).one()
    orders.ask_orders(establishment, Asked(required=True), **by)
    told = Numbered(f"EJ-{first.year}-0417", first, date(first.year + 1, 1, 1), first, 400_000)
    orders.add_order(establishment, None, told, "bon de commande reçu", **by)


def _catalogue(first: date, by: dict[str, Any]) -> dict[str, int]:
    """The number of a material for each category of machine that uses one."""
    found: dict[str, int] = {}
    for names, unit, nature, cents, category in _MATERIALS:
        facts = MaterialFacts(dict(zip(("fr", "de", "en"), names, strict=True)), unit, nature)
        number = catalogue.add_material(facts, **by)
        catalogue.add_price(PriceFor(What.MATERIAL, number), PriceFacts(cents), first, "tarif", **by)
        found[category] = number
    quarter = 900
    helped = PriceFacts(Decimal(4_800), step_s=quarter, free_s=quarter)
    catalogue.add_price(PriceFor(What.OPERATOR), helped, first, "tarif", **by)
    catalogue.add_price(PriceFor(What.MISSED), PriceFacts(Decimal(1_000)), first, "tarif", **by)
    return found


def _monthly(first: date, by: dict[str, Any]) -> None:
    labels = {"fr": "Casier", "de": "Schließfach", "en": "Locker"}
    for payer in (_INCLUDED, _BUDGET):
        items.add_recurring(payer, labels, Nature.SUBSCRIPTION, 1_800, first, "convention", **by)


def _use(materials: dict[str, int], by: dict[str, Any]) -> None:
    """Something was used at the last session of each kind of machine, and somebody helped at the mill."""
    quantities = {PRINTER: (Decimal(148), Measured.SLICER), LASER: (Decimal(2), Measured.COUNTED)}
    quantities[CNC] = (Decimal(1), Measured.COUNTED)
    for category, (quantity, measured) in quantities.items():
        if (session := _last_session(category)) is not None:
            place = Place(session=session)
            noting.note_material(materials[category], quantity, measured, place, zone=ZONE, **by)
            if category == CNC:
                noting.note_operator(noting.Span(minutes=40), place, zone=ZONE, **by)


def _last_session(category: str) -> str | None:
    wanted = select(UsageSession.id).join(Machine, Machine.id == UsageSession.machine_id)
    wanted = wanted.where(Machine.category == category, UsageSession.state == "ended")
    found: str | None = db.session.scalar(wanted.order_by(UsageSession.ended_at.desc()).limit(1))
    return found


def _think_about_prices(by: dict[str, Any]) -> None:
    draft = price_drafts.begin_draft("Laser au temps de coupe", **by)
    cutting = Part(Basis.RUNNING, 90, per_s=60, step_s=60)
    occupied = Part(Basis.OCCUPIED, 1_200, step_s=900, free_s=600)
    price_drafts.put_change(draft.id, Change(Scope(category=LASER), Rule((occupied, cutting))), **by)


def _pay(today: date, by: dict[str, Any]) -> None:
    """Bills that are old enough are paid, but for every fifth; of one of them a part came in."""
    rows = select(Document.number, Document.issued_on).order_by(Document.id)
    with writing():
        due = [number for number, day in db.session.execute(rows) if day + _PAID_AFTER < today]
        for at, number in enumerate(due):
            if at % 5:
                payments.pay_whole(number, today, today, **by)
        if due:
            _pay_a_part(due[0], today, by)


def _pay_a_part(number: str, today: date, by: dict[str, Any]) -> None:
    wanted = select(Document).where(Document.number == number)
    document = db.session.scalars(wanted).one()
    half = payments.open_cents(document) // 2
    whose = select(Tenant.code).join(BillTo, BillTo.tenant_id == Tenant.id)
    code = db.session.scalars(whose.where(BillTo.establishment_id == document.establishment_id)).first()
    if code and half:
        received = Received(code, today, half, Means.TRANSFER, "acompte")
        payments.receive(received, {number: half}, today, document.specimen, **by)
