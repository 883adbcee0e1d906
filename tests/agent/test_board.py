"""The simulated board with real pseudo-terminals and a real small agent: what it records is what happened on its pins."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.hardware.board_readers import rdm6300_frame
from tests.waiting import until

CARD = "62E3086CED"
FRAME = b"\x0262E3086CED08\x03"  # from the maker of the reader


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)


def test_frames_are_those_the_readers_maker_prints() -> None:
    assert rdm6300_frame(CARD) == FRAME
    assert rdm6300_frame("01000734E0") == b"\x0201000734E0D2\x03"


def test_a_card_held_to_the_reader_arrives_byte_for_byte(bench: Any) -> None:
    answer = bench.do("tap", machine="p1", card=CARD, frames=3)

    with (bench.directory / "tty" / "p1").open("rb", buffering=0) as line:
        assert os.read(line.fileno(), 100) == 3 * FRAME
    assert answer["bytes"] == 42
    assert [row["bytes"] for row in bench.rows("taps.jsonl")] == [42]


def test_a_card_becomes_an_edge_of_the_relay_at_the_second_it_was_held_there(bench: Any) -> None:
    bench.agent()
    bench.advance(10)
    bench.do("tap", machine="p1", card=CARD)
    bench.advance(70)
    bench.do("tap", machine="p1", card=CARD)

    bench.advance(80)

    assert bench.edges() == [(10.0, "p1", 1, "pin"), (70.0, "p1", 0, "pin")]


def test_the_board_can_tell_by_itself_how_many_bytes_were_read(bench: Any) -> None:
    bench.agent()
    bench.do("tap", machine="p1", card=CARD)
    bench.do("tap", machine="p2", card=CARD)
    bench.advance(1)

    state = bench.do("state")

    assert state["written"] == {"p1": 28, "p2": 28}
    assert state["unread"] == {"p1": 0, "p2": 28}


def test_bytes_that_nobody_read_are_lost_when_an_agent_comes_and_are_counted_so(bench: Any) -> None:
    bench.do("tap", machine="p1", card=CARD)
    bench.agent()

    bench.advance(5)

    state = bench.do("state")
    assert (state["written"]["p1"], state["unread"]["p1"], state["lost"]["p1"]) == (28, 0, 28)
    assert bench.edges() == []


def test_the_relay_of_a_killed_agent_falls_at_that_second(bench: Any) -> None:
    agent = bench.agent()
    bench.advance(10)
    bench.do("tap", machine="p1", card=CARD)
    bench.advance(40)

    kill(agent)
    bench.advance(50)

    assert bench.edges() == [(10.0, "p1", 1, "pin"), (40.0, "p1", 0, "process died")]
    assert bench.do("state")["agents"]["agent-1"]["running"] is False


def test_an_agent_killed_right_after_it_switched_on_leaves_both_edges(bench: Any) -> None:
    agent = bench.agent()
    bench.do("tap", machine="p1", card=CARD)
    bench.do("settle", revision={"agent-1": 7})  # quiet again: the relay is on, and no step of time has recorded it

    kill(agent)
    bench.advance(1)

    assert bench.edges() == [(0.0, "p1", 1, "pin"), (0.0, "p1", 0, "process died")]


def test_where_the_kernel_keeps_the_level_a_killed_agent_leaves_the_machine_on(benches: Callable[..., Any]) -> None:
    bench = benches(kernel_keeps_level=True)
    agent = bench.agent()
    bench.do("tap", machine="p1", card=CARD)
    bench.advance(40)

    kill(agent)
    bench.advance(100)

    assert bench.edges() == [(0.0, "p1", 1, "pin")]
    assert bench.do("state")["pins"]["p1"]["driven"] is True


def test_where_the_kernel_keeps_the_level_the_next_process_drops_it_by_taking_the_pin(
    benches: Callable[..., Any],
) -> None:
    bench = benches(kernel_keeps_level=True)
    kill_after_tap(bench)

    bench.agent()
    bench.advance(100)

    assert bench.edges() == [(0.0, "p1", 1, "pin"), (40.0, "p1", 0, "pin")]


def test_where_the_kernel_keeps_the_level_a_new_boot_still_drops_it(benches: Callable[..., Any]) -> None:
    bench = benches(kernel_keeps_level=True)
    kill_after_tap(bench)

    bench.do("next_boot", agent="agent-1", new_boot=True)

    assert bench.edges() == [(0.0, "p1", 1, "pin"), (40.0, "p1", 0, "process died")]


def kill_after_tap(bench: Any) -> None:
    """An agent that switched its relay on at 0 s and was killed at 40 s."""
    agent = bench.agent()
    bench.do("tap", machine="p1", card=CARD)
    bench.advance(40)
    kill(agent)


def test_a_restarted_agent_is_in_the_same_boot_unless_the_pi_rebooted(bench: Any) -> None:
    boots = []
    for _ in range(2):
        agent = bench.agent()
        boots.append(bench.do("state")["agents"]["agent-1"]["boot"])
        kill(agent)
    bench.do("next_boot", agent="agent-1", new_boot=True)
    bench.agent()
    boots.append(bench.do("state")["agents"]["agent-1"]["boot"])

    assert boots[0] == boots[1] != boots[2]


def test_a_pi_that_boots_without_a_clock_is_told_when_it_is_set(bench: Any) -> None:
    bench.do("next_boot", agent="agent-1", new_boot=True, synced=False, wall_offset_ms=-86_400_000)
    agent = bench.agent("agent-1", "telling", "minutely")
    bench.advance(60)
    bench.do("sync", agent="agent-1")
    bench.advance(61)

    kill(agent)

    assert agent.stdout.read().splitlines() == ["60 -86340000 estimated", "60 60000 synced"]


def test_a_second_process_of_one_agent_is_refused_while_the_first_lives(bench: Any) -> None:
    bench.agent()

    stranger = type(bench.driver)(bench.directory)
    stranger.send({"hello": {"agent": "agent-1", "pid": 4711}})

    assert "already connected" in stranger.receive()["error"]
    assert stranger.receive() is None
    stranger.close()
    bench.advance(1)


def test_garbage_on_one_connection_does_not_disturb_the_others(bench: Any) -> None:
    for garbage in (b"\xff\xfe\n", b"[1]\n", b'{"wait":{}}\n', b'{"hello":{"agent":"agent-9","pid":1}}\n', b'{"half'):
        stranger = type(bench.driver)(bench.directory)
        stranger.send_bytes(garbage)
        if garbage.endswith(b"\n"):
            while stranger.receive() is not None:
                pass
        stranger.close()

    assert bench.advance(1)["ok"]


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ({"do": "dance"}, "nothing this board does"),
        ({"do": "tap", "machine": "p9", "card": CARD}, "'p9'"),
        ({"do": "tap", "machine": "p1"}, "card: expected str, found NoneType"),
        ({"do": "tap", "machine": "p1", "card": "em4100:62E3086CED"}, "ten upper-case hex"),
        ({"do": "tap", "machine": "p1", "card": CARD, "frames": True}, "expected int, found bool"),
        ({"do": "advance", "to_ms": 1}, "is past"),
        ({"do": "advance", "to_ms": 2**70}, "too big"),
        ({"do": "advance", "to_ms": 2**41, "timeout_s": "long"}, "timeout_s"),
        ({"do": "settle", "revision": {"agent-1": "new"}}, "agent-1: expected int, found str"),
        ({"do": "settle", "revision": {"agent-9": 1}}, "no agent 'agent-9'"),
        ({"do": "next_boot", "agent": "agent-9", "new_boot": True}, "no agent 'agent-9'"),
    ],
)
def test_a_request_that_makes_no_sense_is_answered_with_what_is_wrong(
    lasting_bench: Any, request_: dict[str, Any], complaint: str
) -> None:
    answer = lasting_bench.ask(**request_)

    assert complaint in answer["error"]
    assert "ok" not in answer


def test_a_reader_nobody_reads_is_full_one_day_and_says_so(bench: Any) -> None:
    answer: dict[str, Any] = {"ok": True}
    taps = 0
    while answer.get("ok"):
        taps += 1
        answer = bench.ask("tap", machine="p1", card=CARD, frames=100)

    assert "full" in answer["error"]
    assert bench.do("state")["unread"]["p1"] == (taps - 1) * 1400


def test_agents_do_not_outlive_their_board(bench: Any) -> None:
    agent = bench.agent()

    kill(bench.board)

    assert agent.wait(timeout=60) == 1
    assert "BoardGoneError: the simulated board" in (bench.directory / "agent-1.log").read_text()


def test_a_board_does_not_outlive_whoever_started_it(tmp_path: Path, bench: Any) -> None:
    home = tmp_path / "orphan"
    home.mkdir()
    (home / "board.json").write_text((bench.directory / "board.json").read_text())
    starter = (
        "import subprocess, sys\n"
        "command = [sys.executable, '-m', 'agent.hardware.board', sys.argv[1]]\n"
        "print(subprocess.Popen(command, stdout=subprocess.PIPE, text=True).stdout.readline())\n"
    )

    command = [sys.executable, "-c", starter, str(home)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert done.stdout.strip() == "ready"
    assert done.stderr == ""  # and it was read to its end, which comes when the orphan, who holds it too, has ended


def test_in_real_time_edges_are_recorded_as_they_happen(benches: Callable[..., Any]) -> None:
    bench = benches(virtual=False)
    agent = bench.agent()
    before_ms = time.time() * 1000
    bench.do("tap", machine="p1", card=CARD)
    until(lambda: len(bench.edges()) == 1)
    kill(agent)
    until(lambda: len(bench.edges()) == 2)

    edges = bench.rows("edges.jsonl")

    assert [(edge["level"], edge["why"]) for edge in edges] == [(1, "pin"), (0, "process died")]
    assert all(before_ms - 1000 < edge["t_ms"] < before_ms + 20_000 for edge in edges)
    assert "real" in bench.ask("advance", to_ms=int(before_ms) + 60_000)["error"]
