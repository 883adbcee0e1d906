"""What is asked about months and documents: the day on which something was paid, and what somebody agrees to issue."""

from flask_babel import lazy_gettext
from wtforms import IntegerField
from wtforms.validators import InputRequired
from wtforms.widgets import HiddenInput

from server.web.forms import Day, Form


class PaidForm(Form):
    day = Day(lazy_gettext("Paid on"), [InputRequired()])


class IssueForm(Form):
    """How many documents, and what they come to: as the one who agrees has seen them."""

    number = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    gross_cents = IntegerField(validators=[InputRequired()], widget=HiddenInput())
