"""Credit notes: whole, in part, by amount; at the VAT of the original, and never more than there was."""

from typing import Any

import pytest

from server.domain.crediting import NOTHING_BEFORE, Amount, Before, Chosen, Whole, credit_note
from server.domain.refusals import Refusal
from tests.documents import GERMAN, content, group, hours

Content = dict[str, Any]


def charge(subject: str, net_cents: int, **changed: Any) -> dict[str, Any]:
    said = {
        "subject": subject, "round": 0, "kind": "session", "payer": "acme-1", "machine": "c1", "tariff": 1,
        "started_at": "2026-10-05T08:00:00+00:00", "ended_at": "2026-10-05T09:00:00+00:00", "day": None,
        "occupied_s": 3600, "counted_s": None, "free": None, "continues": False, "billed_s": 3600, "priced": {},
        "nature": "machine_use", "net_cents": net_cents, "vat_category": "S", "rate_bp": 2000,
    }  # fmt: skip
    return said | changed


def invoice(*charges: dict[str, Any], **changed: Any) -> Content:
    lines = [
        hours("Fraiseuse", 1, 3600, 3600, 3600, category=one["vat_category"], rate_bp=one["rate_bp"])
        | {"net_cents": one["net_cents"]}
        for one in charges
    ]
    return content([group("Atelier", *lines)], charges=list(charges), **changed)


TWO = invoice(charge("one", 3600), charge("two", 1800))


def test_a_whole_credit_note_says_the_same_with_amounts_below_zero() -> None:
    said = credit_note(TWO, Whole(), "Wrong address")

    assert said["kind"] == "credit_note"
    assert said["corrects"] == [{"number": "F-2026-0417", "issued_on": "2026-11-03", "reason": "Wrong address"}]
    assert [line["net_cents"] for line in said["groups"][0]["lines"]] == [-3600, -1800]
    assert (said["net_cents"], said["vat_cents"], said["gross_cents"]) == (-5400, -1080, -6480)  # 54.00 + 20 %
    assert [one["subject"] for one in said["charges"]] == ["one:credit:1", "two:credit:1"]
    assert "number" not in said


def test_one_session_is_credited_alone() -> None:
    said = credit_note(TWO, Chosen(frozenset({"two"})), "Spindle broken", names={"c1": "Fraiseuse C1"})

    assert (said["net_cents"], said["vat_cents"]) == (-1800, -360)
    (line,) = said["groups"][0]["lines"]
    assert (line["machine"], line["billed_s"], line["net_cents"]) == ("Fraiseuse C1", 3600, -1800)
    assert line["reason"] == "Spindle broken"


def test_part_of_a_session_is_credited_and_the_rest_is_left() -> None:
    first = credit_note(TWO, Chosen(frozenset({"one"}), {"one": 600}), "Ten minutes too many")

    assert first["net_cents"] == -600
    with pytest.raises(Refusal, match="More than is left of it"):
        credit_note(TWO, Chosen(frozenset({"one"}), {"one": 3001}), "Again", Before({"one": 600}, {"one": 1}, {}))
    again = credit_note(TWO, Chosen(frozenset({"one"})), "All", Before({"one": 600}, {"one": 1}, {("S", 2000): 600}))
    assert again["net_cents"] == -3000
    assert again["charges"][0]["subject"] == "one:credit:2"


def test_an_amount_is_credited_at_a_rate_that_stands_on_the_invoice() -> None:
    said = credit_note(TWO, Amount(1000, "S", 2000), "Goodwill")

    assert (said["net_cents"], said["vat_cents"]) == (-1000, -200)
    assert said["groups"][0]["lines"][0]["label"] == "Rectification de F-2026-0417"
    with pytest.raises(Refusal, match="does not stand on F-2026-0417"):
        credit_note(TWO, Amount(1000, "S", 550), "Goodwill")
    with pytest.raises(Refusal, match="More than is left of it"):
        credit_note(TWO, Amount(5401, "S", 2000), "Goodwill")


def test_what_was_credited_as_an_amount_is_not_credited_again_with_the_whole() -> None:
    number = "F-2026-0417:S:2000"
    before = Before({}, {number: 1}, {("S", 2000): 1000})

    said = credit_note(TWO, Whole(), "Cancelled", before)

    assert said["net_cents"] == -4400  # 54.00 less the 10.00 of before
    assert sum(one["net_cents"] for one in said["charges"]) == -4400
    assert said["charges"][-1]["subject"] == "F-2026-0417:S:2000:credit:2"
    lines = [line["net_cents"] for group in said["groups"] for line in group["lines"]]
    assert sum(lines) == -4400


def test_a_credit_note_copies_the_category_of_the_original() -> None:
    german = invoice(charge("one", 3600, vat_category="AE", rate_bp=0), buyer=GERMAN, vat_words="Autoliquidation")

    said = credit_note(german, Whole(), "Wrong month")

    assert said["vat"] == [{"category": "AE", "rate_bp": 0, "net_cents": -3600, "vat_cents": 0}]
    assert said["mentions"][0] == "Autoliquidation"
    assert said["mentions"] == ["Autoliquidation", "Prestations de services."], "nothing on time, penalties or discount"


def test_two_rates_stay_apart() -> None:
    mixed = invoice(charge("one", 3600), charge("book", 1500, rate_bp=550, machine=None, kind="item"))

    said = credit_note(mixed, Chosen(frozenset({"one", "book"})), "Both")

    assert [(row["rate_bp"], row["net_cents"], row["vat_cents"]) for row in said["vat"]] == [
        (2000, -3600, -720),
        (550, -1500, -83),  # 82.5 cents, half up away from zero
    ]


def test_what_is_credited_already_is_refused() -> None:
    before = Before({"one": 3600, "two": 1800}, {"one": 1, "two": 1}, {("S", 2000): 5400})

    with pytest.raises(Refusal, match="Nothing of F-2026-0417 is left"):
        credit_note(TWO, Whole(), "Again", before)


def test_only_invoices_are_credited_and_only_with_a_reason() -> None:
    with pytest.raises(Refusal, match="Only an invoice"):
        credit_note(TWO | {"kind": "statement"}, Whole(), "Wrong")
    with pytest.raises(Refusal, match="Say why"):
        credit_note(TWO, Whole(), " ")


def test_a_session_that_may_be_invoiced_again_says_so_and_free_ones_too() -> None:
    free = invoice(charge("one", 3600), charge("free", 0, free="goodwill"))

    said = credit_note(free, Whole(), "Wrong address", NOTHING_BEFORE, reopens=True)

    assert [one["priced"]["corrects"] for one in said["charges"]] == ["one", "free"]
    assert all(one["priced"]["reopens"] for one in said["charges"])
