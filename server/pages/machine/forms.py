"""What staff may ask of a machine from its page. Nothing here closes a permit: only a badge at the machine does."""

from flask_babel import lazy_gettext
from wtforms import HiddenField, IntegerField, RadioField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import HiddenInput

from server.pages.machines.words import SERVICES
from server.web.forms import Form, Moment, Reason


class ServiceForm(Form):
    service = RadioField(
        lazy_gettext("The machine is"), choices=[(service.value, name) for service, name in SERVICES.items()]
    )
    note = StringField(lazy_gettext("Shown on the panel"), [Length(max=60)])


class BypassForm(Form):
    who = StringField(lazy_gettext("Who bridges it"), [InputRequired(), Length(max=60)])
    until = Moment(lazy_gettext("Until"), [InputRequired()])
    reason = Reason()


class EndForm(Form):
    """``session`` is the one that was seen running: another one that has begun since is not meant."""

    session = HiddenField()
    reason = Reason()


class ClearForm(Form):
    """``upto`` is the newest event when the stop was looked at: what stops the machine after it is not meant."""

    upto = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    reason = Reason()
