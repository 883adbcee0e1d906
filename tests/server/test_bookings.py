"""Booking a machine, giving it back, outages, and what became of it: on SQLite and on PostgreSQL, and two at once."""

import uuid
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from threading import Barrier, Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.bookings import facts, outages, outcomes
from server.bookings import service as bookings
from server.bookings.models import Booking
from server.bookings.service import Rules
from server.db import Stale, db, reading, writing
from server.domain.bookings import BookingError, Limits, Span, Use
from server.domain.facts import BookingFact, ClosureFact
from server.jobs import service as jobs
from server.machines import service as machines
from server.machines.models import Machine
from server.machines.service import Hours
from server.mail.models import Mail
from server.people import leaving
from server.people import service as people
from server.people.models import Payer
from server.usage.models import UsageSession
from server.usage.presence import uses_of
from tests.conftest import Lab
from tests.server.signed_in import settings_for
from wire.messages import RiskClass, Service

LIMITS = Limits(timedelta(hours=12), timedelta(days=60), 5)
MAKER = Rules(ZoneInfo("Europe/Paris"), LIMITS)
STAFF = Rules(ZoneInfo("Europe/Paris"))
AT_TWO = datetime(2026, 10, 14, 12, 0, tzinfo=UTC)
QUARTER_HOUR = timedelta(minutes=15)


def span(begin: datetime = AT_TWO, hours: float = 2) -> Span:
    return Span(begin, begin + timedelta(hours=hours))


@pytest.fixture
def by(now):
    return {"actor": "account:1", "now": now}


@pytest.fixture
def bob(lab, by):
    number = people.add_holder("Bob", "Bouteille", email="bob@lab.test", **by).number
    people.add_membership(number, "acme-rd", **by)
    return number


@pytest.fixture
def second(lab, by):
    """Another machine."""
    machines.add_machine("c1", "Mill", "cnc", "agent-1", RiskClass.HIGH, **by)
    return "c1"


def row(ref: str) -> Booking:
    with reading():
        return db.session.scalars(select(Booking).where(Booking.ref == ref)).one()


def stands(now: datetime) -> list[BookingFact]:
    with reading():
        return list(facts.bookings(now, now + timedelta(days=3)))


# --- booking ----------------------------------------------------------------------------------------------------------


def test_a_booking_is_kept_journalled_and_announced_to_its_list(lab: Lab, now, by):
    seen = jobs.last_change_id()

    ref = bookings.book("p1", lab.holder, span(), MAKER, lab.payer, "housing, 3 parts", **by)

    kept = row(ref)
    assert (kept.begins, kept.ends, kept.holder_number, kept.note) == (*span(), lab.holder, "housing, 3 parts")
    assert kept.payer_id is not None
    assert {(one.topic, one.key) for one in jobs.changes_after(seen)} == {("access", "machine:p1"), ("machine", "p1")}
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.object_kind == "booking")).one()
    assert entry.after is not None
    assert (entry.verb, entry.object_id, entry.after["machine"]) == ("add", ref, "p1")
    assert stands(now) == [BookingFact("p1", lab.holder, *span())]


def test_no_two_bookings_of_a_machine_meet_but_one_may_begin_as_another_ends(lab, bob, second, by):
    bookings.book("p1", lab.holder, span(), MAKER, **by)

    for begin in (AT_TWO - QUARTER_HOUR, AT_TWO, AT_TWO + timedelta(minutes=105)):
        with pytest.raises(BookingError, match=r"Printer 1 is booked from"):
            bookings.book("p1", bob, span(begin), MAKER, **by)
    bookings.book("p1", bob, span(AT_TWO + timedelta(hours=2)), MAKER, **by)
    bookings.book("p1", bob, span(AT_TWO - timedelta(hours=2)), MAKER, **by)
    bookings.book(second, bob, span(), MAKER, **by)

    assert len(db.session.scalars(select(Booking)).all()) == 4


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (span(AT_TWO - timedelta(hours=5)), "lies in the past"),
        (span(hours=13), "12 hours at most"),
        (span(AT_TWO + timedelta(days=61)), "60 days ahead"),
    ],
)
def test_a_maker_is_held_to_the_limits(lab, by, wanted, said):
    with pytest.raises(BookingError, match=said):
        bookings.book("p1", lab.holder, wanted, MAKER, **by)


def test_staff_are_not_bound_by_limits_but_by_the_clock_they_are(lab, by):
    bookings.book("p1", lab.holder, span(AT_TWO + timedelta(days=90), hours=48), STAFF, **by)

    with pytest.raises(BookingError, match="lies in the past"):
        bookings.book("p1", lab.holder, span(AT_TWO - timedelta(days=1)), STAFF, **by)


def test_a_holder_has_only_so_many_open_bookings_and_a_cancelled_or_ended_one_is_none(lab, now, by):
    refs = [bookings.book("p1", lab.holder, span(AT_TWO + timedelta(days=day)), MAKER, **by) for day in range(5)]
    with pytest.raises(BookingError, match="5 bookings are open already"):
        bookings.book("p1", lab.holder, span(AT_TWO + timedelta(days=5)), MAKER, **by)

    bookings.cancel(refs[3], **by)
    bookings.book("p1", lab.holder, span(AT_TWO + timedelta(days=5)), MAKER, **by)

    tomorrow = {"actor": "account:1", "now": now + timedelta(days=1)}
    bookings.book("p1", lab.holder, span(AT_TWO + timedelta(days=6)), MAKER, **tomorrow)


def test_opening_hours_and_closures_are_respected_by_staff_too(lab, by):
    machines.set_opening_hours("printer", [Hours(2, time(8), time(18))], **by)
    closure = ClosureFact(None, AT_TWO - timedelta(hours=2), AT_TWO - timedelta(hours=1))

    bookings.book("p1", lab.holder, span(), replace(STAFF, closures=(closure,)), **by)
    for rules, begin in ((STAFF, AT_TWO + timedelta(hours=3)), (MAKER, AT_TWO + timedelta(days=1))):
        with pytest.raises(BookingError, match="closed for a part"):
            bookings.book("p1", lab.holder, span(begin), rules, **by)
    with pytest.raises(BookingError, match="is closed from"):
        bookings.book("p1", lab.holder, span(AT_TWO - timedelta(hours=3)), replace(STAFF, closures=(closure,)), **by)


def test_who_is_blocked_gone_or_paid_by_nobody_is_not_booked_for(lab, bob, now, by):
    stranger = people.add_holder("Eve", "E", **by).number
    people.block_holder(bob, "port forcé", **by)

    for number, said in ((bob, "is blocked"), (stranger, "Nobody pays"), (1, "nobody of this number")):
        with pytest.raises(BookingError, match=said):
            bookings.book("p1", number, span(), STAFF, **by)


def test_a_machine_that_left_the_lab_is_not_booked(lab, by):
    with pytest.raises(BookingError, match="no machine p9"):
        bookings.book("p9", lab.holder, span(), STAFF, **by)


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_who_book_the_same_time_at_once_one_is_told(app: Flask, lab, bob, by, attempt):
    """Each in a thread and a connection of its own, as in the web process."""
    refusals, made, both = [], [], Barrier(2)

    def book(holder: int) -> None:
        with app.app_context():
            both.wait()
            try:
                made.append(bookings.book("p1", holder, span(), MAKER, **by))
            except BookingError as refusal:
                refusals.append(refusal.sentence)
            finally:
                db.session.remove()

    threads = [Thread(target=book, args=(holder,)) for holder in (lab.holder, bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 1
    assert refusals == ["%(machine)s is booked from %(begins)s to %(ends)s."]


def test_of_two_bookings_of_one_holder_at_once_the_one_over_the_limit_is_refused(app: Flask, lab, second, by):
    one = replace(MAKER, limits=replace(LIMITS, open_at_most=1))
    said, both = [], Barrier(2)

    def book(machine: str) -> None:
        with app.app_context():
            both.wait()
            try:
                said.append(bookings.book(machine, lab.holder, span(), one, **by))
            except BookingError as refusal:
                said.append(refusal.sentence)
            finally:
                db.session.remove()

    threads = [Thread(target=book, args=(machine,)) for machine in ("p1", second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(db.session.scalars(select(Booking)).all()) == 1
    assert sum("are open already" in one for one in said) == 1


# --- changing and cancelling ------------------------------------------------------------------------------------------


def test_a_booking_is_moved_past_itself_and_not_onto_another(lab, bob, by):
    ref = bookings.book("p1", lab.holder, span(), MAKER, **by)
    bookings.book("p1", bob, span(AT_TWO + timedelta(hours=3)), MAKER, **by)

    bookings.change(ref, span(AT_TWO + timedelta(hours=1)), MAKER, "later", 1, **by)

    assert (row(ref).begins, row(ref).note, row(ref).version) == (AT_TWO + timedelta(hours=1), "later", 2)
    with pytest.raises(BookingError, match="is booked from"):
        bookings.change(ref, span(AT_TWO + timedelta(hours=2)), MAKER, **by)
    with pytest.raises(Stale):
        bookings.change(ref, span(), MAKER, version=1, **by)


def test_of_a_booking_that_has_begun_only_the_end_moves(lab, now, by):
    ref = bookings.book("p1", lab.holder, span(), MAKER, **by)
    later: dict[str, Any] = {"actor": "account:1", "now": AT_TWO + timedelta(minutes=5)}

    bookings.change(ref, span(hours=3), MAKER, **later)
    bookings.change(ref, span(hours=0.25), MAKER, **later)

    assert row(ref).ends == AT_TWO + QUARTER_HOUR
    with pytest.raises(BookingError, match="only its end"):
        bookings.change(ref, span(AT_TWO + QUARTER_HOUR), MAKER, **later)
    with pytest.raises(BookingError, match="over or cancelled"):
        bookings.change(ref, span(), MAKER, actor="account:1", now=AT_TWO + timedelta(hours=1))


def test_a_cancelled_booking_gives_the_machine_back_and_stays_in_the_books(lab, bob, now, by):
    ref = bookings.book("p1", lab.holder, span(), MAKER, **by)

    bookings.cancel(ref, "tool broken", 1, **by)

    kept = row(ref)
    assert (kept.cancelled_at, kept.cancelled_by, kept.cancelled_reason) == (now, "account:1", "tool broken")
    assert stands(now) == []
    bookings.book("p1", bob, span(), MAKER, **by)
    with pytest.raises(BookingError, match="over or cancelled"):
        bookings.cancel(ref, **by)
    with pytest.raises(BookingError, match="no such booking"):
        bookings.cancel("nothing", **by)


def test_whose_booking_staff_cancel_or_move_is_told_why(lab, bob, database_url, by):
    office = settings_for(database_url)
    first = bookings.book("p1", bob, span(), MAKER, **by)
    second = bookings.book("p1", bob, span(AT_TWO + timedelta(days=1)), MAKER, **by)

    bookings.cancel(first, "visit of the minister", lab=office, **by)
    bookings.change(second, span(AT_TWO + timedelta(days=2)), STAFF, lab=office, **by)
    bookings.change(second, span(AT_TWO + timedelta(days=2)), STAFF, "only the note", lab=office, **by)

    letters = db.session.scalars(select(Mail).order_by(Mail.id)).all()
    assert [mail.recipient for mail in letters] == ["bob@lab.test"] * 2
    assert "visit of the minister" in letters[0].text
    assert "/machines/p1/bookings" in letters[0].text
    assert f"/bookings/{second}" in letters[1].text


# --- outages ----------------------------------------------------------------------------------------------------------


def test_an_outage_is_declared_over_the_bookings_that_were_seen_and_their_holders_are_told(
    lab, bob, database_url, now, by
):
    office = settings_for(database_url)
    mine = bookings.book("p1", bob, span(), MAKER, **by)
    bookings.book("p1", lab.holder, span(AT_TWO + timedelta(hours=2)), MAKER, **by)  # it ends as this one begins
    wanted = span(AT_TWO - timedelta(hours=1), hours=3)

    with pytest.raises(BookingError, match="in the meantime"):
        outages.declare("p1", wanted, "new nozzle", (), lab=office, **by)
    ref = outages.declare("p1", wanted, "new nozzle", {mine}, lab=office, **by)

    (letter,) = db.session.scalars(select(Mail)).all()
    assert letter.recipient == "bob@lab.test"
    assert "new nozzle" in letter.text
    assert row(ref).holder_number is None
    assert row(mine).cancelled_at is None
    assert BookingFact("p1", None, *wanted) in stands(now)


def test_nobody_books_into_an_outage_and_no_outage_onto_another(lab, database_url, by):
    office = settings_for(database_url)
    ref = outages.declare("p1", span(), "service", (), lab=office, **by)

    with pytest.raises(BookingError, match="has an outage"):
        bookings.book("p1", lab.holder, span(AT_TWO + timedelta(hours=1)), STAFF, **by)
    with pytest.raises(BookingError, match="has an outage"):
        outages.declare("p1", span(AT_TWO + timedelta(hours=1)), "again", (), lab=office, **by)
    with pytest.raises(BookingError, match="Say why"):
        outages.declare("p1", span(AT_TWO + timedelta(days=1)), " ", (), lab=office, **by)
    bookings.cancel(ref, "came earlier", **by)
    bookings.book("p1", lab.holder, span(), MAKER, **by)


def test_an_outage_that_is_made_longer_tells_only_whom_it_newly_meets(lab, bob, database_url, by):
    office = settings_for(database_url)
    told = bookings.book("p1", bob, span(), MAKER, **by)
    new = bookings.book("p1", bob, span(AT_TWO + timedelta(hours=2)), MAKER, **by)
    ref = outages.declare("p1", span(hours=1), "service", {told}, lab=office, **by)

    outages.change(ref, span(hours=3), "spare part is late", {told, new}, 1, lab=office, **by)

    assert row(ref).ends == AT_TWO + timedelta(hours=3)
    texts = [mail.text for mail in db.session.scalars(select(Mail).order_by(Mail.id))]
    assert [new in text for text in texts] == [False, True]


# --- what became of it ------------------------------------------------------------------------------------------------


OFFICE = settings_for("sqlite://")


def settle(at: datetime, *uses: Use, shut: Collection[int] = ()) -> int:
    return outcomes.settle(lambda holders, since: [one for one in uses if one.holder in holders], shut, OFFICE, at)


def use_of(holder: int, begin: datetime, machine: str = "p1") -> Use:
    return Use(number_of(machine), holder, begin, None)


def number_of(machine: str) -> int:
    with reading():
        return db.session.scalars(select(Machine.id).where(Machine.code == machine)).one()


def test_what_was_missed_stays_missed_when_the_machine_breaks_later(lab, by):
    ref = bookings.book("p1", lab.holder, span(), MAKER, **by)
    settle(AT_TWO + timedelta(hours=1))

    machines.set_service("p1", Service.OUT, "nozzle", **by)
    settle(AT_TWO + timedelta(hours=4))

    assert row(ref).outcome == "missed"


def test_a_machine_that_leaves_the_lab_gives_back_what_was_booked_and_tells_the_holder(lab, bob, now, by):
    ref = bookings.book("p1", bob, span(), MAKER, **by)
    with writing() as session:
        session.scalars(select(Machine).where(Machine.code == "p1")).one().ended_at = now

    settle(now)

    assert row(ref).cancelled_at == now
    assert db.session.scalars(select(Mail.recipient)).all() == ["bob@lab.test"]


def test_bookings_go_on_at_the_machine_that_stands_in_the_place_of_another(lab, second, database_url, now, by):
    kept = bookings.book("p1", lab.holder, span(), MAKER, **by)
    outages.declare("p1", span(AT_TWO + timedelta(days=1)), "service", (), lab=settings_for(database_url), **by)

    bookings.carry_over("p1", second, **by)

    assert {fact.machine: fact.holder for fact in stands(now)} == {second: lab.holder, "p1": None}
    assert row(kept).machine_id == number_of(second)


def test_whoever_starts_in_time_keeps_the_booking_and_the_machine(lab, now, by):
    ref = bookings.book("p1", lab.holder, span(), MAKER, **by)
    came = use_of(lab.holder, AT_TWO + timedelta(minutes=3))

    assert settle(AT_TWO + timedelta(minutes=5), came) == 1
    assert settle(AT_TWO + timedelta(minutes=30), came) == 0

    assert (row(ref).outcome, row(ref).released_at) == ("kept", None)
    assert stands(AT_TWO + timedelta(minutes=30)) == [BookingFact("p1", lab.holder, *span())]


def test_who_does_not_come_loses_the_machine_after_a_quarter_of_an_hour_once(lab, bob, second, by):
    ref = bookings.book("p1", lab.holder, span(), MAKER, **by)
    others = (use_of(bob, AT_TWO), use_of(lab.holder, AT_TWO, second))
    in_time, late = AT_TWO + timedelta(minutes=14), AT_TWO + timedelta(minutes=16)

    assert settle(in_time, *others) == 0
    seen = jobs.last_change_id()
    assert [settle(late, *others), settle(late, *others)] == [1, 0]

    assert (row(ref).outcome, row(ref).released_at) == ("missed", late)
    assert stands(late) == []
    assert ("access", "machine:p1") in {(one.topic, one.key) for one in jobs.changes_after(seen)}
    bookings.book("p1", bob, span(AT_TWO + QUARTER_HOUR, 1), MAKER, actor="account:2", now=late)


def test_a_box_that_was_cut_off_tells_days_later_that_somebody_was_there(lab, by):
    ref = bookings.book("p1", lab.holder, span(), MAKER, **by)
    settle(AT_TWO + timedelta(hours=3))
    before = row(ref).outcome

    settle(AT_TWO + timedelta(days=2), use_of(lab.holder, AT_TWO + timedelta(minutes=1)))

    assert (before, row(ref).outcome) == ("missed", "kept")
    assert row(ref).released_at is None  # nobody looked while it was on


@pytest.mark.parametrize("why", ["outage", "out of service", "nobody may start it"])
def test_nobody_misses_what_could_not_be_used(lab, database_url, by, why):
    ref = bookings.book("p1", lab.holder, span(), MAKER, **by)
    if why == "outage":
        outages.declare(
            "p1", span(AT_TWO - timedelta(hours=1), 1.25), "service", {ref}, lab=settings_for(database_url), **by
        )
    if why == "out of service":
        machines.set_service("p1", Service.OUT, "nozzle", **by)

    settle(AT_TWO + timedelta(hours=1), shut=[number_of("p1")] if why == "nobody may start it" else [])
    machines.set_service("p1", Service.IN, **by)
    settle(AT_TWO + timedelta(hours=3))

    assert (row(ref).outcome, row(ref).released_at) == ("excused", None)


def test_a_cancelled_booking_and_an_outage_are_judged_by_nobody(lab, database_url, by):
    ref = bookings.book("p1", lab.holder, span(), MAKER, **by)
    bookings.cancel(ref, **by)
    outage = outages.declare("p1", span(), "service", (), lab=settings_for(database_url), **by)

    assert settle(AT_TWO + timedelta(hours=3)) == 0
    assert (row(ref).outcome, row(outage).outcome) == (None, None)


def test_who_leaves_the_lab_gives_back_what_was_booked(lab, bob, now, by):
    ref = bookings.book("p1", bob, span(), MAKER, **by)
    kept = bookings.book("p1", lab.holder, span(AT_TWO + timedelta(hours=2)), MAKER, **by)
    with writing():
        leaving.end_holder(bob, "moved away", False, **by)

    assert [settle(now), settle(now)] == [1, 0]

    assert row(ref).cancelled_by == "work"
    assert row(kept).cancelled_at is None


# --- for the lists ----------------------------------------------------------------------------------------------------


def test_the_facts_are_what_has_not_ended_and_begins_within_the_list(lab, second, now, by):
    bookings.book("p1", lab.holder, span(), MAKER, **by)
    bookings.book(second, lab.holder, span(AT_TWO + timedelta(days=2)), MAKER, **by)
    bookings.book("p1", lab.holder, span(AT_TWO + timedelta(days=4)), MAKER, **by)

    assert [(fact.machine, fact.begins) for fact in stands(now)] == [
        (second, AT_TWO + timedelta(days=2)),
        ("p1", AT_TWO),
    ]
    assert [fact.machine for fact in stands(AT_TWO + timedelta(hours=2))] == [second]  # p1 is over


def test_the_sessions_of_the_books_say_who_was_there(lab, now, by):
    """As ``work`` has it: what is asked of the sessions is what ``settle`` needs."""
    kept = bookings.book("p1", lab.holder, span(), MAKER, **by)
    missed = bookings.book("p1", lab.holder, span(AT_TWO + timedelta(hours=3)), MAKER, **by)
    use(AT_TWO + timedelta(minutes=2), lab.holder)
    use(AT_TWO + timedelta(hours=1), lab.holder, state="open", ended_at=None)

    outcomes.settle(uses_of, (), OFFICE, AT_TWO + timedelta(hours=2))
    closed_before(AT_TWO + timedelta(hours=2, minutes=45))
    outcomes.settle(uses_of, (), OFFICE, AT_TWO + timedelta(hours=5))

    assert [row(ref).outcome for ref in (kept, missed)] == ["kept", "missed"]


def use(start: datetime, holder: int, **changed: object) -> None:
    with writing() as session:
        machine = session.scalar(select(Machine.id).where(Machine.code == "p1"))
        facts = {"state": "ended", "ended_at": start + timedelta(minutes=30), "simulated": False} | changed
        numbers = {"occupied_s": 1, "powered_s": 1, "revision": 1, "time_quality": "synced"}
        payer = session.scalar(select(Payer.id))
        there = {"machine_id": machine, "payer_id": payer, "holder_number": holder, "started_at": start}
        session.add(UsageSession(id=str(uuid.uuid4()), **there, **numbers, **facts))


def closed_before(moment: datetime) -> None:
    with writing() as session:
        open_one = session.scalars(select(UsageSession).where(UsageSession.state == "open")).one()
        open_one.state, open_one.ended_at = "ended", moment
