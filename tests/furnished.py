"""A lab in which every page has something to show: a lively floor, people, tenants with a past, drafts that wait.

It stands still on a Tuesday morning in November; ``Furnished`` names what stands in the addresses of its pages.
"""

from base64 import b64decode
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from server.accounts import passwords
from server.accounts import service as accounts
from server.accounts.models import Account
from server.accounts.service import AccountFacts
from server.billing import price_drafts, whatif
from server.billing.documents import render_document
from server.billing.models import Document
from server.billing.refusals import refuse_charge
from server.bookings import outages
from server.bookings import service as bookings
from server.bookings.service import Rules
from server.care import checks, log_only
from server.care.checks import Asked, Found
from server.care.commissioning import Sheet, record
from server.care.papers import Sent
from server.collecting import mails as outgoing
from server.collecting import payments, rates
from server.collecting.payments import Received
from server.db import writing
from server.domain.bookings import Span
from server.domain.checks import CheckKind, CheckResult
from server.domain.commissioning import Result
from server.domain.late import Rate, RateKind
from server.domain.payers import Limits
from server.domain.payments import Means
from server.domain.roles import Role, ScopeKind
from server.domain.status import ProofKind
from server.domain.tariffs import Scope, simple
from server.domain.whatif import Change
from server.exports import accounts as account_map
from server.handouts import rows as handout_rows
from server.handouts import service as handouts
from server.handouts.service import Newcomer, Tap
from server.ingest import ingest
from server.jobs.models import Job
from server.machines import bypass, closures
from server.machines.changes import change_machine, rules_of
from server.machines.closures import Closed
from server.machines.identity import Identity, identify
from server.machines.models import Machine
from server.people import service as people
from server.people.models import Establishment, Holder, Person, TenantKind
from server.privacy import requests as register
from server.privacy.holds import hold_machine
from server.privacy.notice import Answerable, say_who_answers
from server.privacy.requests import Asks
from server.settings import Settings
from server.training import service as training
from tests.commissioned import lines_of
from tests.contracted import contracted
from tests.floor import HOLDER, busy
from tests.server import billing_lab
from tests.server.billing_lab import OPENED, close, issue, use
from tests.server.paper_agent import PaperAgent, stamp, uuid
from tests.supplied import supplied
from tests.taught import teach
from wire.messages import DenialReason, Fault, RiskClass, SessionEnded, SessionStarted

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
AGENT = "agent-1"  # of the lively floor
BILLED_AGENT = "agent-b"  # gates the machines with a past
TENANT, PAUSED = "acme", "berg"
MILLING, PRINTING = "milling", "printing"
UNKNOWN = "0123456789abcdef" * 2
SESSION = uuid("session", 1)
PICTURE = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
PASSWORD = "quatre mots à la suite"
ROLES = (
    (Role.MANAGER, ScopeKind.LAB, "", None),
    (Role.DESK, ScopeKind.LAB, "", None),
    (Role.TRAINER, ScopeKind.LAB, "", None),
    (Role.LAB_ACCOUNTANT, ScopeKind.LAB, "", None),
    (Role.TENANT_ADMIN, ScopeKind.TENANT, TENANT, None),
    (Role.HOLDER, ScopeKind.LAB, "", HOLDER),
)
_BY: dict[str, Any] = {"actor": "test", "now": NOW}
_BEFORE: dict[str, Any] = {"actor": "test", "now": OPENED}


@dataclass(frozen=True, slots=True)
class Furnished:
    """``maker`` runs a machine just now, ``blocked`` may run none."""

    maker: int
    blocked: int
    badge: str  # ref
    membership: str  # ref
    address: int
    proof: int  # of its status
    document: str
    account: int
    role: int
    invitation: str  # secret
    reset: str  # secret
    booking: str  # ref
    session: str  # of the maker, of today


def furnish(lab: Settings) -> Furnished:
    """Everything, written as the services do, and simulated, as in the demo. Its clock must stand at ``NOW``."""
    billing_lab.furnish(BILLED_AGENT)
    use(start=datetime(2026, 8, 12, 8, 0, tzinfo=UTC), machine="c1", seconds=7200, simulated=True)
    august = datetime(2026, 9, 2, 9, 0, tzinfo=UTC)
    close("2026-08", august, specimen=True)
    (document,) = issue("2026-08", august, specimen=True)
    busy(NOW)
    for payer, machine, day in (("acme-1", "c1", 5), ("acme-2", "p1", 6), ("nord-1", "p1", 7), ("bach-1", "c1", 8)):
        use(payer, machine, datetime(2026, 10, day, 8, 0, tzinfo=UTC), 9000, simulated=True)
    badge, membership = _people()
    _cared_for(lab)
    _handed_out()
    booking = _booked(lab)
    teach(PRINTING, HOLDER, 7, "nord-1", "m1", NOW)
    _told()
    _agreed(lab, membership)
    own_session = supplied()
    _asked()
    close(specimen=True)
    with writing() as session:
        session.add(Job(kind="refresh_drafts", args={}, run_after=NOW, state="failed", attempts=5, error="no answer"))
        address = session.scalars(select(Establishment.id).where(Establishment.legal_name == "Acme SARL")).one()
        seen = people.Seen(ProofKind.REGISTER, NOW.date(), "2026 B 471")
        kbis = Sent("kbis.png", PICTURE)
        proof = people.add_proof(address, seen, [kbis], lab.documents_dir, today=NOW.date(), **_BY).id
    contracted(TENANT, ("acme-1", "acme-2"), address, lab, NOW)
    _write_out(lab)
    _collected(lab, document)
    return Furnished(
        HOLDER, 7, badge, membership, address, proof, document, *_accounts(lab), booking=booking, session=own_session
    )


def _people() -> tuple[str, str]:
    """A maker with all that a maker can have, and one who is blocked. The maker's badge and membership."""
    with writing() as session:
        for number, given, family in ((HOLDER, "Perrine", "Lachaise"), (7, "Ansgar", "Oberlin")):
            session.add(Holder(number=number))
            session.flush()
            session.add(Person(holder_number=number, given_name=given, family_name=family, language="fr"))
        for code, name in ((MILLING, "Fraisage"), (PRINTING, "Impression 3D")):
            training.add_skill(code, name, **_BEFORE)
        for machine, skill in (("m1", PRINTING), ("p1", PRINTING), ("m13", MILLING), ("c1", MILLING)):
            training.require_skills(machine, [skill], **_BEFORE)
        training.grant(HOLDER, PRINTING, valid_until=NOW + timedelta(days=12), **_BEFORE)
        training.grant(7, MILLING, **_BEFORE)
        membership = people.add_membership(HOLDER, "acme-1", **_BEFORE)
        badge = people.lend_token(HOLDER, "ab" * 16, "k1", "casier 12", **_BEFORE)
        people.lend_token(7, "cd" * 16, "k1", **_BEFORE)
        people.give_master(HOLDER, "ef" * 16, "k1", "acme-1", **_BY)
        bypass.declare_bypass("c1", "Ansgar", "boîtier en panne", NOW + timedelta(hours=7), **_BY)
        people.block_holder(7, "facture impayée", **_BY)
        people.suspend_tenant(PAUSED, "impayé depuis août", **_BY)
        return badge.ref, membership.ref


def _cared_for(lab: Settings) -> None:
    """A mill with its papers, a saw that waits for its own; days on which the lab is closed; a class of risk that only logs."""
    zone, folder = lab.zone, lab.documents_dir
    closures.close_lab(Closed("Portes ouvertes", NOW + timedelta(days=17), NOW + timedelta(days=18)), **_BY)
    closures.close_on_holidays(2026, zone, **_BY)
    mill = Identity(
        "Hermle", "C 22 U", "22-4711", date(2021, 3, 9), "https://example.org/c22", "https://example.org/ce", True
    )
    identify("c1", replace(mill, unattended_note="Détecteur de fumée, jamais de magnésium"), **_BY)
    sheet = Sheet(date(2026, 10, 30), "A. Oberlin, BR/BC", "EL-12 rév. C", lines_of(plug=Result.CROSSED_OUT))
    record("c1", sheet, [Sent("plaque.png", PICTURE)], folder, zone, **_BY)
    asked = Asked(CheckKind.LEGAL, "Broche et protecteurs", date(2026, 8, 20), 3, 0, "arrêté du 5 mars 1993", "Apave")
    check = checks.add_check("c1", asked, zone, **_BY)
    found = Found(date(2026, 8, 19), "Apave", CheckResult.RESERVES, "Carter gauche fendu", date(2026, 11, 20))
    checks.report(check.id, found, [Sent("rapport.pdf", b"%PDF-1.7 rapport")], folder, zone, **_BY)
    oil = Asked(CheckKind.MAKER, "Huile de broche", date(2026, 10, 28), 12, 0, "notice, page 81")
    checks.add_check("c1", oil, zone, **_BY)
    with writing() as session:
        saw = session.scalars(select(Machine).where(Machine.code == "m18")).one()
        rules = replace(rules_of(saw), risk=RiskClass.HIGH)
    change_machine("m18", rules, **_BY)
    log_only.begin(RiskClass.MEDIUM, NOW + timedelta(days=20), "premières semaines des boîtiers", **_BY)


def _handed_out() -> None:
    """A hand-out under way, somebody passed over in it, and a block of visitors."""
    names = [Newcomer("Zélie", "Quantin"), Newcomer("Baptiste", "de la Roncière"), Newcomer("Ida", "Overbeck")]
    begun = handouts.begin(names, "acme-1", "Découverte de l’atelier", "fr", NOW + timedelta(days=40), ["m2"], **_BY)
    late = handout_rows.lines_of(begun.id)[-1]
    handouts.take(begun.id, [Tap(1, "m2", "9a" * 16, "k1", NOW), Tap(2, "m2", "ab" * 16, "k1", NOW)], now=NOW)
    handouts.skip(begun.id, late.id, **_BY)
    until = NOW + timedelta(hours=9)
    handouts.begin_visitors(5, "nord-1", "Portes ouvertes", "fr", until, ["m3"], **_BY)


def _booked(lab: Settings) -> str:
    """The maker's next hours at a machine, whose ref it returns, and an outage of another."""
    rules = Rules(lab.zone)
    booking = bookings.book("m1", HOLDER, _span(2), rules, "acme-1", "boîtier, 3 pièces", **_BY)
    outages.declare("m13", _span(5), "Broche en révision", (), lab=lab, **_BY)
    return booking


def _span(hours: int) -> Span:
    return Span(NOW + timedelta(hours=hours), NOW + timedelta(hours=hours + 2))


def _agreed(lab: Settings, membership: str) -> None:
    """What is agreed with payers: dates, limits, rules, names; and a charge of this morning that one of them refuses."""
    people.set_terms(
        TENANT, people.Terms(OPENED, NOW + timedelta(days=240), "DREETS 68-113", NOW + timedelta(days=900)), **_BY
    )
    people.show_names(
        TENANT, NOW.date() - timedelta(days=40), "CSE informé le 12 septembre, courrier à chacun", True, **_BY
    )
    people.limit_payer("acme-2", Limits((), ("printer",), ((0, time(8), time(18)), (1, time(8), time(18)))), **_BY)
    people.add_payer_rule(membership, people.When((0, 1, 2, 3, 4), time(8), time(12), (), ("printer",)), **_BY)
    people.add_tenant("pousse", "Jeune pousse", TenantKind.STARTUP, parent=TENANT, **_BEFORE)
    people.keep_contact(HOLDER, people.Contact("Noor Haddad", "+33 6 12 34 56 78"), is_new=True, **_BY)
    refused = use("nord-1", "c1", NOW - timedelta(hours=2), 3000, simulated=True)
    refuse_charge(refused, "Ce n’est pas notre projet", zone=lab.zone, **_BY)


def _asked() -> None:
    """A machine that is held after an accident, somebody who has asked for a copy of their data; prices in the making."""
    hold_machine("c1", NOW - timedelta(days=20), NOW - timedelta(days=19), "coupure à la fraise", **_BY)
    hold_machine("p1", None, None, "litige sur une facture", **_BY)
    register.enter(Asks.ACCESS, HOLDER, "", NOW.date() - timedelta(days=40), "par lettre", today=NOW.date(), **_BY)
    draft = price_drafts.begin_draft("Grille 2027", **_BY).id
    price_drafts.put_change(draft, Change(Scope(category="printer"), simple(2800, 900)), **_BY)
    whatif.ask(draft, billing_lab.MONTH, NOW, billing_lab.ZONE, specimen=True)
    mine = Answerable("Halle Zéro SAS", "7, quai de la Locomotive, 68100 Mulhouse", "donnees@lab.test")
    say_who_answers(mine, **_BY)


def _told() -> None:
    """A session of 130 minutes of which its agent told everything: start, hourly words, a fault, end; and a badge nobody knows."""
    agent, start = PaperAgent(BILLED_AGENT), NOW - timedelta(hours=4)
    agent.says(SessionStarted(SESSION, "p1", HOLDER, "ab" * 16, "acme-1", False, 1461, stamp(start)), True)
    agent.checkpoints(start + timedelta(hours=1), (SESSION, "p1", 3600))
    agent.says(Fault("p1", "frame_refused", "checksum", 3, stamp(start + timedelta(hours=1))), True)
    end, begun = stamp(start + timedelta(seconds=7800)), stamp(start)
    facts = (begun, end, 7800, 7800, None, None, "holder", 2)
    agent.says(SessionEnded(SESSION, "p1", HOLDER, "acme-1", 1461, *facts), True)
    agent.denies("p1", NOW - timedelta(minutes=3), DenialReason.UNKNOWN_TOKEN, token=UNKNOWN)
    ingest(agent.sent, NOW)


def _write_out(lab: Settings) -> None:
    """The PDF of what was issued."""
    with writing() as session:
        documents = session.scalars(select(Document.id)).all()
    for document in documents:
        render_document(document, lab.documents_dir, NOW)


def _collected(lab: Settings, document: str) -> None:
    """A part of an invoice that was paid, a mail that carries it, a rate for late interest, the accounts it is booked on."""
    part = Received(TENANT, NOW.date() - timedelta(days=4), 2000, Means.TRANSFER, "VIR 0815")
    payments.receive(part, {document: 2000}, NOW.date(), True, **_BY)
    outgoing.send_again(document, "factures@acme.test", lab, **_BY)
    rates.state(Rate(RateKind.ECB, date(2026, 7, 1), 240), "BCE, 1er juillet", **_BY)
    for rule in account_map.first_rows(date(2026, 1, 1)):
        account_map.decide(rule, "plan comptable", **_BY)


def _logins() -> None:
    """One a role, all with the same password, hashed once: that is slow on purpose."""
    hashed = passwords.hashed(PASSWORD)
    with writing() as session:
        for role, kind, scope, holder in ROLES:
            facts = AccountFacts(f"{role}@lab.test", role.replace("_", " ").title(), None, holder)
            number = accounts.add_account(facts, **_BY)
            session.get_one(Account, number).password_hash = hashed
            accounts.give_role(number, role, kind, scope, **_BEFORE)


def _accounts(lab: Settings) -> tuple[int, int, str, str]:
    """Somebody invited who has a role and a second factor; and the secrets of both kinds of links."""
    _logins()
    number = accounts.add_account(AccountFacts("ines@lab.test", "Inès Vautrelle"), **_BY)
    role = accounts.give_role(number, Role.DESK, **_BY)
    invitation = accounts.invite(number, lab, **_BY)
    forgetful = accounts.add_account(AccountFacts("odile@lab.test", "Odile Brandt"), **_BY)
    accounts.set_password(forgetful, PASSWORD, lab, **_BY)
    reset = accounts.invite(forgetful, lab, **_BY)
    return number, role, invitation.rpartition("/")[2], reset.rpartition("/")[2]
