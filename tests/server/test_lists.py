"""The lists agents get: compiled from the books, sent when something in them changed, renewed before they run out."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.billing import service as billing
from server.bookings.models import Booking
from server.db import db, writing
from server.domain.tariffs import Scope, simple
from server.lists import service as lists
from server.lists.models import PublishedList
from server.machines import service as machines
from server.machines.models import Agent, Machine
from server.people import service as people
from server.people.models import Token
from server.training import service as training
from wire.codec import encode
from wire.messages import DenialReason, RiskClass, Service, decode_access_list

PARIS = ZoneInfo("Europe/Paris")
HOUR = timedelta(hours=1)


def compiled(now, agents=None):
    return lists.compile_all(now, agents, PARIS, "k1")


def send(now):
    """What the link does: send what is worth it, remember all."""
    made = compiled(now)
    lists.record_all([(one, one.worth_sending) for one in made.values()], now)
    return {name: one.access_list for name, one in made.items() if one.worth_sending}


@pytest.fixture(autouse=True)
def _lab(lab):
    return lab


def test_the_list_carries_the_holder_the_payer_and_the_right(lab, now):
    billing.add_tariff(Scope(category="printer"), simple(300, 900), now, actor="m", now=now)

    one = compiled(now)["agent-1"]

    assert decode_access_list(one.payload) == one.access_list
    assert one.payload == encode(one.access_list)
    [entry] = one.access_list.holders
    assert (entry.token, entry.holder, entry.name, entry.payers) == (lab.fingerprint, lab.holder, "Ada", ("acme-rd",))
    assert [(card.id, card.rates) for card in one.access_list.payers] == [("acme-rd", {"p1": 300})]
    assert [right.holder for right in one.access_list.machines[0].may] == [lab.holder]
    assert (one.access_list.key_id, one.access_list.issued_ms) == ("k1", round(now.timestamp() * 1000))


def test_a_payer_without_a_price_has_none_on_its_card(now):
    assert compiled(now)["agent-1"].access_list.payers[0].rates == {}


def test_the_first_list_is_sent_and_the_same_one_is_not_sent_again(now):
    assert lists.needs_publishing(now) == {"agent-1"}
    assert send(now).keys() == {"agent-1"}
    assert send(now + HOUR) == {}
    assert lists.needs_publishing(now + HOUR) == set()


@pytest.mark.parametrize(
    "change",
    [
        lambda lab, by: people.block_token(lab.token, "lost", **by),
        lambda lab, by: people.block_holder(lab.holder, "hurt", **by),
        lambda lab, by: people.end_membership(lab.membership, "left", **by),
        lambda lab, by: people.suspend_tenant("acme", "unpaid", **by),
        lambda lab, by: training.revoke(lab.qualification, "unsafe", **by),
        lambda lab, by: machines.set_service("p1", Service.OUT, "nozzle", **by),
        lambda lab, by: machines.set_opening_hours("printer", [machines.Hours(0, HOURS[0], HOURS[1])], **by),
        lambda lab, by: machines.end_session_wish("p1", "s", "why", **by),
        lambda lab, by: machines.clear_latch("p1", 3, "why", **by),
        lambda lab, by: billing.add_tariff(
            Scope(category="printer"), simple(1, 1), by["now"], actor="m", now=by["now"]
        ),
    ],
)
def test_each_change_is_sent_at_once_and_announced(lab, now, change):
    from server.jobs.service import changes_after, last_change_id

    send(now)
    seen, later = last_change_id(), now + timedelta(minutes=1)

    change(lab, {"actor": "desk", "now": later})

    assert [one.topic for one in changes_after(seen)] == ["access"]
    assert send(later).keys() == {"agent-1"}


HOURS: tuple[time, time] = (time(8), time(20))


@pytest.fixture
def three_agents(lab, now):
    """Beside the printer's: one with a laser, one with another printer that asks for another skill."""
    by = {"actor": "m", "now": now}
    training.add_skill("resin", "Resin", **by)
    for agent, code, category, risk in (
        ("agent-2", "l1", "laser", RiskClass.LOW),
        ("agent-3", "p9", "printer", RiskClass.LOW),
    ):
        machines.add_agent(agent, **by)
        machines.add_machine(code, code.upper(), category, agent, risk, **by)
    training.require_skills("p9", ["resin"], **by)
    send(now)
    return by | {"now": now + HOUR}


@pytest.mark.parametrize(
    ("change", "altered"),
    [
        (lambda lab, by: machines.clear_latch("l1", 3, "why", **by), {"agent-2"}),
        (lambda lab, by: machines.set_opening_hours("laser", [machines.Hours(0, *HOURS)], **by), {"agent-2"}),
        (
            lambda lab, by: machines.set_opening_hours("printer", [machines.Hours(0, *HOURS)], **by),
            {"agent-1", "agent-3"},
        ),
        (lambda lab, by: training.grant(lab.holder, "resin", actor="t", now=by["now"]), {"agent-3"}),
        (lambda lab, by: training.revoke(lab.qualification, "unsafe", **by), {"agent-1", "agent-2", "agent-3"}),
        (lambda lab, by: training.edit_skill("resin", "Resin printing", **by), set()),
        (lambda lab, by: training.set_rules("resin", training.SkillRules(grace_days=9), **by), set()),
        (lambda lab, by: people.block_holder(lab.holder, "hurt", **by), {"agent-1", "agent-2", "agent-3"}),
        (lambda lab, by: bookings_of(lab, "l1", by), {"agent-2"}),
    ],
    ids=["wish", "hours of one", "hours of two", "grant", "revoke", "rename", "grace of nobody", "block", "booking"],
)
def test_a_change_is_sent_to_exactly_the_agents_whose_list_it_alters(lab, three_agents, change, altered):
    change(lab, three_agents)

    assert send(three_agents["now"]).keys() == altered


def bookings_of(lab, machine, by):
    begins = by["now"] + HOUR
    with writing() as session:
        row = Booking(ref="b-1", machine_id=session.scalar(db.select(Machine.id).where(Machine.code == machine)))
        row.holder_number, row.begins, row.ends = lab.holder, begins, begins + HOUR
        row.made_by, row.made_at = "m", by["now"]
        session.add(row)


def test_time_alone_alters_no_list(lab, three_agents):
    """Hours, bookings and rules of payers are carried as moments, and moments move along."""
    later = three_agents["now"]
    machines.set_opening_hours("printer", [machines.Hours(day, *HOURS) for day in range(7)], actor="m", now=later)
    bookings_of(lab, "l1", three_agents)
    send(later)

    assert send(later + HOUR / 2) == {}


def test_a_booking_that_is_over_sends_no_list_again_and_is_in_none_that_is_sent(lab, three_agents):
    now = three_agents["now"]
    bookings_of(lab, "l1", three_agents)
    send(now)
    later = now + 3 * HOUR

    machines.clear_latch("p9", 3, "why", actor="m", now=later)
    first = send(later)
    machines.clear_latch("l1", 3, "why", actor="m", now=later)
    second = send(later)
    machines.clear_latch("p9", 4, "why", actor="m", now=later + HOUR)

    assert (first.keys(), second.keys()) == ({"agent-3"}, {"agent-2"})
    assert second["agent-2"].machines[0].booked == ()
    assert send(later + HOUR).keys() == {"agent-3"}


def test_a_deleted_token_reaches_the_list(lab, now):
    send(now)
    with writing() as session:
        session.delete(session.scalars(db.select(Token)).one())

    sent = send(now + HOUR)

    assert sent["agent-1"].holders == ()


def test_a_list_is_renewed_at_half_of_its_shortest_validity(now):
    machines.add_machine("l1", "Laser", "laser", "agent-1", RiskClass.HIGH, actor="m", now=now)
    send(now)

    assert lists.needs_publishing(now + 11 * HOUR) == set()
    assert lists.needs_publishing(now + 12 * HOUR) == {"agent-1"}
    first, renewed = now, send(now + 12 * HOUR)["agent-1"]
    assert renewed.issued_ms == round((first + 12 * HOUR).timestamp() * 1000)


def test_a_list_is_due_when_a_dated_fact_turns_and_says_so(lab, now):
    training.add_skill("milling", "Milling", actor="m", now=now)
    training.require_skills("p1", ["milling"], actor="m", now=now)
    training.grant(lab.holder, "milling", now + HOUR, now + 2 * HOUR, actor="t", now=now)

    before = send(now)["agent-1"].machines[0]
    assert lists.needs_publishing(now + HOUR - timedelta(seconds=1)) == set()
    assert lists.needs_publishing(now + HOUR) == {"agent-1"}
    during = send(now + HOUR)["agent-1"].machines[0]
    assert lists.needs_publishing(now + 2 * HOUR) == {"agent-1"}
    after = send(now + 2 * HOUR)["agent-1"].machines[0]

    assert [len(machine.may) for machine in (before, during, after)] == [0, 1, 0]
    assert during.may[0].until_ms == round((now + 2 * HOUR).timestamp() * 1000)
    assert after.may_not[0].reasons == (DenialReason.QUALIFICATION_EXPIRED,)


def test_a_turn_that_changes_nothing_for_an_agent_is_not_sent_and_not_asked_about_again(now):
    stranger = people.add_holder("Bob", "B", actor="desk", now=now)
    training.grant(stranger.number, "printing", now, now + HOUR, actor="t", now=now)
    send(now)

    assert lists.needs_publishing(now + HOUR) == {"agent-1"}
    assert send(now + HOUR) == {}
    assert lists.needs_publishing(now + HOUR) == set()
    assert db.session.scalars(db.select(PublishedList.issued_at)).one() == now


def test_a_new_price_is_on_the_cards_from_its_first_moment(now):
    billing.add_tariff(Scope(category="printer"), simple(300, 900), now, actor="m", now=now)
    billing.add_tariff(Scope(category="printer"), simple(345, 900), now + HOUR, actor="m", now=now)

    send(now)

    assert lists.needs_publishing(now + HOUR) == {"agent-1"}
    assert send(now + HOUR)["agent-1"].payers[0].rates == {"p1": 345}


def test_revisions_rise_with_the_clock_the_last_list_and_what_the_agent_reports(now):
    milliseconds = round(now.timestamp() * 1000)
    assert send(now)["agent-1"].revision == milliseconds

    machines.set_service("p1", Service.OUT, actor="m", now=now)
    assert send(now)["agent-1"].revision == milliseconds + 1

    with writing() as session:
        session.scalars(db.select(Agent)).one().revision = milliseconds + 5_000_000_000
    machines.set_service("p1", Service.IN, actor="m", now=now)
    assert send(now + HOUR)["agent-1"].revision == milliseconds + 5_000_000_001


def test_a_clock_that_was_set_back_does_not_make_revisions_fall(now):
    first = send(now)["agent-1"].revision
    machines.set_service("p1", Service.OUT, actor="m", now=now)

    assert send(now - HOUR)["agent-1"].revision == first + 1


def test_only_the_agents_asked_for_are_compiled(now):
    machines.add_agent("agent-2", actor="m", now=now)

    assert compiled(now).keys() == {"agent-1", "agent-2"}
    assert compiled(now, {"agent-2"}).keys() == {"agent-2"}
    assert compiled(now)["agent-2"].access_list.machines == ()
