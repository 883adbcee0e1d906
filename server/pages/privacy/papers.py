"""The papers: the notice at the reader, the record of processing, two pages for the representatives of staff; and who answers.

All are written from what is set and from what roles may, in any of the three languages, to be printed.
"""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import force_locale, gettext
from werkzeug.wrappers import Response

from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.retention import Kept
from server.domain.roles import Verb
from server.pages.privacy import activities, reads, sees, words
from server.pages.privacy.forms import ControllerForm
from server.pages.refused import form_page, said
from server.privacy.notice import CNIL, Answerable, answerable, edition, say_who_answers
from server.web import formats
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now, settings
from server.web.needs import actor, needs
from server.web.preferences import LANGUAGES

pages = Blueprint("notices", __name__)
Answer = str | Response | tuple[str, int]


@pages.get("/notice")
@needs(Verb.PUBLIC)
def notice() -> str:
    """What hangs at the readers, for whoever asks, without a login."""
    return _paper("privacy/notice.html")


@pages.get("/privacy/papers")
@needs(Verb.MANAGE_ACCOUNTS)
def listed() -> str:
    return render_template("privacy/papers.html", who=answerable()[0], edition=edition(), languages=LANGUAGES)


@pages.get("/privacy/record")
@needs(Verb.MANAGE_ACCOUNTS)
def record() -> str:
    """The record of processing activities, article 30."""
    return _paper("privacy/record.html")


@pages.get("/privacy/representatives")
@needs(Verb.MANAGE_ACCOUNTS)
def representatives() -> str:
    """For CSE or Betriebsrat: what is recorded, who sees what, what is impossible."""
    return _paper("privacy/representatives.html")


@pages.route("/privacy/controller", methods=["GET", "POST"])
@needs(Verb.MANAGE_ACCOUNTS)
def controller() -> Answer:
    known, version = answerable()
    form = ControllerForm(data={**(asdict(known) if known else {"authority": CNIL}), "version": version})
    if form.validate_on_submit():
        typed = {name: form[name].data or "" for name in Answerable.__slots__}
        by: Any = {"version": form.version.data, "actor": actor().label, "now": now()}
        try:
            say_who_answers(Answerable(**typed), **by)
        except Stale:
            current, newer = answerable()
            return conflict_page(form, asdict(current) if current else {}, newer)
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(
                gettext(
                    "The papers say it now. Print the notice anew: it is edition %(edition)s.", edition=edition().number
                )
            )
            return see_other(url_for("notices.listed"))
    return form_page("privacy/controller.html", form)


def _paper(template: str) -> str:
    """In the language asked for, else in the reader's."""
    wanted = request.args.get("in", "")
    with force_locale(wanted if wanted in LANGUAGES else formats.language()):
        lines = reads.lines(with_counts=False)
        return render_template(
            template,
            who=answerable()[0],
            edition=edition(),
            lines=lines,
            sessions=next(line for line in lines if line.rule.kept is Kept.SESSIONS),
            kinds=sees.KINDS,
            roles=sees.table(),
            named=reads.tenants_with_names(),
            activities=activities.activities(),
            measures=activities.measures(settings()),
            languages=LANGUAGES,
            language_now=formats.language(),
            words=words,
        )
