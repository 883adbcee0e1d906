"""What is asked about courses and classes."""

from flask_babel import lazy_gettext
from wtforms import BooleanField, IntegerField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from server.courses.service import OPEN, ORDERED, CourseFacts
from server.pages.instruction.forms import NAMES
from server.web.forms import Cents, Form, Minutes, Moment
from wire.messages import Level

NATURES = {
    OPEN: lazy_gettext("open course: each person pays"),
    ORDERED: lazy_gettext("ordered by a tenant: it pays once for everybody"),
}
LEVELS = {
    Level.ALONE.value: lazy_gettext("alone"),
    Level.SUPERVISED.value: lazy_gettext("supervised"),
    Level.TRAINER.value: lazy_gettext("trainer"),
}


class CourseForm(Form):
    title = StringField(lazy_gettext("Title"), [InputRequired(), Length(max=120)])
    skills = SelectMultipleField(lazy_gettext("Leads to"))
    level = SelectField(lazy_gettext("At the level"), choices=list(LEVELS.items()))
    trainer = SelectField(lazy_gettext("Trainer"))
    language = SelectField(lazy_gettext("Language"), choices=list(NAMES.items()))
    minutes = Minutes(lazy_gettext("Length"), [InputRequired()])
    capacity = IntegerField(lazy_gettext("Seats"), [InputRequired(), NumberRange(1, 500)])
    price_cents = Cents(lazy_gettext("Price"), [Optional()])
    nature = RadioField(lazy_gettext("Who pays"), choices=list(NATURES.items()), default=OPEN)
    is_open = BooleanField(lazy_gettext("People may enrol by themselves"))

    def facts(self) -> CourseFacts:
        return CourseFacts(
            title=self.title.data or "",
            skills=tuple(self.skills.data or ()),
            level=self.level.data,
            price_cents=max(0, self.price_cents.data or 0),
            nature=self.nature.data or OPEN,
            capacity=self.capacity.data or 1,
            trainer=int(self.trainer.data) if self.trainer.data else None,
            language=self.language.data,
            minutes=self.minutes.data or 0,
            is_open=bool(self.is_open.data),
        )


class DateForm(Form):
    begins = Moment(lazy_gettext("Begins"), [InputRequired()])
    place = StringField(lazy_gettext("Place"), [Optional(), Length(max=120)])
    payer = SelectField(lazy_gettext("Ordered by"))


class SeatForm(Form):
    """Who is given a seat, or gives it back."""

    person = IntegerField(lazy_gettext("Person"), [InputRequired()])


class LessonForm(Form):
    title = StringField(lazy_gettext("For whom"), [InputRequired(), Length(max=120)])
    trainer = SelectField(lazy_gettext("Trainer"), [InputRequired()])
    payer = SelectField(lazy_gettext("Who pays"), [InputRequired()])
    begins = Moment(lazy_gettext("From"), [InputRequired()])
    ends = Moment(lazy_gettext("Until"), [InputRequired()])
    machines = SelectMultipleField(lazy_gettext("Machines"))
