"""Who pays for a session or an item, and which VAT it bears: each put where it belongs, on its way to a document."""

from datetime import date, tzinfo

from server.billing.facts import Facts, Whose
from server.billing.uses import Use, in_force
from server.domain.invoicing import Extra, Item
from server.domain.items import BillItem
from server.domain.period import day_of
from server.domain.rating import Rated
from server.domain.supplies import MissingItemPrice
from server.domain.vat import Cell, MissingCell, Nature, decide


class Cases:
    """A month asks a hundred thousand times about a few cases: each is decided once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._payers: dict[tuple[int, date], int | None] = {}
        self._vat: dict[tuple[int, str, date], tuple[Cell | MissingCell, str | None]] = {}

    def pays(self, tenant_id: int, day: date) -> int | None:
        """The establishment that pays for a tenant on a day."""
        case = (tenant_id, day)
        if case not in self._payers:
            self._payers[case] = in_force(self._facts.bill_to.get(tenant_id, []), day)
        return self._payers[case]

    def session(self, use: Use, rated: Rated, pays: int, zone: tzinfo) -> Item:
        cell, treatment = self._vat_of(pays, Nature.MACHINE_USE, rated.session.day)
        return Item(
            payer=use.payer,
            on_behalf_of=self._on_behalf_of(pays, use.tenant_id, use.tenant_name),
            cost_centre=use.cost_centre,
            machine_name=use.machine_name,
            ended_at=use.ended_at,
            end_day=day_of(use.ended_at, zone),
            rated=rated,
            vat=cell,
            treatment=treatment,
            round=use.round,
        )

    def item(self, item: BillItem | MissingItemPrice, whose: Whose, pays: int, again: int) -> Extra:
        nature = item.nature if isinstance(item, BillItem) else Nature.MACHINE_USE  # nobody has said what it is either
        cell, treatment = self._vat_of(pays, nature, item.day)
        return Extra(
            payer=item.payer,
            on_behalf_of=self._on_behalf_of(pays, whose.tenant_id, whose.tenant_name),
            cost_centre=whose.cost_centre,
            machine_name=self._facts.machines.get(item.machine or "", ""),
            item=item,
            vat=cell,
            treatment=treatment,
            round=again,
        )

    def _on_behalf_of(self, pays: int, tenant_id: int, name: str) -> str:
        return "" if self._facts.owners[pays] == tenant_id else name

    def _vat_of(self, pays: int, nature: str, day: date) -> tuple[Cell | MissingCell, str | None]:
        """With the establishment's treatment."""
        case = (pays, nature, day)
        if case not in self._vat:
            treatment = in_force(self._facts.treatments.get(pays, []), day)
            issuer = in_force(self._facts.issuers, day)
            regime = issuer.regime if issuer else "(no seller yet)"
            self._vat[case] = decide(self._facts.cells, regime, treatment, Nature(nature), day), treatment
        return self._vat[case]
