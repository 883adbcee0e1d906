"""The sentences a document must carry, in its tenant's language with the French ones kept beside. They are frozen with it.

Sources: art. 242 nonies A ann. II CGI, décret 2022-1299 (category of operation, option for debits), art. L441-9, L441-10
and D441-5 of the code de commerce, R2192-31 and D2192-35 of the code de la commande publique; the French words on VAT come
with the cell of the VAT table.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from server.domain import mention_words as words
from server.domain.mention_words import FRENCH
from server.domain.tariffs import Basis, Rule
from server.domain.vat import Nature


@dataclass(frozen=True, slots=True, order=True)
class Steps:
    """How a part of a tariff counts time: in steps of so many seconds, at least the minimum, after what is free."""

    step_s: int
    minimum_s: int
    free_s: int = 0
    basis: str = Basis.OCCUPIED

    def said(self, language: str) -> str:
        steps = words.STEPS[language]
        said = [steps.get(self.step_s, steps[0]).format(step=_short(self.step_s))]
        if self.basis != Basis.OCCUPIED:
            said[0] = f"{words.BASES[language][Basis(self.basis)]} {said[0]}"
        if self.free_s:
            said.append(words.FREE_FIRST[language].format(time=_short(self.free_s)))
        if self.minimum_s:
            said.append(words.AT_LEAST[language].format(time=_short(self.minimum_s)))
        return ", ".join(said)

    def __str__(self) -> str:
        return self.said(FRENCH)


@dataclass(frozen=True, slots=True)
class Said:
    """What the sentences of one document depend on. ``vat``: category and French words of each cell that was used."""

    language: str
    kind: str  # invoice, credit_note, statement
    customer: str  # business, public, private
    natures: frozenset[str]
    vat: frozenset[tuple[str, str]]
    late_rate: str
    vat_on_debits: bool = False
    machines: Mapping[Steps, Iterable[str]] = field(default_factory=dict)


def sentences(said: Said) -> tuple[str, ...]:
    """First what concerns VAT, then how time is billed, then operation and payment, and these in French beside."""
    found = sorted(vat_words(category, mention, said.language) for category, mention in said.vat if mention)
    if said.machines:
        found.append(how_time_is_billed(said.machines, said.language, said.kind))
    if said.kind == "statement":
        return tuple(found)
    for language in dict.fromkeys((said.language, FRENCH)):
        law = [operation(said.vat_on_debits, said.natures, language)]
        if said.kind == "invoice":
            law.append(payment(said.late_rate, said.customer, language))
        found.append(" ".join(law))
    return tuple(found)


def steps_of(rule: Rule) -> list[Steps]:
    """How each of a rule's parts counts."""
    return [Steps(part.step_s, part.minimum_s, part.free_s, part.basis) for part in rule.parts]


def how_time_is_billed(machines: Mapping[Steps, Iterable[str]], language: str = FRENCH, kind: str = "invoice") -> str:
    """One sentence for all machines; where they differ, the commonest way of counting is that of "all others"."""
    *others, commonest = sorted(machines.items(), key=lambda item: (len(set(item[1])), item[0]))
    ways = [f"{steps.said(language)} ({', '.join(sorted(set(names), key=natural))})" for steps, names in others]
    usual = commonest[0].said(language)
    ways.append(f"{usual} ({words.ALL_OTHERS[language]})" if others else usual)
    sentence = (words.TIME_COUNTED if kind == "statement" else words.TIME)[language]
    return sentence.format(ways=(" ; " if language == FRENCH else "; ").join(ways))


def operation(
    vat_on_debits: bool, natures: frozenset[str] = frozenset({Nature.MACHINE_USE}), language: str = FRENCH
) -> str:
    """The category of operation, and the seller's option if taken."""
    goods = Nature.GOODS in natures
    services = bool(natures - {Nature.GOODS}) or not goods
    what = words.BOTH if goods and services else words.GOODS if goods else words.SERVICES
    return " ".join([what[language], *([words.DEBITS[language]] if vat_on_debits else [])])


def payment(late_rate: str, customer: str = "business", language: str = FRENCH) -> str:
    """Discount, late penalties and the fixed indemnity; ``late_rate`` in French words. Private persons owe neither."""
    return " ".join(payment_terms(late_rate, customer, language).values())


def payment_terms(late_rate: str, customer: str, language: str = FRENCH) -> dict[str, str]:
    """The same by the codes an electronic invoice knows them under: AAB discount, PMD penalties, PMT indemnity."""
    discount = words.NO_DISCOUNT[language]
    if customer == "private":
        return {"AAB": discount}
    late = words.LATE_PUBLIC if customer == "public" else words.LATE
    rate = words.RATES.get(late_rate, {}).get(language, late_rate)
    articles = words.ARTICLES if language == FRENCH else words.ARTICLES_ABROAD
    forty = words.FORTY_EUROS[language].format(article=articles[customer])
    return {"AAB": discount, "PMD": late[language].format(rate=rate), "PMT": forty}


def vat_words(category: str, mention: str, language: str = FRENCH) -> str:
    """The French words of a VAT cell, and what they mean in the reader's language: "Autoliquidation … / Reverse charge"."""
    meant = _meaning(category, mention)
    return f"{mention} / {meant[language]}" if language in meant else mention


def _meaning(category: str, mention: str) -> Mapping[str, str]:
    match category:
        case "AE":
            return words.REVERSE
        case "O":
            return words.NOT_APPLICABLE
        case "E" if "293 B" in mention:
            return words.SMALL_BUSINESS
        case "E" if re.search(r"\b261\b", mention):
            return words.TRAINING
        case "E":
            return words.EXEMPT
    return {}


def _short(seconds: int) -> str:
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts "Imprimante 9" before "Imprimante 10"."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in re.split(r"(\d+)", name))
