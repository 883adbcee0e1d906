"""What the search field of the rail leads to: hits by group, the first one ready for Enter; a number leads straight there."""

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from server.domain.roles import Verb
from server.pages.search.reads import search
from server.web.answers import see_other
from server.web.needs import needs

pages = Blueprint("search", __name__)


@pages.get("/search")
@needs(Verb.LOGGED_IN)
def index() -> str | Response:
    typed = request.args.get("q", "").strip()
    groups = search(typed)
    exact = [hit for group in groups for hit in group.hits if hit.exact]
    if len(exact) == 1:
        return see_other(exact[0].href)
    return render_template("search/page.html", typed=typed, groups=groups)
