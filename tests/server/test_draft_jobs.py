"""A month with very many sessions is drafted by ``work``, and its page shows how far that is."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from server.billing import draft_jobs, progress
from server.billing.issuing import Seen, ask_to_issue
from server.billing.models import Draft, Period
from server.billing.service import BillingError
from server.db import reading, writing
from server.domain.roles import Role
from server.jobs import service as jobs
from server.jobs.models import Job
from tests.server import billing_lab
from tests.server.billing_lab import CLOSING, MONTH, ZONE, use
from tests.server.signed_in import page, signed_in, web_app


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Two sessions, in a lab where two are many."""
    monkeypatch.setattr(draft_jobs, "LARGE", 1)
    web = web_app(sqlite_url, CLOSING, data_dir=tmp_path)
    with web.app_context():
        billing_lab.furnish()
        use()
        use("nord-1")
    return web


@pytest.fixture
def manager(web: Flask) -> FlaskClient:
    client = signed_in(web, Role.MANAGER)
    client.set_cookie("lang", "en")
    return client


def waiting(web: Flask) -> list[tuple[str, bool]]:
    with web.app_context(), reading() as session:
        rows = session.execute(select(Job.kind, Job.args).where(Job.state == "waiting").order_by(Job.id))
        return [(kind, args["closing"]) for kind, args in rows if kind == draft_jobs.JOB]


def work(web: Flask) -> None:
    """What ``prolab work`` does, in its order."""
    with web.app_context():
        while (job := jobs.claim(CLOSING)) is not None:
            if job.kind == draft_jobs.JOB:
                draft_jobs.do(job.args, CLOSING, ZONE, specimen=False)
            jobs.finish(job.id)


def state(web: Flask) -> tuple[str | None, int]:
    with web.app_context(), reading() as session:
        closed = session.scalar(select(Period.state).where(Period.month == MONTH))
        return closed, len(session.scalars(select(Draft.id).where(Draft.month == MONTH)).all())


def test_a_large_month_is_closed_by_work_and_its_page_shows_that_it_goes_on(web: Flask, manager: FlaskClient) -> None:
    manager.post(f"/months/{MONTH}/close")

    assert state(web) == ("open", 0)
    assert waiting(web) == [(draft_jobs.JOB, True)]
    assert "The drafts are being built" in page(manager, f"/months/{MONTH}")
    assert "The drafts are being built" in page(manager, f"/months/{MONTH}/progress")
    assert len(waiting(web)) == 1, "looking asks for nothing more"
    work(web)
    assert state(web) == ("closed", 2)
    assert manager.get(f"/months/{MONTH}/progress").headers["HX-Redirect"] == f"/months/{MONTH}"
    assert "The drafts are being built" not in page(manager, f"/months/{MONTH}")
    assert waiting(web) == []


def test_whoever_opens_a_large_month_whose_drafts_are_old_has_them_built_once(web: Flask, manager: FlaskClient) -> None:
    page(manager, f"/months/{MONTH}")
    page(manager, f"/months/{MONTH}")

    assert waiting(web) == [(draft_jobs.JOB, False)]
    work(web)
    assert state(web) == ("open", 2)
    manager.post(f"/months/{MONTH}/rebuild")
    assert waiting(web) == [(draft_jobs.JOB, False)]


def test_too_early_and_without_a_seller_is_said_at_once(web: Flask) -> None:
    with web.app_context():
        with pytest.raises(BillingError, match="can be closed from"):
            draft_jobs.ask(MONTH, closing=True, actor="m", now=CLOSING - timedelta(days=10), zone=ZONE)
        with pytest.raises(BillingError, match="Nobody can issue"):
            draft_jobs.ask(MONTH, closing=False, actor="m", now=CLOSING.replace(year=2020), zone=ZONE)
    assert waiting(web) == []


def test_nothing_is_issued_while_the_drafts_are_built(web: Flask, manager: FlaskClient) -> None:
    manager.post(f"/months/{MONTH}/close")
    work(web)
    manager.post(f"/months/{MONTH}/rebuild")

    with web.app_context(), pytest.raises(BillingError, match="are being built"):
        ask_to_issue(MONTH, Seen(2, 0), "m", CLOSING, ZONE, specimen=False)


def test_steps_and_trouble_are_shown_and_a_job_that_stopped_can_be_asked_for_again(
    web: Flask, manager: FlaskClient
) -> None:
    manager.post(f"/months/{MONTH}/close")
    seen = []
    with web.app_context():
        told = lambda: seen.append(progress.building(MONTH).step)  # type: ignore[union-attr]  # noqa: E731
        with reading() as session:
            args = session.scalars(select(Job.args).where(Job.kind == draft_jobs.JOB)).one()
        told()
        draft_jobs.do(args, CLOSING, ZONE, specimen=False)
        told()
        with writing() as session:
            session.execute(update(Job).where(Job.kind == draft_jobs.JOB).values(state="failed", error="no disk"))

    assert seen == [0, 2]
    html = page(manager, f"/months/{MONTH}")
    assert "It stopped." in html
    assert "no disk" in html
    assert waiting(web) == []
    manager.post(f"/months/{MONTH}/rebuild")
    assert waiting(web) == [(draft_jobs.JOB, False)]
