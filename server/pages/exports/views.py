"""Everything that leaves the house, on one page for a month, a quarter or a year; and each file of it."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, send_file, stream_with_context, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from server.domain.journal import csv_rows, fec_rows
from server.domain.roles import Verb
from server.exports import archive
from server.exports.accounts import all_rules
from server.exports.declarations import HEADS, Declared, declarations, rows_of
from server.exports.journal import journal_of
from server.exports.registry import TABLES, tables_of
from server.exports.tables import Asked, Privacy, columns_of, csv_of, lines_of, xlsx_of
from server.pages.exports import reads, words
from server.pages.exports.about import asked_stretch, declaration_named, table_of_books, table_of_times
from server.pages.months.about import month_named
from server.web.answers import done, see_other
from server.web.here import now, settings, today, zone
from server.web.needs import actor, needs

pages = Blueprint("exports", __name__)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pages.get("/exports")
@needs(Verb.SEE_MONEY)
def page() -> str:
    stretch = asked_stretch()
    return render_template(
        "exports/page.html",
        stretch=stretch,
        choices=reads.choices(today()),
        journal=journal_of(stretch, settings().demo),
        has_no_accounts=not all_rules(),
        archives=reads.archives(stretch, settings().demo),
        declared=declarations(Asked(stretch, settings().demo, zone(), today())),
        today=today(),
        books=tables_of(Privacy.BOOKS),
        times=tables_of(Privacy.TIMES),
        say=words,
    )


@pages.get("/exports/archives")
@needs(Verb.SEE_MONEY)
def far() -> str:
    """How far the files of these months are, for a page that asks every second."""
    stretch = asked_stretch()
    found = reads.archives(stretch, settings().demo)
    return render_template("exports/archives.html", archives=found, stretch=stretch)


@pages.get("/exports/journal.csv")
@needs(Verb.SEE_MONEY)
def journal() -> AnyResponse:
    stretch = asked_stretch()
    found = journal_of(stretch, settings().demo)
    if found.missing:
        return _not_yet(stretch.name)
    return _file(lines_of(csv_rows(found.bookings)), f"journal-{stretch.name}.csv")


@pages.get("/exports/fec.txt")
@needs(Verb.SEE_MONEY)
def fec() -> AnyResponse:
    """Named as LPF A47 A-1 asks: SIREN, FEC, the last day."""
    stretch = asked_stretch()
    found = journal_of(stretch, settings().demo)
    if found.missing:
        return _not_yet(stretch.name)
    name = f"{found.siren or '000000000'}FEC{stretch.last:%Y%m%d}.txt"
    return _file(columns_of(fec_rows(found.bookings)), name, "text/plain")


@pages.get("/exports/tables/<name>.<kind>")
@needs(Verb.SEE_MONEY, about=table_of_books)
def table(name: str, kind: str) -> AnyResponse:
    return _table(name, kind)


@pages.get("/exports/times/<name>.<kind>")
@needs(Verb.SEE_SESSIONS, about=table_of_times)
def times(name: str, kind: str) -> AnyResponse:
    """What says when somebody was there: not for those who see money alone."""
    return _table(name, kind)


@pages.post("/exports/archive/<month>")
@needs(Verb.COLLECT, about=month_named)
def build(month: str) -> AnyResponse:
    archive.ask_for(month, actor=actor().label, now=now())
    done(gettext("The file is being made. This page says how far it is."))
    return see_other(url_for("exports.page", of=request.form.get("of") or month, _anchor="archives"))


@pages.get("/exports/archive/<month>.zip")
@needs(Verb.SEE_MONEY, about=month_named)
def archived(month: str) -> AnyResponse:
    file = archive.path_of(settings().archives_dir, month)
    if not file.is_file():
        abort(404)
    return send_file(file, mimetype="application/zip", as_attachment=True, download_name=file.name, max_age=0)


@pages.get("/exports/declared/<what>.csv")
@needs(Verb.SEE_MONEY, about=declaration_named)
def declared(what: str) -> AnyResponse:
    stretch, wanted = asked_stretch(), Declared(what)
    asked = Asked(stretch, settings().demo, zone(), today())
    return _file(lines_of([HEADS[wanted], *rows_of(wanted, asked)]), f"{what}-{stretch.name}.csv")


def _table(name: str, kind: str) -> AnyResponse:
    stretch, chosen = asked_stretch(), TABLES[name]
    asked = Asked(stretch, settings().demo, zone(), today())
    file = f"{name}-{stretch.name if chosen.dated else today().isoformat()}.{kind}"
    if kind == "xlsx":
        return _file([xlsx_of(chosen, asked)], file, _XLSX)
    return _file(stream_with_context(csv_of(chosen, asked)), file)


def _not_yet(of: str) -> AnyResponse:
    """Back to the page, which names what has no account."""
    done(gettext("Nothing is exported before each of these has an account."))
    return see_other(url_for("exports.page", of=of, _anchor="journal"))


def _file(parts: Iterable[bytes], name: str, kind: str = "text/csv") -> AnyResponse:
    headers: Any = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache"}
    return Response(parts, mimetype=kind, headers=headers)
