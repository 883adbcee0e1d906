"""The sentences a French invoice must carry, word for word. They are frozen with the document they stand on.

Sources: art. 242 nonies A ann. II CGI, décret 2022-1299 (category of operation, option for debits), art. L441-9,
L441-10 and D441-5 of the code de commerce; the words on VAT come with the cell of the VAT table.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

STEP_WORDS = {
    60: "minute commencée",
    900: "quart d’heure commencé",
    1800: "demi-heure commencée",
    3600: "heure commencée",
}


@dataclass(frozen=True, slots=True, order=True)
class Steps:
    """How a tariff counts time: in steps of so many seconds, at least the minimum."""

    step_s: int
    minimum_s: int

    def __str__(self) -> str:
        words = STEP_WORDS.get(self.step_s, f"tranche de {_short(self.step_s)} commencée")
        return f"par {words}" + (f", au moins {_short(self.minimum_s)} par session" if self.minimum_s else "")


def how_time_is_billed(machines: Mapping[Steps, Iterable[str]]) -> str:
    """One sentence for all machines; where they differ, the commonest way of counting is that of "all others"."""
    *others, commonest = sorted(machines.items(), key=lambda item: (len(set(item[1])), item[0]))
    ways = [f"{steps} ({', '.join(sorted(set(names), key=natural))})" for steps, names in others]
    ways.append(f"{commonest[0]} (toutes les autres machines)" if others else str(commonest[0]))
    return (
        f"Temps facturé {' ; '.join(ways)}. Chaque session est facturée au tarif en vigueur à son début, "
        "dans le mois où elle se termine, et arrondie au centime."
    )


def operation(vat_on_debits: bool) -> str:
    """The category of operation, and the seller's option if taken."""
    option = " Option pour le paiement de la taxe d’après les débits." if vat_on_debits else ""
    return f"Prestations de services.{option}"


def payment(late_rate: str) -> str:
    """Discount, late penalties and the fixed indemnity; ``late_rate`` in words."""
    return (
        f"Pas d’escompte pour paiement anticipé. Pénalités en cas de retard de paiement : {late_rate}, "
        "et indemnité forfaitaire pour frais de recouvrement de 40 € (art. L441-10 et D441-5 du code de commerce)."
    )


def _short(seconds: int) -> str:
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts "Imprimante 9" before "Imprimante 10"."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in re.split(r"(\d+)", name))
