"""Design rule 6: only a badge at the machine ever closes a permit. Every form of every page is sent, as whoever may do most
sends it, and no list that an agent could be given after that makes it energise a machine at rest.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.routing import Rule

from agent import access
from agent.access import Grant, InForce, Payer
from agent.lists import wish
from agent.machine import Latch, Machine
from agent.session import step
from agent.stimuli import Energise, Tapped, Wished
from server.billing import price_drafts
from server.billing.models import Document
from server.bookings import service as bookings
from server.bookings.models import Booking
from server.bookings.service import Rules
from server.care import checks, log_only
from server.care.checks import Asked
from server.collecting import payments
from server.collecting.payments import Received
from server.db import reading, writing
from server.domain.bookings import Span
from server.domain.checks import CheckKind
from server.domain.payments import Means
from server.domain.roles import Role
from server.domain.tariffs import Scope, simple
from server.domain.whatif import Change
from server.handouts import service as handouts
from server.lists.service import compile_all
from server.machines import closures
from server.machines.models import Agent, MachineLive, Room
from server.people import service as people
from server.people.models import Membership, Token
from server.training import service as training
from server.usage.models import Event, UsageSession
from server.web.here import zone
from tests.commissioned import ZONE
from tests.server import billing_lab
from tests.server.billing_lab import use
from tests.server.signed_in import signed_in, web_app
from wire.messages import FEATURES, MachineState, Policy, RiskClass, Service, Stamp, TimeQuality, decode_access_list

NOW = datetime(2026, 11, 18, 8, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "test", "now": billing_lab.OPENED}
AT = Stamp("boot-1", 10_000, int(NOW.timestamp() * 1000), TimeQuality.SYNCED)
AT_REST = [
    Machine("p1"),
    Machine("p1", state=MachineState.OUT_OF_SERVICE, service=Service.OUT),
    Machine("p1", state=MachineState.MAINTENANCE, service=Service.MAINTENANCE),
    Machine("p1", state=MachineState.OUT_OF_SERVICE, latch=Latch(5, 0)),
]
TYPED = {"password": "rather long and never used", "email": "zoe@lab.test", "reason": "test", "upto": "900",
         "code": "zz9", "until": "2027-01-05", "day": "2026-11-01", "start": "2026-11-17T09:00", "end": "2026-11-17T10:00",
         "valid_from": "2026-12-01", "paid_on": "2026-11-10", "name": "Test", "country": "FR", "postcode": "68100",
         "first_day": "2026-12-01", "last_day": "2026-12-02", "due_on": "2026-12-01", "done_on": "2026-11-17",
         "pin": "1394", "again": "1394", "who": "Paul", "ends": "2026-11-18T15:00",
         "received_on": "2026-11-10", "cents": "1,50", "account": "411000", "since": "2026-10-01",
         "address": "zoe@lab.test", "percent": "2.40"}  # fmt: skip
LAST = (
    "end",
    "end-block",
    "leaver",
    "lost",
    "block",
    "return",
    "suspend",
    "remove",
    "take-back",
    "revoke",
    "replace",
    "erase",
)  # after these there is less to ask


class Fields(HTMLParser):
    """What a browser would send of a page's forms, with something typed where something must be; and each other choice."""

    def __init__(self, html: str, own: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.others: list[tuple[str, str]] = []
        self._own, self._inside, self._select = own, False, ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        name = said.get("name", "")
        match tag:
            case "form":
                self._inside = said.get("action", self._own).split("?")[0] == self._own
            case "select" if self._inside:
                self._select = name
            case "option" if self._inside and self._select:
                self._offer(self._select, said.get("value", ""), "selected" in said)
            case "input" if self._inside and said.get("type") in {"radio", "checkbox"}:
                self._offer(name, said.get("value", ""), "checked" in said)
            case "input" | "textarea" if self._inside and name:
                self.values[name] = said.get("value") or (TYPED.get(name, "test") if "required" in said else "")

    def _offer(self, name: str, value: str, chosen: bool) -> None:
        if chosen or not self.values.get(name):
            self.values[name] = value
        self.others.append((name, value))


@pytest.fixture
def app(sqlite_url: str) -> Flask:
    """A lab in which Ada may use p1 with her badge; a session runs at c1, and p1 was stopped."""
    web = web_app(sqlite_url, NOW)
    with web.app_context():
        billing_lab.furnish()
        training.add_skill("printing", "Impression 3D", **BY)
        training.require_skills("p1", ["printing"], **BY)
        ada = people.add_holder("Ada", "Lovelace", **BY).number
        people.give_token(ada, "em4100:0102030405", bytes(32), "k1", **BY)
        people.add_membership(ada, "acme-1", **BY)
        training.grant(ada, "printing", **BY)
        handouts.begin_day(ada, NOW, ["p1"], **BY)
        by: dict[str, Any] = {"actor": "test", "now": NOW}
        bookings.book("p1", ada, Span(NOW + timedelta(days=1), NOW + timedelta(days=1, hours=1)), Rules(ZONE), **by)
        checks.add_check("p1", Asked(CheckKind.OWN, "Extraction", NOW.date(), 12), ZONE, **by)
        closures.close_on_holidays(2026, ZONE, **by)
        draft = price_drafts.begin_draft("Grille 2027", **by).id
        price_drafts.put_change(draft, Change(Scope(category="printer"), simple(2800, 900)), **by)
        log_only.begin(RiskClass.LOW, NOW + timedelta(days=9), "first weeks", **by)
        with writing() as session:
            session.add(Room(name="Halle"))
            session.execute(update(Agent).values(online=True, last_n=900, last_seen_at=NOW))
            session.add(MachineLive(machine_id=1, state="out_of_service", since=NOW, seen_at=NOW, latched=True))
            session.add(MachineLive(machine_id=2, state="running", since=NOW, seen_at=NOW))
            use(machine="c1", start=NOW, state="open", ended_at=None, seconds=0)
            use()
            billing_lab.close()
        _billed(by)
    return web


def _billed(by: dict[str, Any]) -> None:
    """An invoice of the summer, and something paid ahead."""
    summer = datetime(2026, 9, 2, 9, tzinfo=UTC)
    use(start=datetime(2026, 8, 12, 8, tzinfo=UTC))
    billing_lab.close("2026-08", summer)
    billing_lab.issue("2026-08", summer)
    payments.receive(Received("acme", summer.date(), 900, Means.CARD), {}, NOW.date(), False, **by)
    with writing() as session:
        session.execute(update(Document).values(state="issued"))


def values(app: Flask) -> dict[str, dict[str, Any]]:
    """What stands in addresses, by what they begin with."""
    with app.app_context(), reading() as session:
        holder = session.query(Membership).one()
        ref = {"badges": session.query(Token).one().ref, "memberships": holder.ref}
        of_ended = select(UsageSession.id).where(UsageSession.state == "ended")
        ended = session.scalars(of_ended.order_by(UsageSession.started_at.desc()).limit(1)).one()
        booked = session.query(Booking).one().ref
    anywhere = {"number": 1, "role": 1, "session": "1", "secret": "1", "month": "2026-10", "category": "printer", "risk": "low", "line": 1,
                "event": 1, "rule": 1, "asked": 1, "hold": 1, "place": 1, "proof": 1,
                "payer": "acme-2", "master_id": 1, "session_id": ended, "fingerprint": "ab" * 16}  # fmt: skip
    return {
        "": anywhere,
        "/people": {"number": holder.holder_number, **{f"{kind} ref": one for kind, one in ref.items()}},
        "/machines": {"code": "p1"},
        "/privacy": {"number": holder.holder_number, "kept": "mails"},
        "/skills": {"code": "printing"},
        "/handouts": {"number": 1, "line": 1, "event": 1},
        "/tenants": {"code": "acme"},
        "/agents": {"name": "agent-1"},
        "/map": {"name": "Halle"},
        "/bookings": {"ref": booked},
        "/documents": {"number": "F-2026-0001"},
        "/collecting": {"code": "acme", "number": 1},
    }


def address(rule: Rule, known: dict[str, dict[str, Any]]) -> str:
    own = known[""] | known.get("/" + rule.rule.split("/")[1], {})
    kind = "badges" if "badges" in rule.rule else "memberships"
    parts = {name: own.get(name, own.get(f"{kind} {name}", "x")) for name in rule.arguments}
    return rule.build(parts)[1]  # type: ignore[index]


def posts(app: Flask) -> list[Rule]:
    """Every route that writes; what takes something away comes last."""
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    return sorted(rules, key=lambda rule: (rule.rule.rsplit("/", 1)[-1] in LAST, rule.rule))


def send(client: FlaskClient, path: str) -> Iterator[int]:
    """The form as it stands; that of a machine once more for each of its other choices, each time as it is read then."""
    others = form_of(client, path).others if path.startswith("/machines/p1/") else []
    choices: list[tuple[str, str]] = [("", ""), *others[:12]]
    for name, value in choices:
        body = form_of(client, path).values
        if not name or body.get(name) != value:
            yield client.post(path, data={**body, **({name: value} if name else {})} or {"reason": "test"}).status_code


def form_of(client: FlaskClient, path: str) -> Fields:
    page = client.get(path)
    return Fields(page.text if page.status_code == 200 else "", path)


def wishes(app: Flask) -> Wished | None:
    """What the list that the link would send now asks of p1, as its agent reads it; None when it no longer has one."""
    with app.test_request_context():
        sent = compile_all(NOW, {"agent-1"}, zone(), "k1").get("agent-1")
    if sent is None:
        return None
    index = access.index(decode_access_list(sent.payload))
    now = Stamp("boot-1", 10_000_000, round(NOW.timestamp() * 1000), TimeQuality.SYNCED)
    return wish(InForce(index, now), "p1", FEATURES) if "p1" in index.machines else None


def energised(machine: Machine, asked: Wished) -> bool:
    after, effects = step(machine, asked, AT)
    return after.state in {MachineState.RUNNING, MachineState.ENDING} or any(
        isinstance(one, Energise) for one in effects
    )


def test_no_form_of_any_page_energises_a_machine(app: Flask) -> None:
    """*No request of the web process closes any pin*: every form, as whoever may do most; who may send which is the gate's."""
    known, asked = values(app), set()
    answers: dict[str, set[int]] = {}
    for rule in posts(app):
        path = address(rule, known)
        for status in send(signed_in(app, Role.MANAGER), path):
            answers.setdefault(rule.rule, set()).add(status)
            if status < 400:
                asked.add(wishes(app))
    done = {rule for rule, codes in answers.items() if codes & {200, 302, 303}}

    told = {one.service for one in asked if one}
    assert told == set(Service)  # the forms did reach the list
    assert any(one.clear_latch_upto == 900 for one in asked if one)
    assert len(done) > 0.55 * len(answers), sorted(set(answers) - done)
    assert not [500 for codes in answers.values() if 500 in codes], answers
    assert [(machine.state, one) for machine in AT_REST for one in asked if one and energised(machine, one)] == []
    with app.app_context(), reading() as session:
        assert {live.machine_id: live.state for live in session.query(MachineLive)} == {
            1: "out_of_service",
            2: "running",
        }
        assert session.query(UsageSession).filter_by(state="open").count() <= 1
        assert session.query(Event).count() == 0


def test_a_bypass_declared_and_ended_on_a_page_energises_nothing(app: Flask) -> None:
    manager, asked = signed_in(app, Role.MANAGER), set()
    said = {"who": "Paul", "until": "2026-11-18T18:00", "reason": "box dead"}
    for path, body in (("/machines/p1/bypass", said), ("/machines/p1/end-bypass", {"reason": "repaired"})):
        assert manager.post(path, data=body).status_code == 303
        asked.add(wishes(app))

    assert [bool(one and one.bypass) for one in asked].count(True) == 1  # it did reach the list
    assert [(machine.state, one) for machine in AT_REST for one in asked if one and energised(machine, one)] == []


def test_a_badge_does(app: Flask) -> None:
    """Or the check above could never fail."""
    grant = Grant(7, None, "fr", (Payer("acme-1", "Acme", 2400),), 1, Policy())

    after, effects = step(replace(AT_REST[0], service=Service.IN), Tapped("ab" * 16, grant, str(UUID(int=1))), AT)

    assert after.state is MachineState.RUNNING
    assert any(isinstance(one, Energise) for one in effects)
