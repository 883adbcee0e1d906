"""A badge for the day, for somebody who forgot theirs: find the person, hold a badge from the drawer to a reader."""

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from server.db import reading
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.handouts import service as handouts
from server.pages.handouts.forms import ReadersForm, last_readers
from server.pages.people.about import holder_of
from server.pages.people.choices import end_of
from server.pages.people.names import Named, everybody, matching, named
from server.pages.refused import said
from server.web.answers import see_other
from server.web.here import now, today
from server.web.needs import actor, needs

pages = Blueprint("day_badges", __name__)

Answer = str | tuple[str, int] | Response
_OFFERED = 8


@pages.get("/day-badge")
@needs(Verb.EDIT_PEOPLE)
def find() -> str:
    typed = request.args.get("q", "").strip()
    return _page(ReadersForm(), typed, _found(typed))


@pages.post("/people/<int:number>/day-badge")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def begin(number: int) -> Answer:
    """The next free badge at this reader is theirs until midnight."""
    form = ReadersForm()
    form.offer()
    if form.validate_on_submit():
        until = end_of(today())
        assert until is not None
        try:
            handout = handouts.begin_day(number, until, form.readers.data or [], actor=actor().label, now=now())
            return see_other(url_for("handouts.show", number=handout.id))
        except Refusal as error:
            form.refuse("", said(error))
    with reading():
        return _page(form, "", [named([number])[number]]), 422


def _page(form: ReadersForm, typed: str, found: list[Named]) -> str:
    form.offer(last_readers())
    more = max(0, len(found) - _OFFERED)
    return render_template("handouts/day.html", form=form, typed=typed, found=found[:_OFFERED], more=more)


def _found(typed: str) -> list[Named]:
    if not typed:
        return []
    with reading():
        return [one for one in matching(everybody(), typed) if one.ended_at is None]
