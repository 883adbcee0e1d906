"""A tenant's half year lived at random: sessions that come late, decisions, invoices taken back and made anew, in any order.

After every act the books are in order; and when all is issued, the documents come together to what a plain reckoning of the
sessions as they count in the end says. That reckoning shares nothing with the program: it counts step by step.
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing import credit_notes
from server.billing.credit_notes import Chosen, Whole, credit
from server.billing.ledger import verify_billing
from server.billing.models import Document
from server.billing.service import BillingError, accept_proposals, add_tariff
from server.contracts import service as contracts
from server.contracts.service import For, Given, Offer
from server.db import reading, writing
from server.domain.allowances import Unit
from server.domain.contracts import Gives
from server.domain.decisions import Free
from server.domain.tariffs import Basis, Cap, Of, Part, Rule, Scope, Span
from server.domain.vat import Nature, Regime
from server.domain.vat_proposals import column
from server.usage import decisions
from server.usage.models import UsageSession
from tests.server.billing_lab import OPENED, ZONE, close, furnish, issue, use

HOURS_A_MONTH = 2 * 3600
DAY_CAP = 70_00
QUARTER, FIVE = 900, 300


@dataclass
class Told:
    """A session as the test knows it."""

    id: str
    machine: str
    start: datetime
    seconds: int
    counted: int | None = None
    free: bool = False

    @property
    def counts(self) -> int:
        return self.seconds if self.counted is None else self.counted


def reckoned(sessions: list[Told], carries: bool, pack_s: int) -> int:
    charged = sorted((one for one in sessions if not one.free and one.counts), key=lambda told: (told.start, told.id))
    printed = [one for one in charged if one.machine == "p1"]
    return printers(printed, carries, pack_s) + mill(one for one in charged if one.machine != "p1")


def printers(sessions: list[Told], carries: bool, pack_s: int) -> int:
    """6.00 a quarter begun; two hours a month included, which go over where that was agreed, then a pack."""
    total = left = 0
    for month in range(1, 13):
        left = HOURS_A_MONTH + (left if carries else 0)
        quarters = sum(len(range(0, one.counts, QUARTER)) for one in sessions if one.start.month == month)
        for _ in range(quarters):
            if left >= QUARTER:
                left -= QUARTER
            elif pack_s >= QUARTER:
                pack_s -= QUARTER
            else:
                total += 6_00
    return total


def mill(sessions: Iterable[Told]) -> int:
    """3.00 for each five minutes begun, half an hour at least, 2.50 a session, 70.00 a day at most."""
    days: dict[date, int] = defaultdict(int)
    for one in sessions:
        days[one.start.date()] += 2_50 + sum(3_00 for _ in range(0, max(one.counts, 1800), FIVE))
    return sum(min(cents, DAY_CAP) for cents in days.values())


class Life:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.sessions: list[Told] = []
        self.silent: list[Told] = []  # closed at their last known second, because nothing was heard of them
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.carries = self.chance.random() < 0.5
        self.pack_s = self.chance.choice([0, 6 * 3600])
        self.done: list[str] = []

    def live(self) -> None:
        for month in range(1, 6):
            self.use(month, self.chance.randint(1, 4))
            self.now = datetime(2026, month + 1, 3, 9, tzinfo=UTC)
            self.bill(month)
            for _ in range(self.chance.randint(0, 3)):
                self.put_right(month)
        while self.silent:
            self.ends(5)
        for month in (6, 7, 8):  # what is still due is billed, whatever it comes to, and what was let be invoiced anew
            self.now = datetime(2026, month + 1, 3, 9, tzinfo=UTC)
            for each in range(1, month + 1):
                self.bill(each)

    def use(self, month: int, number: int) -> None:
        for _ in range(number):
            start = datetime(2026, month, self.chance.randint(2, 5), 8, tzinfo=UTC)
            start += timedelta(minutes=self.chance.randint(0, 500))
            machine = self.chance.choice(["p1", "c1"])
            seconds = self.chance.randint(100, 9000)
            payer = self.chance.choice(["acme-1", "acme-2"])
            state = "provisional" if self.chance.random() < 0.15 else "ended"
            told = Told(use(payer, machine, start, seconds, state=state), machine, start, seconds)
            self.sessions.append(told)
            self.silent += [told] if state == "provisional" else []

    def bill(self, month: int) -> None:
        close(f"2026-{month:02}", self.now)
        self.note(f"issue {month}: {issue(f'2026-{month:02}', self.now)}")

    def put_right(self, month: int) -> None:
        self.now += timedelta(hours=1)
        act = self.chance.choice([self.late, self.ends, self.decide, self.decide, self.whole, self.chosen, self.bill])
        act(month)
        self.note(act.__name__)

    def late(self, month: int) -> None:
        self.use(self.chance.randint(1, month), 1)

    def ends(self, _: int) -> None:
        """The real end of a silent session comes in."""
        if not self.silent:
            return
        one = self.silent.pop()
        one.seconds += self.chance.randint(0, 3600)
        with writing() as session:
            row = session.get_one(UsageSession, one.id)
            row.state, row.occupied_s, row.powered_s = "ended", one.seconds, one.seconds
            row.ended_at = one.start + timedelta(seconds=one.seconds)

    def decide(self, _: int) -> None:
        one, by = self.chance.choice(self.sessions), {"actor": "m", "now": self.now}
        if one in self.silent:
            return
        if one.free:
            decisions.charge_again(one.id, "as it was", **by)  # type: ignore[arg-type]
            one.free = False
        elif self.chance.random() < 0.5:
            decisions.do_not_charge(one.id, Free.GOODWILL, "goodwill", **by)  # type: ignore[arg-type]
            one.free = True
        else:
            one.counted = self.chance.randint(0, one.seconds - 1)
            decisions.correct_end(one.id, one.start + timedelta(seconds=one.counted), "forgotten", **by)  # type: ignore[arg-type]

    def whole(self, _: int) -> None:
        if (document := self.invoice()) is not None:
            self.take_back(document, Whole())

    def chosen(self, _: int) -> None:
        if (document := self.invoice()) is not None:
            left = [name for name, cents in credit_notes.left_of(document.number).items() if cents > 0]
            if left:
                self.take_back(document, Chosen(frozenset(self.chance.sample(left, 1))))

    def invoice(self) -> Document | None:
        with reading() as session:
            found = list(session.scalars(select(Document).where(Document.kind == "invoice").order_by(Document.id)))
        return self.chance.choice(found) if found else None

    def take_back(self, document: Document, what: Any) -> None:
        try:
            credit(document.number, what, "wrong", reopen=True, zone=ZONE, actor="m", now=self.now)
        except BillingError as refused:
            if "left" not in str(refused):
                raise
            return
        self.note(f"credit {document.number} {what}")
        if self.chance.random() < 0.7:
            self.bill(int(document.month[5:]))

    def note(self, act: str) -> None:
        """No event tells of real ends here, so the books ask for the adjustment that follows; and until then caps may be over."""
        self.done.append(act)
        found = verify_billing()
        if any(one.endswith("is due") for one in found):
            found = [one for one in found if not one.endswith(("is due", "the most there", "were given"))]
        assert found == [], self.done


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.mark.parametrize("seed", range(3))
def test_documents_come_together_to_what_the_sessions_cost(app: Flask, seed: int) -> None:
    furnish()
    life = Life(seed)
    mill = Part(Basis.OCCUPIED, 3600, step_s=FIVE, minimum_s=1800)
    rule = Rule((mill,), session_fee_cents=250, caps=(Cap(Span.DAY, Of.TENANT, DAY_CAP),))
    by: Any = {"actor": "t", "now": OPENED}
    add_tariff(Scope(machine="c1"), rule, OPENED, **by)
    given = Given(HOURS_A_MONTH, None if life.carries else 0)
    contracts.add_contract("acme", "hours", Gives.HOURS, given, For(None, ("printer",)), OPENED.date(), **by)

    if life.pack_s:
        voucher = [one for one in column(Regime.NORMAL, Nature.VOUCHER) if one.treatment == "fr_business"]
        accept_proposals(voucher, OPENED.date(), "single-purpose voucher", **by)
        offer = Offer("Six heures", Unit.SECONDS, life.pack_s, 100_00, categories=("printer",))
        contracts.sell_pack("acme", "acme-1", offer, date(2026, 1, 2), **by)

    life.live()

    with reading() as session:
        documents = [(one.number, one.month, one.net_cents) for one in session.scalars(select(Document))]
    due = reckoned(life.sessions, life.carries, life.pack_s) + (100_00 if life.pack_s else 0)
    assert sum(net for *_, net in documents) == due, (life.done, documents)
