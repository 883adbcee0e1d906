"""The closed lists that both sides share: reasons, ends, states, wishes, and the names of the rules a machine may have.

Each grows by new words only: the server stores what it does not know, and an agent that does not know a rule of a machine takes
that machine out of service.
"""

from enum import StrEnum

PROTOCOL = 1


class DenialReason(StrEnum):
    """Why a tap does not start a machine. The first block denies outright, the second closes one payer (design rule 11)."""

    UNKNOWN_TOKEN = "unknown_token"
    TOKEN_BLOCKED = "token_blocked"
    TOKEN_EXPIRED = "token_expired"
    HOLDER_BLOCKED = "holder_blocked"
    QUALIFICATION_MISSING = "qualification_missing"
    QUALIFICATION_EXPIRED = "qualification_expired"
    QUALIFICATION_REVOKED = "qualification_revoked"
    SUPERVISED_ONLY = "supervised_only"  # starts with a trainer's badge beside
    SHEET_NOT_ACCEPTED = "sheet_not_accepted"  # the safety sheet has changed, or was never accepted
    FRAME_REQUIRED = "frame_required"  # only in a declared training frame; says nothing about anybody's age
    OUTSIDE_HOURS = "outside_hours"
    BOOKED = "booked"  # by somebody else, or an outage is planned
    NOT_COMMISSIONED = "not_commissioned"  # no commissioning record, or one from before a change
    CHECK_OVERDUE = "check_overdue"  # a check the law asks for
    OUT_OF_SERVICE = "out_of_service"
    MAINTENANCE = "maintenance"
    LATCHED = "latched"
    PROBLEM_REPORTED = "problem_reported"  # somebody pressed "report a problem"
    EMERGENCY_STOP = "emergency_stop"  # pressed, or its wire is broken
    BYPASSED = "bypassed"  # staff bridges our contact with the key-switch
    FAULT = "fault"
    SECOND_PERSON = "second_person"  # two persons are asked for, and the second badge did not come
    PIN_WRONG = "pin_wrong"  # of a master badge
    IN_USE = "in_use"
    LIST_MISSING = "list_missing"
    LIST_EXPIRED = "list_expired"
    CLOCK_NOT_SET = "clock_not_set"
    AGENT_UPDATE_NEEDED = "agent_update_needed"

    MEMBERSHIP_ENDED = "membership_ended"
    TENANT_SUSPENDED = "tenant_suspended"
    CONTRACT_ENDED = "contract_ended"
    BUDGET_REACHED = "budget_reached"
    PAYER_NOT_HERE = "payer_not_here"  # it does not pay for this machine, or not at this hour


PAYER_REASONS = frozenset(
    {
        DenialReason.MEMBERSHIP_ENDED,
        DenialReason.TENANT_SUSPENDED,
        DenialReason.CONTRACT_ENDED,
        DenialReason.BUDGET_REACHED,
        DenialReason.PAYER_NOT_HERE,
    }
)


class EndReason(StrEnum):
    """What ended a session (design rule 4)."""

    HOLDER = "holder"  # the holder's confirmed tap
    STAFF = "staff"  # an explicit stop by staff
    MAX_DURATION = "max_duration"  # where policy says cut
    POWER_LOSS = "power_loss"  # the agent came back and found a session it had not ended
    NO_POWER = "no_power"  # commanded on, contact open
    OUTPUT_FAILED = "output_failed"  # driving the pin raised
    SHUTDOWN = "shutdown"  # the agent was stopped in order
    CARD_REMOVED = "card_removed"  # where the card stays in
    IDLE = "idle"  # idle end by policy, read from a live meter
    TAKEN_OVER = "taken_over"  # by another holder, while idle; ends at the last activity
    EMERGENCY_STOP = "emergency_stop"
    CLASS_OVER = "class_over"  # a class that a trainer opened, at its hour


class TimeQuality(StrEnum):
    """How far a wall time may be trusted: NTP-synchronised, computed back from a later synchronisation, or guessed."""

    SYNCED = "synced"
    ANCHORED = "anchored"
    ESTIMATED = "estimated"


class Level(StrEnum):
    """How far a qualification reaches at a machine."""

    SUPERVISED = "supervised"  # with a trainer's badge beside
    ALONE = "alone"
    TRAINER = "trainer"  # alone, and may supervise and sign off others


class RiskClass(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Service(StrEnum):
    """What staff want of a machine (a wish, carried in the list)."""

    IN = "in"
    OUT = "out"
    OUT_AFTER_JOB = "out_after_job"
    MAINTENANCE = "maintenance"


class Taken(StrEnum):
    """What staff can take away: a right of somebody's, or a machine from everybody."""

    TOKEN = "token"  # blocked: lost or withdrawn
    RETURNED_TOKEN = "returned_token"
    MASTER = "master"  # a master badge: its badge is an ordinary one now
    HOLDER = "holder"
    QUALIFICATION = "qualification"
    MEMBERSHIP = "membership"
    TENANT = "tenant"
    OUT_OF_SERVICE = "out_of_service"
    MAINTENANCE = "maintenance"


class OnMaximum(StrEnum):
    WARN = "warn"
    CUT = "cut"


class Shows(StrEnum):
    """What the panel may tell bystanders about a payer's terms."""

    PRICE = "price"
    TIME_LEFT = "time_left"
    NOTHING = "nothing"


class OnLoss(StrEnum):
    """What the actuator does when its agent dies: fall open, or hold by itself."""

    OFF = "off"
    HOLD = "hold"


class MachineState(StrEnum):
    IDLE = "idle"
    ARMED = "armed"  # a badge was accepted; the box's button has not been pressed yet
    RUNNING = "running"
    COOLING = "cooling"  # the use is over, power is kept for extraction or nozzle
    ENDING = "ending"
    OUT_OF_SERVICE = "out_of_service"
    MAINTENANCE = "maintenance"


# Policy features this version of the wire names. An agent that does not know one takes that machine out of service.
CONFIRMED_END = "confirmed_end"
MAXIMUM_WARN = "maximum_warn"
MAXIMUM_CUT = "maximum_cut"
OPENING_HOURS = "opening_hours"
PRESS_TO_START = "press_to_start"
CARD_STAYS = "card_stays"
IDLE_WARNING = "idle_warning"
IDLE_END = "idle_end"
COOL_DOWN = "cool_down"
TAKE_OVER = "take_over"
EXTENSION = "extension"
PAYER_CHOICE = "payer_choice"
CONTINUATION = "continuation"
BYPASS = "bypass"
DATED_DENIALS = "dated_denials"
BOOKINGS = "bookings"
SUPERVISION = "supervision"
TWO_PERSONS = "two_persons"
CLASSES = "classes"
PAYER_RULES = "payer_rules"
TOKEN_ENDS = "token_ends"
LOW_RISK_ONLY = "low_risk_only"  # no rule, but what a box may lack: its actuator goes on without its agent
FEATURES = frozenset(
    {
        CONFIRMED_END,
        MAXIMUM_WARN,
        MAXIMUM_CUT,
        OPENING_HOURS,
        PRESS_TO_START,
        CARD_STAYS,
        IDLE_WARNING,
        IDLE_END,
        COOL_DOWN,
        TAKE_OVER,
        EXTENSION,
        PAYER_CHOICE,
        CONTINUATION,
        BYPASS,
        DATED_DENIALS,
        BOOKINGS,
        SUPERVISION,
        TWO_PERSONS,
        CLASSES,
        PAYER_RULES,
        TOKEN_ENDS,
    }
)
