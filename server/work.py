"""Does the jobs that must not hold a request, one after the other: so far, the pages of issued documents.

A job may run twice, after a crash, so everything here is safe to repeat. What fails is tried again later, and shown.
"""

import logging
import signal
from datetime import datetime
from threading import Event

from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError

from server.billing.service import render_document
from server.clock import Clock, clock_for, patience
from server.db import db, make_app
from server.jobs import service as jobs
from server.jobs.service import ClaimedJob
from server.settings import Settings

POLL_S = 0.2
RETRY_S = 1.0
TIDY_EVERY_S = 3600.0

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Do jobs until SIGTERM or SIGINT; the one that has begun is finished first."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    app, clock = make_app(settings.database_url), clock_for(settings.board)
    tidied = -TIDY_EVERY_S
    while not stopping.is_set():
        try:
            if patience() - tidied >= TIDY_EVERY_S:
                tidied = patience()
                _tidy(app, clock.now())
            idle = not _do_one(app, clock, settings)
        except (OperationalError, InterfaceError) as error:
            log.warning("the database is away: %s", str(error)[:300])
            stopping.wait(RETRY_S)
        else:
            stopping.wait(POLL_S if idle else 0)


def run_once(settings: Settings) -> bool:
    """Do one job that is due. False when there was none."""
    app = make_app(settings.database_url)
    try:
        return _do_one(app, clock_for(settings.board), settings)
    finally:
        with app.app_context():
            db.engine.dispose()


def _do_one(app: Flask, clock: Clock, settings: Settings) -> bool:
    with app.app_context():
        job = jobs.claim(clock.now())
        if job is None:
            return False
        began = patience()
        try:
            _do(job, settings, clock.now())
        except Exception as error:
            log.exception("job %d, %s %s, failed", job.id, job.kind, job.args)
            jobs.fail(job.id, f"{type(error).__name__}: {error}", clock.now())
        else:
            jobs.finish(job.id)
            log.info("job %d, %s %s, done in %.2f s", job.id, job.kind, job.args, patience() - began)
        return True


def _do(job: ClaimedJob, settings: Settings, now: datetime) -> None:
    match job.kind:
        case "render_document":
            render_document(job.args["document_id"], settings.documents_dir, now)
        case _:
            raise ValueError(f"nobody here knows how to do {job.kind}")


def _tidy(app: Flask, now: datetime) -> None:
    with app.app_context():
        log.info("forgot %d old changes", jobs.prune_changes(now))
