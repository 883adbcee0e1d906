"""The table of a document: a section for each cost centre, in it a row for each machine and price, measured beside billed.

To a private person prices and amounts are shown with VAT; a cent that rounding leaves over goes to the row it belongs to most,
so that the rows come to the total.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from server.billing.printed.figures import euros, hours, number, percent, price, span
from server.billing.printed.words import Words
from server.domain.money import vat_on

Content = Mapping[str, Any]
Line = Mapping[str, Any]
_COUNTED = frozenset({"fee", "day_fee"})
_EARLY_SHOWN = 3  # of sessions that began before the period; of the others one word says how many


@dataclass(frozen=True, slots=True)
class Shown:
    """How amounts are shown on this document: turned on a credit note, with VAT to a private person, rates beside where
    there are several."""

    words: Words
    sign: int
    several_rates: bool
    with_vat: Mapping[int, int]  # by place of the row, in cents; empty where amounts are net
    small_business: bool
    told: frozenset[str]  # reasons that stand at the head of the document already


def shown(content: Content, words: Words) -> Shown:
    return Shown(
        words,
        -1 if content["kind"] == "credit_note" else 1,
        len(content["vat"]) > 1,
        _with_vat(content) if words.is_private else {},
        content["seller"].get("regime") == "franchise",
        frozenset(one["reason"] for one in content["corrects"]),
    )


def head(how: Shown) -> list[str]:
    keys = ("name", "sessions", "measured", "billed", "price", *(("vat",) if how.several_rates else ()), "amount")
    return [how.words(f"head_{key}") for key in keys]


def sections(content: Content, how: Shown) -> list[dict[str, Any]]:
    at, found = 0, []
    for group in content["groups"]:
        found.append(_section(group, how, at))
        at += len(group["lines"])
    return found


def _section(group: Mapping[str, Any], how: Shown, first: int) -> dict[str, Any]:
    words = how.words
    order = [words("order_group", number=group["order"])] if group.get("order") else []
    lines = group["lines"]
    timed = any(line["what"] == "time" for line in lines)
    return {
        "name": ", ".join(filter(None, (group["on_behalf_of"], group["cost_centre"], *order))),
        "sessions": str(group["sessions"]) if timed else "",
        "measured": hours(group["measured_s"], words.language) if timed else "",
        "billed": hours(group["billed_s"], words.language) if timed else "",
        "amount": euros(sum(_cents(line, first + at, how) for at, line in enumerate(lines)), words.language),
        "lines": [_row(line, first + at, how) for at, line in enumerate(lines)],
    }


def _row(line: Line, at: int, how: Shown) -> dict[str, Any]:
    language = how.words.language
    timed = line["what"] == "time"
    return {
        "name": _name(line, how.words),
        "notes": list(_notes(line, how)),
        "sessions": str(line["sessions"]) if timed else "",
        "measured": hours(line["measured_s"], language) if timed else "",
        "billed": hours(line["billed_s"], language) if timed else _quantity(line, how.words),
        "price": _price(line, how),
        "rate": rate(line, how.words, small_business=how.small_business) if how.several_rates else "",
        "amount": euros(_cents(line, at, how), language),
    }


def _cents(line: Line, at: int, how: Shown) -> int:
    return how.sign * how.with_vat.get(at, int(line["net_cents"]))


def _name(line: Line, words: Words) -> str:
    basis = line["basis"] if line["what"] == "time" else None
    said = [line["machine"], line["label"], words(f"basis_{basis}") if basis not in {None, "occupied"} else ""]
    name = ", ".join(filter(None, said))
    return name[:1].upper() + name[1:]


def _notes(line: Line, how: Shown) -> Iterator[str]:
    words = how.words
    if line["free"]:
        yield words(f"free_{line['free']}")
    if line["covered_s"]:
        whole = line["covered_s"] == line["billed_s"]
        yield words("all_covered") if whole else words("covered", hours=hours(line["covered_s"], words.language))
    if line["reason"] and line["reason"] not in how.told:
        yield line["reason"]
    for first, last in line["early"][:_EARLY_SHOWN]:
        yield words("early", span=span(date.fromisoformat(first), date.fromisoformat(last), words.language))
    if more := len(line["early"][_EARLY_SHOWN:]):
        yield words("early_more", count=str(more))


def _quantity(line: Line, words: Words) -> str:
    """``173 g``; of fees only how many, and of what was added or taken off nothing."""
    quantity = abs(Decimal(line["quantity"]))
    if line["what"] != "item":
        return number(quantity, words.language) if line["what"] in _COUNTED else ""
    return f"{number(quantity, words.language)}\u00a0{words.unit(line['unit'], several=quantity >= 2)}"


def _price(line: Line, how: Shown) -> str:
    cents = Decimal(line["unit_cents"])
    if line["free"] or cents <= 0 or line["what"] not in {"time", "item", *_COUNTED}:
        return ""
    if how.words.is_private:
        cents = cents * (10_000 + line["rate_bp"]) / 10_000
        cents = cents if cents == round(cents, 2) else round(cents, 2)
    per = "" if line["what"] in _COUNTED else f"/{how.words.unit(line['unit'])}"
    return price(cents, how.words.language) + per


def rate(row: Mapping[str, Any], words: Words, *, small_business: bool) -> str:
    """``20 %``, or why there is none."""
    if row["rate_bp"]:
        return percent(row["rate_bp"], words.language)
    return words("small_business" if small_business and row["category"] == "E" else row["category"])


def _with_vat(content: Content) -> dict[int, int]:
    """Each row with its VAT. Of what rounding leaves over or short, the rows that were rounded hardest bear a cent each."""
    lines: Sequence[Line] = [line for group in content["groups"] for line in group["lines"]]
    found: dict[int, int] = {}
    for row in content["vat"]:
        own = [at for at, line in enumerate(lines) if _same_rate(line, row)]
        cents = {at: lines[at]["net_cents"] + vat_on(lines[at]["net_cents"], row["rate_bp"]) for at in own}
        left = row["net_cents"] + row["vat_cents"] - sum(cents.values())
        step = 1 if left > 0 else -1
        exact = {at: Decimal(lines[at]["net_cents"]) * (10_000 + row["rate_bp"]) / 10_000 for at in own}
        for at in sorted(own, key=lambda at: step * (cents[at] - exact[at]))[: abs(left)]:
            cents[at] += step
        found |= cents
    return found


def _same_rate(line: Line, row: Mapping[str, Any]) -> bool:
    return (line["category"], line["rate_bp"]) == (row["category"], row["rate_bp"])
