"""What became of a sign-off, and why, in words."""

from flask_babel import lazy_gettext

from server.domain.signing import Reason, State

STATES = {
    State.DONE: lazy_gettext("given"),
    State.PENDING: lazy_gettext("waits for the checklist"),
    State.LAPSED: lazy_gettext("lapsed: supervised use only"),
    State.REFUSED: lazy_gettext("refused"),
}
REASONS = {
    Reason.SELF: lazy_gettext("Both badges belong to the same person. Nobody signs himself off."),
    Reason.NO_MACHINE: lazy_gettext("The machine is not in the books any more."),
    Reason.NO_LEARNER: lazy_gettext("The second badge belongs to nobody in the lab."),
    Reason.NOT_A_TRAINER: lazy_gettext("The first badge is not that of a trainer for this machine."),
    Reason.HELD_ALREADY: lazy_gettext("The learner had everything already."),
    Reason.NOT_GIVEN: lazy_gettext("Something it needs is missing, or it was revoked since."),
}
