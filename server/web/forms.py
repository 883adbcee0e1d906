"""The form that all pages build on: a token against forged requests, the version of what is edited, a number that makes
a double click count once, our own messages.

    class RoomForm(Form):
        name = StringField(lazy_gettext("Name"), [InputRequired()])
        until = Moment(lazy_gettext("Until"), [Optional()])

A view gives ``RoomForm(data={"name": room.name, "version": room.version})`` to the template, asks
``form.validate_on_submit()`` and hands ``form.version.data`` to the service. Texts come without spaces around them.
"""

import secrets
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Field, HiddenField, IntegerField, PasswordField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from server.web.fields import Cents, Day, Minutes, Moment, Reason, Seconds
from server.web.messages import OURS

__all__ = ["Cents", "Day", "Form", "Minutes", "Moment", "Reason", "ReasonForm", "Seconds"]

KEEP, MINE, THEIRS = "keep-", "mine-", "theirs-"  # how the page about two editors sends what was chosen


class Form(FlaskForm):
    """See the module. ``version`` is None in a form that makes something new."""

    version = IntegerField(validators=[Optional()], widget=HiddenInput())
    once = HiddenField(default=lambda: secrets.token_urlsafe(9))  # see once.py

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: Any) -> Any:
            return OURS

        def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Field:
            unbound_field.kwargs = _as_we_write(unbound_field.kwargs)
            field: Field = unbound_field.bind(form=form, **options)
            return field

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            sent = super().wrap_formdata(form, formdata)
            return _chosen(sent) if sent is not None and any(name.startswith(KEEP) for name in sent) else sent

    def process(self, *sent: Any, **values: Any) -> None:
        """Takes the spaces around texts away before anybody asks whether something was typed."""
        super().process(*sent, **values)
        for field in filter(_is_text, self):
            field.raw_data = field.raw_data and [text.strip() for text in field.raw_data]
            field.data = field.data.strip() if isinstance(field.data, str) else field.data

    def refuse(self, name: str, sentence: str) -> None:
        """Put a refusal that only the service could know beside the field it is about; ``""``: above the form."""
        if name:
            field = self[name]
            field.errors = (*field.errors, sentence)
        else:
            self.form_errors.append(sentence)


class ReasonForm(Form):
    """Why something is done that asks for nothing else."""

    reason = Reason()


def _as_we_write(options: dict[str, Any]) -> dict[str, Any]:
    """Choices may be written as pairs of value and label."""
    choices = options.get("choices")
    if isinstance(choices, list | tuple):
        pairs = [SelectChoice(*choice) if isinstance(choice, tuple) else choice for choice in choices]
        options = {**options, "choices": pairs}
    return options


def _is_text(field: Field) -> bool:
    return isinstance(field, StringField) and not isinstance(field, PasswordField)


def _chosen(sent: MultiDict[str, Any]) -> MultiDict[str, Any]:
    """What the page about two editors sent, as if it had come from the form: mine or theirs, field by field."""
    names = {name.removeprefix(KEEP) for name in sent if name.startswith(KEEP)}
    prefixes = (KEEP, MINE, THEIRS)
    plain = MultiDict([(name, value) for name, value in sent.items(multi=True) if not name.startswith(prefixes)])
    for name in names:
        side = MINE if sent.get(KEEP + name) == "mine" else THEIRS
        plain.setlist(name, sent.getlist(side + name))
    return plain
