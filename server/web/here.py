"""What a view needs to know of where it runs: the lab's settings, its clock, its time zone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import current_app

from server.clock import Clock
from server.settings import Settings


def settings() -> Settings:
    found: Settings = current_app.extensions["settings"]
    return found


def now() -> datetime:
    clock: Clock = current_app.extensions["clock"]
    return clock.now()


def zone() -> ZoneInfo:
    return settings().zone


def today() -> date:
    """The day it is on the lab's clock."""
    return now().astimezone(zone()).date()
