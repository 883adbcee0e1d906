"""Fields that every form needs: a day, a moment on the lab's clock, an amount, a length of time, a reason.

What is typed and what is kept are told apart here: "12,50" is 1250 cents, half past two in Mulhouse is a moment in UTC.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext, lazy_gettext
from markupsafe import Markup, escape
from wtforms import DateField, Field, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import DateTimeLocalInput, TextInput

from server.web.formats import language
from server.web.here import zone

_DAY_FORMATS = ["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"]
_MOMENT_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M"]
_YEARS = range(1900, 2200)  # beyond them computing with days ends; 31/12/9999 means no end elsewhere
_MOST_CENTS = 1_000_000_000  # ten million euros: what comes together of such amounts still fits where it is kept
_MOST_MINUTES = 6_000_000  # a hundred thousand hours
FIRST, SECOND = "first", "second"


class Day(DateField):
    """A day; ``data`` is a date. Browsers send 2026-11-18; typed by hand, 18/11/2026 and 18.11.2026 do too."""

    data: Any  # a date, or None

    def __init__(self, label: Any = None, validators: Sequence[Any] | None = None, **options: Any) -> None:
        super().__init__(label, validators, format=_DAY_FORMATS, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data is not None and self.data.year not in _YEARS:
            self.data = None
            raise ValueError(gettext("Type a day, such as 18/11/2026."))


class _MomentInput(DateTimeLocalInput):
    """The input, and after it the choice between two hours where the clock shows the same one twice."""

    def __call__(self, field: Field, **options: Any) -> Markup:
        moment = super().__call__(field, **options)
        if not (isinstance(field, Moment) and field.twice):
            return moment
        choices = [(FIRST, gettext("the first time, before the clock goes back")), (SECOND, gettext("the second time"))]
        return moment + _select(field, choices)


class Moment(Field):
    """A moment, typed as day and time on the lab's clock; ``data`` is aware and in UTC.

    In the night the clock goes back an hour comes twice: the field asks which. In the night it goes forward an hour is
    left out: the field refuses it and says so.
    """

    widget = _MomentInput()

    def __init__(self, label: Any = None, validators: Sequence[Any] | None = None, **options: Any) -> None:
        super().__init__(label, validators, **options)
        self.data: datetime | None = None
        self.twice = False
        self.which = ""

    def process_data(self, value: datetime | None) -> None:
        self.data = None if value is None else value.astimezone(UTC)
        if value is not None:
            local = value.astimezone(zone())
            self.twice, self.which = _is_twice(local), SECOND if local.fold else FIRST

    def process_formdata(self, valuelist: list[str]) -> None:
        typed, self.which = (valuelist[0].strip() if valuelist else ""), (valuelist[1] if valuelist[1:] else "")
        self.data, self.twice = None, False
        if not typed:
            return
        local = _parsed(typed)
        if local is None:
            raise ValueError(gettext("Type a day and a time, such as 18/11/2026 14:30."))
        self.data = self._in_utc(local.replace(tzinfo=zone()))

    def _in_utc(self, local: datetime) -> datetime:
        if local.astimezone(UTC).astimezone(zone()).replace(fold=0) != local:
            text = gettext(
                "The clock goes forward that night: %(time)s does not exist. Type an hour later.", time=f"{local:%H:%M}"
            )
            raise ValueError(text)
        self.twice = _is_twice(local)
        if self.twice and self.which not in {FIRST, SECOND}:
            text = gettext(
                "The clock goes back that night: it is %(time)s twice. Choose which one.", time=f"{local:%H:%M}"
            )
            raise ValueError(text)
        return local.replace(fold=int(self.twice and self.which == SECOND)).astimezone(UTC)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data.astimezone(zone()):%Y-%m-%dT%H:%M}"

    def raw(self) -> list[str]:
        """What a browser would send for the present value."""
        return [self._value(), self.which] if self.twice else [self._value()]


class Cents(StringField):
    """An amount in euros, typed as "12,50" or "1 284.50"; ``data`` is whole cents."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].strip() if valuelist else ""
        self.data = None
        if typed:
            self.data = _cents(typed)
            if self.data is None:
                raise ValueError(gettext("Type an amount with two decimals, such as 12,50."))
            if abs(self.data) > _MOST_CENTS:
                self.data = None
                raise ValueError(gettext("Type an amount up to ten million euros."))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        mark = "." if language() == "en" else ","
        sign, cents = ("-" if self.data < 0 else ""), abs(self.data)
        return f"{sign}{cents // 100}{mark}{cents % 100:02}"


class Minutes(StringField):
    """A length of time, typed as "90", "1:30", "1 h 30" or "45 min"; ``data`` is whole minutes."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].strip() if valuelist else ""
        self.data = None
        if typed:
            self.data = _minutes(typed)
            if self.data is None:
                raise ValueError(gettext("Type a length of time, such as 45 or 1:30."))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        return str(self.data) if self.data < 60 else f"{self.data // 60}:{self.data % 60:02}"


class Seconds(Minutes):
    """A length of time down to a second, typed as ``Minutes`` or as "30 s"; ``data`` is seconds."""

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].strip() if valuelist else ""
        if found := _SECONDS.fullmatch(typed):
            self.data = int(found[1])
            return
        super().process_formdata(valuelist)
        self.data = None if self.data is None else self.data * 60

    def _value(self) -> str:
        if self.raw_data or self.data is None:
            return super()._value()
        minutes, rest = divmod(self.data, 60)
        if rest:
            return f"{self.data} s"
        return str(minutes) if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}"


class Reason(StringField):
    """Why something is done: one line that stands in the audit trail, so it is never left empty."""

    def __init__(self, label: Any = None, validators: Sequence[Any] | None = None, **options: Any) -> None:
        asked = [InputRequired(lazy_gettext("Say why, in a few words: it is kept with the change.")), Length(max=300)]
        super().__init__(label or lazy_gettext("Reason"), [*asked, *(validators or ())], **options)


def _select(field: "Moment", choices: list[tuple[str, str]]) -> Markup:
    options = Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(
            value, Markup(" selected" if value == field.which else ""), text
        )
        for value, text in choices
    )
    empty = Markup('<option value="">{}</option>').format(gettext("which one?"))
    name, label = escape(field.name), escape(gettext("Which of the two"))
    return Markup('<select name="{}" id="{}-which" aria-label="{}">{}{}</select>').format(
        name, field.id, label, empty, options
    )


def _is_twice(local: datetime) -> bool:
    """Whether the lab's clock shows this hour twice."""
    first, second = local.replace(fold=0), local.replace(fold=1)
    return first.utcoffset() != second.utcoffset() and first.astimezone(UTC) < second.astimezone(UTC)


def _parsed(typed: str) -> datetime | None:
    for form in _MOMENT_FORMATS:
        try:
            moment = datetime.strptime(typed, form)  # noqa: DTZ007 — the caller says which zone
        except ValueError:
            continue
        return moment if moment.year in _YEARS else None
    return None


_WHOLE = r"(?:\d+|\d{1,3}(?:[ \u00a0\u202f'’.,]\d{3})+(?=[.,]\d{1,2}$)|\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+)"
_AMOUNT = re.compile(rf"([-\u2212]?)\s*({_WHOLE})(?:[.,](\d{{1,2}}))?")


def _cents(typed: str) -> int | None:
    """None where it is not clear. "1.284" is: thousands to a German, a slip of the finger to others."""
    found = _AMOUNT.fullmatch(typed.replace("€", "").strip())
    if found is None:
        return None
    sign, whole, part = found.groups()
    cents = int(re.sub(r"\D", "", whole)) * 100 + int((part or "").ljust(2, "0"))
    return -cents if sign else cents


_SECONDS = re.compile(r"(\d{1,6})\s*s", re.IGNORECASE)
_LENGTH = re.compile(r"(?:(\d+)\s*(?:h|:))?\s*(?:(\d+)\s*(?:min|m|h)?)?", re.IGNORECASE)


def _minutes(typed: str) -> int | None:
    found = _LENGTH.fullmatch(typed)
    if found is None or found.groups() == (None, None):
        return None
    hours, minutes = (int(part or 0) for part in found.groups())
    if found[1] is not None and minutes > 59:
        return None
    length = hours * 60 + minutes
    return length if length <= _MOST_MINUTES else None
