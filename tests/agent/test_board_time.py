"""Virtual time: it moves from deadline to deadline, never past an agent that is busy, and never waits without an end."""

import signal
import threading
from typing import Any

CARD = "62E3086CED"
START_MS = 1_767_225_600_000


def told(agent: Any) -> list[str]:
    """What a telling agent has printed until it was killed here."""
    agent.send_signal(signal.SIGKILL)
    agent.wait(timeout=60)
    return [line.split()[0] for line in agent.stdout.read().splitlines()]


def test_an_agent_is_woken_exactly_at_its_deadline(bench: Any) -> None:
    agent = bench.agent("agent-1", "telling", "minutely")

    answer = bench.advance(200)

    assert told(agent) == ["60", "120", "180"]
    assert answer["steps"] == 4


def test_an_agent_without_a_deadline_is_left_alone(bench: Any) -> None:
    idle = bench.agent("agent-2", "telling")
    bench.agent("agent-1", "minutely")

    bench.advance(600)

    assert told(idle) == []


def test_a_deadline_at_the_very_end_is_kept_before_the_advance_is_answered(bench: Any) -> None:
    agent = bench.agent("agent-1", "telling", "minutely")

    bench.advance(60)

    assert told(agent) == ["60"]


def test_soft_deadlines_are_kept_only_where_asked_for(bench: Any) -> None:
    agent = bench.agent("agent-1", "telling", "softly")

    bench.advance(100)
    bench.advance(190, fine=True)

    assert told(agent) == ["100", "120", "150", "180"]


def test_a_soft_deadline_that_time_passed_is_kept_when_the_agent_is_next_busy(bench: Any) -> None:
    agent = bench.agent("agent-1", "telling", "softly")
    bench.advance(100)

    bench.do("tap", machine="p1", card=CARD)
    bench.advance(101)

    assert told(agent) == ["100", "100"]


def test_time_stands_still_for_an_agent_that_hangs_and_the_board_says_which(bench: Any) -> None:
    bench.agent("agent-1", "freezing")
    bench.agent("agent-2")
    bench.advance(10)
    bench.do("tap", machine="p1", card=CARD)

    answer = bench.ask("advance", to_ms=START_MS + 60_000, timeout_s=0.2)

    assert "agent-1 has not answered wake" in answer["error"]
    assert bench.do("state")["t_ms"] == START_MS + 10_000


def test_time_moves_on_once_the_agent_that_hung_is_killed(bench: Any) -> None:
    agent = bench.agent("agent-1", "freezing")
    bench.do("tap", machine="p1", card=CARD)
    threading.Timer(0.1, agent.kill).start()

    assert bench.advance(60)["ok"]


def test_a_card_waits_for_the_reader_to_be_open_and_the_board_says_whose_is_not(bench: Any) -> None:
    bench.agent("agent-1", "deaf")

    answer = bench.ask("tap", machine="p1", card=CARD, timeout_s=0.2)

    assert "agent-1 has not opened the reader of p1" in answer["error"]
    assert bench.do("state")["written"]["p1"] == 0


def test_an_agent_that_spins_on_a_moment_that_is_past_is_named(bench: Any) -> None:
    bench.agent("agent-1", "minutely", "late")

    answer = bench.ask("advance", to_ms=START_MS + 120_000, timeout_s=0.2)

    assert "agent-1 has not answered wake" in answer["error"]


def test_an_agent_that_asks_the_board_for_a_moment_that_is_past_is_named(bench: Any) -> None:
    agent = type(bench.driver)(bench.directory)
    agent.send({"hello": {"agent": "agent-1", "pid": 1}})
    agent.receive()
    report = {"hard": START_MS, "soft": None, "seen": {"p1": 0}, "revision": 0, "unreceipted": 0, "connected": True}
    agent.send({"wait": {"wake": 0, **report}})
    bench.driver.send({"id": 1, "do": "advance", "to_ms": START_MS + 1000})
    for _ in range(1001):
        agent.send({"wait": {**agent.receive(), **report}})

    assert "agent-1 was woken 1001 times" in bench.driver.receive()["error"]
    agent.close()


def test_settling_waits_for_what_the_agents_report_and_names_who_is_behind(bench: Any) -> None:
    bench.agent("agent-1")

    def why(**wanted: Any) -> str:
        return str(bench.ask("settle", timeout_s=0.05, **wanted).get("error", "settled"))

    assert why(revision={"agent-1": 7}, receipted=True) == "settled"
    assert "agent-1 has list 7 in force, not yet 8" in why(revision={"agent-1": 8})
    assert "agent-2 is not running" in why(revision=None, connected=True)
    bench.agent("agent-2")
    assert why(connected=True) == "settled"
    bench.do("tap", machine="p1", card=CARD)
    assert "agent-1 has 1 events without a receipt" in why(receipted=True)
