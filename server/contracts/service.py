"""Contracts as the rest of the program calls them: what was agreed, sold, limited and ordered, and what it gives a month."""

from server.contracts.agreements import For, Given, add_contract, chain, change_contract, end_contract
from server.contracts.budgets import Known, Limit, add_budget, change_budget, end_budget, known_budgets, note_crossing
from server.contracts.errors import ContractError, refuse_billed
from server.contracts.facts import Agreed, agreed, names_of, terms_for
from server.contracts.orders import (
    Numbered,
    add_order,
    all_orders,
    ask_orders,
    asked_by,
    change_order,
    end_order,
    order_for,
)
from server.contracts.packs import Offer, amounts_of, bill_items, sell_pack, take_back_pack

__all__ = [
    "Agreed",
    "ContractError",
    "For",
    "Given",
    "Known",
    "Limit",
    "Numbered",
    "Offer",
    "add_budget",
    "add_contract",
    "add_order",
    "agreed",
    "all_orders",
    "amounts_of",
    "ask_orders",
    "asked_by",
    "bill_items",
    "chain",
    "change_budget",
    "change_contract",
    "change_order",
    "end_budget",
    "end_contract",
    "end_order",
    "known_budgets",
    "names_of",
    "note_crossing",
    "order_for",
    "refuse_billed",
    "sell_pack",
    "take_back_pack",
    "terms_for",
]
