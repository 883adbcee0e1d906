"""Our own checks of a document's content, before anything is made of it: sums to the cent, dates, and who is named.

They hold for every kind of document; what only an electronic invoice needs is asked of those alone.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from unicodedata import category

from stdnum import iban

from server.billing.einvoice.findings import Finding, Rule
from server.billing.einvoice.reasons import WORDS, is_said
from server.billing.einvoice.wanted import french_rules
from server.domain.money import vat_on
from server.paper.glyphs import unprintable

Content = Mapping[str, Any]
_PRINTED = ("seller", "buyer", "order", "groups", "corrects", "allowances", "mentions")


def own_checks(content: Content) -> Iterator[Finding]:
    """All that is wrong, sums first."""
    yield from _sums(content)
    yield from _vat(content)
    yield from _signs(content)
    yield from _dates(content)
    if content["kind"] != "statement":
        yield from _parties(content)
    yield from _characters([content.get(key) for key in _PRINTED])


def _lines(content: Content) -> list[Mapping[str, Any]]:
    return [line for group in content["groups"] for line in group["lines"]]


def _sums(content: Content) -> Iterator[Finding]:
    for group in content["groups"]:
        if group["net_cents"] != sum(line["net_cents"] for line in group["lines"]):
            yield Finding(Rule.LINE_SUM, group["cost_centre"])
    bases: dict[tuple[str, int], int] = defaultdict(int)
    for line in _lines(content):
        bases[line["category"], line["rate_bp"]] += line["net_cents"]
    rows = {(row["category"], row["rate_bp"]): row["net_cents"] for row in content["vat"]}
    if rows != bases or len(rows) != len(content["vat"]):
        yield Finding(Rule.VAT_BASE)
    for row in content["vat"]:
        if row["vat_cents"] != vat_on(row["net_cents"], row["rate_bp"]):
            yield Finding(Rule.VAT_AMOUNT, str(row["rate_bp"]))
    net, vat = (sum(row[key] for row in content["vat"]) for key in ("net_cents", "vat_cents"))
    if (content["net_cents"], content["vat_cents"], content["gross_cents"]) != (net, vat, net + vat):
        yield Finding(Rule.TOTAL)


def _vat(content: Content) -> Iterator[Finding]:
    categories = _categories(content)
    for row in content["vat"]:
        if (row["category"] == "S") != (row["rate_bp"] > 0):
            yield Finding(Rule.RATE, row["category"])
    if "O" in categories and len(categories) > 1:
        yield Finding(Rule.OUTSIDE_MIXED)
    for one in sorted(categories & WORDS.keys()):
        if not is_said(content, one):
            yield Finding(Rule.NO_REASON, one)
    if content["seller"].get("regime") == "franchise" and content["vat_cents"]:
        yield Finding(Rule.SMALL_BUSINESS)


def _signs(content: Content) -> Iterator[Finding]:
    """An invoice asks for something, a credit note gives something back; a statement may say either."""
    lines, gross = _lines(content), content["gross_cents"]
    if not lines:
        yield Finding(Rule.NO_LINES)
    if content["kind"] != "statement" and (content["kind"] == "credit_note") != (gross < 0) and gross != 0:
        yield Finding(Rule.SIGN)
    for line in lines:
        if not (line["machine"] or line["label"]):
            yield Finding(Rule.NAMELESS_LINE, line["what"])


def _dates(content: Content) -> Iterator[Finding]:
    first, last = (date.fromisoformat(day) for day in content["period"])
    if first > last or content["month"] != f"{first:%Y-%m}":
        yield Finding(Rule.PERIOD)
    if "issued_on" in content:
        issued = date.fromisoformat(content["issued_on"])
        if date.fromisoformat(content["due_on"]) < issued:
            yield Finding(Rule.DUE)
        if not content["number"].startswith(content["series"]):
            yield Finding(Rule.SERIES, content["number"])
        if any(date.fromisoformat(one["issued_on"]) > issued for one in content["corrects"]):
            yield Finding(Rule.CORRECTS_LATER)
    if content["kind"] == "credit_note" and not content["corrects"]:
        yield Finding(Rule.NOTHING_CORRECTED)


def _parties(content: Content) -> Iterator[Finding]:
    yield from _seller(content)
    buyer = content["buyer"]
    if _no_address(buyer):
        yield Finding(Rule.BUYER_ADDRESS)
    if "AE" in _categories(content) and not buyer["vat_id"]:
        yield Finding(Rule.BUYER_VAT_ID)
    if french_rules(content):
        yield from _known_in_france(buyer)


def _seller(content: Content) -> Iterator[Finding]:
    seller = content["seller"]
    if not _digits(seller["siren"], 9):
        yield Finding(Rule.SELLER_SIREN, seller["siren"])
    if _categories(content) & {"S", "AE"} and not seller["vat_id"]:
        yield Finding(Rule.SELLER_VAT_ID)
    if _no_address(seller):
        yield Finding(Rule.SELLER_ADDRESS)
    if content["kind"] == "invoice" and not iban.is_valid(seller["iban"]):
        yield Finding(Rule.IBAN, seller["iban"])


def _known_in_france(buyer: Mapping[str, Any]) -> Iterator[Finding]:
    siren, siret = buyer["siren"] or "", buyer.get("siret") or ""
    if not _digits(siren, 9):
        yield Finding(Rule.BUYER_SIREN, siren)
    elif siret and not (_digits(siret, 14) and siret.startswith(siren)):
        yield Finding(Rule.BUYER_SIRET, siret)


def _categories(content: Content) -> set[str]:
    return {row["category"] for row in content["vat"]}


def _characters(value: Any) -> Iterator[Finding]:
    """What cannot be printed cannot be sent either: a tabulator in an order number, a stray control character or a picture in a
    name. Nothing could be made of such a document once it had its number."""
    match value:
        case str() if any(category(one) == "Cc" for one in value) or unprintable(value):
            yield Finding(Rule.CHARACTER, "".join(" " if category(one) == "Cc" else one for one in value).strip())
        case Mapping():
            yield from _characters(list(value.values()))
        case list() | tuple():
            for each in value:
                yield from _characters(each)


def _digits(text: str, count: int) -> bool:
    return len(text) == count and text.isdecimal()


def _no_address(party: Mapping[str, Any]) -> bool:
    return (
        not all(party[key].strip() for key in ("legal_name", "street", "postcode", "city"))
        or len(party["country"]) != 2
    )
