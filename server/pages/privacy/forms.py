"""What is asked about how long things are kept, what is held, what somebody asked, and who answers."""

from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from server.domain.retention import Rule
from server.pages.privacy import words
from server.privacy.requests import Asks
from server.web.forms import Day, Form, Moment, Reason


class RuleForm(Form):
    """How long, within the bounds of the class."""

    keep = IntegerField(lazy_gettext("Keep for"), [InputRequired()])
    reason = Reason()

    def bound_by(self, rule: Rule) -> None:
        self._bounds = (rule.lowest, rule.highest)

    def validate_keep(self, field: Any) -> None:
        lowest, highest = self._bounds
        if field.data is None or not lowest <= field.data <= highest:
            raise ValidationError(
                gettext("Type a number from %(lowest)s to %(highest)s.", lowest=lowest, highest=highest)
            )


class HoldMachineForm(Form):
    machine = SelectField(lazy_gettext("Machine"), [InputRequired()])
    since = Moment(lazy_gettext("From"), [Optional()])
    until = Moment(lazy_gettext("Until"), [Optional()])
    reason = Reason()


class DecisionForm(Form):
    decision = Reason(lazy_gettext("What was decided"))


class RequestForm(Form):
    kind = SelectField(lazy_gettext("What is asked for"), choices=[(one.value, words.ASKS[one]) for one in Asks])
    subject = StringField(lazy_gettext("Who asks"), [Optional(), Length(max=120)])
    received = Day(lazy_gettext("Received on"), [InputRequired()])
    note = TextAreaField(lazy_gettext("Note"), [Optional(), Length(max=2000)])


class AnswerForm(Form):
    answer = TextAreaField(lazy_gettext("What was answered"), [InputRequired(), Length(max=4000)])


class ControllerForm(Form):
    name = StringField(lazy_gettext("Name"), [InputRequired(), Length(max=200)])
    address = TextAreaField(lazy_gettext("Address"), [InputRequired(), Length(max=300)])
    contact = StringField(lazy_gettext("Contact about personal data"), [InputRequired(), Length(max=200)])
    officer = StringField(lazy_gettext("Data protection officer"), [Optional(), Length(max=200)])
    authority = TextAreaField(lazy_gettext("Supervisory authority"), [InputRequired(), Length(max=200)])
    informed = TextAreaField(lazy_gettext("Representatives of staff"), [Optional(), Length(max=300)])
