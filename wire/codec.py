"""Frozen records to JSON bytes and back, naming the field and the reason where bytes do not fit.

A record is a frozen dataclass. Unknown fields are ignored and missing ones take their default, so that either side may
grow. A record with ``AS_ARRAY = True`` travels as a JSON array, which keeps a list of thousands of holders small.
"""

import json
import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_Decoder = Callable[[Any, str], Any]
_PLAIN = frozenset((str, int, float, bool, types.NoneType))
_INT_LIMIT = 2**53  # what JSON numbers carry exactly everywhere


class WireError(ValueError):
    """The peer sent something we cannot read. ``field`` is a path such as ``machines[2].risk``."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field or 'message'}: {reason}")
        self.field = field
        self.reason = reason


def encode(record: Any) -> bytes:
    """Compact UTF-8 JSON, fields in the order of the record, so the same record gives the same bytes."""
    return dump(to_plain(record))


def dump(plain: Any) -> bytes:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def load(payload: bytes, limit: int) -> Any:
    """JSON of at most ``limit`` bytes. Raises WireError for more, for text that is not UTF-8 and for text that is not JSON."""
    if len(payload) > limit:
        raise WireError("", f"{len(payload)} bytes, at most {limit} are read")
    try:
        return json.loads(payload.decode(), parse_constant=_no_constant)  # decoded here: json would guess UTF-16 too
    except (ValueError, RecursionError) as error:
        raise WireError("", f"not JSON ({type(error).__name__})") from error


def decode(kind: type[T], payload: bytes, limit: int) -> T:
    """The record in ``payload``. Raises WireError with the field and the reason."""
    return from_plain(kind, load(payload, limit))


def from_plain(kind: type[T], plain: Any, where: str = "") -> T:
    """The record in parsed JSON. Raises WireError with the field and the reason."""
    hashable: Any = kind
    record: T = _decoder(hashable)(plain, where)
    return record


def to_plain(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if is_dataclass(kind):
        plain = [to_plain(getattr(value, name)) for name in _names(kind)]
        return plain if getattr(kind, "AS_ARRAY", False) else dict(zip(_names(kind), plain, strict=True))
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, StrEnum) else value


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _no_constant(name: str) -> Any:
    raise ValueError(name)


@cache
def _decoder(kind: Any) -> _Decoder:
    if kind is Any:
        return _anything
    if is_dataclass(kind):
        return _record(kind)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _either(get_args(kind))
    if origin is tuple:
        return _sequence(get_args(kind)[0])
    if origin is dict:
        return _mapping(get_args(kind)[1])
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _choice(kind)
    return _plain(kind)


def _anything(plain: Any, _where: str) -> Any:
    return plain


def _plain(kind: type) -> _Decoder:
    def read(plain: Any, where: str) -> Any:
        if type(plain) is not kind:
            raise WireError(where, f"expected {kind.__name__}, found {type(plain).__name__}")
        if isinstance(plain, int) and abs(plain) > _INT_LIMIT:
            raise WireError(where, "number out of range")
        if isinstance(plain, str):
            _check_text(plain, where)
        return plain

    return read


def _check_text(text: str, where: str) -> None:
    """No text that a database would refuse: JSON can spell NUL, and one half of a surrogate pair."""
    if "\x00" in text:
        raise WireError(where, "NUL in text")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise WireError(where, "half a character in text")


def _choice(kind: type[StrEnum]) -> _Decoder:
    def read(plain: Any, where: str) -> Any:
        try:
            return kind(plain)
        except ValueError as error:
            raise WireError(where, f"{str(plain)[:40]!r} is not a {kind.__name__}") from error

    return read


def _either(kinds: tuple[Any, ...]) -> _Decoder:
    """``A | B``: the first that reads, so ``DenialReason | str`` keeps a reason that only a newer peer knows."""
    readers = [_decoder(kind) for kind in kinds if kind is not types.NoneType]
    optional = types.NoneType in kinds

    def read(plain: Any, where: str) -> Any:
        if plain is None and optional:
            return None
        for reader in readers[:-1]:
            try:
                return reader(plain, where)
            except WireError:
                continue
        return readers[-1](plain, where)

    return read


def _sequence(item: Any) -> _Decoder:
    reader = _decoder(item)

    def read(plain: Any, where: str) -> Any:
        if not isinstance(plain, list):
            raise WireError(where, f"expected a list, found {type(plain).__name__}")
        return tuple(reader(value, f"{where}[{index}]") for index, value in enumerate(plain))

    return read


def _mapping(item: Any) -> _Decoder:
    reader = _decoder(item)

    def read(plain: Any, where: str) -> Any:
        if not isinstance(plain, dict):
            raise WireError(where, f"expected an object, found {type(plain).__name__}")
        for key in plain:
            _check_text(key, where)
        return {key: reader(value, f"{where}.{key}") for key, value in plain.items()}

    return read


def _record(kind: Any) -> _Decoder:
    hints = get_type_hints(kind)
    parts = [(f.name, _decoder(hints[f.name]), _default(f)) for f in fields(kind)]
    as_array = getattr(kind, "AS_ARRAY", False)

    def read(plain: Any, where: str) -> Any:
        if as_array and isinstance(plain, list):
            plain = dict(zip((name for name, _, _ in parts), plain, strict=False))
        if not isinstance(plain, dict):
            raise WireError(where, f"expected {kind.__name__}, found {type(plain).__name__}")
        values = []
        for name, reader, default in parts:
            path = f"{where}.{name}" if where else name
            if name in plain:
                values.append(reader(plain[name], path))
            elif default is MISSING:
                raise WireError(path, "missing")
            else:
                values.append(default)
        try:
            return kind(*values)
        except ValueError as error:
            raise WireError(where, str(error)) from error

    return read


def _default(field: Any) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default
