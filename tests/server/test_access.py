"""What stands in the tables reaches the rules: every column that matters, on both databases."""

from datetime import time, timedelta

from server.access.service import load_facts
from server.accounts import service as accounts
from server.accounts.service import AccountFacts
from server.domain.facts import (
    DeniedFact,
    GoneFact,
    HoursFact,
    MachineFact,
    MasterFact,
    MembershipFact,
    Minors,
    PayerFact,
    QualificationFact,
    StaffFact,
    TenantFact,
    TokenFact,
)
from server.domain.roles import Role, ScopeKind
from server.jobs import service as jobs
from server.machines import changes
from server.machines import service as machines
from server.people import service as people
from server.people.models import TenantKind
from server.training import service as training
from tests.conftest import SITE_KEY
from wire.messages import DenialReason, OnMaximum, Policy, RiskClass, Service, Shows


def test_the_facts_are_what_the_services_wrote(lab, now):
    since = now - timedelta(days=30)

    facts = load_facts(now, "k1", {("p1", "acme-rd"): 300})

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

    facts = load_facts(now, "k1", {})

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

    facts = load_facts(now, "k1", {})

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
        minors=Minors.NO,
        denied=(DeniedFact(DenialReason.NOT_COMMISSIONED, now),),
    )
    assert facts.hours == (HoursFact("laser", 4, time(8), time.max),)


def test_staff_are_those_whose_account_has_such_a_role_and_each_change_of_that_turns_the_lists(lab, now):
    by = {"actor": "m", "now": now}
    account = accounts.add_account(AccountFacts("ada@lab.test", "Ada", None, lab.holder), **by)
    seen = jobs.last_change_id()
    everywhere = accounts.give_role(account, Role.DESK, **by)
    accounts.give_role(account, Role.TRAINER, ScopeKind.ROOM, "Hall", **by)
    accounts.give_role(account, Role.TRAINER, ScopeKind.MACHINE, "p1", valid_until=now + timedelta(days=1), **by)
    accounts.give_role(account, Role.LAB_ACCOUNTANT, **by)  # looks after no machine
    tomorrow = now + timedelta(days=1)

    assert set(load_facts(now, "k1", {}).staff) == {
        StaffFact(lab.holder, "", "", now),
        StaffFact(lab.holder, "", "Hall", now, trains=True),
        StaffFact(lab.holder, "p1", "", now, tomorrow, trains=True),
    }
    accounts.end_role(everywhere, **by)
    assert StaffFact(lab.holder, "", "", now, now) in load_facts(now, "k1", {}).staff
    accounts.end_account(account, **by)
    assert load_facts(now, "k1", {}).staff == ()
    assert [change.topic for change in jobs.changes_after(seen)] == ["access"] * 5


def test_a_master_badge_arrives_with_its_digest_and_goes_when_it_ends(lab, now):
    by = {"actor": "m", "now": now}
    seen = jobs.last_change_id()
    given = people.give_master(lab.holder, "d1" * 16, "k1", "acme-rd", **by)

    assert load_facts(now, "k1", {}).masters == (MasterFact(lab.holder, "d1" * 16, "acme-rd"),)
    assert load_facts(now, "k2", {}).masters == ()  # no box could check its PIN
    people.end_master(given.id, "lost", **by)
    assert load_facts(now, "k1", {}).masters == ()
    assert [change.topic for change in jobs.changes_after(seen)] == ["access", "access"]


def test_what_panels_show_of_a_tenants_terms_arrives_with_its_payers(lab, now):
    people.edit_tenant("acme", "Acme SARL", TenantKind.COMPANY, "fr", None, Shows.NOTHING, actor="m", now=now)

    assert load_facts(now, "k1", {}).payers[0].shows is Shows.NOTHING


def test_the_name_of_who_did_not_agree_stays_at_home(lab, now):
    shy = people.add_holder("Bob", "B", actor="desk", now=now)

    facts = load_facts(now, "k1", {})

    assert {holder.number: holder.first_name for holder in facts.holders} == {lab.holder: "Ada", shy.number: None}


def test_a_token_made_under_another_site_key_is_left_out(lab, now):
    people.give_token(lab.holder, "em4100:0A0A0A0A0A", SITE_KEY, "k0", actor="desk", now=now)

    assert [token.ref for token in load_facts(now, "k1", {}).tokens] == [lab.token]


def test_what_is_gone_is_among_the_facts_only_where_somebody_asks_since_when(lab, now):
    people.return_token(lab.token, "left", actor="desk", now=now)
    changes.end_machine("p1", "sold", actor="m", now=now)

    facts = load_facts(now, "k1", {}, gone_since=now - timedelta(days=1))

    assert [token.returned_at for token in facts.tokens] == [now]
    assert facts.gone == (GoneFact("p1", now),)
    assert facts.machines == ()
    for others in (load_facts(now, "k1", {}, gone_since=now), load_facts(now, "k1", {})):
        assert (others.tokens, others.gone) == ((), ())
