"""What boxes tell besides sessions: problems, adopted sessions, extended lists; who is told of it, and how often."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from server.accounts import service as accounts
from server.accounts.models import Account
from server.accounts.service import AccountFacts
from server.audit.models import AuditEntry
from server.db import db, writing
from server.domain.roles import Role
from server.ingest import ingest
from server.jobs import service as jobs
from server.jobs.models import Job
from server.machines.models import Machine
from server.mail import service as mail
from server.mail.models import Mail
from server.people import service as people
from server.settings import Web
from server.usage import letters, notices
from server.usage.ledger import verify_ledger
from server.usage.models import Event, Notice, UsageSession
from tests.server.paper_agent import PAYER, PaperAgent, furnish, stamp, uuid
from tests.server.signed_in import settings_for
from tests.server.test_mail import Server, start
from wire.messages import (
    EndReason,
    LatchCleared,
    ListExtended,
    ProblemReported,
    SessionAdopted,
    SessionEnded,
    Unattended,
)

__all__ = ["start"]  # the mail server
S1, S2 = uuid("session", 1), uuid("session", 2)
HOLDER = 123456
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def lab(app: Flask, now: datetime) -> Flask:
    furnish(now)
    return app


def notice(kind: str) -> Notice:
    return db.session.scalars(select(Notice).where(Notice.kind == kind)).one()


def ended(start: datetime, seconds: int, reason: str, **more: Any) -> SessionEnded:
    end = start + timedelta(seconds=seconds)
    usual = SessionEnded(S1, "p1", HOLDER, PAYER, 7, stamp(start), stamp(end), seconds, seconds, None, None, reason, 2)
    return replace(usual, **more)


def account_of(holder: int | None, now: datetime, *, language: str | None = None, email: str = "ada@lab.test") -> int:
    return accounts.add_account(AccountFacts(email, "Ada L", language, holder), actor="m", now=now)


def do_all(now: datetime, lab_settings: Any) -> None:
    """What ``work`` would do."""
    while (job := jobs.claim(now)) is not None:
        if job.kind == notices.TELL_JOB:
            letters.tell(job.args, lab_settings, now)
        else:
            mail.send(job.args["mail_id"], lab_settings.smtp, now)
        jobs.finish(job.id)


# --- kept and shown ---------------------------------------------------------------------------------------------------


def test_a_reported_problem_is_kept_with_who_ran_then_and_stands_in_the_journal(lab: Flask, now: datetime) -> None:
    agent = PaperAgent()
    before = jobs.last_change_id()

    outcome = ingest([agent.says(ProblemReported("p1", S1, HOLDER, stamp(now - MINUTE)))], now)

    row = notice("problem_reported")
    assert outcome.rejected == 0
    assert (row.machine_id, row.holder_number, row.session, row.at) == (1, HOLDER, S1, now - MINUTE)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.verb == "report_problem")).one()
    assert (entry.actor, entry.object_kind, entry.object_id) == ("agent:agent-1", "machine", "p1")
    assert ("machine", "p1") in {(change.topic, change.key) for change in jobs.changes_after(before)}


def test_a_problem_cleared_at_the_machine_names_the_badge_that_cleared_it(lab: Flask, now: datetime) -> None:
    ingest([PaperAgent().says(LatchCleared("p1", HOLDER, stamp(now)))], now)

    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.verb == "clear_problem")).one()
    assert (notice("latch_cleared").holder_number, entry.actor) == (HOLDER, f"holder:{HOLDER}")


def test_an_adopted_session_is_one_session_with_its_gap_in_the_evidence(lab: Flask, now: datetime) -> None:
    agent = PaperAgent()
    began = now - HOUR
    body = ended(began, 3600, EndReason.HOLDER, gap_s=480)

    ingest(
        [agent.starts(S1, "p1", began), agent.says(SessionAdopted(S1, "p1", 480, stamp(now))), agent.says(body)], now
    )

    row = db.session.scalars(select(UsageSession)).one()
    assert (row.state, row.occupied_s, row.gap_s, notice("session_adopted").seconds) == ("ended", 3600, 480, 480)
    kinds = db.session.scalars(select(Event.kind).where(Event.session == S1).order_by(Event.id)).all()
    assert kinds == ["session_started", "session_adopted", "session_ended"]
    assert verify_ledger() == []


def test_an_unknown_machine_is_set_aside_like_everything_of_it(lab: Flask, now: datetime) -> None:
    outcome = ingest([PaperAgent().says(ProblemReported("p9", None, None, stamp(now)))], now)

    assert outcome.rejected == 1
    assert db.session.scalars(select(Notice)).all() == []


def test_all_that_the_end_says_is_kept_and_verified(lab: Flask, now: datetime) -> None:
    body = ended(
        now - HOUR, 3000, EndReason.IDLE, powered_s=3120, running_s=1200, measured_s=2900, cooldown_s=120,
        payer_chosen=True, continues=S2, master=True,
    )  # fmt: skip

    ingest([PaperAgent().says(body)], now)

    row = db.session.scalars(select(UsageSession)).one()
    assert (row.cooldown_s, row.metered_s, row.running_s, row.payer_chosen) == (120, 2900, 1200, True)
    assert (row.continues, row.master, row.end_reason) == (S2, True, "idle")
    assert verify_ledger() == []


# --- told by mail -----------------------------------------------------------------------------------------------------


def test_after_an_unexpected_stop_the_holder_gets_one_mail_in_the_language_they_speak(
    lab: Flask, now: datetime, start: Callable[..., Server]
) -> None:
    """The server's half of *after a mains cut nothing energises and the holder gets a mail*."""
    server, holder = start(), people.add_holder("Ada", "L", language="de", actor="m", now=now).number
    settings = settings_for("sqlite://", smtp=server.smtp, web=Web(address="http://lab.test"))
    account_of(holder, now)
    with writing() as session:
        session.execute(update(Machine).values(continue_s=3600))
    agent = PaperAgent()
    began = now - 28 * HOUR

    ingest([agent.says(ended(began, 28 * 3600 - 480, EndReason.POWER_LOSS, holder=holder))], now)
    do_all(now, settings)
    jobs.enqueue(notices.TELL_JOB, {"what": "power_loss", "session": S1}, now)  # a job may run twice
    do_all(now, settings)

    (message,) = server.taken
    assert message["To"] == "ada@lab.test"
    assert message["Subject"] == "P1 hat unerwartet angehalten"
    assert "Stromausfall, oder ihre Box ist ausgefallen" in message.get_content()
    assert "Die Maschine ist aus" in message.get_content()
    assert "60 Minuten" in message.get_content()


@pytest.mark.parametrize(
    ("reason", "ago"), [(EndReason.HOLDER, timedelta()), (EndReason.POWER_LOSS, timedelta(days=3))]
)
def test_an_ordinary_end_and_old_news_are_told_to_nobody(
    lab: Flask, now: datetime, reason: EndReason, ago: timedelta
) -> None:
    account_of(people.add_holder("Ada", "L", actor="m", now=now).number, now)

    ingest([PaperAgent().says(ended(now - ago - HOUR, 3600, reason))], now)

    assert db.session.scalars(select(Job).where(Job.kind == notices.TELL_JOB)).all() == []


@pytest.mark.parametrize("had_a_login", [False, True])
def test_who_has_no_login_is_written_to_at_the_address_the_desk_knows(
    lab: Flask, now: datetime, had_a_login: bool
) -> None:
    ada = people.add_holder("Ada", "L", language="de", email="ada@home.test", actor="m", now=now).number
    if had_a_login:
        account = account_of(ada, now, language="en")
        with writing() as session:
            session.execute(update(Account).where(Account.id == account).values(ended_at=now))

    ingest([PaperAgent().says(ended(now - HOUR, 3600, EndReason.POWER_LOSS, holder=ada))], now)
    do_all(now, settings_for("sqlite://"))

    letter = db.session.scalars(select(Mail)).one()
    assert (letter.recipient, letter.subject) == ("ada@home.test", "P1 hat unerwartet angehalten")
    assert letter.text.startswith("Guten Tag Ada L,")


def test_who_has_neither_a_login_nor_an_address_is_not_written_to(lab: Flask, now: datetime) -> None:
    ada = people.add_holder("Ada", "L", actor="m", now=now).number
    ingest([PaperAgent().says(ended(now - HOUR, 3600, EndReason.POWER_LOSS, holder=ada))], now)

    do_all(now, settings_for("sqlite://"))

    assert db.session.scalars(select(Mail)).all() == []
    assert db.session.scalars(select(Job)).one().state == "done"  # the control: somebody looked


def test_managers_are_told_of_a_master_session_once_and_of_an_extended_list(lab: Flask, now: datetime) -> None:
    boss = account_of(None, now, email="boss@lab.test", language="en")
    accounts.give_role(boss, Role.MANAGER, actor="m", now=now)
    desk = account_of(None, now, email="desk@lab.test")
    accounts.give_role(desk, Role.DESK, actor="m", now=now)
    agent = PaperAgent()
    until = int((now + 12 * HOUR).timestamp() * 1000)

    ingest([agent.says(ended(now - HOUR, 3600, EndReason.HOLDER, master=True))], now)
    ingest([agent.says(ListExtended("p1", HOLDER, 7, until, stamp(now)))], now)
    do_all(now, settings_for("sqlite://"))

    told = db.session.execute(select(Mail.recipient, Mail.subject).order_by(Mail.id)).all()
    assert told == [("boss@lab.test", "A master badge was used"), ("boss@lab.test", "An access list was extended")]
    assert notice("list_extended").until == now + 12 * HOUR
    assert db.session.get_one(Account, boss).email == "boss@lab.test"


def test_a_use_left_unattended_is_kept_with_whose_it_is_and_stands_in_the_journal(lab: Flask, now: datetime) -> None:
    agent = PaperAgent()

    ingest([agent.says(Unattended("p1", S1, HOLDER, stamp(now - MINUTE)))], now)

    row = notice("unattended")
    assert (row.holder_number, row.session) == (HOLDER, S1)
    assert db.session.scalars(select(AuditEntry.object_id).where(AuditEntry.verb == "unattended")).all() == ["p1"]
