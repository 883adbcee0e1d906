"""Everybody's accounts, for the manager: the list, an invitation, what is known of one, and its end."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.accounts import service
from server.accounts.errors import AccountError
from server.audit.service import trail
from server.db import Stale, writing
from server.domain.roles import Role, Verb
from server.pages.account.forms import AccountForm, InviteForm, meanings
from server.pages.account.reads import File, Show, account_file, find_accounts, holder_typed, how_many, places
from server.pages.account.rights import back_with, by, give
from server.pages.account.words import ROLES
from server.pages.audit.trails import told
from server.pages.refused import said
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import ReasonForm
from server.web.here import now, settings
from server.web.needs import needs

pages = Blueprint("accounts", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/accounts")
@needs(Verb.MANAGE_ACCOUNTS)
def index() -> str:
    typed, role = request.args.get("q", "").strip(), request.args.get("role", "")
    asked = request.args.get("show", "")
    show = Show(asked) if asked in set(Show) else Show.OPEN
    page = find_accounts(typed, role if role in set(Role) else "", show, now())
    chosen = {"typed": typed, "role": role, "show": show}
    return render_template("account/list.html", page=page, all=how_many(), roles=ROLES, Show=Show, **chosen)


# --- a new one ----------------------------------------------------------------------------------------------------------


@pages.get("/accounts/new")
@needs(Verb.MANAGE_ACCOUNTS)
def new() -> str:
    form = InviteForm(data={"language": "fr", "role": Role.HOLDER, "holder": request.args.get("holder", "")})
    return _new_page(form)


@pages.post("/accounts/new")
@needs(Verb.MANAGE_ACCOUNTS)
def add() -> Answer:
    form = InviteForm()
    form.offer(places())
    if not form.validate_on_submit():
        return _new_page(form), 422
    try:
        facts = _facts(form)
        with writing():
            number = service.add_account(facts, **by())
            give(number, form)
            link = service.invite(number, settings(), **by())
    except AccountError as error:
        _tell(form, error)
        return _new_page(form), 422
    return _link_page(number, link)


def _new_page(form: InviteForm) -> str:
    form.offer(places())
    return render_template("account/new.html", form=form, meanings=meanings())


def _link_page(number: int, link: str) -> str:
    """No redirect: the link is shown this once."""
    file = account_file(number, now())
    return render_template("account/link.html", file=file, link=link, sends=settings().smtp is not None)


# --- one account --------------------------------------------------------------------------------------------------------


@pages.get("/accounts/<int:number>")
@needs(Verb.MANAGE_ACCOUNTS)
def show(number: int) -> str:
    file = account_file(number, now())
    return render_template("account/show.html", file=file, entries=told(trail("account", number)))


@pages.get("/accounts/<int:number>/edit")
@needs(Verb.MANAGE_ACCOUNTS)
def edit(number: int) -> str:
    file = account_file(number, now())
    return _edit_page(AccountForm(data=_values(file) | {"version": file.version}), file)


@pages.post("/accounts/<int:number>/edit")
@needs(Verb.MANAGE_ACCOUNTS)
def save(number: int) -> Answer:
    form, file = AccountForm(), account_file(number, now())
    if not form.validate_on_submit():
        return _edit_page(form, file), 422
    try:
        service.edit_account(number, _facts(form), settings(), version=form.version.data, **by())
    except Stale:
        current = account_file(number, now())
        return conflict_page(form, _values(current), current.version)
    except AccountError as error:
        _tell(form, error)
        return _edit_page(form, file), 422
    done(gettext("The account of %(name)s is changed.", name=form.name.data))
    return see_other(url_for("accounts.show", number=number))


@pages.post("/accounts/<int:number>/invite")
@needs(Verb.MANAGE_ACCOUNTS)
def invite(number: int) -> Answer:
    account_file(number, now())
    try:
        return _link_page(number, service.invite(number, settings(), **by()))
    except AccountError as error:
        return back_with(number, error)


@pages.get("/accounts/<int:number>/end")
@needs(Verb.MANAGE_ACCOUNTS)
def ask_to_end(number: int) -> str:
    return _end_page(ReasonForm(), account_file(number, now()))


@pages.post("/accounts/<int:number>/end")
@needs(Verb.MANAGE_ACCOUNTS)
def end(number: int) -> Answer:
    form, file = ReasonForm(), account_file(number, now())
    if not form.validate_on_submit():
        return _end_page(form, file), 422
    try:
        service.end_account(number, form.reason.data, **by())
    except AccountError as error:
        form.refuse("", said(error))
        return _end_page(form, file), 422
    done(gettext("The account of %(name)s has ended.", name=file.name), url_for("accounts.reopen", number=number))
    return see_other(url_for("accounts.show", number=number))


@pages.post("/accounts/<int:number>/reopen")
@needs(Verb.MANAGE_ACCOUNTS)
def reopen(number: int) -> Response:
    file = account_file(number, now())
    if file.ended_at is not None:
        service.reopen_account(number, **by())
        done(gettext("The account of %(name)s is open again.", name=file.name))
    return see_other(url_for("accounts.show", number=number))


def _facts(form: AccountForm) -> service.AccountFacts:
    try:
        holder = holder_typed(form.holder.data or "")
    except AccountError as error:
        form.refuse("holder", said(error))
        raise
    return service.AccountFacts(form.email.data, form.name.data, form.language.data or None, holder)


def _tell(form: AccountForm, error: AccountError) -> None:
    """Above the form, unless it stands beside a field already."""
    if not form.errors:
        form.refuse("", said(error))


def _edit_page(form: AccountForm, file: File) -> str:
    return render_template("account/edit.html", form=form, file=file)


def _end_page(form: ReasonForm, file: File) -> str:
    return render_template("account/end.html", form=form, file=file)


def _values(file: File) -> dict[str, Any]:
    holder = "" if file.holder is None else str(file.holder)
    return {"name": file.name, "email": file.email, "language": file.language, "holder": holder}
