"""A damaged state file: every event that can be read goes on in a new one, with the name it had; and the rest is counted."""

import os
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.machine import Latch
from agent.state import State
from agent.state_file import FILE_NAME
from tests.agent.damaged_file import Damaged, damaged, mark_of, store, to_send
from tests.agent.fakes import START_MS, stamp
from tests.agent.test_state import SESSION, damage
from wire.messages import EndReason, Fault, First, SessionEnded, decode_envelope

SEEDS = 60


def test_whatever_page_is_damaged_no_readable_event_is_lost_and_none_is_there_twice(tmp_path: Path) -> None:
    wrong, set_aside, hurt = {}, 0, 0
    for seed in range(SEEDS):
        case = damaged(tmp_path / str(seed), seed)
        state = State(case.directory, simulated=False)
        payloads = to_send(state)
        found = [mark_of(payload) for payload in payloads]
        state.close()
        set_aside += state.lost is not None
        hurt += bool(case.hit)
        if not case.readable <= set(found) or len(set(found)) < len(found) or not set(found) <= set(case.marks):
            wrong[seed] = sorted(case.readable - set(found))

    print(f"\n{SEEDS} files, {set_aside} set aside, {hurt} with events on damaged pages")
    assert wrong == {}
    assert set_aside > SEEDS // 4, "else nothing was shown"
    assert hurt > SEEDS // 4


def test_the_number_that_is_gone_is_told(tmp_path: Path) -> None:
    for seed in range(15):
        case = damaged(tmp_path / str(seed), seed)
        state = State(case.directory, simulated=False)
        saved = state.position.last_n
        state.close()

        if state.lost is not None:
            found = re.match(r"(\d+) events saved, (\d+) lost: .", state.lost.reason)
            assert found, state.lost.reason
            assert int(found[1]) == saved
            assert int(found[2]) <= len(case.marks) - saved


def test_a_saved_event_tells_what_it_was_known_by_first_however_often_it_is_saved(tmp_path: Path) -> None:
    state = State(tmp_path, simulated=True)
    state.write(START_MS, lambda transaction: transaction.append(Fault("p1", "reader", "<1:1>", 1, stamp(1))))
    first = state.position.outbox
    for _ in range(2):
        state.close()
        damage(tmp_path / FILE_NAME, 0)
        state = State(tmp_path, simulated=True)

    (payload,) = to_send(state)
    envelope = decode_envelope(payload)

    assert envelope.was == First(first, 1)
    assert envelope.simulated
    state.close()


def test_an_ordinary_event_says_nothing_of_an_earlier_name(tmp_path: Path) -> None:
    state = State(tmp_path, simulated=False)
    state.write(START_MS, lambda transaction: transaction.append(Fault("p1", "reader", "<1:1>", 1, stamp(1))))

    assert b'"was"' not in to_send(state)[0]
    state.close()


def test_an_event_whose_text_was_damaged_is_noticed_though_sqlite_does_not_mind(tmp_path: Path) -> None:
    state = State(tmp_path, simulated=False)
    for n in (1, 2, 3):
        store(state, Fault("p1", "reader", f"<1:{n}>", 1, stamp(1)))
    state.close()
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes().replace(b'"<1:2>"', b'"<1:2>\xff'))
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)

    state = State(tmp_path, simulated=False)

    assert state.lost is not None
    assert state.lost.reason.startswith("2 events saved, 1 lost: a row is damaged")
    assert [mark_of(payload) for payload in to_send(state)] == ["1:1", "1:3"]
    state.close()


def test_a_journal_that_breaks_off_is_noticed_and_what_lies_behind_the_break_is_saved(tmp_path: Path) -> None:
    state = State(tmp_path / "living", simulated=False)
    for n in range(1, 31):
        store(state, Fault("p1", "reader", f"<1:{n}>", 1, stamp(1)))
    case = Damaged(tmp_path, state.position.outbox, [], set())
    for suffix in ("", "-wal"):
        data = bytearray((tmp_path / "living" / f"{FILE_NAME}{suffix}").read_bytes())
        if suffix:
            data[len(data) // 2] ^= 0xFF
        (tmp_path / f"{FILE_NAME}{suffix}").write_bytes(data)
    state.close()

    state = State(case.directory, simulated=False)

    assert state.lost is not None
    assert "the journal breaks off before" in state.lost.reason
    assert [mark_of(payload) for payload in to_send(state)] == [f"1:{n}" for n in range(1, 31)]
    state.close()


def test_latches_and_what_ran_come_along_but_not_a_session_whose_end_was_saved(tmp_path: Path) -> None:
    state = State(tmp_path, simulated=False)
    uuid = "3f0c1d8e-6f8a-4c55-9d3a-0a8a35a3a0aa"
    ended = SessionEnded(uuid, "p1", 1, "acme", 7, stamp(0), stamp(9), 9, 9, None, None, EndReason.HOLDER, 2)

    state.write(START_MS, lambda transaction: transaction.append(ended))
    state.write(START_MS, lambda transaction: transaction.put_running(replace(SESSION, id=uuid, machine="p1")))
    state.write(START_MS, lambda transaction: transaction.put_running(replace(SESSION, id="runs", machine="p2")))
    state.write(START_MS, lambda transaction: transaction.put_latch("p3", Latch(1, 5, problem=True)))
    state.close()
    damage(tmp_path / FILE_NAME, 0)

    state = State(tmp_path, simulated=False)

    assert [(one.id, one.machine) for one in state.running()] == [("runs", "p2")]
    assert state.latches() == {"p3": Latch(0, 5, problem=True)}
    assert state.stored_list() is None
    state.close()


def test_old_numbers_are_not_taken_for_events_after_the_outbox_was_renewed(tmp_path: Path) -> None:
    state = State(tmp_path, simulated=False)
    for n in range(1, 31):
        store(state, Fault("p1", "reader", f"<1:{n}>" * 9, 1, stamp(1)))
    state.write(START_MS, lambda transaction: transaction.renew_outbox(after=10))
    renewed = state.position.outbox
    state.close()
    damage(tmp_path / FILE_NAME, 0)

    state = State(tmp_path, simulated=False)

    assert [decode_envelope(payload).was for payload in to_send(state)] == [First(renewed, n) for n in range(1, 21)]
    state.close()


def test_power_that_fails_in_the_middle_of_a_rescue_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in range(20):
        case = damaged(tmp_path / str(step), 3)
        damage(case.directory / FILE_NAME, 0)
        moves: list[Path] = []

        def dies_at(self: Path, target: Path, step: int = step, moves: list[Path] = moves) -> Path:
            moves.append(self)
            if len(moves) > step:
                raise KeyboardInterrupt
            os.replace(self, target)  # noqa: PTH105 — what stands in for it
            return target

        with monkeypatch.context() as cut:
            cut.setattr(Path, "replace", dies_at)
            try:
                State(case.directory, simulated=False).close()
            except KeyboardInterrupt:
                cut_off = True
            else:
                cut_off = False

        state = State(case.directory, simulated=False)
        assert case.readable <= {mark_of(payload) for payload in to_send(state)}, step
        state.close()
        if not cut_off:
            assert step >= 3
            return
    raise AssertionError("it never came to its end")
