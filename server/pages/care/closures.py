"""Days on which machines stay closed, whatever their hours: a list by year, and the public holidays of Alsace in one go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.db import Stale, reading
from server.domain.holidays import holidays_of
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.machines import closures
from server.machines.closures import Closed
from server.machines.models import Closure, Machine
from server.pages.audit.trails import told
from server.pages.care import words
from server.pages.care.forms import ClosureForm, HolidaysForm, closure_data
from server.pages.people.names import folded
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import Form
from server.web.here import now, today, zone
from server.web.needs import actor, needs

pages = Blueprint("closures", __name__)
Answer = Response | tuple[str, int]


@dataclass(frozen=True, slots=True)
class ClosureRow:
    """``state``: over, now or ahead."""

    id: int
    version: int
    name: str
    holiday: str
    category: str | None
    begins: datetime
    ends: datetime
    state: str

    @property
    def span(self) -> str:
        return words.span(self.begins, self.ends, zone())


@pages.get("/closures")
@needs(Verb.SEE_FLOOR)
def listed() -> str:
    rows = _rows()
    years = sorted({row.begins.astimezone(zone()).year for row in rows} | {today().year})
    asked = request.args.get("year", type=int)
    year = asked if asked in years else today().year
    shown = [row for row in rows if year in {row.begins.astimezone(zone()).year, row.ends.astimezone(zone()).year}]
    return render_template("care/closures.html", rows=shown, years=years, year=year, to_fill=_to_fill(rows))


@pages.route("/closures/new", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def new() -> Answer:
    form = ClosureForm(data={"first_day": today(), "last_day": today()})
    form.offer(_categories())
    if form.validate_on_submit():
        try:
            row = closures.close_lab(form.closed(), **_by())
        except Refusal as refusal:
            form.refuse("last_day", said(refusal))
        else:
            done(gettext("%(name)s: closed %(span)s.", name=row.name, span=words.span(row.begins, row.ends, zone())))
            return see_other(url_for("closures.listed", year=row.begins.astimezone(zone()).year))
    return form_page("care/closure.html", form, row=None)


@pages.route("/closures/<int:number>/edit", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def edit(number: int) -> Answer:
    row = _row(number)
    form = ClosureForm(data={**closure_data(_closed(row)), "version": row.version})
    form.offer(_categories())
    if form.validate_on_submit():
        try:
            closures.change_closure(number, _wanted(form, row), form.version.data, **_by())
        except Stale:
            return conflict_page(form, closure_data(_closed(_row(number))), _row(number).version)
        except Refusal as refusal:
            form.refuse("last_day", said(refusal))
        else:
            done(gettext("Stored. The agents have it in a second."))
            return see_other(url_for("closures.listed", year=row.begins.astimezone(zone()).year))
    return form_page("care/closure.html", form, row=row, trail=told(audit.trail("closure", number)))


@pages.route("/closures/<int:number>/remove", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def remove(number: int) -> Answer:
    row = _row(number)
    form = Form(data={"version": row.version})
    back = url_for("closures.listed", year=row.begins.astimezone(zone()).year)
    if form.validate_on_submit():
        try:
            closures.remove_closure(number, form.version.data, **_by())
        except Stale:
            form.refuse("", gettext("Somebody has changed this closure in the meantime. Look at it again."))
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("%(name)s is removed.", name=row.name))
            return see_other(back)
    return form_page("care/remove_closure.html", form, row=row, verb=gettext("Remove"), back=back)


@pages.route("/closures/holidays", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def holidays() -> Answer:
    """All of a year that are still to come, looked at before they are stored."""
    form = HolidaysForm(data={"year": request.args.get("year", today().year, type=int)})
    if form.validate_on_submit():
        added = closures.close_on_holidays(form.year.data or today().year, zone(), **_by())
        if added:
            done(ngettext("%(num)d holiday added.", "%(num)d holidays added.", added))
        else:
            done(gettext("All holidays of %(year)s that are still to come are there already.", year=form.year.data))
        return see_other(url_for("closures.listed", year=form.year.data))
    year = form.year.data if isinstance(form.year.data, int) and 2020 <= form.year.data <= 2100 else today().year
    days = [(day, words.HOLIDAYS[holiday], day > today()) for day, holiday in holidays_of(year)]
    return form_page("care/holidays.html", form, year=year, days=days)


def _rows() -> list[ClosureRow]:
    with reading() as session:
        return [_row_of(one) for one in session.scalars(select(Closure).order_by(Closure.begins, Closure.id))]


def _row(number: int) -> ClosureRow:
    with reading() as session:
        found = session.get(Closure, number)
        return _row_of(found) if found is not None else abort(404)


def _row_of(one: Closure) -> ClosureRow:
    state = "over" if one.ends <= now() else ("now" if one.begins <= now() else "ahead")
    name = words.closure(one.name, one.holiday)
    return ClosureRow(one.id, one.version, name, one.holiday, one.category, one.begins, one.ends, state)


def _closed(row: ClosureRow) -> Closed:
    return Closed(row.name, row.begins, row.ends, row.category)


def _wanted(form: ClosureForm, row: ClosureRow) -> Closed:
    """What was typed; a holiday whose name was left as it is keeps it in every language."""
    closed = form.closed()
    return replace(closed, name="") if row.holiday and closed.name == row.name else closed


def _categories() -> Sequence[str]:
    with reading() as session:
        here = select(Machine.category).where(Machine.ended_at.is_(None)).distinct()
        return sorted(session.scalars(here), key=folded)


def _to_fill(rows: Sequence[ClosureRow]) -> list[int]:
    """This year and the next, as far as holidays of theirs are still to come and not in the list."""
    there = {row.begins.astimezone(zone()).date() for row in rows if row.category is None}
    years = (today().year, today().year + 1)
    return [year for year in years if any(day > today() and day not in there for day, _ in holidays_of(year))]


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
