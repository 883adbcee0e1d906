"""The mails that were written: for the manager of a lab, who hands links over where there is no mail server; and, in the
demo, for everybody who tries it, because nothing of it leaves the machine.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import Blueprint, abort, render_template
from sqlalchemy import select

from server.db import reading
from server.domain.roles import Verb
from server.mail.models import Mail
from server.web.here import settings
from server.web.needs import needs
from server.web.paging import Page, paginate

pages = Blueprint("mails", __name__)
demo = Blueprint("demo_mails", __name__)

_ADDRESS = re.compile(r"https?://\S+")


class State(StrEnum):
    SENT = "sent"
    KEPT = "kept"  # the lab has no mail server
    FAILED = "failed"  # the last try; work tries again a few times
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Letter:
    id: int
    recipient: str
    subject: str
    text: str
    written_at: datetime
    sent_at: datetime | None
    error: str
    state: State

    @property
    def pieces(self) -> Iterator[tuple[str, bool]]:
        """The text, cut where addresses begin and end; True with an address."""
        at = 0
        for found in _ADDRESS.finditer(self.text):
            yield self.text[at : found.start()], False
            yield found[0], True
            at = found.end()
        yield self.text[at:], False


@pages.get("/mails")
@needs(Verb.MANAGE_ACCOUNTS)
def index() -> str:
    return render_template("account/mails.html", page=_letters(), base="layout.html", one="mails.show")


@pages.get("/mails/<int:number>")
@needs(Verb.MANAGE_ACCOUNTS)
def show(number: int) -> str:
    return render_template("account/mail.html", letter=_letter(number), base="layout.html", all="mails.index")


@demo.get("/demo/mails")
@needs(Verb.PUBLIC)
def index_of_demo() -> str:
    return render_template("account/mails.html", page=_letters(), base="bare.html", one="demo_mails.show_of_demo")


@demo.get("/demo/mails/<int:number>")
@needs(Verb.PUBLIC)
def show_of_demo(number: int) -> str:
    return render_template(
        "account/mail.html", letter=_letter(number), base="bare.html", all="demo_mails.index_of_demo"
    )


def _letters() -> Page[Letter]:
    with reading():
        return paginate(select(Mail).order_by(Mail.written_at.desc(), Mail.id.desc()), size=25).of(_told)


def _letter(number: int) -> Letter:
    with reading() as session:
        row = session.get(Mail, number)
        return _told(row) if row is not None else abort(404)


def _told(row: Mail) -> Letter:
    return Letter(row.id, row.recipient, row.subject, row.text, row.written_at, row.sent_at, row.error, _state(row))


def _state(row: Mail) -> State:
    if row.sent_at is not None:
        return State.SENT
    if settings().smtp is None:
        return State.KEPT
    return State.FAILED if row.error else State.WAITING
