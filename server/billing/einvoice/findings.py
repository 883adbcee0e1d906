"""What is wrong with a document, as values: by our own checks under a name, by the norm's under the number of its rule."""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """Our own checks: what XSD and schematron do not see, or say in words nobody at a desk understands."""

    LINE_SUM = "line_sum"
    VAT_BASE = "vat_base"
    VAT_AMOUNT = "vat_amount"
    TOTAL = "total"
    RATE = "rate"
    OUTSIDE_MIXED = "outside_mixed"
    NO_REASON = "no_reason"
    SMALL_BUSINESS = "small_business"
    SIGN = "sign"
    NO_LINES = "no_lines"
    NAMELESS_LINE = "nameless_line"
    PERIOD = "period"
    DUE = "due"
    SERIES = "series"
    NOTHING_CORRECTED = "nothing_corrected"
    CORRECTS_LATER = "corrects_later"
    SELLER_SIREN = "seller_siren"
    SELLER_VAT_ID = "seller_vat_id"
    SELLER_ADDRESS = "seller_address"
    IBAN = "iban"
    BUYER_SIREN = "buyer_siren"
    BUYER_SIRET = "buyer_siret"
    BUYER_VAT_ID = "buyer_vat_id"
    BUYER_ADDRESS = "buyer_address"
    CHARACTER = "character"


XSD = "XSD"  # the rule of whatever the schema itself refuses
SCHEMATRON = "schematron"  # of a rule without a number


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. ``rule``: one of ``Rule``, ``XSD``, ``SCHEMATRON``, or the norm's number (BR-CO-15); ``value``: what stands
    there, or what the norm says of it."""

    rule: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.value}" if self.value else self.rule
