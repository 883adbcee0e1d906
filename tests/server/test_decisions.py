"""What staff decide about sessions: what was measured stays, the newest decision counts, and the books still agree."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from server.audit.models import AuditEntry
from server.billing.ledger import verify_billing
from server.billing.models import Charge, Document
from server.db import Stale, reading, writing
from server.domain.decisions import Decision
from server.domain.refusals import Refusal
from server.ingest import ingest
from server.people import service as people
from server.usage import decisions
from server.usage.ledger import verify_ledger
from server.usage.models import SessionDecision, UsageSession
from server.usage.service import open_sessions
from tests.server import billing_lab, paper_agent
from tests.server.billing_lab import CLOSING, use
from tests.server.paper_agent import PaperAgent, uuid

NOW = datetime(2026, 10, 14, 8, 0, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "account:1", "now": NOW}
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
S1 = uuid("session", 1)


@pytest.fixture
def agent(app: Flask) -> PaperAgent:
    paper_agent.furnish(NOW - 10 * HOUR)
    return PaperAgent()


def stands(session_id: str = S1) -> UsageSession:
    with reading() as session:
        return session.get_one(UsageSession, session_id)


def decision(session_id: str = S1) -> Decision | None:
    with reading():
        return decisions.newest(UsageSession.id == session_id).get(session_id)


# --- Until when a session counts ----------------------------------------------------------------------------------------


def test_what_was_measured_stays_when_a_session_counts_less(agent: PaperAgent) -> None:
    ingest([agent.ends(S1, "p1", NOW - 6 * HOUR, 5 * 3600)], NOW)

    decisions.correct_end(S1, NOW - 4 * HOUR, "left at noon", **BY)

    assert stands().occupied_s == 5 * 3600
    assert stands().ended_at == NOW - HOUR
    assert decision() == Decision(counted_s=2 * 3600)
    assert verify_ledger() == []


def test_an_open_session_is_closed_for_now_and_its_real_end_replaces_what_was_measured(agent: PaperAgent) -> None:
    start = NOW - 6 * HOUR
    ingest([agent.starts(S1, "p1", start), agent.checkpoints(NOW - 4 * HOUR, (S1, "p1", 7200))], NOW)

    decisions.correct_end(S1, start + 3 * HOUR, "forgotten", **BY)

    assert (stands().state, stands().ended_at, stands().occupied_s) == ("provisional", start + 3 * HOUR, 7200)
    assert open_sessions() == []
    assert verify_ledger() == []
    ingest([agent.checkpoints(NOW - HOUR, (S1, "p1", 5 * 3600))], NOW)
    assert (stands().ended_at, stands().occupied_s) == (start + 3 * HOUR, 5 * 3600), "the end that was given stays"
    assert verify_ledger() == []
    ingest([agent.ends(S1, "p1", start, 20_000)], NOW)
    assert (stands().state, stands().occupied_s) == ("ended", 20_000)
    assert decision() == Decision(counted_s=3 * 3600)
    assert verify_ledger() == []


def test_a_provisional_end_that_nobody_has_set_still_moves_along(agent: PaperAgent) -> None:
    start = NOW - 6 * HOUR
    ingest([agent.starts(S1, "p1", start), agent.starts(uuid("session", 2), "p1", NOW - HOUR)], NOW)

    ingest([agent.checkpoints(NOW - HOUR, (S1, "p1", 3600))], NOW)

    assert stands().ended_at == start + HOUR


@pytest.mark.parametrize(
    ("ended_at", "words"),
    [
        (NOW + MINUTE, "in the future"),
        (NOW - 7 * HOUR, "before the session began"),
        (NOW - MINUTE, "released before that"),
    ],
)
def test_an_end_that_cannot_be_is_refused(agent: PaperAgent, ended_at: datetime, words: str) -> None:
    ingest([agent.ends(S1, "p1", NOW - 6 * HOUR, 3600)], NOW)

    with pytest.raises(Refusal, match=words):
        decisions.correct_end(S1, ended_at, "because", **BY)

    assert decision() is None


# --- Not charged, charged again -----------------------------------------------------------------------------------------


def test_the_newest_decision_counts_and_keeps_what_the_one_before_said_of_the_time(agent: PaperAgent) -> None:
    ingest([agent.ends(S1, "p1", NOW - 6 * HOUR, 7200)], NOW)

    decisions.correct_end(S1, NOW - 5 * HOUR, "left early", **BY)
    decisions.do_not_charge(S1, "machine_fault", "nozzle", **BY)

    assert decision() == Decision(counted_s=3600, free="machine_fault")
    decisions.charge_again(S1, "it was not the nozzle", **BY)
    assert decision() == Decision(counted_s=3600)
    decisions.count_as_measured(S1, "she stayed", **BY)
    assert decision() == Decision()
    assert verify_ledger() == []


def test_a_decision_without_a_reason_is_refused(agent: PaperAgent) -> None:
    ingest([agent.ends(S1, "p1", NOW - 6 * HOUR, 7200)], NOW)

    with pytest.raises(Refusal, match="Say why"):
        decisions.do_not_charge(S1, "goodwill", " ", **BY)


def test_the_second_of_two_who_decide_is_told(agent: PaperAgent) -> None:
    ingest([agent.ends(S1, "p1", NOW - 6 * HOUR, 7200)], NOW)
    decisions.do_not_charge(S1, "test", "first", version=0, **BY)

    with pytest.raises(Stale):
        decisions.correct_end(S1, NOW - 5 * HOUR, "second", version=0, **BY)

    decisions.correct_end(S1, NOW - 5 * HOUR, "second", version=1, **BY)


@pytest.mark.parametrize(
    "tamper",
    [
        update(SessionDecision).values(counted_s=1),
        update(SessionDecision).values(free="test"),
        update(SessionDecision).values(actor="account:2"),
        delete(SessionDecision),
        update(AuditEntry).where(AuditEntry.object_kind == "session").values(reason="something else"),
    ],
)
def test_a_decision_that_is_changed_by_hand_is_found(agent: PaperAgent, tamper: Any) -> None:
    ingest([agent.ends(S1, "p1", NOW - 6 * HOUR, 7200)], NOW)
    decisions.correct_end(S1, NOW - 5 * HOUR, "left early", **BY)
    assert verify_ledger() == []

    with writing() as session:
        session.execute(tamper)

    problems = verify_ledger()
    assert problems
    assert all(S1 in problem for problem in problems)


# --- Entered by hand ----------------------------------------------------------------------------------------------------


@pytest.fixture
def holder(app: Flask) -> int:
    """Somebody of acme, in a lab with prices."""
    billing_lab.furnish()
    member = people.add_holder("Ada", "Lovelace", actor="test", now=billing_lab.OPENED).number
    people.add_membership(member, "acme-1", actor="test", now=billing_lab.OPENED)
    return member


def enter(holder: int, start: datetime, end: datetime, payer: str = "acme-1", now: datetime = NOW) -> str:
    return decisions.enter_by_hand(
        *("p1", holder, payer, start, end, "key switch, box dead"),
        simulated=False, actor="account:1", now=now,
    )  # fmt: skip


def test_a_session_entered_by_hand_is_one_like_any_other_and_says_so(holder: int) -> None:
    entered = stands(enter(holder, NOW - 3 * HOUR, NOW - HOUR))

    assert (entered.state, entered.time_quality, entered.end_reason) == ("ended", "by_hand", "entered_by_hand")
    assert entered.occupied_s == 7200
    assert verify_ledger() == []
    billing_lab.close()
    billing_lab.issue()
    with reading() as session:
        assert session.scalar(select(Charge.net_cents)) == 4800, "2 h at 24.00 €"
    assert verify_billing() == []


def test_one_that_overlaps_or_lies_ahead_is_refused(holder: int) -> None:
    use(start=NOW - 5 * HOUR, seconds=3600)  # until NOW - 4 h, on p1
    enter(holder, NOW - 4 * HOUR, NOW - 3 * HOUR)

    with pytest.raises(Refusal, match="was in use then"):
        enter(holder, NOW - 4 * HOUR - MINUTE, NOW - 3 * HOUR)
    with pytest.raises(Refusal, match="lies in the past"):
        enter(holder, NOW - HOUR, NOW + MINUTE)
    with pytest.raises(Refusal, match="after the start"):
        enter(holder, NOW - HOUR, NOW - HOUR)
    with pytest.raises(Refusal, match="no membership of Bergzeug AG"):
        enter(holder, NOW - 2 * HOUR, NOW - HOUR, payer="berg-1")


def test_one_in_a_month_that_is_issued_goes_on_the_next_invoice(holder: int) -> None:
    use()
    billing_lab.close()
    billing_lab.issue()
    december = datetime(2026, 12, 3, 9, 0, tzinfo=UTC)

    entered = enter(holder, NOW - 3 * HOUR, NOW - HOUR, now=CLOSING)

    assert billing_lab.issue() == []
    billing_lab.close("2026-11", december)
    assert billing_lab.issue("2026-11", december) == ["F-2026-0002"]
    with reading() as session:
        assert session.scalar(select(Charge.net_cents).where(Charge.subject == entered)) == 4800, "2 h at 24.00 €"


@pytest.mark.parametrize(
    "tamper",
    [
        update(UsageSession).values(occupied_s=UsageSession.occupied_s + 1),
        update(UsageSession).values(holder_number=7),
        update(UsageSession).values(time_quality="synced"),
        delete(UsageSession),
    ],
)
def test_a_session_entered_by_hand_and_changed_later_is_found(holder: int, tamper: Any) -> None:
    entered = enter(holder, NOW - 3 * HOUR, NOW - HOUR)

    with writing() as session:
        session.execute(tamper)

    (problem,) = verify_ledger()
    assert problem.startswith(f"session {entered}: ")
    assert "by hand" in problem


# --- On the invoice -----------------------------------------------------------------------------------------------------


def issued() -> tuple[Document, list[dict[str, Any]]]:
    import json

    billing_lab.close()
    billing_lab.issue()
    with reading() as session:
        document = session.scalars(select(Document)).one()
    return document, json.loads(document.frozen)["groups"][0]["lines"]


def test_the_invoice_bills_what_counts_and_shows_what_was_measured(app: Flask) -> None:
    billing_lab.furnish()
    forgotten = use(seconds=5 * 3600)

    decisions.correct_end(forgotten, datetime(2026, 10, 5, 9, 20, tzinfo=UTC), "left at 11:20", **BY)

    document, (line,) = issued()
    # 1 h 20 = 4800 s counts; by quarters begun 6 × 900 = 5400 s; at 24.00 € an hour 36.00; VAT 20 % 7.20
    assert (line["measured_s"], line["billed_s"], line["net_cents"]) == (18_000, 5400, 3600)
    assert (document.net_cents, document.vat_cents, document.gross_cents) == (3600, 720, 4320)
    assert verify_billing() == []


def test_a_session_that_is_not_charged_is_a_line_at_nothing_with_its_reason(app: Flask) -> None:
    billing_lab.furnish()
    spoiled = use(seconds=3600)
    use(seconds=900, start=NOW)

    decisions.do_not_charge(spoiled, "machine_fault", "nozzle", **BY)

    document, (charged, free) = issued()
    assert (charged["free"], charged["net_cents"]) == (None, 600)  # 15 min at 24.00 €
    assert (free["free"], free["measured_s"], free["billed_s"], free["net_cents"]) == ("machine_fault", 3600, 0, 0)
    assert document.net_cents == 600
    assert verify_billing() == []


def test_a_session_that_is_not_charged_needs_no_price(app: Flask) -> None:
    billing_lab.furnish()
    use(seconds=900, start=NOW)
    billing_lab.end_prices("cnc", datetime(2026, 10, 1, tzinfo=UTC))
    unpriced = use(machine="c1")
    assert billing_lab.close().drafts.held

    decisions.do_not_charge(unpriced, "test", "set-up", **BY)

    document, lines = issued()
    assert document.net_cents == 600
    assert [line["free"] for line in lines] == ["test", None]
    assert verify_billing() == []


def test_a_decision_between_draft_and_number_keeps_the_draft_from_being_issued(app: Flask) -> None:
    billing_lab.furnish()
    use(seconds=7200)
    billing_lab.close()
    with reading() as session:
        old = session.scalars(select(UsageSession.id)).one()
    decisions.do_not_charge(old, "goodwill", "just now", **BY)

    assert billing_lab.issue() == [], "what is drafted anew comes to nothing, and nothing is not invoiced"


@pytest.mark.parametrize(
    "tamper",
    [
        update(Charge).values(counted_s=60),
        update(Charge).values(free=None),
        delete(SessionDecision),
        update(SessionDecision).values(counted_s=60),
    ],
)
def test_a_charge_and_a_decision_that_differ_are_found(app: Flask, tamper: Any) -> None:
    billing_lab.furnish()
    spoiled = use(seconds=7200)
    use(seconds=900, start=NOW)
    decisions.correct_end(spoiled, datetime(2026, 10, 5, 9, 0, tzinfo=UTC), "left", **BY)
    decisions.do_not_charge(spoiled, "machine_fault", "nozzle", **BY)
    issued()
    assert verify_billing() == []

    with writing() as session:
        session.execute(tamper)

    assert any(spoiled in problem for problem in verify_billing())
