"""The fields of the form of a price that stand in it several times: parts, and in each of them lines of hours and tiers.

They are given to the form by ``give_fields``, under flat names: ``p2_cents`` is the price of the second part.
"""

from collections.abc import Iterator
from datetime import time
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import NumberRange, Optional
from wtforms.widgets import HiddenInput, TextInput

from server.domain.nights import END_OF_DAY
from server.domain.tariffs import Basis, Span
from server.pages.machines.week import clock_time
from server.pages.machines.words import time_of_day
from server.pages.prices.sentences import BASES, OVER
from server.web.forms import Cents, Seconds

PARTS, HOURS, TIERS = 4, 8, 5  # one part for each kind of time there is
HOUR_S, USUAL_STEP_S = 3600, 900
POSITIVE = NumberRange(min=0, message=lazy_gettext("Not below zero."))
_NOT_ZERO = NumberRange(min=1, message=lazy_gettext("A second at least."))
HOUR_LINES = {part: [f"p{part}_h{line}" for line in range(1, HOURS + 1)] for part in range(1, PARTS + 1)}
TIER_LINES = {part: [f"p{part}_t{line}" for line in range(1, TIERS + 1)] for part in range(1, PARTS + 1)}


class UsualIfEmpty(Optional):
    """What is left empty is as usual: nobody needs to be told that it is optional."""

    def __init__(self) -> None:
        super().__init__()
        self.field_flags: dict[str, bool] = {}


class Clock(StringField):
    """A time of the day, typed as "8", "8:30" or "24:00"; ``data`` is how it is written, ``at`` the time."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].strip() if valuelist else ""
        found = clock_time(typed) if typed else None
        if typed and found is None:
            self.data = None
            raise ValueError(gettext("Type a time, such as 14:30."))
        self.data = None if found is None else time_of_day(END_OF_DAY if typed.startswith("24") else found)

    @property
    def at(self) -> time:
        found = None if self.data is None or self.data == "24:00" else clock_time(self.data)
        return END_OF_DAY if found is None else found


def more_of(part: int) -> list[str]:
    """The fields of a part besides its price, unit, steps and kind of time."""
    lines = (*HOUR_LINES[part], *TIER_LINES[part])
    return [f"p{part}_free", f"p{part}_least", *(name for line in lines for name in fields_of(line))]


def fields_of(line: str) -> list[str]:
    ends = ("days", "from", "to", "cents") if "_h" in line else ("after", "cents")
    return [f"{line}_{end}" for end in ends]


def _part_fields(part: int) -> Iterator[tuple[str, Any]]:
    """The first part's fields bear plain names; the others say which part they are of."""

    def named(plain: Any, numbered: Any) -> Any:
        return plain if part == 1 else numbered

    first = named(lazy_gettext("Which time"), lazy_gettext("Which time, part %(part)s", part=part))
    yield "basis", SelectField(first, choices=[(one.value, BASES[one]) for one in Basis], default=Basis.OCCUPIED.value)
    cents = named(lazy_gettext("Price"), lazy_gettext("Price, part %(part)s", part=part))
    yield "cents", Cents(cents, [Optional(), POSITIVE])
    per = named(lazy_gettext("For how long"), lazy_gettext("For how long, part %(part)s", part=part))
    yield "per", Seconds(per, [UsualIfEmpty(), _NOT_ZERO], default=HOUR_S)
    step = named(lazy_gettext("Billed in steps of"), lazy_gettext("Billed in steps of, part %(part)s", part=part))
    yield "step", Seconds(step, [UsualIfEmpty(), _NOT_ZERO], default=USUAL_STEP_S)
    free = named(lazy_gettext("Free at the beginning"), lazy_gettext("Free at the beginning, part %(part)s", part=part))
    yield "free", Seconds(free, [Optional()])
    least = named(lazy_gettext("Billed at least"), lazy_gettext("Billed at least, part %(part)s", part=part))
    yield "least", Seconds(least, [Optional()])
    yield "over", SelectField(lazy_gettext("Counted over"), choices=list(OVER.items()), default=Span.SESSION.value)
    yield "hours", IntegerField(validators=[Optional()], widget=HiddenInput())
    yield "tiers", IntegerField(validators=[Optional()], widget=HiddenInput())


def _hour_fields(line: int) -> Iterator[tuple[str, Any]]:
    yield "days", SelectMultipleField(lazy_gettext("Days, line %(line)s", line=line), coerce=int)
    yield "from", Clock(lazy_gettext("From, line %(line)s", line=line))
    yield "to", Clock(lazy_gettext("To, line %(line)s", line=line))
    yield "cents", Cents(lazy_gettext("Price, line %(line)s", line=line), [Optional(), POSITIVE])


def _tier_fields(line: int) -> Iterator[tuple[str, Any]]:
    yield "after", Seconds(lazy_gettext("After, line %(line)s", line=line), [Optional(), _NOT_ZERO])
    yield "cents", Cents(lazy_gettext("Price, line %(line)s", line=line), [Optional(), POSITIVE])


def give_fields(form: Any) -> None:
    """To the class of a form."""
    for part in range(1, PARTS + 1):
        for name, field in _part_fields(part):
            setattr(form, f"p{part}_{name}", field)
        for line in range(1, HOURS + 1):
            for name, field in _hour_fields(line):
                setattr(form, f"p{part}_h{line}_{name}", field)
        for line in range(1, TIERS + 1):
            for name, field in _tier_fields(line):
                setattr(form, f"p{part}_t{line}_{name}", field)
