"""Events that an agent saved from a damaged file: the server takes each one that it lacks, and none that it has."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from agent.state import State
from server.db import db
from server.ingest import Incoming, ingest, receipts
from server.usage.ledger import verify_ledger
from server.usage.models import EventPayload, RejectedEvent
from tests.agent.damaged_file import damaged, mark_of, spoil, store, to_send
from tests.agent.fakes import stamp
from tests.server.paper_agent import PaperAgent, furnish
from wire.messages import Fault, First, Gap, decode_envelope, encode_envelope

SEEDS = 12
BATCH = 40


@pytest.fixture
def lab(app, now):
    furnish(now)
    return app


def send(payloads: list[bytes], now) -> int:
    """Returns how many the server had already."""
    duplicates = 0
    for at in range(0, len(payloads), BATCH):
        duplicates += ingest([Incoming("agent-1", payload) for payload in payloads[at : at + BATCH]], now).duplicates
    return duplicates


def stored(seed: int) -> list[str]:
    payloads = db.session.scalars(select(EventPayload.payload))
    marks = [mark_of(payload) for payload in payloads]
    return [mark for mark in marks if mark.startswith(f"{seed}:")]


def test_a_damaged_file_loses_no_readable_event_and_doubles_none_in_the_books(lab, now, tmp_path: Path) -> None:
    wrong = {}
    for seed in range(SEEDS):
        random = Random(seed)
        case = damaged(tmp_path / str(seed), seed)
        living = State(tmp_path / str(seed) / "living", simulated=False)
        known = to_send(living)[: random.randrange(len(case.marks) + 1)]
        living.close()
        send(known, now)

        for again in range(2):  # and the new file is damaged in its turn, before all of it was sent
            state = State(case.directory, simulated=False)
            payloads = to_send(state)
            if state.lost is not None:
                store(state, Gap(state.lost.outbox, state.lost.reason[:200], stamp(1)))
            state.close()
            send(payloads[: random.randrange(len(payloads) + 1)], now)
            if again == 0:
                case.hit.update(spoil(case.directory, random, case.marks[-1]))
        state = State(case.directory, simulated=False)
        send(to_send(state), now)
        state.close()

        marks = stored(seed)
        lost = case.readable - set(marks)
        if lost or len(set(marks)) < len(marks):
            wrong[seed] = (sorted(lost), len(marks) - len(set(marks)))

    assert wrong == {}
    assert verify_ledger() == []
    assert db.session.scalars(select(RejectedEvent.reason)).all() == []


# --- one at a time ------------------------------------------------------------------------------------------------------


def saved(agent: PaperAgent, was: First, now) -> Incoming:
    """The next event of this outbox, which was known by another name before."""
    plain = decode_envelope(agent.faults(now).payload)
    agent.sent.pop()
    return agent.sends(encode_envelope(replace(plain, was=was)))


def test_what_is_stored_under_its_first_name_is_a_duplicate_and_the_receipt_goes_on(lab, now) -> None:
    old, new = PaperAgent(), PaperAgent(outbox="3f0c1d8e-6f8a-4c55-9d3a-0a8a35a3a0aa")
    ingest([old.boots(now), old.boots(now)], now)

    outcome = ingest([saved(new, First(old.outbox, n), now) for n in (1, 2, 3)], now)

    assert (outcome.stored, outcome.duplicates, outcome.rejected) == (1, 2, 0)
    assert receipts(["agent-1"])["agent-1"].through == {old.outbox: 2, new.outbox: 3}
    assert verify_ledger() == []


def test_one_that_was_saved_twice_before_the_server_heard_of_it_is_stored_once(lab, now) -> None:
    second, third = PaperAgent(outbox="3f0c1d8e-6f8a-4c55-9d3a-0a8a35a3a0aa"), PaperAgent()
    first = First("11111111-6f8a-4c55-9d3a-0a8a35a3a0aa", 7)

    outcomes = [ingest([saved(agent, first, now)], now) for agent in (second, third)]

    assert [(one.stored, one.duplicates) for one in outcomes] == [(1, 0), (0, 1)]


def test_one_that_claims_another_agents_outbox_is_set_aside_and_stops_nothing(lab, now) -> None:
    other = PaperAgent("agent-2")
    ingest([other.boots(now)], now)
    agent = PaperAgent("agent-1")

    outcome = ingest([saved(agent, First(other.outbox, 1), now), agent.boots(now)], now)

    assert (outcome.stored, outcome.rejected) == (1, 1)
    assert receipts(["agent-2"])["agent-2"].through == {other.outbox: 1}


def test_an_event_that_claims_to_be_saved_from_its_own_outbox_cannot_be_read(lab, now) -> None:
    agent = PaperAgent()
    payload = agent.says(Fault("p1", "x", "y", 1, stamp(1))).payload
    nonsense = payload[:-1] + b',"was":["%s",5]}' % agent.outbox.encode()

    outcome = ingest([Incoming("agent-1", nonsense)], now)

    assert outcome.stored == 0
    assert receipts(["agent-1"])["agent-1"].through == {}
