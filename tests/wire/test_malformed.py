"""What the peer gets wrong is refused with the field and the reason, and what only a newer peer knows is kept or ignored."""

import json
from typing import Any

import pytest

from wire import messages as m
from wire.codec import WireError, decode, load

OUTBOX = "6f1f0a52-3c0e-4d6e-9f0b-2a1d8f3f7c11"
AT = {"boot": "b", "mono_ms": 5, "wall_ms": 6, "quality": "synced"}
DENIED = {"machine": "p1", "token": "t", "holder": 7, "reasons": ["in_use"], "revision": 1, "at": AT}
ENTRY = {"machine": "p1", "name": "Printer 1", "risk": "low", "valid_until_ms": 9}
LIST = {"agent": "agent-1", "revision": 1, "issued_ms": 2, "key_id": "k1", "payers": [], "holders": [], "machines": []}


def bytes_of(plain: Any) -> bytes:
    return json.dumps(plain).encode()


def envelope(**changed: Any) -> bytes:
    return bytes_of({"outbox": OUTBOX, "n": 1, "kind": "access_denied", "body": DENIED, **changed})


def body(**changed: Any) -> m.Body | None:
    return m.decode_body(m.decode_envelope(envelope(body={**DENIED, **changed})))


def complaint(payload: bytes) -> tuple[str, str]:
    """Field and reason of what an event or a list is refused for."""
    read = m.decode_access_list if b"issued_ms" in payload else read_event
    with pytest.raises(WireError) as caught:
        read(payload)
    return caught.value.field, caught.value.reason


def read_event(payload: bytes) -> m.Body | None:
    return m.decode_body(m.decode_envelope(payload))


def test_fields_that_only_a_newer_peer_knows_are_ignored() -> None:
    assert body(colour="red") == body()
    assert m.decode_envelope(envelope(colour="red")) == m.decode_envelope(envelope())


def test_a_kind_that_only_a_newer_agent_knows_is_no_record_and_no_error() -> None:
    unknown = m.decode_envelope(envelope(kind="sang_a_song", body={"bars": 12}))

    assert m.decode_body(unknown) is None
    assert unknown.body == {"bars": 12}


def test_a_reason_that_only_a_newer_agent_knows_is_kept_as_text() -> None:
    denied = body(reasons=["in_use", "full_moon"])

    assert isinstance(denied, m.AccessDenied)
    assert denied.reasons == (m.DenialReason.IN_USE, "full_moon")
    assert isinstance(denied.reasons[0], m.DenialReason)


def test_a_reason_that_only_a_newer_server_knows_does_not_make_its_list_unreadable() -> None:
    """Or the first word that is new would leave an older agent with the list of yesterday."""
    holders = [["t1", 1, None, "fr", ["a"], "full_moon"]]
    payers = [{"id": "a", "label": "A", "closed": "no_moon"}]
    entry = {**ENTRY, "may_not": [[1, ["half_moon", "in_use"]]], "denied": [["new_moon", 5]]}

    read = m.decode_access_list(bytes_of({**LIST, "holders": holders, "payers": payers, "machines": [entry]}))

    assert read.holders[0].denied == "full_moon"
    assert read.payers[0].closed == "no_moon"
    assert read.machines[0].may_not[0].reasons == ("half_moon", m.DenialReason.IN_USE)
    assert read.machines[0].denied == (m.Dated("new_moon", 5),)


def test_fields_that_only_a_newer_peer_sends_take_their_default() -> None:
    entry = m.decode_access_list(bytes_of({**LIST, "machines": [ENTRY]})).machines[0]

    assert (entry.service, entry.policy, entry.open, entry.may) == (m.Service.IN, m.Policy(), None, ())


def test_an_array_record_may_be_shorter_or_longer_than_we_know_it() -> None:
    holders = [["t1", 1, None, "fr", ["a"]], ["t2", 2, "Ada", "de", [], "token_blocked", [], None, "newer"]]

    read = m.decode_access_list(bytes_of({**LIST, "holders": holders})).holders

    assert [entry.denied for entry in read] == [None, m.DenialReason.TOKEN_BLOCKED]


@pytest.mark.parametrize(
    ("payload", "field", "reason"),
    [
        (b"", "", "not JSON"),
        (b"{", "", "not JSON"),
        (b"\xff\xfe\x00", "", "not JSON"),
        (envelope().decode().encode("utf-16"), "", "not JSON"),
        (b"\xef\xbb\xbf" + envelope(), "", "not JSON"),
        (b"[" * 20_000, "", "not JSON"),
        (envelope(n=float("nan")), "", "not JSON"),
        (envelope(n=float("inf")), "", "not JSON"),
        (envelope()[:-1], "", "not JSON"),
        (b"9" * 5000, "", "not JSON"),
        (b"null", "", "expected Envelope, found NoneType"),
        (b"[]", "", "expected Envelope, found list"),
        (envelope(pad="x" * m.MAX_EVENT_BYTES), "", "at most 32768"),
        (bytes_of({"n": 1}), "outbox", "missing"),
        (envelope(outbox="abc"), "", "not a UUID"),
        (envelope(outbox=OUTBOX.upper()), "", "not a UUID"),
        (envelope(n="1"), "n", "expected int, found str"),
        (envelope(n=True), "n", "expected int, found bool"),
        (envelope(n=1.0), "n", "expected int, found float"),
        (envelope(n=None), "n", "expected int, found NoneType"),
        (envelope(n=0), "", "numbers start at 1"),
        (envelope(n=2**53 + 1), "n", "out of range"),
        (envelope(n=10**400), "n", "out of range"),
        (envelope(kind=""), "", "1 to 64"),
        (envelope(kind="k" * 65), "", "1 to 64"),
        (envelope(simulated=0), "simulated", "expected bool, found int"),
        (envelope(body=None), "body", "expected AccessDenied, found NoneType"),
        (envelope(body=[]), "body", "expected AccessDenied, found list"),
        (envelope(body={}), "body.machine", "missing"),
        (envelope(body={**DENIED, "holder": False}), "body.holder", "expected int, found bool"),
        (envelope(body={**DENIED, "machine": "p\x00"}), "body.machine", "NUL"),
        (envelope(body={**DENIED, "machine": "\ud800"}), "body.machine", "half a character"),
        (envelope(body={**DENIED, "reasons": "in_use"}), "body.reasons", "expected a list, found str"),
        (envelope(body={**DENIED, "reasons": ["in_use", 5]}), "body.reasons[1]", "expected str, found int"),
        (envelope(body={**DENIED, "at": {**AT, "quality": "good"}}), "body.at.quality", "'good' is not a TimeQuality"),
        (envelope(body={**DENIED, "at": {**AT, "wall_ms": -1}}), "body.at", "time before its own start"),
        (bytes_of({**LIST, "payers": {}}), "payers", "expected a list, found dict"),
        (bytes_of({**LIST, "holders": [["t", "7"]]}), "holders[0].holder", "expected int, found str"),
        (bytes_of({**LIST, "holders": ["t"]}), "holders[0]", "expected HolderEntry, found str"),
        (bytes_of({**LIST, "machines": [ENTRY, {**ENTRY, "risk": "mild"}]}), "machines[1].risk", "'mild' is not a RiskClass"),
        (bytes_of({**LIST, "machines": [{**ENTRY, "may": [[7]]}]}), "machines[0].may[0].level", "missing"),
        (
            bytes_of({**LIST, "payers": [{"id": "a", "label": "A", "rates": {"p1": 1.5}}]}),
            "payers[0].rates.p1",
            "expected int, found float",
        ),
        (
            bytes_of({**LIST, "payers": [{"id": "a", "label": "A", "rates": {"\ud800": 1}}]}),
            "payers[0].rates",
            "half a character",
        ),
        (
            bytes_of({**LIST, "payers": [{"id": "a", "label": "A", "rates": [1]}]}),
            "payers[0].rates",
            "expected an object, found list",
        ),
    ],
)  # fmt: skip
def test_what_is_malformed_is_named_by_field_and_reason(payload: bytes, field: str, reason: str) -> None:
    said_field, said_reason = complaint(payload)

    assert said_field == field
    assert reason in said_reason


def test_nothing_longer_than_its_limit_is_even_parsed() -> None:
    assert load(b" " * 9 + b"1", limit=10) == 1
    with pytest.raises(WireError, match="11 bytes, at most 10"):
        load(b" " * 10 + b"1", limit=10)


def test_a_negative_duration_is_refused_wherever_it_stands() -> None:
    ended = {
        "session": OUTBOX, "machine": "p1", "holder": 1, "payer": "a", "revision": 1, "started": AT, "ended": AT,
        "occupied_s": 5, "powered_s": 5, "running_s": None, "wh": None, "reason": "holder", "taps": 2,
    }  # fmt: skip

    assert isinstance(decode(m.SessionEnded, bytes_of(ended), 9999), m.SessionEnded)
    for field in ("occupied_s", "powered_s", "taps"):
        with pytest.raises(WireError, match="negative"):
            decode(m.SessionEnded, bytes_of({**ended, field: -1}), 9999)


def test_an_error_reads_as_a_sentence_for_the_manager() -> None:
    assert str(WireError("body.at", "missing")) == "body.at: missing"
    assert str(WireError("", "not JSON")) == "message: not JSON"
