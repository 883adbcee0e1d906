"""How a document is paid: the transfer with its QR code, what becomes of a credit, and that a statement asks for nothing."""

from collections.abc import Mapping
from decimal import Decimal
from io import BytesIO
from typing import Any

from server.billing.printed.figures import euros, grouped
from server.billing.printed.words import Words

Content = Mapping[str, Any]
_BIC = frozenset({8, 11})  # so many characters it has


def payment(content: Content, words: Words) -> dict[str, Any]:
    """The box beside the totals: its title, rows or a sentence, and where money is asked for the picture of the QR code."""
    match content["kind"]:
        case "invoice":
            return _transfer(content, words)
        case "credit_note":
            return {"title": words("credited"), "rows": [], "sentence": words("credited_how"), "qr": "", "alt": ""}
        case _:
            told = words("told_by", name=content["seller"]["legal_name"])
            return {"title": "", "rows": [], "sentence": told, "qr": "", "alt": ""}


def _transfer(content: Content, words: Words) -> dict[str, Any]:
    seller, number = content["seller"], content["number"]
    rows = {
        words("name_of"): seller["legal_name"],
        "IBAN": grouped(seller["iban"], 4),
        "BIC": seller["bic"],
        words("reference"): number,
    }
    amount = euros(content["gross_cents"], words.language)
    return {
        "title": words("transfer"),
        "rows": [{"label": label, "value": value} for label, value in rows.items() if value],
        "sentence": "",
        "qr": _qr(content) if content["gross_cents"] > 0 and not content["specimen"] else "",
        "alt": words("qr_alt", amount=amount, name=seller["legal_name"], number=number),
    }


def _qr(content: Content) -> str:
    """The SEPA code that banking apps read, as SVG. None on a specimen: nobody must pay it."""
    from segno import helpers  # for whoever renders and no other

    seller = content["seller"]
    code = helpers.make_epc_qr(
        name=seller["legal_name"][:70],
        iban=seller["iban"],
        amount=Decimal(content["gross_cents"]) / 100,
        text=content["number"],
        bic=seller["bic"] if len(seller["bic"]) in _BIC else None,  # within SEPA the IBAN alone will do
        encoding="utf-8",
    )
    drawn = BytesIO()
    code.save(drawn, kind="svg", border=0, xmldecl=False, svgns=True, dark="#1A1E21")
    return drawn.getvalue().decode()
