"""Two people changed the same thing: the second one sees both values of each field that differs, and chooses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import current_app, render_template, request
from flask_babel import gettext
from wtforms import BooleanField, Field, SelectField, SelectMultipleField

from server.web import formats
from server.web.fields import Cents, Minutes, Moment, Seconds
from server.web.forms import Form

_NEVER_SHOWN = {"csrf_token", "version"}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two values: as it is read, and as a browser sends it."""

    text: str
    raw: list[str]


@dataclass(frozen=True, slots=True)
class Difference:
    name: str
    label: str
    mine: Side
    theirs: Side


def conflict_page(
    form: Form, current_values: Mapping[str, Any], version: int, address: str | None = None
) -> tuple[str, int]:
    """The answer (409) of a view whose service said ``Stale``. ``current_values`` are by field name, as one would give
    them to the form; ``version`` is the row's present one, so that what is chosen can be stored. ``address``: that of
    the same form about the row that stands in the place of this one now, where there is another."""
    fields = [field for field in form if field.name not in _NEVER_SHOWN]
    pairs = [(field, _mine(field), _theirs(field, current_values)) for field in fields if field.name in current_values]
    differences = [
        Difference(field.name, field.label.text, mine, theirs)
        for field, mine, theirs in pairs
        if mine.raw != theirs.raw
    ]
    told = {difference.name for difference in differences}
    same = [(field.name, raw) for field in fields if field.name not in told for raw in _mine(field).raw]
    html = render_template(
        "conflict.html",
        differences=differences,
        same=same,
        version=version,
        back=_record(address or request.path),
        action=address or request.full_path,
    )
    return html, 409


def _record(address: str) -> str:
    """The page of what is edited there, where it has one: ``/people/7`` of ``/people/7/edit``."""
    above = address.rpartition("/")[0]
    routes = current_app.create_url_adapter(request)
    return above if above and routes is not None and routes.test(above, "GET") else address


def _mine(field: Field) -> Side:
    return Side(_in_words(field), _as_sent(field))


def _theirs(field: Field, values: Mapping[str, Any]) -> Side:
    other = _twin(field)
    other.process_data(values[field.name])
    return Side(_in_words(other), _as_sent(other))


def _twin(field: Field) -> Field:
    """A copy without what was typed. ``copy`` would ask the class for a new field, and get one that has no form."""
    twin: Field = object.__new__(type(field))
    vars(twin).update(vars(field), raw_data=None)
    return twin


def _as_sent(field: Field) -> list[str]:
    match field:
        case BooleanField():
            return ["y"] if field.data else []
        case SelectMultipleField():
            return sorted(str(value) for value in field.data or [])
        case SelectField():
            return ["" if field.data is None else str(field.data)]
        case Moment():
            return field.raw()
        case _:
            # "1 284,5" and "1284,50" are the same amount, so not as it was typed but as the field would write it
            return [str(_twin(field)._value())]  # noqa: SLF001 — WTForms' own name for it


def _in_words(field: Field) -> str:
    match field:
        case BooleanField():
            return gettext("yes") if field.data else gettext("no")
        case SelectMultipleField() | SelectField():
            chosen = {
                str(value) for value in (field.data if isinstance(field, SelectMultipleField) else [field.data]) or []
            }
            return ", ".join(str(label) for value, label in _choices(field) if str(value) in chosen)
        case Cents():
            return formats.money(field.data)
        case Seconds():
            return str(_twin(field)._value())  # noqa: SLF001 — as typed, since a duration in words leaves seconds out
        case Minutes():
            return formats.duration(None if field.data is None else field.data * 60)
        case _:
            return _plain(field.data)


def _choices(field: SelectField) -> list[tuple[Any, Any]]:
    return [(choice[0], choice[1]) for choice in field.iter_choices()]


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{formats.day(value)}, {formats.clock(value)}"
        case date():
            return formats.day(value)
        case _:
            return str(value)
