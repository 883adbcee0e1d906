"""Changes are read in the order they were committed; jobs run once, again after a crash, and not for ever."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from server.db import db, make_app, writing
from server.jobs import service as jobs
from server.jobs.models import Job


def test_what_is_announced_is_read_once_and_in_order(app, now):
    with writing():
        jobs.announce("machine", "p1", now)
        jobs.announce("session", "s1", now)

    first = jobs.changes_after(0)

    assert [(change.topic, change.key) for change in first] == [("machine", "p1"), ("session", "s1")]
    assert jobs.changes_after(first[-1].id) == []
    assert jobs.last_change_id() == first[-1].id


def test_a_change_that_was_rolled_back_is_never_seen(app, now):
    def announce_and_fail():
        with writing() as session:
            jobs.announce("machine", "p1", now)
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        announce_and_fail()

    assert jobs.changes_after(0) == []


def test_a_savepoint_that_is_rolled_back_does_not_lose_the_lock(app, now):
    with writing() as session:
        lost = session.begin_nested()
        jobs.announce("machine", "lost", now)
        lost.rollback()
        jobs.announce("machine", "kept", now)
        if db.engine.dialect.name == "postgresql":
            held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
            assert session.scalar(held) == 1

    assert [change.key for change in jobs.changes_after(0)] == ["kept"]


def test_a_poller_never_passes_over_a_change_that_commits_late(postgres_url, now):
    application = make_app(postgres_url)
    announced, may_commit, seen = threading.Event(), threading.Event(), []

    def slow_writer():
        with application.app_context(), writing() as session:
            jobs.announce("machine", "slow", now)
            session.flush()
            announced.set()
            may_commit.wait(60)

    def fast_writer():
        with application.app_context(), writing():
            jobs.announce("machine", "fast", now)

    slow, fast = threading.Thread(target=slow_writer), threading.Thread(target=fast_writer)
    slow.start()
    assert announced.wait(60)
    fast.start()
    fast.join(0.3)
    assert fast.is_alive()  # it waits for the lock, or it would have passed
    with application.app_context():
        seen += jobs.changes_after(0)
        may_commit.set()
        slow.join()
        fast.join()
        seen += jobs.changes_after(seen[-1].id if seen else 0)
        db.engine.dispose()

    assert [change.key for change in seen] == ["slow", "fast"]


def test_old_changes_are_forgotten_but_their_numbers_are_not_given_again(app, now):
    with writing():
        jobs.announce("machine", "p1", now)
        jobs.announce("machine", "p2", now)
    last = jobs.last_change_id()

    forgotten = jobs.prune_changes(now + timedelta(days=2))

    assert forgotten == 1
    with writing():
        jobs.announce("machine", "p3", now + timedelta(days=2))
    assert [change.key for change in jobs.changes_after(last)] == ["p3"]


def test_done_jobs_are_forgotten_after_a_month_and_failed_ones_stay(app, now):
    for number in range(2):
        jobs.enqueue("render_document", {"document_id": number}, now)
    done = jobs.claim(now)
    assert done is not None
    jobs.finish(done.id)

    assert jobs.prune_jobs(now + timedelta(days=29)) == 0
    assert jobs.prune_jobs(now + timedelta(days=31)) == 1
    left = jobs.claim(now + timedelta(days=31))
    assert left is not None
    assert left.args == {"document_id": 1}


def test_a_job_is_claimed_once(app, now):
    jobs.enqueue("render_document", {"document_id": 7}, now)

    claimed = jobs.claim(now)

    assert claimed is not None
    assert (claimed.kind, claimed.args) == ("render_document", {"document_id": 7})
    assert jobs.claim(now) is None
    jobs.finish(claimed.id)
    assert jobs.claim(now + timedelta(days=1)) is None


def test_two_workers_never_claim_the_same_job(database_url, now):
    application = make_app(database_url)
    with application.app_context():
        for number in range(20):
            jobs.enqueue("count", {"number": number}, now)
    claimed: list[int] = []

    def work():
        with application.app_context():
            while job := jobs.claim(now):
                claimed.append(job.id)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(claimed) == len(set(claimed)) == 20
    with application.app_context():
        db.engine.dispose()


def test_a_job_whose_worker_died_is_claimed_again_after_ten_minutes(app, now):
    jobs.enqueue("render_document", {}, now)
    first = jobs.claim(now)

    assert jobs.claim(now + timedelta(minutes=9)) is None
    assert jobs.claim(now + timedelta(minutes=11)) == first


def test_a_job_that_fails_is_tried_five_times_and_then_kept(app, now):
    jobs.enqueue("render_document", {}, now)
    attempts, moment = 0, now

    while job := jobs.claim(moment):
        attempts += 1
        jobs.fail(job.id, "no font", moment)
        assert jobs.claim(moment) is None
        moment += timedelta(hours=1)

    assert attempts == 5
    assert db.session.execute(select(Job.state, Job.error)).one() == ("failed", "no font")


def test_a_job_that_kills_its_worker_is_given_up_after_five_times(app, now):
    jobs.enqueue("render_document", {}, now)
    moment, attempts = now, 0

    while jobs.claim(moment):
        attempts += 1
        moment += timedelta(minutes=11)

    assert attempts == 5
    assert db.session.scalars(select(Job.state)).one() == "failed"
