"""The way in and out: login, the code from the phone, logout, invitations, and a new password for who forgot theirs."""

from datetime import timedelta

from flask import Blueprint, current_app, make_response, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.accounts import cookies, links, login, tries, websessions
from server.accounts.errors import AccountError
from server.accounts.links import OpenLink, Purpose
from server.accounts.login import CodeWanted, Door, Entered, NotEntered
from server.accounts.tries import NO_WAIT
from server.domain.roles import Verb
from server.pages.account.addresses import home_of, ours
from server.pages.account.forms import CodeForm, ForgottenForm, LoginForm, NewPasswordForm
from server.pages.refused import said
from server.web import preferences
from server.web.answers import done, see_other
from server.web.here import now, settings
from server.web.needs import actor, needs

pages = Blueprint("door", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/")
@needs(Verb.LOGGED_IN)
def home() -> Response:
    return see_other(home_of(actor()))


# --- login and logout ---------------------------------------------------------------------------------------------------


@pages.get("/login")
@needs(Verb.PUBLIC)
def ask() -> Answer:
    back = ours(request.args.get("next"))
    if actor().account is not None:
        return see_other(back)
    return _login_page(LoginForm(formdata=None, data={"next": back}))


@pages.post("/login")
@needs(Verb.PUBLIC)
def enter() -> Answer:
    form = LoginForm()
    if not form.validate_on_submit():
        return _login_page(form), 422
    try:
        outcome = login.enter(form.email.data, form.password.data, the_door(), now())
    except AccountError as error:
        form.refuse("", said(error))
        return _login_page(form), 503
    match outcome:
        case Entered():
            return _inside(outcome, form.next.data)
        case CodeWanted(proof):
            return _code_page(CodeForm(formdata=None, data={"proof": proof, "next": form.next.data}))
        case NotEntered(wait):
            way = gettext("Address and password do not fit together. Check both, or choose a new password by mail.")
            form.refuse("", _slower(wait) or way)
            return _login_page(form), 429 if wait > NO_WAIT else 422


@pages.post("/login/code")
@needs(Verb.PUBLIC)
def enter_code() -> Answer:
    form = CodeForm()
    if not form.validate_on_submit():
        return _code_page(form), 422
    try:
        outcome = login.enter_with_code(form.proof.data, form.code.data, the_door(), now())
    except AccountError as error:
        again = LoginForm(formdata=None, data={"next": form.next.data})
        again.refuse("", said(error))
        return _login_page(again), 422
    match outcome:
        case Entered():
            return _inside(outcome, form.next.data)
        case NotEntered(wait):
            way = gettext("The code does not fit. Wait for the next one, or use one of those on paper.")
            form.refuse("code", _slower(wait) or way)
            return _code_page(form), 429 if wait > NO_WAIT else 422


@pages.post("/logout")
@needs(Verb.LOGGED_IN)
def leave() -> Response:
    websessions.end(cookies.web_session(), actor=actor().label, now=now())
    session.clear()
    done(gettext("You are logged out."))
    answer = see_other(url_for("door.ask"))
    cookies.forget(answer)
    return answer


def the_door() -> Door:
    """Where somebody types a password just now."""
    return Door(current_app.extensions["tries"], settings(), request.remote_addr, request.user_agent.string)


def _inside(outcome: Entered, back: str | None) -> Response:
    session.clear()  # nothing of who sat at this browser before
    answer = see_other(ours(back))
    cookies.keep(answer, outcome.secret)
    return answer


def _slower(wait: timedelta) -> str:
    if wait <= NO_WAIT:
        return ""
    return gettext("Too many tries. The next one is possible in %(minutes)s min.", minutes=login.in_minutes(wait))


def _login_page(form: LoginForm) -> str:
    return render_template("account/login.html", form=form)


def _code_page(form: CodeForm) -> str:
    return render_template("account/code.html", form=form)


# --- links --------------------------------------------------------------------------------------------------------------


@pages.get("/invitation/<secret>")
@needs(Verb.PUBLIC)
def invitation(secret: str) -> Answer:
    return _link_page(secret, Purpose.INVITE)


@pages.post("/invitation/<secret>")
@needs(Verb.PUBLIC)
def accept(secret: str) -> Answer:
    return _take_up(secret, Purpose.INVITE)


@pages.get("/reset/<secret>")
@needs(Verb.PUBLIC)
def new_password(secret: str) -> Answer:
    return _link_page(secret, Purpose.RESET)


@pages.post("/reset/<secret>")
@needs(Verb.PUBLIC)
def set_new_password(secret: str) -> Answer:
    return _take_up(secret, Purpose.RESET)


@pages.get("/reset")
@needs(Verb.PUBLIC)
def forgotten() -> str:
    return render_template("account/forgotten.html", form=ForgottenForm(), asked=False)


@pages.post("/reset")
@needs(Verb.PUBLIC)
def send_link() -> Answer:
    form = ForgottenForm()
    if not form.validate_on_submit():
        return render_template("account/forgotten.html", form=form, asked=False), 422
    wait = current_app.extensions["tries"].begin([tries.mails_to(request.remote_addr)], now())
    if wait > NO_WAIT:
        form.refuse("", _slower(wait))
        return render_template("account/forgotten.html", form=form, asked=False), 429
    links.ask_for_reset(form.email.data, now())
    return see_other(url_for("door.sent"))


@pages.get("/reset/sent")
@needs(Verb.PUBLIC)
def sent() -> str:
    return render_template("account/forgotten.html", form=None, asked=True)


def _link_page(secret: str, purpose: Purpose) -> Answer:
    link = links.link_of(secret, purpose, now())
    if link is None:
        return render_template("account/used_up.html", purpose=purpose), 410
    return _password_page(NewPasswordForm(formdata=None, data={"email": link.email}), link, purpose)


def _take_up(secret: str, purpose: Purpose) -> Answer:
    link = links.link_of(secret, purpose, now())
    if link is None:
        return render_template("account/used_up.html", purpose=purpose), 410
    form = NewPasswordForm()
    if not form.validate_on_submit():
        return _password_page(form, link, purpose), 422
    try:
        links.take_up(secret, purpose, form.password.data, now())
    except AccountError as error:
        form.refuse("password", said(error))
        return _password_page(form, link, purpose), 422
    if link.has_second_factor:
        done(gettext("The password is set. Log in with it and with a code."))
        return see_other(url_for("door.ask"))
    return _inside(login.let_in(link.account, the_door(), now()), None)


def _password_page(form: NewPasswordForm, link: OpenLink, purpose: Purpose) -> str:
    form.email.data = link.email
    return render_template("account/password_new.html", form=form, link=link, purpose=purpose)


# --- language and theme -------------------------------------------------------------------------------------------------


@pages.post("/language")
@needs(Verb.PUBLIC)
def language() -> Response:
    answer = make_response(see_other(ours(request.form.get("next"))))
    preferences.keep_language(answer, request.form.get("language", ""))
    return answer


@pages.post("/theme")
@needs(Verb.PUBLIC)
def theme() -> Response:
    answer = make_response(see_other(ours(request.form.get("next"))))
    preferences.keep_theme(answer, request.form.get("theme", ""))
    return answer
