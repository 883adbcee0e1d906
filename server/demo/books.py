"""Writes the invented lab into a fresh database, through the same services that staff use."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from server.billing import service as billing
from server.care import commissioning
from server.care.commissioning import Sheet
from server.contracts import service as contracts
from server.contracts.service import Limit, Numbered
from server.db import writing
from server.demo.cast import Cast, Scene
from server.demo.lab import OPENED, ZONE, Lab, Machine, midnight
from server.demo.lab_people import CUTTING, MILLING, PRINTING, SKILLS, Holder
from server.demo.lab_tenants import PROOFS, UNDECIDED, Tenant, french_vat_id, siren
from server.domain import invoicing
from server.domain.commissioning import Result, SheetLine, SheetTest, needs_record
from server.domain.orders import Asked
from server.domain.period import day_of
from server.domain.tariffs import Scope, simple
from server.domain.vat import Nature, Regime
from server.domain.vat_proposals import column
from server.machines import service as machines
from server.people import service as people
from server.people.models import TenantKind
from server.training import service as training
from wire.messages import OnMaximum, Policy, RiskClass

ACTOR = "demo"
_SKILL_OF = {"printer": PRINTING, "cnc": MILLING, "laser": CUTTING}
_WITH_A_BUDGET = frozenset(("brumevent", "pivernelle", "kaltbrugg"))
_WITH_ORDERS = frozenset(("agglo", "musarte"))
_TWO_COST_CENTRES = frozenset(("company", "school"))


@dataclass(frozen=True, slots=True)
class Key:
    """The lab's secret for badge fingerprints."""

    id: str
    secret: bytes


def _sheet(now: datetime) -> Sheet:
    """What the invented electrician of the demo found: a simulated box passes every line."""
    tests = tuple(SheetLine(test, Result.PASSED) for test in SheetTest)
    return Sheet(day_of(now, ZONE), "electrician of the demo", "EL-12 B", tests, "simulated")


def found(lab: Lab, cast: Cast, key: Key, now: datetime) -> dict[int, int]:
    """Everything in one transaction. Returns the random number each holder got, by the holder's key in the lab."""
    founder = _Founder(lab, cast, key, now)
    with writing():
        return founder.found()


class _Founder:
    def __init__(self, lab: Lab, cast: Cast, key: Key, now: datetime) -> None:
        self._lab = lab
        self._cast = cast
        self._key = key
        self._by: dict[str, Any] = {"actor": ACTOR, "now": now}
        self._establishments: dict[str, int] = {}
        self._payers: dict[str, list[str]] = {}

    def found(self) -> dict[int, int]:
        for skill, name in SKILLS.items():
            training.add_skill(skill, name, **self._by)
        for agent in self._lab.agents():
            machines.add_agent(agent, **self._by)
        for machine in self._lab.machines:
            self._machine(machine)
        self._opening_hours()
        self._prices()
        for tenant in self._lab.tenants:
            self._tenant(tenant)
        self._agreed()
        numbers = {holder.key: self._holder(holder) for holder in self._lab.holders}
        self._certify(numbers)
        return numbers

    def _machine(self, machine: Machine) -> None:
        policy = Policy(max_s=machine.max_s, on_max=OnMaximum(machine.on_max))
        place = (machine.code, machine.name, machine.category, machine.agent, RiskClass(machine.risk), machine.room)
        machines.add_machine(*place, policy, machine.list_valid_s, **self._by)
        training.require_skills(machine.code, [_SKILL_OF[machine.category]], **self._by)
        if needs_record(RiskClass(machine.risk)):
            commissioning.record(machine.code, _sheet(self._by["now"]), (), Path(), ZONE, **self._by)

    def _opening_hours(self) -> None:
        for category in sorted({hours.category for hours in self._lab.hours}):
            own = [hours for hours in self._lab.hours if hours.category == category]
            opened = [machines.Hours(hours.weekday, hours.opens, hours.closes) for hours in own]
            machines.set_opening_hours(category, opened, **self._by)

    def _prices(self) -> None:
        """Seller, prices, and the VAT cells that the law texts suggest; one tenant's treatment has none."""
        billing.add_seller(_seller(), OPENED, **self._by)
        proposed = [one for nature in Nature for one in column(Regime.NORMAL, nature) if one.treatment != UNDECIDED]
        billing.accept_proposals(proposed, OPENED, "d’après les textes de loi", actor="demo", now=self._by["now"])
        for tariff in sorted(self._lab.tariffs, key=lambda tariff: tariff.valid_from):
            scope = Scope(tariff.machine, tariff.category, tenant_kind=tariff.tenant_kind)
            price = simple(tariff.cents_per_hour, tariff.step_s, tariff.minimum_s, tariff.fee_cents)
            until = midnight(tariff.valid_until) if tariff.valid_until else None
            billing.add_tariff(scope, price, midnight(tariff.valid_from), until, "grille de prix", **self._by)

    def _tenant(self, tenant: Tenant) -> None:
        kind = TenantKind(tenant.kind)
        people.add_tenant(tenant.code, tenant.name, kind, tenant.language, tenant.parent, **self._by)
        address = (tenant.street, tenant.postcode, tenant.city, tenant.country)
        own = people.add_establishment(tenant.code, tenant.name, *address, tenant.siren, tenant.vat_id, **self._by)
        self._establishments[tenant.code] = own.id
        site = people.Site(False, stated_by="la direction", stated_in="bail") if tenant.treatment in PROOFS else None
        people.set_treatment(own.id, tenant.treatment, OPENED, "déclaré par la structure", site, **self._by)
        if tenant.treatment in PROOFS:
            seen = people.Seen(PROOFS[tenant.treatment], OPENED, "DEMO-0001")
            people.add_proof(own.id, seen, (), Path(), today=OPENED, **self._by)
        pays = self._establishments[tenant.bill_to or tenant.code]
        people.set_bill_to(tenant.code, pays, OPENED, **self._by)
        for code, centre in _cost_centres(tenant):
            people.add_payer(tenant.code, code, centre, f"{tenant.name[:40]} · {centre}", midnight(OPENED), **self._by)
            self._payers.setdefault(tenant.code, []).append(code)

    def _agreed(self) -> None:
        """Budgets that nobody reaches, and orders without which public bodies refuse invoices."""
        for code in _WITH_A_BUDGET & self._payers.keys():
            contracts.add_budget(code, None, Limit(2_500_00, monthly=True, valid_from=OPENED), **self._by)
            for payer in self._payers[code]:
                contracts.add_budget(code, payer, Limit(1_200_00, monthly=True, valid_from=OPENED), **self._by)
        for number, code in enumerate(sorted(_WITH_ORDERS & self._payers.keys()), 1):
            house = self._establishments[code]
            contracts.ask_orders(house, Asked(required=True), **self._by)
            contracts.add_order(house, None, Numbered(f"EJ-2026-{number:04}", OPENED), **self._by)

    def _holder(self, holder: Holder) -> int:
        since = midnight(OPENED)
        name = (holder.given, holder.family, holder.language)
        number: int = people.add_holder(*name, shows_first_name=holder.shows_first_name, **self._by).number
        card, badge_until = f"em4100:{holder.card}", self._until(Scene.DAY_BADGE, holder)
        people.give_token(number, card, self._key.secret, self._key.id, "badge", since, badge_until, **self._by)
        for tenant in holder.tenants:
            payers = self._payers[tenant]
            left = self._until(Scene.LEFT, holder)
            people.add_membership(number, payers[holder.key % len(payers)], since, left, **self._by)
        return number

    def _certify(self, numbers: dict[int, int]) -> None:
        """All at once who are certified on the same and until the same day, as after a course: one by one takes seconds."""
        together: dict[tuple[str, datetime | None], list[int]] = {}
        for holder in self._lab.holders:
            for skill in holder.skills:
                until = self._until(Scene.LAPSED, holder) if skill == MILLING else None
                together.setdefault((skill, until), []).append(numbers[holder.key])
        for skill, until in sorted(together, key=lambda one: one[0]):
            training.grant_to_all(together[skill, until], skill, midnight(OPENED), until, **self._by)

    def _until(self, scene: Scene, holder: Holder) -> datetime | None:
        seconds = self._cast.until(scene).get(holder.key)
        return None if seconds is None else datetime.fromtimestamp(seconds, ZONE)


def _cost_centres(tenant: Tenant) -> list[tuple[str, str]]:
    """Payer codes and names."""
    if tenant.kind in _TWO_COST_CENTRES:
        return [(tenant.code, "Prototypes"), (f"{tenant.code}-2", "Petites séries")]
    return [(tenant.code, "Prototypes")]


def _seller() -> invoicing.Seller:
    number = siren(100)
    return invoicing.Seller(
        trade_name="Atelier du Fil",
        legal_name="Atelier du Fil SAS",
        capital="10 000 €",
        street="1 quai des Prototypes",
        postcode="68100",
        city="Mulhouse",
        country="FR",
        siren=number,
        siret=f"{number}00011",
        rcs=f"Mulhouse {number}",
        vat_id=french_vat_id(number),
        iban="FR7600000000000000000000097",
        bic="DEMOFRP1XXX",
        vat_on_debits=False,
        payment_days=30,
        late_rate="trois fois le taux d’intérêt légal",
    )
