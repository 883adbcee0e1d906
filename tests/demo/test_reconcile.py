"""The reconciler on a small lab made by hand: whole it says nothing, and each single wrong value is found exactly once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.demo import bridge
from server.demo.evidence import Charge, Document, Ended, Evidence, Pin, Price, Reader, Session
from server.demo.findings import Mismatch, Station
from server.demo.reconcile import reconcile

MONTH, PARIS = "2026-10", ZoneInfo("Europe/Paris")
START = datetime(2026, 10, 14, 8, 0, tzinfo=UTC)
LIST = Price(1, None, "printer", None, START - timedelta(days=99), None, 400, 900, 1800, 100)
PAYS, INTERNAL, HELD = 1, 2, 3


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _one(
    name: str, machine: str, at: datetime, seconds: int, kind: str = "company", bill_to: int = PAYS, died: bool = False
) -> tuple[Pin, Ended, Session]:
    """Current, event and session of one use. Where the agent died the ledger has whole checkpoints."""
    kept = seconds - seconds % 30 if died else seconds
    end = at + timedelta(seconds=kept)
    treatment = "undecided" if bill_to == HELD else "fr_business"
    return (
        Pin(machine, _ms(at), _ms(at + timedelta(seconds=seconds)), died),
        Ended(name, machine, 7, "acme-1", _ms(at), _ms(end), kept, "power_loss" if died else "holder"),
        Session(name, machine, "printer", 7, "acme-1", "R&D", "", kind, bill_to, treatment, "ended", at, end, kept),
    )


def _charge(session: str, seconds: int, billed_s: int, net_cents: int) -> Charge:
    return Charge(session, "F-1", PAYS, seconds, billed_s, 400, 100, net_cents, "S", 2000)


def _invoice() -> Document:
    """1800 s and 2700 s at 4 €/h are 2.00 and 3.00; two fees of 1.00; 20 % on 7.00."""
    line: dict[str, Any] = {"machine": "Printer 1", "sessions": 2, "category": "S", "rate_bp": 2000}
    time = {"what": "time", "measured_s": 2707, "billed_s": 4500, "unit_cents": "400", "net_cents": 500}
    fee = {"what": "fee", "measured_s": 0, "billed_s": 0, "unit_cents": "100", "net_cents": 200}
    frozen = {
        "groups": [{"on_behalf_of": "", "cost_centre": "R&D", "lines": [line | time, line | fee]}],
        "vat": [{"category": "S", "rate_bp": 2000, "net_cents": 700, "vat_cents": 140}],
        "net_cents": 700,
        "vat_cents": 140,
        "gross_cents": 840,
    }
    return Document("F-1", 1, PAYS, frozen, 700, 140, 840, ())


@pytest.fixture
def whole() -> Evidence:
    """Two billed uses, of which one was cut by a dying agent; one internal, one of next month, one held."""
    uses = [
        _one("a", "p1", START, 607),
        _one("b", "p1", START + timedelta(hours=2), 2117, died=True),
        _one("c", "p2", START, 500, kind="internal", bill_to=INTERNAL),
        _one("d", "p2", datetime(2026, 10, 31, 22, 30, tzinfo=UTC), 3600),
        _one("e", "p2", START + timedelta(hours=9), 900, bill_to=HELD),
    ]
    return Evidence(
        pins=tuple(pin for pin, _, _ in uses),
        readers={"p1": Reader(4, 10, 140, 140), "p2": Reader(9, 20, 280, 280)},
        ended=tuple(ended for _, ended, _ in uses),
        taps_told={"p1": 4, "p2": 9},
        sessions={session.id: session for _, _, session in uses},
        charges={"a": _charge("a", 607, 1800, 300), "b": _charge("b", 2100, 2700, 400)},
        documents=(_invoice(),),
        held=frozenset({HELD}),
        expected_held=frozenset({HELD}),
        prices=(LIST,),
        machines={"p1": "Printer 1", "p2": "Printer 2"},
        vat={"fr_business": ("S", 2000)},
    )


def _found(evidence: Evidence) -> tuple[Mismatch, ...]:
    result = reconcile(evidence, MONTH, PARIS)
    return bridge.check(bridge.build(evidence, result), result.mismatches)


def _stations(evidence: Evidence) -> list[Station]:
    return [mismatch.station for mismatch in _found(evidence)]


def test_a_whole_run_has_no_mismatch(whole: Evidence) -> None:
    assert _found(whole) == ()


def test_the_bridge_names_every_second_between_relay_and_invoice(whole: Evidence) -> None:
    built = bridge.build(whole, reconcile(whole, MONTH, PARIS))

    assert built == bridge.Bridge(
        relay_s=607 + 2117 + 500 + 3600 + 900,
        gaps_s=17,
        ledger_s=607 + 2100 + 500 + 3600 + 900,
        internal_s=500,
        next_month_s=3600,
        held_s=900,
        free_s=0,
        steps_s=1800 - 607 + 2700 - 2100,
        billed_s=4500,
    )
    assert built.closes


def test_an_edge_one_second_late_is_found_once(whole: Evidence) -> None:
    first, *others = whole.pins

    assert _stations(replace(whole, pins=(replace(first, down_ms=first.down_ms + 1000), *others))) == [Station.PIN]


def test_an_event_one_second_long_is_found_once(whole: Evidence) -> None:
    first, *others = whole.ended

    assert _stations(replace(whole, ended=(replace(first, occupied_s=608), *others))) == [Station.PIN]


def test_a_session_one_second_short_is_found_once(whole: Evidence) -> None:
    sessions = whole.sessions | {"a": replace(whole.sessions["a"], occupied_s=606)}

    assert _stations(replace(whole, sessions=sessions)) == [Station.EVENT]


def test_a_charge_one_cent_high_is_found_once(whole: Evidence) -> None:
    charges = whole.charges | {"a": replace(whole.charges["a"], net_cents=301)}

    assert _stations(replace(whole, charges=charges)) == [Station.CHARGE]


def test_a_row_one_cent_high_is_found_once(whole: Evidence) -> None:
    document = _invoice()
    document.frozen["groups"][0]["lines"][0]["net_cents"] += 1

    assert _stations(replace(whole, documents=(document,))) == [Station.LINE]


@pytest.mark.parametrize("name", ["net_cents", "vat_cents", "gross_cents"])
def test_a_total_one_cent_high_is_found_once(whole: Evidence, name: str) -> None:
    document = _invoice()
    document.frozen[name] += 1

    assert _stations(replace(whole, documents=(document,))) == [Station.DOCUMENT]


def test_a_session_that_was_lost_is_found(whole: Evidence) -> None:
    sessions = {key: session for key, session in whole.sessions.items() if key != "c"}

    assert _stations(replace(whole, sessions=sessions)) == [Station.EVENT]


def test_a_session_that_was_invented_is_found(whole: Evidence) -> None:
    sessions = whole.sessions | {"x": replace(whole.sessions["c"], id="x", machine="p9")}

    assert Station.SESSION in _stations(replace(whole, sessions=sessions))


def test_current_nobody_told_of_is_found_once(whole: Evidence) -> None:
    pin = Pin("p1", _ms(START + timedelta(days=1)), _ms(START + timedelta(days=1, hours=1)), False)

    assert Station.PIN in _stations(replace(whole, pins=(*whole.pins, pin)))


def test_a_missing_charge_is_found_once(whole: Evidence) -> None:
    assert _stations(replace(whole, charges={"b": whole.charges["b"]})) == [Station.CHARGE]


@pytest.mark.parametrize("session", ["c", "d", "e"])
def test_a_charge_for_what_is_not_invoiced_is_found_once(whole: Evidence, session: str) -> None:
    charge = replace(_charge(session, 900, 1800, 300), document="F-2")

    assert _stations(replace(whole, charges=whole.charges | {session: charge})) == [Station.CHARGE]


def test_a_lost_byte_or_tap_is_found(whole: Evidence) -> None:
    lost_byte = whole.readers | {"p1": Reader(4, 10, 140, 139)}
    lost_tap = whole.readers | {"p1": Reader(5, 10, 140, 140)}

    assert _stations(replace(whole, readers=lost_byte)) == [Station.READER]
    assert _stations(replace(whole, readers=lost_tap)) == [Station.READER]


def test_a_held_document_nobody_expected_is_found(whole: Evidence) -> None:
    assert _stations(replace(whole, expected_held=frozenset())) == [Station.DOCUMENT]


def test_a_gap_in_the_numbers_is_found(whole: Evidence) -> None:
    assert _stations(replace(whole, documents=(replace(_invoice(), sequence=2),))) == [Station.DOCUMENT]


def test_a_changed_file_is_found(whole: Evidence) -> None:
    document = replace(_invoice(), problems=("its PDF is not what was issued",))

    assert _stations(replace(whole, documents=(document,))) == [Station.DOCUMENT]
