"""Booking a machine, looking at a booking, moving it, giving it back. A maker for himself, staff for anybody."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.bookings import service as bookings
from server.db import Stale, reading
from server.domain.bookings import BookingError, quarter_of
from server.domain.calendar import whole
from server.domain.period import day_of
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.audit.trails import told
from server.pages.bookings import outages, reads, words
from server.pages.bookings.about import booking_of
from server.pages.bookings.entitled import Entitled, entitled
from server.pages.bookings.forms import BackForm, BookForm
from server.pages.bookings.reads import Kept
from server.pages.bookings.terms import by, is_staff, machine_here, refuse_without_right, rules, span_of
from server.pages.machines.about import machine_of
from server.pages.people.names import Named, everybody, matching, named
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import ReasonForm
from server.web.here import now, settings, zone
from server.web.needs import actor, allowed, needs

pages = Blueprint("bookings", __name__)
Answer = Response | tuple[str, int]
_FOUND = 20
_AN_HOUR = timedelta(hours=1)


@pages.route("/machines/<code>/book", methods=["GET", "POST"])
@needs(Verb.BOOK, about=machine_of)
def new(code: str) -> Answer | str:
    """Staff say first for whom; a maker books for himself."""
    machine, for_staff = machine_here(code), is_staff(machine_of(code))
    person = _person(for_staff)
    if person is None:
        typed = request.args.get("q", "").strip()
        return render_template("bookings/who.html", machine=machine, typed=typed, people=_named_so(typed))
    begins = _asked("from") or quarter_of(now())
    form = BookForm(data={"begins": begins, "ends": _asked("to") or begins + _AN_HOUR})
    right = entitled(person.number, code, max(form.begins.data or begins, now()))
    if form.validate_on_submit():
        try:
            refuse_without_right(right, for_staff)
            ref = bookings.book(code, person.number, span_of(form), rules(for_staff), *_more(form, right), **by())
        except Refusal as refusal:
            form.refuse("begins" if isinstance(refusal, BookingError) else "", said(refusal))
        else:
            done(gettext("%(machine)s is kept: %(when)s.", machine=machine.name, when=words.when(span_of(form))))
            return see_other(url_for("bookings.show", ref=ref))
    return form_page("bookings/new.html", form, machine=machine, person=person, **_around(form, code, right, for_staff))


@pages.get("/bookings/<ref>")
@needs(Verb.BOOK, about=booking_of)
def show(ref: str) -> str:
    kept = _kept(ref)
    trail = told(audit.trail("booking", ref)) if allowed(Verb.SEE_PEOPLE) else []
    return render_template("bookings/one.html", kept=kept, trail=trail, say=words, now=now())


@pages.route("/bookings/<ref>/edit", methods=["GET", "POST"])
@needs(Verb.BOOK, about=booking_of)
def edit(ref: str) -> Answer:
    kept = _kept(ref)
    if not kept.stands(now()):
        return redirect(url_for("bookings.show", ref=ref))
    if kept.is_outage:
        return outages.changed(kept)
    stands = _values(kept)
    form = BookForm(data={**stands, "version": kept.version})
    if form.validate_on_submit():
        try:
            _change(kept, form)
        except Stale:
            return conflict_page(form, _values(_kept(ref)), _kept(ref).version)
        except Refusal as refusal:
            form.refuse("begins" if isinstance(refusal, BookingError) else "", said(refusal))
        else:
            done(gettext("%(machine)s is kept: %(when)s.", machine=kept.machine_name, when=words.when(span_of(form))))
            return see_other(url_for("bookings.show", ref=ref))
    return form_page("bookings/edit.html", form, kept=kept, say=words)


@pages.route("/bookings/<ref>/cancel", methods=["GET", "POST"])
@needs(Verb.BOOK, about=booking_of)
def cancel(ref: str) -> Answer:
    """The holder gives it back without a word; staff say why, and the holder is told."""
    kept = _kept(ref)
    if not kept.stands(now()):
        return redirect(url_for("bookings.show", ref=ref))
    form = (BackForm if kept.is_mine else ReasonForm)(data={"version": kept.version})
    back = url_for("bookings.show", ref=ref)
    if form.validate_on_submit():
        reason = "" if kept.is_mine else form["reason"].data
        try:
            bookings.cancel(ref, reason, form.version.data, lab=_lab(kept), **by())
        except Stale:
            form.refuse("", gettext("Somebody has changed this booking in the meantime. Look at it, then decide."))
        except Refusal as refusal:
            done(said(refusal))
            return see_other(back)
        else:
            done(gettext("%(machine)s is free again: %(when)s.", machine=kept.machine_name, when=words.when(kept.span)))
            mine = url_for("calendars.mine") if kept.is_mine else url_for("calendars.week", code=kept.machine)
            return see_other(mine)
    return form_page("bookings/cancel.html", form, kept=kept, say=words, verb=_verb(kept), back=back, now=now())


def _around(form: BookForm, code: str, right: Entitled, for_staff: bool) -> dict[str, Any]:
    """What stands around the form: what binds, and what is booked on its day."""
    that_day = day_of(form.begins.data or now(), zone())
    return {
        "right": right,
        "is_staff": for_staff,
        "limits": None if for_staff else settings().bookings,
        "released_after": settings().bookings.released_after_min,
        "that_day": that_day,
        "taken": sorted(reads.between(whole([that_day], zone()), code), key=lambda one: one.span),
        "query": request.query_string.decode(),
        "say": words,
    }


def _change(kept: Kept, form: BookForm) -> None:
    assert kept.holder is not None
    span, for_staff = span_of(form), is_staff(booking_of(kept.ref))
    if span.begins > now():
        refuse_without_right(entitled(kept.holder, kept.machine, span.begins), for_staff)
    note, seen = form.note.data or "", form.version.data
    bookings.change(kept.ref, span, rules(for_staff), note, seen, lab=_lab(kept), **by())


def _lab(kept: Kept) -> Any:
    """Whoever changes what is somebody else's lets them be told."""
    return None if kept.is_mine else settings()


def _verb(kept: Kept) -> str:
    return gettext("End the outage") if kept.is_outage else gettext("Cancel the booking")


def _more(form: BookForm, right: Entitled) -> tuple[str, str]:
    payer = right.payer
    return (payer.id if payer is not None and payer.closed is None else "", form.note.data or "")


def _values(kept: Kept) -> dict[str, Any]:
    return {"begins": kept.span.begins, "ends": kept.span.ends, "note": kept.note}


def _kept(ref: str) -> Kept:
    return reads.one(ref) or abort(404)


def _person(for_staff: bool) -> Named | None:
    """For whom: staff choose, or take themselves; a maker is his own. None: somebody has still to be chosen."""
    own, wanted = actor().holder, request.args.get("holder", type=int)
    if not for_staff:
        return _somebody(own) if own is not None and wanted in {None, own} else abort(403)
    number = wanted if wanted is not None or "q" in request.args else own
    return None if number is None else _somebody(number)


def _somebody(number: int) -> Named:
    with reading():
        return named([number]).get(number) or abort(404)


def _named_so(typed: str) -> list[Named]:
    with reading():
        people = matching(everybody(), typed)[:_FOUND] if typed else []
    return [one for one in people if one.ended_at is None]


def _asked(name: str) -> datetime | None:
    """A moment in the address, on a quarter; None where there is none that can be read."""
    try:
        moment = datetime.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return quarter_of(moment) if moment.tzinfo is not None else None
