"""What contracts refuse, in a sentence for the one who asked."""

from server.domain.refusals import Refusal


class ContractError(Refusal):
    """What was asked cannot be done now; nothing was changed."""
