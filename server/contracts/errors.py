"""What contracts refuse, in a sentence for the one who asked."""

from datetime import date

from server.domain.refusals import Refusal


class ContractError(Refusal):
    """What was asked cannot be done now; nothing was changed."""


def refuse_billed(day: date, billed_until: date | None) -> None:
    """What bills say already is not agreed anew. ``billed_until``: the last day that stands on one."""
    if billed_until is not None and day <= billed_until:
        raise ContractError("Until %(day)s it is billed already: choose a later day.", day=billed_until)
