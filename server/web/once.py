"""The same form sent twice, by a double click or an impatient finger, counts once: the repeat gets the answer of the first.

Every form carries a number of its own (``once``, see ``forms.py``), made when it is shown. A repeat has that number and
everything else alike, so whoever goes back, changes a word and sends again is not taken for one. There is a single web
process (``server/deploy/gunicorn_conf.py``), so the last answers are kept in its memory and nowhere else.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from threading import Event, Lock

from flask import Flask, Response, abort, current_app, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.web.needs import actor

ONCE = "once"
_KEPT = 1_000  # forms
_ANSWERED_WITHIN_S = 60.0


@dataclass(slots=True)
class _Turn:
    """A form being answered, or answered. ``answer`` stays None where nothing was done: then the repeat is tried anew."""

    over: Event = field(default_factory=Event)
    answer: Response | None = None


class Turns:
    """The last forms that came in."""

    def __init__(self) -> None:
        self._turns: OrderedDict[bytes, _Turn] = OrderedDict()
        self._lock = Lock()

    def take(self, form: bytes) -> tuple[_Turn, bool]:
        """The turn of this form, and whether it is a new one."""
        with self._lock:
            found = self._turns.get(form)
            if found is not None and not (found.over.is_set() and found.answer is None):
                return found, False
            turn = self._turns[form] = _Turn()
            while len(self._turns) > _KEPT:
                self._turns.popitem(last=False)
            return turn, True


def install(app: Flask) -> None:
    """After the gate: who may not send a form is told so, also the second time."""
    app.extensions["turns"] = Turns()
    app.before_request(_begin)
    app.after_request(_keep)
    app.teardown_request(_end)


def _begin() -> AnyResponse | None:
    if request.method != "POST" or actor().account is None or not request.form.get(ONCE):
        return None
    turns: Turns = current_app.extensions["turns"]
    while True:
        turn, is_new = turns.take(_form())
        if is_new:
            g.turn = turn
            return None
        if not turn.over.wait(_ANSWERED_WITHIN_S):
            abort(HTTPStatus.SERVICE_UNAVAILABLE)
        if turn.answer is not None:
            return _again(turn.answer)


def _form() -> bytes:
    """What was sent, by whom and where to, as a number that keeps no secret of it."""
    said = (actor().account, request.full_path, sorted(request.form.items(multi=True)))
    return sha256(repr(said).encode()).digest()


def _keep(response: Response) -> Response:
    """Only what was done is answered by a way on; a form that is shown again may be sent again."""
    if "turn" in g and response.status_code == HTTPStatus.SEE_OTHER:
        g.turn.answer = response
    return response


def _end(_: BaseException | None) -> None:
    """Not before the cookie with the line that says what was done is in the answer."""
    turn = g.pop("turn", None)
    if turn is not None:
        turn.over.set()


def _again(answer: Response) -> AnyResponse:
    again = redirect(answer.headers["Location"], HTTPStatus.SEE_OTHER)
    for cookie in answer.headers.getlist("Set-Cookie"):
        again.headers.add("Set-Cookie", cookie)
    return again
