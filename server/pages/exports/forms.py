"""What is asked about accounts: which one, for what, from which day on, and why."""

from flask_babel import lazy_gettext
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from server.web.forms import Day, Form, Reason


class AccountForm(Form):
    what = SelectField(lazy_gettext("What is booked on it"))
    account = StringField(lazy_gettext("Account"), [InputRequired(), Length(max=20)])
    since = Day(lazy_gettext("From"), [InputRequired()])
    reason = Reason()
