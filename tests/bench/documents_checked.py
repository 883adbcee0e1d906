"""Documents of 40 and of 400 rows as ``work`` makes them: written as data, held against schema and schematron, set as pages,
with the data in the page. And that the checks are no rubber stamp: each case of the law in order, each seeded fault refused.
"""

import resource
import time
from copy import deepcopy

from server.billing.einvoice.service import check, xml_of
from server.billing.page import page
from server.billing.rendering import pdf
from tests.bench.figures import Figure, Lines
from tests.documents import CASES, Content, french_company, long_invoice
from tests.server.test_einvoice import FAULTS


def measure(quick: bool) -> Lines:
    began = time.monotonic()
    _made(long_invoice(1))
    yield Figure("the first one: stylesheets and fonts are read", time.monotonic() - began, "s")
    number = 5 if quick else 40
    forty = _seconds(long_invoice(40), number)
    yield Figure(
        f"documents of 40 rows, checked and with their data, of {number}", 1 / forty, "a second", 6, at_least=True
    )
    yield Figure("one of 400 rows", _seconds(long_invoice(400), 1 if quick else 3), "s", 1.5)
    yield Figure(
        "memory of the process that makes them", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB"
    )
    yield "what schema, schematron and our own checks find, by case"
    for name, case in CASES.items():
        yield Figure(name, len(check(case())), "findings", 0)
    yield Figure(
        "seeded faults refused and named", sum(_refused(fault) for fault in FAULTS), "", len(FAULTS), at_least=True
    )


def _seconds(content: Content, times: int) -> float:
    began = time.monotonic()
    for _ in range(times):
        _made(content)
    return (time.monotonic() - began) / times


def _made(content: Content) -> bytes:
    xml = xml_of(content)
    assert not check(content, xml)
    return pdf(page(content), xml)


def _refused(fault: str) -> bool:
    seed, rule = FAULTS[fault]
    seeded = deepcopy(french_company())
    seed(seeded)
    return rule in [one.rule for one in check(seeded)]
