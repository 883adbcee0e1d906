"""What an account may do and where it is logged in, for the manager: its roles, its browsers, its second factor."""

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.accounts import second_factor, service, websessions
from server.accounts.errors import AccountError
from server.domain.roles import Verb
from server.pages.account.forms import RoleForm, meanings
from server.pages.account.reads import File, account_file, given, places
from server.pages.people.choices import begin_of, end_of
from server.pages.refused import said
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now, settings
from server.web.needs import actor, needs

pages = Blueprint("rights", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/accounts/<int:number>/roles/new")
@needs(Verb.MANAGE_ACCOUNTS)
def new_role(number: int) -> str:
    return _role_page(RoleForm(), account_file(number, now()))


@pages.post("/accounts/<int:number>/roles/new")
@needs(Verb.MANAGE_ACCOUNTS)
def give_role(number: int) -> Answer:
    form, file = RoleForm(), account_file(number, now())
    form.offer(places())
    if not form.validate_on_submit():
        return _role_page(form, file), 422
    try:
        give(number, form)
    except AccountError as error:
        form.refuse("", said(error))
        return _role_page(form, file), 422
    done(gettext("%(name)s has the role.", name=file.name))
    return see_other(url_for("accounts.show", number=number))


@pages.get("/accounts/<int:number>/roles/<int:role>/end")
@needs(Verb.MANAGE_ACCOUNTS)
def ask_to_end_role(number: int, role: int) -> str:
    return _end_role_page(ReasonForm(), account_file(number, now()), role)


@pages.post("/accounts/<int:number>/roles/<int:role>/end")
@needs(Verb.MANAGE_ACCOUNTS)
def end_role(number: int, role: int) -> Answer:
    form, file = ReasonForm(), account_file(number, now())
    given(file, role)
    if not form.validate_on_submit():
        return _end_role_page(form, file, role), 422
    try:
        service.end_role(role, form.reason.data, **by())
    except AccountError as error:
        form.refuse("", said(error))
        return _end_role_page(form, file, role), 422
    done(gettext("%(name)s no longer has the role.", name=file.name))
    return see_other(url_for("accounts.show", number=number))


# --- web sessions and second factor -------------------------------------------------------------------------------------


@pages.post("/accounts/<int:number>/sessions/<session>/end")
@needs(Verb.MANAGE_ACCOUNTS)
def end_session(number: int, session: str) -> Response:
    if not any(seen.id == session for seen in account_file(number, now()).sessions):
        abort(404)
    websessions.end(session, **by())
    done(gettext("That browser is logged out."))
    return see_other(url_for("accounts.show", number=number))


@pages.get("/accounts/<int:number>/second-factor/end")
@needs(Verb.MANAGE_ACCOUNTS)
def ask_to_remove_factor(number: int) -> str:
    return render_template("account/factor_of.html", form=ReasonForm(), file=account_file(number, now()))


@pages.post("/accounts/<int:number>/second-factor/end")
@needs(Verb.MANAGE_ACCOUNTS)
def remove_factor(number: int) -> Answer:
    form, file = ReasonForm(), account_file(number, now())
    if not form.validate_on_submit():
        return render_template("account/factor_of.html", form=form, file=file), 422
    try:
        second_factor.remove(number, settings(), form.reason.data, **by())
    except AccountError as error:
        return back_with(number, error)
    done(gettext("The second factor of %(name)s is removed.", name=file.name))
    return see_other(url_for("accounts.show", number=number))


def give(number: int, form: RoleForm) -> None:
    """The role that a valid form says. Raises AccountError."""
    role, kind, scope = form.chosen()
    begins, ends = begin_of(form.since.data), end_of(form.until.data)
    service.give_role(number, role, kind, scope, _not_before(begins), ends, **by())


def _not_before(begins: datetime | None) -> datetime | None:
    """A role given from today on counts from now on, not from midnight: nobody had it this morning."""
    return None if begins is None or begins <= now() else begins


def _role_page(form: RoleForm, file: File) -> str:
    form.offer(places())
    return render_template("account/role_new.html", form=form, file=file, meanings=meanings())


def _end_role_page(form: ReasonForm, file: File, role: int) -> str:
    return render_template("account/role_end.html", form=form, file=file, role=given(file, role))


def back_with(number: int, error: AccountError) -> Response:
    """To the account's page, where the refusal is said."""
    done(said(error))
    return see_other(url_for("accounts.show", number=number))


def by() -> dict[str, Any]:
    """Who does it, and when."""
    return {"actor": actor().label, "now": now()}
