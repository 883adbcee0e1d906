"""From which day something no longer holds: a price, a cell of the VAT table."""

from flask_babel import lazy_gettext
from wtforms.validators import InputRequired

from server.web.forms import Day, Form, Reason


class EndForm(Form):
    """From which day something no longer holds, and why."""

    until = Day(lazy_gettext("No longer from"), [InputRequired()])
    reason = Reason()
