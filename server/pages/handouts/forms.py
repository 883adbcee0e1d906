"""What is asked before badges are handed out: names, who pays, until when, at which readers."""

from hashlib import sha256

from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from wtforms import HiddenField, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from server.db import db, reading
from server.handouts.models import Handout
from server.handouts.visitors import MOST
from server.pages.people.choices import machine_choices, payer_choices
from server.pages.people.forms import LANGUAGES
from server.pages.training.scope import teachable
from server.training.models import Skill
from server.web.forms import Day, Form, Moment
from server.web.needs import actor

_READER = lazy_gettext("Choose at least one reader.")


class ReadersForm(Form):
    readers = SelectMultipleField(lazy_gettext("Readers"), [InputRequired(_READER)])

    def offer(self, chosen: list[str] | None = None) -> None:
        """The machines there are. At first those that the same person used last, else the first one that is online."""
        choices = machine_choices()
        self.readers.choices = choices
        if chosen is not None and self.readers.data is None:
            known = {code for code, _ in choices}
            self.readers.data = [code for code in chosen if code in known] or [code for code, _ in choices[:1]]


class ListForm(ReadersForm):
    names = TextAreaField(lazy_gettext("Names"), [InputRequired(), Length(max=30_000)], render_kw={"rows": 10})
    payer = SelectField(lazy_gettext("Who pays"), [InputRequired()])
    label = StringField(lazy_gettext("Course or occasion"), [Optional(), Length(max=100)])
    language = SelectField(lazy_gettext("Language"), choices=LANGUAGES)
    until = Day(lazy_gettext("Badges until the end of"), [Optional()])
    seen = HiddenField()

    def offer(self, chosen: list[str] | None = None) -> None:
        super().offer(chosen)
        self.payer.choices = {"": [("", gettext("choose who pays"))], **payer_choices()}

    @property
    def digest(self) -> str:
        """Of the names as they were looked at: what is begun is what was shown."""
        return sha256((self.names.data or "").encode()).hexdigest()[:16]


class BlockForm(ReadersForm):
    """What a block of visitors is opened with, the first time and again."""

    payer = SelectField(lazy_gettext("Who pays"), [InputRequired()])
    label = StringField(lazy_gettext("Course or occasion"), [Optional(), Length(max=100)])
    until = Moment(lazy_gettext("Badges until"), [InputRequired()])
    skills = SelectMultipleField(lazy_gettext("With a trainer beside them"), [Optional()])

    def offer(self, chosen: list[str] | None = None) -> None:
        """Of the skills those that the one who asks may give."""
        super().offer(chosen)
        self.payer.choices = {"": [("", gettext("choose who pays"))], **payer_choices()}
        self.skills.choices = _skills(teachable())


class VisitorsForm(BlockForm):
    count = IntegerField(lazy_gettext("How many visitors"), [InputRequired(), NumberRange(1, MOST)])
    language = SelectField(lazy_gettext("Language"), choices=LANGUAGES)


def last_readers() -> list[str]:
    """Where the one who asks listened last: mostly the same desk again."""
    wanted = select(Handout.readers).where(Handout.begun_by == actor().label).order_by(Handout.id.desc()).limit(1)
    with reading():
        readers: list[str] | None = db.session.scalar(wanted)
    return readers or []


def _skills(codes: set[str]) -> list[tuple[str, str]]:
    wanted = select(Skill.code, Skill.name).where(Skill.code.in_(codes), Skill.ended_at.is_(None)).order_by(Skill.name)
    with reading():
        return [(code, name) for code, name in db.session.execute(wanted)]
