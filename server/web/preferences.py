"""What a reader has chosen for the pages: language and theme. Both work without a login, by cookie."""

from flask import Request, g, request
from werkzeug.wrappers import Response

from server.web.here import settings

LANGUAGES = ("fr", "de", "en")  # the first is what a page is written in when the browser asks for none of them
THEMES = ("light", "dark")
_LANGUAGE, _THEME = "lang", "theme"
_A_YEAR_S = 365 * 24 * 3600


def language() -> str:
    """The account's language, else the one chosen on this browser, else the first the browser asks for that we speak.
    Werkzeug's own choice gives de-CH, en;q=0.5 English."""
    chosen = (g.get("language"), request.cookies.get(_LANGUAGE))
    return next((one for one in (*chosen, *_asked(request)) if one in LANGUAGES), LANGUAGES[0])


def theme() -> str | None:
    """``light`` or ``dark`` as chosen on this browser; None: the system decides."""
    chosen = request.cookies.get(_THEME)
    return chosen if chosen in THEMES else None


def keep_language(response: Response, chosen: str) -> None:
    _keep(response, _LANGUAGE, chosen if chosen in LANGUAGES else "")


def keep_theme(response: Response, chosen: str) -> None:
    """An empty choice leaves it to the system."""
    _keep(response, _THEME, chosen if chosen in THEMES else "")


def _asked(question: Request) -> list[str]:
    return [tag.partition("-")[0].lower() for tag in question.accept_languages.values()]


def _keep(response: Response, name: str, value: str) -> None:
    lasts = _A_YEAR_S if value else 0
    response.set_cookie(name, value, max_age=lasts, secure=settings().web.https, httponly=True, samesite="Lax")
