"""Every page of the server, by area. A new area is a line here."""

from flask import Flask

from server.pages import rail
from server.pages.account import accounts, door, mails, own, rights
from server.pages.agents import pairing
from server.pages.agents import views as agents
from server.pages.audit import views as audit
from server.pages.books import charges
from server.pages.bookings import calendars, outages
from server.pages.bookings import views as bookings
from server.pages.books import views as books
from server.pages.care import checks, closures, identity, log_only, sheets
from server.pages.care import papers as machine_papers
from server.pages.floor import views as floor
from server.pages.health import views as health
from server.pages.kit import views as kit
from server.pages.machine import bypass
from server.pages.machine import views as machine
from server.pages.machines import hours, rooms
from server.pages.machines import views as machines
from server.pages.me import own as me_own
from server.pages.me import views as me
from server.pages.months import documents
from server.pages.months import views as months
from server.pages.more import views as more
from server.pages.people import badges, contacts, masters, memberships, numbers, rules, states
from server.pages.people import views as people
from server.pages.prices import seller, tariffs, vat
from server.pages.refusals import views as refusals
from server.pages.search import views as search
from server.pages.sessions import views as sessions
from server.pages.tenants import limits, members, papers, terms
from server.pages.tenants import views as tenants
from server.pages.today import views as today
from server.pages.training import giving, rules
from server.pages.training import views as skills


def register(app: Flask) -> None:
    """Add the pages of every area to the application."""
    for area in (door, own, accounts, rights, mails):
        app.register_blueprint(area.pages)
    for area in (closures, sheets, checks, machine_papers, log_only, identity):
        app.register_blueprint(area.pages)
    for area in (machines, hours, rooms, agents, pairing, tariffs, vat, seller):
        app.register_blueprint(area.pages)
    for area in (people, states, memberships, badges, numbers, masters, tenants, papers, skills, giving, rules, search, audit):
        app.register_blueprint(area.pages)
    for area in (today, floor, machine, bypass, me, books, health, more):
        app.register_blueprint(area.pages)
    for area in (me_own, contacts, rules, terms, limits, members, charges, refusals, sessions, months, documents):
        app.register_blueprint(area.pages)
    for area in (calendars, bookings, outages):
        app.register_blueprint(area.pages)
    rail.install(app)
    app.jinja_env.globals["risks_that_only_log"] = log_only.risks_now
    if app.extensions["settings"].demo:
        app.register_blueprint(kit.pages)
        app.register_blueprint(mails.demo)
