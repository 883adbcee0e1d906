"""The calendar of a day, all machines; the calendar of a machine, a week; and what a maker has booked."""

from datetime import date, timedelta

from flask import Blueprint, abort, render_template, request
from sqlalchemy import select

from server.db import db, reading
from server.domain.calendar import week_of
from server.domain.roles import About, Verb
from server.machines.models import Machine, Room
from server.pages.bookings import grids, reads, words
from server.pages.machines.about import machine_of
from server.web.here import now, settings, today
from server.web.needs import actor, needs

pages = Blueprint("calendars", __name__)
_FAR = timedelta(days=3660)


@pages.get("/bookings")
@needs(Verb.SEE_FLOOR)
def day() -> str:
    with reading():
        rooms = db.session.scalars(select(Room.name).order_by(Room.id)).all()
    when, asked = _day(), request.args.get("room", "")
    room = asked if asked in rooms else ""
    grid = grids.day_grid(when, room, "whole" in request.args)
    return render_template(
        "bookings/day.html",
        grid=grid,
        room=room,
        rooms=rooms,
        yesterday=when - timedelta(days=1),
        tomorrow=when + timedelta(days=1),
        today=today(),
        say=words,
        now=now(),
    )


@pages.get("/machines/<code>/bookings")
@needs(Verb.SEE_FLOOR, about=machine_of)
def week(code: str) -> str:
    with reading():
        machine = db.session.scalar(select(Machine).where(Machine.code == code)) or abort(404)
    when = _day()
    return render_template(
        "bookings/week.html",
        machine=machine,
        about=About(machine=code, room=machine.room),
        grid=grids.week_grid(code, when, "whole" in request.args),
        ahead=reads.to_come(now(), code),
        before=week_of(when)[0] - timedelta(days=7),
        after=week_of(when)[0] + timedelta(days=7),
        today=today(),
        say=words,
        now=now(),
    )


@pages.get("/me/bookings")
@needs(Verb.SEE_OWN)
def mine() -> str:
    number = actor().holder
    assert number is not None, "the gate lets nobody in without a holder"
    ahead, past = reads.of_holder(number, now())
    limits = settings().bookings
    return render_template("bookings/mine.html", ahead=ahead, past=past, limits=limits, say=words, now=now())


def _day() -> date:
    """The day that was asked for, today where none is, or none that a calendar has."""
    try:
        wanted = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return today()
    return wanted if abs(wanted - today()) < _FAR else today()
