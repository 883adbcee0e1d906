"""What each failure does to a running machine and to the next start, by the kind of machine: the failure matrix.

Pure. ``session.step()`` reads it, tests read it, and ``firmware_notes/`` shows it. The rule behind every cell: badge, list,
network and disk never remove power from a running machine; the loss of our own output does (design rule 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from wire.messages import EndReason, OnLoss, RiskClass


class Failure(StrEnum):
    READER_DEAD = "reader_dead"
    STATE_UNWRITABLE = "state_unwritable"  # disk full, card worn out
    PEER_AWAY = "peer_away"  # broker or server
    EFFECT_FAILED = "effect_failed"  # an exception caught anywhere but in driving the output
    OUTPUT_FAILED = "output_failed"  # an exception in driving the output
    LOOP_HUNG = "loop_hung"  # the watchdog then kills the agent
    KILLED = "killed"  # or crashed: state unknown
    CONTACT_OPEN = "contact_open"  # commanded on, and the contact is open
    CONTACT_CLOSED = "contact_closed"  # commanded off, and the contact is closed
    MAINS_BACK = "mains_back"  # after a cut
    METER_SILENT = "meter_silent"  # not measured is not zero
    POWER_WITHOUT_SESSION = "power_without_session"  # by the meter
    SESSION_WITHOUT_POWER = "session_without_power"
    KEY_UNDECLARED = "key_undeclared"  # our contact is bridged, and staff have not said so


class Column(StrEnum):
    """What kind of machine it is, as far as failures go."""

    LOW_HOLD = "low_hold"  # low risk on an actuator that holds by itself
    LOW_PLAIN = "low_plain"  # low risk on a plain relay
    MEDIUM = "medium"
    HIGH = "high"


class Power(StrEnum):
    STAYS = "stays"
    RELEASED = "released"


class NextStart(StrEnum):
    ALLOWED = "allowed"
    DENIED = "denied"  # as long as the failure lasts
    LATCHED = "latched"  # until staff clears it


@dataclass(frozen=True, slots=True)
class Answer:
    """What a failure does to a running machine, to the next start, and to the record of the end."""

    power: Power
    next_start: NextStart
    end: EndReason | None = None
    alarm: bool = True
    estimated: bool = False  # the end is marked so, because what it rests on was not on disk


_GOES_ON = Answer(Power.STAYS, NextStart.DENIED)
_SET_ASIDE = Answer(Power.STAYS, NextStart.LATCHED)
_TOLD = Answer(Power.STAYS, NextStart.ALLOWED)
_LOST = Answer(Power.RELEASED, NextStart.LATCHED, EndReason.OUTPUT_FAILED)
_OFF_AFTER_LOSS = Answer(Power.RELEASED, NextStart.ALLOWED, EndReason.POWER_LOSS)
_NO_POWER = Answer(Power.RELEASED, NextStart.ALLOWED, EndReason.NO_POWER)


def _row(low_hold: Answer, low_plain: Answer, higher: Answer) -> Mapping[Column, Answer]:
    columns = {Column.LOW_HOLD: low_hold, Column.LOW_PLAIN: low_plain, Column.MEDIUM: higher, Column.HIGH: higher}
    return MappingProxyType(columns)


def _same(answer: Answer) -> Mapping[Column, Answer]:
    return _row(answer, answer, answer)


# Only a lost output removes power, and what the contact or the mains took away already (design rule 4).
MATRIX: Mapping[Failure, Mapping[Column, Answer]] = MappingProxyType(
    {
        Failure.READER_DEAD: _same(_GOES_ON),
        Failure.STATE_UNWRITABLE: _same(replace(_GOES_ON, estimated=True)),
        Failure.PEER_AWAY: _same(Answer(Power.STAYS, NextStart.ALLOWED, alarm=False)),
        Failure.EFFECT_FAILED: _same(_SET_ASIDE),
        Failure.OUTPUT_FAILED: _same(_LOST),
        # A holding actuator keeps its own state; its session goes on only where its contact was proven closed throughout.
        Failure.LOOP_HUNG: _row(replace(_OFF_AFTER_LOSS, power=Power.STAYS), _OFF_AFTER_LOSS, _OFF_AFTER_LOSS),
        Failure.KILLED: _row(replace(_OFF_AFTER_LOSS, power=Power.STAYS), _OFF_AFTER_LOSS, _OFF_AFTER_LOSS),
        Failure.CONTACT_OPEN: _same(_NO_POWER),
        Failure.CONTACT_CLOSED: _row(_GOES_ON, _SET_ASIDE, _SET_ASIDE),
        Failure.MAINS_BACK: _same(_OFF_AFTER_LOSS),
        Failure.METER_SILENT: _same(_TOLD),
        Failure.POWER_WITHOUT_SESSION: _same(_TOLD),
        Failure.SESSION_WITHOUT_POWER: _same(_TOLD),
        Failure.KEY_UNDECLARED: _same(_GOES_ON),
    }
)


def column_of(risk: RiskClass, on_loss: OnLoss) -> Column:
    match risk:
        case RiskClass.HIGH:
            return Column.HIGH
        case RiskClass.MEDIUM:
            return Column.MEDIUM
        case RiskClass.LOW:
            return Column.LOW_HOLD if on_loss is OnLoss.HOLD else Column.LOW_PLAIN
