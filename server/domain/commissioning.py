"""The tests a machine passes before its first use through the box, and after each change. Pure.

The list is the commissioning sheet of ``firmware_notes/commissioning.md``, where each line says how it is done and what is
expected; here each has a short name, so that a record stays readable when the sheet changes.
"""

from dataclasses import dataclass
from enum import StrEnum

from wire.messages import RiskClass


class Why(StrEnum):
    """What a new record is asked for."""

    NEW = "new"  # it never had one
    AGENT = "agent"  # another Pi gates it
    RISK = "risk"  # its risk class was raised
    RELAY = "relay"
    CONTACTOR = "contactor"
    WIRING = "wiring"
    SETTINGS = "settings"  # pins, meter or actuator in the agent's file
    FAILED = "failed"  # the last record has a line that failed


DECLARED = (Why.RELAY, Why.CONTACTOR, Why.WIRING, Why.SETTINGS)  # what only people know


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    CROSSED_OUT = "crossed_out"  # does not apply; the remark says why


class SheetTest(StrEnum):
    """In the order of the sheet."""

    SAFETY_CIRCUIT = "safety_circuit"
    PROTECTIVE_CONDUCTOR = "protective_conductor"
    DOCTOR = "doctor"
    RELAY_AND_FEEDBACK = "relay_and_feedback"
    OPEN_WHILE_BOOTING = "open_while_booting"
    OPEN_AFTER_STOP = "open_after_stop"
    OPEN_AFTER_KILL = "open_after_kill"
    OPEN_AFTER_HANG = "open_after_hang"
    OPEN_AFTER_LOSS = "open_after_loss"
    NETWORK = "network"
    PERMIT_STARTS_NOTHING = "permit_starts_nothing"
    NO_VOLT_RELEASE = "no_volt_release"
    STOP_BY_WIRE = "stop_by_wire"
    STOP_RESET = "stop_reset"
    STOP_INFORMATION = "stop_information"
    STOP_WIRE_OPEN = "stop_wire_open"
    NO_POWER = "no_power"
    WELDED = "welded"
    END_OF_SESSION = "end_of_session"
    CARD_STAYS = "card_stays"
    METER = "meter"
    METER_LIVE = "meter_live"
    POWER_WITHOUT_SESSION = "power_without_session"
    PLUG = "plug"
    READER = "reader"
    REFUSALS = "refusals"
    PANEL = "panel"
    LAMP = "lamp"
    PROBLEM = "problem"
    BYPASS = "bypass"
    OUT_OF_SERVICE = "out_of_service"
    CLOCK = "clock"
    LABELS = "labels"
    SERVER_KNOWS = "server_knows"


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line of the sheet as it was filled in."""

    test: SheetTest
    result: Result
    remark: str = ""


def needs_record(risk: RiskClass) -> bool:
    return risk is not RiskClass.LOW


def missing(tested: tuple[SheetLine, ...]) -> tuple[SheetTest, ...]:
    """The tests nobody has said anything of."""
    said = {one.test for one in tested}
    return tuple(test for test in SheetTest if test not in said)


def failed(tested: tuple[SheetLine, ...]) -> tuple[SheetTest, ...]:
    """A line that fails: the machine stays out of service."""
    return tuple(one.test for one in tested if one.result is Result.FAILED)


def without_reason(tested: tuple[SheetLine, ...]) -> tuple[SheetTest, ...]:
    """What is crossed out says why."""
    return tuple(one.test for one in tested if one.result is Result.CROSSED_OUT and not one.remark.strip())


_HEIGHT = {RiskClass.LOW: 0, RiskClass.MEDIUM: 1, RiskClass.HIGH: 2}


def is_raised(before: RiskClass, after: RiskClass) -> bool:
    return _HEIGHT[after] > _HEIGHT[before]
