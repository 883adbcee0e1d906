"""Puts into a web application what all pages share: where it runs, forms, formats, and what templates may call."""

import hmac
from http import HTTPStatus

from flask import Flask, abort, request
from flask_wtf import CSRFProtect
from werkzeug.routing import IntegerConverter

from server.clock import Clock
from server.settings import Settings
from server.web import answers, assets, errors, formats, nav, needs, paging, preferences, squeeze

_FILTERS = ("money", "number", "duration", "day", "weekday", "short_day", "moment", "clock", "month")


class _Number(IntegerConverter):
    """A number in an address: one that is longer than any we give leads nowhere, and never to the database."""

    regex = r"\d{1,15}"


def install(app: Flask, settings: Settings, clock: Clock) -> None:
    app.extensions.update(settings=settings, clock=clock)
    app.url_map.converters["int"] = _Number
    _cookies(app, settings)
    CSRFProtect(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update({name: getattr(formats, name) for name in _FILTERS})
    app.jinja_env.globals.update(
        actor=needs.actor,
        allowed=needs.allowed,
        demo=settings.demo,
        lab_name=settings.lab_name,
        language=formats.language,
        languages=preferences.LANGUAGES,
        nav=nav,
        same_page=paging.same_page,
        theme=preferences.theme,
        zone=settings.zone,
        DONE=answers.DONE,
    )
    app.before_request(_readable)
    assets.install(app)
    squeeze.install(app)
    errors.install(app)


def _readable() -> None:
    """A character that no text has (NUL) is refused here: one kind of database keeps it, the other breaks on it."""
    sent = [request.path, *request.args.values(), *request.form.values()]
    if any("\0" in text for text in sent):
        abort(HTTPStatus.BAD_REQUEST)


def _cookies(app: Flask, settings: Settings) -> None:
    """The signed cookie holds the token against forged requests and what was just done; nobody is logged in by it."""
    app.config.update(
        SECRET_KEY=hmac.digest(settings.site_key_bytes, b"prolab: cookies of the pages", "sha256"),
        SESSION_COOKIE_NAME="prolab-page",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.web.https,
        WTF_CSRF_TIME_LIMIT=None,  # a form may stay open over lunch; the token lives as long as the cookie
    )
