"""The lines of a document as a table for another system or a spreadsheet: CSV and XLSX, without any person."""

import csv
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import xlsxwriter
from flask import Blueprint, abort, send_file
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.domain.cells import harmless
from server.domain.roles import Verb
from server.pages.calling import STATEMENT
from server.pages.months import papers
from server.pages.months.about import document_named
from server.web.needs import needs

pages = Blueprint("document_lines", __name__)
_FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_HOUR, _CENT, _PERCENT = Decimal(3600), Decimal(100), Decimal(100)


@pages.get("/documents/<number>/lines.<suffix>")
@needs(Verb.SEE_MONEY, about=document_named)
def lines(number: str, suffix: str) -> Response:
    if suffix not in _FORMATS:
        abort(404)
    rows = list(rows_of(papers.paper(number).content))
    data = _csv(rows) if suffix == "csv" else _xlsx(number, rows)
    return send_file(
        BytesIO(data), mimetype=_FORMATS[suffix], as_attachment=True, download_name=f"{number}.{suffix}", max_age=0
    )


def rows_of(content: dict[str, Any]) -> Iterator[list[Any]]:
    """A row of headings, then one a line; hours and euros as numbers. A statement bills nobody and nothing."""
    billed = (gettext("Customer"), gettext("Counted, h")), (gettext("Billed to"), gettext("Billed, h"))
    buyer, hours = billed[0 if content["kind"] == STATEMENT else 1]
    yield [
        *(gettext("Document"), gettext("Date"), gettext("Month"), gettext("Tenant"), buyer),
        *(gettext("On behalf of"), gettext("Cost centre"), gettext("Order"), gettext("Machine"), gettext("Label")),
        *(gettext("Nature"), gettext("Sessions"), gettext("Measured, h"), hours, gettext("Quantity")),
        *(
            gettext("Unit"),
            gettext("Price, €"),
            gettext("Net, €"),
            gettext("VAT category"),
            gettext("VAT rate, per cent"),
        ),
    ]
    common = [content["number"], content["issued_on"], content["month"], content["buyer"]["tenant"]]
    for group in content["groups"]:
        place = [content["buyer"]["legal_name"], group["on_behalf_of"], group["cost_centre"], group.get("order", "")]
        for line in group["lines"]:
            yield [*common, *place, *_line(line)]


def _line(line: dict[str, Any]) -> list[Any]:
    hours = [round(Decimal(line[name]) / _HOUR, 4) for name in ("measured_s", "billed_s")]
    price = Decimal(line["unit_cents"]) / _CENT
    what = [line["machine"], line["label"], line["nature"], line["sessions"], *hours]
    amounts = [Decimal(line["quantity"]), line["unit"], price, Decimal(line["net_cents"]) / _CENT]
    return [*what, *amounts, line["category"], Decimal(line["rate_bp"]) / _PERCENT]


def _csv(rows: list[list[Any]]) -> bytes:
    """As spreadsheets here open it: semicolons, comma decimals, and a mark that says it is UTF-8."""
    text = StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([str(cell).replace(".", ",") if isinstance(cell, Decimal) else _safe(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig")


def _safe(cell: Any) -> Any:
    return harmless(cell) if isinstance(cell, str) else cell


def _xlsx(number: str, rows: list[list[Any]]) -> bytes:
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(number[:31])
        bold = book.add_format({"bold": True})
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                value = float(cell) if isinstance(cell, Decimal) else cell
                sheet.write(at, column, value, bold if at == 0 else None)
        sheet.freeze_panes(1, 0)
        sheet.autofit()
    return file.getvalue()
