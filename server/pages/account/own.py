"""One's own login: name, address, language, theme, password, second factor, and the browsers one is logged in at."""

import segno
from flask import Blueprint, render_template, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from server.accounts import cookies, login, second_factor, service, websessions
from server.accounts.errors import AccountError
from server.accounts.rows import plain_email
from server.audit.service import trail
from server.db import Stale
from server.domain.roles import Role, Verb
from server.pages.account.door import the_door
from server.pages.account.forms import ChangePasswordForm, ConfirmForm, OwnForm, SetUpForm
from server.pages.account.reads import File, account_file
from server.pages.audit.trails import told
from server.pages.refused import said
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now, settings
from server.web.needs import actor, needs

pages = Blueprint("account", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/account")
@needs(Verb.LOGGED_IN)
def show() -> str:
    here = cookies.web_session()
    return render_template("account/own.html", file=_mine(), here=here, entries=told(trail("account", _number())))


@pages.get("/account/edit")
@needs(Verb.LOGGED_IN)
def edit() -> str:
    file = _mine()
    return render_template("account/own_edit.html", form=OwnForm(data=_values(file) | {"version": file.version}))


@pages.post("/account/edit")
@needs(Verb.LOGGED_IN)
def save() -> Answer:
    form = OwnForm()
    if not form.validate_on_submit():
        return render_template("account/own_edit.html", form=form), 422
    facts = service.AccountFacts(form.email.data, form.name.data, form.language.data or None)
    try:
        _confirm_for_a_new_address(form)
        service.change_own(_number(), facts, settings(), version=form.version.data, now=now())
    except Stale:
        current = _mine()
        return conflict_page(form, _values(current), current.version)
    except AccountError as error:
        form.refuse("email", said(error))
        return render_template("account/own_edit.html", form=form), 422
    done(gettext("Your details are changed."))
    return see_other(url_for("account.show"))


def _confirm_for_a_new_address(form: OwnForm) -> None:
    """With the address goes the account: whoever finds an open browser could have a new password sent to their own."""
    if plain_email(form.email.data) != actor().email:
        login.confirm_password(_number(), form.password.data or "", the_door(), now())


# --- password -----------------------------------------------------------------------------------------------------------


@pages.get("/account/password")
@needs(Verb.LOGGED_IN)
def password() -> str:
    return render_template("account/own_password.html", form=ChangePasswordForm(), email=actor().email)


@pages.post("/account/password")
@needs(Verb.LOGGED_IN)
def change_password() -> Answer:
    form = ChangePasswordForm()
    if not form.validate_on_submit():
        return render_template("account/own_password.html", form=form, email=actor().email), 422
    try:
        login.confirm_password(_number(), form.old.data, the_door(), now())
    except AccountError as error:
        form.refuse("old", said(error))
        return render_template("account/own_password.html", form=form, email=actor().email), 422
    try:
        here = cookies.web_session()
        login.set_password(_number(), form.password.data, settings(), actor=actor().label, now=now(), keep=here)
    except AccountError as error:
        form.refuse("password", said(error))
        return render_template("account/own_password.html", form=form, email=actor().email), 422
    done(gettext("The password is changed. You are logged out everywhere but here."))
    return see_other(url_for("account.show"))


# --- second factor ------------------------------------------------------------------------------------------------------


@pages.get("/account/second-factor")
@needs(Verb.LOGGED_IN)
def factor() -> str:
    file = _mine()
    if file.has_second_factor:
        return render_template("account/factor.html", file=file, wanted=_is_wanted())
    return _set_up_page(SetUpForm(data={"proposal": second_factor.propose(file.id, settings().site_key_bytes)}))


@pages.post("/account/second-factor")
@needs(Verb.LOGGED_IN)
def add_factor() -> Answer:
    form = SetUpForm()
    if not form.validate_on_submit():
        return _set_up_page(form), 422
    try:
        codes = second_factor.confirm(_number(), form.proposal.data, form.code.data, settings(), now())
    except AccountError as error:
        form.refuse("code", said(error))
        return _set_up_page(form), 422
    return render_template("account/codes.html", codes=codes)  # no redirect: nobody can show them a second time


@pages.post("/account/second-factor/codes")
@needs(Verb.LOGGED_IN)
def renew_codes() -> Answer:
    try:
        codes = second_factor.renew_codes(_number(), now())
    except AccountError:
        return see_other(url_for("account.factor"))
    return render_template("account/codes.html", codes=codes)


@pages.get("/account/second-factor/end")
@needs(Verb.LOGGED_IN)
def ask_to_remove_factor() -> Answer:
    return _remove_page(ConfirmForm()) if _mine().has_second_factor else see_other(url_for("account.factor"))


@pages.post("/account/second-factor/end")
@needs(Verb.LOGGED_IN)
def remove_factor() -> Answer:
    form = ConfirmForm()
    if not form.validate_on_submit():
        return _remove_page(form), 422
    try:
        login.confirm_password(_number(), form.password.data, the_door(), now())
        second_factor.remove(_number(), settings(), actor=actor().label, now=now())
    except AccountError as error:
        form.refuse("password", said(error))
        return _remove_page(form), 422
    done(gettext("The second factor is removed."))
    return see_other(url_for("account.show"))


def _set_up_page(form: SetUpForm) -> str:
    proposal = form.proposal.data or second_factor.propose(_number(), settings().site_key_bytes)
    try:
        address = second_factor.address(proposal, _number(), actor().email, settings())
    except AccountError:  # typed by hand, or of before a change of the site key: a fresh one then
        proposal = form.proposal.data = second_factor.propose(_number(), settings().site_key_bytes)
        address = second_factor.address(proposal, _number(), actor().email, settings())
    drawing = segno.make(address, error="m").svg_inline(border=2, dark="#000", light="#fff", omitsize=True)
    words = second_factor.in_words(proposal, _number(), settings())
    return render_template(
        "account/factor_new.html", form=form, drawing=Markup(drawing), words=words, wanted=_is_wanted()
    )  # the drawing is made of numbers only


def _remove_page(form: ConfirmForm) -> str:
    return render_template("account/factor_end.html", form=form, wanted=_is_wanted())


def _is_wanted() -> bool:
    """Whether the lab wants a second factor of this account."""
    return settings().accounts.second_factor_for_managers and actor().has(Role.MANAGER)


# --- browsers -----------------------------------------------------------------------------------------------------------


@pages.post("/account/sessions/<session>/end")
@needs(Verb.LOGGED_IN)
def end_session(session: str) -> Response:
    if any(seen.id == session for seen in _mine().sessions):
        websessions.end(session, actor=actor().label, now=now())
        done(gettext("That browser is logged out."))
    return see_other(url_for("account.show"))


@pages.post("/account/sessions/end")
@needs(Verb.LOGGED_IN)
def end_other_sessions() -> Response:
    websessions.end_all_of(_number(), now(), but=cookies.web_session())
    done(gettext("You are logged out everywhere but here."))
    return see_other(url_for("account.show"))


def _number() -> int:
    number = actor().account
    assert number is not None, "the gate lets nobody else in"
    return number


def _mine() -> File:
    return account_file(_number(), now())


def _values(file: File) -> dict[str, object]:
    return {"name": file.name, "email": file.email, "language": file.language}
