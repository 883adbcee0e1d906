"""The last stations: charges against the rows of an invoice, rows against VAT and totals, and the files themselves."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from server.demo.evidence import Charge, Document, Evidence
from server.demo.findings import Mismatch, Station
from server.demo.secondhand import vat_sums


def documents(evidence: Evidence, in_doubt: set[int]) -> Iterator[Mismatch]:
    charges: dict[str, list[Charge]] = defaultdict(list)
    for charge in evidence.charges.values():
        charges[charge.document].append(charge)
    for index, document in enumerate(evidence.documents, 1):
        if document.sequence != index:
            yield Mismatch(Station.DOCUMENT, document.number, f"number {index} was expected: there are no gaps")
        if document.establishment not in in_doubt:
            yield from _document(document, charges[document.number], evidence)


def _document(document: Document, charges: list[Charge], evidence: Evidence) -> Iterator[Mismatch]:
    """Lines against charges; and where they are right, VAT and totals against the lines, and the files."""
    lines, right = _lines(document), _lines_of(charges, evidence)
    wrong = [key for key in lines.keys() | right.keys() if lines.get(key) != right.get(key)]
    if wrong:
        for key in wrong:
            text = f"{key}: {_words(lines.get(key))} on paper, {_words(right.get(key))} charged"
            yield Mismatch(Station.LINE, document.number, text)
        return
    vat = vat_sums((key.category, key.rate_bp, figures[-1]) for key, figures in lines.items())
    net, tax = sum(both[0] for both in vat.values()), sum(both[1] for both in vat.values())
    printed = {
        (row["category"], row["rate_bp"]): (row["net_cents"], row["vat_cents"]) for row in document.frozen["vat"]
    }
    totals = tuple(document.frozen[name] for name in ("net_cents", "vat_cents", "gross_cents"))
    booked = (document.net_cents, document.vat_cents, document.gross_cents)
    if printed != vat or not totals == booked == (net, tax, net + tax):
        text = f"VAT {printed}, totals {totals}, booked {booked}; its lines come to {vat}"
        yield Mismatch(Station.DOCUMENT, document.number, text)
    for problem in document.problems:
        yield Mismatch(Station.DOCUMENT, document.number, problem)


@dataclass(frozen=True, slots=True)
class LineKey:
    """What sessions must share to stand in one row of an invoice."""

    on_behalf_of: str
    cost_centre: str
    machine: str
    what: str
    unit_cents: str
    category: str
    rate_bp: int

    def __str__(self) -> str:
        whose = ", ".join(filter(None, (self.on_behalf_of, self.cost_centre)))
        return f"{whose}, {self.machine}, {self.what} at {self.unit_cents} cents, {self.category} {self.rate_bp}"


Figures = tuple[int, int, int, int]  # sessions, measured seconds, billed seconds, net cents


def _words(figures: Figures | None) -> str:
    if figures is None:
        return "nothing"
    sessions, measured_s, billed_s, net_cents = figures
    return f"{net_cents} cents for {sessions} sessions, {measured_s} s measured, {billed_s} s billed"


def _lines(document: Document) -> dict[LineKey, Figures]:
    rows: dict[LineKey, Figures] = {}
    for group in document.frozen["groups"]:
        for line in group["lines"]:
            shared = {name: line[name] for name in ("machine", "what", "unit_cents", "category", "rate_bp")}
            figures = (line["sessions"], line["measured_s"], line["billed_s"], line["net_cents"])
            _add(rows, LineKey(group["on_behalf_of"], group["cost_centre"], **shared), figures)
    return rows


def _lines_of(charges: Iterable[Charge], evidence: Evidence) -> dict[LineKey, Figures]:
    rows: dict[LineKey, Figures] = {}
    for charge in charges:
        session = evidence.sessions[charge.session]
        place = (session.on_behalf_of, session.cost_centre, evidence.machines[session.machine])
        rate = (charge.category, charge.rate_bp)
        time_cents = charge.net_cents - charge.fee_cents
        figures = (1, charge.occupied_s, charge.billed_s, time_cents)
        _add(rows, LineKey(*place, "time", str(charge.cents_per_hour), *rate), figures)
        if charge.fee_cents:
            _add(rows, LineKey(*place, "fee", str(charge.fee_cents), *rate), (1, 0, 0, charge.fee_cents))
    return rows


def _add(rows: dict[LineKey, Figures], key: LineKey, figures: Figures) -> None:
    before = rows.get(key, (0, 0, 0, 0))
    rows[key] = (
        before[0] + figures[0],
        before[1] + figures[1],
        before[2] + figures[2],
        before[3] + figures[3],
    )
