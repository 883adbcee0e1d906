"""The path of a month on its pages: what looks odd, drafts, closing, issuing with its progress, documents, payments."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.billing.issuing import Seen, ask_to_issue
from server.billing.ledger import verify_billing
from server.billing.models import Document, MonthNote, Period
from server.billing.months import refresh
from server.db import Stale, reading, writing
from server.domain.roles import Role
from server.jobs.models import Job
from server.settings import Settings
from server.usage.models import UsageSession
from server.work import _do_one
from tests.server import billing_lab
from tests.server.billing_lab import CLOSING, MONTH, ZONE, use
from tests.server.signed_in import clock_of, page, signed_in, web_app

OCTOBER = datetime(2026, 10, 14, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Flask:
    app = web_app(database_url, CLOSING, data_dir=tmp_path)
    with app.app_context():
        billing_lab.furnish()
    return app


@pytest.fixture
def manager(web: Flask) -> FlaskClient:
    return signed_in(web, Role.MANAGER)


@pytest.fixture
def on_sqlite(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def quick(on_sqlite: str, tmp_path: Path) -> Flask:
    """The same on SQLite only, for pages that are just read."""
    app = web_app(on_sqlite, CLOSING, data_dir=tmp_path)
    with app.app_context():
        billing_lab.furnish()
    return app


def work(app: Flask) -> int:
    """Do all the jobs that are due, as the work process does, at the test's time. Returns how many there were."""
    settings: Settings = app.extensions["settings"]
    done = 0
    while _do_one(app, clock_of(app), settings):
        done += 1
    return done


def issue(app: Flask, client: FlaskClient) -> None:
    """Close and issue October on its pages, and let ``work`` do it."""
    client.post(f"/months/{MONTH}/close")
    seen = form_values(page(client, f"/months/{MONTH}/issue"))
    assert client.post(f"/months/{MONTH}/issue", data=seen).status_code == 303
    work(app)


def form_values(html: str) -> dict[str, str]:
    """The hidden fields of the question."""
    names = {"number", "gross_cents"}
    fields = re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', html)
    return {name: value for name, value in fields if name in names}


# --- From sessions to payments ------------------------------------------------------------------------------------------


def test_a_month_goes_from_its_sessions_to_its_payments(web: Flask, manager: FlaskClient) -> None:
    with web.app_context():
        use("acme-1", seconds=3500)  # a quarter begun: 3600 s at 24.00 € an hour: 24.00, VAT 4.80, to pay 28.80
        use("nord-1", seconds=900)  # 900 s: 6.00, reverse charge: to pay 6.00

    html = page(manager, f"/months/{MONTH}")

    assert "30,00 €" in html, "24.00 and 6.00 net"
    assert "Clore octobre 2026" in html
    manager.post(f"/months/{MONTH}/close")
    asked = page(manager, f"/months/{MONTH}/issue")
    assert "Émettre 2 factures pour octobre 2026" in asked
    assert "34,80 €" in asked, "28.80 and 6.00 with VAT"
    assert manager.post(f"/months/{MONTH}/issue", data=form_values(asked)).status_code == 303
    waiting = page(manager, f"/months/{MONTH}")
    assert "attribués sur 2" in waiting or "attribué sur 2" in waiting
    assert "Émettre les" not in waiting, "nobody asks for it twice"
    assert work(web) == 4, "a look at the drafts, the month, and two PDFs"
    html = page(manager, f"/months/{MONTH}")
    assert "sur 2" in html
    assert 'class="panel progress"' not in html
    assert "F-2026-0001" in html
    assert manager.post("/documents/F-2026-0001/paid", data={"day": "2026-11-03"}).status_code == 303
    assert "payée le 3 novembre 2026" in page(manager, "/documents/F-2026-0001")
    manager.post("/documents/F-2026-0001/unpaid")
    assert "payée le" not in page(manager, "/documents/F-2026-0001").partition("Journal")[0]
    with web.app_context():
        assert verify_billing(web.extensions["settings"].documents_dir) == []


def test_the_screen_says_what_the_pdf_says(web: Flask, manager: FlaskClient) -> None:
    with web.app_context():
        use("acme-1", seconds=3500)
        use("acme-2", "c1", seconds=4000)  # 4000 s by 300: 4200 s at 36.00 = 42.00, and 2.50 a session
        use("nord-1", seconds=900)
        numbers = drafts_on(manager)

    issue(web, manager)

    folder = web.extensions["settings"].documents_dir
    with web.app_context(), reading() as session:
        documents = session.scalars(select(Document).order_by(Document.id)).all()
    assert len(documents) == len(numbers) == 2
    for document in documents:
        paper = subprocess.run(
            ["pdftotext", "-layout", folder / f"{document.number}.pdf", "-"], check=True, capture_output=True, text=True
        ).stdout.replace("\u00a0", " ")
        screen = page(manager, f"/documents/{document.number}")
        drafted = numbers[document.establishment_id]
        for amount in drafted:
            assert amount in screen
            assert amount in paper
    # acme: 24.00 + 42.00 + 2.50 = 68.50 net, 13.70 VAT, 82.20; nord: 6.00, no VAT
    assert numbers[documents[0].establishment_id] == ["68,50 €", "13,70 €", "82,20 €"]
    assert numbers[documents[1].establishment_id] == ["6,00 €", "0,00 €", "6,00 €"]


def drafts_on(client: FlaskClient) -> dict[int, list[str]]:
    """Net, VAT and gross of each draft, as its own page says them, by establishment."""
    found = {}
    for number in re.findall(rf"/months/{MONTH}/drafts/(\d+)", page(client, f"/months/{MONTH}")):
        sums = (
            page(client, f"/months/{MONTH}/drafts/{number}").partition('<dl class="totals">')[2].partition("</dl>")[0]
        )
        found[int(number)] = re.findall(r"<dd>([^<]*)</dd>", sums)
    return found


def test_what_is_agreed_to_is_what_is_issued(web: Flask) -> None:
    with web.app_context():
        use()
        billing_lab.close()
        use("nord-1")

        refresh(MONTH, CLOSING, ZONE, specimen=False)

        with pytest.raises(Stale):
            ask_to_issue(MONTH, Seen(1, 2880), "account:1", CLOSING, ZONE, specimen=False)
        ask_to_issue(MONTH, Seen(2, 2880 + 2400), "account:1", CLOSING, ZONE, specimen=False)
        assert refresh(MONTH, CLOSING, ZONE, specimen=False) is False, "nobody builds under the one who issues"


def test_figures_that_changed_are_shown_again_before_anything_is_issued(web: Flask, manager: FlaskClient) -> None:
    with web.app_context():
        use()
    manager.post(f"/months/{MONTH}/close")
    seen = form_values(page(manager, f"/months/{MONTH}/issue"))
    with web.app_context():
        use("nord-1")

    answer = manager.post(f"/months/{MONTH}/issue", data=seen)

    assert answer.status_code == 200
    assert "Les chiffres ont changé" in answer.text
    assert form_values(answer.text)["number"] == "2"
    with web.app_context(), reading() as session:
        assert session.scalars(select(Job.kind)).all() == ["check_month"]


# --- Drafts follow what they are made of --------------------------------------------------------------------------------


def test_drafts_are_built_when_something_they_are_made_of_has_changed_and_only_then(web: Flask) -> None:
    from server.billing import service as billing
    from server.domain.tariffs import Scope, simple
    from server.usage import decisions

    def fresh() -> bool:
        return refresh(MONTH, CLOSING, ZONE, specimen=False)

    with web.app_context():
        used = use()
        assert fresh() is True
        assert fresh() is False

        use("nord-1")
        assert fresh() is True
        decisions.do_not_charge(used, "goodwill", "why not", actor="account:1", now=CLOSING)
        assert fresh() is True
        price = simple(3000, 900)
        billing.add_tariff(Scope(machine="p1"), price, datetime(2026, 10, 2, tzinfo=UTC), actor="test", now=CLOSING)
        assert fresh() is True
        billing_lab.close()
        billing_lab.issue()
        assert fresh() is True, "one of them is a document now"
        assert fresh() is False


# --- What looks odd -----------------------------------------------------------------------------------------------------


def odd_month(app: Flask) -> dict[str, str]:
    with app.app_context():
        return {
            "fine": use(start=OCTOBER),
            "cut": use(start=OCTOBER - 30 * HOUR, end_reason="power_loss"),
            "long": use(start=OCTOBER - 60 * HOUR, seconds=13 * 3600, end_reason="holder"),
            "provisional": use(start=OCTOBER - 90 * HOUR, state="provisional"),
            "unpriced": use("bach-1", start=OCTOBER + HOUR),
        }


def test_what_looks_odd_is_said_in_a_sentence_with_its_way_on(quick: Flask) -> None:
    sessions = odd_month(quick)

    html = page(signed_in(quick, Role.MANAGER), f"/months/{MONTH}")

    for words in ("Fin estimée", "Coupure de courant. Le dernier relevé", "Plus de 12 heures", "Fin provisoire"):
        assert words in html
    assert "TVA non décidée" in html
    assert "/vat/new?treatment=foreign_non_taxable" in html
    for name in ("cut", "long", "provisional"):
        assert f"/sessions/{sessions[name]}" in html
    assert f"/sessions/{sessions['fine']}" not in html


def test_what_is_kept_does_not_come_again_and_can_be_taken_back(web: Flask, manager: FlaskClient) -> None:
    cut = odd_month(web)["cut"]
    what = {"kind": "estimated", "subject": cut}

    manager.post(f"/months/{MONTH}/keep", data=what)

    assert f"/sessions/{cut}" not in page(manager, f"/months/{MONTH}")
    assert "1 réglée" in page(manager, f"/months/{MONTH}")
    with web.app_context(), reading() as session:
        (note,) = session.scalars(select(MonthNote)).all()
        assert (note.kind, note.subject, note.at) == ("estimated", cut, CLOSING)
    manager.post(f"/months/{MONTH}/look-again?kind=estimated&subject={cut}")
    assert f"/sessions/{cut}" in page(manager, f"/months/{MONTH}")


def test_what_holds_an_invoice_cannot_be_kept(web: Flask, manager: FlaskClient) -> None:
    odd_month(web)

    manager.post(f"/months/{MONTH}/keep", data={"kind": "vat_cell", "subject": "x"})

    with web.app_context(), reading() as session:
        assert session.scalars(select(MonthNote)).all() == []


def test_a_month_far_above_the_usual_is_odd(quick: Flask) -> None:
    with quick.app_context():
        for month, now in (
            ("2026-08", datetime(2026, 9, 2, tzinfo=UTC)),
            ("2026-09", datetime(2026, 10, 2, tzinfo=UTC)),
        ):
            use(start=datetime(2026, int(month[-2:]), 5, 8, tzinfo=UTC), seconds=2 * 3600)
            billing_lab.close(month, now)
            billing_lab.issue(month, now)
        use(start=OCTOBER, seconds=11 * 3600)

    html = page(signed_in(quick, Role.MANAGER), f"/months/{MONTH}")

    # 11 h at 24.00 € are 264.00 €; the two months before were 48.00 € each: 5.5 times
    assert "5,5 fois son mois habituel de 48,00 €" in html


def test_an_open_session_goes_to_the_month_of_its_end(quick: Flask) -> None:
    with quick.app_context():
        use(start=datetime(2026, 10, 31, 20, tzinfo=UTC), seconds=60, state="open", ended_at=None)
        use()

    assert "1 ouverte, au mois de sa fin" in page(signed_in(quick, Role.MANAGER), f"/months/{MONTH}")


# --- Who may, and when --------------------------------------------------------------------------------------------------


def test_a_month_is_not_closed_before_its_last_events_have_come_in(quick: Flask) -> None:
    with quick.app_context():
        use()
    clock_of(quick).moment = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)  # 2:00 in Mulhouse; it can be closed from 6:00 on
    manager = signed_in(quick, Role.MANAGER)

    html = page(manager, f"/months/{MONTH}")

    assert "À partir du 1er novembre 2026 à 06:00" in html
    manager.post(f"/months/{MONTH}/close")
    with quick.app_context(), reading() as session:
        assert session.get_one(Period, MONTH).state == "open"


def test_the_accountant_sees_money_and_neither_issues_nor_learns_when_people_were_there(quick: Flask) -> None:
    sessions = odd_month(quick)
    accountant = signed_in(quick, Role.LAB_ACCOUNTANT)

    html = page(accountant, f"/months/{MONTH}")

    assert "Fin estimée" in html
    assert "Coupure de courant. Le dernier relevé sert de fin." in html
    assert not [one for one in sessions.values() if f"/sessions/{one}" in html]
    assert "Clore" not in html
    for path in ("close", "issue", "keep"):
        assert accountant.post(f"/months/{MONTH}/{path}").status_code == 403
    assert page(accountant, "/months")
    assert page(accountant, "/documents")


@pytest.mark.parametrize("role", [Role.DESK, Role.TRAINER, Role.TENANT_ADMIN, Role.HOLDER])
def test_months_and_documents_are_not_for_everybody(quick: Flask, role: Role) -> None:
    client = signed_in(quick, role)

    for path in ("/months", f"/months/{MONTH}", "/documents"):
        assert client.get(path).status_code == 403


@pytest.mark.parametrize("month", ["2026-13", "october", "2026-1", "20261"])
def test_what_is_no_month_is_a_404(quick: Flask, month: str) -> None:
    assert signed_in(quick, Role.MANAGER).get(f"/months/{month}").status_code == 404


def test_a_lab_without_a_seller_is_told_so_on_the_page(quick: Flask) -> None:
    from server.billing.models import Seller

    with quick.app_context(), writing() as session:
        session.query(Seller).delete()

    assert "Les brouillons ne peuvent pas être faits" in page(signed_in(quick, Role.MANAGER), f"/months/{MONTH}")


# --- Documents ----------------------------------------------------------------------------------------------------------


def test_a_pdf_may_be_framed_by_our_own_pages_and_by_no_others(quick: Flask) -> None:
    manager = signed_in(quick, Role.MANAGER)
    with quick.app_context():
        use()
    issue(quick, manager)

    with manager.get("/documents/F-2026-0001/pdf") as answer:
        assert answer.data.startswith(b"%PDF")
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    shown = manager.get("/documents/F-2026-0001")
    assert "frame-ancestors 'none'" in shown.headers["Content-Security-Policy"]
    assert "/documents/F-2026-0001/pdf" in shown.text


def test_a_pdf_that_is_not_written_yet_is_waited_for(quick: Flask) -> None:
    with quick.app_context():
        use()
        billing_lab.close()
        billing_lab.issue()
    manager = signed_in(quick, Role.MANAGER)

    assert "en cours d’écriture" in page(manager, "/documents/F-2026-0001")
    assert manager.get("/documents/F-2026-0001/pdf").status_code == 404
    assert manager.get("/documents/F-2026-0099").status_code == 404


def test_unpaid_invoices_are_listed_by_the_day_they_are_due(quick: Flask) -> None:
    manager = signed_in(quick, Role.MANAGER)
    with quick.app_context():
        use("acme-1")
        use("nord-1")
    issue(quick, manager)
    manager.post("/documents/F-2026-0001/paid", data={"day": "2026-11-03"})
    clock_of(quick).moment = datetime(2026, 12, 20, 9, 0, tzinfo=UTC)

    html = page(signed_in(quick, Role.MANAGER), "/documents?show=overdue")

    assert "F-2026-0002" in html
    assert "F-2026-0001" not in html
    assert "en retard depuis le 3 déc." in html  # issued on 3 November, payable within 30 days


@pytest.mark.parametrize(("day", "words"), [("2026-11-04", "pour un jour à venir"), ("2026-11-02", "après ce jour")])
def test_a_payment_on_an_impossible_day_is_refused_beside_the_field(quick: Flask, day: str, words: str) -> None:
    manager = signed_in(quick, Role.MANAGER)
    with quick.app_context():
        use()
    issue(quick, manager)

    answer = manager.post("/documents/F-2026-0001/paid", data={"day": day})

    assert answer.status_code == 422
    assert words in answer.text


def test_a_session_that_is_free_is_told_on_the_month_with_what_it_would_have_cost(quick: Flask) -> None:
    from server.usage import decisions

    with quick.app_context():
        free = use(seconds=3600)
        use(seconds=900, start=OCTOBER)
        decisions.do_not_charge(free, "machine_fault", "nozzle", actor="account:1", now=CLOSING)
        assert isinstance(free, str)

    html = page(signed_in(quick, Role.MANAGER), f"/months/{MONTH}")

    assert "aurait coûté 24,00 €" in html
    assert "6,00 €" in html


def test_months_older_than_a_year_stand_on_the_next_page(quick: Flask) -> None:
    manager = signed_in(quick, Role.MANAGER)
    with quick.app_context():
        use(start=datetime(2025, 9, 5, 8, 0, tzinfo=UTC))

    assert "septembre 2025" not in page(manager, "/months")
    assert "septembre 2025" in page(manager, "/months?page=2")


def test_months_are_listed_with_how_far_they_are(quick: Flask) -> None:
    manager = signed_in(quick, Role.MANAGER)
    with quick.app_context():
        use()
    html = page(manager, "/months")
    assert "à clore" in html

    issue(quick, manager)

    html = page(manager, "/months")
    assert "0 sur 1" in html
    manager.post("/documents/F-2026-0001/paid", data={"day": "2026-11-03"})
    assert "1 sur 1" in page(manager, "/months")
    with quick.app_context(), reading() as session:
        assert session.scalar(select(UsageSession.state)) == "ended"
