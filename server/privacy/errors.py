"""What is refused here, in a sentence for the one who asked."""

from server.domain.refusals import Refusal


class PrivacyError(Refusal):
    """What was asked about people's data cannot be done."""
