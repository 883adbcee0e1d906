"""Before every request: who asks, and may they? A route that declares no verb is not answered at all.

The answer does not tell apart what is not there and what lies outside somebody's scope.
"""

from http import HTTPStatus
from urllib.parse import urlencode

from flask import Flask, Response, abort, current_app, g, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from server.accounts import cookies, websessions
from server.accounts.tries import Tries
from server.domain.roles import NOWHERE, THE_LAB, Role, Verb, may
from server.web.here import now, settings
from server.web.needs import Find, actor, declared

LOGIN = "/login"
SECOND_FACTOR = "/account/second-factor"
_WITHOUT_CHECK = frozenset({"static"})


def install(app: Flask) -> None:
    """Refuse what ``may`` does not allow. Needs ``server.web.setup`` installed before."""
    app.extensions["tries"] = Tries()
    if app.extensions["settings"].web.https:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=0)  # type: ignore[method-assign]  # tries count by address
    app.before_request(_check)
    app.after_request(_kept_private)


def _check() -> AnyResponse | None:
    if request.endpoint in _WITHOUT_CHECK:
        return None
    _recognise()
    if request.endpoint is None:  # no such address: the application answers that
        return None
    rule = declared(current_app.view_functions[request.endpoint])
    if rule is None:
        current_app.logger.error("the route %s declares no verb, so nobody may use it", request.endpoint)
        abort(HTTPStatus.INTERNAL_SERVER_ERROR)
    verb, find = rule
    if verb is Verb.PUBLIC:
        return None
    return _refusal(verb) or (None if _is_allowed(verb, find) else abort(HTTPStatus.FORBIDDEN))


def _recognise() -> None:
    """Put who asks where ``actor()`` and the languages find them."""
    secret = cookies.secret()
    found = websessions.find(secret, now()) if secret else None
    if found is None:
        return
    g.actor, g.language, g.web_session = found.actor, found.language, found.session
    g.second_factor_missing = _must_add_second_factor(found)
    websessions.saw(found, now())


def _must_add_second_factor(found: websessions.LoggedIn) -> bool:
    wanted = settings().accounts.second_factor_for_managers
    return wanted and not found.second_factor and found.actor.has(Role.MANAGER)


def _refusal(verb: Verb) -> AnyResponse | None:
    """Where somebody must go first: to the login, or to their second factor."""
    if actor().account is None:
        return _to_login()
    if g.second_factor_missing and verb is not Verb.LOGGED_IN:
        return _elsewhere(SECOND_FACTOR, HTTPStatus.FORBIDDEN)
    return None


def _is_allowed(verb: Verb, find: Find | None) -> bool:
    """Whoever could only do this in some scope is refused what is not there, as they are what is outside of it."""
    try:
        about = THE_LAB if find is None else find(**request.view_args or {})
    except NotFound:
        if may(actor(), verb, NOWHERE):
            raise
        return False
    return may(actor(), verb, about)


def _to_login() -> AnyResponse:
    here = request.full_path.rstrip("?")
    query = "" if here == "/" or request.method != "GET" else "?" + urlencode({"next": here})
    return _elsewhere(LOGIN + query, HTTPStatus.UNAUTHORIZED)


def _elsewhere(address: str, otherwise: HTTPStatus) -> AnyResponse:
    """A page is led there; what is no page (a form, a stream, a script's request) is told the status."""
    if request.method not in {"GET", "HEAD"} or not _wants_a_page():
        abort(otherwise)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _wants_a_page() -> bool:
    if "HX-Request" in request.headers:
        return False
    return not request.accept_mimetypes or request.accept_mimetypes.accept_html


def _kept_private(response: Response) -> Response:
    """What somebody logged in sees is kept by no proxy and not by the browser's cache."""
    if request.endpoint not in _WITHOUT_CHECK and actor().account is not None:
        response.headers["Cache-Control"] = "private, no-store"
        response.vary.add("Cookie")
    return response
