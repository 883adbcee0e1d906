"""The journal: every change a person made, newest first, by who, about what, and between two days."""

from datetime import date

from flask import Blueprint, render_template, request
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.audit.service import entry_of
from server.db import db, reading
from server.domain.roles import Verb
from server.pages.audit.sentences import sentence
from server.pages.audit.subjects import KINDS, kind_name, subjects
from server.pages.audit.trails import account_names, name_of, names_of, told, who
from server.pages.people.choices import begin_of, end_of
from server.web.needs import needs
from server.web.paging import paginate

pages = Blueprint("audit", __name__)
pages.add_app_template_filter(told, "told")
pages.add_app_template_filter(name_of, "account_name")


@pages.get("/audit")
@needs(Verb.SEE_AUDIT)
def index() -> str:
    actor, kind = (request.args.get(name, "").strip() for name in ("actor", "kind"))
    first, last = _day("from"), _day("to")
    wanted = select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    if actor:
        wanted = wanted.where(AuditEntry.actor == actor)
    if kind:
        wanted = wanted.where(AuditEntry.object_kind == kind)
    if begins := begin_of(first):
        wanted = wanted.where(AuditEntry.at >= begins)
    if ends := end_of(last):
        wanted = wanted.where(AuditEntry.at < ends)
    with reading():
        page = paginate(wanted).of(entry_of)
        actors = db.session.scalars(select(AuditEntry.actor).distinct()).all()
    names, codes = account_names(actors), names_of(page.rows)
    lines = [
        {"entry": entry, "who": who(entry.actor, names), "text": sentence(entry, codes), "subject": subject}
        for entry, subject in zip(page.rows, subjects(page.rows), strict=True)
    ]
    people = sorted(((who(label, names), label) for label in actors), key=lambda one: one[0].casefold())
    told_back = {"actor_chosen": actor, "kind": kind, "first": first, "last": last}
    return render_template(
        "audit/list.html", page=page, lines=lines, people=people, kinds=KINDS, kind_name=kind_name, **told_back
    )


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if date.min < day < date.max else None
