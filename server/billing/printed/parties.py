"""Who bills and who is billed, as they stand at the head and the foot of a page; and the document's own dates and numbers."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from babel import Locale

from server.billing.printed.figures import grouped, long_day, span
from server.billing.printed.words import Words

Content = Mapping[str, Any]


def seller_lines(content: Content, words: Words) -> list[str]:
    seller = content["seller"]
    phone = f"{words('phone')} {seller['phone']}" if seller.get("phone") else ""
    reached = [line for line in (phone, seller.get("email") or "") if line]
    return [seller["legal_name"], *_address(seller, content, words), *reached]


def buyer_lines(content: Content, words: Words) -> list[str]:
    buyer = content["buyer"]
    siren = [f"SIREN\u00a0{grouped(buyer['siren'], 3)}"] if buyer["siren"] else []
    return [*_address(buyer, content, words), *siren]


def _address(party: Mapping[str, Any], content: Content, words: Words) -> list[str]:
    abroad = content["buyer"]["country"] != content["seller"]["country"]
    countries = Locale(words.language).territories
    country = [countries.get(party["country"], party["country"])] if abroad else []
    return [party["street"], f"{party['postcode']} {party['city']}", *country]


def identity(seller: Mapping[str, Any], words: Words) -> str:
    """What the law wants said of the seller on every page."""
    capital = words("capital", capital=seller["capital"]) if seller["capital"] else ""
    said = [f"{seller['legal_name']}{capital}"]
    if seller["rcs"]:
        said.append(f"RCS {seller['rcs'].removeprefix('RCS ')}")
    said.append(f"SIRET {grouped(seller['siret'], 3, 3, 3, 5)}")
    if seller["vat_id"]:
        said.append(f"{words('vat_id')} {_vat_id(seller['vat_id'])}")
    return ", ".join(said)


def facts(content: Content, words: Words) -> list[dict[str, str]]:
    """Dates, numbers and references, in the order in which a bookkeeper asks for them."""
    buyer, order = content["buyer"], content["order"] or {}
    first, last = (_day(day) for day in content["period"])
    due = content["kind"] == "invoice"
    said = {
        words("issued"): _long(content["issued_on"], words),
        words("period"): span(first, last, words.language),
        words("due_on"): _long(content["due_on"], words) if due else "",
        words("corrected"): "\n".join(_corrected(one, words) for one in content["corrects"]),
        words("order"): _order(order, words),
        words("service"): buyer.get("service_code") or "",
        words("buyer_vat_id"): _vat_id(buyer["vat_id"] or ""),
    }
    return [{"label": label, "value": value} for label, value in said.items() if value]


def reasons(content: Content, words: Words) -> list[dict[str, str]]:
    """Why something is credited; the same reason of several originals once."""
    found = dict.fromkeys(one["reason"] for one in content["corrects"] if one["reason"])
    return [{"label": words("why"), "value": reason} for reason in found]


def _corrected(one: Mapping[str, Any], words: Words) -> str:
    return words("corrected_of", number=one["number"], day=_long(one["issued_on"], words))


def _order(order: Mapping[str, Any], words: Words) -> str:
    if not order:
        return ""
    day = order.get("day")
    return f"{order['number']} {words('order_of', day=_long(day, words))}" if day else order["number"]


def _vat_id(vat_id: str) -> str:
    return grouped(vat_id, 2, 2, 3) if vat_id.startswith("FR") else vat_id


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _long(text: str, words: Words) -> str:
    return long_day(_day(text), words.language)
