"""Draft price lists on screen: begun, changed, tried on a month, put in force or thrown away; the editor's further fields."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from server.audit.models import AuditEntry
from server.billing import price_drafts, whatif
from server.billing import service as billing
from server.billing.models import Charge, Document, Draft, PriceDraft, Tariff, WhatIf
from server.billing.tariffs import load_tariffs
from server.db import Stale, reading, writing
from server.domain.nights import ALL_DAYS, Hours, bands_of
from server.domain.roles import Role
from server.domain.rule_text import from_plain, to_plain
from server.domain.tariffs import Basis, Part, Rule, Scope, Tier, simple
from server.domain.whatif import Change
from server.jobs.models import Job
from server.people.models import MemberClass
from server.work import run_once
from tests.server import billing_lab
from tests.server.billing_lab import ZONE, use
from tests.server.signed_in import page, settings_for, signed_in, web_app
from tests.server.test_pages_machines import version

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "test", "now": NOW}
PRINTERS, MILLS = Scope(category="printer"), Scope(category="cnc")
NEW = {"what": "category:printer", "kind": "", "since": "2026-12-01", "reason": "décision du comité"}
PLAIN = {"p1_cents": "12", "p1_per": "1:00", "p1_step": "15"}


@pytest.fixture
def app(sqlite_url: str) -> Flask:
    web = web_app(sqlite_url, NOW)
    with web.app_context():
        billing_lab.furnish()
    return web


@pytest.fixture
def manager(app: Flask) -> FlaskClient:
    return signed_in(app, Role.MANAGER)


def used() -> None:
    """October of two companies: 2 h at the printer, 1 h at the mill; 1 h at the printer."""
    use("acme-1", "p1", seconds=7200)
    use("acme-1", "c1", seconds=3600)
    use("nord-1", "p1", seconds=3600)


def drafted(*changes: Change) -> int:
    number = price_drafts.begin_draft("Grille 2027", **BY).id
    for change in changes:
        price_drafts.put_change(number, change, **BY)
    return number


def newest(app: Flask) -> Rule:
    with app.app_context(), reading() as session:
        return from_plain(session.scalars(select(Tariff).order_by(Tariff.id.desc()).limit(1)).one().rule)


# --- the editor -------------------------------------------------------------------------------------------------------


def test_all_that_a_rule_can_say_is_said_with_a_plain_form(app: Flask, manager: FlaskClient) -> None:
    said = {"p1_basis": "running", "p1_per": "20", "p1_cents": "10", "p1_step": "20", "p1_free": "10"}
    night = {"p1_h1_days": ["0", "1"], "p1_h1_from": "20", "p1_h1_to": "8", "p1_h1_cents": "6"}
    second = {"p2_basis": "occupied", "p2_cents": "5", "p2_t1_after": "2:00", "p2_t1_cents": "4"}
    limits = {"fee": "2,50", "day_fee": "1", "least": "3", "cap_day_person": "40"}

    answer = manager.post("/tariffs/new", data=NEW | said | night | second | limits)

    assert answer.status_code == 303
    rule = newest(app)
    assert rule.parts == (
        Part(Basis.RUNNING, 1000, 1200, 1200, 600, bands=bands_of([Hours((0, 1), time(20), time(8), 600)])),
        Part(Basis.OCCUPIED, 500, step_s=900, tiers=(Tier(7200, 400),)),
    )
    assert (rule.session_fee_cents, rule.day_fee_cents, rule.minimum_cents) == (250, 100, 300)
    assert [cap.cents for cap in rule.caps] == [4000]


def test_buttons_add_lines_and_keep_what_was_typed(app: Flask, manager: FlaskClient) -> None:
    html = manager.post("/tariffs/new", data=NEW | PLAIN | {"more": "p1_hours"}).text

    assert 'name="p1_h1_from"' in html
    assert 'name="p1_h2_from"' not in html
    assert 'value="12"' in html
    assert "décision du comité" in html
    assert 'name="p2_cents"' in manager.post("/tariffs/new", data=NEW | PLAIN | {"more": "parts"}).text
    with app.app_context():
        assert len(load_tariffs()) == 2


def test_what_is_typed_is_worked_out_for_one_session_step_by_step(manager: FlaskClient) -> None:
    typed = NEW | PLAIN | {"p1_free": "10", "fee": "2,50", "try_occupied": "1:30", "more": "try"}

    html = manager.post("/tariffs/new", data=typed).text.replace("\u00a0", " ")

    assert "les premières 10 min gratuites" in html
    reckoned = html.split('<dl class="reckoned">')[1].split("</dl>")[0]
    steps = re.findall(r"<dt>(.*?)(?: <small>.*?</small>)?</dt><dd>(.*?)</dd>", reckoned)
    assert steps == [  # 80 min are 6 steps of 15, 1 h 30 at 12,00 is 18,00, and the fee
        ("Mesuré : machine occupée", "1 h 30"),
        ("Gratuit au début", "−10 min"),
        ("Facturé", "1 h 30"),
        ("1 h 30 à 12,00 € par heure d’occupation", "18,00 €"),
        ("Forfait par session", "2,50 €"),
        ("HT", "20,50 €"),
    ]


def test_working_it_out_says_what_is_wrong_about_the_price_and_asks_for_no_reason(manager: FlaskClient) -> None:
    answer = manager.post("/tariffs/new", data={"what": "category:printer", "p1_cents": "much", "more": "try"})

    assert answer.status_code == 422
    assert "12,50" in answer.text
    assert "Dites pourquoi" not in answer.text


def test_a_price_for_one_tenant_alone_goes_before_that_of_its_kind(app: Flask, manager: FlaskClient) -> None:
    manager.post("/tariffs/new", data=NEW | PLAIN | {"kind": "tenant:acme", "since": "2026-11-01"})

    with app.app_context():
        assert load_tariffs()[-1].scope == Scope(category="printer", tenant="acme")
    assert "Acme SARL" in page(manager, "/tariffs")


def test_the_page_of_a_price_says_all_of_it_and_works_it_out(app: Flask, manager: FlaskClient) -> None:
    night = Rule((Part(Basis.OCCUPIED, 1200, step_s=900, bands=bands_of([Hours(ALL_DAYS, time(20), time(8), 600)])),))
    with app.app_context():
        number = billing.add_tariff(PRINTERS, night, NOW - timedelta(days=1), **BY).id

    html = page(manager, f"/tariffs/{number}")

    assert "par tranches de 15 min ; 20:00–08:00 : 6,00 €" in html
    assert "3 h à 12,00 € par heure d’occupation" in html
    assert "20:00–08:00 : 6,00 €" in page(manager, "/tariffs")


# --- before it bites --------------------------------------------------------------------------------------------------


def test_a_price_that_ends_without_a_successor_is_told_beforehand(app: Flask, manager: FlaskClient) -> None:
    assert "Sans prix à partir" not in page(manager, "/tariffs")
    with app.app_context():
        (mill,) = (one for one in load_tariffs() if one.scope == MILLS)
        billing.end_tariff(mill.id, datetime(2026, 11, 30, 23, tzinfo=UTC), "nouvelle grille", **BY)

    listed, today = page(manager, "/tariffs"), page(manager, "/today")

    assert "Sans prix à partir d’un jour à venir" in listed
    assert "à partir du 1er décembre 2026 · 1 machine" in listed
    assert "/tariffs/new?what=category:cnc&amp;since=2026-12-01" in listed
    assert 'value="2026-12-01"' in page(manager, "/tariffs/new?what=category:cnc&since=2026-12-01")
    assert "1 prix finit, sans successeur" in today
    assert "Le premier le 1er décembre 2026 : cnc" in today


def test_two_prices_for_just_the_same_are_told_with_the_way_to_end_one(app: Flask, manager: FlaskClient) -> None:
    assert "Deux prix pour la même chose" not in page(manager, "/tariffs")
    with app.app_context(), writing() as session:  # as two who decide at the same moment, or an older book
        twice = Tariff(category="printer", rule=to_plain(simple(1000, 900)), valid_from=NOW - timedelta(days=2))
        session.add(twice)

    html = page(manager, "/tariffs")

    assert "Deux prix pour la même chose" in html
    assert "10,00 € compte, pas 24,00 €" in html
    assert "/tariffs/1/end" in html
    assert "1 prix est dit deux fois" in page(manager, "/today")


def test_a_class_of_members_has_prices_of_its_own(app: Flask, manager: FlaskClient) -> None:
    assert "Catégorie d’adhérents" not in page(manager, "/tariffs/new")
    names = {"fr": "Mentors", "de": "Mentoren", "en": "Mentors"}
    with app.app_context(), writing() as session:
        session.add(MemberClass(code="mentor", names=names))

    assert "Mentors" in page(manager, "/tariffs/new")
    assert manager.post("/tariffs/new", data=NEW | {"p1_cents": "0", "members": "mentor"}).status_code == 303

    html = page(manager, "/tariffs")
    assert "Toutes les autres, Mentors" in html
    assert "gratuit" in html


# --- drafts -----------------------------------------------------------------------------------------------------------


def test_a_draft_is_begun_and_filled_and_nobody_pays_it(app: Flask, manager: FlaskClient) -> None:
    begun = manager.post("/tariffs/drafts/new", data={"name": "Grille 2027"})
    html = page(manager, begun.location)
    manager.post(f"{begun.location}/prices/new?of=1", data={"what": "category:printer", "version": "1"} | PLAIN)

    shown = page(manager, begun.location)

    assert "printer · Toutes les autres · 24,00 €" in html
    assert "24,00 € par heure d’occupation, par tranches de 15 min" in shown  # now
    assert "12,00 € par heure d’occupation, par tranches de 15 min" in shown  # in the draft
    with app.app_context():
        assert len(load_tariffs()) == 2
        with reading() as session:
            assert session.scalars(select(PriceDraft)).one().changes == [
                {
                    "scope": {"category": "printer"},
                    "rule": {"parts": [{"basis": "occupied", "cents": 1200, "step_s": 900}]},
                }
            ]


def test_what_a_month_would_have_come_to_stands_beside_what_it_came_to(app: Flask, manager: FlaskClient) -> None:
    with app.app_context():
        used()
        number = drafted(Change(PRINTERS, simple(3000, 900)), Change(MILLS, None))

    manager.post(f"/tariffs/drafts/{number}/try", data={"month": "2026-10"})
    html = page(manager, f"/tariffs/drafts/{number}?month=2026-10")

    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split('id="outcome"')[1]))
    assert "110,50 €" in told  # 48,00 + 36,00 + 2,50 + 24,00
    assert "90,00 €" in told  # 60,00 + 30,00
    assert "1 session n’aurait pas de montant" in told
    assert "Fraiseuse C1 Entreprise 1 session" in told  # without a price under the draft
    assert "Acme SARL 1 session n’aurait pas de montant 2 86,50 € 60,00 € −26,50 € −30,6 %" in told
    assert "Nordwerk GmbH 1 24,00 € 30,00 € +6,00 € +25 %" in told
    assert told.index("Acme SARL") < told.index("Nordwerk GmbH")
    with app.app_context(), reading() as session:
        assert [session.scalar(select(func.count()).select_from(table)) for table in (Charge, Draft, Document)] == [
            0
        ] * 3


def test_the_accountant_sees_sums_and_no_moments_of_anybody(app: Flask) -> None:
    with app.app_context():
        used()
        number = drafted(Change(PRINTERS, simple(3000, 900)))
        whatif.ask(number, "2026-10", NOW, ZONE, specimen=False)
    accountant = signed_in(app, Role.LAB_ACCOUNTANT)

    html = page(accountant, f"/tariffs/drafts/{number}")

    assert "Les sessions qui changeraient le plus" in html
    assert "/sessions/" not in html
    assert "5 oct." not in html
    assert "/adopt" not in html
    assert accountant.post(f"/tariffs/drafts/{number}/adopt", data={}).status_code == 403
    assert signed_in(app, Role.DESK).get(f"/tariffs/drafts/{number}").status_code == 403


def test_figures_of_a_draft_that_was_changed_since_say_so(app: Flask, manager: FlaskClient) -> None:
    with app.app_context():
        used()
        number = drafted(Change(PRINTERS, simple(3000, 900)))
        whatif.ask(number, "2026-10", NOW, ZONE, specimen=False)
    assert "Ces chiffres sont anciens" not in page(manager, f"/tariffs/drafts/{number}")
    with app.app_context():
        use("nord-1", "p1", start=datetime(2026, 10, 7, 8, tzinfo=UTC))

    assert "Ces chiffres sont anciens" in page(manager, f"/tariffs/drafts/{number}")


def test_a_long_month_is_worked_out_by_work_while_the_page_tells_how_far(
    app: Flask, manager: FlaskClient, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whatif, "AT_ONCE", 2)
    with app.app_context():
        used()
        number = drafted(Change(PRINTERS, simple(3000, 900)))
    path = f"/tariffs/drafts/{number}"

    manager.post(f"{path}/try", data={"month": "2026-10"})
    waiting = page(manager, path)
    manager.post(f"{path}/try", data={"month": "2026-10"})  # twice asks once
    with app.app_context(), reading() as session:
        jobs = session.scalar(select(func.count()).select_from(Job).where(Job.kind == whatif.JOB))

    assert "0 sessions calculées sur 3" in waiting
    assert "0 sessions calculées sur 3" in page(manager, f"{path}/progress/2026-10")
    assert jobs == 1
    assert run_once(settings_for(sqlite_url))
    assert manager.get(f"{path}/progress/2026-10").headers["HX-Redirect"] == f"{path}?month=2026-10"
    assert "110,50 €" in page(manager, path)


def test_a_draft_is_put_in_force_from_a_day_on_all_of_it_or_nothing(app: Flask, manager: FlaskClient) -> None:
    with app.app_context():
        number = drafted(Change(PRINTERS, simple(3000, 900)), Change(MILLS, None))
    path = f"/tariffs/drafts/{number}/adopt"
    seen = version(page(manager, path))

    too_early = manager.post(path, data={"since": "2025-12-31", "reason": "trop tôt", "version": seen})
    with app.app_context():
        before = load_tariffs()
    adopted = manager.post(path, data={"since": "2027-01-01", "reason": "grille 2027", "version": seen})

    assert (too_early.status_code, adopted.status_code) == (422, 303)
    assert "déjà décidé" in too_early.text
    midnight = datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert {one.valid_until for one in before} == {None}
    with app.app_context():
        printers, mills, new = load_tariffs()
    assert (printers.valid_until, mills.valid_until, new.valid_from) == (midnight, midnight, midnight)
    assert (new.scope, new.rule) == (PRINTERS, simple(3000, 900))
    assert "en vigueur à partir du 1er janvier 2027" in page(manager, f"/tariffs/drafts/{number}")
    again = manager.post(path, data={"since": "2027-02-01", "reason": "encore"})
    assert "commencez-en un autre" in again.text


def test_a_draft_that_is_thrown_away_leaves_its_words_in_the_journal(app: Flask, manager: FlaskClient) -> None:
    with app.app_context():
        number = drafted(Change(PRINTERS, simple(3000, 900)))
        whatif.ask(number, "2026-10", NOW, ZONE, specimen=False)

    assert "Jeter le projet « Grille 2027 » ?" in page(manager, f"/tariffs/drafts/{number}/discard")
    assert manager.post(f"/tariffs/drafts/{number}/discard", data={}).status_code == 303

    assert manager.get(f"/tariffs/drafts/{number}").status_code == 404
    with app.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(WhatIf)) == 0
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert last.before is not None
        assert (last.verb, last.before["name"]) == ("discard", "Grille 2027")


def test_the_second_of_two_who_change_a_draft_is_told(app: Flask, manager: FlaskClient) -> None:
    with app.app_context():
        number = drafted(Change(PRINTERS, simple(3000, 900)))
        with pytest.raises(Stale):
            price_drafts.leave_out(number, 1, 1, **BY)

    sent = {"version": "1"} | PLAIN
    told = manager.post(f"/tariffs/drafts/{number}/prices/1", data=sent)

    assert told.status_code == 422
    assert "Quelqu’un a modifié ce projet entre-temps" in told.text


def test_a_change_is_left_out_or_becomes_no_price_at_all(app: Flask, manager: FlaskClient) -> None:
    with app.app_context():
        number = drafted(Change(PRINTERS, simple(3000, 900)), Change(MILLS, simple(100, 60)))
    path = f"/tariffs/drafts/{number}/prices"

    assert manager.post(f"{path}/1", data={"without": "y", "version": "3"}).status_code == 303
    manager.post(f"{path}/2/leave-out", data={"version": "4"})

    assert "rien de propre" in page(manager, f"/tariffs/drafts/{number}")
    with app.app_context(), reading() as session:
        row = session.get_one(PriceDraft, number)
        assert price_drafts.changes_of(row) == (Change(PRINTERS, None),)
