"""The cookie of somebody logged in: out of reach of scripts, sent to this server only, over https where there is https."""

from flask import g, request
from werkzeug.wrappers import Response

from server.accounts.websessions import LONGEST_COOKIE
from server.web.here import settings


def name() -> str:
    """``__Host-`` makes the browser refuse a cookie that another name or an unencrypted page would set."""
    return "__Host-prolab" if settings().web.https else "prolab"


def secret() -> str | None:
    """What the browser brought, in a request."""
    return request.cookies.get(name())


def web_session() -> str:
    """Which web session this request belongs to, for a view that needs a login."""
    found: str = g.web_session
    return found


def keep(response: Response, value: str) -> None:
    response.set_cookie(
        name(), value, max_age=LONGEST_COOKIE, secure=settings().web.https, httponly=True, samesite="Lax", path="/"
    )


def forget(response: Response) -> None:
    response.delete_cookie(name(), secure=settings().web.https, httponly=True, samesite="Lax", path="/")
