"""Badges: wait for a tap and lend what was tapped, give an unknown badge to somebody, block, return, replace."""

import re
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.db import db, reading
from server.domain.roles import Verb
from server.machines.site_keys import ring
from server.pages.people.about import holder_of, token_of
from server.pages.people.choices import end_of, machine_choices
from server.pages.people.forms import BadgeForm, WaitForm
from server.pages.people.names import Named, everybody, matching, named
from server.pages.people.reads import Badge, badge_of, mark_of
from server.pages.people.waiting import LASTS, Heard, Place, carrier_of, heard_since, place_of
from server.pages.refused import said
from server.people import service as people
from server.people.models import Token
from server.usage.models import Denial
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now, settings
from server.web.needs import actor, needs

pages = Blueprint("badges", __name__)

Answer = str | tuple[str, int] | Response
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")
_STOP_POLLING = 286  # htmx takes this status as: enough
_OFFERED = 20


# --- waiting for a tap ------------------------------------------------------------------------------------------------


@pages.get("/people/<int:number>/badges/new")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def choose(number: int) -> str:
    form = WaitForm(data={"machine": request.args.get("machine", "")})
    return _choice(number, form)


@pages.post("/people/<int:number>/badges/new")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def begin(number: int) -> Answer:
    """The wait begins now, on the server's clock; the address of the page says so."""
    form = WaitForm()
    form.machine.choices = machine_choices()
    if not form.validate_on_submit():
        return _choice(number, form), 422
    since = int(now().timestamp() * 1000)
    return see_other(_address("badges.wait", number, machine=form.machine.data, since=since))


def _choice(number: int, form: WaitForm) -> str:
    form.machine.choices = machine_choices()
    if not form.machine.data and form.machine.choices:
        form.machine.data = form.machine.choices[0][0]
    return render_template("people/badge_where.html", form=form, person=_person(number), replaced=_replaced(number))


@pages.get("/people/<int:number>/badges/wait/<machine>/<int:since>")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def wait(number: int, machine: str, since: int) -> Answer:
    place = place_of(machine) or abort(404)
    began = datetime.fromtimestamp(since / 1000, UTC)
    heard = heard_since(machine, began)
    is_poll = "HX-Request" in request.headers
    if heard.unknown is not None:
        lend_it = _address("badges.lend", number, fingerprint=heard.unknown)
        return Response(headers={"HX-Redirect": lend_it}) if is_poll else see_other(lend_it)
    left = max(0, int((began + LASTS - now()).total_seconds()))
    told = {"place": place, "heard": heard, "left": left, "news": _news(place, heard, left), "is_poll": is_poll}
    if is_poll and left and request.args.get("seen") == told["news"]:
        return Response(render_template("people/badge_left.html", **told), headers={"HX-Reswap": "none"})
    page = render_template(
        "people/badge_heard.html" if is_poll else "people/badge_wait.html",
        **told,
        person=_person(number),
        replaced=_replaced(number),
        again=_address("badges.choose", number, machine=machine),
    )
    return (page, _STOP_POLLING) if is_poll and not left else page


def _news(place: Place, heard: Heard, left: int) -> str:
    """What the page says of the wait, but for the seconds; the same text while that stays the same."""
    return f"{crc32(repr((place, heard, left > 0)).encode()):x}"


# --- lending ----------------------------------------------------------------------------------------------------------


def _key_of(fingerprint: str) -> str:
    """The site key under which the box saw this badge; one that has not heard of a new key yet still has the one before."""
    keys = ring(settings(), now())
    told = select(Denial.key_id).where(Denial.token == fingerprint, Denial.key_id.in_(keys.ids))
    with reading() as session:
        return session.scalar(told.order_by(Denial.at.desc()).limit(1)) or keys.newest.id


@pages.get("/people/<int:number>/badges/lend/<fingerprint>")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def lend(number: int, fingerprint: str) -> str:
    return _lend_page(number, fingerprint, BadgeForm())


@pages.post("/people/<int:number>/badges/lend/<fingerprint>")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def lend_it(number: int, fingerprint: str) -> Answer:
    form = BadgeForm()
    replaced = _replaced(number)
    if not form.validate_on_submit() or carrier_of(_checked(fingerprint)) is not None:
        return _lend_page(number, fingerprint, form), 422
    by: Any = {"actor": actor().label, "now": now()}
    badge = (fingerprint, _key_of(fingerprint), form.label.data or "")
    undo = None
    try:
        if replaced is not None:
            people.replace_token(replaced.ref, *badge, gettext("replaced"), **by)
        else:
            lent = people.lend_token(number, *badge, None, end_of(form.until.data), **by)
            undo = url_for("badges.take_back", number=number, ref=lent.ref)
    except people.PeopleError as error:
        form.refuse("", said(error))
        return _lend_page(number, fingerprint, form), 422
    done(gettext("Badge %(badge)s is lent to %(name)s.", badge=mark_of(fingerprint), name=_person(number).name), undo)
    return see_other(url_for("people.show", number=number))


def _lend_page(number: int, fingerprint: str, form: BadgeForm) -> str:
    told = {"mark": mark_of(_checked(fingerprint)), "carrier": carrier_of(fingerprint), "replaced": _replaced(number)}
    return render_template("people/badge_lend.html", form=form, person=_person(number), here=request.full_path, **told)


@pages.get("/badges/unknown/<fingerprint>")
@needs(Verb.EDIT_PEOPLE)
def give_to(fingerprint: str) -> str:
    """A badge that was refused somewhere, and the search for the person it belongs to."""
    mark, typed = mark_of(_checked(fingerprint)), request.args.get("q", "").strip()
    with reading():
        found = [one for one in matching(everybody(), typed) if one.ended_at is None] if typed else []
    told = {"carrier": carrier_of(fingerprint), "found": found[:_OFFERED], "more": max(0, len(found) - _OFFERED)}
    return render_template("people/badge_unknown.html", fingerprint=fingerprint, mark=mark, typed=typed, **told)


# --- one badge --------------------------------------------------------------------------------------------------------


@pages.get("/people/<int:number>/badges/<ref>/block")
@needs(Verb.EDIT_PEOPLE, about=token_of)
def ask_block(number: int, ref: str) -> str:
    return _block_page(number, ref, ReasonForm())


@pages.post("/people/<int:number>/badges/<ref>/block")
@needs(Verb.EDIT_PEOPLE, about=token_of)
def block(number: int, ref: str) -> Answer:
    form = ReasonForm()
    if not form.validate_on_submit():
        return _block_page(number, ref, form), 422
    people.block_token(ref, form.reason.data or "", actor=actor().label, now=now())
    undo = url_for("badges.unblock", number=number, ref=ref)
    done(gettext("Badge %(badge)s is blocked.", badge=_badge(number, ref).mark), undo)
    return see_other(url_for("people.show", number=number))


@pages.post("/people/<int:number>/badges/<ref>/unblock")
@needs(Verb.EDIT_PEOPLE, about=token_of)
def unblock(number: int, ref: str) -> Answer:
    people.unblock_token(ref, "", actor=actor().label, now=now())
    done(gettext("Badge %(badge)s is no longer blocked.", badge=_badge(number, ref).mark))
    return see_other(url_for("people.show", number=number))


@pages.get("/people/<int:number>/badges/<ref>/return")
@needs(Verb.EDIT_PEOPLE, about=token_of)
def ask_return(number: int, ref: str) -> str:
    told = {"badge": _badge(number, ref), "person": _person(number), "back": url_for("people.show", number=number)}
    return render_template("people/badge_return.html", form=None, **told)


@pages.post("/people/<int:number>/badges/<ref>/return")
@needs(Verb.EDIT_PEOPLE, about=token_of)
def take_back(number: int, ref: str) -> Answer:
    try:
        people.return_token(ref, actor=actor().label, now=now())
        done(gettext("Badge %(badge)s is back and can be lent again.", badge=_badge(number, ref).mark))
    except people.PeopleError as error:
        done(said(error))
    return see_other(url_for("people.show", number=number))


def _block_page(number: int, ref: str, form: ReasonForm) -> str:
    told = {"badge": _badge(number, ref), "person": _person(number), "back": url_for("people.show", number=number)}
    return render_template("people/badge_block.html", form=form, **told)


# --- what the pages above share ---------------------------------------------------------------------------------------


def _badge(number: int, ref: str) -> Badge:
    with reading():
        token = db.session.scalar(select(Token).where(Token.ref == ref, Token.holder_number == number))
        return abort(404) if token is None else badge_of(token)


def _replaced(number: int) -> Badge | None:
    """The badge that the new one takes over from, where the address names one."""
    ref = request.args.get("replaces")
    return _badge(number, ref) if ref else None


def _address(view: str, number: int, **values: Any) -> str:
    """An address on the way to a new badge, which keeps in mind what it replaces."""
    return url_for(view, number=number, replaces=request.args.get("replaces"), **values)


def _checked(fingerprint: str) -> str:
    return fingerprint if _FINGERPRINT.fullmatch(fingerprint) else abort(404)


def _person(number: int) -> Named:
    with reading():
        return named([number])[number]
