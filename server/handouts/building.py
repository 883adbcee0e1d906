"""Makes a hand-out and its lines. Inside the caller's ``writing()``; called by the services beside it."""

from datetime import datetime

from server.audit import service as audit
from server.db import db
from server.handouts.models import Handout, HandoutLine, Kind, Mode
from server.handouts.rows import HandoutError


def add_handout(
    kind: Kind, label: str, payer_id: int | None, language: str, until: datetime | None, *, actor: str, now: datetime
) -> Handout:
    handout = Handout(kind=kind.value, label=label, payer_id=payer_id, language=language, until=until)
    handout.mode, handout.readers, handout.heard_by = Mode.GIVE.value, [], ""
    handout.begun_at, handout.begun_by = now, actor
    db.session.add(handout)
    db.session.flush()
    audit.record(actor, "begin", "handout", handout.id, None, {"label": label, "valid_until": until}, "", now)
    return handout


def add_line(handout: Handout, position: int, holder: int, membership: str | None) -> HandoutLine:
    line = HandoutLine(handout_id=handout.id, position=position, holder_number=holder, membership_ref=membership)
    db.session.add(line)
    db.session.flush()
    return line


def refuse_past(until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        raise HandoutError("The end is over already.")
