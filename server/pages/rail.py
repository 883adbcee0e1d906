"""What the side rail of every page counts: drafts that wait for a decision, and the agents that are heard.

Two small counts on every page, so nothing here may ever need more than an index.
"""

from flask import Flask
from sqlalchemy import func, select

from server.billing.models import Draft
from server.db import db, reading
from server.domain.roles import Verb
from server.machines.models import Agent
from server.web.nav import Counts
from server.web.needs import allowed

_HELD = select(func.count()).where(Draft.held != "")
_AGENTS = select(func.count(), func.count().filter(Agent.online)).where(Agent.ended_at.is_(None))


def install(app: Flask) -> None:
    app.extensions["rail"] = count


def count() -> Counts:
    with reading():
        held = (db.session.scalar(_HELD) or 0) if allowed(Verb.SEE_MONEY) else 0
        agents, heard = db.session.execute(_AGENTS).one() if allowed(Verb.EDIT_MACHINES) else (0, 0)
    return Counts({"months": held}, heard, agents)
