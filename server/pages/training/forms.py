"""What is asked about training: the name of a skill, from when until when somebody is qualified, and why not any more."""

from flask_babel import lazy_gettext
from wtforms import StringField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from server.web.forms import Day, Form

_CODE = Regexp(r"[a-z0-9][a-z0-9-]*$", message=lazy_gettext("Only a-z, 0-9 and -, such as laser-cutting."))


class SkillForm(Form):
    name = StringField(lazy_gettext("Name"), [InputRequired(), Length(max=120)])


class NewSkillForm(SkillForm):
    code = StringField(lazy_gettext("Code"), [InputRequired(), Length(max=40), _CODE])


class GiveForm(Form):
    since = Day(lazy_gettext("From"), [Optional()])
    until = Day(lazy_gettext("Until the end of"), [Optional()])
    reason = StringField(lazy_gettext("What it rests on"), [Optional(), Length(max=300)])
