"""Turns pieces of the live floor into HTML, each with its own id, so that only what changed is written and sent."""

from collections.abc import Iterable
from datetime import datetime

from flask import get_template_attribute
from flask_babel import force_locale

from server.dashboard.faces import Face, Part

_MACROS = {
    Face.PLAN: "dashboard/plan.html",
    Face.LIST: "dashboard/parts.html",
    Face.WALL: "dashboard/wall_parts.html",
}


def render(face: Face, language: str, parts: Iterable[Part], now: datetime) -> str:
    """The HTML of the parts in one language. Needs an application context."""
    template = _MACROS[face]
    with force_locale(language):
        return "".join(get_template_attribute(template, part.macro)(part.value, now) for part in parts)
