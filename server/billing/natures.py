"""What this lab sells, as the VAT table names it: machines, and whatever has a price, is noted or comes back every month.

Whoever decides about VAT is told of a cell that is missing before something of that nature stands on a document.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Select, select

from server.contracts.models import Pack
from server.courses.models import Course
from server.db import db
from server.domain.supplies import What
from server.domain.vat import Nature
from server.supplies.models import Material, OneOff, Preset, Recurring, SupplyPrice

_OF_PRICES = {What.OPERATOR: Nature.OPERATOR_SERVICE, What.LATE: Nature.FEE, What.MISSED: Nature.FEE}
_A_YEAR = timedelta(days=365)  # what was sold once within a year is sold again


def natures_in_use(day: date) -> frozenset[Nature]:
    """Inside ``reading()``."""
    found = {nature for wanted in _stated(day) for nature in db.session.scalars(wanted)}
    priced = select(SupplyPrice.what).where(
        SupplyPrice.valid_from <= day, SupplyPrice.valid_until.is_(None) | (SupplyPrice.valid_until > day)
    )
    found |= {_OF_PRICES[What(what)] for what in db.session.scalars(priced.distinct()) if What(what) in _OF_PRICES}
    if db.session.scalar(select(Pack.id).where(Pack.taken_back_at.is_(None), Pack.bought_on > day - _A_YEAR).limit(1)):
        found.add(Nature.VOUCHER)
    return frozenset({Nature.MACHINE_USE} | {Nature(one) for one in found if one in set(Nature)})


def _stated(day: date) -> Iterator[Select[str]]:
    """Where somebody has said what something is."""
    yield select(Material.nature).where(Material.ended_at.is_(None)).distinct()
    yield select(Preset.nature).where(Preset.ended_at.is_(None)).distinct()
    yield select(Course.nature).where(Course.ended_at.is_(None), Course.price_cents > 0).distinct()
    within = (OneOff.day > day - _A_YEAR) & OneOff.ended_at.is_(None)
    yield select(OneOff.nature).where(within).distinct()
    holds = Recurring.valid_until.is_(None) | (Recurring.valid_until > day)
    yield select(Recurring.nature).where(holds).distinct()
