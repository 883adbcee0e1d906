"""The page of a document after it was issued: taken back, its states on the platform, its lines as a table; and the ticks in a
month's legal calendar."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.billing import credit_notes
from server.billing.models import Document, MonthNote, Seller
from server.db import reading, writing
from server.domain.duties import Declares
from server.domain.roles import Role
from tests.server import billing_lab
from tests.server.billing_lab import CLOSING, MONTH, use
from tests.server.signed_in import clock_of, page, signed_in, web_app

NUMBER = "F-2026-0001"
PAPER = f"/documents/{NUMBER}"


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path) -> Flask:
    app = web_app(sqlite_url, CLOSING, data_dir=tmp_path)
    with app.app_context():
        billing_lab.furnish()
    return app


@pytest.fixture
def issued(web: Flask) -> Flask:
    """One invoice: 24.00 at the printer, 18.00 and 2.50 at the mill."""
    with web.app_context():
        use()
        use(machine="c1", seconds=1800)
        billing_lab.close()
        billing_lab.issue()
    return web


@pytest.fixture
def manager(web: Flask) -> FlaskClient:
    return signed_in(web, Role.MANAGER)


def numbers(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Document.number).order_by(Document.id)))


def test_a_credit_note_is_seen_before_it_is_written(issued: Flask, manager: FlaskClient) -> None:
    asked = {"choice": "whole", "reason": "Mauvaise adresse"}

    preview = manager.post(f"{PAPER}/credit", data=asked)

    assert preview.status_code == 200
    assert "−44,50" in preview.text
    assert numbers(issued) == [NUMBER]
    written = manager.post(f"{PAPER}/credit", data={**asked, "step": "confirm"})
    assert written.headers["Location"].endswith("/documents/A-2026-0001")
    assert NUMBER in page(manager, "/documents/A-2026-0001")
    assert "A-2026-0001" in page(manager, PAPER)


def shown(preview: str) -> dict[str, str]:
    """What the button below a preview sends."""
    form = preview.partition('name="step" value="confirm"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) | {"step": "confirm"}


def test_a_credit_note_is_written_once_however_often_its_button_is_pressed(issued: Flask, manager: FlaskClient) -> None:
    goodwill = {"choice": "amount", "cents": "10,00", "rate": "S:2000", "reason": "Geste", "once": "shown-1"}
    button = shown(manager.post(f"{PAPER}/credit", data=goodwill).text)

    first, again = (manager.post(f"{PAPER}/credit", data=button) for _ in range(2))

    assert first.location == again.location == "/documents/A-2026-0001"
    assert numbers(issued) == [NUMBER, "A-2026-0001"]


def test_the_second_of_two_who_credit_the_same_invoice_is_told_and_looks_again(
    issued: Flask, manager: FlaskClient
) -> None:
    goodwill = {"choice": "amount", "cents": "10,00", "rate": "S:2000", "reason": "Geste"}
    mine, theirs = (shown(manager.post(f"{PAPER}/credit", data=goodwill | {"once": by}).text) for by in ("a", "b"))

    assert manager.post(f"{PAPER}/credit", data=theirs).status_code == 303
    told = manager.post(f"{PAPER}/credit", data=mine)

    assert told.status_code == 422
    assert "Quelqu’un" in told.text
    assert numbers(issued) == [NUMBER, "A-2026-0001"]
    assert manager.post(f"{PAPER}/credit", data=shown(manager.post(f"{PAPER}/credit", data=goodwill).text)).location


def test_a_credit_note_is_never_late_and_nobody_pays_it_with_a_click(issued: Flask, manager: FlaskClient) -> None:
    goodwill = {"choice": "amount", "cents": "10,00", "rate": "S:2000", "reason": "Geste", "step": "confirm"}
    manager.post(f"{PAPER}/credit", data=goodwill)
    manager.post(f"{PAPER}/paid", data={"day": "2026-11-03"})
    clock_of(issued).moment += timedelta(days=40)
    later = signed_in(issued, Role.MANAGER)

    late, listed = page(later, "/documents?show=overdue"), page(later, "/documents")

    assert "A-2026-0001" not in late
    assert "A-2026-0001" in listed
    assert "à imputer ou à rembourser" in listed
    assert "A-2026-0001/paid" not in listed + page(later, f"/months/{MONTH}")


@pytest.mark.parametrize(
    ("form", "sent", "field"),
    [
        ("platform", {"state": "refused", "day": "hier", "words": "Commande inconnue"}, "said-on"),
        ("platform", {"state": "refused", "day": "2030-01-01", "words": "Commande inconnue"}, "said-on"),
        ("paid", {"day": "2030-01-01"}, "day"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(
    issued: Flask, manager: FlaskClient, form: str, sent: dict[str, str], field: str
) -> None:
    answer = manager.post(f"{PAPER}/{form}", data=sent)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert sent.get("words", "") in answer.text
    ids = Counter(re.findall(r' id="([^"]+)"', answer.text))
    assert {one for one, count in ids.items() if count > 1} <= {"version", "once"}, "hidden, and of no label"


def test_some_lines_are_taken_back_by_ticking_them(issued: Flask, manager: FlaskClient) -> None:
    with issued.app_context():
        subject = next(name for name, cents in credit_notes.left_of(NUMBER).items() if cents == 2050)
    asked = {"choice": "lines", "subjects": [subject], "reason": "Broche bloquée", "step": "confirm"}

    manager.post(f"{PAPER}/credit", data=asked)

    with issued.app_context(), reading() as session:
        assert session.scalar(select(Document.net_cents).where(Document.kind == "credit_note")) == -2050


def test_what_is_missing_stands_at_its_field(issued: Flask, manager: FlaskClient) -> None:
    answer = manager.post(f"{PAPER}/credit", data={"choice": "lines", "reason": "Broche"})

    assert "Choisissez au moins une ligne." in answer.text
    assert numbers(issued) == [NUMBER]


def test_a_refused_invoice_leads_to_its_credit_note_and_back_to_the_month(issued: Flask, manager: FlaskClient) -> None:
    said = {"state": "refused", "day": CLOSING.date().isoformat(), "words": "Commande inconnue"}
    manager.post(f"{PAPER}/platform", data=said)

    html = page(manager, PAPER)

    assert "refusée par le client" in html
    assert "Commande inconnue" in html
    assert f"{PAPER}/credit?reason=" in html
    asked = {"choice": "whole", "reason": "Refusée", "reopen": "y", "step": "confirm"}
    manager.post(f"{PAPER}/credit", data=asked)
    assert "Acme SARL" in page(manager, f"/months/{MONTH}/issue"), "its sessions are a draft again"


def test_the_lines_are_there_as_csv_and_xlsx_without_a_person(issued: Flask, manager: FlaskClient) -> None:
    text = manager.get(f"{PAPER}/lines.csv").data.decode("utf-8-sig")
    book = manager.get(f"{PAPER}/lines.xlsx").data

    head, *rows = text.splitlines()
    assert head.split(";")[0] == "Document"
    assert sorted(row.split(";")[-3] for row in rows) == ["18", "2,5", "24"]
    with ZipFile(BytesIO(book)) as parts:
        assert "xl/worksheets/sheet1.xml" in parts.namelist()
    assert manager.get(f"{PAPER}/lines.pdf").status_code == 404


def test_the_number_of_ones_own_invoice_is_typed_back(web: Flask, manager: FlaskClient) -> None:
    with web.app_context():
        with writing() as session:
            session.scalars(select(Seller)).one().mode = "statement"
        use()
        billing_lab.close()
        billing_lab.issue()
    statement = "/documents/R-2026-10-acme"

    manager.post(f"{statement}/external", data={"number": "ERP-4711", "day": CLOSING.date().isoformat()})

    html = page(manager, statement)
    assert "ERP-4711" in html
    assert "Avoir…" not in html


def test_a_legal_date_is_ticked_with_name_and_moment_and_taken_back(issued: Flask, manager: FlaskClient) -> None:
    assert "Calendrier légal" in page(manager, f"/months/{MONTH}")

    manager.post(f"/months/{MONTH}/tick", data={"duty": "invoices"})

    assert "fait par" in page(manager, f"/months/{MONTH}")
    with issued.app_context(), reading() as session:
        assert session.scalars(select(MonthNote.subject)).all() == ["invoices"]
    manager.post(f"/months/{MONTH}/untick", data={"duty": "invoices"})
    assert "fait par" not in page(manager, f"/months/{MONTH}")
    assert manager.post(f"/months/{MONTH}/tick", data={"duty": "holiday"}).status_code == 404


def test_an_accountant_sees_and_does_not_write(issued: Flask) -> None:
    accountant = signed_in(issued, Role.LAB_ACCOUNTANT)

    assert "/credit" not in page(accountant, PAPER)
    assert accountant.post(f"{PAPER}/credit", data={"choice": "whole", "reason": "x"}).status_code == 403
    assert accountant.get(f"{PAPER}/lines.csv").status_code == 200


def test_an_accountant_ticks_legal_dates_and_types_in_what_comes_from_outside(issued: Flask) -> None:
    accountant = signed_in(issued, Role.LAB_ACCOUNTANT)

    accountant.post(f"/months/{MONTH}/tick", data={"duty": "invoices"})
    accountant.post(f"{PAPER}/platform", data={"state": "deposited", "day": CLOSING.date().isoformat()})

    assert "fait par" in page(accountant, f"/months/{MONTH}")
    assert "déposée" in page(accountant, PAPER)


def test_the_calendar_tells_what_was_invoiced_and_paid_in_the_month_and_not_what_another_system_tells(
    web: Flask, manager: FlaskClient
) -> None:
    with web.app_context():
        use("nord-1", start=datetime(2026, 9, 8, 8, tzinfo=UTC))
        billing_lab.close("2026-09", datetime(2026, 10, 2, 9, tzinfo=UTC))
        billing_lab.issue("2026-09", datetime(2026, 10, 2, 9, tzinfo=UTC))  # reverse charge, dated 2 October
        with writing() as session:
            session.scalars(select(Seller)).one().mode = "statement"
        use()
        billing_lab.close()
        billing_lab.issue()

    september, october, november = (page(manager, f"/months/2026-{month}") for month in ("09", "10", "11"))

    assert "E-reporting, du 1" not in september
    assert "E-reporting, du 1" in october, "of what was invoiced on 2 October"
    assert "E-reporting" not in november, "the system that writes the invoices of statements tells of them"


def test_the_calendar_and_the_lists_keep_the_rhythm_in_which_the_seller_declares_from_a_day_on(
    web: Flask, manager: FlaskClient
) -> None:
    with web.app_context():
        use("nord-1", start=datetime(2026, 9, 8, 8, tzinfo=UTC))
        billing_lab.close("2026-09", datetime(2026, 10, 2, 9, tzinfo=UTC))
        billing_lab.issue("2026-09", datetime(2026, 10, 2, 9, tzinfo=UTC))  # reverse charge, dated 2 October
    seen = {}
    for declares in Declares:
        with web.app_context(), writing() as session:
            session.scalars(select(Seller)).one().declares = declares
        calendar = re.sub(r"<[^>]+>|\s+", " ", page(manager, "/months/2026-10").partition("Calendrier légal")[2])
        sales = manager.get("/exports/declared/transactions.csv?of=2026-10").data.decode("utf-8-sig")
        (row,) = sales.splitlines()[1:]
        seen[declares] = ("E-reporting, du 1" in calendar, row.split(";")[0], row.split(";")[-1])

    assert seen == {
        Declares.MONTHLY: (True, "2026-10 1-10", "2026-10-20"),
        Declares.QUARTERLY: (False, "2026-10", "2026-11-10"),
        Declares.SIMPLIFIED: (False, "2026-10", "2026-11-30"),
    }


def test_a_payment_is_told_in_its_month_unless_vat_was_owed_when_it_was_invoiced(
    issued: Flask, manager: FlaskClient
) -> None:
    manager.post(f"{PAPER}/paid", data={"day": CLOSING.date().isoformat()})
    seen = {}
    for on_debits in (True, False):
        with issued.app_context(), writing() as session:
            session.scalars(select(Seller)).one().vat_on_debits = on_debits
        seen[on_debits] = "E-reporting des encaissements" in page(manager, "/months/2026-11")

    assert seen == {True: False, False: True}


def test_today_names_what_customs_are_to_be_told_until_it_is_ticked(web: Flask) -> None:
    with web.app_context():
        use("nord-1")
        billing_lab.close()
        billing_lab.issue()
    seen = {}
    for day in (9, 10, 14):  # due on 13 November
        clock_of(web).moment = datetime(2026, 11, day, 9, tzinfo=UTC)
        manager = signed_in(web, Role.MANAGER)
        seen[day] = "(DES)" in page(manager, "/today")

    assert seen == {9: False, 10: True, 14: True}
    manager.post(f"/months/{MONTH}/tick", data={"duty": "des"})
    assert "(DES)" not in page(manager, "/today")


def test_invoices_that_are_all_written_are_not_late(web: Flask) -> None:
    seen = []
    with web.app_context():
        use()
        billing_lab.close()
    clock_of(web).moment = datetime(2026, 11, 12, 9, tzinfo=UTC)
    manager = signed_in(web, Role.MANAGER)
    for step in (lambda: None, billing_lab.issue):
        with web.app_context():
            step()
        html = page(manager, f"/months/{MONTH}")
        seen.append(("7 jours de retard" in html, "toutes écrites" in html))

    assert seen == [(True, False), (False, True)]
