"""What was tapped at the readers of a hand-out and is not used yet.

A tap is a refusal, or the start of a session by somebody's own badge. What counts is when the server heard of it, and that
somebody looks at the page soon after: what was tapped while no page was open is not given to anybody later.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select

from server.db import db, reading
from server.handouts.models import Handout, HandoutTap
from server.handouts.service import Tap
from server.machines.models import Machine
from server.machines.site_keys import Ring
from server.usage.models import Denial, Event, EventPayload, UsageSession
from wire.messages import SessionStarted, WireError, decode_body, decode_envelope

LOOKED_AT_WITHIN = timedelta(minutes=2)
_OFF = timedelta(minutes=1)  # how far a synchronised clock may be off; what is older was told late
_AT_ONCE = 50


def taps_for(handout: Handout, keys: Ring, now: datetime) -> list[Tap]:
    """In the order in which the server heard of them."""
    if handout.hears_from is None or handout.hears_until is None:
        return []
    since = max(handout.hears_from, now - LOOKED_AT_WITHIN)
    with reading():
        taps = [*_refused(handout, since, keys), *_started(handout, since, keys)]
    return sorted((tap for tap in taps if tap.at >= since), key=lambda tap: tap.event_id)


def _refused(handout: Handout, since: datetime, keys: Ring) -> Iterator[Tap]:
    wanted = select(Event.id, Machine.code, Denial.token, Denial.key_id, Event.received_at, Denial.at)
    wanted = wanted.join(Machine, Machine.id == Denial.machine_id).join(Event, Event.id == Denial.event_id)
    for event, machine, token, key_id, heard_at, at in db.session.execute(_fresh(wanted, handout, Denial.at, since)):
        if at >= heard_at - _OFF:
            yield Tap(event, machine, token, key_id if key_id in keys.ids else keys.newest.id, heard_at)


def _started(handout: Handout, since: datetime, keys: Ring) -> Iterator[Tap]:
    """Whose badge started a machine: the badge stands in the event alone, for a person may have two."""
    wanted = select(Event.id, Machine.code, Event.received_at, UsageSession.started_at, EventPayload.payload)
    wanted = wanted.join(Machine, Machine.id == UsageSession.machine_id).join(Event, Event.session == UsageSession.id)
    wanted = wanted.join(EventPayload, EventPayload.event_id == Event.id).where(Event.kind == SessionStarted.KIND)
    rows = db.session.execute(_fresh(wanted, handout, UsageSession.started_at, since))
    for event, machine, heard_at, at, payload in rows:
        token = _token_of(payload)
        if token and at >= heard_at - _OFF:
            yield Tap(event, machine, token, keys.newest.id, heard_at, runs=True)


def _fresh(wanted: Select[*tuple[Any, ...]], handout: Handout, at: Any, since: datetime) -> Select[*tuple[Any, ...]]:
    used = select(HandoutTap.event_id).where(HandoutTap.handout_id == handout.id)
    wanted = wanted.where(Machine.code.in_(handout.readers), at >= since - _OFF, Event.id.not_in(used))
    return wanted.order_by(Event.id).limit(_AT_ONCE)


def _token_of(payload: bytes) -> str:
    try:
        body = decode_body(decode_envelope(payload))
    except WireError:
        return ""
    return body.token if isinstance(body, SessionStarted) else ""
