"""A maker's own badge, lost: blocked by phone, found again within the day, and which machines know it."""

from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.db import db, reading
from server.domain.roles import About, Verb
from server.pages.people.reads import badge_of
from server.pages.people.spread import spread_of
from server.pages.refused import said
from server.people import service as people
from server.people.lost import may_be_found
from server.people.models import Token
from server.web.answers import done, see_other
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("my_badges", __name__)


def badge_about(ref: str, **others: Any) -> About:
    """Whose badge it is; one that is back is nobody's any more."""
    with reading():
        number = db.session.scalar(select(Token.holder_number).where(Token.ref == ref, Token.returned_at.is_(None)))
    return About(holder=number) if number is not None else abort(404)


@pages.get("/me/badges/<ref>")
@needs(Verb.SEE_OWN, about=badge_about)
def show(ref: str) -> str:
    token = _token(ref)
    spread = spread_of(ref, token.blocked_at, now()) if token.blocked_at else None
    found = may_be_found(token, actor().label, now())
    return render_template("me/badge.html", badge=badge_of(token), spread=spread, may_be_found=found)


@pages.get("/me/badges/<ref>/lost")
@needs(Verb.SEE_OWN, about=badge_about)
def ask_lost(ref: str) -> str:
    return render_template("me/badge_lost.html", badge=badge_of(_token(ref)), form=None, back=_page(ref))


@pages.post("/me/badges/<ref>/lost")
@needs(Verb.SEE_OWN, about=badge_about)
def lost(ref: str) -> Response:
    try:
        people.report_lost(ref, gettext("lost, says the holder"), actor=actor().label, now=now())
    except people.PeopleError as error:
        done(said(error))
    return see_other(_page(ref))


@pages.post("/me/badges/<ref>/found")
@needs(Verb.SEE_OWN, about=badge_about)
def found(ref: str) -> Response:
    try:
        people.found_again(ref, actor=actor().label, now=now())
        done(gettext("Your badge is no longer blocked."))
    except people.PeopleError as error:
        done(said(error))
    return see_other(_page(ref))


def _token(ref: str) -> Token:
    with reading():
        return db.session.scalars(select(Token).where(Token.ref == ref)).one()


def _page(ref: str) -> str:
    return url_for("my_badges.show", ref=ref)
