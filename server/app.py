"""Puts the web process together: settings, languages, pages, what every answer carries, and error pages in words."""

import hashlib
from functools import partial
from pathlib import Path

from flask import Flask, Response, render_template, request
from flask_babel import Babel, gettext
from werkzeug.exceptions import HTTPException

from server.accounts import gate
from server.clock import clock_for
from server.dashboard import words
from server.dashboard.feed import Feed
from server.dashboard.render import LANGUAGES
from server.dashboard.views import pages
from server.db import make_app
from server.pages.register import register
from server.settings import Settings, load_settings
from server.web import setup

A_YEAR_S = 365 * 24 * 3600
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def create_app(settings: Settings | None = None) -> Flask:
    """The web application. Without settings it loads them as every command does; raises SettingsError."""
    settings = settings or load_settings(None)
    app = make_app(settings.database_url)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = A_YEAR_S  # their content is in their address, see _asset
    clock = clock_for(settings.board)
    app.extensions["feed"] = Feed(app, clock, settings.zone)
    Babel(
        app,
        default_locale=LANGUAGES[0],
        default_domain="prolab",
        default_translation_directories="locale",
        locale_selector=_language,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset=partial(_asset, _fingerprints(Path(app.root_path) / "static")),
        demo=settings.demo,
        lab_name=settings.lab_name,
        words=words,
        zone=settings.zone,
    )
    setup.install(app, settings, clock)
    gate.install(app)
    app.register_blueprint(pages)
    register(app)
    app.register_error_handler(HTTPException, _error_page)
    app.after_request(_with_headers)
    return app


def _language() -> str:
    """The first language the browser asks for that we speak. Werkzeug's own choice gives de-CH, en;q=0.5 English."""
    asked = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next((language for language in asked if language in LANGUAGES), LANGUAGES[0])


def _fingerprints(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in folder.iterdir()}


def _asset(fingerprints: dict[str, str], name: str) -> str:
    """The address of a static file; it changes with the content, so browsers may keep the file for a year."""
    return f"/static/{name}?v={fingerprints[name]}"


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:  # static files have theirs
        response.headers["Cache-Control"] = "no-cache"
        response.vary.add("Accept-Language")
    return response


def _error_page(error: HTTPException) -> tuple[str, int]:
    """What went wrong and the way out. What broke on our side stands in the log, with its traceback."""
    status = error.code or 500
    what, way = _in_words(status)
    return render_template("error.html", status=status, what=what, way=way), status


def _in_words(status: int) -> tuple[str, str]:
    match status:
        case 404:
            return gettext("There is no page here"), gettext("The address may have a typing mistake.")
        case 405:
            return gettext("This page can only be read"), gettext("Nothing was changed.")
        case 503:
            return gettext("Not just now"), gettext("Try again in a few seconds. The machines go on by themselves.")
        case _ if status >= 500:
            return gettext("Something broke on our side"), gettext(
                "It has been noted. The machines go on by themselves, and what they measure is kept."
            )
        case _:
            return gettext("This request cannot be answered"), gettext("Go back to the board and try from there.")
