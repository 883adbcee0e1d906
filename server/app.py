"""Puts the web process together: settings, languages, pages, and what every answer carries."""

from flask import Flask, Response
from flask_babel import Babel

from server.accounts import gate
from server.clock import Clock, clock_for
from server.dashboard import words
from server.dashboard.feed import Feed
from server.dashboard.views import pages
from server.db import make_app
from server.pages.register import register
from server.settings import Settings, load_settings
from server.web import once, preferences, setup

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LONGEST_REQUEST = 90 * 1024 * 1024  # a form with as many photos as it takes, and room for the rest


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The web application. Without settings it loads them as every command does; raises SettingsError."""
    settings = settings or load_settings(None)
    clock = clock or clock_for(settings.board)
    app = make_app(settings.database_url)
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_REQUEST
    app.extensions["feed"] = Feed(app, clock, settings.zone)
    Babel(
        app,
        default_locale=preferences.LANGUAGES[0],
        default_domain="prolab",
        default_translation_directories="locale",
        locale_selector=preferences.language,
    )
    app.jinja_env.globals["words"] = words
    setup.install(app, settings, clock)
    gate.install(app)
    once.install(app)
    app.register_blueprint(pages)
    register(app)
    if settings.bench is not None:
        from server.demo.bench.views import pages as bench  # exists in the demo only

        app.register_blueprint(bench)
    app.after_request(_with_headers)
    return app


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:  # static files have theirs
        response.headers["Cache-Control"] = "no-cache"
        response.vary.update(["Accept-Language", "Cookie"])  # the cookie says who, which language and which theme
    return response
