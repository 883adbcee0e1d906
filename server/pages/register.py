"""Every page of the server, by area: the names of its modules with pages. A new page module is a word here."""

from importlib import import_module

from flask import Flask

from server.machines.site_keys import SiteKeysError
from server.pages import calling, rail
from server.pages.account import mails
from server.pages.care import log_only
from server.pages.kit import views as kit
from server.pages.refused import keys_away

AREAS = {
    "account": "accounts door mails own rights",
    "agents": "pairing views",
    "audit": "views",
    "bookings": "calendars outages views",
    "books": "charges lines views",
    "care": "checks closures identity log_only papers sheets",
    "collecting": "outgoing payments rates reminders views",
    "contracts": "budgets orders packs views",
    "courses": "dates lessons own views",
    "exports": "accounts funders views",
    "floor": "views",
    "handouts": "views visitors day",
    "health": "views",
    "instruction": "lab own records sheets",
    "machine": "bypass views",
    "machines": "hours rooms views",
    "me": "lost own views",
    "months": "detail documents line_sheets putting_right views",
    "more": "views",
    "people": "badges blocked classes contacts leaver lists masters memberships numbers rules states views",
    "prices": "drafts seller tariffs vat",
    "privacy": "asking holding looking papers person views",
    "refusals": "disputes views",
    "search": "views",
    "sessions": "views",
    "supplies": "catalogue items noting own prices",
    "tenants": "limits members papers proofs terms views",
    "today": "views",
    "training": "giving lapsing views",
    "why": "views",
}


def register(app: Flask) -> None:
    """Add the pages of every area to the application."""
    for area, modules in AREAS.items():
        for module in modules.split():
            app.register_blueprint(import_module(f"server.pages.{area}.{module}").pages)
    rail.install(app)
    calling.install(app)
    app.register_error_handler(SiteKeysError, keys_away)
    app.jinja_env.globals["risks_that_only_log"] = log_only.risks_now
    if app.extensions["settings"].demo:
        app.register_blueprint(kit.pages)
        app.register_blueprint(mails.demo)
