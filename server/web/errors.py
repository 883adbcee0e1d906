"""What a reader sees when something is refused or breaks: what it is, in words, and the way on."""

from flask import Flask, render_template
from flask_babel import gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

_TEXTS = {
    401: (lazy_gettext("You are not logged in"), lazy_gettext("Log in, then come back to this page.")),
    403: (lazy_gettext("This is not open to you"), lazy_gettext("Ask the lab’s manager if you need it for your work.")),
    404: (lazy_gettext("There is no page here"), lazy_gettext("The address may have a typing mistake.")),
    405: (lazy_gettext("This page can only be read"), lazy_gettext("Nothing was changed.")),
    409: (
        lazy_gettext("Somebody else was faster"),
        lazy_gettext("Nothing was changed. Load the page again and look."),
    ),
    413: (lazy_gettext("This file is too large"), lazy_gettext("Nothing was kept. Choose a smaller one.")),
    429: (lazy_gettext("Too many tries"), lazy_gettext("Wait a minute, then try again.")),
    503: (
        lazy_gettext("Not just now"),
        lazy_gettext("Try again in a few seconds. The machines go on by themselves."),
    ),
}
_OURS = (
    lazy_gettext("Something broke on our side"),
    lazy_gettext("It has been noted. The machines go on by themselves, and what they measure is kept."),
)
_THEIRS = (
    lazy_gettext("This request cannot be answered"),
    lazy_gettext("Go back to the board and try from there."),
)


def install(app: Flask) -> None:
    app.register_error_handler(HTTPException, _page)


def _page(error: HTTPException) -> tuple[str, int]:
    """What broke on our side stands in the log, with its traceback."""
    status = error.code or 500
    what, way = _forged() if isinstance(error, CSRFError) else _in_words(status)
    return render_template("error.html", status=status, what=what, way=way), status


def _forged() -> tuple[str, str]:
    return gettext("The page was open for too long"), gettext(
        "Nothing was changed. Go back, load the page again and send it once more."
    )


def _in_words(status: int) -> tuple[str, str]:
    what, way = _TEXTS.get(status) or (_OURS if status >= 500 else _THEIRS)
    return str(what), str(way)
