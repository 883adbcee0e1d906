"""Why a cell of the VAT table is proposed as it is, what is doubtful about it, and short names for its rows."""

from flask_babel import lazy_gettext

from server.domain.vat import Treatment
from server.domain.vat_proposals import Basis, Doubt, Proposal

SHORT = {
    Treatment.FR_BUSINESS: lazy_gettext("France"),
    Treatment.FR_PUBLIC: lazy_gettext("Public body"),
    Treatment.FR_ESTABLISHMENT: lazy_gettext("Staff on site"),
    Treatment.EU_BUSINESS: lazy_gettext("EU"),
    Treatment.NON_EU_BUSINESS: lazy_gettext("Outside the EU"),
    Treatment.FOREIGN_NON_TAXABLE: lazy_gettext("Not taxable"),
    Treatment.PRIVATE: lazy_gettext("Private"),
}
BECAUSE = {
    Basis.IN_FRANCE: lazy_gettext(
        "Whoever is supplied has an establishment in France that uses it (art. 259-1 of the CGI)."
    ),
    Basis.REVERSE: lazy_gettext(
        "A business of another EU state without an establishment here owes the VAT at home (art. 259-1 of the CGI, "
        "art. 44 and 196 of the directive 2006/112/CE)."
    ),
    Basis.OUTSIDE: lazy_gettext(
        "A business outside the EU with proof of its status: the place of supply is not in France (art. 259-1 of the CGI)."
    ),
    Basis.HERE_BY_SELLER: lazy_gettext(
        "Whoever is not taxable is supplied where the seller is (art. 259-2 of the CGI), and machines used in France are "
        "taxed there (art. 259 C 3°, since 2024)."
    ),
    Basis.EVENT: lazy_gettext(
        "A course that anybody may join is taxed where it is held (art. 259 A, 5° and 5° bis of the CGI, CJEU C-647/17)."
    ),
    Basis.ROOM: lazy_gettext("A room is taxed where the building stands (art. 259 A, 2° of the CGI)."),
    Basis.HANDED_OVER: lazy_gettext("Goods are taxed where they are handed over: here (art. 258 of the CGI)."),
    Basis.FRANCHISE: lazy_gettext("The seller is below the thresholds and charges no VAT (art. 293 B of the CGI)."),
    Basis.TRAINING: lazy_gettext(
        "Vocational training by whoever holds the attestation for it is exempt (art. 261-4-4° a of the CGI)."
    ),
}
DOUBTS = {
    Doubt.ROOM: lazy_gettext(
        "Doubtful: only where the room is what is really sold, and not a machine that can be unbolted. Decide by contract."
    ),
    Doubt.TAILORED: lazy_gettext("Doubtful: only while nobody but this customer can enrol; otherwise it is a course."),
    Doubt.COMPENSATION: lazy_gettext(
        "Doubtful: what is kept for a place that was held is paid for it; what replaces a lost badge may be damages, "
        "which bear no VAT."
    ),
    Doubt.VOUCHER: lazy_gettext(
        "Only for a pack of one nature and one treatment: its VAT is due when it is sold (art. 256 ter of the CGI)."
    ),
    Doubt.ANCILLARY: lazy_gettext("Doubtful: material that is taken home on its own is goods."),
    Doubt.EXPORT: lazy_gettext(
        "Exempt instead where it leaves France and the proof is there (art. 262 and 262 ter of the CGI)."
    ),
    Doubt.ATTESTATION: lazy_gettext(
        "Doubtful: with the attestation for vocational training it is exempt, without one it is not."
    ),
    Doubt.FRANCHISE_ABROAD: lazy_gettext(
        "Doubtful: the relief covers what is taxed in France. For the rest the seller needs a VAT id, too; ask your "
        "accountant."
    ),
}


def because(proposal: Proposal) -> str:
    """The reason of a proposal, and then what is doubtful."""
    doubt = f" {DOUBTS[proposal.doubt]}" if proposal.doubt else ""
    return f"{BECAUSE[proposal.basis]}{doubt}"
