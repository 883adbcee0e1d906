"""What is asked to book a machine, to declare an outage, and to give something back."""

from flask_babel import gettext, lazy_gettext
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from server.web.forms import Form, Moment

_QUARTERS = {"step": 900}


class SpanForm(Form):
    begins = Moment(lazy_gettext("From"), [InputRequired()], render_kw=_QUARTERS)
    ends = Moment(lazy_gettext("To"), [InputRequired()], render_kw=_QUARTERS)

    def validate_ends(self, field: Moment) -> None:
        if self.begins.data is not None and field.data is not None and field.data <= self.begins.data:
            raise ValidationError(gettext("It would end before it begins."))


class BookForm(SpanForm):
    note = StringField(lazy_gettext("What for"), [Optional(), Length(max=120)])


class OutageForm(SpanForm):
    """``seen``: the bookings it meets, as they were shown before."""

    note = StringField(lazy_gettext("Why"), [InputRequired(), Length(max=120)])
    seen = HiddenField()


class BackForm(Form):
    """Giving back what one has booked oneself."""
