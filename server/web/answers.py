"""What a view answers after a change: the way to the next page, and one line there that says what was done."""

from flask import flash, redirect
from werkzeug.wrappers import Response

DONE = "done"


def done(text: str, undo: str | None = None) -> None:
    """Say on the next page what was done. ``undo`` is an address that takes it back by POST: the line offers it."""
    flash((str(text), undo or ""), DONE)  # type: ignore[arg-type]  # the session keeps pairs as well as texts


def see_other(address: str) -> Response:
    """Where to go after a POST, so that loading the page again does not do it again."""
    return redirect(address, 303)
