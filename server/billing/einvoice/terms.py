"""From the content of a document to the terms of the norm (BT and BG numbers of EN 16931), as the library takes them."""

from collections.abc import Mapping
from typing import Any

from server.billing.einvoice.reasons import why
from server.billing.einvoice.rows import cents, rate, rows
from server.billing.einvoice.wanted import between_businesses, french_rules
from server.domain.mentions import payment_terms
from server.domain.vat import Nature

_SIREN, _SIRET, _PLATFORM, _MAIL = "0002", "0009", "0225", "EM"  # schemes of identifiers and addresses


def terms(content: Mapping[str, Any]) -> dict[str, Any]:
    """Amounts are text; a credit note's are turned to what they give back."""
    sign = -1 if content["kind"] == "credit_note" else 1
    said: dict[str, Any] = {
        "BT-1": content["number"],
        "BT-2": content["issued_on"],
        "BT-3": "381" if sign < 0 else "380",
        "BT-5": "EUR",
        "BT-8": _chargeable(content),
        "BT-10": content["buyer"].get("service_code"),
        "BT-13": (content["order"] or {}).get("number"),
        "BT-23": f"{_operation(content)}1",
        "BT-72": content["period"][1],
        "BT-73": content["period"][0],
        "BT-74": content["period"][1],
        "BT-106": cents(content["net_cents"] * sign),
        "BT-109": cents(content["net_cents"] * sign),
        "BT-110": cents(content["vat_cents"] * sign),
        "BT-112": cents(content["gross_cents"] * sign),
        "BT-115": cents(content["gross_cents"] * sign),
        "BG-1": _notes(content),
        "BG-3": [{"BT-25": one["number"], "BT-26": one["issued_on"]} for one in content["corrects"]],
        "BG-4": _seller(content),
        "BG-7": _buyer(content),
        "BG-23": [_vat(row, content, sign) for row in content["vat"]],
        "BG-25": rows(content, sign),
        **(_payment(content) if sign > 0 else {"BT-20": "À déduire de la facture corrigée ou à rembourser."}),
    }
    return {key: value for key, value in said.items() if value}


def _operation(content: Mapping[str, Any]) -> str:
    """B goods, S services, M both: the French "cadre de facturation"."""
    natures = {line["nature"] for group in content["groups"] for line in group["lines"]}
    if Nature.GOODS not in natures:
        return "S"
    return "B" if natures == {Nature.GOODS} else "M"


def _chargeable(content: Mapping[str, Any]) -> str:
    """When VAT falls due: on payment for services, unless the seller has taken the option for debits; on delivery for goods."""
    if content["seller"]["vat_on_debits"]:
        return "invoice"
    return "delivery" if _operation(content) == "B" else "payment"


def _notes(content: Mapping[str, Any]) -> list[dict[str, str]]:
    """What French law wants said, under the codes of the platforms; in French, whatever the page speaks."""
    seller, buyer = content["seller"], content["buyer"]
    notes = [
        {"BT-21": code, "BT-22": words} for code, words in payment_terms(seller["late_rate"], buyer["customer"]).items()
    ]
    if french_rules(content) and between_businesses(content):
        notes.append({"BT-21": "BAR", "BT-22": "B2B"})
    return [*notes, *({"BT-22": one["reason"]} for one in content["corrects"] if one["reason"])]


def _payment(content: Mapping[str, Any]) -> dict[str, Any]:
    seller = content["seller"]
    return {
        "BT-9": content["due_on"],
        "BT-81": "58",  # a SEPA transfer
        "BT-83": content["number"],
        "BT-84": seller["iban"],
        "BT-85": seller["legal_name"],
        "BT-86": seller["bic"],
    }


def _seller(content: Mapping[str, Any]) -> dict[str, Any]:
    """Outside the scope of VAT the norm forbids VAT numbers, though the page must show ours (BR-O-02)."""
    seller = content["seller"]
    party = _party(seller) | {
        "identifiers": {_SIRET: seller["siret"]},
        **_platform(seller),
        **_contact(seller),
    }
    if legal := _registered(seller):
        party["legal_info"] = legal
    if seller["trade_name"] != seller["legal_name"]:
        party["biz_name"] = seller["trade_name"]
    if not _outside(content):
        party |= {"vat_identifier": seller["vat_id"]} if seller["vat_id"] else {"tax_identifier": seller["siren"]}
    return party


def _registered(seller: Mapping[str, Any]) -> str:
    """Empty of an association."""
    capital = f"Au capital de {seller['capital']}" if seller["capital"] else ""
    rcs = f"RCS {seller['rcs'].removeprefix('RCS ')}" if seller["rcs"] else ""
    return ", ".join(filter(None, (capital, rcs)))


def _contact(seller: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: seller[key] for key in ("phone", "email") if seller.get(key)}
    return {"contacts": [{"name": seller["trade_name"], **known}]} if known else {}


def _buyer(content: Mapping[str, Any]) -> dict[str, Any]:
    buyer = content["buyer"]
    party = _party(buyer)
    if buyer["siren"]:
        party |= _platform(buyer)
    elif buyer.get("email"):
        party |= {"einvoicing_addr": buyer["email"], "einvoicing_addr_schemeid": _MAIL}
    if buyer.get("siret"):
        party["identifiers"] = {_SIRET: buyer["siret"]}
    if buyer["vat_id"] and not _outside(content):
        party["vat_identifier"] = buyer["vat_id"]
    return party


def _party(party: Mapping[str, Any]) -> dict[str, Any]:
    address = {"addr_l1": party["street"], "postcode": party["postcode"], "city": party["city"]}
    return {"name": party["legal_name"], **address, "country_code": party["country"]}


def _platform(party: Mapping[str, Any]) -> dict[str, Any]:
    """Known by its SIREN, and reached by it in the directory of the platforms."""
    siren = {"legal_identifier": party["siren"], "legal_identifier_schemeid": _SIREN}
    return siren | {"einvoicing_addr": party["siren"], "einvoicing_addr_schemeid": _PLATFORM}


def _outside(content: Mapping[str, Any]) -> bool:
    return any(row["category"] == "O" for row in content["vat"])


def _vat(row: Mapping[str, Any], content: Mapping[str, Any], sign: int) -> dict[str, Any]:
    terms_of = {
        "BT-116": cents(row["net_cents"] * sign),
        "BT-117": cents(row["vat_cents"] * sign),
        "BT-118": row["category"],
    }
    if row["category"] != "O":
        terms_of["BT-119"] = rate(row["rate_bp"])
    if row["category"] != "S":
        said, code = why(content, row["category"])
        terms_of |= {key: value for key, value in (("BT-120", said), ("BT-121", code)) if value}
    return terms_of
