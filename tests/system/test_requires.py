"""A rule that an agent does not know: it may permit nothing there, and must say so (see the wire's growth rules)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import select

from agent.lists import NEEDS_A_PART
from server.db import reading
from server.demo.site import SERVER
from server.machines import service as machines
from server.machines.models import Agent, Machine, MachineLive
from tests.system.small_lab import AGENT, SmallLab, small_lab
from tests.system.wired_agent import Sender
from tests.waiting import until
from wire.messages import FEATURES, AccessList, DenialReason, EndReason, Service, decode_access_list, encode
from wire.topics import Leaf, Topic

UNKNOWN = "two_badges"  # as a newer server may name it


@pytest.fixture
def lab() -> Iterator[SmallLab]:
    with small_lab() as running:
        running.start()
        yield running


@pytest.fixture
def server(lab: SmallLab) -> Iterator[Sender]:
    """The server's account at the broker."""
    sender = Sender(lab.broker, SERVER, lab.stage.access.passwords[SERVER])
    until(sender.client.is_connected)
    yield sender
    sender.leaves()


def in_force(lab: SmallLab) -> AccessList:
    with closing(sqlite3.connect(lab.state_file)) as connection:
        return decode_access_list(connection.execute("SELECT payload FROM list").fetchone()[0])


def asking_for(known: AccessList, machine: str, feature: str) -> AccessList:
    """The next list, in which one machine has one rule more."""
    changed = (
        replace(one, requires=(*one.requires, feature)) if one.machine == machine else one for one in known.machines
    )
    return replace(known, revision=known.revision + 1, machines=tuple(changed))


def publish(lab: SmallLab, server: Sender, access_list: AccessList) -> None:
    server.client.publish(str(Topic(AGENT, Leaf.ACCESS_LIST)), encode(access_list), qos=1, retain=True)
    lab.board.settle(revisions={AGENT: access_list.revision})


def shown(machine: str) -> str | None:
    wanted = (
        select(MachineLive.state).join(Machine, Machine.id == MachineLive.machine_id).where(Machine.code == machine)
    )
    with reading() as session:
        return session.scalar(wanted)


def test_a_machine_with_a_rule_its_agent_does_not_know_starts_for_nobody(lab: SmallLab, server: Sender) -> None:
    known = in_force(lab)
    ada, ben = lab.holder(0).card, lab.holder(1).card
    publish(lab, server, asking_for(known, "p1", UNKNOWN))

    lab.tap("p1", ada)
    lab.tap("p1", ben)
    lab.tap("p2", ada)  # control: the same badge and list, a machine whose rules are known

    assert not lab.is_on("p1")
    assert lab.is_on("p2")
    until(lambda: shown("p1") == "out_of_service")
    lab.board.settle(receipted=True)
    assert lab.denials() == [("p1", {DenialReason.AGENT_UPDATE_NEEDED})] * 2
    with reading() as session:
        understands = session.scalars(select(Agent.understands)).one()
    assert set(understands) == FEATURES, "the server can know beforehand"
    assert UNKNOWN not in FEATURES


def test_a_rule_that_is_known_refuses_nobody(lab: SmallLab, server: Sender) -> None:
    """The control: a list published by this test's own hand is believed, and only the name makes the difference."""
    for feature in sorted(FEATURES - NEEDS_A_PART):  # a box without the part has a reason of its own
        publish(lab, server, asking_for(in_force(lab), "p1", feature))

    lab.tap("p1", lab.holder(0).card)

    assert lab.is_on("p1")


def test_an_unknown_rule_takes_no_power_away_and_leaves_with_the_list_that_brought_it(
    lab: SmallLab, server: Sender
) -> None:
    ada = lab.holder(0).card
    lab.tap("p1", ada)
    publish(lab, server, asking_for(in_force(lab), "p1", UNKNOWN))
    lab.pass_time(600)
    running = lab.is_on("p1")
    for _ in range(3):  # two to end it, and one that would start it again
        lab.tap("p1", ada)
    refused = not lab.is_on("p1")

    machines.set_service("c1", Service.MAINTENANCE, "greasing", actor="desk", now=lab.now)
    lab.lists_in_force()
    lab.tap("p1", ada)
    lab.lists_in_force()

    assert running
    assert refused
    assert lab.denials() == [("p1", {DenialReason.AGENT_UPDATE_NEEDED})]
    assert lab.is_on("p1")
    ended, again = lab.sessions("p1")
    assert (ended.end_reason, ended.occupied_s) == (EndReason.HOLDER, 602)
    assert again.revision > ended.revision + 1, "the server's own list came after the one it had not made"


def test_a_restarted_agent_still_refuses_what_it_did_not_understand(lab: SmallLab, server: Sender) -> None:
    publish(lab, server, asking_for(in_force(lab), "p1", UNKNOWN))
    lab.broker.kill()
    lab.kill_agent()
    lab.start_agent()

    lab.tap("p1", lab.holder(0).card)
    lab.tap("p2", lab.holder(0).card)

    assert not lab.is_on("p1")
    assert lab.is_on("p2"), "control: it has its list from the disk"
