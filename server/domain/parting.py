"""The documents that one establishment's month comes to: split where VAT may not meet or orders divide, and where more is taken
back than is sold, a credit note to each invoice that is corrected. Pure.

A credit note refers to one original, and copies its VAT; what is sold in the same month stands on an invoice of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from server.domain.bearing import day_of
from server.domain.invoicing import Extra, Item, sold
from server.domain.splitting import parts
from server.domain.vat import Treatment, buyer_kind

Placed = Item | Extra


@dataclass(frozen=True, slots=True)
class Original:
    """The invoice that an adjustment corrects, and why. Where another system wrote it from a ``statement`` of ours, its number is
    the one typed back, and "" as long as nobody has."""

    number: str
    issued_on: date
    reason: str
    statement: str = ""

    @property
    def ours(self) -> str:
        """The document of ours that it follows from."""
        return self.statement or self.number

    def said(self) -> dict[str, Any]:
        """As it stands on a credit note."""
        found = {"number": self.number, "issued_on": self.issued_on, "reason": self.reason}
        return found | ({"statement": self.statement} if self.statement else {})


@dataclass(frozen=True, slots=True)
class Part:
    """One document to be. ``corrects``: it is a credit note, to this invoice."""

    name: str
    items: tuple[Placed, ...]
    corrects: Original | None = None


def parts_of(
    items: Iterable[Placed],
    originals: Mapping[str, Original],
    order_of: Callable[[Placed], str] = lambda _: "",
    *,
    statement: bool = False,
) -> list[Part]:
    """``originals``: of adjustments, by what they are known by. A statement is no invoice and may come to less than nothing; but what
    it would take back of an invoice that was written here needs a credit note in the series of that invoice."""
    items = list(items)
    found: list[Part] = []
    if statement:
        issued = {name: one for name, one in originals.items() if not one.statement}
        return [part for name, own in parts(items, order_of) for part in _apart(name, own, issued)]
    for name, own in parts(items, order_of, _known_as(items)):
        if _takes_back(own):
            found += _apart(name, own, originals)
        else:
            found.append(Part(name, tuple(own)))
    return found


def _known_as(items: Iterable[Placed]) -> Callable[[Placed], str]:
    """What each item's buyer was on its day. Who opens an establishment here stays one buyer, whose last name stands on all; and what
    nobody has decided holds the document of what came last."""
    treated = sorted((day_of(one), one.treatment) for one in items if one.treatment)
    kinds = {treatment: buyer_kind(treatment) for _, treatment in treated}
    last = treated[-1][1] if treated else ""
    if last == Treatment.FR_ESTABLISHMENT:
        kinds |= {one: kinds[last] for one in kinds if kinds[one] == buyer_kind(Treatment.EU_BUSINESS)}
    return lambda one: kinds.get(one.treatment or last, "")


def _takes_back(items: Iterable[Placed]) -> bool:
    """Whether any category and rate comes to less than nothing."""
    sums: dict[tuple[str, int], int] = {}
    for one in sold(items):
        rate = (one.vat.category, one.vat.rate_bp)
        sums[rate] = sums.get(rate, 0) + one.net_cents
    return any(cents < 0 for cents in sums.values())


def _apart(name: str, items: list[Placed], originals: Mapping[str, Original]) -> list[Part]:
    """One credit note for each invoice of which something is taken back, and the rest."""
    of_invoice: dict[str, list[Placed]] = {}
    for item in items:
        if (original := originals.get(item.subject)) is not None:
            of_invoice.setdefault(original.ours, []).append(item)
    taken = {number: own for number, own in sorted(of_invoice.items()) if sum(one.net_cents for one in sold(own)) < 0}
    back = {item.subject for own in taken.values() for item in own}
    rest = tuple(item for item in items if item.subject not in back)
    notes = [_note(number, own, originals) for number, own in taken.items()]
    return [*([Part(name, rest)] if rest else []), *notes]


def _note(name: str, own: list[Placed], originals: Mapping[str, Original]) -> Part:
    reasons = list(dict.fromkeys(originals[item.subject].reason for item in own))
    first = originals[own[0].subject]
    return Part(name, tuple(own), replace(first, reason="; ".join(reasons)))
