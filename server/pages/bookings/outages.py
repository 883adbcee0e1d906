"""Outages: staff say from when until when a machine cannot be used, are shown whom that meets, and then decide."""

from flask import Blueprint, abort, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.bookings import outages
from server.db import Stale
from server.domain.bookings import Span, quarter_of
from server.domain.period import day_of
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.bookings import reads, words
from server.pages.bookings.forms import OutageForm
from server.pages.bookings.reads import Kept
from server.pages.bookings.terms import by, machine_here, span_of
from server.pages.machines.about import machine_of
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now, settings, zone
from server.web.needs import needs

pages = Blueprint("outages", __name__)
Answer = Response | tuple[str, int]


@pages.route("/machines/<code>/outage", methods=["GET", "POST"])
@needs(Verb.RUN_MACHINES, about=machine_of)
def declare(code: str) -> Answer:
    machine = machine_here(code)
    form = OutageForm(data={"begins": quarter_of(now())})
    hit: list[Kept] = []
    if form.validate_on_submit():
        hit = _meets(code, span_of(form))
        if _were_seen(form, hit):
            try:
                outages.declare(code, span_of(form), form.note.data, _refs(hit), lab=settings(), **by())
            except Refusal as refusal:
                form.refuse("", said(refusal))
            else:
                text = gettext(
                    "%(machine)s has an outage: %(when)s.", machine=machine.name, when=words.when(span_of(form))
                )
                done(text)
                return see_other(url_for("calendars.week", code=code, day=day_of(span_of(form).begins, zone())))
    back = url_for("calendars.week", code=code)
    return form_page("bookings/outage.html", form, name=machine.name, hit=hit, back=back, kept=None, say=words)


def changed(kept: Kept) -> Answer:
    """The same form about an outage that stands."""
    stands = {"begins": kept.span.begins, "ends": kept.span.ends, "note": kept.note}
    form = OutageForm(data={**stands, "version": kept.version})
    hit: list[Kept] = []
    back = url_for("bookings.show", ref=kept.ref)
    if form.validate_on_submit():
        hit = _meets(kept.machine, span_of(form))
        if _were_seen(form, hit):
            seen = form.version.data
            try:
                outages.change(kept.ref, span_of(form), form.note.data, _refs(hit), seen, lab=settings(), **by())
            except Stale:
                newest = reads.one(kept.ref) or abort(404)
                theirs = {"begins": newest.span.begins, "ends": newest.span.ends, "note": newest.note}
                return conflict_page(form, theirs, newest.version)
            except Refusal as refusal:
                form.refuse("", said(refusal))
            else:
                done(gettext("The outage is changed: %(when)s.", when=words.when(span_of(form))))
                return see_other(back)
    return form_page("bookings/outage.html", form, name=kept.machine_name, hit=hit, back=back, kept=kept, say=words)


def _meets(code: str, span: Span) -> list[Kept]:
    return [one for one in reads.between(span, code) if not one.is_outage] if span.begins < span.ends else []


def _were_seen(form: OutageForm, hit: list[Kept]) -> bool:
    """Whether these bookings were shown before. If not, the form comes again with them, and that they are seen."""
    seen = set((form.seen.data or "").split())
    form.seen.data = " ".join(sorted(_refs(hit)))
    return _refs(hit) <= seen


def _refs(hit: list[Kept]) -> set[str]:
    return {one.ref for one in hit}
