"""Whose turn it is: somebody is passed over, or called up before the others."""

from datetime import datetime

from server.audit import service as audit
from server.db import writing
from server.handouts.models import HandoutLine
from server.handouts.rows import HandoutError, line_by_id, lines_of, open_handout


def skip(number: int, line_id: int, *, actor: str, now: datetime) -> None:
    """Somebody is not here: the next name is on top, and this one waits below until it is called up."""
    with writing():
        line = _waiting(number, line_id)
        line.skipped = True
        audit.record(actor, "skip", "handout", number, None, {"holder": line.holder_number}, "", now)


def call_up(number: int, line_id: int, *, actor: str, now: datetime) -> None:
    """This name is on top now."""
    with writing():
        line = _waiting(number, line_id)
        put_on_top(number, line)
        audit.record(actor, "call_up", "handout", number, None, {"holder": line.holder_number}, "", now)


def put_on_top(number: int, line: HandoutLine) -> None:
    """Inside the caller's ``writing()``."""
    line.skipped, line.turn = False, min(other.turn for other in lines_of(number)) - 1


def _waiting(number: int, line_id: int) -> HandoutLine:
    line = line_by_id(open_handout(number), line_id)
    if line.token_ref is not None:
        raise HandoutError("This name has a badge already.")
    return line
