"""When machines may be started: the categories with their opening hours, and the week of one of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.db import Stale, reading
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.machines import service as machines
from server.machines.models import Machine, OpeningHours
from server.machines.service import Hours
from server.pages.audit.trails import told
from server.pages.machines import words
from server.pages.machines.week import WeekForm, week_data
from server.pages.people.names import folded
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("hours", __name__)


@dataclass(frozen=True, slots=True)
class Category:
    """Machines of one kind, and when they may be started; no hours at all means always."""

    name: str
    machines: int
    hours: tuple[Hours, ...]

    @property
    def version(self) -> int:
        return machines.hours_version(self.hours)


@pages.get("/categories")
@needs(Verb.SEE_FLOOR)
def listed() -> str:
    return render_template("machines/categories.html", categories=_categories(), say=words)


@pages.route("/categories/<category>/hours", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def edit(category: str) -> Response | tuple[str, int]:
    found = _category(category)
    form = WeekForm(data={**week_data(found.hours), "version": found.version})
    if request.method == "POST" and _only_changed_what_is_typed(form):
        return _page(found, form)
    if form.validate_on_submit():
        try:
            machines.set_opening_hours(category, form.hours(), form.version.data, actor=actor().label, now=now())
        except Stale:
            return conflict_page(form, week_data(_category(category).hours), _category(category).version)
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The hours are stored. The agents have them in a second."))
            return see_other(url_for("hours.listed"))
    return _page(found, form)


def _page(category: Category, form: WeekForm) -> tuple[str, int]:
    trail = told(audit.trail("category", category.name))
    return form_page("machines/hours.html", form, category=category, trail=trail, say=words)


def _only_changed_what_is_typed(form: WeekForm) -> bool:
    """A button for one more opening or for copying was pressed: show what is typed, changed, and store nothing."""
    for name, change in (("copy", form.copy), ("more", form.add_to)):
        number = request.form.get(name, type=int)
        if number is not None and 0 <= number < 7:
            change(number)
            return True
    return False


def _category(name: str) -> Category:
    return next((one for one in _categories() if one.name == name), None) or abort(404)


def _categories() -> Sequence[Category]:
    """Those that machines of the lab have, and those that have hours."""
    with reading() as session:
        counted = select(Machine.category, func.count()).where(Machine.ended_at.is_(None)).group_by(Machine.category)
        counts: dict[str, int] = dict(session.execute(counted).all())
        hours: dict[str, list[machines.Hours]] = defaultdict(list)
        for row in session.scalars(select(OpeningHours)):
            hours[row.category].append(machines.Hours(row.weekday, row.opens, row.closes))
    names = sorted(counts.keys() | hours.keys(), key=folded)
    return [Category(name, counts.get(name, 0), tuple(sorted(hours[name]))) for name in names]
