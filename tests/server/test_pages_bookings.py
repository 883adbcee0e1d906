"""The pages of bookings: who sees whom, who may book for whom, outages with whom they meet, and days of 23 and 25 hours."""

import re
from datetime import UTC, datetime, time, timedelta
from time import process_time
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from server.bookings import outcomes
from server.bookings import service as bookings
from server.bookings.models import Booking
from server.bookings.service import Rules
from server.db import db, reading, writing
from server.domain.bookings import Span
from server.domain.roles import Role, ScopeKind
from server.machines import service as machines
from server.machines.models import Closure, Machine
from server.machines.service import Hours
from server.mail.models import Mail
from server.people import service as people
from server.training import service as training
from tests.server.page_lab import by, database_url
from tests.server.signed_in import clock_of, page, settings_for, signed_in, web_app
from wire.messages import RiskClass

__all__ = ["by", "database_url"]

AT_TWO = datetime(2026, 10, 14, 12, 0, tzinfo=UTC)  # in Mulhouse; now is ten o'clock
TYPED = {"begins": "2026-10-14T14:00", "ends": "2026-10-14T16:00", "note": "boîtier"}


@pytest.fixture
def web(lab, database_url, now):
    """In English: what is said is asked here, not how it is translated."""
    app = web_app(database_url, now)
    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    return app


def in_english(client):
    client.set_cookie("lang", "en")
    return client


@pytest.fixture
def manager(web):
    return in_english(signed_in(web, Role.MANAGER))


@pytest.fixture
def maker(web, lab):
    return in_english(signed_in(web, Role.HOLDER, holder=lab.holder))


@pytest.fixture
def bob(lab, by):
    number = people.add_holder("Bob", "Bouteille", email="bob@lab.test", **by).number
    people.add_membership(number, "acme-rd", **by)
    return number


def book(holder: int, by, begin: datetime = AT_TWO, hours: float = 2, machine: str = "p1") -> str:
    span = Span(begin, begin + timedelta(hours=hours))
    return bookings.book(machine, holder, span, Rules(ZoneInfo("Europe/Paris")), "acme-rd", "boîtier", **by)


def refs() -> list[str]:
    with reading():
        return list(db.session.scalars(select(Booking.ref).order_by(Booking.id)))


def lately(ref: str) -> Booking:
    with reading():
        return db.session.scalars(select(Booking).where(Booking.ref == ref)).one()


# --- the calendars ----------------------------------------------------------------------------------------------------


def test_a_free_hour_leads_to_the_form_that_knows_it(maker, lab):
    shown = page(maker, "/bookings")
    (address,) = re.findall(r'href="(/machines/p1/book\?from=2026-10-14T12:00Z[^"]+)"', shown)

    form = page(maker, address.replace("&amp;", "&"))

    assert 'value="2026-10-14T14:00"' in form
    assert 'value="2026-10-14T15:00"' in form
    assert "Acme R&amp;D" in form  # who pays
    assert "Nothing is booked" in shown


def test_what_is_past_or_closed_cannot_be_chosen(maker, lab, by):
    machines.set_opening_hours("printer", [Hours(2, time(9), time(12))], **by)

    chosen = re.findall(r"from=2026-10-14T(\d\d:\d\d)Z", page(maker, "/bookings"))

    assert set(chosen) == {"08:00", "09:00"}  # ten and eleven o'clock there


@pytest.mark.parametrize("path", ["/bookings", "/machines/p1/bookings"])
def test_makers_see_that_it_is_occupied_and_staff_see_by_whom(web, manager, maker, lab, bob, by, path):
    ref = book(bob, by)
    accountant = in_english(signed_in(web, Role.LAB_ACCOUNTANT))

    for reader in (maker, accountant):
        seen = page(reader, path)
        assert "occupied" in seen
        for secret in ("Bob", "Bouteille", ref, "boîtier"):
            assert secret not in seen
    assert "Bob Bouteille" in page(manager, path)
    assert ref in page(manager, path)


def test_ones_own_booking_is_named_so(maker, lab, by):
    ref = book(lab.holder, by)

    assert re.search(rf'href="/bookings/{ref}"><b>14:00<i>–16:00</i></b> <span>yours</span>', page(maker, "/bookings"))


def test_an_outage_says_everybody_why(maker, manager, lab, by):
    sent = {"begins": "2026-10-14T14:00", "ends": "2026-10-14T18:00", "note": "new nozzle"}
    manager.post("/machines/p1/outage", data=sent)

    shown = page(maker, "/bookings")

    assert "new nozzle" in shown
    assert "from=2026-10-14T13:00Z" not in shown


def test_a_room_is_shown_alone_and_a_day_that_is_none_is_today(manager, lab, by):
    machines.add_machine("c1", "Mill", "cnc", "agent-1", RiskClass.HIGH, room="Hall", **by)

    assert "Printer 1" in page(manager, "/bookings")
    assert "Printer 1" not in page(manager, "/bookings?room=Hall")
    assert "Printer 1" in page(manager, "/bookings?room=Cellar")
    assert "14 October" in page(manager, "/bookings?day=yesterday")
    assert "14 October" in page(manager, "/bookings?day=0001-01-01")
    assert "16 October" in page(manager, "/bookings?day=2026-10-16")


def test_an_empty_lab_says_what_will_stand_here(sqlite_url, now):
    alone = in_english(signed_in(web_app(sqlite_url, now), Role.MANAGER))

    assert "No machine yet" in page(alone, "/bookings")


@pytest.mark.parametrize(
    ("day", "hours", "columns"), [("2026-10-25", 25, 25), ("2027-03-28", 23, 24), ("2026-10-26", 24, 24)]
)
def test_a_day_with_a_clock_change_has_its_own_hours(maker, lab, day, hours, columns):
    shown = page(maker, f"/bookings?day={day}&whole=1")

    assert shown.count('<th scope="col" colspan="4"') == columns
    assert shown.count('class="is-free"') == hours
    assert (f"The clock changes: {hours} hours." in shown) == (hours != 24)


def test_a_booking_through_the_night_of_the_clock_change_is_typed_on_the_labs_clock(maker, lab):
    night = {"begins": "2026-10-25T01:00", "ends": "2026-10-25T04:00"}

    maker.post("/machines/p1/book", data=night)

    (ref,) = refs()
    assert lately(ref).ends - lately(ref).begins == timedelta(hours=4)


# --- booking ----------------------------------------------------------------------------------------------------------


def test_a_maker_books_and_finds_it_among_his_own(maker, lab):
    answer = maker.post("/machines/p1/book", data=TYPED)
    (ref,) = refs()

    assert answer.location == f"/bookings/{ref}"
    assert (lately(ref).holder_number, lately(ref).begins, lately(ref).note) == (lab.holder, AT_TWO, "boîtier")
    mine = page(maker, "/me/bookings")
    assert "Printer 1" in mine
    assert "1 of 5 bookings are open" in mine


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ends": "2026-10-14T13:00"}, "It would end before it begins."),
        ({"begins": "2026-10-14T14:05"}, "quarter of an hour"),
        ({"begins": "2026-10-14T08:00"}, "lies in the past"),
        ({"ends": "2026-10-15T14:00"}, "12 hours at most"),
        ({"begins": "2026-12-24T08:00", "ends": "2026-12-24T09:00"}, "60 days ahead"),
        ({"begins": "soon"}, "Type a day and a time"),
        ({"begins": "2026-10-14T15:00", "ends": "2026-10-14T17:00"}, "Printer 1 is booked from"),
    ],
)
def test_what_cannot_be_booked_is_said_beside_the_field(maker, lab, bob, by, changed, said):
    book(bob, by, AT_TWO + timedelta(hours=2), 1)

    answer = maker.post("/machines/p1/book", data=TYPED | changed)

    assert answer.status_code == 422
    assert re.search(rf'class="wrong"[^>]*>.*?{re.escape(said)}', answer.text.replace("\u00a0", " "), re.DOTALL)
    assert len(refs()) == 1


def test_nobody_books_when_the_lab_is_closed(maker, lab, by):
    with writing() as session:
        session.add(
            Closure(category=None, begins=AT_TWO + timedelta(hours=1), ends=AT_TWO + timedelta(hours=9), name="fête")
        )

    assert "The lab is closed from" in maker.post("/machines/p1/book", data=TYPED).text.replace("\u00a0", " ")
    assert refs() == []


def test_who_is_not_qualified_then_reads_why_and_cannot_book(maker, lab, by):
    training.revoke(lab.qualification, "unsafe", **by)

    assert "3D printing was revoked" in page(maker, "/machines/p1/book").replace("\u00a0", " ")
    answer = maker.post("/machines/p1/book", data=TYPED)

    assert answer.status_code == 422
    assert "You could not start this machine then" in answer.text
    assert refs() == []


def test_staff_book_for_somebody_whom_they_choose_and_who_may_still_have_to_learn_it(manager, lab, bob):
    assert "For whom?" in page(manager, "/machines/p1/book")
    assert f"holder={bob}" in page(manager, "/machines/p1/book?q=bou")
    form = page(manager, f"/machines/p1/book?holder={bob}")
    assert "3D printing is missing." in form

    manager.post(
        f"/machines/p1/book?holder={bob}", data=TYPED | {"ends": "2026-10-15T14:00"}
    )  # a day: no limit binds staff

    (ref,) = refs()
    assert lately(ref).holder_number == bob
    assert lately(ref).made_by.startswith("account:")


def test_a_maker_chooses_nobody_else_and_searches_nobody(maker, lab, bob):
    assert maker.get(f"/machines/p1/book?holder={bob}").status_code == 403
    assert maker.post(f"/machines/p1/book?holder={bob}", data=TYPED).status_code == 403
    assert "Bouteille" not in page(maker, "/machines/p1/book?q=bou")
    assert refs() == []


def test_what_is_anothers_is_neither_read_nor_moved_nor_cancelled_by_a_maker(maker, lab, bob, by):
    ref = book(bob, by)
    outage = {"begins": "2026-10-14T14:00", "ends": "2026-10-14T18:00", "note": "x"}

    answers = [maker.get(f"/bookings/{ref}{way}").status_code for way in ("", "/edit", "/cancel")]
    answers += [maker.post(f"/bookings/{ref}{way}", data=TYPED).status_code for way in ("/edit", "/cancel")]
    answers += [maker.post("/machines/p1/outage", data=outage).status_code]

    assert answers == [403] * 6
    assert lately(ref).cancelled_at is None


def test_a_trainer_of_a_machine_books_there_and_declares_outages_there_only(web, lab, bob, by):
    machines.add_machine("c1", "Mill", "cnc", "agent-1", RiskClass.HIGH, **by)
    trainer = signed_in(web, Role.TRAINER, ScopeKind.MACHINE, "p1")
    elsewhere = book(bob, by, machine="c1")

    assert trainer.get(f"/machines/p1/book?holder={bob}").status_code == 200
    assert trainer.get(f"/machines/c1/book?holder={bob}").status_code == 403
    assert trainer.get("/machines/p1/outage").status_code == 200
    assert trainer.get("/machines/c1/outage").status_code == 403
    assert trainer.post(f"/bookings/{elsewhere}/cancel", data={"reason": "x"}).status_code == 403


# --- moving and giving back -------------------------------------------------------------------------------------------


def test_a_maker_moves_and_cancels_his_own_and_no_letter_is_written(maker, lab, by):
    ref = book(lab.holder, by)

    later = {"begins": "2026-10-14T17:00", "ends": "2026-10-14T18:00", "note": "", "version": 1}
    assert maker.post(f"/bookings/{ref}/edit", data=later).status_code == 303
    assert lately(ref).begins == AT_TWO + timedelta(hours=3)
    assert maker.post(f"/bookings/{ref}/cancel", data={"version": 1}).status_code == 422  # somebody else was faster
    assert maker.post(f"/bookings/{ref}/cancel", data={"version": 2}).location == "/me/bookings"

    assert lately(ref).cancelled_at == by["now"]
    assert "cancelled" in page(maker, "/me/bookings")
    assert maker.get(f"/bookings/{ref}/cancel").location == f"/bookings/{ref}"
    assert db.session.scalars(select(Mail)).all() == []


def test_two_who_move_one_booking_see_each_others_times(manager, lab, by):
    ref = book(lab.holder, by)
    manager.post(f"/bookings/{ref}/edit", data=TYPED | {"begins": "2026-10-14T13:00", "version": 1})

    answer = manager.post(f"/bookings/{ref}/edit", data=TYPED | {"begins": "2026-10-14T15:00", "version": 1})

    assert answer.status_code == 409
    assert lately(ref).begins == AT_TWO - timedelta(hours=1)


def test_staff_say_why_they_cancel_and_the_holder_is_told(manager, lab, bob, by):
    ref = book(bob, by)

    assert manager.post(f"/bookings/{ref}/cancel", data={"version": 1}).status_code == 422
    manager.post(f"/bookings/{ref}/cancel", data={"version": 1, "reason": "visit"})

    (letter,) = db.session.scalars(select(Mail)).all()
    assert (letter.recipient, "visit" in letter.text) == ("bob@lab.test", True)
    assert "Booking cancelled" in page(manager, f"/bookings/{ref}")
    assert "Printer 1" in page(manager, "/audit?kind=booking")


def test_what_became_of_a_booking_stands_in_ones_own_list(web, maker, lab, by):
    book(lab.holder, by)
    clock_of(web).moment = AT_TWO + timedelta(minutes=16)
    outcomes.settle(lambda holders, since: (), (), settings_for("sqlite://"), AT_TWO + timedelta(minutes=16))

    assert "missed" in page(maker, "/me/bookings")
    assert "from=2026-10-14T12:15Z" in page(maker, "/bookings")  # and the rest of its time is free again


# --- outages ----------------------------------------------------------------------------------------------------------


def test_after_an_outage_that_begins_soon_after_midnight_the_week_of_that_day_is_shown(manager):
    sent = {"begins": "2026-10-19T00:30", "ends": "2026-10-19T08:00", "note": "Nettoyage"}

    answer = manager.post("/machines/p1/outage", data=sent)

    assert answer.location == "/machines/p1/bookings?day=2026-10-19"


def test_an_outage_shows_whom_it_meets_before_it_is_declared(manager, lab, bob, by):
    mine = book(bob, by)
    sent = {"begins": "2026-10-14T13:00", "ends": "2026-10-14T15:00", "note": "nozzle"}

    first = manager.post("/machines/p1/outage", data=sent)
    assert "It meets one booking" in first.text
    assert "Bob Bouteille" in first.text
    assert refs() == [mine]
    seen = re.search(r'name="seen"[^>]*value="([^"]*)"', first.text)
    assert seen is not None
    assert manager.post("/machines/p1/outage", data=sent | {"seen": seen[1]}).status_code == 303

    assert len(refs()) == 2
    assert db.session.scalars(select(Mail.recipient)).all() == ["bob@lab.test"]


def test_an_outage_is_moved_and_ended(manager, lab, by):
    manager.post(
        "/machines/p1/outage", data={"begins": "2026-10-14T13:00", "ends": "2026-10-14T15:00", "note": "nozzle"}
    )
    (ref,) = refs()

    longer = {"begins": "2026-10-14T13:00", "ends": "2026-10-14T19:00", "note": "still waiting", "version": 1}
    assert manager.post(f"/bookings/{ref}/edit", data=longer).status_code == 303
    assert (lately(ref).ends, lately(ref).note) == (AT_TWO + timedelta(hours=5), "still waiting")
    assert "no longer" not in page(manager, f"/bookings/{ref}")
    manager.post(f"/bookings/{ref}/cancel", data={"reason": "repaired", "version": 2})

    assert lately(ref).cancelled_at is not None


# --- how long it takes ------------------------------------------------------------------------------------------------


def test_a_full_day_of_a_large_lab_is_drawn_in_a_blink(manager, lab, bob, by, now, record_property):
    """60 machines with 300 bookings, in processor time, the fastest of five: others share this computer."""
    with writing() as session:
        for number in range(59):
            machines.add_agent(f"agent-{number + 2}", **by)
            machines.add_machine(
                f"m{number}", f"M {number}", "printer", f"agent-{number + 2}", RiskClass.LOW, room="Hall", **by
            )
        for machine in session.scalars(select(Machine.id)):
            for hour in (0, 2, 4, 6, 8):
                there = {"machine_id": machine, "holder_number": bob, "begins": now + timedelta(hours=hour)}
                ends = now + timedelta(hours=hour + 1.5)
                session.add(Booking(ref=str(uuid4()), **there, ends=ends, made_by="test", made_at=now))
    page(manager, "/bookings")
    taken = []
    for _ in range(5):
        begun = process_time()
        shown = page(manager, "/bookings")
        taken.append(process_time() - begun)

    print(f"a day of 60 machines with 300 bookings: {1000 * min(taken):.0f} ms, {len(shown) // 1000} kB")
    record_property("milliseconds", round(1000 * min(taken)))
    assert shown.count("Bob Bouteille") == 300
    assert min(taken) < 0.3
