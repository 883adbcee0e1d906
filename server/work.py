"""Does the jobs that must not hold a request, one after the other: the pages of issued documents, mails, what is over.

A job may run twice, after a crash, so everything here is safe to repeat. What fails is tried again later, and shown.
"""

import logging
import signal
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event

from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError

from server.accounts import links
from server.billing import checking, draft_jobs, news, standing, whatif
from server.billing.service import issue_month, render_document
from server.bookings import outcomes
from server.care.facts import denials
from server.clock import Clock, clock_for, patience
from server.collecting import mails as outgoing
from server.courses.facts import courses_to_come
from server.db import db, make_app, reading
from server.exports import archive
from server.exports.archive import Places
from server.instruction import reminders
from server.jobs import pulse
from server.jobs import service as jobs
from server.jobs.service import ClaimedJob
from server.machines import site_keys
from server.machines.site_keys import SiteKeysError
from server.mail import service as mail
from server.people import service as people
from server.privacy import retention
from server.privacy.night import Place
from server.settings import Settings
from server.usage import letters, notices
from server.usage.presence import uses_of

POLL_S = 0.2
RETRY_S = 1.0
TIDY_EVERY_S = 3600.0
SETTLE_EVERY_S = 60.0
STANDINGS_EVERY_S = 60.0
_A_WEEK = timedelta(days=7)

log = logging.getLogger(__name__)

_Round = Callable[[Settings, datetime], None]


def run(settings: Settings) -> None:
    """Do jobs until SIGTERM or SIGINT; the one that has begun is finished first."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    app, clock = make_app(settings.database_url), clock_for(settings.board)
    done = dict.fromkeys(_ROUNDS, -TIDY_EVERY_S)
    while not stopping.is_set():
        try:
            for do, every_s in _ROUNDS.items():
                if patience() - done[do] >= every_s:
                    done[do] = patience()
                    _do_round(do, app, settings, clock.now())
            idle = not _do_one(app, clock, settings)
        except (OperationalError, InterfaceError) as error:
            log.warning("the database is away: %s", str(error)[:300])
            stopping.wait(RETRY_S)
        else:
            stopping.wait(POLL_S if idle else 0)


def _do_round(do: _Round, app: Flask, settings: Settings, now: datetime) -> None:
    """What comes back again and again. Should our own code not cope with one of them, the others still have their turn."""
    with app.app_context():
        try:
            do(settings, now)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("%s could not be done", do.__name__)


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
            log.exception("job %d, %s %s, failed", job.id, job.kind, _told(job))
            jobs.fail(job.id, f"{type(error).__name__}: {error}", clock.now())
        else:
            jobs.finish(job.id)
            log.info("job %d, %s %s, done in %.2f s", job.id, job.kind, _told(job), patience() - began)
        return True


def _do(job: ClaimedJob, settings: Settings, now: datetime) -> None:
    match job.kind:
        case "render_document":
            render_document(job.args["document_id"], settings.documents_dir, now)
            outgoing.after_issue(job.args["document_id"], settings, now)
        case "issue_month":
            issue_month(job.args["month"], job.args["actor"], now, settings.zone, settings.demo)
        case whatif.JOB:
            whatif.work_out(job.args["draft_id"], job.args["month"], settings.zone, settings.demo)
        case mail.JOB:
            outgoing.deliver(job.args["mail_id"], settings, now)
        case notices.TELL_JOB:
            letters.tell(job.args, settings, now)
        case retention.JOB:
            report = retention.do_job(now, _place(settings), job.args["actor"])
            log.info("let go of %d rows that were over", report.rows)
        case links.RESET_JOB:
            links.reset_by_mail(job.args["email"], settings, now)
        case _:
            _do_for_the_books(job, settings, now)


def _do_for_the_books(job: ClaimedJob, settings: Settings, now: datetime) -> None:
    """What follows a closed or an issued month."""
    match job.kind:
        case draft_jobs.JOB:
            draft_jobs.do(job.args, now, settings.zone, settings.demo)
        case checking.JOB:
            checking.check_month(job.args["month"])
        case archive.JOB:
            places = Places(settings.documents_dir, settings.archives_dir, settings.zone, settings.demo)
            archive.build(job.args["month"], places, now)
        case _:
            raise ValueError(f"nobody here knows how to do {job.kind}")


def _told(job: ClaimedJob) -> object:
    """What the log says of a job's arguments; not the address that somebody has typed."""
    return "" if job.kind == links.RESET_JOB else job.args


def _beat(_settings: Settings, now: datetime) -> None:
    pulse.beat("work", now)


def _tidy(settings: Settings, now: datetime) -> None:
    log.info("forgot %d old changes and %d jobs", jobs.prune_changes(now), jobs.prune_jobs(now))
    if retention.ask_tonight(now, _place(settings)):
        log.info("asked for the night's run of the retention job")
    near, forgotten = people.warn_members(settings, now), people.forget_contacts(now)
    log.info("%d tenants are near a pause, %d emergency contacts forgotten", near, forgotten)
    written = reminders.due(settings, courses_to_come(now, now + _A_WEEK), now)
    log.info("%d letters of reminder written", written)
    _forget_old_keys(settings, now)


def _settle_bookings(settings: Settings, now: datetime) -> None:
    if changed := outcomes.settle(uses_of, _shut(now), settings, now):
        log.info("%d bookings were kept, missed, excused or let go", changed)


def _work_out_standings(settings: Settings, now: datetime) -> None:
    if worked_out := standing.refresh(settings, now):
        log.info("what is left to %d tenants' months was worked out", worked_out)


def _follow_the_months(settings: Settings, now: datetime) -> None:
    if drafted := news.follow(now, settings.zone, settings.demo):
        log.info("something came in for %s: the drafts were made anew", ", ".join(drafted))


def _shut(now: datetime) -> set[int]:
    """Machines that nobody may start: nobody misses a booking there."""
    with reading():
        return {machine for machine, facts in denials().items() if any(fact.since <= now for fact in facts)}


def _place(settings: Settings) -> Place:
    return Place(settings.zone, settings.demo, settings.backups_dir)


def _forget_old_keys(settings: Settings, now: datetime) -> None:
    try:
        for name in site_keys.forget_old(settings, now):
            log.info("forgot the site key %s: its 90 days are over", name)
    except (OSError, SiteKeysError) as error:  # the next change forgets them, too
        log.warning("old site keys are not forgotten: %s", error)


_ROUNDS: dict[_Round, float] = {
    _beat: pulse.EVERY.total_seconds(),
    _settle_bookings: SETTLE_EVERY_S,
    _work_out_standings: STANDINGS_EVERY_S,
    _tidy: TIDY_EVERY_S,
    _follow_the_months: TIDY_EVERY_S,
}
