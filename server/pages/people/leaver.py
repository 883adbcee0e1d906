"""Somebody leaves the lab: everything that hangs on them on one page, and what ends with one confirmation."""

from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.accounts import service as accounts
from server.db import Stale, writing
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.account.words import ROLES
from server.pages.people.about import holder_of
from server.pages.people.forms import LeaveForm
from server.pages.people.left_behind import Login, left_behind, login_of
from server.pages.people.reads import read_file
from server.pages.refused import said
from server.people import service as people
from server.web.answers import done, see_other
from server.web.here import now
from server.web.needs import actor, allowed, needs

pages = Blueprint("leaver", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/people/<int:number>/leaver")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def ask(number: int) -> str:
    return _page(number, LeaveForm(data={"badges": "back"}))


@pages.post("/people/<int:number>/leaver")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def leave(number: int) -> Answer:
    form = LeaveForm()
    if not form.validate_on_submit():
        return _page(number, form), 422
    try:
        _end(number, form)
    except Stale:
        form.refuse("", gettext("Somebody changed this person meanwhile. Look at what is touched now, then decide."))
        return _page(number, form), 409
    except Refusal as error:
        form.refuse("", said(error))
        return _page(number, form), 422
    done(gettext("This person has left the lab."))
    return see_other(url_for("people.show", number=number))


def _end(number: int, form: LeaveForm) -> None:
    """All of it or nothing: the last manager leaves only after somebody else is one."""
    by: Any = {"actor": actor().label, "now": now()}
    reason = form.reason.data or ""
    login = login_of(number, now()) if allowed(Verb.MANAGE_ACCOUNTS) else None
    with writing():
        people.end_holder(number, reason, form.badges.data == "back", version=form.version.data, **by)
        if login is not None:
            _close(login, reason, **by)


def _close(login: Login, reason: str, **by: Any) -> None:
    """Roles, then the account; whoever is logged in with it is logged out."""
    for role, _ in login.roles:
        accounts.end_role(role, reason, **by)
    accounts.end_account(login.account, reason, **by)


def _page(number: int, form: LeaveForm) -> str:
    file, at = read_file(number, sees_sessions=False), now()
    form.version.data, form.version.raw_data = file.version, None  # the page shows what stands now
    told = {"login": login_of(number, at), "behind": left_behind(number, at), "role_names": ROLES, "now": at}
    back = url_for("people.show", number=number)
    return render_template("people/leaver.html", file=file, form=form, back=back, **told)
