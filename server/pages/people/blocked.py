"""For staff: which machines know already that a badge is blocked."""

from flask import Blueprint, abort, render_template
from sqlalchemy import select

from server.db import db, reading
from server.domain.roles import Verb
from server.pages.people.about import token_of
from server.pages.people.names import named
from server.pages.people.reads import badge_of
from server.pages.people.spread import spread_of
from server.people.models import Token
from server.web.here import now
from server.web.needs import needs

pages = Blueprint("badge_spread", __name__)


@pages.get("/people/<int:number>/badges/<ref>/spread")
@needs(Verb.SEE_PEOPLE, about=token_of)
def show(number: int, ref: str) -> str:
    with reading():
        token = db.session.scalar(select(Token).where(Token.ref == ref)) or abort(404)
        badge, person = badge_of(token), named([number])[number]
    spread = spread_of(ref, badge.blocked_at, now()) if badge.blocked_at else None
    return render_template("people/badge_spread.html", badge=badge, person=person, spread=spread)
