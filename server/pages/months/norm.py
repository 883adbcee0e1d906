"""What is wrong with a document that may not get a number, in words that a manager understands, and where it is put right."""

from collections.abc import Iterator, Mapping, Sequence

from flask import url_for
from flask_babel import gettext, lazy_gettext

from server.billing.einvoice.findings import XSD, Rule
from server.domain.roles import Verb

_OURS = {
    Rule.LINE_SUM: lazy_gettext("The rows of a cost centre do not come to its sum (%(value)s)."),
    Rule.VAT_BASE: lazy_gettext("The rows of a VAT rate do not come to its base."),
    Rule.VAT_AMOUNT: lazy_gettext("The VAT of a rate is not what its base comes to."),
    Rule.TOTAL: lazy_gettext("The totals do not come to what the VAT table says."),
    Rule.RATE: lazy_gettext("A rate does not fit its VAT category (%(value)s)."),
    Rule.OUTSIDE_MIXED: lazy_gettext("What is outside the scope of VAT cannot stand on one document with the rest."),
    Rule.NO_REASON: lazy_gettext(
        "Nothing says why no VAT is charged (%(value)s): write the mention into the VAT table."
    ),
    Rule.SMALL_BUSINESS: lazy_gettext("The seller is a small business without VAT, and VAT is charged."),
    Rule.SIGN: lazy_gettext("An invoice comes to less than nothing, or a credit note to more."),
    Rule.NO_LINES: lazy_gettext("There is nothing on it."),
    Rule.NAMELESS_LINE: lazy_gettext("A row has no name."),
    Rule.PERIOD: lazy_gettext("Its period is not that of its month."),
    Rule.DUE: lazy_gettext("It is due before it is issued."),
    Rule.SERIES: lazy_gettext("Its number is not of its series (%(value)s)."),
    Rule.NOTHING_CORRECTED: lazy_gettext("A credit note must say which invoice it corrects."),
    Rule.CORRECTS_LATER: lazy_gettext("It corrects an invoice that is younger than itself."),
    Rule.SELLER_SIREN: lazy_gettext("The seller’s SIREN has not 9 digits."),
    Rule.SELLER_VAT_ID: lazy_gettext("The seller has no VAT id on record, and VAT is charged or reversed."),
    Rule.SELLER_ADDRESS: lazy_gettext("The seller’s address is not complete."),
    Rule.IBAN: lazy_gettext("The seller’s IBAN is mistyped (%(value)s)."),
    Rule.BUYER_SIREN: lazy_gettext("A French business is billed with its SIREN, and none is on record."),
    Rule.BUYER_SIRET: lazy_gettext("The buyer’s SIRET is not one of its SIREN (%(value)s)."),
    Rule.BUYER_VAT_ID: lazy_gettext("Reverse charge needs the VAT id of the buyer."),
    Rule.BUYER_ADDRESS: lazy_gettext("The buyer’s address is not complete."),
    Rule.CHARACTER: lazy_gettext("A name or number has a character in it that cannot be printed (%(value)s)."),
}
_OF_THE_NORM = {
    "BR-CO-09": lazy_gettext("A VAT id does not begin with its country, as FR or DE."),
    "BR-FR-01": lazy_gettext("A document number is longer than 35 characters."),
    "BR-FR-02": lazy_gettext(
        "A document number has characters that electronic invoices do not allow: only letters, digits, + - _ /."
    ),
    "BR-FR-05": lazy_gettext("A sentence on discount, penalties or the indemnity of 40 € is missing."),
    "BR-FR-09": lazy_gettext("A SIRET does not begin with its SIREN."),
    "BR-FR-16": lazy_gettext("France has no such VAT rate."),
    "FX-SCH-A-000568": lazy_gettext("A country is not one of the two-letter codes."),
    XSD: lazy_gettext("The electronic invoice has a form that its schema does not allow: %(value)s"),
}
_OF_THE_SELLER = frozenset({Rule.SELLER_SIREN, Rule.SELLER_VAT_ID, Rule.SELLER_ADDRESS, Rule.IBAN, Rule.SMALL_BUSINESS})
_OF_THE_TABLE = frozenset({Rule.RATE, Rule.NO_REASON})
Findings = Sequence[Sequence[str]]


def sentence(findings: Findings) -> str:
    """All that is wrong, one sentence after the other."""
    return " ".join(_sentences(findings))


def _sentences(findings: Findings) -> Iterator[str]:
    for rule, value in findings:
        words = _OURS.get(Rule(rule)) if rule in set(Rule) else _OF_THE_NORM.get(rule)
        if words is not None:
            yield str(words) % {"value": value}
        else:
            yield gettext("Rule %(rule)s of electronic invoices is not kept: %(value)s", rule=rule, value=value)


def way(findings: Findings, tenant: str) -> tuple[Verb, str, str]:
    """Who may put it right, what the link says, and where it leads: to the seller, the VAT table or the tenant."""
    rules = {rule for rule, _ in findings}
    if rules & _OF_THE_SELLER:
        return Verb.SET_PRICES, gettext("Complete"), url_for("seller.shown")
    if rules & _OF_THE_TABLE:
        return Verb.SET_PRICES, gettext("Decide"), url_for("vat.listed")
    return Verb.EDIT_TENANTS, gettext("Complete"), url_for("tenants.show", code=tenant)


def findings_of(hold: Mapping[str, object]) -> Findings:
    found = hold.get("findings", ())
    return found if isinstance(found, Sequence) else ()
