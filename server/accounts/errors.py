"""What cannot be done with an account, in a sentence."""

from server.domain.refusals import Refusal


class AccountError(Refusal):
    """What was asked of an account cannot be done; the text is a sentence for whoever asked."""
