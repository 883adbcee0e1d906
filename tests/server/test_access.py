"""What stands in the tables reaches the rules: every column that matters, on both databases."""

from datetime import time, timedelta

from server.access.service import load_facts
from server.domain.facts import (
    GoneFact,
    HoursFact,
    MachineFact,
    MembershipFact,
    PayerFact,
    QualificationFact,
    TenantFact,
    TokenFact,
)
from server.machines import changes
from server.machines import service as machines
from server.people import service as people
from server.training import service as training
from tests.conftest import SITE_KEY
from wire.messages import OnMaximum, Policy, RiskClass, Service


def test_the_facts_are_what_the_services_wrote(lab, now):
    since = now - timedelta(days=30)

    facts = load_facts("k1", {("p1", "acme-rd"): 300})

    [holder] = facts.holders
    assert (holder.number, holder.language, holder.first_name, holder.blocked_at) == (lab.holder, "fr", "Ada", None)
    assert facts.tokens == (TokenFact(lab.token, lab.fingerprint, lab.holder, since),)
    assert facts.memberships == (MembershipFact(lab.membership, lab.holder, "acme-rd", 0, since),)
    assert facts.payers == (PayerFact("acme-rd", "Acme R&D", since),)
    assert facts.suspended == ()
    assert facts.qualifications == (QualificationFact(lab.qualification, lab.holder, "printing", "alone", since),)
    assert facts.machines == (
        MachineFact("p1", "agent-1", "Printer 1", "printer", RiskClass.LOW, frozenset({"printing"})),
    )
    assert facts.rates == {("p1", "acme-rd"): 300}


def test_every_ended_right_arrives_with_its_moment(lab, now):
    by = {"actor": "desk", "now": now}
    people.block_token(lab.token, "lost", **by)
    people.block_holder(lab.holder, "hurt", **by)
    people.end_membership(lab.membership, "left", **by)
    people.suspend_tenant("acme", "unpaid", **by)
    training.revoke(lab.qualification, "unsafe", **by)

    facts = load_facts("k1", {})

    assert facts.tokens[0].blocked_at == now
    assert facts.holders[0].blocked_at == now
    assert facts.memberships[0].ended_at == now
    assert facts.payers[0].tenant_suspended_from == now
    assert facts.suspended == (TenantFact("acme", now),)
    assert facts.qualifications[0].revoked_at == now


def test_a_machine_arrives_with_its_rules_and_wishes(lab, now):
    by = {"actor": "m", "now": now}
    policy = Policy(confirm_s=8, max_s=7200, on_max=OnMaximum.CUT)
    machines.add_machine("l1", "Laser", "laser", "agent-1", RiskClass.HIGH, "", policy, 3600, **by)
    machines.set_service("l1", Service.MAINTENANCE, "lens", **by)
    machines.end_session_wish("l1", "s-1", "why", **by)
    machines.clear_latch("l1", 9, "why", **by)
    machines.set_opening_hours("laser", [machines.Hours(4, time(8), machines.END_OF_DAY)], **by)

    facts = load_facts("k1", {})

    laser = next(machine for machine in facts.machines if machine.code == "l1")
    assert laser == MachineFact(
        "l1",
        "agent-1",
        "Laser",
        "laser",
        RiskClass.HIGH,
        frozenset(),
        Service.MAINTENANCE,
        "lens",
        "s-1",
        9,
        policy,
        3600,
        now,
    )
    assert facts.hours == (HoursFact("laser", 4, time(8), time.max),)


def test_the_name_of_who_did_not_agree_stays_at_home(lab, now):
    shy = people.add_holder("Bob", "B", actor="desk", now=now)

    facts = load_facts("k1", {})

    assert {holder.number: holder.first_name for holder in facts.holders} == {lab.holder: "Ada", shy.number: None}


def test_a_token_made_under_another_site_key_is_left_out(lab, now):
    people.give_token(lab.holder, "em4100:0A0A0A0A0A", SITE_KEY, "k0", actor="desk", now=now)

    assert [token.ref for token in load_facts("k1", {}).tokens] == [lab.token]


def test_what_is_gone_is_among_the_facts_only_where_somebody_asks_since_when(lab, now):
    people.return_token(lab.token, "left", actor="desk", now=now)
    changes.end_machine("p1", "sold", actor="m", now=now)

    facts = load_facts("k1", {}, gone_since=now - timedelta(days=1))

    assert [token.returned_at for token in facts.tokens] == [now]
    assert facts.gone == (GoneFact("p1", now),)
    assert facts.machines == ()
    for others in (load_facts("k1", {}, gone_since=now), load_facts("k1", {})):
        assert (others.tokens, others.gone) == ((), ())
