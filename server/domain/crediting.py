"""What a credit note says, from the frozen words of the document it corrects: all of it, some of its sessions and items, or
an amount. Pure.

It copies the original: seller, buyer, VAT category and rate of each line. Amounts stand below zero. What was credited before
cannot be credited again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from server.domain.mention_words import FRENCH, TIME
from server.domain.mentions import natural, operation
from server.domain.money import Net, totals
from server.domain.refusals import Refusal

Content = dict[str, Any]
_GIVEN = ("number", "series", "sequence", "issued_on", "due_on")  # at issue
_SUMS = ("sessions", "measured_s", "billed_s", "covered_s", "net_cents")
_WORDS = {
    "fr": "Rectification de {number}",
    "de": "Berichtigung von {number}",
    "en": "Correction of {number}",
}


@dataclass(frozen=True, slots=True)
class Whole:
    """All that is not credited yet."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """These sessions and items, each as far as it is not credited yet; ``cents``: of one of them only so much, net."""

    subjects: frozenset[str]
    cents: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """So much net of one VAT category and rate, of no line in particular."""

    cents: int
    category: str
    rate_bp: int


What = Whole | Chosen | Amount


@dataclass(frozen=True, slots=True)
class Before:
    """What earlier credit notes have taken off: of each charge by its subject, and how many times; of each category and rate."""

    cents: Mapping[str, int]
    times: Mapping[str, int]
    by_rate: Mapping[tuple[str, int], int]


NOTHING_BEFORE = Before({}, {}, {})


def credit_note(
    original: Content,
    what: What,
    reason: str,
    before: Before = NOTHING_BEFORE,
    *,
    reopens: bool = False,
    names: Mapping[str, str] | None = None,
    prefix: str = "A",
) -> Content:
    """The words of a credit note without number and dates. ``reopens``: its sessions can be invoiced again. ``names``: of
    machines by code. Refusal where there is nothing to credit, or less than is asked for."""
    if original["kind"] != "invoice":
        raise Refusal("Only an invoice is put right by a credit note.")
    if not reason.strip():
        raise Refusal("Say why: the reason is printed on the credit note.")
    charges = _charges(original, what, before, reopens, reason)
    untouched = isinstance(what, Whole) and not before.cents and not before.by_rate
    groups = _turned(original["groups"]) if untouched else _groups(original, what, charges, names or {})
    sums = totals(Net(one["net_cents"], one["vat_category"], one["rate_bp"]) for one in charges)
    _enough(original, sums, before)
    kept = {key: value for key, value in original.items() if key not in _GIVEN}
    corrected = {"number": original["number"], "issued_on": original["issued_on"], "reason": reason.strip()}
    return kept | {
        "kind": "credit_note",
        "prefix": prefix,
        "corrects": [corrected],
        "groups": groups,
        "days": [],
        "allowances": [],
        "vat": [asdict(row) for row in sums.vat],
        "net_cents": sums.net_cents,
        "vat_cents": sums.vat_cents,
        "gross_cents": sums.gross_cents,
        "mentions": _mentions(original, charges),
        "charges": charges,
    }


def _mentions(original: Content, charges: Sequence[dict[str, Any]]) -> list[str]:
    """The words on VAT as they stand on the original, and the kind of operation; nothing on time or payment."""
    languages = list(dict.fromkeys((original["language"], FRENCH)))
    debits = original["seller"]["vat_on_debits"]
    stood = frozenset(one["nature"] for one in original["charges"])
    dropped = tuple(operation(debits, stood, language) for language in languages)
    dropped += tuple(TIME[language].partition("{")[0] for language in languages)
    vat = [one for one in original["mentions"] if not one.startswith(dropped)]
    natures = frozenset(one["nature"] for one in charges)
    return [*vat, *(operation(debits, natures, language) for language in languages)]


def _charges(original: Content, what: What, before: Before, reopens: bool, reason: str) -> list[dict[str, Any]]:
    match what:
        case Amount():
            return [_of_amount(original, what, before, reason)]
        case Chosen():
            own = [one for one in original["charges"] if one["subject"] in what.subjects]
            if len(own) != len(what.subjects):
                raise Refusal("This does not stand on %(number)s.", number=original["number"])
            wanted = what.cents or {}
            found = [_credited(one, wanted.get(one["subject"]), before, reopens, reason) for one in own]
        case Whole():
            found = [_credited(one, None, before, reopens, reason) for one in original["charges"]]
            found += _rest_of_amounts(original, found, before, reason)
    return found


def _credited(charge: dict[str, Any], cents: int | None, before: Before, reopens: bool, reason: str) -> dict[str, Any]:
    subject = charge["subject"]
    left = charge["net_cents"] - before.cents.get(subject, 0)
    taken = left if cents is None else cents
    if abs(taken) > abs(left) or taken * left < 0:
        raise Refusal("More than is left of it cannot be credited.")
    if reopens and taken != left:
        raise Refusal("Only what is taken back as a whole can be invoiced anew.")
    times = before.times.get(subject, 0) + 1
    again = reopens and (left != 0 or times == 1)  # what was taken back in whole before has been let go then, or not
    return charge | {
        "subject": f"{subject}:credit:{times}",  # its round is that of what it takes back
        "kind": "credit",
        "tariff": None,
        "occupied_s": 0,
        "counted_s": None,
        "free": None,
        "continues": False,
        "billed_s": 0,
        "priced": {"corrects": subject, "reopens": again, "reason": reason.strip()},
        "net_cents": -taken,
    }


def _of_amount(original: Content, what: Amount, before: Before, reason: str) -> dict[str, Any]:
    rate = (what.category, what.rate_bp)
    own = [one for one in original["charges"] if (one["vat_category"], one["rate_bp"]) == rate]
    if not own or what.cents <= 0:
        raise Refusal("This does not stand on %(number)s.", number=original["number"])
    number = original["number"]
    times = before.times.get(f"{number}:{what.category}:{what.rate_bp}", 0) + 1
    return _loose(own[0], f"{number}:{what.category}:{what.rate_bp}", times, -what.cents, reason)


def _loose(like: dict[str, Any], subject: str, times: int, cents: int, reason: str) -> dict[str, Any]:
    """A charge of no session, at the VAT of one that stands on the document."""
    return like | {
        "subject": f"{subject}:credit:{times}",
        "round": 0,
        "kind": "credit",
        "machine": None,
        "tariff": None,
        "started_at": None,
        "ended_at": None,
        "occupied_s": 0,
        "counted_s": None,
        "free": None,
        "continues": False,
        "billed_s": 0,
        "priced": {"corrects": subject, "reopens": False, "reason": reason.strip()},
        "net_cents": cents,
    }


def _rest_of_amounts(
    original: Content, found: Sequence[dict[str, Any]], before: Before, reason: str
) -> list[dict[str, Any]]:
    """What was credited before as an amount is not credited again with the lines it was part of."""
    loose: dict[tuple[str, int], int] = dict(before.by_rate)
    for charge in original["charges"]:
        rate = (charge["vat_category"], charge["rate_bp"])
        loose[rate] = loose.get(rate, 0) - before.cents.get(charge["subject"], 0)
    rest = []
    for (category, rate_bp), cents in sorted(loose.items()):
        if cents:
            like = next(one for one in found if (one["vat_category"], one["rate_bp"]) == (category, rate_bp))
            subject = f"{original['number']}:{category}:{rate_bp}"
            rest.append(_loose(like, subject, before.times.get(subject, 0) + 1, cents, reason))
    return rest


def _enough(original: Content, sums: Any, before: Before) -> None:
    """No more than the document came to, by category and rate; and not nothing."""
    stood = {(row["category"], row["rate_bp"]): row["net_cents"] for row in original["vat"]}
    for row in sums.vat:
        rate = (row.category, row.rate_bp)
        if -row.net_cents > stood.get(rate, 0) - before.by_rate.get(rate, 0):
            raise Refusal("More than is left of it cannot be credited.")
    if sums.net_cents >= 0:
        raise Refusal("Nothing of %(number)s is left to be credited.", number=original["number"])


def _turned(groups: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows with their amounts below zero."""
    return [
        group
        | {
            "net_cents": -group["net_cents"],
            "lines": [line | {"net_cents": -line["net_cents"]} for line in group["lines"]],
        }
        for group in groups
    ]


def _groups(
    original: Content, what: What, charges: Sequence[dict[str, Any]], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """One group of new lines: what is left of each machine, and the rest by VAT."""
    lines = [] if isinstance(what, Amount) else _machine_lines(original, charges, names)
    lines += [_loose_line(original, one) for one in charges if one["machine"] is None and one["net_cents"]]
    sums = {key: sum(line[key] for line in lines) for key in _SUMS}
    return [{"on_behalf_of": "", "cost_centre": "", "order": "", **sums, "lines": lines}]


def _machine_lines(
    original: Content, charges: Sequence[dict[str, Any]], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The sessions of a machine and rate in one row, with the time that was billed for them."""
    stood = {one["subject"]: one for one in original["charges"]}

    def key(one: dict[str, Any]) -> Any:
        return natural(names.get(one["machine"], one["machine"])), one["vat_category"], one["rate_bp"], one["nature"]

    timed = sorted((one for one in charges if one["machine"] is not None), key=key)
    return [_machine_line(list(own), stood, names) for _, own in groupby(timed, key=key)]


def _machine_line(
    own: Sequence[dict[str, Any]], stood: Mapping[str, dict[str, Any]], names: Mapping[str, str]
) -> dict[str, Any]:
    first = own[0]
    were = [stood[one["priced"]["corrects"]] for one in own]
    return _line(first) | {
        "what": "time",
        "machine": names.get(first["machine"], first["machine"]),
        "sessions": len(own),
        "measured_s": sum(one["occupied_s"] or 0 for one in were),
        "billed_s": sum(one["billed_s"] or 0 for one in were),
        "unit": "session",
        "quantity": str(len(own)),
        "net_cents": sum(one["net_cents"] for one in own),
        "reason": first["priced"]["reason"],
    }


def _loose_line(original: Content, charge: dict[str, Any]) -> dict[str, Any]:
    words = _WORDS.get(original["language"], _WORDS["fr"])
    return _line(charge) | {
        "label": words.format(number=original["number"]),
        "unit": "piece",
        "quantity": "1",
        "unit_cents": str(abs(charge["net_cents"])),
        "net_cents": charge["net_cents"],
        "reason": charge["priced"]["reason"],
    }


def _line(charge: dict[str, Any]) -> dict[str, Any]:
    return {
        "what": "item",
        "machine": "",
        "label": "",
        "basis": None,
        "nature": charge["nature"],
        "sessions": 0,
        "measured_s": 0,
        "billed_s": 0,
        "covered_s": 0,
        "unit_cents": "0",
        "category": charge["vat_category"],
        "rate_bp": charge["rate_bp"],
        "early": [],
        "free": None,
    }
