"""From a frozen document to the words on its page, in the document's language; layout is typst's.

Everything comes from the frozen JSON, so that the same document gives the same page for ever.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from server.billing.einvoice.wanted import has_xml
from server.billing.printed import parties, paying, pictures, table
from server.billing.printed.figures import euros, hours, long_day
from server.billing.printed.words import Words
from server.domain.mention_words import BOTH, FRENCH, GOODS, SERVICES

Frozen = Mapping[str, Any]


def page(frozen: Frozen) -> dict[str, Any]:
    """All texts of the page, and the lengths of the bars."""
    words = Words(frozen["language"], frozen["kind"], frozen["buyer"]["customer"])
    how = table.shown(frozen, words)
    return {
        "language": words.language,
        "kind": frozen["kind"],
        "title": words("title"),
        "subtitle": words("subtitle") if frozen["kind"] == "statement" else "",
        "specimen": words("specimen") if frozen["specimen"] else "",
        "number": frozen["number"],
        "issued_on": frozen["issued_on"],
        "trade_name": frozen["seller"]["trade_name"],
        "seller": parties.seller_lines(frozen, words),
        "buyer": {"name": frozen["buyer"]["legal_name"], "address": parties.buyer_lines(frozen, words)},
        "facts": parties.facts(frozen, words),
        "reasons": parties.reasons(frozen, words),
        "due": {"label": words("due"), "amount": euros(how.sign * frozen["gross_cents"], words.language)},
        "due_notes": _due_notes(frozen, words, how.sign),
        "machines": pictures.machines(frozen, words),
        "days": pictures.days(frozen, words),
        "labels": {key: words(key) for key in ("by_machine", "by_day", "measured_key", "billed_key", "page", "of")},
        "continued": words("continued"),
        "head": table.head(how),
        "groups": table.sections(frozen, how),
        "several_rates": how.several_rates,
        "left": _left(frozen, words),
        "payment": paying.payment(frozen, words),
        "vat": {"head": [words(key) for key in ("vat", "base", "tax")], "rows": _vat_rows(frozen, words, how)},
        "totals": _totals(frozen, words, how.sign),
        "mentions": [list(_spoken(one, words.language)) for one in frozen["mentions"]],
        "identity": parties.identity(frozen["seller"], words),
        "norm": "Factur-X, EN 16931" if has_xml(frozen) else "",
    }


def _due_notes(frozen: Frozen, words: Words, sign: int) -> list[str]:
    language = words.language
    net, vat = (euros(sign * frozen[key], language) for key in ("net_cents", "vat_cents"))
    notes = [words("net_note", net=net, vat=vat)] if frozen["vat_cents"] else []
    measured, billed = (sum(group[key] for group in frozen["groups"]) for key in ("measured_s", "billed_s"))
    if measured or billed:
        notes.append(words("hours_note", billed=hours(billed, language), measured=hours(measured, language)))
    return notes


def _vat_rows(frozen: Frozen, words: Words, how: table.Shown) -> list[list[str]]:
    return [
        [
            table.rate(row, words, small_business=how.small_business),
            *(euros(how.sign * row[key], words.language) for key in ("net_cents", "vat_cents")),
        ]
        for row in frozen["vat"]
    ]


def _totals(frozen: Frozen, words: Words, sign: int) -> dict[str, Any]:
    """The sum that counts, and what leads to it: for a private person the amount with VAT comes first."""
    net, vat, gross = (euros(sign * frozen[key], words.language) for key in ("net_cents", "vat_cents", "gross_cents"))
    if words.is_private:
        rows = [[words("vat_within"), vat], [words("net"), net]]
    else:
        rows = [[words("net"), net], [words("vat"), vat]]
    return {
        "rows": rows,
        "gross": [words("gross") if frozen["vat_cents"] else words("gross_no_vat"), gross],
        "gross_first": words.is_private,
    }


def _spoken(mention: str, language: str) -> Iterator[dict[str, str]]:
    """A sentence in the languages it is in, so that it can be read aloud: the law's words stay French on every document."""
    french = any(mention.startswith(own[FRENCH]) for own in (SERVICES, GOODS, BOTH))
    words, beside, meant = mention.partition(" / ")
    if language != FRENCH and beside:
        yield {"language": FRENCH, "words": words + beside}
        yield {"language": language, "words": meant}
    else:
        yield {"language": FRENCH if french else language, "words": mention}


def _left(frozen: Frozen, words: Words) -> dict[str, Any] | None:
    """What is left of included hours and of credit."""
    allowances = frozen.get("allowances") or []
    if not allowances:
        return None
    return {"title": words("left_title"), "rows": [_allowance(one, words) for one in allowances]}


def _allowance(one: Mapping[str, Any], words: Words) -> str:
    is_time = one["unit"] == "seconds"
    amounts = [
        hours(one[key], words.language) if is_time else euros(one[key], words.language) for key in ("used", "left")
    ]
    said = words("left" if is_time else "left_credit", label=one["label"], used=amounts[0], left=amounts[1])
    if one.get("until"):
        said += f" {words('left_until', day=long_day(date.fromisoformat(one['until']), words.language))}"
    return said
