"""What the rest of billing asks: the XML of a document, what is wrong with one, and the hold that follows from it."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from server.billing.einvoice.checks import own_checks
from server.billing.einvoice.findings import Finding
from server.billing.einvoice.wanted import french_rules
from server.billing.giving import term
from server.domain.holds import Hold, Why

_STAND_IN = 1  # in the place of the sequence that a draft has not got yet


def xml_of(content: Mapping[str, Any]) -> bytes:
    """The document as CII by EN 16931; unchecked."""
    from facturx import generate_xml  # brings pypdf and the schema files along, for whoever renders and no other

    from server.billing.einvoice.terms import terms

    made: bytes = generate_xml(terms(content), level="en16931", check_xsd=False, check_schematron=False)
    return made


def check(content: Mapping[str, Any], xml: bytes | None = None) -> tuple[Finding, ...]:
    """All that is wrong with a document, ours first. A statement has nothing for the norm to look at; of other documents the
    XML is checked by the norm also where it is not sent, and by the French rules where they hold. ``xml``: where it is made
    already."""
    ours = tuple(own_checks(content))
    if ours or content["kind"] == "statement":
        return ours
    from server.billing.einvoice.norm import validate

    return validate(xml_of(content) if xml is None else xml, french_rules(content))


def hold_for(content: Mapping[str, Any]) -> Hold | None:
    """Why a draft must not get a number; None when it may. It is judged as the document it would be the day after its period."""
    found = check(_numbered(content))
    if not found:
        return None
    return Hold(Why.EINVOICE, content["buyer"]["legal_name"], findings=tuple((one.rule, one.value) for one in found))


def _numbered(content: Mapping[str, Any]) -> dict[str, Any]:
    last = date.fromisoformat(content["period"][1])
    issued = max([last, *(date.fromisoformat(one["issued_on"]) for one in content["corrects"])]) + timedelta(days=1)
    series = f"{content['prefix']}-{issued.year}"
    return {
        **content,
        "number": f"{series}-{_STAND_IN:04}",
        "series": series,
        "sequence": _STAND_IN,
        "issued_on": issued.isoformat(),
        "due_on": (issued + timedelta(days=term(content))).isoformat(),
    }
