"""What an agent says of itself reaches the board, an older word never overwrites a newer one, and nonsense is counted."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.db import db
from server.ingest import Incoming, ingest, receipts, statuses
from server.jobs.service import changes_after, last_change_id
from server.machines.models import Agent, MachineLive
from server.usage import counts
from tests.server.paper_agent import PaperAgent, furnish, uuid
from wire.messages import MachineStatus, Receipt, Status, encode

S1 = uuid("session", 1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def lab(app, now):
    furnish(now)
    return app


def ms(at):
    return int(at.timestamp() * 1000)


def says(at, *machines, agent="agent-1", boot="boot-1", online=True, **more):
    status = Status(agent, online, boot, at_ms=ms(at), machines=machines, **more)
    return Incoming("agent-1", encode(status))


def agent_row():
    return db.session.execute(select(Agent.__table__).where(Agent.name == "agent-1")).one()


def shown(machine_id=1):
    row = db.session.execute(select(MachineLive.__table__).where(MachineLive.machine_id == machine_id)).one_or_none()
    return None if row is None else (row.state, row.session, row.checkpoint_s)


def test_a_status_updates_the_agent_and_its_machines_and_announces_them(lab, now):
    before = last_change_id()
    running = MachineStatus("p1", "running", ms(now - MINUTE), S1, 30)

    heard = statuses([says(now, running, version="1.0", revision=7, outbox=uuid("box"), last_n=3, synced=True)], now)

    row = agent_row()
    assert heard == {"agent-1"}
    assert (row.online, row.boot, row.version, row.revision, row.last_n) == (True, "boot-1", "1.0", 7, 3)
    assert (row.synced, row.last_seen_at) == (True, now)
    assert shown() == ("running", S1, 30)
    assert {(change.topic, change.key) for change in changes_after(before)} == {("machine", "p1"), ("machine", "p2")}


def live_row(machine_id=1):
    return db.session.execute(select(MachineLive.__table__).where(MachineLive.machine_id == machine_id)).one()


def test_what_a_box_says_of_its_machine_is_kept_with_it(lab, now):
    proven, lacks = now - 9 * MINUTE, ("press_to_start",)
    told = MachineStatus(
        "p1", "running", ms(now), S1, 30, problem=True, running=False, proven_open_ms=ms(proven), lacks=lacks
    )

    statuses([says(now, told, disk_free_mb=11_400)], now)

    row = live_row()
    assert (row.problem, row.running, row.proven_open_at, row.lacks) == (True, False, proven, ["press_to_start"])
    assert agent_row().disk_free_mb == 11_400


def test_whether_it_works_is_not_said_of_the_next_session_before_its_box_says_so(lab, now):
    agent = PaperAgent()
    idle = MachineStatus("p1", "idle", ms(now - 9 * MINUTE), running=False)
    statuses([says(now - 9 * MINUTE, idle)], now - 9 * MINUTE)

    ingest([agent.starts(S1, "p1", now - MINUTE)], now)

    assert (live_row().state, live_row().running) == ("running", None)


@pytest.mark.parametrize("said", [None, 0])
def test_a_new_box_takes_no_proof_away(lab, now, said):
    proven = now - 9 * MINUTE
    statuses([says(now, MachineStatus("p1", "idle", ms(now), proven_open_ms=ms(proven)))], now)

    statuses([says(now, MachineStatus("p1", "idle", ms(now), proven_open_ms=said), boot="boot-2")], now)

    assert live_row().proven_open_at == proven


def test_a_proof_dated_ahead_counts_as_of_now_and_a_disk_of_nonsense_is_not_known(lab, now):
    ahead = MachineStatus("p1", "idle", ms(now), proven_open_ms=2**52)

    statuses([says(now, ahead, disk_free_mb=2**52)], now)

    assert live_row().proven_open_at == now
    assert agent_row().disk_free_mb is None


def test_a_status_that_says_nothing_new_announces_nothing(lab, now):
    idle = MachineStatus("p1", "idle", ms(now))
    statuses([says(now, idle)], now)
    before = last_change_id()

    statuses([says(now + MINUTE, idle)], now + MINUTE)

    assert last_change_id() == before
    assert agent_row().last_seen_at == now + MINUTE


def test_an_old_status_does_not_turn_back_what_an_event_has_turned(lab, now):
    agent = PaperAgent()
    idle = says(now - 5 * MINUTE, MachineStatus("p1", "idle", ms(now - 9 * MINUTE)))
    statuses([idle], now - 5 * MINUTE)
    ingest([agent.starts(S1, "p1", now - MINUTE)], now)

    statuses([idle], now)  # kept by the broker, heard again after a reconnect
    kept = shown()
    statuses([says(now, MachineStatus("p1", "idle", ms(now)))], now)

    assert kept == ("running", S1, 0)
    assert shown() == ("idle", None, None)


def test_after_a_boot_the_agents_word_counts_even_if_its_clock_is_behind(lab, now):
    statuses([says(now, MachineStatus("p1", "running", ms(now), S1))], now)

    statuses([says(now - 60 * MINUTE, MachineStatus("p1", "idle", ms(now - 60 * MINUTE)), boot="boot-2")], now)

    assert shown() == ("idle", None, None)


def test_a_will_takes_the_agent_offline_and_leaves_its_machines_as_they_were(lab, now):
    statuses([says(now, MachineStatus("p1", "running", ms(now), S1), version="1.0")], now)
    before = last_change_id()

    statuses([says(now, online=False)], now + MINUTE)

    assert (agent_row().online, agent_row().version, agent_row().last_seen_at) == (False, "1.0", now)
    assert shown() == ("running", S1, None)
    assert ("machine", "p1") in {(change.topic, change.key) for change in changes_after(before)}


def test_the_late_will_of_an_earlier_boot_is_counted_and_not_believed(lab, now):
    statuses([says(now, boot="boot-2")], now)

    heard = statuses([says(now, boot="boot-1", online=False)], now)

    assert heard == set()
    assert agent_row().online
    assert counts.totals() == {"late_will": 1}


def test_an_agent_cannot_speak_for_another_or_for_machines_it_does_not_gate(lab, now):
    statuses([says(now, agent="agent-2"), says(now, MachineStatus("c1", "running", ms(now), S1))], now)

    assert counts.totals() == {"foreign_status": 1, "foreign_machine": 1}
    assert shown(3) is None


@pytest.mark.parametrize("payload", [b"", b"\xff", b"{}", b"[]", b'{"agent":7,"online":true,"boot":"b"}'])
def test_a_status_that_cannot_be_read_is_counted(lab, now, payload):
    statuses([Incoming("agent-1", payload), says(now)], now)

    assert counts.totals() == {"unreadable_status": 1}
    assert agent_row().online


def test_a_status_that_breaks_us_is_counted_and_the_others_are_taken_in(lab, now):
    poison = Incoming("agent-1", encode(Status("agent-1", True, "boot-0", outbox="no uuid", version="9")))

    heard = statuses([poison, says(now, version="1.0")], now)

    assert heard == {"agent-1"}
    assert agent_row().version == "1.0"
    assert counts.totals() == {"status_fault": 1}


def test_an_outbox_that_was_only_announced_is_in_the_receipt(lab, now):
    statuses([says(now, outbox=uuid("box"), last_n=9)], now)

    assert receipts({"agent-1"}) == {"agent-1": Receipt({uuid("box"): 0})}


def test_the_outbox_of_another_agent_cannot_be_claimed(lab, now):
    theirs = PaperAgent("agent-2")
    ingest([theirs.boots(now)], now)

    statuses([says(now, outbox=theirs.outbox)], now)

    assert counts.totals() == {"foreign_outbox": 1}
    assert receipts({"agent-1"}) == {"agent-1": Receipt({})}
