"""A rule as plain values and back: how it is stored, frozen and read again.

What is not said stands at its default and is left out, so that a simple price stays short.
"""

from dataclasses import fields
from datetime import time
from typing import Any

from server.domain.tariffs import Band, Basis, Cap, Of, Part, Rule, Span, Tier


def to_plain(rule: Rule) -> dict[str, Any]:
    """What JSON can say."""
    return {name: _plain(value) for name, value in _said(rule)}


def from_plain(plain: dict[str, Any]) -> Rule:
    """KeyError, TypeError or ValueError for what never was a rule."""
    return Rule(
        **plain | {"parts": tuple(map(_part, plain.get("parts", ()))), "caps": tuple(map(_cap, plain.get("caps", ())))}
    )


def _said(value: Any) -> list[tuple[str, Any]]:
    """Name and value of every field that is not at its default."""
    own = [(field, getattr(value, field.name)) for field in fields(value)]
    return [(field.name, one) for field, one in own if one != field.default]


def _plain(value: Any) -> Any:
    match value:
        case tuple():
            return [_plain(one) for one in value]
        case time():
            return "24:00" if value == time.max else f"{value:%H:%M:%S}".removesuffix(":00")
        case Part() | Band() | Tier() | Cap():
            return {name: _plain(one) for name, one in _said(value)}
        case Basis() | Span() | Of():
            return value.value
        case _:
            return value


def _part(plain: dict[str, Any]) -> Part:
    return Part(
        **plain
        | {
            "basis": Basis(plain["basis"]),
            "bands": tuple(map(_band, plain.get("bands", ()))),
            "tiers": tuple(Tier(**tier) for tier in plain.get("tiers", ())),
            "tiers_over": Span(plain.get("tiers_over", Span.SESSION)),
        }
    )


def _band(plain: dict[str, Any]) -> Band:
    hours = {"begins": _hour(plain["begins"]), "ends": _hour(plain["ends"])}
    return Band(**plain | hours | {"weekdays": tuple(plain["weekdays"])})


def _cap(plain: dict[str, Any]) -> Cap:
    return Cap(**plain | {"over": Span(plain["over"]), "of": Of(plain["of"])})


def _hour(text: str) -> time:
    return time.max if text == "24:00" else time.fromisoformat(text)
