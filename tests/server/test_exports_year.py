"""The end of a year: what is used and not invoiced, what is paid ahead, that no number is missing; and what came back."""

import csv
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from server.billing import disputes, platform
from server.billing import service as billing
from server.billing.lines import lines_of
from server.billing.models import Document
from server.billing.platform import State
from server.contracts import service as contracts
from server.contracts.service import Offer
from server.db import reading, writing
from server.domain.allowances import Unit
from server.domain.period import period_of
from server.domain.stretch import stretch_of
from server.domain.vat import Nature, Regime
from server.domain.vat_proposals import column
from server.exports.registry import TABLES
from server.exports.tables import Asked, csv_of
from server.people.models import Tenant
from tests.server.billing_lab import CLOSING, OPENED, ZONE, close, furnish, issue, use

TODAY = CLOSING.date()
BY: Any = {"actor": "manager", "now": CLOSING}
H = 3600


@pytest.fixture(autouse=True)
def _lab(app: Flask) -> None:
    furnish()


def table(name: str, of: str) -> list[dict[str, str]]:
    stretch = stretch_of(of)
    assert stretch is not None
    text = b"".join(csv_of(TABLES[name], Asked(stretch, False, ZONE, TODAY))).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text), delimiter=";"))


def test_what_is_used_and_not_invoiced_is_told_by_month_and_tenant() -> None:
    use("acme-1")  # 24.00
    use("nord-1", "c1", seconds=1800)  # 18.00 + 2.50
    close()

    assert [(row["month"], row["tenant"], row["net"]) for row in table("not_invoiced", "2026")] == [
        ("2026-10", "acme", "24,00"),
        ("2026-10", "nord", "20,50"),
    ]
    assert table("not_invoiced", "2026-09") == []
    issue()
    assert table("not_invoiced", "2026") == []


def test_what_is_left_of_packs_is_paid_ahead_in_proportion() -> None:
    voucher = [one for one in column(Regime.NORMAL, Nature.VOUCHER) if one.treatment == "fr_business"]
    by: Any = {"actor": "test", "now": OPENED}
    billing.accept_proposals(voucher, date(2026, 1, 1), "single-purpose voucher", **by)
    pack = Offer("Cinq heures", Unit.SECONDS, 5 * H, 100_00, until=date(2027, 1, 1))
    contracts.sell_pack("acme", "acme-1", pack, date(2026, 9, 10), **by)
    use(start=datetime(2026, 9, 11, 8, tzinfo=UTC), seconds=2 * H)
    use(start=datetime(2026, 10, 5, 8, tzinfo=UTC), seconds=H)

    told = {of: [(row["left"], row["paid_ahead"]) for row in table("paid_ahead", of)] for of in ("2026-09", "2026-10")}

    assert told == {"2026-09": [("10800", "60,00")], "2026-10": [("7200", "40,00")]}  # 3 and 2 of 5 h for 100.00
    assert table("paid_ahead", "2026-08") == [], "not sold yet"
    assert [row["paid_ahead"] for row in table("paid_ahead", "2026-12")] == ["0,00"], "over with the year"


def test_a_series_says_its_first_and_last_number_and_what_is_missing() -> None:
    use("acme-1")
    use("nord-1")
    close()
    issue()

    (whole,) = table("series", "2026")
    assert (whole["first"], whole["last"], whole["documents"], whole["missing"]) == (
        *("F-2026-0001", "F-2026-0002"),
        *("2", "0"),
    )
    assert table("series", "2026-10") == [], "issued in November"
    with writing() as session:  # by other hands
        session.execute(update(Document).where(Document.number == "F-2026-0002").values(series="F-2025"))
    (torn,) = table("series", "2026")
    assert (torn["last"], torn["missing"]) == ("F-2026-0001", "1")
    assert torn["sha256"] != whole["sha256"]


def test_what_platforms_said_and_what_tenants_contest_are_tables_too() -> None:
    use("acme-1")
    close()
    issue()
    platform.note_state("F-2026-0001", State.REFUSED, TODAY, "Commande inconnue", today=TODAY, **BY)
    with reading() as session:
        acme = session.scalars(select(Tenant.id).where(Tenant.code == "acme")).one()
    (line,) = lines_of(acme, period_of("2026-10", ZONE), False)
    disputes.contest(line, "2026-10", "pas nous", zone=ZONE, **BY)

    assert [(row["document"], row["state"], row["words"]) for row in table("platform_states", "2026-11")] == [
        ("F-2026-0001", "refused", "Commande inconnue")
    ]
    (contested,) = table("contested_lines", "2026-10")
    assert (contested["tenant"], contested["document"], contested["net"]) == ("acme", "F-2026-0001", "24,00")
    assert "pas nous" not in contested.values(), "people name people in their words"
