"""What is asked of an agent: its name, and for its file how it reaches the broker and which language its panels speak."""

from flask_babel import lazy_gettext
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length, Regexp

from server.web.forms import Form


class AgentForm(Form):
    name = StringField(
        lazy_gettext("Name"),
        [
            InputRequired(),
            Length(min=2, max=40),
            Regexp(r"[a-z0-9][a-z0-9-]*$", message=lazy_gettext("Small letters a–z, digits and -, such as agent-7.")),
        ],
    )


class FileForm(Form):
    address = StringField(
        lazy_gettext("Address of the broker"),
        [
            InputRequired(),
            Length(max=200),
            Regexp(
                r"[A-Za-z0-9.:-]+$", message=lazy_gettext("A name or a number on the network, such as 192.168.1.10.")
            ),
        ],
    )
    language = SelectField(
        lazy_gettext("Language of the panels"), choices=[("fr", "Français"), ("de", "Deutsch"), ("en", "English")]
    )


class CodeForm(Form):
    replaces = SelectField(lazy_gettext("Takes over the machines of"), validate_choice=True)
    language = SelectField(
        lazy_gettext("Language of the panels"), choices=[("fr", "Français"), ("de", "Deutsch"), ("en", "English")]
    )
