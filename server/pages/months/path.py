"""The path of a month as a railway line: sessions, prices, what looks odd, drafts, issued, paid; and where it stands now."""

from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext, ngettext

from server.domain.roles import Verb
from server.pages.months.reads import MonthFacts
from server.web import formats
from server.web.lines import Reached, Station
from server.web.needs import allowed


def stations_of(facts: MonthFacts, worries: int, kept: int, now: datetime) -> list[Station]:
    figures = [
        _sessions(facts, now),
        _prices(facts),
        _oddities(worries, kept),
        _drafts(facts),
        _issued(facts),
        _paid(facts),
    ]
    here = _here(facts, worries, now)
    reached = [
        Reached.DONE if at < here else Reached.HERE if at == here else Reached.AHEAD for at in range(len(figures))
    ]
    return [
        Station(figure, name, sub, state, href, points=points if state is Reached.DONE else 0, siding=siding)
        for (figure, name, sub, points, siding), state, href in zip(figures, reached, _ways(facts), strict=True)
    ]


def _ways(facts: MonthFacts) -> list[str | None]:
    """Where each station leads: its part of the page, or the list behind its figure."""
    month = facts.period
    days: dict[str, Any] = {"since": month.first_day.isoformat(), "until": month.last_day.isoformat()}
    found = url_for("sessions.listed", **days) if allowed(Verb.SEE_SESSIONS) else None
    papers = url_for("documents.listed", month=month.month)
    return [found, url_for("tariffs.listed"), "#worries", "#drafts", papers, papers]


_Figure = tuple[str, str, str, int, str]


def _here(facts: MonthFacts, worries: int, now: datetime) -> int:
    """The first station where something is still to be done; beyond the last one when all is paid."""
    if not facts.is_over(now):
        return 0
    if facts.drafts and (facts.closed_at is None or facts.ready or facts.held):
        return 2 if worries and not facts.papers else 3
    if not facts.papers:
        return 3
    return 6 if facts.paid == len(facts.papers) else 5


def _sessions(facts: MonthFacts, now: datetime) -> _Figure:
    going_on = len(facts.open)
    sub = gettext("all ended") if not going_on else ngettext("%(num)d still open", "%(num)d still open", going_on)
    siding = ""
    if going_on and facts.is_over(now):
        siding = ngettext("%(num)d open, to the month it ends in", "%(num)d open, to the month they end in", going_on)
    return formats.number(facts.sessions), gettext("Sessions"), sub, 0, siding


def _prices(facts: MonthFacts) -> _Figure:
    without = facts.unpriced
    sub = ngettext("%(num)d without a price", "%(num)d without a price", without) if without else gettext("all priced")
    return formats.number(max(0, facts.sessions - without)), gettext("Price"), sub, without, ""


def _oddities(worries: int, kept: int) -> _Figure:
    settled = ngettext("%(num)d kept", "%(num)d kept", kept) if kept else ""
    sub = ", ".join(filter(None, [gettext("to decide") if worries else gettext("nothing odd"), settled]))
    return formats.number(worries), gettext("What looks odd"), sub, worries, ""


def _drafts(facts: MonthFacts) -> _Figure:
    drafts = [draft for draft in facts.drafts if not draft.nothing]
    net = formats.money(sum(draft.known_cents for draft in drafts))
    return formats.number(len(drafts)), gettext("Drafts"), gettext("%(amount)s net", amount=net), len(facts.held), ""


def _issued(facts: MonthFacts) -> _Figure:
    planned = len(facts.papers) + len([draft for draft in facts.drafts if not draft.nothing])
    sub = gettext("of %(number)s", number=formats.number(planned)) if planned else ""
    return formats.number(len(facts.papers)), gettext("Documents issued"), sub, 0, ""


def _paid(facts: MonthFacts) -> _Figure:
    sub = gettext("of %(number)s", number=formats.number(len(facts.papers))) if facts.papers else ""
    return formats.number(facts.paid), gettext("Documents paid"), sub, 0, ""
