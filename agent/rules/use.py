"""While a session runs: its badge, other badges, the card that stays in, the button, the meter."""

from dataclasses import replace

from agent import metering
from agent.access import Denied, Grant
from agent.machine import Ask, Confirm, Machine, NoticeKind, Over, Session
from agent.records import occupied_s
from agent.rules import beside
from agent.rules.common import Next, notice, refuse, session_of
from agent.rules.end import close, end, followed_by
from agent.stimuli import Lying, Pressed, Record, Removed, Row, Tapped
from wire.messages import DenialReason, EndReason, Stamp

EXTENDS_WITHIN_S = 600  # a tap this near to the longest time adds to it


def tapped(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    session = session_of(machine)
    machine = replace(machine, session=replace(session, taps=session.taps + 1))
    own = stimulus.token == session.token or stimulus.answer.holder == session.holder
    if session.policy.removal_s is None:
        return _own(machine, stimulus, now) if own else _other(machine, stimulus, now)
    if own:
        return _saved(replace(machine, card_out_ms=None, notice=None))
    out_ms = now.mono_ms if machine.card_out_ms is None else machine.card_out_ms  # another card lies where it should
    return _other(replace(machine, card_out_ms=out_ms), stimulus, now)


def lying(machine: Machine, stimulus: Lying, now: Stamp) -> Next:
    """After a restart the session's own card was in its place all the time. To be there is no tap: nothing else follows."""
    session = session_of(machine)
    if stimulus.token == session.token or stimulus.holder == session.holder:
        return replace(machine, card_out_ms=None), ()
    return removed(machine, Removed(), now)  # another card lies where it should


def removed(machine: Machine, stimulus: Removed, now: Stamp) -> Next:
    """Where the card stays in, the grace begins with its removal; with another one's it has begun already."""
    if session_of(machine).policy.removal_s is None or machine.card_out_ms is not None:
        return machine, ()
    return replace(machine, card_out_ms=now.mono_ms), ()


def pressed(machine: Machine, stimulus: Pressed, now: Stamp) -> Next:
    """In the first minutes the button steps through the holder's payers."""
    session = session_of(machine)
    if len(session.payers) < 2 or occupied_s(session, now) > session.policy.payer_s or not session.policy.payer_s:
        return machine, ()
    paying = (session.paying + 1) % len(session.payers)
    session = replace(session, paying=paying, payer_chosen=True)
    shown = notice(NoticeKind.GRANTED, now, session=session, lang=session.lang)
    return _saved(replace(machine, session=session, notice=shown))


def may_extend(session: Session, now: Stamp) -> bool:
    policy = session.policy
    if policy.max_s is None or session.extended >= policy.extend_times:
        return False
    return policy.max_s - occupied_s(session, now) <= EXTENDS_WITHIN_S


def idle_s(machine: Machine, now: Stamp) -> int | None:
    """Seconds since it last did anything, never from before the session. None while it works or is not measured."""
    session = machine.session
    if session is None or session.activity is None:
        return None
    since_ms = metering.idle_since_ms(session.activity, now.mono_ms)
    return None if since_ms is None else (now.mono_ms - since_ms) // 1000


# --- parts of these -----------------------------------------------------------------------------------------------------


def _own(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    """The session's badge shows the time, near the longest time it adds to that, and the same badge again ends it."""
    session = session_of(machine)
    if _confirms(machine, stimulus, Ask.END, now):
        return end(machine, EndReason.HOLDER, now)
    told = None
    if may_extend(session, now):
        longest_s = (session.policy.max_s or 0) + session.policy.extend_s
        policy = replace(session.policy, max_s=longest_s)
        session = replace(session, policy=policy, extended=session.extended + 1)
        told = notice(NoticeKind.EXTENDED, now, session=session, lang=session.lang)
        machine = replace(machine, session=session, past_maximum=False)
    until_ms = now.mono_ms + session.policy.confirm_s * 1000
    return _saved(replace(machine, confirm=Confirm(stimulus.token, until_ms), notice=told))


def _other(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    """Anybody else's badge is refused, unless they stand beside, or the machine has been idle for long and theirs may start
    it. Whoever stood beside from the start only says that they are still there."""
    answer, session = stimulus.answer, session_of(machine)
    stands_by = beside.may_renew(session, answer)
    if stands_by:
        machine = beside.renewed(machine, session, answer, now)
    stood_by = stands_by and answer.holder in (session.supervisor, session.companion)
    starts = isinstance(answer, Grant) and not answer.asks_trainer
    if isinstance(answer, Grant) and starts and not stood_by and _may_be_taken_over(machine, now):
        if _confirms(machine, stimulus, Ask.TAKE_OVER, now):
            return _taken_over(machine, stimulus, answer, now)
        until_ms = now.mono_ms + session_of(machine).policy.confirm_s * 1000
        return _saved(replace(machine, confirm=Confirm(stimulus.token, until_ms, Ask.TAKE_OVER), notice=None))
    if stands_by:
        return _saved(machine)
    if isinstance(answer, Denied):
        busy = replace(answer, reasons=answer.reasons | {DenialReason.IN_USE}, otherwise=None)
    else:
        reasons = frozenset({DenialReason.IN_USE})
        busy = Denied(reasons, answer.revision, answer.holder, answer.name, answer.lang, key_id=answer.key_id)
    machine, effects = refuse(machine, stimulus.token, busy, now)
    saved = tuple(replace(one, row=Row.PUT, session=machine.session) for one in effects if isinstance(one, Record))
    return machine, saved


def _may_be_taken_over(machine: Machine, now: Stamp) -> bool:
    """Only a live meter that has read idle for long enough says that nobody is at work here."""
    after_s, idle = session_of(machine).policy.takeover_s, idle_s(machine, now)
    return after_s is not None and idle is not None and idle >= after_s


def _taken_over(machine: Machine, stimulus: Tapped, grant: Grant, now: Stamp) -> Next:
    """The first session ends at its last activity; the power is cut between the two (nothing is handed over turning)."""
    session = session_of(machine)
    idle = idle_s(machine, now) or 0
    occupied = max(0, occupied_s(session, now) - idle)
    ended = replace(now, mono_ms=now.mono_ms - idle * 1000, wall_ms=max(0, now.wall_ms - idle * 1000))
    over = Over(ended, occupied, EndReason.TAKEN_OVER)
    machine, closing = close(machine, over, now, powered_s=occupied_s(session, now))
    return followed_by(machine, closing, stimulus, grant, now)


def _confirms(machine: Machine, stimulus: Tapped, ask: Ask, now: Stamp) -> bool:
    asked = machine.confirm
    return asked is not None and asked.token == stimulus.token and asked.ask is ask and now.mono_ms <= asked.until_ms


def _saved(machine: Machine) -> Next:
    return machine, (Record(row=Row.PUT, session=machine.session),)
