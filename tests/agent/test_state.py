"""What a power cut, a bad card and a restored server leave of the state file."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.access import Payer
from agent.machine import Latch, Session
from agent.state import KEPT_MS, Outbox, Position, State, StateUnwritable, Transaction
from tests.agent.fakes import START_MS, stamp
from wire.messages import AgentStarted, Policy, Revocation, decode_envelope

DAY_MS = 86_400_000
SESSION = Session("s-1", "p1", 1, "Ada", "en", "token", (Payer("acme", "Acme", 900),), 7, stamp(0), Policy())
EVENT = AgentStarted("1.0", stamp(0))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path, simulated=False)
    yield state
    state.close()


def reopened(state: State) -> State:
    state.close()
    return State(state.path.parent, simulated=False)


def sendable(state: State, after: int = 0) -> list[int]:
    outbox = Outbox(state.path)
    numbers = [n for n, _ in outbox.after(after, 1000)]
    outbox.close()
    return numbers


def append(state: State, times: int = 1, wall_ms: int = START_MS) -> None:
    for _ in range(times):
        state.write(wall_ms, lambda transaction: transaction.append(EVENT))


def fresh(state: State, *now: Revocation) -> tuple[Revocation, ...]:
    return state.write(START_MS, lambda transaction: transaction.unreported(now))


def test_events_are_numbered_from_one_and_never_twice(state: State) -> None:
    append(state, 3)
    state.write(START_MS + KEPT_MS + DAY_MS, lambda transaction: transaction.receipt(3))
    state.write(START_MS + KEPT_MS + DAY_MS, Transaction.forget_old)

    again = reopened(state)
    append(again)

    assert sendable(again) == [4]
    again.close()


def test_a_payload_says_outbox_and_number_and_whether_it_is_simulated(tmp_path: Path) -> None:
    state = State(tmp_path, simulated=True)
    append(state)

    outbox = Outbox(state.path)
    ((n, payload),) = outbox.after(0, 10)
    envelope = decode_envelope(payload)

    assert (envelope.outbox, envelope.n, envelope.simulated) == (state.position.outbox, n, True)
    outbox.close()
    state.close()


def test_start_event_and_running_row_are_stored_together_or_not_at_all(state: State) -> None:
    def fails_half_way(transaction: Transaction) -> None:
        transaction.append(EVENT)
        transaction.put_running(SESSION)
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(StateUnwritable, match="disk I/O error"):
        state.write(START_MS, fails_half_way)

    assert state.running() == []
    assert sendable(state) == []
    assert state.position.last_n == 0


def test_an_error_of_ours_leaves_nothing_half_written_either(state: State) -> None:
    def fails_half_way(transaction: Transaction) -> None:
        transaction.append(EVENT)
        raise KeyError("ours")

    with pytest.raises(KeyError):
        state.write(START_MS, fails_half_way)
    append(state)

    assert sendable(state) == [1]


def test_what_was_written_is_there_after_a_restart(state: State) -> None:
    def fill(transaction: Transaction) -> None:
        transaction.put_running(SESSION)
        transaction.put_latch("p2", Latch(5, 2))
        transaction.put_list(stamp(3), b"the list")

    append(state, 2)
    state.write(START_MS + 5, fill)
    state.write(START_MS + 5, lambda transaction: transaction.receipt(1))
    position = state.position

    again = reopened(state)

    assert again.running() == [SESSION]
    assert again.latches() == {"p2": Latch(5, 2)}
    assert again.stored_list() == (stamp(3), b"the list")
    assert again.position == position
    assert again.last_wall_ms == START_MS + 5
    again.close()


def test_the_last_time_on_disk_never_goes_back(state: State) -> None:
    append(state, wall_ms=START_MS)
    append(state, wall_ms=START_MS - DAY_MS)

    again = reopened(state)

    assert again.last_wall_ms == START_MS
    again.close()


# --- receipts -----------------------------------------------------------------------------------------------------------


def test_receipted_events_stay_for_45_days_and_unreceipted_ones_for_ever(state: State) -> None:
    append(state, 3)
    state.write(START_MS, lambda transaction: transaction.receipt(2))

    state.write(START_MS + KEPT_MS, Transaction.forget_old)
    assert sendable(state) == [1, 2, 3]
    state.write(START_MS + KEPT_MS + 1, Transaction.forget_old)

    assert sendable(state) == [3]
    assert state.oldest_n() == 3


def test_a_lower_receipt_makes_older_events_sendable_again(state: State) -> None:
    append(state, 5)
    state.write(START_MS, lambda transaction: transaction.receipt(5))

    state.write(START_MS, lambda transaction: transaction.receipt(2))

    assert sendable(state, after=state.position.through) == [3, 4, 5]


def test_a_new_outbox_takes_over_what_was_not_stored_numbered_from_one(state: State) -> None:
    append(state, 5)
    old = state.position.outbox

    state.write(START_MS, lambda transaction: transaction.renew_outbox(after=3))

    assert state.position.outbox != old
    assert state.position[1:] == (2, 0)
    outbox = Outbox(state.path)
    envelopes = [decode_envelope(payload) for _, payload in outbox.after(0, 10)]
    assert [(envelope.outbox, envelope.n) for envelope in envelopes] == [(state.position.outbox, n) for n in (1, 2)]
    assert outbox.position() == state.position
    outbox.close()


def test_a_revocation_is_fresh_once_and_forgotten_when_the_list_drops_it(state: State) -> None:
    lost, stolen = Revocation("token", "a", 1), Revocation("token", "b", 2)

    told = [fresh(state, *now) for now in ((lost,), (lost, stolen), (stolen,), (lost, stolen))]

    assert told == [(lost,), (stolen,), (), (lost,)]


def test_what_was_given_back_and_taken_again_while_the_agent_was_away_is_fresh_again(state: State) -> None:
    first, again = Revocation("holder", "4711", 1), Revocation("holder", "4711", 9)

    told = [fresh(state, now) for now in (first, again, again)]

    assert told == [(first,), (again,), ()]


# --- a file that cannot be read -----------------------------------------------------------------------------------------


def damage(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xa5" * 2000)


@pytest.mark.parametrize("at", [0, 4096])
def test_a_corrupt_file_is_set_aside_and_what_it_had_goes_on_in_a_new_outbox(state: State, at: int) -> None:
    append(state, 50)
    old = state.position
    state.close()
    damage(state.path, at)

    fresh = State(state.path.parent, simulated=False)

    assert fresh.lost is not None
    assert fresh.lost.reason.startswith("50 events saved, 0 lost: ")
    assert fresh.position == Position(fresh.position.outbox, 50, 0)
    assert fresh.position.outbox != old.outbox
    assert (state.path.parent / "bad-agent.db").exists()
    append(fresh)
    assert sendable(fresh) == list(range(1, 52))
    fresh.close()


def test_the_lost_outbox_is_named_where_the_damage_is_elsewhere(state: State) -> None:
    append(state, 200)
    old = state.position.outbox
    pages = state._connection.execute("PRAGMA page_count").fetchone()[0]
    state.close()
    damage(state.path, (pages - 1) * 4096)

    fresh = State(state.path.parent, simulated=False)

    assert fresh.lost is not None
    assert fresh.lost.outbox == old
    fresh.close()


def test_a_sound_file_is_not_set_aside(state: State) -> None:
    append(state, 200)

    again = reopened(state)

    assert again.lost is None
    assert len(sendable(again)) == 200
    again.close()


def test_a_file_that_another_process_holds_is_not_set_aside(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    append(state)
    state.close()
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **how: connect(path, **{**how, "timeout": 0}))
    other = connect(state.path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        State(state.path.parent, simulated=False)

    assert state.path.exists()
    other.close()


def test_the_journal_is_folded_in_before_it_grows(state: State) -> None:
    for _ in range(120):
        append(state)
        if state.untidy:
            state.tidy()

    assert state.path.with_name("agent.db-wal").stat().st_size < 1_500_000
    assert state.path.stat().st_size > 20_000
