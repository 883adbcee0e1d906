"""What billing refuses, in a sentence for the one who asked."""

from server.domain.refusals import Refusal


class BillingError(Refusal):
    """What was asked cannot be done now; nothing was changed."""


class DamagedDocumentError(RuntimeError):
    """A stored document is not what was issued. Nobody's input is wrong: somebody must look at the disk."""
