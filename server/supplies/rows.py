"""Finds one row about supplies by its number, or says in a sentence that there is none; and what all of them check.

``changing`` keeps a row for the one who changes it until his transaction ends, so that the second of two sees the first.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import select

from server.db import Model, db
from server.domain.supplies import LANGUAGES, THOUSAND, SupplyError
from server.domain.vat import Nature
from server.machines.models import Machine
from server.supplies.models import Material, Noted, OneOff, Preset, Recurring, SupplyPrice

Row = TypeVar("Row", bound=Model)
LONGEST_LABEL = 120


def material_by_id(number: int, changing: bool = False) -> Material:
    return _one(Material, number, changing)


def price_by_id(number: int, changing: bool = False) -> SupplyPrice:
    return _one(SupplyPrice, number, changing)


def preset_by_id(number: int, changing: bool = False) -> Preset:
    return _one(Preset, number, changing)


def one_off_by_id(number: int, changing: bool = False) -> OneOff:
    return _one(OneOff, number, changing)


def recurring_by_id(number: int, changing: bool = False) -> Recurring:
    return _one(Recurring, number, changing)


def root_of(number: int) -> Noted:
    """The first note about the same, locked: who corrects it, or charges it, comes after us."""
    row = _one(Noted, number, changing=False)
    return _one(Noted, row.root_id or row.id, changing=True)


def newest_of(root: Noted) -> Noted:
    """What counts now of what was noted."""
    wanted = select(Noted).where(Noted.root_id == root.id).order_by(Noted.id.desc()).limit(1)
    return db.session.scalars(wanted).first() or root


def machine_id(code: str | None) -> int | None:
    if code is None:
        return None
    found: int | None = db.session.scalar(select(Machine.id).where(Machine.code == code))
    if found is None:
        raise SupplyError("There is no machine %(code)s.", code=code)
    return found


def checked_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """In French at least, which documents are kept in."""
    kept = {language: text for language in LANGUAGES if (text := labels.get(language, "").strip())}
    if "fr" not in kept:
        raise SupplyError("Write it in French at least: documents are kept in it.")
    if any(len(text) > LONGEST_LABEL for text in kept.values()):
        raise SupplyError("At most %(most)s characters.", most=LONGEST_LABEL)
    return kept


def checked_nature(nature: str) -> str:
    if nature not in set(Nature):
        raise SupplyError("Say what is sold: it decides the VAT.")
    return nature


def checked_reason(reason: str) -> str:
    if not reason.strip():
        raise SupplyError("Say why: the reason is kept with it.")
    return reason.strip()


def milli(value: Decimal) -> int:
    """Thousandths, as they are kept."""
    if value * THOUSAND != int(value * THOUSAND):
        raise SupplyError("Three decimals at most.")
    return int(value * THOUSAND)


def whole(thousandths: int) -> Decimal:
    """The other way round, without zeros at the end: 12.5, and 25."""
    return Decimal(thousandths) / THOUSAND


def _one(kind: type[Row], number: int, changing: bool) -> Row:
    more: dict[str, Any] = {"with_for_update": True, "populate_existing": True} if changing else {}
    row: Row | None = db.session.get(kind, number, **more)
    if row is None:
        raise SupplyError("There is nothing of this number.")
    return row
