"""Which of the eight states a machine shows, and what is found wrong: plain facts in, a tile out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.dashboard.board import (
    AgentFacts,
    MachineFacts,
    State,
    Worry,
    load_of,
    tile_of,
)
from server.dashboard.troubles import troubles_of
from server.domain.bookings import Ahead

NOW = datetime(2026, 10, 14, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HEARD = AgentFacts("agent-1", online=True, seen=NOW)
GONE = AgentFacts("agent-1", online=False, seen=NOW - HOUR)
FREE = MachineFacts("m1", "FDM 1", "Hall", HEARD, "in", "", None, live="idle")


def booked(begins: float, ends: float, why: str = "") -> Ahead:
    """A booking, or with ``why`` an outage; hours from now."""
    return Ahead(NOW + begins * HOUR, NOW + ends * HOUR, bool(why), why)


RUNNING = replace(FREE, live="running", started=NOW - HOUR)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (FREE, State.FREE),
        (RUNNING, State.USE),
        (replace(RUNNING, live="ending"), State.USE),
        (replace(RUNNING, working=True), State.USE),
        (replace(RUNNING, working=False), State.IDLE),
        (replace(FREE, working=False), State.FREE),
        (replace(FREE, live="armed"), State.FREE),
        (replace(FREE, live="armed", agent=GONE), State.OFF),
        (replace(FREE, live="cooling"), State.COOL),
        (replace(FREE, live="cooling", agent=GONE), State.COOL),
        (replace(FREE, booked=booked(0, 2)), State.BOOK),
        (replace(FREE, booked=booked(0.5, 2)), State.BOOK),
        (replace(FREE, booked=booked(0.75, 2)), State.FREE),
        (replace(FREE, live="armed", booked=booked(0, 2)), State.FREE),
        (replace(FREE, agent=GONE, booked=booked(0, 2)), State.OFF),
        (replace(RUNNING, booked=booked(0, 2, "nozzle")), State.USE),
        (replace(FREE, booked=booked(0, 2, "nozzle")), State.LOCK),
        (replace(FREE, booked=booked(0.5, 2, "nozzle")), State.BOOK),
        (replace(FREE, latched=True, problem=True), State.LOCK),
        (replace(FREE, bypass_until=NOW + HOUR), State.LOCK),
        (replace(FREE, bypass_until=NOW), State.FREE),
        (replace(RUNNING, bypass_until=NOW + HOUR), State.USE),
        (replace(FREE, live="out_of_service"), State.LOCK),
        (replace(FREE, live="maintenance"), State.LOCK),
        (replace(FREE, latched=True), State.LOCK),
        (replace(FREE, service="out"), State.LOCK),
        (replace(FREE, service="out_after_job"), State.LOCK),
        (replace(FREE, faults=("no_power",)), State.FAULT),
        (replace(FREE, live=None), State.OFF),
        (replace(FREE, live="a word of tomorrow"), State.OFF),
        (replace(FREE, agent=GONE), State.OFF),
        (replace(FREE, agent=AgentFacts("agent-1", online=False, seen=None)), State.OFF),
    ],
)
def test_each_fact_gives_its_state(facts: MachineFacts, state: State) -> None:
    assert tile_of(facts, NOW).state is state


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (replace(RUNNING, faults=("no_power",), latched=True), State.FAULT),
        (replace(RUNNING, latched=True), State.LOCK),
        (replace(RUNNING, agent=GONE), State.USE),
        (replace(FREE, latched=True, agent=GONE), State.LOCK),
    ],
)
def test_where_several_hold_the_first_in_rank_is_shown(facts: MachineFacts, state: State) -> None:
    assert tile_of(facts, NOW).state is state


def test_an_outage_that_goes_on_locks_and_says_why_and_what_staff_say_at_the_machine_goes_before_it() -> None:
    outage = booked(-1, 2, "nozzle")

    out = tile_of(replace(FREE, booked=outage), NOW)
    noted = tile_of(replace(FREE, booked=outage, service="out", note="spindle"), NOW)

    assert (out.why, out.note) == ("outage", "nozzle")
    assert (noted.why, noted.note) == ("out_of_service", "spindle")


@pytest.mark.parametrize("wish", ["out", "out_after_job", "maintenance"])
def test_a_running_machine_is_never_shown_as_locked_because_staff_wish_it(wish: str) -> None:
    tile = tile_of(replace(RUNNING, service=wish), NOW)

    assert (tile.state, tile.started) == (State.USE, NOW - HOUR)


def test_a_machine_that_stands_still_is_still_somebodys_and_shows_since_when() -> None:
    tile = tile_of(replace(RUNNING, working=False), NOW)

    assert (tile.state, tile.started) == (State.IDLE, NOW - HOUR)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (replace(FREE, live="armed"), "armed"),
        (replace(FREE, latched=True), "latched"),
        (replace(FREE, latched=True, problem=True), "problem"),
        (replace(FREE, bypass_until=NOW + HOUR), "bypassed"),
        (FREE, ""),
    ],
)
def test_a_tile_says_what_is_the_matter(facts: MachineFacts, why: str) -> None:
    assert tile_of(facts, NOW).why == why


@pytest.mark.parametrize(
    ("facts", "worry"),
    [
        (replace(FREE, latched=True), Worry.LATCHED),
        (replace(FREE, latched=True, problem=True), Worry.PROBLEM),
        (replace(FREE, lacks=("press_to_start",)), Worry.LACKS),
        (replace(FREE, bypass_until=NOW + HOUR), Worry.BYPASSED),
    ],
)
def test_what_somebody_should_see_to_is_named_once(facts: MachineFacts, worry: Worry) -> None:
    assert [trouble.worry for trouble in troubles_of([facts], [HEARD], NOW)] == [worry]


def test_a_session_on_a_silent_agent_stands_still_at_the_last_word() -> None:
    tile = tile_of(replace(RUNNING, agent=GONE), NOW)

    assert (tile.state, tile.silent, tile.until) == (State.USE, True, GONE.seen)


def test_no_news_of_a_running_machine_is_silence_and_no_news_of_an_idle_one_is_not() -> None:
    quiet = AgentFacts("agent-1", online=True, seen=NOW - HOUR)

    assert tile_of(replace(RUNNING, agent=quiet), NOW).silent
    assert not tile_of(replace(FREE, agent=quiet), NOW).silent


def test_a_session_beyond_its_planned_time_is_worth_a_look() -> None:
    late = troubles_of([replace(RUNNING, limit_s=1800)], [HEARD], NOW)
    in_time = troubles_of([replace(RUNNING, limit_s=7200)], [HEARD], NOW)

    assert [(trouble.worry, trouble.since) for trouble in late] == [(Worry.OVERTIME, NOW - HOUR / 2)]
    assert in_time == []


def test_one_silent_agent_is_named_with_its_machines() -> None:
    other = AgentFacts("agent-2", online=True, seen=NOW)
    found = troubles_of([replace(FREE, agent=GONE)], [GONE, other], NOW)

    assert [(trouble.worry, trouble.subject, trouble.machines) for trouble in found] == [
        (Worry.SILENT, "agent-1", ("FDM 1",))
    ]


def test_all_agents_silent_is_one_trouble_of_our_own() -> None:
    other = AgentFacts("agent-2", online=False, seen=NOW - 2 * HOUR)
    found = troubles_of([replace(FREE, agent=GONE)], [GONE, other], NOW)

    assert [(trouble.worry, trouble.since) for trouble in found] == [(Worry.CUT_OFF, GONE.seen)]


def test_the_load_counts_a_machine_in_every_quarter_hour_it_touches() -> None:
    minute = timedelta(minutes=1)
    spans = [
        (1, NOW - HOUR, NOW + 20 * minute),
        (2, NOW + 16 * minute, None),
        (3, NOW + 14 * minute, NOW + 15 * minute),
    ]

    assert load_of(spans, NOW, NOW + 46 * minute) == (2, 3, 1, 1)


def test_two_sessions_at_one_machine_in_a_quarter_hour_are_one_machine_in_use() -> None:
    minute = timedelta(minutes=1)
    spans = [(1, NOW, NOW + 5 * minute), (1, NOW + 6 * minute, NOW + 9 * minute)]

    assert load_of(spans, NOW, NOW + 10 * minute) == (1,)
