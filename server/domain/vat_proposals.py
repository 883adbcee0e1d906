"""What the law texts suggest for each cell of the VAT table of a workshop in France, with the reason and what is doubtful.

None of it is tax advice and none of it counts by itself: a cell holds once a named person has taken it over. Each basis
carries its source, so that an accountant can check it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from server.domain.vat import Nature, Regime, Treatment

FULL_RATE = 2000  # 20 %, art. 278 of the CGI


class Basis(StrEnum):
    """Why a cell is proposed as it is. Pages say each in the reader's language; sources stand here.

    Directive: 2006/112/CE. Doctrine: BOI 3 A-2-11 (courses), BOI-TVA-CHAMP-20-50-20 (establishments).
    """

    IN_FRANCE = "in_france"  # art. 259-1° CGI: the customer is established here
    REVERSE = "reverse"  # art. 259-1° CGI, art. 44 and 196 directive: business of another EU state
    OUTSIDE = "outside"  # art. 259-1° CGI: business outside the EU
    HERE_BY_SELLER = "here_by_seller"  # art. 259-2° CGI: customer who is not taxable; 259 C 3° for hire used in France
    EVENT = "event"  # art. 259 A, 5° a and 5° bis CGI; CJEU C-647/17: where the course is held
    ROOM = "room"  # art. 259 A, 2° CGI; art. 13 ter regulation 282/2011: where the building stands
    HANDED_OVER = "handed_over"  # art. 258 CGI: goods handed over in France
    FRANCHISE = "franchise"  # art. 293 B CGI
    TRAINING = "training"  # art. 261-4-4° a CGI: for who holds the attestation


class Doubt(StrEnum):
    """What a named person has to look at before taking a proposal over."""

    ROOM = "room"  # is it the room that is really sold? By contract
    TAILORED = "tailored"  # training for one customer follows the general rule only if nobody else may enrol
    COMPENSATION = "compensation"  # kept for nothing in return, a sum may be damages and bear no VAT
    VOUCHER = "voucher"  # single-purpose only: one nature, one treatment (art. 256 ter CGI)
    ANCILLARY = "ancillary"  # on its own and handed over, material is goods
    EXPORT = "export"  # exempt when it leaves France, with proof (art. 262 and 262 ter CGI)
    ATTESTATION = "attestation"  # exempt instead, if the lab holds the attestation for training
    FRANCHISE_ABROAD = "franchise_abroad"  # the relief covers what is taxed in France; a VAT id is needed for the rest


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the law texts suggest for a cell. It counts only once a named person has put it into the table."""

    regime: str
    treatment: str
    nature: str
    category: str
    rate_bp: int
    mention: str
    basis: Basis
    doubt: Doubt | None = None
    is_alternative: bool = False  # instead of another one, where its condition is met


@dataclass(frozen=True, slots=True)
class _Way:
    category: str
    rate_bp: int
    mention: str


_FULL = _Way("S", FULL_RATE, "")
_REVERSE = _Way("AE", 0, "Autoliquidation – art. 259-1 du CGI, art. 44 et 196 de la directive 2006/112/CE")
_OUTSIDE = _Way("O", 0, "TVA non applicable – art. 259-1 du CGI")
_FRANCHISE = _Way("E", 0, "TVA non applicable, art. 293 B du CGI")
_TRAINING = _Way("E", 0, "Exonération de TVA, art. 261, 4-4° a du CGI")

_AT_ITS_PLACE = {
    Nature.MACHINE_USE_WITH_ROOM: Basis.ROOM,
    Nature.OPEN_COURSE: Basis.EVENT,
    Nature.GOODS: Basis.HANDED_OVER,
}
_DOUBTS = {
    Nature.MACHINE_USE_WITH_ROOM: Doubt.ROOM,
    Nature.TENANT_TRAINING: Doubt.TAILORED,
    Nature.FEE: Doubt.COMPENSATION,
    Nature.VOUCHER: Doubt.VOUCHER,
    Nature.MATERIAL_IN_SERVICE: Doubt.ANCILLARY,
}
_ABROAD = (Treatment.EU_BUSINESS, Treatment.NON_EU_BUSINESS, Treatment.FOREIGN_NON_TAXABLE)


def proposals_for(regime: str, treatment: str, nature: str) -> tuple[Proposal, ...]:
    """What is suggested for one cell, the usual one first, then what may stand instead. Empty for what nobody knows."""
    if regime not in set(Regime) or treatment not in set(Treatment) or nature not in set(Nature):
        return ()
    return tuple(_proposed(Regime(regime), Treatment(treatment), Nature(nature)))


def column(regime: str, nature: str) -> tuple[Proposal, ...]:
    """For one nature of supply: the usual proposal for every treatment."""
    return tuple(proposals_for(regime, treatment, nature)[0] for treatment in Treatment)


def _proposed(regime: Regime, treatment: Treatment, nature: Nature) -> Iterator[Proposal]:
    basis = _basis(treatment, nature)
    cell = (regime.value, treatment.value, nature.value)
    doubt = _doubt(treatment, nature)
    taxed_here = basis not in {Basis.REVERSE, Basis.OUTSIDE}
    if regime is Regime.FRANCHISE:
        if taxed_here:
            yield _propose(cell, _FRANCHISE, Basis.FRANCHISE, None)
        else:
            yield _propose(cell, _abroad(basis), basis, Doubt.FRANCHISE_ABROAD)
        return
    yield _propose(cell, _FULL if taxed_here else _abroad(basis), basis, doubt)
    if taxed_here and nature in {Nature.OPEN_COURSE, Nature.TENANT_TRAINING}:
        yield _propose(cell, _TRAINING, Basis.TRAINING, Doubt.ATTESTATION, is_alternative=True)


def _basis(treatment: Treatment, nature: Nature) -> Basis:
    """Where the supply is taxed, and by which rule."""
    if nature in _AT_ITS_PLACE:
        return _AT_ITS_PLACE[nature]
    match treatment:
        case Treatment.EU_BUSINESS:
            return Basis.REVERSE
        case Treatment.NON_EU_BUSINESS:
            return Basis.OUTSIDE
        case Treatment.FOREIGN_NON_TAXABLE | Treatment.PRIVATE:
            return Basis.HERE_BY_SELLER
        case _:
            return Basis.IN_FRANCE


def _doubt(treatment: Treatment, nature: Nature) -> Doubt | None:
    if nature is Nature.GOODS and treatment in _ABROAD:
        return Doubt.EXPORT
    if nature is Nature.OPEN_COURSE:
        return Doubt.ATTESTATION
    return _DOUBTS.get(nature)


def _abroad(basis: Basis) -> _Way:
    return _REVERSE if basis is Basis.REVERSE else _OUTSIDE


def _propose(
    cell: tuple[str, str, str], way: _Way, basis: Basis, doubt: Doubt | None, is_alternative: bool = False
) -> Proposal:
    return Proposal(*cell, way.category, way.rate_bp, way.mention, basis, doubt, is_alternative)
