"""The retention job: what goes, what stays, what stops it; and that the books stay right, whatever went."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from server.accounts.assignments import end_role
from server.accounts.models import RoleAssignment, WebSession
from server.audit.models import AuditEntry
from server.billing.ledger import verify_billing
from server.billing.models import Charge, ChargeRefusal, Dispute
from server.db import Stale, reading, writing
from server.domain.retention import PSEUDONYMS_FROM, Kept, RetentionError
from server.domain.roles import Role, ScopeKind
from server.handouts.models import Handout, HandoutLine, HandoutTap
from server.jobs.models import Job
from server.mail.models import Mail
from server.people import service as people
from server.people.models import Membership, Person, Token
from server.privacy import leavers, retention, traces
from server.privacy.errors import PrivacyError
from server.privacy.holds import Held, end_hold, hold_machine, hold_person
from server.privacy.models import RefusalCount, RetentionRun
from server.privacy.night import Night, night_of
from server.privacy.rules import rules, set_rule
from server.training.models import Qualification
from server.usage import decisions
from server.usage.ledger import verify_ledger
from server.usage.models import Denial, EventPayload, Notice, UsageSession
from tests.server.billing_lab import close, issue
from tests.server.old_lab import AUGUST, ISSUED, LATER, OCTOBER, OldLab, furnish, place
from tests.server.signed_in import log_in

MUCH_LATER = LATER + timedelta(days=400)


@pytest.fixture
def old(app: object) -> OldLab:
    return furnish()


def run(now: datetime = LATER, **more: Any) -> dict[Kept, int]:
    return retention.run(now, place(), **more).counts


def holders() -> dict[str, int]:
    with reading() as session:
        return dict(session.execute(select(UsageSession.id, UsageSession.holder_number)).all())


def count(of: Any, *where: Any) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(of).where(*where)) or 0


def problems() -> list[str]:
    return [*verify_ledger(), *verify_billing()]


def everything() -> dict[str, list[Any]]:
    """Every row of every table, but for the runs of the job themselves and what only pollers look at."""
    from server.db import db

    with reading() as session:
        tables = [table for table in db.metadata.sorted_tables if table.name not in {"retention_run", "change"}]
        return {table.name: [tuple(row) for row in session.execute(select(table)).all()] for table in tables}


def test_verify_ledger_is_green_after_the_retention_job(old: OldLab) -> None:
    now = LATER
    by: Any = {"actor": "account:1", "now": OCTOBER}
    entered = decisions.enter_by_hand(
        "p1", old.maker, "acme-1", AUGUST + timedelta(days=60), AUGUST + timedelta(days=60, hours=1), "sans boîtier",
        simulated=False, **by,
    )  # fmt: skip
    decisions.do_not_charge(old.october, "goodwill", "geste", **by)  # type: ignore[attr-defined]
    close("2026-10", datetime(2026, 11, 3, 9, 0, tzinfo=now.tzinfo))
    issue("2026-10", datetime(2026, 11, 3, 9, 0, tzinfo=now.tzinfo))
    old.used("open month", MUCH_LATER - timedelta(days=300), old.maker)
    old.tell()
    assert problems() == []

    for day in (LATER, LATER + timedelta(days=90), MUCH_LATER):
        run(day)

        assert problems() == []
    linked = {session for session, holder in holders().items() if holder < PSEUDONYMS_FROM}
    assert entered not in linked
    assert len(linked) == 1  # of the month that is still open
    assert count(Denial) == count(Notice, Notice.holder_number.is_not(None)) == 0


def test_running_it_twice_changes_nothing(old: OldLab) -> None:
    run()
    before = everything()

    assert run() == {}
    assert everything() == before


def test_an_interrupted_run_is_taken_up_by_the_next_and_comes_to_the_same(old: OldLab) -> None:
    reports = [retention.run(LATER, place(), steps=1)]
    while not reports[-1].is_done and len(reports) < 60:
        reports.append(retention.run(LATER, place(), steps=len(reports) + 1))

    assert reports[-1].is_done
    assert any(report.is_done is False for report in reports)
    assert run() == {}
    assert problems() == []


def test_who_it_was_goes_three_months_after_the_invoice_and_one_number_stands_for_a_person_and_a_month(
    old: Any,
) -> None:
    run(ISSUED + timedelta(days=88))
    assert holders()[old.august] == old.maker

    run()

    after = holders()
    assert after[old.august] == after[old.again] != after[old.theirs]
    assert min(after[old.august], after[old.theirs], after[old.inner]) >= PSEUDONYMS_FROM
    assert after[old.october] == old.maker  # its document is not issued
    assert traces.unbilled(night_of(MUCH_LATER, place())) == 1
    assert count(Charge) == 3


def test_a_session_that_is_never_invoiced_is_parted_from_its_person_three_months_after_its_end(old: Any) -> None:
    run(AUGUST + timedelta(days=5, hours=2) + timedelta(days=93))

    after = holders()
    assert after[old.inner] >= PSEUDONYMS_FROM
    assert after[old.august] == old.maker


def test_no_number_leads_back_to_the_person_in_any_table(old: Any) -> None:
    run(MUCH_LATER)

    numbers = {holders()[session] for session in (old.august, old.again, old.theirs, old.inner)}
    found = [
        name
        for name, rows in everything().items()
        for row in rows
        for one in row
        if isinstance(one, int) and one in numbers
    ]
    assert set(found) == {"usage_session"}
    with reading() as session:
        kept = session.scalars(select(EventPayload.payload)).all()
    assert not [payload for payload in kept if str(old.other).encode() in payload]


def test_refusals_become_counts_a_day_machine_and_reason(old: Any) -> None:
    assert run()[Kept.REFUSALS] == 4

    with reading() as session:
        counts = session.execute(select(RefusalCount.day, RefusalCount.reason, RefusalCount.count)).all()
    assert sorted((reason, times) for _, reason, times in counts) == [
        ("qualification_missing", 3),
        ("unknown_token", 1),
    ]
    assert {day for day, _, _ in counts} == {(AUGUST + timedelta(days=6)).date()}
    assert count(Denial) == 1  # of October


def test_letters_logins_and_the_journal_go_each_in_its_time(old: Any) -> None:
    run()
    assert count(Mail) == 1
    assert count(WebSession) == 1

    run(AUGUST + timedelta(days=190))
    assert count(WebSession) == 0
    assert count(Mail) == 1
    entries = count(AuditEntry)

    run(AUGUST + timedelta(days=800))
    assert count(Mail) == 0
    left = {entry.object_kind for entry in _entries()}
    assert count(AuditEntry) < entries
    assert {"document", "tariff", "qualification"} <= left
    assert "holder" not in left
    assert problems() == []


def _entries() -> list[AuditEntry]:
    with reading() as session:
        return list(session.scalars(select(AuditEntry)))


def test_a_badge_goes_three_months_after_it_came_back(old: Any) -> None:
    people.return_token(old.badge, actor="account:1", now=AUGUST + timedelta(days=10))

    run(AUGUST + timedelta(days=90))
    assert count(Token) == 1

    run()
    assert count(Token) == 0


def test_instruction_records_stay_five_years_and_the_name_as_long_as_they(old: Any) -> None:
    people.end_holder(old.maker, "parti", actor="account:1", now=OCTOBER)
    people.end_holder(old.other, "parti", actor="account:1", now=OCTOBER)

    run(OCTOBER + timedelta(days=4 * 365))
    assert count(Qualification) == 1
    assert count(Person, Person.holder_number == old.maker) == 1
    assert count(Person, Person.holder_number == old.other) == 0  # was never taught: a year is enough

    run(OCTOBER + timedelta(days=5 * 365 + 3))
    assert count(Qualification) == count(Person) == 0
    assert problems() == []


def test_whoever_works_in_the_lab_is_not_forgotten_because_a_membership_of_theirs_ran_out(old: Any) -> None:
    log_in(Role.DESK, ScopeKind.LAB, "", old.other, OCTOBER)
    with reading() as session:
        tie = session.scalar(select(Membership.ref).where(Membership.holder_number == old.other))
        role = session.scalar(select(RoleAssignment.id).where(RoleAssignment.role == Role.DESK.value))
    assert tie is not None
    assert role is not None
    people.end_membership(tie, "embauché", actor="account:1", now=OCTOBER)
    end = OCTOBER + timedelta(days=2 * 365)

    run(end)
    assert count(Person, Person.holder_number == old.other) == 1

    end_role(role, "parti", actor="account:1", now=end)
    run(end + timedelta(days=300))
    assert count(Person, Person.holder_number == old.other) == 1
    run(end + timedelta(days=370))
    assert count(Person, Person.holder_number == old.other) == 0


def test_a_person_on_hold_keeps_everything_until_somebody_decides(old: Any) -> None:
    held = hold_person(old.maker, "accident du 12 août", actor="account:1", now=LATER)
    people.return_token(old.badge, actor="account:1", now=AUGUST + timedelta(days=10))

    run(MUCH_LATER)
    assert holders()[old.august] == old.maker
    assert holders()[old.theirs] >= PSEUDONYMS_FROM
    assert count(Denial, Denial.holder_number == old.maker) == 4
    assert count(Token) == 1

    end_hold(held, "classé sans suite", actor="account:1", now=MUCH_LATER)
    run(MUCH_LATER)
    assert holders()[old.august] >= PSEUDONYMS_FROM
    assert count(Token) == count(Denial) == 0
    assert problems() == []


class LookedBefore(Night):
    """The job has looked for who is due before the hold was placed."""

    looks = 0

    def held(self) -> Held:
        LookedBefore.looks += 1
        return super().held() if LookedBefore.looks > 1 else Held(frozenset(), ())


@pytest.mark.parametrize("step", [leavers.step_records, leavers.step_people])
def test_a_hold_placed_after_the_job_has_looked_still_counts(old: Any, step: Any) -> None:
    number = old.maker if step is leavers.step_records else old.other
    people.end_holder(number, "parti", actor="account:1", now=OCTOBER)
    hold_person(number, "accident", actor="account:1", now=LATER)
    LookedBefore.looks = 0

    night = night_of(OCTOBER + timedelta(days=6 * 365), place())
    assert step(LookedBefore(night.now, night.place, night.rules)) == 0

    assert count(Person, Person.holder_number == number) == 1
    assert count(Qualification) == 1


def test_a_machine_on_hold_keeps_what_happened_there_in_that_time(old: Any) -> None:
    first, last = AUGUST - timedelta(hours=1), AUGUST + timedelta(days=1)
    hold_machine("p1", first, last, "accident", actor="account:1", now=LATER)

    run()

    assert holders()[old.august] == old.maker
    assert holders()[old.theirs] >= PSEUDONYMS_FROM
    assert count(Denial) == 1


def test_the_dry_run_says_what_the_run_then_does_and_changes_nothing(old: Any) -> None:
    before = everything()

    due = {one.in_force.rule.kept: one.waiting for one in retention.dry_run(LATER, place())}

    assert everything() == before
    counts = run()
    assert {kept: one.rows for kept, one in due.items() if one.rows} == counts
    assert due[Kept.SESSIONS].oldest == AUGUST + timedelta(hours=1)


def test_a_shorter_time_counts_at_once_and_stands_in_the_journal(old: Any) -> None:
    set_rule(Kept.SESSIONS, 2, "CSE du 4 octobre", actor="account:1", now=OCTOBER)

    run(ISSUED + timedelta(days=70))

    assert holders()[old.august] >= PSEUDONYMS_FROM
    assert rules()[Kept.SESSIONS].reason == "CSE du 4 octobre"
    (entry,) = [one for one in _entries() if one.object_kind == "retention"]
    assert (entry.before, entry.after) == ({"keep": 3, "unit": "months"}, {"keep": 2, "unit": "months"})


def test_a_time_without_reason_outside_its_bounds_or_read_before_it_changed_is_refused(old: Any) -> None:
    by: Any = {"actor": "account:1", "now": OCTOBER}
    with pytest.raises(PrivacyError, match="Say why"):
        set_rule(Kept.MAILS, 6, " ", **by)
    with pytest.raises(RetentionError, match="Between"):
        set_rule(Kept.MAILS, 60, "pour toujours", **by)
    set_rule(Kept.MAILS, 6, "assez", version=0, **by)
    with pytest.raises(Stale):
        set_rule(Kept.MAILS, 7, "un peu plus", version=0, **by)


def test_backups_go_after_45_days_but_never_the_newest(old: Any, tmp_path: Any) -> None:
    import os

    for age in (200, 100, 60):
        file = tmp_path / f"prolab-{age}.tar"
        file.write_bytes(b"")
        at = (LATER - timedelta(days=age)).timestamp()
        os.utime(file, (at, at))

    assert retention.run(LATER, place(tmp_path)).counts[Kept.BACKUPS] == 2
    assert [file.name for file in tmp_path.glob("*.tar")] == ["prolab-60.tar"]


def test_the_job_is_asked_for_once_a_night(old: Any) -> None:
    evening = LATER.replace(hour=1)  # two o'clock in the lab
    assert not retention.ask_tonight(evening, place())
    assert retention.ask_tonight(LATER, place())
    assert not retention.ask_tonight(LATER + timedelta(hours=1), place())
    with writing() as session:
        session.execute(update(Job).values(state="done"))

    retention.do_job(LATER, place())

    assert not retention.ask_tonight(LATER + timedelta(hours=9), place())
    assert retention.ask_tonight(LATER + timedelta(days=1), place())
    assert count(RetentionRun) == 1


def test_after_the_job_a_forged_session_is_still_found(old: Any) -> None:
    run(MUCH_LATER)
    with reading() as session:
        row = dict(
            session.execute(select(UsageSession.__table__).where(UsageSession.id == old.august)).mappings().one()
        )
    with writing() as session:
        session.add(UsageSession(**{**row, "id": "invented"}))

    assert verify_ledger() == ["session invented: no event tells of it"]


def test_a_disputed_session_keeps_its_person_until_three_months_after_the_answer(old: Any) -> None:
    with writing() as session:
        payer = session.get_one(UsageSession, old.august).payer_id
        facts = {"session_id": old.august, "payer_id": payer, "refused_by": "account:1", "reason": "pas nous"}
        session.add(ChargeRefusal(**facts, refused_at=AUGUST))
    run()
    assert holders()[old.august] == old.maker
    assert holders()[old.again] >= PSEUDONYMS_FROM

    with writing() as session:
        session.execute(update(ChargeRefusal).values(answered_at=LATER, is_charged=True))
    run(LATER + timedelta(days=80))
    assert holders()[old.august] == old.maker

    run(LATER + timedelta(days=95))
    assert holders()[old.august] >= PSEUDONYMS_FROM


def test_a_contested_session_keeps_its_person_until_three_months_after_the_answer(old: Any) -> None:
    with writing() as session:
        facts = {"subject": old.august, "payer_id": session.get_one(UsageSession, old.august).payer_id}
        facts |= {"month": "2026-08", "net_cents": 2400, "words": "pas nous", "raised_by": "account:1"}
        session.add(Dispute(**facts, raised_at=AUGUST, answer_by=AUGUST.date()))
    run()
    assert holders()[old.august] == old.maker
    assert holders()[old.again] >= PSEUDONYMS_FROM

    with writing() as session:
        session.execute(update(Dispute).values(answered_at=LATER, outcome="words"))
    run(LATER + timedelta(days=80))
    assert holders()[old.august] == old.maker

    run(LATER + timedelta(days=95))
    assert holders()[old.august] >= PSEUDONYMS_FROM


def test_who_stood_beside_a_session_goes_with_who_it_was(old: Any) -> None:
    with writing() as session:
        row = session.get_one(UsageSession, old.inner)
        row.supervisor = row.companion = old.other

    run()

    assert count(UsageSession, UsageSession.supervisor.is_not(None) | UsageSession.companion.is_not(None)) == 0


@pytest.mark.parametrize("beside", ["supervisor", "companion"])
def test_a_hold_on_somebody_who_stood_beside_keeps_the_session_as_it_is(old: Any, beside: str) -> None:
    with writing() as session:
        column = {beside: old.other}
        session.execute(update(UsageSession).where(UsageSession.id == old.august).values(**column))
    held = hold_person(old.other, "accident du 12 août", actor="account:1", now=LATER)

    run(MUCH_LATER)
    assert holders()[old.august] == old.maker
    assert holders()[old.again] >= PSEUDONYMS_FROM

    end_hold(held, "classé", actor="account:1", now=MUCH_LATER)
    run(MUCH_LATER)
    assert holders()[old.august] >= PSEUDONYMS_FROM
    assert problems() == []


def test_lists_of_hand_outs_and_their_taps_go_after_three_months(old: Any) -> None:
    with writing() as session:
        told = {"label": "Cours", "language": "fr", "readers": [], "heard_by": "", "begun_by": "account:1"}
        session.add(Handout(id=1, kind="people", mode="give", begun_at=AUGUST, ended_at=AUGUST, **told))
        session.flush()
        session.add(HandoutLine(id=1, handout_id=1, position=1, holder_number=old.maker, given_at=AUGUST))
        session.flush()
        tap = {"machine": "p1", "mark": "abab", "outcome": "given", "holder_number": old.maker}
        session.add(HandoutTap(event_id=1, handout_id=1, line_id=1, at=AUGUST, **tap))

    assert run()[Kept.TOKENS] == 2
    assert count(HandoutTap) == count(HandoutLine) == 0
    assert count(Handout) == 1
