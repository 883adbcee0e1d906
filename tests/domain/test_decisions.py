"""Until when a session counts, and what nobody can mean."""

from datetime import UTC, datetime, timedelta

import pytest

from server.domain.decisions import AS_MEASURED, Decision, counted, says, seconds_until, sensible
from server.domain.refusals import Refusal
from server.domain.usage import Session, SessionState

START = datetime(2026, 10, 5, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = START + 9 * HOUR


def session(state: str = "ended", hours: float = 4) -> Session:
    end = None if state == "open" else START + hours * HOUR
    seconds = int(hours * 3600)
    return Session("s", 1, 7, 1, state, START, end, seconds, seconds, None, None, None, "synced", 1, 0, False)


@pytest.mark.parametrize(
    ("state", "measured_s", "decision", "counts"),
    [
        ("ended", 3600, AS_MEASURED, None),
        ("ended", 3600, Decision(1800), 1800),
        ("ended", 3600, Decision(3600), None),
        ("ended", 3600, Decision(7200), None),  # its real end lay before: nobody pays for more than was measured
        ("provisional", 3600, Decision(7200), 7200),  # the last known second is not its end
        ("ended", 3600, Decision(0), 0),
    ],
)
def test_a_decision_says_until_when_and_never_makes_a_session_longer(
    state: str, measured_s: int, decision: Decision, counts: int | None
) -> None:
    assert counted(state, measured_s, decision) == counts


def test_an_open_session_can_be_ended_at_any_moment_that_has_been() -> None:
    assert seconds_until(session("open", 1), START + 5 * HOUR, NOW) == 5 * 3600
    assert seconds_until(session("ended", 4), START + 2 * HOUR, NOW) == 2 * 3600

    for ended_at, words in (
        (NOW + HOUR, "future"),
        (START - HOUR, "before the session"),
        (START + 5 * HOUR, "released before"),
    ):
        with pytest.raises(Refusal, match=words):
            seconds_until(session(SessionState.ENDED, 4), ended_at, NOW)


def test_a_charge_says_what_was_decided_whether_its_end_was_known_or_not() -> None:
    decision = Decision(7200, "goodwill")

    assert says(7200, "goodwill", 3600, decision)
    assert says(None, "goodwill", 3600, decision)
    assert not says(3600, "goodwill", 3600, decision)
    assert not says(7200, None, 3600, decision)


@pytest.mark.parametrize(("start", "end"), [(0, 24), (2, 2), (3, 2), (-200, 1)])
def test_times_that_nobody_can_mean_are_refused(start: int, end: int) -> None:
    with pytest.raises(Refusal):
        sensible(START + start * HOUR, START + end * HOUR, NOW)

    sensible(START, START + HOUR, NOW)
