"""Supplies as the rest of the program calls them: what was used beside machines, what it costs, and a month's items."""

from server.domain.supplies import MissingItemPrice, SupplyError
from server.supplies.billing import Item, bill_items
from server.supplies.catalogue import (
    MaterialFacts,
    PriceFacts,
    PriceFor,
    add_material,
    add_preset,
    add_price,
    edit_material,
    end_material,
    end_preset,
    end_price,
    resume_material,
)
from server.supplies.items import ItemFacts, add_one_off, add_recurring, adjust, end_recurring, take_back
from server.supplies.noting import Place, Span, correct_noted, is_own_of_today, note_material, note_operator

__all__ = [
    "Item",
    "ItemFacts",
    "MaterialFacts",
    "MissingItemPrice",
    "Place",
    "PriceFacts",
    "PriceFor",
    "Span",
    "SupplyError",
    "add_material",
    "add_one_off",
    "add_preset",
    "add_price",
    "add_recurring",
    "adjust",
    "bill_items",
    "correct_noted",
    "edit_material",
    "end_material",
    "end_preset",
    "end_price",
    "end_recurring",
    "is_own_of_today",
    "note_material",
    "note_operator",
    "resume_material",
    "take_back",
]
