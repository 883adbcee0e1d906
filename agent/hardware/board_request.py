"""What somebody asked of the simulated board, read with care: a field that is missing or of the wrong kind is named."""

from typing import Any, TypeVar

T = TypeVar("T")
_PATIENCE_S = 30.0


def field(request: dict[str, Any], name: str, kind: type[T], default: T | None = None) -> T:
    """Raises ValueError where the field is missing without a default, or is not exactly of this kind."""
    value = request.get(name)
    if value is None and default is not None:
        return default
    if type(value) is not kind:
        raise ValueError(f"{name}: expected {kind.__name__}, found {type(value).__name__}")
    return value


def one_of(request: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = field(request, name, str)
    if value not in allowed:
        raise ValueError(f"{name}: expected one of {', '.join(allowed)}, found {value!r}")
    return value


def patience_s(request: dict[str, Any]) -> float:
    match request.get("timeout_s", _PATIENCE_S):
        case int() | float() as seconds:
            return seconds
        case _:
            raise ValueError("timeout_s: expected a number of seconds")
