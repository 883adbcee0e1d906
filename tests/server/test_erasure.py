"""Erasure of one person, the register of requests, and who looked at whose traces."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from server.accounts.models import Account, WebSession
from server.billing.ledger import verify_billing
from server.billing.models import Charge
from server.db import Stale, db, reading, writing
from server.domain.roles import Actor, Assignment, Role
from server.jobs.backup import backup, restore
from server.jobs.models import Change
from server.mail.models import Mail
from server.people import service as people
from server.people.models import Person, Token
from server.people.rows import PeopleError
from server.privacy import requests as register
from server.privacy.again import erase_again, remember
from server.privacy.erasure import Against, Goes, Stays, erase, preview
from server.privacy.errors import PrivacyError
from server.privacy.holds import hold_person
from server.privacy.models import RefusalCount, TraceView
from server.privacy.requests import Asks, due_date
from server.privacy.retention import run
from server.privacy.viewing import Looked, latest_looks, looks_at, note
from server.training.models import Qualification
from server.usage.ledger import verify_ledger
from server.usage.models import Denial, UsageSession
from tests.server.billing_lab import ZONE
from tests.server.old_lab import LATER, MARK, OCTOBER, OldLab, furnish, place

BY: dict[str, Any] = {"actor": "account:1", "now": OCTOBER + timedelta(days=2)}
DESK = Actor(1, "Dana", "desk@lab.test", None, (Assignment(Role.DESK),))


@pytest.fixture
def old(app: object) -> OldLab:
    return furnish()


def count(of: Any, *where: Any) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(of).where(*where)) or 0


def test_the_preview_says_what_goes_what_stays_and_what_stands_against_it(old: OldLab) -> None:
    said = preview(old.maker)

    assert said.goes == {Goes.NAME: 1, Goes.BADGES: 1, Goes.LOGIN: 1, Goes.MAILS: 1, Goes.REFUSALS: 4}
    assert said.stays == {
        Stays.CHARGES: 2,
        Stays.SESSIONS: 2,
        Stays.RECORDS: 1,
        Stays.MEMBERSHIPS: 1,
        Stays.MESSAGES: 1,
    }
    assert (said.against, said.is_here) == ((), True)
    with pytest.raises(PeopleError, match="there is no holder"):
        preview(999)


def test_erasing_cuts_what_leads_to_the_person_and_keeps_the_books(old: OldLab) -> None:
    erase(old.maker, ZONE, **BY)

    assert count(Person, Person.holder_number == old.maker) == count(Mail) == count(WebSession) == 0
    assert count(Token, Token.fingerprint == MARK) == count(Denial, Denial.holder_number == old.maker) == 0
    assert (count(Charge), count(Qualification), count(UsageSession)) == (3, 1, 5)
    assert count(RefusalCount) == 2
    with reading() as session:
        (account,) = session.scalars(select(Account).where(Account.email.like("erased-%")))
    assert (account.name, account.holder_number, account.password_hash) == ("", None, None)
    assert preview(old.maker).against == (Against.ERASED,)
    assert [*verify_ledger(), *verify_billing()] == []


def test_nothing_in_the_database_names_the_person_any_more(old: OldLab) -> None:
    erase(old.maker, ZONE, **BY)

    with reading() as session:
        tables = {table.name: session.execute(select(table)).all() for table in db.metadata.sorted_tables}
    words = ("perrine", "lachaise", MARK, "casier 12")
    named = [name for name, rows in tables.items() for row in rows if any(word in repr(row).lower() for word in words)]
    assert [name for name in named if name != "event_payload"] == []
    run(LATER + timedelta(days=200), place())
    with reading() as session:
        assert all(MARK.encode() not in payload for payload in session.scalars(_old_payloads(old)))


def _old_payloads(old: Any) -> Any:
    from server.usage.models import Event, EventPayload

    wanted = select(EventPayload.payload).join(Event, Event.id == EventPayload.event_id)
    return wanted.where(Event.session.is_(None) | (Event.session != old.october))


def test_until_when_the_person_was_under_age_is_kept_nowhere(old: OldLab) -> None:
    people.set_minor_until(old.maker, datetime(2029, 3, 17, tzinfo=UTC), **BY)

    erase(old.maker, ZONE, **BY)

    with reading() as session:
        tables = {table.name: session.execute(select(table)).all() for table in db.metadata.sorted_tables}
    dated = ("2029-03-17", "datetime(2029, 3, 17")
    assert [name for name, rows in tables.items() for row in rows if any(day in repr(row) for day in dated)] == []
    assert [*verify_ledger(), *verify_billing()] == []


def test_the_lists_of_the_agents_lose_the_badge_at_once(old: OldLab) -> None:
    before = count(Change, Change.topic == "access")

    erase(old.maker, ZONE, **BY)

    assert count(Change, Change.topic == "access") > before
    known = select(Token.fingerprint).where(Token.returned_at.is_(None))
    with reading() as session:
        assert MARK not in session.scalars(known).all()  # of which the lists are made


def test_whoever_is_held_at_a_machine_or_erased_already_is_not_erased(old: OldLab) -> None:
    hold_person(old.maker, "accident", **BY)
    with pytest.raises(PrivacyError, match="a hold stands"):
        erase(old.maker, ZONE, **BY)
    with writing() as session:
        session.get_one(UsageSession, old.theirs).state = "open"  # type: ignore[attr-defined]
    with pytest.raises(PrivacyError, match="at a machine"):
        erase(old.other, ZONE, **BY)

    assert count(Person) == 2


def test_the_second_of_two_who_change_a_person_is_told(old: OldLab) -> None:
    with pytest.raises(Stale):
        erase(old.maker, ZONE, version=99, **BY)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2026, 10, 14), date(2026, 11, 14)),
        (date(2026, 12, 31), date(2027, 1, 31)),
        (date(2026, 1, 31), date(2026, 2, 28)),
    ],
)
def test_an_answer_is_due_a_month_later(received: date, due: date) -> None:
    assert due_date(received) == due


def test_a_request_stands_in_the_register_until_it_is_answered(old: OldLab) -> None:
    today = BY["now"].date()
    number = register.enter(Asks.ACCESS, old.maker, "", today - timedelta(days=40), "par lettre", today=today, **BY)
    other = register.enter(Asks.OBJECTION, None, "Odile Brandt", today, "", today=today, **BY)

    assert [(one.id, one.is_late(today)) for one in register.requests()] == [(number, True), (other, False)]
    register.answer(number, "export remis en main propre", today=today, **BY)
    assert [one.id for one in register.requests()] == [other, number]
    with pytest.raises(PrivacyError, match="answered already"):
        register.answer(number, "encore", today=today, **BY)
    with pytest.raises(PrivacyError, match="Say who asks"):
        register.enter(Asks.ACCESS, None, " ", today, "", today=today, **BY)
    with pytest.raises(PrivacyError, match="after today"):
        register.enter(Asks.ACCESS, old.maker, "", today + timedelta(days=1), "", today=today, **BY)


def test_a_look_at_anothers_traces_is_told_once_an_hour_and_ones_own_never(old: OldLab) -> None:
    ten = datetime(2026, 10, 22, 10, 5, tzinfo=UTC)
    for minutes in (0, 20, 54, 55):
        note(DESK, old.maker, Looked.FILE, ten + timedelta(minutes=minutes))
    note(DESK, old.maker, Looked.SESSION, ten)
    note(Actor(2, "Perrine", "", old.maker, (Assignment(Role.DESK),)), old.maker, Looked.FILE, ten)
    note(Actor(), old.maker, Looked.FILE, ten)
    note(DESK, 10**12, Looked.SESSION, ten)

    told = [(look.what, look.at) for look in looks_at(old.maker)]
    assert sorted(told) == [("file", ten), ("file", ten + timedelta(minutes=55)), ("session", ten)]
    assert {look.role for look in latest_looks()} == {"desk"}
    assert count(TraceView) == 3


def test_who_was_erased_is_erased_again_after_a_restore(old: OldLab, tmp_path: Path) -> None:
    backup(tmp_path / "night.tar", tmp_path / "documents")
    erase(old.maker, ZONE, **BY)
    remember(tmp_path, old.maker, BY["now"])
    with (tmp_path / "erased.jsonl").open("a") as file:
        file.write('{"number": 12')  # a crash in the middle of the next

    restore(tmp_path / "night.tar", tmp_path / "documents", BY["now"])
    assert count(Person, Person.holder_number == old.maker) == 1

    assert erase_again(tmp_path, BY["now"]) == 1
    assert count(Person, Person.holder_number == old.maker) == count(Token, Token.fingerprint == MARK) == 0
    assert count(Person, Person.holder_number == old.other) == 1
    assert [*verify_ledger(), *verify_billing()] == []
