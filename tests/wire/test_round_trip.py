"""Whatever a record holds, it comes back the same; and no bytes whatever raise anything but WireError."""

import json
from dataclasses import fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import messages as m
from wire.codec import WireError, decode, encode
from wire.events import LONGEST_S

GOLDEN = Path(__file__).with_name("golden")
UUIDS = st.uuids().map(str)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
COUNTS = st.integers(0, 2**53 - 1)
SECONDS = st.integers(0, LONGEST_S)
NAMED = {
    "session": UUIDS,
    "outbox": UUIDS,
    "n": st.integers(1, 2**53 - 1),
    "kind": TEXT.filter(bool),
    "continues": st.none() | UUIDS,
    "cooldown_s": SECONDS,
    "gap_s": SECONDS,
    "measured_s": st.none() | SECONDS,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value a field of this type may have."""
    if get_origin(kind) is UnionType:
        return st.one_of([values(one) for one in get_args(kind)])
    if get_origin(kind) is tuple:
        return st.lists(values(get_args(kind)[0]), max_size=3).map(tuple)
    if get_origin(kind) is dict:
        return st.dictionaries(TEXT, values(get_args(kind)[1]), max_size=3)
    simple = {NoneType: st.none(), str: TEXT, int: COUNTS, bool: st.booleans()}
    if kind in simple:
        return simple[kind]
    return records(kind) if hasattr(kind, "__dataclass_fields__") else st.sampled_from(kind)


def records(kind: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(
        kind, **{f.name: NAMED[f.name] if f.name in NAMED else values(hints[f.name]) for f in fields(kind)}
    )


@QUICK
@given(st.one_of([records(kind) for kind in m.KINDS.values()]), UUIDS, st.integers(1, 10**9), st.booleans())
def test_every_event_comes_back_as_it_was_sent(body: m.Body, outbox: str, n: int, simulated: bool) -> None:
    envelope = m.decode_envelope(m.encode_event(outbox, n, body, simulated))

    assert m.decode_body(envelope) == body
    assert (envelope.outbox, envelope.n, envelope.simulated) == (outbox, n, simulated)


@QUICK
@given(st.one_of([records(kind) for kind in (m.Status, m.AccessList, m.Receipt)]))
def test_every_other_message_comes_back_as_it_was_sent(record: Any) -> None:
    assert decode(type(record), encode(record), m.MAX_LIST_BYTES) == record


@QUICK
@given(st.one_of([records(kind) for kind in (m.Status, m.AccessList, m.SessionEnded)]))
def test_the_same_record_always_gives_the_same_bytes(record: Any) -> None:
    assert encode(record) == encode(decode(type(record), encode(record), m.MAX_LIST_BYTES))


def read_anyhow(payload: bytes) -> None:
    """Read bytes as every kind of message; only WireError may come out."""
    for read in (m.decode_envelope, m.decode_status, m.decode_access_list, m.decode_receipt):
        try:
            record = read(payload)
            if isinstance(record, m.Envelope):
                m.decode_body(record)
        except WireError:
            continue


@QUICK
@given(st.binary(max_size=60) | JSON.map(lambda plain: json.dumps(plain).encode()))
def test_no_bytes_whatever_raise_anything_but_a_wire_error(payload: bytes) -> None:
    read_anyhow(payload)


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.json")))
def test_a_good_message_with_one_value_gone_wrong_raises_nothing_but_a_wire_error(name: str) -> None:
    good = json.loads((GOLDEN / f"{name}.json").read_bytes())
    places = list(spots(good))
    odd: tuple[Any, ...] = (None, True, -1, 1.5, 10**30, "", "\ud800", [], {}, [[]], {"a": {}})

    for place in places:
        for wrong in odd:
            read_anyhow(json.dumps(replaced(good, place, wrong)).encode())

    assert len(places) > 1


def spots(plain: Any, here: tuple[Any, ...] = ()) -> Any:
    """The path to every value in parsed JSON."""
    yield here
    items = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in items:
        yield from spots(value, (*here, key))


def replaced(plain: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    copy = plain.copy()
    copy[place[0]] = replaced(plain[place[0]], place[1:], value)
    return copy
