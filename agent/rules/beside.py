"""Another person beside: the trainer of a supervised start, the second of two persons, and both again every so often.

Persons are told apart by holder, never by badge. Somebody who does not come keeps a machine from starting, or from its next
start; nothing here ever releases.
"""

from dataclasses import replace

from agent.access import Answer, Denied, stands_by, starts_beside
from agent.machine import NEVER, Beside, Latch, Machine, NoticeKind, Opening, Session, Waiting
from agent.records import occupied_s
from agent.rules.common import Next, disarmed, notice, refuse
from agent.rules.start import go, hindered
from agent.stimuli import Latching, Record, Row, Tapped
from wire.messages import DenialReason, Level, Stamp, Unattended

TRAINER_MS = 30_000  # how long a supervised start waits for the trainer
WARN_S = 60  # so long before somebody is missed
COUNT_MS = 1_000  # the panel counts seconds
MISSING = {Beside.TRAINER: DenialReason.SUPERVISED_ONLY, Beside.SECOND: DenialReason.SECOND_PERSON}
_ENOUGH = {Beside.TRAINER: (Level.TRAINER,), Beside.SECOND: (Level.ALONE, Level.TRAINER)}


# --- before the start ---------------------------------------------------------------------------------------------------


def begin(machine: Machine, opening: Opening, now: Stamp) -> Next:
    """A badge that may start: first whoever else is asked for, then the button, then the start."""
    grant = opening.grant
    if grant.asks_trainer and opening.supervisor is None:
        return _waiting(machine, opening, Beside.TRAINER, TRAINER_MS, now)
    if grant.policy.second_s is not None and opening.companion is None:
        return _waiting(machine, opening, Beside.SECOND, grant.policy.second_s * 1000, now)
    return go(machine, opening, now)


def supervised_by(opening: Opening, trainer: int | None) -> Opening:
    """Whoever stands beside a learner is the second of two persons too."""
    both = opening.grant.policy.second_s is not None
    return replace(opening, supervisor=trainer, companion=trainer if both else None)


def tapped_while_waiting(machine: Machine, waiting: Waiting, stimulus: Tapped, now: Stamp) -> Next:
    """The badge that was waited for, or one that does not do: that ends the wait, and starts nothing of its own."""
    opening, answer = waiting.opening, stimulus.answer
    if stimulus.token == opening.token:
        return machine, ()
    machine = disarmed(machine)
    if machine.hindrances(now):
        return hindered(machine, opening, now)
    if answer.holder == opening.grant.holder or starts_beside(answer) not in _ENOUGH[waiting.whom]:
        return missed(machine, waiting, now)
    if waiting.whom is Beside.TRAINER:
        return begin(machine, supervised_by(opening, answer.holder), now)
    return begin(machine, replace(opening, companion=answer.holder), now)


def missed(machine: Machine, waiting: Waiting, now: Stamp) -> Next:
    """Nobody came who could: that is why there is no start."""
    grant, reasons = waiting.opening.grant, frozenset({MISSING[waiting.whom]})
    denied = Denied(reasons, grant.revision, grant.holder, grant.name, grant.lang, key_id=grant.key_id)
    return refuse(disarmed(machine), waiting.opening.token, denied, now)


def _waiting(machine: Machine, opening: Opening, whom: Beside, ms: int, now: Stamp) -> Next:
    waiting = Waiting(opening, whom, now.mono_ms + ms)
    return replace(disarmed(machine), waiting=waiting, notice=None, look_ms=now.mono_ms + COUNT_MS), ()


# --- while it runs ------------------------------------------------------------------------------------------------------


def asked_again(session: Session) -> Beside | None:
    """Whose badge is asked for again and again, if any is."""
    if _interval_s(session) is None:
        return None
    return Beside.SECOND if session.supervisor is None else Beside.TRAINER


def left_s(session: Session, now: Stamp) -> int | None:
    """Seconds until somebody is missed, below zero since then. None: nobody is asked for."""
    interval_s = _interval_s(session)
    return None if interval_s is None else session.attended_s + interval_s - occupied_s(session, now)


def lapses_ms(session: Session) -> int | None:
    """The moment (mono) of that, until it was told."""
    interval_s, since = _interval_s(session), session.since or session.started
    if interval_s is None or session.unattended:
        return None
    return since.mono_ms + (session.attended_s + interval_s - session.before_s) * 1000


def warns(session: Session, now: Stamp) -> bool:
    """Somebody is missed soon."""
    left, interval_s = left_s(session, now), _interval_s(session)
    return left is not None and interval_s is not None and left <= min(WARN_S, interval_s // 2)


def may_renew(session: Session, answer: Answer) -> bool:
    """The badge of somebody else who may stand beside this use, whatever else would keep them from a start."""
    if not session.accompanied:
        return False
    whom = Beside.SECOND if session.supervisor is None else Beside.TRAINER
    return stands_by(answer) in _ENOUGH[whom]


def renewed(machine: Machine, session: Session, answer: Answer, now: Stamp) -> Machine:
    """The time runs anew, after a lapse too; what the lapse has latched stays latched."""
    session = replace(session, attended_s=occupied_s(session, now), unattended=False)
    told = notice(NoticeKind.RENEWED, now, session=session, lang=answer.lang, name=answer.name)
    return replace(machine, session=session, notice=told, look_ms=now.mono_ms)


def watched(machine: Machine, session: Session, now: Stamp) -> Next:
    """Somebody who is missed is told once, and keeps the next start like a reported problem."""
    due_ms = lapses_ms(session)
    if due_ms is None or due_ms > now.mono_ms:
        return machine, ()
    session = replace(session, unattended=True)
    machine, latching = replace(machine, session=session, look_ms=None), Latching.STAYS
    if machine.latch is None:
        machine, latching = replace(machine, latch=Latch(NEVER, machine.cleared_upto, problem=True)), Latching.SET
    event = Unattended(machine.id, session.id, session.holder, now)
    return machine, (Record((event,), Row.PUT, session, latching),)


def next_look(machine: Machine, now: Stamp) -> int | None:
    """When (mono ms) the panel's count is due again: each second while somebody is waited for or missed soon."""
    session = machine.session
    if machine.waiting is not None:
        return now.mono_ms + COUNT_MS
    due_ms = None if session is None or not machine.powered or session.over is not None else lapses_ms(session)
    if session is None or due_ms is None:
        return None
    if warns(session, now):
        return now.mono_ms + COUNT_MS
    return due_ms - min(WARN_S, (_interval_s(session) or 0) // 2) * 1000


def _interval_s(session: Session) -> int | None:
    asked = (
        session.policy.supervise_s if session.supervisor is not None else 0,
        session.policy.again_s if session.companion is not None else 0,
    )
    return min((seconds for seconds in asked if seconds), default=None)
