"""Proof of status: why an establishment counts as a business of another country, and how long that has been looked at.

Without one nobody is billed without VAT: reverse charge and what is outside its scope are held until somebody has seen it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from server.domain.vat import Treatment

MONTHS = 12  # a proof is good for at most so long
WARNED = timedelta(days=30)  # before it runs out


class ProofKind(StrEnum):
    VIES = "vies"  # the reply of the Commission's register, with its consultation number
    REGISTER = "register"  # extract of a trade register
    TAX_OFFICE = "tax_office"  # Unternehmerbescheinigung
    SWISS_VAT = "swiss_vat"  # extract of the UID register: CHE-… MWST
    OTHER = "other"


NEED_PROOF = frozenset({Treatment.EU_BUSINESS, Treatment.NON_EU_BUSINESS})  # billed without VAT for what they are
NUMBERED = frozenset({ProofKind.VIES, ProofKind.SWISS_VAT})  # those about one VAT id


@dataclass(frozen=True, slots=True)
class Proof:
    """One look at an establishment's status. ``recheck_on``: the first day on which it no longer does."""

    kind: str
    vat_id: str | None  # it is about this one; None: about the business itself
    dated_on: date
    recheck_on: date

    def covers(self, day: date, vat_id: str | None) -> bool:
        """Whether it still does on a day. It may be younger than what it is needed for: who is checked at the month's
        end was a business before."""
        return day < self.recheck_on and (self.kind not in NUMBERED or self.vat_id == vat_id)


def latest(dated_on: date) -> date:
    """The day on which a proof is too old, whatever somebody wrote: twelve months after its date."""
    leap_day = (dated_on.month, dated_on.day) == (2, 29)
    return dated_on.replace(year=dated_on.year + 1, day=28 if leap_day else dated_on.day)


def until(proofs: Iterable[Proof], day: date, vat_id: str | None) -> date | None:
    """The first day on which none of them will do any more; None where none does on ``day``."""
    return max((one.recheck_on for one in proofs if one.covers(day, vat_id)), default=None)
