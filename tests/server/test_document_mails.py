"""Documents by mail through a real mail server, refused, come back; and reminders, proposed by their days, sent when ticked."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.accounts import service as accounts
from server.accounts.service import AccountFacts
from server.billing import statements
from server.billing.models import Charge, Dispute, Document
from server.collecting import mails, payments, rates, reminders
from server.collecting.models import DocumentReminder
from server.collecting.open_items import open_accounts
from server.db import db, writing
from server.domain.late import Owed, Rate, RateKind
from server.domain.payments import Means
from server.domain.roles import Role, ScopeKind
from server.jobs.models import Job
from server.mail.models import Mail
from server.people import service as people
from server.people.models import Establishment, Payer
from server.settings import Collecting, Settings, Web
from server.work import run_once
from tests.server.collecting_lab import add_tenant, document, issued
from tests.server.signed_in import page, settings_for, signed_in, web_app
from tests.server.test_mail import Server, start

__all__ = ["start"]
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TODAY = date(2026, 11, 20)
BY: dict[str, Any] = {"actor": "account:1", "now": NOW}
PDF = b"%PDF-1.7 120,00"


@pytest.fixture
def lab(sqlite_url: str, tmp_path: Path, start: Callable[..., Server]) -> Iterator[tuple[Settings, Server]]:
    """An invoice over 120.00, due on 2 November, written out; a mail server."""
    server = start()
    settings = settings_for(sqlite_url, data_dir=tmp_path, smtp=server.smtp, web=Web(address="http://lab.test"))
    app: Flask = web_app(sqlite_url, NOW, data_dir=tmp_path, smtp=server.smtp, web=Web(address="http://lab.test"))
    with app.app_context():
        add_tenant("acme", "Acme SARL")
        issued("F-2026-0001")
        settings.documents_dir.mkdir(parents=True, exist_ok=True)
        (settings.documents_dir / "F-2026-0001.pdf").write_bytes(PDF)
        with writing() as session:
            row = session.scalars(select(Document)).one()
            row.state, row.pdf_sha256 = "issued", hashlib.sha256(PDF).hexdigest()
        app.extensions["settings"] = settings
        yield settings, server


def set_address(address: str | None) -> None:
    with writing() as session:
        session.scalars(select(Establishment)).one().email = address


def after_issue(settings: Settings) -> None:
    mails.after_issue(document("F-2026-0001").id, settings, NOW)


def work(settings: Settings) -> None:
    with writing() as session:
        for job in session.scalars(select(Job).where(Job.state == "waiting")):
            job.run_after = NOW - timedelta(days=400)
    while run_once(settings):
        pass


def manager() -> FlaskClient:
    from flask import current_app

    return signed_in(current_app._get_current_object(), Role.MANAGER)  # type: ignore[attr-defined]


def test_a_document_is_mailed_once_to_its_address_with_the_pdf_as_it_was_issued(lab: tuple[Settings, Server]) -> None:
    settings, server = lab
    set_address("factures@acme.test")
    for _ in range(2):
        after_issue(settings)
    work(settings)

    (message,) = server.taken
    (attached,) = message.iter_attachments()
    assert (message["To"], attached.get_filename()) == ("factures@acme.test", "F-2026-0001.pdf")
    assert attached.get_content() == PDF
    assert "120,00 €" in message.get_body().get_content().replace("\u00a0", " ")
    (one,) = mails.attempts("F-2026-0001")
    assert (one.recipient, one.sent_at is not None, one.error) == ("factures@acme.test", True, "")


def test_without_an_address_it_goes_to_the_tenants_accountants_and_without_these_to_nobody(
    lab: tuple[Settings, Server],
) -> None:
    settings, server = lab
    after_issue(settings)
    assert mails.attempts("F-2026-0001") == []
    number = accounts.add_account(AccountFacts("compta@acme.test", "Compta"), **BY)
    accounts.give_role(number, Role.TENANT_ACCOUNTANT, ScopeKind.TENANT, "acme", **BY)

    after_issue(settings)
    work(settings)

    assert [message["To"] for message in server.taken] == ["compta@acme.test"]


def test_a_lab_that_does_not_want_it_mails_nothing_by_itself(lab: tuple[Settings, Server]) -> None:
    settings, _ = lab
    set_address("factures@acme.test")
    after_issue(settings.model_copy(update={"collecting": Collecting(mail_documents=False)}))

    assert mails.attempts("F-2026-0001") == []


def test_what_the_mail_server_refuses_stands_on_the_page_in_its_words_and_can_be_sent_elsewhere(
    lab: tuple[Settings, Server],
) -> None:
    settings, server = lab
    set_address("old@acme.test")
    server.answer = "550 no such mailbox"
    after_issue(settings)
    run_once(settings)

    html = page(manager(), "/documents/F-2026-0001")
    assert "no such mailbox" in html
    assert mails.troubled(False) == [("F-2026-0001", "old@acme.test")]
    server.answer = "250 OK"
    assert manager().post("/documents/F-2026-0001/mail", data={"address": "nobody"}).status_code == 422
    assert manager().post("/documents/F-2026-0001/mail", data={"address": "new@acme.test"}).status_code == 303
    work(settings)
    assert mails.attempts("F-2026-0001")[0].sent_at is not None
    assert mails.troubled(False) == []


def test_a_mail_that_came_back_is_noted_by_a_person(lab: tuple[Settings, Server]) -> None:
    settings, _ = lab
    set_address("factures@acme.test")
    after_issue(settings)
    work(settings)
    (one,) = mails.attempts("F-2026-0001")

    sent = {"day": "2026-11-20", "words": "boîte pleine"}
    assert manager().post(f"/document-mails/{one.number}/bounced", data=sent).status_code == 303

    assert "boîte pleine" in page(manager(), "/documents/F-2026-0001")
    assert mails.troubled(False) == [("F-2026-0001", "factures@acme.test")]
    assert manager().post(f"/document-mails/{one.number}/bounced", data=sent).status_code == 422
    assert manager().get("/document-mails/99/bounced").status_code == 404


def test_that_it_was_sent_stays_when_the_letter_is_forgotten(lab: tuple[Settings, Server]) -> None:
    settings, _ = lab
    set_address("factures@acme.test")
    after_issue(settings)
    work(settings)
    with writing() as session:
        session.delete(session.scalars(select(Mail)).one())

    assert mails.attempts("F-2026-0001")[0].sent_at is not None


@pytest.mark.parametrize(("begins", "is_copy"), [(date(2026, 10, 3), True), (date(2026, 10, 4), False), (None, False)])
def test_from_the_day_of_the_duty_a_mail_is_a_copy(
    lab: tuple[Settings, Server], begins: date | None, is_copy: bool
) -> None:
    settings, _ = lab
    set_address("factures@acme.test")
    after_issue(settings.model_copy(update={"collecting": Collecting(e_invoices_from=begins)}))

    text = db.session.scalars(select(Mail.text)).one()
    assert ("copie, l’original est transmis par la plateforme" in text) is is_copy


# --- reminders ----------------------------------------------------------------------------------------------------------


def due(settings: Settings, day: date = TODAY) -> list[tuple[str, int, int]]:
    now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return [(one.number, one.step, one.asked_cents) for one in reminders.proposals(settings, day, now)]


def remind(settings: Settings, step: int, day: date = TODAY) -> list[str]:
    return reminders.send({(document("F-2026-0001").id, step)}, settings, day, **BY)


def test_a_reminder_is_proposed_by_its_days_and_sent_only_when_ticked(lab: tuple[Settings, Server]) -> None:
    settings, server = lab
    set_address("factures@acme.test")
    assert due(settings, date(2026, 11, 8)) == [], "6 days after"
    assert due(settings, date(2026, 11, 9)) == [("F-2026-0001", 1, 12000)]
    work(settings)
    assert server.taken == [], "nobody has ticked it"

    assert remind(settings, 2) == [], "the first comes first"
    assert remind(settings, 1) == ["F-2026-0001"]
    assert remind(settings, 1) == [], "not twice"
    work(settings)
    (message,) = server.taken
    assert "F-2026-0001" in message["Subject"]
    assert [part.get_filename() for part in message.iter_attachments()] == ["F-2026-0001.pdf"]
    assert due(settings, date(2026, 11, 22)) == []
    assert due(settings, date(2026, 11, 23)) == [("F-2026-0001", 2, 12000)], "21 days after"


def test_what_is_paid_is_not_reminded_of_and_a_part_lowers_what_is_asked_for(lab: tuple[Settings, Server]) -> None:
    settings, _ = lab
    set_address("factures@acme.test")
    payments.receive(payments.Received("acme", TODAY, 2000, Means.TRANSFER), {"F-2026-0001": 2000}, TODAY, False, **BY)
    assert due(settings) == [("F-2026-0001", 1, 10000)]
    payments.pay_whole("F-2026-0001", TODAY, TODAY, **BY)

    assert due(settings) == []
    assert remind(settings, 1) == []


def test_what_a_credit_note_has_taken_off_is_not_asked_for_whether_it_is_set_off_or_not(
    lab: tuple[Settings, Server],
) -> None:
    settings, _ = lab
    rates.state(Rate(RateKind.ECB, date(2026, 7, 1), 240), "BCE, 1er juillet", **BY)
    invoice = document("F-2026-0001").id
    for number, net in (("A-2026-0001", -2500), ("A-2026-0002", -7500)):
        issued(number, rows=(("S", 2000, net),), issued_on=date(2026, 11, 12), kind="credit_note")
        with writing() as session:
            note = session.scalars(select(Document).where(Document.number == number)).one()
            note.corrects_id = invoice
        if net == -2500:
            (one,) = reminders.proposals(settings, TODAY, NOW)
            # 120.00 for the ten days up to that one, 90.00 for eight: (1200 + 720) × 12.40 % / 365 = 0.6523…
            assert (one.asked_cents, one.owed.interest_cents) == (9000, 65)
            payments.set_off(number, "F-2026-0001", 3000, date(2026, 11, 12), TODAY, **BY)
            assert due(settings) == [("F-2026-0001", 1, 9000)]

    assert due(settings) == []


def contested(subject: str, net_cents: int) -> None:
    """A charge on the invoice, and the tenant's word against it."""
    with writing() as session:
        if session.scalar(select(Payer.id)) is None:
            people.add_payer("acme", "acme-1", "Atelier", "Acme", **BY)
        payer = session.scalars(select(Payer.id)).one()
        row = session.scalars(select(Document)).one()
        facts = {"nature": "machine_use", "vat_category": "S", "rate_bp": 2000, "net_cents": net_cents, "priced": {}}
        session.add(Charge(subject=subject, document_id=row.id, payer_id=payer, **facts))
        said = {"words": "pas nous", "raised_at": NOW, "raised_by": "account:2", "answer_by": TODAY}
        session.add(
            Dispute(subject=subject, payer_id=payer, document_id=row.id, month=row.month, net_cents=net_cents, **said)
        )


def test_a_statement_is_reminded_of_by_the_invoice_that_was_made_of_it(lab: tuple[Settings, Server]) -> None:
    settings, server = lab
    set_address("factures@acme.test")
    with writing() as session:
        session.scalars(select(Document)).one().kind = "statement"
    assert due(settings) == [], "no invoice of it is known"
    day = date(
        2026, 10, 8
    )  # five days after the statement: due on 7 November instead of the 2nd, the first step on the 14th
    statements.note_invoice("F-2026-0001", "ERP-4711", day, today=TODAY, **BY)

    assert due(settings, date(2026, 11, 13)) == []
    assert due(settings, date(2026, 11, 14)) == [("F-2026-0001", 1, 12000)]
    (account,) = open_accounts(TODAY, False)
    assert [(one.invoice, one.due_on) for one in account.items] == [("ERP-4711", date(2026, 11, 7))]
    assert "ERP-4711" in page(manager(), "/collecting")
    remind(settings, 1)
    work(settings)
    (message,) = server.taken
    assert "ERP-4711" in message["Subject"]


def test_what_is_contested_is_left_out(lab: tuple[Settings, Server]) -> None:
    settings, _ = lab
    set_address("factures@acme.test")
    contested("a", 4000)  # 48.00 with VAT
    assert due(settings) == [("F-2026-0001", 1, 7200)]
    contested("b", 6000)

    assert due(settings) == []
    assert "/collecting/reminders" not in page(manager(), "/today")


def test_today_proposes_what_is_due(lab: tuple[Settings, Server]) -> None:
    assert 'href="/collecting/reminders"' in page(manager(), "/today")


def test_a_reminder_tells_what_being_late_has_come_to_and_keeps_it(lab: tuple[Settings, Server]) -> None:
    settings, _ = lab
    set_address("factures@acme.test")
    rates.state(Rate(RateKind.ECB, date(2026, 7, 1), 240), "BCE, 1er juillet", **BY)
    (one,) = reminders.proposals(settings, TODAY, NOW)
    # 120.00 × 12.40 % × 18 / 365 = 0.7338… → 0.73
    assert one.owed == Owed(73, 4000)

    remind(settings, 1)

    text = db.session.scalars(select(Mail.text)).one().replace("\u00a0", " ")
    assert "0,73 €" in text
    assert "40,00 €" in text
    row = db.session.scalars(select(DocumentReminder)).one()
    assert (row.step, row.open_cents, row.interest_cents, row.indemnity_cents) == (1, 12000, 73, 4000)


def test_interest_at_a_rate_that_nobody_has_typed_is_no_sum(lab: tuple[Settings, Server]) -> None:
    settings, _ = lab
    set_address("factures@acme.test")

    remind(settings, 1)

    text = db.session.scalars(select(Mail.text)).one().replace("\u00a0", " ")
    assert "40,00 €" in text
    assert "0,00 €" not in text.replace("40,00 €", "").replace("120,00 €", "")


def test_without_an_address_nothing_is_sent_and_the_page_says_so(lab: tuple[Settings, Server]) -> None:
    settings, _ = lab
    assert remind(settings, 1) == []

    html = page(manager(), "/collecting/reminders")
    assert "F-2026-0001" in html
    assert 'name="chosen"' not in html


def test_the_page_sends_what_is_ticked(lab: tuple[Settings, Server]) -> None:
    set_address("factures@acme.test")
    html = page(manager(), "/collecting/reminders")
    number = document("F-2026-0001").id
    assert f'value="{number}:1"' in html

    assert manager().post("/collecting/reminders", data={"chosen": ["x", "1:9", f"{number}:1"]}).status_code == 303

    assert db.session.scalars(select(DocumentReminder.step)).one() == 1
    assert "F-2026-0001" in page(manager(), "/collecting/reminders").partition('class="panel"')[2]


def test_rates_are_typed_with_their_reason(lab: tuple[Settings, Server]) -> None:
    sent = {"kind": "ecb", "percent": "2.40", "since": "2026-07-01", "reason": "BCE"}
    assert manager().post("/collecting/rates/new", data=sent | {"percent": "80"}).status_code == 422
    assert manager().post("/collecting/rates/new", data=sent).status_code == 303

    html = page(manager(), "/collecting/rates")
    assert "12,4 %" in html
    assert "10,4 %" in html
