"""What is asked about the fitness of machines: closures, the commissioning sheet, checks and their reports, identity."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import FileStorage
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from server.care.checks import Asked, Found
from server.care.commissioning import Sheet
from server.care.papers import Sent
from server.domain.checks import CheckKind, CheckResult
from server.domain.commissioning import Result, SheetLine, SheetTest
from server.machines.closures import Closed
from server.machines.identity import Identity
from server.pages.care import words
from server.pages.machines.words import RISKS
from server.web.fields import Moment
from server.web.forms import Day, Form, Reason
from server.web.here import zone
from wire.messages import RiskClass


class Papers(MultipleFileField):
    """Photos and PDFs; ``sent`` reads them."""

    def sent(self) -> list[Sent]:
        files = [one for one in self.data or () if isinstance(one, FileStorage) and one.filename]
        return [Sent(one.filename or "", one.read()) for one in files]


class ClosureForm(Form):
    """Whole days, or from one time to another."""

    name = StringField(lazy_gettext("Why"), [InputRequired(), Length(max=80)])
    category = SelectField(lazy_gettext("Which machines"))
    first_day = Day(lazy_gettext("First day"), [InputRequired()])
    begins = TimeField(lazy_gettext("From"), [Optional()])
    last_day = Day(lazy_gettext("Last day"), [InputRequired()])
    ends = TimeField(lazy_gettext("Until"), [Optional()])

    def offer(self, categories: Sequence[str]) -> None:
        self.category.choices = [("", gettext("all machines")), *((name, name) for name in categories)]

    def closed(self) -> Closed:
        first = datetime.combine(_day(self.first_day), self.begins.data or time(), zone())
        if self.ends.data:
            last = datetime.combine(_day(self.last_day), self.ends.data, zone())
        else:
            last = datetime.combine(_day(self.last_day) + timedelta(days=1), time(), zone())
        return Closed(self.name.data or "", first.astimezone(UTC), last.astimezone(UTC), self.category.data or None)


def closure_data(closed: Closed) -> dict[str, Any]:
    """What the form shows for one that stands."""
    first, last = closed.begins.astimezone(zone()), closed.ends.astimezone(zone())
    whole = last.time() == time()
    return {
        "name": closed.name,
        "category": closed.category or "",
        "first_day": first.date(),
        "begins": first.time() if first.time() != time() else None,
        "last_day": last.date() - timedelta(days=whole),
        "ends": None if whole else last.time(),
    }


class HolidaysForm(Form):
    year = IntegerField(lazy_gettext("Year"), [InputRequired(), NumberRange(2020, 2100)])


class SheetForm(Form):
    """The commissioning sheet. Each line has a result and a remark: fields ``result_…`` and ``remark_…`` below."""

    done_on = Day(lazy_gettext("Tested on"), [InputRequired()])
    by = StringField(lazy_gettext("Tested by"), [InputRequired(), Length(max=80)])
    drawing = StringField(lazy_gettext("Drawing, number and revision"), [InputRequired(), Length(max=80)])
    note = TextAreaField(lazy_gettext("Open points, by whom, until when"), [Length(max=2000)])
    papers = Papers(lazy_gettext("Photos and PDF"))

    def lines(self) -> list[tuple[SheetTest, Any, Any]]:
        return [(one, self[f"result_{one}"], self[f"remark_{one}"]) for one in SheetTest]

    def sheet(self) -> Sheet:
        tests = tuple(SheetLine(one, Result(result.data), remark.data or "") for one, result, remark in self.lines())
        return Sheet(_day(self.done_on), self.by.data or "", self.drawing.data or "", tests, self.note.data or "")

    def validate(self, extra_validators: Any = None) -> bool:
        """One sentence above for all lines that are empty, and a mark beside each."""
        is_valid = bool(super().validate(extra_validators))
        for _, result, remark in self.lines():
            if result.data == Result.CROSSED_OUT and not remark.data:
                remark.errors = (gettext("Say why it does not apply."),)
                is_valid = False
        return is_valid


for _test in SheetTest:
    _named = words.TESTS[_test]
    _asked = [InputRequired(lazy_gettext("Say what came of it."))]
    setattr(SheetForm, f"result_{_test}", RadioField(_named, _asked, choices=list(words.RESULTS.items())))
    setattr(SheetForm, f"remark_{_test}", StringField(lazy_gettext("Remark"), [Length(max=200)]))


class ChangedForm(Form):
    what = RadioField(
        lazy_gettext("What was changed"),
        [InputRequired()],
        choices=[(one.value, said) for one, said in words.CHANGED.items()],
    )
    reason = Reason()


class CheckForm(Form):
    kind = RadioField(
        lazy_gettext("Asked for"),
        [InputRequired()],
        choices=[(one.value, said) for one, said in words.CHECKS.items()],
    )
    name = StringField(lazy_gettext("What is checked"), [InputRequired(), Length(max=80)])
    basis = StringField(lazy_gettext("Text or manual that asks for it"), [Length(max=120)])
    body = StringField(lazy_gettext("Who does it"), [Length(max=80)])
    every_months = IntegerField(lazy_gettext("Every so many months"), [Optional(), NumberRange(0, 120)])
    every_days = IntegerField(lazy_gettext("and days"), [Optional(), NumberRange(0, 366)])
    due_on = Day(lazy_gettext("Next due"), [InputRequired()])

    def asked(self) -> Asked:
        return Asked(
            CheckKind(self.kind.data),
            self.name.data or "",
            _day(self.due_on),
            self.every_months.data or 0,
            self.every_days.data or 0,
            self.basis.data or "",
            self.body.data or "",
        )


class ReportForm(Form):
    done_on = Day(lazy_gettext("Done on"), [InputRequired()])
    by = StringField(lazy_gettext("Done by"), [InputRequired(), Length(max=80)])
    result = RadioField(
        lazy_gettext("Result"), [InputRequired()], choices=[(one.value, said) for one, said in words.FOUND.items()]
    )
    reserves = TextAreaField(lazy_gettext("What is to be put right, or why it did not pass"), [Length(max=2000)])
    reserves_until = Day(lazy_gettext("To be put right by"), [Optional()])
    papers = Papers(lazy_gettext("Report, as PDF or photo"))

    def found(self) -> Found:
        said = (self.reserves.data or "", self.reserves_until.data)
        return Found(_day(self.done_on), self.by.data or "", CheckResult(self.result.data), *said)


class LogOnlyForm(Form):
    risk = RadioField(
        lazy_gettext("Risk class"), [InputRequired()], choices=[(one.value, RISKS[one]) for one in RiskClass]
    )
    until = Moment(lazy_gettext("Until"), [InputRequired()])
    reason = Reason()


class IdentityForm(Form):
    make = StringField(lazy_gettext("Make"), [Length(max=80)])
    model = StringField(lazy_gettext("Model"), [Length(max=80)])
    serial = StringField(lazy_gettext("Serial number"), [Length(max=80)])
    bought_on = Day(lazy_gettext("Bought on"), [Optional()])
    manual_url = StringField(lazy_gettext("Address of the manual"), [Length(max=300)])
    conformity_url = StringField(lazy_gettext("Address of the declaration of conformity"), [Length(max=300)])
    unattended = BooleanField(lazy_gettext("It may run with nobody beside it"))
    unattended_note = TextAreaField(lazy_gettext("On what conditions"), [Length(max=500)])
    counter_note = StringField(lazy_gettext("Hour counter"), [Length(max=200)])

    def identity(self) -> Identity:
        texts = {name: self[name].data or "" for name in _TEXTS}
        return Identity(**texts, bought_on=self.bought_on.data, unattended=bool(self.unattended.data))


_TEXTS = ("make", "model", "serial", "manual_url", "conformity_url", "unattended_note", "counter_note")


class ReplaceForm(IdentityForm):
    """Another machine takes the place: what goes over to it is asked one by one."""

    code = StringField(
        lazy_gettext("Code"),
        [
            InputRequired(),
            Length(max=40),
            Regexp(
                r"[a-z0-9][a-z0-9-]*$", message=lazy_gettext("Small letters a–z, digits and -, such as fraiseuse-3.")
            ),
        ],
    )
    name = StringField(lazy_gettext("Name"), [InputRequired(), Length(max=60)])
    skills = RadioField(
        lazy_gettext("Qualifications"),
        [InputRequired()],
        choices=[
            ("keep", lazy_gettext("Whoever could use the old one may use the new one")),
            ("none", lazy_gettext("Nobody may, until it is said what one must have learned")),
        ],
    )
    prices = RadioField(
        lazy_gettext("Prices of its own"),
        [InputRequired()],
        choices=[
            ("keep", lazy_gettext("Hold for the new one, too")),
            ("none", lazy_gettext("The price of its category holds")),
        ],
    )
    bookings = RadioField(
        lazy_gettext("Bookings"),
        [InputRequired()],
        choices=[
            ("keep", lazy_gettext("Stand at the new one")),
            ("none", lazy_gettext("Are cancelled; whoever booked is told by mail")),
        ],
    )
    rules = RadioField(
        lazy_gettext("Rules"),
        [InputRequired()],
        choices=[
            ("keep", lazy_gettext("Go over as they are")),
            ("none", lazy_gettext("The usual ones, to be set anew")),
        ],
    )
    reason = Reason()


def renew(form: Form, version: int) -> None:
    """Whoever was told that something changed meanwhile may send the same again, knowing it now."""
    form.version.data, form.version.raw_data = version, None


def _day(field: DateField) -> Any:
    """What a day's field has read; whoever asks has made sure that it was typed."""
    return field.data
