"""The rows of an invoice as the norm wants them: a name, a quantity in a unit of its own list, a price that is not negative."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from server.domain.items import Unit
from server.domain.money import whole_cents

UNITS = {  # UN/ECE Recommendation 20, for all we measure
    Unit.GRAM: "GRM",
    Unit.MILLILITRE: "MLT",
    Unit.METRE: "MTR",
    Unit.CUBIC_CENTIMETRE: "CMQ",
    Unit.SHEET: "H87",
    Unit.PIECE: "H87",
    Unit.HOUR: "HUR",
    Unit.MONTH: "MON",
    Unit.SESSION: "C62",
    Unit.DAY: "DAY",
    Unit.PERSON: "C62",
}
_ONE = "C62"
_WORDS = {
    "fee": "forfait par session",
    "day_fee": "forfait par jour",
    "minimum": "complément au montant minimum",
    "cap": "plafond",
    "discount": "remise",
    "credit": "crédit prépayé",
}


def rows(content: Mapping[str, Any], sign: int) -> list[dict[str, Any]]:
    """``sign`` is −1 for a credit note, whose amounts are below zero where we keep them and above in the norm."""
    lines = [(group, line) for group in content["groups"] for line in group["lines"]]
    return [_row(at, group, line, sign, content["period"][1]) for at, (group, line) in enumerate(lines, 1)]


def _row(at: int, group: Mapping[str, Any], line: Mapping[str, Any], sign: int, last_day: str) -> dict[str, Any]:
    quantity, unit, price = _price(line, sign)
    early = [first for first, _ in line["early"]]
    return {
        "BT-126": str(at),
        "BT-129": quantity,
        "BT-130": unit,
        "BT-131": cents(line["net_cents"] * sign),
        "BT-133": group["cost_centre"],
        "BT-146": price,
        "BT-151": line["category"],
        **({} if line["category"] == "O" else {"BT-152": rate(line["rate_bp"])}),
        "BT-153": _name(line),
        **({"BT-134": min(early), "BT-135": last_day} if early else {}),
        **({"BT-154": said} if (said := "; ".join(_description(line))) else {}),
    }


def _price(line: Mapping[str, Any], sign: int) -> tuple[str, str, str]:
    """Quantity, unit and price of one. Where several prices meet, or fewer digits are left than the price needs, the row is
    one of what it comes to; a row that takes something off is a negative quantity."""
    net = line["net_cents"] * sign
    quantity, unit_cents = round(abs(Decimal(line["quantity"])), 4), Decimal(line["unit_cents"])
    if round(unit_cents, 2) == unit_cents >= 0 and whole_cents(quantity * unit_cents) == abs(net):
        unit = UNITS[Unit(line["unit"])]
    else:
        quantity, unit, unit_cents = Decimal(1), _ONE, Decimal(abs(net))
    quantity = -quantity if net < 0 else quantity
    return plain(quantity), unit, plain(unit_cents / 100)


def _name(line: Mapping[str, Any]) -> str:
    words = [line["machine"], line["label"] or _WORDS.get(line["what"], "")]
    return ", ".join(filter(None, words))[:100] or line["what"]


def _description(line: Mapping[str, Any]) -> Iterator[str]:
    if line["what"] == "time":
        yield f"{line['sessions']} sessions, {_hours(line['measured_s'])} mesurées, {_hours(line['billed_s'])} facturées"
    if line["covered_s"]:
        yield f"{_hours(line['covered_s'])} incluses"
    if line["reason"]:
        yield line["reason"]


def _hours(seconds: int) -> str:
    minutes = (seconds + 30) // 60
    return f"{minutes // 60} h {minutes % 60:02}"


def cents(amount: int) -> str:
    """``1742.10``: amounts are text in the norm, so that no program rounds them."""
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02}"


def rate(basis_points: int) -> str:
    return plain(Decimal(basis_points) / 100)


def plain(number: Decimal) -> str:
    """Without exponent and without zeros at the end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
