"""Documents as bookings: debit and credit agree, accounts by their day, what has none is named, no name of a person."""

from datetime import date
from typing import Any

import pytest

from server.domain.journal import (
    FEC,
    AccountKind,
    Accounts,
    Booking,
    NoAccount,
    Rule,
    book,
    csv_rows,
    fec_rows,
    is_balanced,
)
from server.domain.stretch import quarter_of, stretch_of

DAY = date(2026, 1, 1)
C, R, V, W = AccountKind.CUSTOMER, AccountKind.REVENUE, AccountKind.VAT, AccountKind.VAT_WAITING
RULES = (
    Rule(C, "*", "411000", DAY),
    Rule(C, "acme", "ACM", DAY),
    Rule(R, "machine_use:S", "706100", DAY),
    Rule(R, "machine_use:AE", "706180", DAY),
    Rule(R, "goods:S", "707100", DAY),
    Rule(V, "2000", "445710", DAY),
    Rule(W, "2000", "445740", DAY),
    Rule(R, "machine_use:S", "706200", date(2026, 11, 1)),
)
AXES = {"Fraiseuse C1": "cnc", "Imprimante P1": "printer"}


def line(
    net: int, nature: str = "machine_use", machine: str = "", category: str = "S", rate: int = 2000
) -> dict[str, Any]:
    return {"nature": nature, "machine": machine, "category": category, "rate_bp": rate, "net_cents": net}


def content(*lines: dict[str, Any], debits: bool = False, **changed: Any) -> dict[str, Any]:
    vat: dict[tuple[str, int], int] = {}
    for one in lines:
        key = (one["category"], one["rate_bp"])
        vat[key] = vat.get(key, 0) + one["net_cents"]
    rows = [{"category": c, "rate_bp": r, "net_cents": n, "vat_cents": n * r // 10_000} for (c, r), n in vat.items()]
    gross = sum(n + n * r // 10_000 for (_, r), n in vat.items())
    return {
        "kind": "invoice", "number": "F-2026-0001", "month": "2026-09", "issued_on": "2026-10-03",
        "seller": {"vat_on_debits": debits},
        "buyer": {"tenant": "acme", "tenant_kind": "company", "customer": "business", "legal_name": "Acme SARL"},
        "groups": [{"lines": list(lines)}], "vat": rows, "gross_cents": gross,
    } | changed  # fmt: skip


def booked(*lines: dict[str, Any], **changed: Any) -> Booking:
    found = book(content(*lines, **changed), Accounts(RULES), AXES)
    assert isinstance(found, Booking), found
    assert is_balanced(found)
    return found


def short(booking: Booking) -> list[tuple[str, int, int]]:
    return [(row.account, row.debit, row.credit) for row in booking.rows]


def test_a_customer_owes_what_was_earned_and_its_vat_which_waits_until_it_is_paid() -> None:
    one = booked(line(10000, machine="Fraiseuse C1"))

    assert short(one) == [("411000", 12000, 0), ("706100", 0, 10000), ("445740", 0, 2000)]
    assert (one.rows[0].below, one.rows[0].below_name, one.rows[1].axis) == ("ACM", "Acme SARL", "cnc")
    assert (one.journal, one.piece, one.label) == ("VE", "F-2026-0001", "Facture F-2026-0001 2026-09")


def test_with_the_option_for_debits_vat_is_owed_at_once() -> None:
    assert short(booked(line(10000), debits=True))[-1] == ("445710", 0, 2000)


def test_goods_and_services_under_one_rate_share_its_vat() -> None:
    one = booked(line(3333, "goods"), line(6668, machine="Imprimante P1"))

    # VAT of 100.01 at 20 %: 20.00; goods 3333/10001 of 2000 = 666.53 → 667, the rest waits
    assert short(one) == [
        ("411000", 12001, 0), ("707100", 0, 3333), ("706100", 0, 6668), ("445710", 0, 667), ("445740", 0, 1333),
    ]  # fmt: skip


def test_a_credit_note_stands_on_the_other_side_and_a_discount_too() -> None:
    note = booked(line(-10000), kind="credit_note", number="A-2026-0001")
    less = booked(line(10000, machine="Fraiseuse C1"), line(-1000))

    assert short(note) == [("411000", 0, 12000), ("706100", 10000, 0), ("445740", 2000, 0)]
    assert note.label == "Avoir A-2026-0001 2026-09"
    # net 90.00, VAT 18.00: the discount without a machine is a debit of its own
    assert short(less) == [("411000", 10800, 0), ("706100", 1000, 0), ("706100", 0, 10000), ("445740", 0, 1800)]
    assert [row[11:13] for row in fec_rows([less])][1:] == [("108,00", "0,00"), ("0,00", "90,00"), ("0,00", "18,00")]


def test_reverse_charge_has_no_vat_account() -> None:
    assert short(booked(line(5000, category="AE", rate=0))) == [("411000", 5000, 0), ("706180", 0, 5000)]


def test_an_account_holds_from_its_day_until_the_next() -> None:
    assert short(booked(line(10000), issued_on="2026-11-01"))[1][0] == "706200"
    assert short(booked(line(10000), issued_on="2026-10-31"))[1][0] == "706100"


def test_one_account_is_asked_for_all_customers_unless_the_lab_names_them_one_by_one() -> None:
    day, others = date(2026, 10, 3), Rule(C, "nord", "411NORD", date(2026, 1, 1))

    assert book(content(line(1000)), Accounts(RULES[2:]), AXES) == [NoAccount(C, "*", day)]
    assert book(content(line(1000)), Accounts([*RULES[2:], others]), AXES) == [NoAccount(C, "acme", day)]


def test_all_that_has_no_account_is_named_at_once() -> None:
    found = book(content(line(1000, "subscription"), line(1000, rate=550)), Accounts(RULES[1:]), AXES)
    nobody = book(content(line(1000)), Accounts([]), AXES)

    day = date(2026, 10, 3)
    assert found == [
        NoAccount(R, "subscription:S", day), NoAccount(W, "550", day),
    ]  # fmt: skip
    assert nobody == [NoAccount(C, "*", day), NoAccount(R, "machine_use:S", day), NoAccount(W, "2000", day)]


def test_without_one_account_for_all_each_tenant_has_its_own() -> None:
    found = book(content(line(1000)), Accounts(RULES[1:]), AXES)
    assert isinstance(found, Booking)
    assert (found.rows[0].account, found.rows[0].below) == ("ACM", "")


@pytest.mark.parametrize("who", [{"customer": "private"}, {"tenant_kind": "freelancer"}])
def test_where_the_customer_may_be_a_person_its_code_stands_for_its_name(who: dict[str, str]) -> None:
    buyer = {"tenant": "t-17", "tenant_kind": "company", "customer": "business", "legal_name": "Zoé Muster"} | who
    one = booked(line(1000), buyer=buyer)

    written = [*csv_rows([one]), *fec_rows([one])]
    assert not any("Muster" in cell for row in written for cell in row)
    assert any("T-17" in cell for row in written for cell in row)


def test_the_fec_has_eighteen_columns_in_their_order_and_commas() -> None:
    rows = list(fec_rows([booked(line(10000, machine="Fraiseuse C1"), line(5001, machine="Imprimante P1"))]))

    assert rows[0] == FEC
    assert {len(row) for row in rows} == {18}
    # 150.01 on one revenue account whatever the machine; VAT 30.00
    assert rows[2] == (
        "VE", "Ventes", "F-2026-0001", "20261003", "706100", "Usage de machines", "", "", "F-2026-0001", "20261003",
        "Facture F-2026-0001 2026-09", "0,00", "150,01", "", "", "20261003", "", "",
    )  # fmt: skip
    assert [row[11:13] for row in rows[1:]] == [("180,01", "0,00"), ("0,00", "150,01"), ("0,00", "30,00")]


def test_stretches_are_months_quarters_and_years() -> None:
    def ends(name: str) -> tuple[str, str] | None:
        found = stretch_of(name)
        return (found.first.isoformat(), found.last.isoformat()) if found else None

    assert ends("2026-02") == ("2026-02-01", "2026-02-28")
    assert ends("2026-Q4") == ("2026-10-01", "2026-12-31")
    assert ends("2026") == ("2026-01-01", "2026-12-31")
    assert [ends(name) for name in ("2026-13", "2026-Q5", "1999", "")] == [None] * 4
    assert quarter_of(date(2026, 10, 1)) == "2026-Q4"
    found = stretch_of("2026-Q1")
    assert found is not None
    assert found.months == ("2026-01", "2026-02", "2026-03")
