"""Puts into a web application what all pages share: where it runs, and what templates may call."""

from flask import Flask

from server.clock import Clock
from server.settings import Settings
from server.web import needs


def install(app: Flask, settings: Settings, clock: Clock) -> None:
    app.extensions.update(settings=settings, clock=clock)
    app.jinja_env.globals.update(actor=needs.actor, allowed=needs.allowed)
