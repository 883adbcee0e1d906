"""What is asked when somebody decides about a session, or enters one by hand: a moment, a reason."""

from flask_babel import lazy_gettext
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired

from server.domain.decisions import Free
from server.pages.sessions.words import FREE
from server.web.forms import Form, Moment, Reason


class EndForm(Form):
    """Until when a session counts."""

    ended_at = Moment(lazy_gettext("It counts until"), [InputRequired()])
    reason = Reason()


class FreeForm(Form):
    """Why it is not charged."""

    free = RadioField(lazy_gettext("Why not"), [InputRequired()], choices=[(one.value, FREE[one]) for one in Free])
    reason = Reason()


class ByHandForm(Form):
    """A use that no agent has told of, of somebody who is known already."""

    machine = SelectField(lazy_gettext("Machine"), [InputRequired()])
    payer = SelectField(lazy_gettext("Charged to"), [InputRequired()])
    start = Moment(lazy_gettext("From"), [InputRequired()])
    end = Moment(lazy_gettext("To"), [InputRequired()])
    reason = Reason()
