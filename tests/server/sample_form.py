"""A form with one field of each kind, and what a browser would send for it."""

from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from server.web.forms import Cents, Day, Form, Minutes, Moment


class Everything(Form):
    name = StringField("Name", [InputRequired(), Length(max=10)])
    price = Cents("Price", [Optional(), NumberRange(min=0)])
    day = Day("Day", [Optional()])
    at = Moment("At", [Optional()])
    long = Minutes("Long", [Optional()])
    room = SelectField("Room", choices=[("hall", "Hall"), ("laser", "Laser")], default="hall")
    skills = SelectMultipleField("Skills", choices=[("mill", "Milling"), ("weld", "Welding")])
    offline = BooleanField("Offline")


def sent(**values: Any) -> MultiDict[str, str]:
    pairs = [(name, one) for name, value in values.items() for one in (value if isinstance(value, list) else [value])]
    return MultiDict(pairs)
