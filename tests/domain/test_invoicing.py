"""What an invoice says: lines by cost centre and machine, what holds it, and the words the law wants."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from server.domain.holds import holds
from server.domain.invoicing import Buyer, Content, Frame, Item, Seller, compose, sold
from server.domain.mentions import Steps, how_time_is_billed, natural
from server.domain.money import Net
from server.domain.money import totals as add_up
from server.domain.priced import PartPrice
from server.domain.rating import MissingPrice, RatedSession, Session
from server.domain.tariffs import Scope, Tariff, simple
from server.domain.vat import Cell, MissingCell

FIRST = date(2026, 10, 1)
START = datetime(2026, 10, 5, 8, tzinfo=UTC)
DAY = START.date()
FRENCH = Cell("normal", "fr_business", "machine_use", "S", 2000, "", date(2026, 1, 1), None)
EUROPEAN = replace(FRENCH, treatment="eu_business", category="AE", rate_bp=0, mention="Autoliquidation")
SWISS = replace(FRENCH, treatment="non_eu_business", category="O", rate_bp=0, mention="TVA non applicable")
BUYER = Buyer("acme", "Acme SARL", "1 rue", "68100", "Mulhouse", "FR", "000000002", "FR00000000002")
SELLER = Seller(
    trade_name="Atelier",
    legal_name="Atelier SAS",
    capital="50 000 €",
    street="7 quai",
    postcode="68100",
    city="Mulhouse",
    country="FR",
    siren="000000001",
    siret="00000000100010",
    rcs="Mulhouse 000 000 001",
    vat_id="FR00000000001",
    iban="FR7630006000011234567890189",
    bic="EXEMFRPPXXX",
    vat_on_debits=False,
    payment_days=30,
    late_rate="trois fois le taux d’intérêt légal",
)


def item(name: str = "s", day: date = DAY, billed_s: int = 3600, **changed: Any) -> Item:
    rating: dict[str, Any] = {"cents_per_hour": 2400, "step_s": 900, "minimum_s": 0, "session_fee_cents": 0}
    rating |= {key: changed.pop(key) for key in list(changed) if key in rating}
    rule = simple(**rating)
    tariff = Tariff(1, Scope(category="printer"), START, None, rule)
    machine, fee, cents = changed.get("machine_name", "P1"), rule.session_fee_cents, rating["cents_per_hour"]
    session = Session(name, START, day, billed_s - 60, machine, "printer", "company")
    time = billed_s * cents // 3600
    runs = ((billed_s, cents),)
    part = PartPrice(rule.parts[0], billed_s - 60, billed_s - 60, billed_s, runs, price=cents, net_cents=time)
    rated = RatedSession(session, tariff, (part,), fee, net_cents=time + fee)
    facts: dict[str, Any] = {
        "payer": "acme-rd",
        "on_behalf_of": "",
        "cost_centre": "R&D",
        "machine_name": machine,
        "ended_at": START + timedelta(seconds=billed_s),
        "end_day": DAY,
        "rated": rated,
        "vat": FRENCH,
        "treatment": "fr_business",
    }
    return Item(**(facts | changed))


def composed(*items: Item, seller: Seller = SELLER) -> Content:
    return compose(sold(items), seller, Frame(FIRST))


def test_sessions_stand_by_cost_centre_and_machine_with_their_sums() -> None:
    content = composed(
        item("a", cost_centre="B", machine_name="P10"),
        item("b", cost_centre="A", machine_name="P10", billed_s=7200),
        item("c", cost_centre="A", machine_name="P9"),
        item("d", cost_centre="A", machine_name="P9"),
    )

    table = [
        (g.cost_centre, [(line.machine, line.sessions, line.net_cents) for line in g.lines]) for g in content.groups
    ]

    assert table == [("A", [("P9", 2, 4800), ("P10", 1, 4800)]), ("B", [("P10", 1, 2400)])]
    first = content.groups[0]
    assert (first.sessions, first.measured_s, first.billed_s, first.net_cents) == (3, 14220, 14400, 9600)


def test_a_price_change_and_another_rate_each_have_a_line_of_their_own() -> None:
    content = composed(item("a"), item("b", cents_per_hour=3000), item("c", vat=EUROPEAN))

    lines = [(line.unit_cents, line.category) for line in content.groups[0].lines]

    assert lines == [("2400", "AE"), ("2400", "S"), ("3000", "S")]


def test_session_fees_stand_apart_from_the_hours() -> None:
    content = composed(item("a", session_fee_cents=250), item("b", session_fee_cents=250), item("c"))

    lines = [(line.what, line.sessions, line.unit_cents, line.net_cents) for line in content.groups[0].lines]

    assert lines == [("time", 3, "2400", 7200), ("fee", 2, "250", 500)]


def test_lines_groups_and_totals_come_to_the_same() -> None:
    content = composed(
        item("a", session_fee_cents=99, billed_s=900), item("b", vat=EUROPEAN), item("c", cost_centre="X")
    )

    lines = [Net(line.net_cents, line.category, line.rate_bp) for group in content.groups for line in group.lines]

    assert add_up(lines) == content.totals
    assert sum(group.net_cents for group in content.groups) == content.totals.net_cents


def test_a_session_from_the_month_before_shows_both_dates() -> None:
    content = composed(item("a", day=date(2026, 9, 30)), item("b"))

    assert content.groups[0].lines[0].early == ((date(2026, 9, 30), DAY),)


def test_what_is_paid_for_another_tenant_names_it_and_stands_apart() -> None:
    content = composed(item("a", on_behalf_of="Jeune pousse"), item("b"))

    assert [(group.on_behalf_of, group.cost_centre) for group in content.groups] == [
        ("", "R&D"),
        ("Jeune pousse", "R&D"),
    ]


def test_a_document_in_order_is_not_held() -> None:
    assert holds([item()], BUYER) == []


@pytest.mark.parametrize(
    ("items", "buyer", "words"),
    [
        (
            [item(rated=MissingPrice(Session("s", START, DAY, 60, "p1", "printer", "company")))],
            {},
            "no price for machine p1",
        ),
        (
            [item(vat=MissingCell("normal", "odd", "machine_use", FIRST))],
            {},
            "no VAT cell for seller regime normal, treatment odd",
        ),
        ([item(vat=MissingCell("normal", None, "machine_use", FIRST))], {}, "no VAT treatment of this establishment"),
        (
            [item(vat=EUROPEAN, treatment="eu_business")],
            {"vat_id": None},
            "reverse charge needs the VAT id of Acme SARL",
        ),
        ([item()], {"siren": None}, "a French business is billed with its SIREN"),
        ([item("a", vat=SWISS), item("b")], {}, "outside the scope of VAT cannot stand on one document"),
        ([item(billed_s=0)], {}, "it comes to 0.00 €"),
    ],
)
def test_a_document_is_held_with_the_reason_in_words(items: list[Item], buyer: dict[str, Any], words: str) -> None:
    (reason,) = holds(items, replace(BUYER, **buyer))

    assert words in str(reason)


def test_the_same_reason_is_said_once() -> None:
    missing = item(vat=MissingCell("normal", "odd", "machine_use", FIRST))

    assert len(holds([missing, missing, item()], BUYER)) == 1


def test_a_swiss_or_german_business_needs_no_siren() -> None:
    abroad = replace(BUYER, siren=None, country="DE")

    assert holds([item(vat=EUROPEAN, treatment="eu_business")], abroad) == []


def test_the_mentions_of_the_law_are_on_every_document() -> None:
    words = " ".join(composed(item()).mentions)

    for mention in ("Prestations de services", "Pas d’escompte", "trois fois le taux", "40 €", "L441-10 et D441-5"):
        assert mention in words
    assert "débits" not in words
    assert "débits" in " ".join(composed(item(), seller=replace(SELLER, vat_on_debits=True)).mentions)


def test_the_mention_of_a_vat_cell_is_printed_once_and_first() -> None:
    mentions = composed(item("a", vat=EUROPEAN), item("b", vat=EUROPEAN)).mentions

    assert mentions[0] == "Autoliquidation"
    assert "Autoliquidation" not in " ".join(mentions[1:])


def test_the_way_time_is_billed_is_said_for_each_machine_that_differs() -> None:
    one = how_time_is_billed({Steps(900, 0): ["P1", "P2"]})
    two = how_time_is_billed({Steps(900, 0): ["P1", "P2"], Steps(300, 1800): ["C1"], Steps(60, 3600): []})

    assert one.startswith("Temps facturé par quart d’heure commencé. Chaque session")
    assert "par tranche de 5 min commencée, au moins 30 min par session (C1) ; " in two
    assert "par quart d’heure commencé (toutes les autres machines)." in two


def test_a_document_of_nothing_can_be_composed() -> None:
    assert composed().totals.gross_cents == 0


def test_names_with_numbers_sort_as_people_count() -> None:
    assert sorted(["P10", "p9", "Laser", "P1", "4100", "12"], key=natural) == ["12", "4100", "Laser", "P1", "p9", "P10"]


def test_no_person_has_a_place_on_an_invoice() -> None:
    fields = set(asdict(composed(item()).groups[0])) | set(asdict(item())) | set(asdict(BUYER)) | set(asdict(SELLER))

    assert not any("holder" in field or "person" in field for field in fields)
