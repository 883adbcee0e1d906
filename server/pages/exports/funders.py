"""The usage report for public funders: table and picture, with small figures hidden; and the same as CSV."""

from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from server.domain.disclosure import LEAST_PEOPLE, LEAST_TENANTS, TOTAL
from server.domain.roles import Verb
from server.domain.stretch import Stretch, stretch_of
from server.exports.funders import Report, report_of, rows_of
from server.exports.tables import lines_of
from server.pages.exports import reads, words
from server.pages.exports.about import asked_stretch
from server.pages.prices.words import KINDS
from server.people.models import TenantKind
from server.web.here import settings, today, zone
from server.web.needs import needs

pages = Blueprint("funders", __name__)
_LEFT, _WIDTH, _ROW, _BAR = 150, 620, 20, 14


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the picture, in units of its drawing. ``hours`` None: hidden, drawn as an empty outline."""

    y: int
    label: str
    quarter: str
    width: float
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Picture:
    bars: tuple[Bar, ...]
    height: int


@pages.get("/exports/funders")
@needs(Verb.SEE_MONEY)
def page() -> str:
    stretch = _asked()
    report = report_of(stretch, today(), settings().demo, zone())
    return render_template(
        "exports/funders.html",
        stretch=stretch,
        report=report,
        picture=_picture(report),
        choices=reads.choices(today()),
        say=words,
        kind_words=_kind,
        TOTAL=TOTAL,
        least=(LEAST_PEOPLE, LEAST_TENANTS),
    )


@pages.get("/exports/funders.csv")
@needs(Verb.SEE_MONEY)
def as_csv() -> AnyResponse:
    stretch = _asked()
    rows = rows_of(report_of(stretch, today(), settings().demo, zone()))
    headers = {"Content-Disposition": f'attachment; filename="use-{stretch.name}.csv"'}
    return Response(lines_of(rows), mimetype="text/csv", headers=headers)


def _asked() -> Stretch:
    """Without a choice the last quarter that is over: the one that runs is not shown."""
    if stretch_of(request.args.get("of", "").strip()) is not None:
        return asked_stretch()
    quarter, year = (today().month - 1) // 3, today().year
    last = stretch_of(f"{year}-Q{quarter}" if quarter else f"{year - 1}-Q4")
    return last or asked_stretch()


def _kind(kind: str) -> str:
    return str(KINDS[TenantKind(kind)]) if kind != TOTAL else words.all_kinds()


def _picture(report: Report) -> Picture:
    """Hours by kind and quarter: a bar each, the longest as wide as there is room."""
    quarters = [column for column in report.columns if column != TOTAL]
    kinds = [row for row in report.rows if row != TOTAL]
    shown = [report.figures[kind, quarter] for kind in kinds for quarter in quarters]
    longest = max((figure.seconds for figure in shown if figure is not None), default=0) or 1
    bars, y = [], 0
    for kind in kinds:
        for place, quarter in enumerate(quarters):
            figure = report.figures[kind, quarter]
            width = 40.0 if figure is None else round(figure.seconds / longest * (_WIDTH - _LEFT - 120), 1)
            label = _kind(kind) if place == 0 else ""
            bars.append(Bar(y, label, quarter[-2:], width, None if figure is None else figure.seconds))
            y += _ROW
        y += _ROW // 2
    return Picture(tuple(bars), y)
