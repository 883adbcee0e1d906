"""The rules of a machine: what its agent must understand to enforce them, and which of them contradict each other."""

from collections.abc import Collection, Iterable, Iterator

from server.domain.facts import PayerRuleFact
from server.domain.refusals import Refusal
from wire.messages import (
    BOOKINGS,
    BYPASS,
    CARD_STAYS,
    CLASSES,
    CONFIRMED_END,
    CONTINUATION,
    COOL_DOWN,
    DATED_DENIALS,
    EXTENSION,
    IDLE_END,
    IDLE_WARNING,
    MAXIMUM_CUT,
    MAXIMUM_WARN,
    OPENING_HOURS,
    PAYER_CHOICE,
    PAYER_RULES,
    PRESS_TO_START,
    SUPERVISION,
    TAKE_OVER,
    TOKEN_ENDS,
    TWO_PERSONS,
    Level,
    MachineEntry,
    OnMaximum,
    PayerCard,
    Policy,
)


class RuleClash(Refusal):
    """Two rules that cannot both hold. ``rule`` names the field of the policy that should give way."""

    def __init__(self, rule: str, sentence: str) -> None:
        super().__init__(sentence)
        self.rule = rule


def requires(
    entry: MachineEntry,
    cards: Iterable[PayerCard] = (),
    payer_rules: Collection[PayerRuleFact] = (),
    tokens_end: bool = False,
) -> tuple[str, ...]:
    """The features that an agent must know to gate this machine, in a fixed order. What is off is not named, and neither are
    badges of staff and masters, and log only: an agent that knows nothing of them permits less, not more."""
    policy = entry.policy
    used = {
        CONFIRMED_END: True,
        MAXIMUM_WARN: policy.max_s is not None and policy.on_max is OnMaximum.WARN,
        MAXIMUM_CUT: policy.max_s is not None and policy.on_max is OnMaximum.CUT,
        OPENING_HOURS: entry.open is not None,
        PRESS_TO_START: policy.press_s is not None,
        CARD_STAYS: policy.removal_s is not None,
        IDLE_WARNING: policy.idle_warn_s is not None,
        IDLE_END: policy.idle_end_s is not None,
        COOL_DOWN: bool(policy.cooldown_s),
        TAKE_OVER: policy.takeover_s is not None,
        EXTENSION: bool(policy.extend_s and policy.extend_times),
        PAYER_CHOICE: bool(policy.payer_s),
        CONTINUATION: bool(policy.continue_s),
        BYPASS: entry.bypass is not None,
        DATED_DENIALS: bool(entry.denied),
        BOOKINGS: bool(entry.booked),
        SUPERVISION: bool(policy.supervise_s) or any(one.level == Level.SUPERVISED for one in entry.may),
        TWO_PERSONS: policy.second_s is not None,
        CLASSES: bool(entry.lessons),
        PAYER_RULES: bool(payer_rules) or any(card.machines is not None or card.open is not None for card in cards),
        TOKEN_ENDS: tokens_end,
    }
    return tuple(feature for feature, is_used in used.items() if is_used)


def clashes(policy: Policy) -> Iterator[RuleClash]:
    """Every contradiction between the rules of one machine."""
    yield from _of_idling(policy)
    yield from _of_the_card(policy)
    yield from _of_extension(policy)
    yield from _of_two_persons(policy)


def _of_idling(policy: Policy) -> Iterator[RuleClash]:
    if policy.idle_end_s and policy.idle_warn_s and policy.idle_end_s <= policy.idle_warn_s:
        yield RuleClash("idle_end_s", "It would end before it warns: the end comes after the warning.")
    if policy.takeover_s and policy.idle_end_s and policy.takeover_s >= policy.idle_end_s:
        yield RuleClash("takeover_s", "The session has ended by then: taking over comes before the end.")


def _of_the_card(policy: Policy) -> Iterator[RuleClash]:
    if policy.removal_s is not None and policy.extend_times:
        yield RuleClash("extend_times", "While a card stays in, no tap can ask for more time: choose one of the two.")
    if policy.removal_s is not None and policy.takeover_s:
        yield RuleClash("takeover_s", "While a card stays in, nobody else can badge: choose one of the two.")


def _of_extension(policy: Policy) -> Iterator[RuleClash]:
    if (policy.extend_s or policy.extend_times) and policy.max_s is None:
        yield RuleClash("extend_s", "There is no longest time to extend: set one, or leave this empty.")
    elif bool(policy.extend_s) is not bool(policy.extend_times):
        yield RuleClash("extend_times", "Say both: how much longer, and how often.")


def _of_two_persons(policy: Policy) -> Iterator[RuleClash]:
    if policy.again_s and policy.second_s is None:
        yield RuleClash("again_s", "No second person is asked for: set that first, or leave this empty.")
    if policy.removal_s is not None and (policy.second_s is not None or policy.supervise_s):
        yield RuleClash("removal_s", "While a card stays in, no second person can badge: choose one of the two.")
