"""Finding a badge by the number printed on it: lend it where the number names one card, else say how to go on.

What is typed is kept nowhere. It becomes fingerprints, under every site key that is live, and these are looked up among the
badges that are lent and those that were refused as unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.db import db, reading
from server.domain.card_numbers import Meaning, NoCard, meanings, only_card
from server.domain.roles import Verb
from server.machines.site_keys import Ring, ring
from server.pages.people.about import holder_of
from server.pages.people.forms import NumberForm
from server.pages.people.names import Named, named
from server.people.models import Token
from server.usage.models import Denial
from server.web.answers import see_other
from server.web.here import now, settings
from server.web.needs import needs
from wire.messages import DenialReason
from wire.tokens import fingerprint

pages = Blueprint("badge_numbers", __name__)

Answer = str | tuple[str, int] | Response
_AT_ONCE = 20_000  # fingerprints a query: below what any database refuses
WHY_NOT: Mapping[NoCard, Any] = {
    NoCard.UNKNOWN_FORM: lazy_gettext(
        "This is no number of a badge. Type the digits as they are printed, such as 0008679933, 132,29181 or 62E3086CED."
    ),
    NoCard.CONTRADICTS_ITSELF: lazy_gettext("The two numbers are not of one badge. Look at them again."),
    NoCard.BLANK: lazy_gettext("This card is blank: it has no number. Take another badge."),
    NoCard.RANDOM: lazy_gettext("This card or phone makes up another number each time. Take another badge."),
}


_HOLD_IT = lazy_gettext(
    "More than one badge may bear this number. Hold this one to any reader once, and it is found; or type its ten hex digits."
)


@dataclass(frozen=True, slots=True)
class Found:
    """``lent``: who has the badge already. ``refused``: its fingerprint, heard at some reader as unknown; of several under
    the newest site key."""

    lent: Named | None = None
    refused: str | None = None


@pages.get("/people/<int:number>/badges/number")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def ask(number: int) -> str:
    return _page(number, NumberForm())


@pages.post("/people/<int:number>/badges/number")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def find(number: int) -> Answer:
    form = NumberForm()
    if not form.validate_on_submit():
        return _page(number, form), 422
    typed = form.number.data or ""
    read, keys = meanings(typed), ring(settings(), now())
    if isinstance(read, NoCard):
        form.refuse("number", WHY_NOT[read])
        return _page(number, form), 422
    found = _look_up(read, keys)
    card = only_card(typed)
    if found.lent is not None:
        form.refuse("number", gettext("This badge is already lent to %(name)s.", name=found.lent.name))
    elif mark := found.refused or (card and fingerprint(card, keys.newest.key)):
        replaces = request.args.get("replaces")
        return see_other(url_for("badges.lend", number=number, fingerprint=mark, replaces=replaces))
    else:
        form.refuse("number", str(_HOLD_IT))
    return _page(number, form), 422


def _look_up(read: tuple[Meaning, ...], keys: Ring) -> Found:
    cards = [card for meaning in read for card in meaning.card_ids()]
    card_of = {fingerprint(card, key.key): card for key in keys.live for card in cards}
    marks, refused = list(card_of), set[str]()
    with reading():
        for at in range(0, len(marks), _AT_ONCE):
            part = marks[at : at + _AT_ONCE]
            lent = select(Token.holder_number).where(Token.fingerprint.in_(part), Token.returned_at.is_(None))
            if (holder := db.session.scalar(lent.limit(1))) is not None:
                return Found(lent=named([holder])[holder])
            heard = db.session.execute(select(Denial.token, Denial.reasons).where(Denial.token.in_(part)))
            refused.update(token for token, reasons in heard if DenialReason.UNKNOWN_TOKEN in reasons)
    if len({card_of[mark] for mark in refused}) != 1:
        return Found()
    return Found(refused=next(mark for mark in marks if mark in refused))  # the newest key's come first


def _page(number: int, form: NumberForm) -> str:
    with reading():
        person = named([number])[number]
    return render_template("people/badge_number.html", form=form, person=person)
