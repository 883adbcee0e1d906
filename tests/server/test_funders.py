"""The usage report for public funders: counted by kind and quarter on the lab's clock, hidden where it is about few."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from server.db import writing
from server.domain.disclosure import TOTAL
from server.domain.roles import Role
from server.domain.stretch import stretch_of
from server.exports.funders import Figure, report_of, rows_of
from server.machines import service as machines
from server.machines.models import Machine
from server.people import service as people
from server.people.models import Payer, TenantKind
from server.usage.models import UsageSession
from tests.server.collecting_lab import BY, add_tenant
from tests.server.signed_in import page, signed_in, web_app
from wire.messages import RiskClass

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TODAY = date(2027, 1, 1)
ZONE = ZoneInfo("Europe/Paris")


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path) -> Flask:
    """Four companies with two people each in the third quarter; one school with three people in it."""
    app = web_app(sqlite_url, NOW, data_dir=tmp_path)
    with app.app_context():
        with writing():
            machines.add_agent("agent-1", **BY)
            machines.add_machine("p1", "Imprimante P1", "printer", "agent-1", RiskClass.LOW, **BY)
        for number in range(4):
            add_tenant(f"c{number}", f"Firma {number}")
        add_tenant("lycee", "Lycée", TenantKind.SCHOOL)
        for code in ("c0", "c1", "c2", "c3", "lycee"):
            people.add_payer(code, f"{code}-1", "Atelier", code, **BY)
        for number in range(8):
            used(f"c{number // 2}-1", 100 + number, datetime(2026, 8, 3, 8 + number, tzinfo=UTC))
        for number in range(3):
            used("lycee-1", 200 + number, datetime(2026, 8, 4, 8 + number, tzinfo=UTC))
    return app


def used(payer: str, holder: int, end: datetime, seconds: int = 3600) -> None:
    with writing() as session:
        session.add(
            UsageSession(
                id=f"{payer}-{holder}-{end:%m%d%H}",
                machine_id=session.scalars(select(Machine.id)).one(),
                payer_id=session.scalars(select(Payer.id).where(Payer.code == payer)).one(),
                holder_number=holder,
                state="ended",
                started_at=end.replace(hour=end.hour - 1),
                ended_at=end,
                occupied_s=seconds,
                time_quality="synced",
                revision=1,
                simulated=False,
            )
        )


def report(of: str) -> dict[tuple[str, str], Figure | None]:
    stretch = stretch_of(of)
    assert stretch is not None
    return report_of(stretch, TODAY, False, ZONE).figures


def test_a_small_school_is_hidden_and_the_total_with_it(web: Flask) -> None:
    with web.app_context():
        found = report("2026-Q3")

    assert found["school", "2026-Q3"] is None
    hidden = {key for key, figure in found.items() if figure is None}
    assert len(hidden) > 1, "from two that are shown the third follows"


def test_what_is_large_enough_is_counted_once_a_person(web: Flask) -> None:
    with web.app_context():
        for number in range(5):  # a fifth school day, by others of four more schools: no cell is small any more
            add_tenant(f"s{number}", f"École {number}", TenantKind.SCHOOL)
            people.add_payer(f"s{number}", f"s{number}-1", "Atelier", "x", **BY)
            used(f"s{number}-1", 300 + number, datetime(2026, 8, 5, 9, tzinfo=UTC))
        used("c0-1", 100, datetime(2026, 8, 6, 9, tzinfo=UTC))
        found = report("2026-Q3")

    assert found["company", "2026-Q3"] == Figure(9, 9 * 3600, 8, 4)
    assert found["school", "2026-Q3"] == Figure(8, 8 * 3600, 8, 6)
    assert found[TOTAL, "2026-Q3"] == Figure(17, 17 * 3600, 16, 10)


def test_a_session_counts_in_the_quarter_in_which_it_ends_on_the_labs_clock(web: Flask) -> None:
    with web.app_context():
        for number in range(6):  # 23:30 on 30 September in UTC is October in Mulhouse
            used(f"c{number % 4}-1", 100 + number, datetime(2026, 9, 30, 23, number, tzinfo=UTC))
        found = report("2026")

    assert found["company", "2026-Q4"] == Figure(6, 6 * 3600, 6, 4)


def test_the_page_and_its_file_say_the_same(web: Flask) -> None:
    client = signed_in(web, Role.LAB_ACCOUNTANT)
    html = page(client, "/exports/funders?of=2026")
    text = client.get("/exports/funders.csv?of=2026").data.decode("utf-8-sig")

    assert html.count("<rect") >= 2
    assert "Lycée" not in html, "kinds, no tenant"
    assert "school;2026-Q3;x;x;x;x" in text
    with web.app_context():
        stretch = stretch_of("2026")
        assert stretch is not None
        assert len(text.splitlines()) == len(list(rows_of(report_of(stretch, NOW.date(), False, ZONE))))


def test_a_quarter_is_told_when_it_is_over(web: Flask) -> None:
    client = signed_in(web, Role.LAB_ACCOUNTANT)

    assert "<table" not in page(client, "/exports/funders?of=2026-Q4")
    assert 'value="2026-Q3" selected' in page(client, "/exports/funders"), "the last that is over"
    assert len(client.get("/exports/funders.csv?of=2026-Q4").data.splitlines()) == 1, "the heads alone"
    year = client.get("/exports/funders.csv?of=2026").data.decode()
    assert ("2026-Q3" in year, "2026-Q4" in year) == (True, False)
