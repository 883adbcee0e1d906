"""From events to sessions: rule 9, any order across outboxes, and one ledger however often and in whatever order they come."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from server.db import db, writing
from server.ingest import Incoming, ingest
from server.machines.models import MachineLive
from server.usage import counts, ledger
from server.usage.models import Denial, Event, EventPayload, IngestCount, Outbox, RejectedEvent, UsageSession
from server.usage.service import close_silent, open_sessions
from tests.server.paper_agent import MACHINES, PaperAgent, furnish, uuid
from wire.messages import DenialReason

S1, S2, S3 = uuid("session", 1), uuid("session", 2), uuid("session", 3)
HOUR = timedelta(hours=1)


@pytest.fixture
def lab(app, now):
    furnish(now)
    return app


def session(session_id):
    wanted = select(UsageSession.__table__).where(UsageSession.id == session_id)
    return db.session.execute(wanted).one()


def live(machine_id=1):
    return db.session.execute(select(MachineLive.__table__).where(MachineLive.machine_id == machine_id)).one()


def test_a_start_opens_a_session_and_its_end_says_the_rest(lab, now):
    agent, start = PaperAgent(), now - HOUR

    ingest([agent.starts(S1, "p1", start)], now)
    opened = session(S1)
    ingest([agent.ends(S1, "p1", start, 1830)], now)
    closed = session(S1)

    assert (opened.state, opened.ended_at, opened.occupied_s) == ("open", None, 0)
    assert (closed.state, closed.ended_at, closed.occupied_s) == ("ended", start + timedelta(seconds=1830), 1830)
    assert (closed.end_reason, closed.taps, closed.time_quality) == ("holder", 2, "synced")


def test_an_end_whose_start_never_came_makes_the_whole_session(lab, now):
    agent = PaperAgent()

    ingest([agent.ends(S1, "p1", now - HOUR, 600)], now)

    assert (session(S1).state, session(S1).started_at, session(S1).occupied_s) == ("ended", now - HOUR, 600)


def test_a_start_that_comes_after_its_end_changes_nothing(lab, now):
    first, second = PaperAgent(), PaperAgent(outbox=uuid("new file"))
    ingest([second.ends(S1, "p1", now - HOUR, 600)], now)
    before = session(S1)

    ingest([first.starts(S1, "p1", now - HOUR)], now)

    assert session(S1) == before


def test_silence_never_closes_a_session(lab, now):
    agent = PaperAgent()
    ingest([agent.starts(S1, "p1", now - HOUR)], now)

    ingest([agent.boots(now + timedelta(days=40))], now + timedelta(days=40))

    assert [one.id for one in open_sessions()] == [S1]


def test_a_later_start_on_the_same_machine_closes_the_earlier_session_at_its_last_known_second(lab, now):
    old, new = PaperAgent(), PaperAgent(outbox=uuid("new file"))
    start = now - 5 * HOUR
    ingest([old.starts(S1, "p1", start), old.checkpoints(start + HOUR, (S1, "p1", 3600))], now)

    ingest([new.starts(S2, "p1", now - HOUR)], now)

    assert (session(S1).state, session(S1).occupied_s, session(S1).ended_at) == ("provisional", 3600, start + HOUR)
    assert session(S2).state == "open"


def test_the_real_end_replaces_a_provisional_one(lab, now):
    old, new = PaperAgent(), PaperAgent(outbox=uuid("new file"))
    start = now - 5 * HOUR
    ingest([old.starts(S1, "p1", start), new.starts(S2, "p1", now - HOUR)], now)

    ingest([old.ends(S1, "p1", start, 7000)], now)

    assert (session(S1).state, session(S1).occupied_s) == ("ended", 7000)
    assert session(S2).state == "open"


def test_a_start_that_arrives_late_does_not_close_the_session_that_began_after_it(lab, now):
    old, new = PaperAgent(), PaperAgent(outbox=uuid("new file"))
    ingest([new.starts(S2, "p1", now - HOUR)], now)

    ingest([old.starts(S1, "p1", now - 5 * HOUR)], now)

    assert (session(S1).state, session(S1).ended_at) == ("provisional", now - 5 * HOUR)
    assert session(S2).state == "open"


def test_a_checkpoint_raises_the_last_known_second_and_an_older_one_does_not_lower_it(lab, now):
    agent, start = PaperAgent(), now - 5 * HOUR
    agent.starts(S1, "p1", start)
    agent.checkpoints(start + 2 * HOUR, (S1, "p1", 7200), (S3, "p2", 60))
    agent.checkpoints(start + 3 * HOUR, (S1, "p1", 3600))

    ingest(agent.sent, now)

    assert session(S1).occupied_s == 7200
    assert [one.id for one in open_sessions()] == [S1]


def test_a_second_end_is_counted_and_the_first_one_stands(lab, now):
    agent, start = PaperAgent(), now - HOUR

    ingest([agent.ends(S1, "p1", start, 600), agent.ends(S1, "p1", start, 601)], now)

    assert session(S1).occupied_s == 600
    assert counts.totals() == {"second_end": 1}


def test_a_stored_end_is_never_in_the_future(lab, now):
    agent = PaperAgent()

    ingest([agent.ends(S1, "p1", now - HOUR, 3600 + 200)], now)

    assert session(S1).ended_at == now
    assert session(S1).occupied_s == 3800


def test_a_refused_tap_is_kept_with_all_its_reasons(lab, now):
    agent = PaperAgent()

    ingest([agent.denies("p1", now, DenialReason.TOKEN_BLOCKED, DenialReason.OUTSIDE_HOURS)], now)

    assert db.session.scalars(select(Denial.reasons)).all() == [["token_blocked", "outside_hours"]]


def test_a_lost_state_file_is_counted(lab, now):
    ingest([PaperAgent().lost_its_file(now)], now)

    assert counts.totals() == {"gap": 1}


def test_a_machine_reported_by_another_agent_is_counted(lab, now):
    ingest([PaperAgent("agent-2").starts(S1, "p1", now)], now)

    assert counts.totals() == {"foreign_machine": 1}
    assert session(S1).state == "open"


def test_closing_a_month_closes_only_the_sessions_nobody_has_heard_of_since(lab, now):
    agent = PaperAgent()
    silent, running = now - 20 * HOUR, now - 19 * HOUR
    agent.starts(S1, "p1", silent)
    agent.starts(S2, "p2", running)
    agent.checkpoints(running + 18 * HOUR, (S2, "p2", 18 * 3600))
    ingest(agent.sent, now)

    closed = close_silent(now - HOUR / 2, now)

    assert closed == [S1]
    assert (session(S1).state, session(S1).ended_at) == ("provisional", silent)
    assert session(S2).state == "open"


def test_the_board_turns_with_the_start_and_the_end_without_waiting_for_a_status(lab, now):
    agent, start = PaperAgent(), now - HOUR

    ingest([agent.starts(S1, "p1", start)], now)
    running = live()
    ingest([agent.ends(S1, "p1", start, 600)], now)
    idle = live()

    assert (running.state, running.since, running.session) == ("running", start, S1)
    assert (idle.state, idle.since, idle.session) == ("idle", start + timedelta(seconds=600), None)


def test_a_late_end_does_not_stop_the_machine_on_the_board(lab, now):
    old, new = PaperAgent(), PaperAgent(outbox=uuid("new file"))
    ingest([old.starts(S1, "p1", now - 5 * HOUR), new.starts(S2, "p1", now - 4 * HOUR)], now)

    ingest([old.ends(S1, "p1", now - 5 * HOUR, 600)], now)

    assert (live().state, live().session) == ("running", S2)


# --- one ledger, however often and in whatever order ------------------------------------------------------------------


class Planned(NamedTuple):
    """One session as it really was, and which of its events reached an outbox, and which outbox."""

    id: str
    machine: str
    start_s: int
    seconds: int
    start_box: int | None
    end_box: int | None
    checkpoints: tuple[int, ...]


@st.composite
def sessions_of_a_lab(draw):
    """Per machine a row of sessions one after the other; its outbox may be replaced by a new one on the way."""
    planned = []
    for machine in MACHINES:
        clock, box = 0, 0
        for number in range(draw(st.integers(0, 4))):
            clock += draw(st.integers(1, 5000))
            seconds = draw(st.integers(0, 9000))
            box += draw(st.integers(0, 1))
            start_box = draw(st.sampled_from([box, box, box, None]))
            checkpoints = () if start_box is None else tuple(draw(st.lists(st.integers(0, seconds), max_size=2)))
            end_box = draw(st.sampled_from([box, box, box + 1, None]))
            box = end_box or box
            planned.append(Planned(uuid(machine, number), machine, clock, seconds, start_box, end_box, checkpoints))
            clock += seconds
    return planned


def outboxes_of(planned, origin: datetime) -> list[PaperAgent]:
    """Each outbox with its events in the order in which they were written."""
    told: list[tuple[Any, int, int, str, tuple[Any, ...]]] = []
    for one in planned:
        at = origin + timedelta(seconds=one.start_s)
        owner = MACHINES[one.machine]
        if one.start_box is not None:
            told.append(((owner, one.start_box), one.start_s, 0, "starts", (one.id, one.machine, at)))
        for seconds in one.checkpoints:
            now = at + timedelta(seconds=seconds)
            told.append(
                ((owner, one.start_box), one.start_s + seconds, 1, "checkpoints", (now, (one.id, one.machine, seconds)))
            )
        if one.end_box is not None:
            end_s = one.start_s + one.seconds
            told.append(((owner, one.end_box), end_s, 2, "ends", (one.id, one.machine, at, one.seconds)))
    agents: dict[tuple[str, int], PaperAgent] = {}
    for box, _, _, verb, words in sorted(told, key=lambda entry: entry[:3]):
        agent = agents.setdefault(box, PaperAgent(box[0], uuid("outbox", *box)))
        getattr(agent, verb)(*words)
    return list(agents.values())


def ledger_of(planned, origin: datetime):
    """What must be in the books, said without any of the server's rules."""
    expected: dict[str, tuple[str, int, datetime, datetime | None]] = {}
    for one in planned:
        told_later = [
            other
            for other in planned
            if other.machine == one.machine
            and other.start_s > one.start_s
            and (other.start_box is not None or other.end_box is not None)
        ]
        start = origin + timedelta(seconds=one.start_s)
        if one.end_box is not None:
            expected[one.id] = ("ended", one.seconds, start, start + timedelta(seconds=one.seconds))
        elif one.start_box is not None:
            known = max(one.checkpoints, default=0)
            end = start + timedelta(seconds=known) if told_later else None
            expected[one.id] = ("provisional" if told_later else "open", known, start, end)
    return expected


def deliveries(draw, outbox: PaperAgent) -> list[Incoming]:
    """One to three times each: runs from anywhere to anywhere, as after lost receipts, and at last all from the first."""
    last = len(outbox.sent)
    runs = draw(st.lists(st.tuples(st.integers(0, last), st.integers(0, last)), max_size=2))
    return [event for start, stop in [*runs, (0, last)] for event in outbox.sent[start:stop]]


@st.composite
def histories(draw, origin: datetime):
    planned = draw(sessions_of_a_lab())
    queues = [deliveries(draw, outbox) for outbox in outboxes_of(planned, origin)]
    turns = draw(st.permutations([number for number, queue in enumerate(queues) for _ in queue]))
    positions = [iter(queue) for queue in queues]
    arrived = [next(positions[number]) for number in turns]
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(arrived))), max_size=5)))
    return planned, [arrived[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(arrived)], strict=True)]


ORIGIN = datetime.fromisoformat("2026-10-01T06:00:00+00:00")


def empty_the_books():
    tables = (Denial, EventPayload, Event, UsageSession, Outbox, RejectedEvent, IngestCount, MachineLive)
    with writing() as session:
        for table in tables:
            session.execute(delete(table))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(ORIGIN))
def test_every_event_one_to_three_times_in_any_interleaving_gives_one_ledger(lab, now, history):
    planned, batches = history
    empty_the_books()

    for batch in batches:
        ingest(batch, now)

    rows = db.session.execute(select(UsageSession.__table__))
    found = {row.id: (row.state, row.occupied_s, row.started_at, row.ended_at) for row in rows}
    db.session.rollback()
    assert found == ledger_of(planned, ORIGIN)
    assert counts.totals().get("rejected", 0) == 0
    assert ledger.verify_ledger() == []
