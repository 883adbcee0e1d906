"""What proofs of status are called."""

from flask_babel import lazy_gettext

from server.domain.status import ProofKind

PROOFS = {
    ProofKind.VIES: lazy_gettext("Reply of VIES, with its consultation number"),
    ProofKind.REGISTER: lazy_gettext("Extract of a trade register (Handelsregister, KBIS)"),
    ProofKind.TAX_OFFICE: lazy_gettext("Certificate of its tax office (Unternehmerbescheinigung)"),
    ProofKind.SWISS_VAT: lazy_gettext("Extract of the Swiss UID register (CHE-… MWST)"),
    ProofKind.OTHER: lazy_gettext("Another document"),
}
