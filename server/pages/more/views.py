"""All ways through the pages as one list: what a phone's tabs have no room for."""

from flask import Blueprint, render_template

from server.domain.roles import Verb
from server.web.needs import needs

pages = Blueprint("more", __name__)


@pages.get("/more")
@needs(Verb.LOGGED_IN)
def more() -> str:
    return render_template("more/page.html")
