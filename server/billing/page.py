"""From a frozen document to the words on its page. French, as the law of the seller's country asks; layout is typst's.

Amounts read ``1 284,50 €`` and times ``42 h 00``. Everything comes from the frozen JSON, so that the same document
gives the same page for ever.
"""

from datetime import date
from typing import Any

from babel import Locale

SPACE = "\u00a0"  # the space inside numbers: one that does not break
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
FREE = {
    "machine_fault": "Non facturé : panne de la machine",
    "goodwill": "Non facturé : geste commercial",
    "test": "Non facturé : essai",
}
BARS = 7  # so many machines have a bar; of the others one line says how many they are
COUNTRIES = Locale("fr").territories


def page(frozen: dict[str, Any]) -> dict[str, Any]:
    """All texts of the page, and the lengths of the bars."""
    seller, buyer, one_rate = frozen["seller"], frozen["buyer"], len(frozen["vat"]) == 1
    abroad = buyer["country"] != seller["country"]
    measured_s, billed_s = (sum(group[key] for group in frozen["groups"]) for key in ("measured_s", "billed_s"))
    machines = _hours_by_machine(frozen["groups"])
    return {
        "specimen": frozen["specimen"],
        "number": frozen["number"],
        "issued_on": frozen["issued_on"],
        "trade_name": seller["trade_name"],
        "seller": [seller["legal_name"], *_address(seller, abroad)],
        "buyer": {"name": buyer["legal_name"], "address": _address(buyer, abroad)},
        "facts": _facts(frozen),
        "due": euros(frozen["gross_cents"]),
        "due_notes": [
            f"{euros(frozen['net_cents'])} hors taxe",
            f"{hours(billed_s)} facturées, {hours(measured_s)} mesurées",
        ],
        "bars": _bars(machines[:BARS]),
        "bars_rest": _rest(machines[BARS:]),
        "groups": [_group(group, one_rate) for group in frozen["groups"]],
        "vat": [_vat_row(row) for row in frozen["vat"]],
        "net": euros(frozen["net_cents"]),
        "vat_sum": euros(frozen["vat_cents"]),
        "gross": euros(frozen["gross_cents"]),
        "gross_label": "Total TTC" if frozen["vat_cents"] else "Net à payer",
        "transfer": _transfer(frozen),
        "mentions": frozen["mentions"],
        "identity": _identity(seller),
    }


def euros(cents: int) -> str:
    """``1 284,50 €``; minus is U+2212."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'−' if cents < 0 else ''}{_thousands(whole)},{rest:02}\u00a0€"


def hours(seconds: int) -> str:
    """``42 h 00``, the last minute begun counting half up."""
    minutes = (seconds + 30) // 60
    return f"{_thousands(minutes // 60)}\u00a0h\u00a0{minutes % 60:02}"


def long_day(day: date) -> str:
    """``1er octobre 2026``."""
    return f"{_day(day)}\u00a0{MONTHS[day.month - 1]}\u00a0{day.year}"


def _day(day: date) -> str:
    return "1er" if day.day == 1 else str(day.day)


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", SPACE)


def _grouped(text: str, *sizes: int) -> str:
    """``FR7630006…`` in groups; the last size repeats."""
    parts, at, rest = [], 0, list(sizes)
    while at < len(text):
        size = rest.pop(0) if len(rest) > 1 else rest[0]
        parts.append(text[at : at + size])
        at += size
    return "\u00a0".join(parts)


def _vat_id(vat_id: str) -> str:
    return _grouped(vat_id, 2, 2, 3) if vat_id.startswith("FR") else vat_id


def _address(party: dict[str, Any], abroad: bool) -> list[str]:
    country = [COUNTRIES.get(party["country"], party["country"])] if abroad else []
    return [party["street"], f"{party['postcode']} {party['city']}", *country]


def _facts(frozen: dict[str, Any]) -> list[dict[str, str]]:
    first, last = (date.fromisoformat(day) for day in frozen["period"])
    buyer = frozen["buyer"]
    facts = {
        "Émise le": long_day(date.fromisoformat(frozen["issued_on"])),
        "Prestations du": f"{_day(first)} au {long_day(last)}",
        "À payer avant le": long_day(date.fromisoformat(frozen["due_on"])),
        "TVA du client": _vat_id(buyer["vat_id"]) if buyer["vat_id"] else None,
        "SIREN du client": _grouped(buyer["siren"], 3) if buyer["siren"] else None,
    }
    return [{"label": label, "value": value} for label, value in facts.items() if value]


def _hours_by_machine(groups: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    """(machine, measured, billed) in seconds, the most used first."""
    machines: dict[str, list[int]] = {}
    for line in (line for group in groups for line in group["lines"] if not line["is_fee"]):
        both = machines.setdefault(line["machine"], [0, 0])
        both[0] += line["measured_s"]
        both[1] += line["billed_s"]
    rows = [(name, measured, billed) for name, (measured, billed) in machines.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def _bars(machines: list[tuple[str, int, int]]) -> list[dict[str, Any]]:
    longest = max((max(row[1:]) for row in machines), default=0) or 1
    return [
        {"name": name, "measured": measured / longest, "billed": billed / longest, "words": hours(billed)}
        for name, measured, billed in machines
    ]


def _rest(machines: list[tuple[str, int, int]]) -> str:
    if not machines:
        return ""
    others = "une autre machine" if len(machines) == 1 else f"{len(machines)} autres machines"
    return f"et {others}, {hours(sum(row[2] for row in machines))}"


def _group(group: dict[str, Any], one_rate: bool) -> dict[str, Any]:
    return {
        "name": ", ".join(filter(None, (group["on_behalf_of"], group["cost_centre"]))),
        "sessions": str(group["sessions"]),
        "measured": hours(group["measured_s"]),
        "billed": hours(group["billed_s"]),
        "net": euros(group["net_cents"]),
        "lines": [_line(line, one_rate) for line in group["lines"]],
    }


def _line(line: dict[str, Any], one_rate: bool) -> dict[str, Any]:
    """With several VAT rates on the document, each row names its own."""
    free = line.get("free")  # documents from before anybody could decide so do not say
    notes = [_early(*early) for early in line["early"]] + ([FREE[free]] if free else [])
    if not one_rate:
        notes.append(f"TVA : {_rate(line)}")
    return {
        "name": f"{line['machine']}, forfait par session" if line["is_fee"] else line["machine"],
        "notes": notes,
        "sessions": str(line["sessions"]),
        "measured": "" if line["is_fee"] else hours(line["measured_s"]),
        "billed": "" if line["is_fee"] else hours(line["billed_s"]),
        "price": "" if free else euros(line["unit_cents"]) + ("" if line["is_fee"] else "/h"),
        "net": euros(line["net_cents"]),
    }


def _early(first: str, last: str) -> str:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    same_year = start.year == end.year
    began = f"{_day(start)}\u00a0{MONTHS[start.month - 1]}" if same_year else long_day(start)
    return f"dont une session du {began} au {long_day(end)}"


def _rate(row: dict[str, Any]) -> str:
    match row["category"]:
        case "AE":
            return "Autoliquidation"
        case "O":
            return "Non applicable"
        case _:
            percent = f"{row['rate_bp'] / 100:g}".replace(".", ",")
            return f"{percent}\u00a0%"


def _vat_row(row: dict[str, Any]) -> dict[str, str]:
    return {"rate": _rate(row), "base": euros(row["net_cents"]), "tax": euros(row["vat_cents"])}


def _transfer(frozen: dict[str, Any]) -> list[dict[str, str]]:
    seller = frozen["seller"]
    rows = {
        "Au nom de": seller["legal_name"],
        "IBAN": _grouped(seller["iban"], 4),
        "BIC": seller["bic"],
        "Référence": frozen["number"],
    }
    return [{"label": label, "value": value} for label, value in rows.items()]


def _identity(seller: dict[str, Any]) -> str:
    return (
        f"{seller['legal_name']} au capital de {seller['capital']}, RCS {seller['rcs'].removeprefix('RCS ')}, "
        f"SIRET {_grouped(seller['siret'], 3, 3, 3, 5)}, TVA {_vat_id(seller['vat_id'])}"
    )
