"""Numbers without gaps, dates that never go back, every session charged once: also twice, at once, and after a crash."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from server.billing.ledger import verify_billing
from server.billing.models import Charge, Document, Draft, Series
from server.billing.service import BillingError
from server.db import reading, writing
from server.jobs.models import Change, Job
from tests.server.billing_lab import CLOSING, close, furnish, issue, use


@pytest.fixture(autouse=True)
def _lab(app: Flask) -> None:
    furnish()


def documents() -> list[Document]:
    with reading() as session:
        return list(session.scalars(select(Document).order_by(Document.series, Document.sequence)))


def test_every_draft_that_is_not_held_gets_the_next_number() -> None:
    for payer in ("acme-1", "nord-1", "bach-1", "berg-1"):
        use(payer)
    close()

    numbers = issue()

    assert numbers == ["F-2026-0001", "F-2026-0002", "F-2026-0003"]
    assert [(d.gross_cents, d.state, d.issued_on) for d in documents()] == [
        (2880, "numbered", date(2026, 11, 3)),
        (2400, "numbered", date(2026, 11, 3)),
        (2400, "numbered", date(2026, 11, 3)),
    ]
    with reading() as session:
        assert [draft.content["buyer"]["tenant"] for draft in session.scalars(select(Draft))] == ["bach"]
    assert verify_billing() == []


def test_a_month_that_is_not_closed_is_not_issued() -> None:
    use()

    with pytest.raises(BillingError, match="2026-10 is not closed yet"):
        issue()

    close()
    assert issue() == ["F-2026-0001"]


def test_charges_keep_every_step_from_the_session_to_the_price() -> None:
    session_id = use("acme-2", "c1", seconds=1801)
    close()
    issue()

    with reading() as session:
        charge = session.scalars(select(Charge)).one()
    assert (charge.subject, charge.round, charge.kind, charge.nature) == (session_id, 0, "session", "machine_use")
    assert (charge.occupied_s, charge.billed_s, charge.net_cents) == (1801, 2100, 2350)
    part = {"basis": "occupied", "measured_s": 1801, "billed_s": 2100, "runs": [[2100, 3600]], "net_cents": 2100}
    rule = {"parts": [{"basis": "occupied", "cents": 3600, "step_s": 300, "minimum_s": 1800}], "session_fee_cents": 250}
    assert charge.priced == {"rule": rule, "parts": [part], "fee_cents": 250}
    assert (charge.vat_category, charge.rate_bp) == ("S", 2000)


def test_issuing_queues_the_page_and_tells_the_others() -> None:
    use()
    close()
    (number,) = issue()

    with reading() as session:
        assert [(job.kind, job.args) for job in session.scalars(select(Job).order_by(Job.id))] == [
            ("check_month", {"month": "2026-10"}),
            ("render_document", {"document_id": documents()[0].id}),
        ]
        assert number in session.scalars(select(Change.key).where(Change.topic == "document")).all()


def test_issuing_twice_charges_nothing_twice() -> None:
    use()
    close()

    first, second = issue(), issue()

    assert (first, second) == (["F-2026-0001"], [])


def test_a_session_that_comes_late_goes_on_the_next_invoice_with_its_own_price() -> None:
    use(seconds=3600)
    close()
    issue()
    use(seconds=900)
    use("acme-1", start=datetime(2026, 11, 5, 8, tzinfo=UTC), seconds=1800)
    december = datetime(2026, 12, 3, 9, tzinfo=UTC)

    assert issue(now=CLOSING + timedelta(days=2)) == []
    close("2026-11", december)

    assert issue("2026-11", december) == ["F-2026-0002"]
    assert [document.net_cents for document in documents()] == [2400, 1800]  # 6.00 of October, 12.00 of November
    assert verify_billing() == []


def test_a_specimen_has_its_own_series_and_takes_no_real_number() -> None:
    use(simulated=True)
    use("nord-1")
    close(specimen=True)

    numbers = issue(specimen=True), issue()

    assert numbers == (["DEMO-F-2026-0001"], ["F-2026-0001"])
    assert [document.specimen for document in documents()] == [True, False]


def test_a_document_dated_before_the_last_of_its_series_is_refused() -> None:
    use("acme-1")
    close()
    issue(now=CLOSING)
    use("nord-1")

    with pytest.raises(
        BillingError, match="the last document of series F-2026 is dated 2026-11-03; 2026-11-02 would go back"
    ):
        issue(now=CLOSING - timedelta(days=1))

    assert issue(now=CLOSING) == ["F-2026-0002"]


def test_a_new_year_begins_a_new_series() -> None:
    use("acme-1")
    close()
    issue()
    use("acme-1", start=datetime(2026, 12, 5, 8, tzinfo=UTC))
    january = datetime(2027, 1, 4, 9, tzinfo=UTC)
    close("2026-12", january)

    assert issue("2026-12", january) == ["F-2027-0001"]


def test_three_who_issue_at_once_give_each_number_once_and_leave_no_gap(app: Flask) -> None:
    for tenant in ("acme", "nord", "berg"):
        for _ in range(3):
            use(f"{tenant}-1")
    close()

    def run(_: int) -> list[str]:
        with app.app_context():
            return issue()

    with ThreadPoolExecutor(3) as pool:
        given = sorted(number for numbers in pool.map(run, range(3)) for number in numbers)

    assert given == ["F-2026-0001", "F-2026-0002", "F-2026-0003"]
    assert verify_billing() == []
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Charge)) == 9


def test_a_crash_inside_the_transaction_takes_no_number() -> None:
    use("acme-1")
    close()
    with writing() as session:
        session.add(Series(name="F-2026", last_sequence=0))
        session.flush()
        blocker = Document(
            number="F-2026-0001",
            series="X",
            sequence=1,
            month="2026-01",
            issued_on=date(2026, 1, 1),
            due_on=date(2026, 1, 31),
        )
        blocker.establishment_id, blocker.specimen, blocker.frozen, blocker.frozen_sha256 = 1, False, "", ""
        blocker.net_cents = blocker.vat_cents = blocker.gross_cents = 0
        session.add(blocker)

    with pytest.raises(IntegrityError):
        issue()

    with reading() as session:
        assert session.get_one(Series, "F-2026").last_sequence == 0
        assert session.scalars(select(Charge)).all() == []
        assert len(session.scalars(select(Draft)).all()) == 1
        assert session.scalars(select(Job.kind)).all() == ["check_month"], "asked for when the month was closed"
