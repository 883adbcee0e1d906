"""Why not? One person at one machine, for staff and for the person; and who can use a machine now."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.dashboard.words import DENIALS
from server.db import reading
from server.domain.roles import About, Verb
from server.pages.machines.about import machine_of
from server.pages.people.about import holder_of
from server.pages.people.names import everybody, matching, named
from server.pages.rights_now import judged_now, rights_now
from server.pages.why.lines import Line, Reader, State, lines
from server.pages.why.reads import box_at, last_try, machines_to_ask, skill_names, who_may
from server.web.here import now
from server.web.needs import actor, allowed, needs

pages = Blueprint("why", __name__)

_OFFERED = 12
pages.add_app_template_filter(lambda reason: str(DENIALS.get(reason, reason)), "denial")


@pages.get("/why")
@needs(Verb.SEE_PEOPLE)
def ask() -> str | Response:
    """Choose a person and a machine."""
    typed, machine = request.args.get("q", "").strip(), request.args.get("machine", "")
    machines = machines_to_ask()
    number = request.args.get("person", type=int)
    if number is not None and machine in dict(machines):
        return redirect(url_for("why.person", number=number, code=machine), 303)
    with reading():
        found = list(matching((one for one in everybody() if one.ended_at is None), typed))[:_OFFERED] if typed else []
    return render_template("why/ask.html", typed=typed, machine=machine, machines=machines, found=found)


@pages.get("/people/<int:number>/machines/<code>")
@needs(Verb.SEE_PEOPLE, about=holder_of)
def person(number: int, code: str) -> str:
    with reading():
        who = named([number])[number]
    tried = last_try(code, number) if allowed(Verb.SEE_SESSIONS, About(holder=number)) else None
    told = _told(number, code, is_own=False)
    return render_template("why/person.html", who=who, tried=tried, machines=machines_to_ask(), now=now(), **told)


@pages.get("/me/machines/<code>")
@needs(Verb.SEE_OWN)
def own(code: str) -> str:
    number = actor().holder
    assert number is not None, "the gate lets nobody in without a holder"
    return render_template("why/own.html", tried=last_try(code, number), **_told(number, code, is_own=True))


@pages.get("/machines/<code>/who")
@needs(Verb.SEE_PEOPLE, about=machine_of)
def who(code: str) -> str:
    judged = judged_now()
    machine = next((one for one in judged.facts.machines if one.code == code), None) or abort(404)
    people = who_may(judged, machine)
    ready = [one for one in people if one.hindrance is None]
    return render_template("why/who.html", machine=machine, ready=ready, kept=[one for one in people if one.hindrance])


def _told(number: int, code: str, is_own: bool) -> dict[str, object]:
    rights = rights_now(number)
    right = next((one for one in rights.machines if one.machine == code), None) or abort(404)
    found = lines(rights, right, box_at(code, number), Reader(number, is_own, skill_names()))
    against = [one for one in found if one.state is State.AGAINST]
    return {
        "lines": found,
        "against": len(against),
        "right": right,
        "State": State,
        "starts": not against,
        "beside": _beside(found),
    }


def _beside(lines: list[Line]) -> bool:
    return any(line.state is State.BESIDE for line in lines)
