"""Before the number: each case of the law is in order by schema, schematron and our own checks, and what is wrong is refused.

Both in one run: a check that finds nothing anywhere would pass for a wrong reason, so every seeded fault must be named.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from lxml import etree

from server.billing.einvoice import norm
from server.billing.einvoice.findings import XSD, Finding, Rule
from server.billing.einvoice.rows import rows
from server.billing.einvoice.service import check, hold_for, xml_of
from server.billing.einvoice.terms import terms
from server.billing.giving import term
from server.billing.page import page
from server.billing.rendering import pdf
from server.domain.holds import Why
from tests.documents import CASES, FRENCH, content, draft, french_company, group, hours, line, partial_credit_note

Content = dict[str, Any]
RAM = {"ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"}


@pytest.mark.parametrize("case", [name for name in CASES if name != "long_invoice"])
def test_each_case_of_the_law_is_in_order(case: str) -> None:
    assert check(CASES[case]()) == ()


@pytest.mark.parametrize("case", [name for name in CASES if name != "long_invoice"])
def test_a_draft_is_judged_before_it_has_a_number(case: str) -> None:
    assert hold_for(draft(CASES[case]())) is None


def test_an_invoice_of_four_hundred_lines_is_in_order() -> None:
    assert check(CASES["long_invoice"]()) == ()


def _a_cent_of_vat(seeded: Content) -> None:
    seeded["vat"][0]["vat_cents"] += 1
    seeded["vat_cents"] += 1
    seeded["gross_cents"] += 1


def _a_line_too_many(seeded: Content) -> None:
    seeded["groups"][0]["lines"].append(line("item", 100, label="Vis"))


def _a_base_of_another_rate(seeded: Content) -> None:
    seeded["groups"][0]["lines"][0]["rate_bp"] = 550


def _a_total_typed_wrong(seeded: Content) -> None:
    seeded["gross_cents"] += 100


def _taxed_at_nothing(seeded: Content) -> None:
    for one in (*seeded["vat"], *(one for each in seeded["groups"] for one in each["lines"])):
        one["rate_bp"] = 0
    seeded["vat"][0]["vat_cents"] = 0
    seeded["vat_cents"], seeded["gross_cents"] = 0, seeded["net_cents"]


def _vat_of_a_small_business(seeded: Content) -> None:
    seeded["seller"]["regime"] = "franchise"


def _nothing_on_it(seeded: Content) -> None:
    seeded.update(groups=[], vat=[], net_cents=0, vat_cents=0, gross_cents=0)


def _a_row_without_a_name(seeded: Content) -> None:
    seeded["groups"][0]["lines"][0]["machine"] = ""


def _due_before_it_is_issued(seeded: Content) -> None:
    seeded["due_on"] = "2026-11-02"


def _another_month(seeded: Content) -> None:
    seeded["period"] = ["2026-09-01", "2026-09-30"]


def _a_number_of_another_series(seeded: Content) -> None:
    seeded["number"] = "G-2026-0417"


def _without(party: str, field: str, value: object = "") -> Callable[[Content], None]:
    def seed(seeded: Content) -> None:
        seeded[party][field] = value

    return seed


def _numbered(number: str) -> Callable[[Content], None]:
    def seed(seeded: Content) -> None:
        seeded.update(number=number, series=number[:6])

    return seed


def _at_german_rate(seeded: Content) -> None:
    for one in (*seeded["vat"], *(one for each in seeded["groups"] for one in each["lines"])):
        one["rate_bp"] = 1900
    vat = 33100  # 19 % of 1 742.10 is 330.999
    seeded["vat"][0]["vat_cents"] = seeded["vat_cents"] = vat
    seeded["gross_cents"] = seeded["net_cents"] + vat


FAULTS: dict[str, tuple[Callable[[Content], None], str]] = {
    "a cent of VAT too much": (_a_cent_of_vat, Rule.VAT_AMOUNT),
    "a line the sums do not know": (_a_line_too_many, Rule.LINE_SUM),
    "a line at a rate that is not in the table": (_a_base_of_another_rate, Rule.VAT_BASE),
    "a total typed wrong": (_a_total_typed_wrong, Rule.TOTAL),
    "taxed at a rate of nothing": (_taxed_at_nothing, Rule.RATE),
    "a small business that charges VAT": (_vat_of_a_small_business, Rule.SMALL_BUSINESS),
    "an invoice of nothing": (_nothing_on_it, Rule.NO_LINES),
    "a row without a name": (_a_row_without_a_name, Rule.NAMELESS_LINE),
    "due before it is issued": (_due_before_it_is_issued, Rule.DUE),
    "a period of another month": (_another_month, Rule.PERIOD),
    "a number of another series": (_a_number_of_another_series, Rule.SERIES),
    "a French buyer without SIREN": (_without("buyer", "siren", None), Rule.BUYER_SIREN),
    "a SIRET of somebody else": (_without("buyer", "siret", "90000003500014"), Rule.BUYER_SIRET),
    "a buyer without a town": (_without("buyer", "city"), Rule.BUYER_ADDRESS),
    "a seller without SIREN": (_without("seller", "siren"), Rule.SELLER_SIREN),
    "a seller without a street": (_without("seller", "street"), Rule.SELLER_ADDRESS),
    "a seller without VAT id": (_without("seller", "vat_id"), Rule.SELLER_VAT_ID),
    "an IBAN with a digit wrong": (_without("seller", "iban", "FR7630006000011234567890188"), Rule.IBAN),
    "an order number with a tabulator": (_without("order", "number", "BC\t118"), Rule.CHARACTER),
    "a name with a stray character": (_without("buyer", "legal_name", "Orvelin\x01"), Rule.CHARACTER),
    # What only the norm sees: ours have nothing against these.
    "a country that does not exist": (_without("buyer", "country", "ZZ"), "FX-SCH-A-000568"),
    "a VAT id without its country": (_without("seller", "vat_id", "68900000001"), "BR-CO-09"),
    "a SIRET that is not the seller's": (_without("seller", "siret", "90000001900018"), "BR-FR-09"),
    "a rate France does not have": (_at_german_rate, "BR-FR-16"),
    "a number with a blank": (_numbered("F 2026 0417"), "BR-FR-02"),
    "a number of fifty characters": (_numbered("F-2026-" + "0" * 43), "BR-FR-01"),
    "a business treated as a private person": (_without("buyer", "customer", "private"), "BR-FR-05"),
}
"""Each seeded fault and the rule that must name it."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_seeded_fault_is_refused_and_named(fault: str) -> None:
    seed, rule = FAULTS[fault]
    seeded = deepcopy(french_company())
    seed(seeded)

    named = [one.rule for one in check(seeded)]

    assert rule in named


@pytest.mark.parametrize("name", ["Fräse 😀", "北京", "Scie \ue000"])
def test_what_no_page_can_show_is_held_before_it_has_a_number(name: str) -> None:
    said = french_company()
    said["groups"][0]["lines"][0]["machine"] = name

    assert Finding(Rule.CHARACTER, name) in check(said)
    with pytest.raises(Exception, match="could not be displayed"):
        pdf(page(said))


@pytest.mark.parametrize(
    "name", ["Laser CO₂", "Łódź, Škoda & Ğ", "Αθήνα", "Київ", "¼ → ½ ≥ 3 m²", "e\u0301tabli", "Ȭ\u202f’„“"]
)
def test_what_a_page_can_show_is_not(name: str) -> None:
    said = french_company()
    said["groups"][0]["lines"][0]["machine"] = name

    assert check(said) == ()
    assert pdf(page(said)).startswith(b"%PDF")


def test_a_draft_that_is_not_valid_is_held_with_all_that_is_wrong() -> None:
    seeded = draft(french_company())
    _without("buyer", "siren", None)(seeded)
    _a_cent_of_vat(seeded)

    hold = hold_for(seeded)

    assert hold is not None
    assert hold.why == Why.EINVOICE
    assert [rule for rule, _ in hold.findings] == [Rule.VAT_AMOUNT, Rule.BUYER_SIREN]
    assert "Orvelin Mécatronique SAS" in str(hold)


def test_reverse_charge_needs_its_words_and_the_buyers_number() -> None:
    seeded = CASES["german_reverse_charge"]()
    seeded["mentions"] = seeded["mentions"][1:]
    seeded["buyer"]["vat_id"] = None

    assert {one.rule for one in check(seeded)} == {Rule.NO_REASON, Rule.BUYER_VAT_ID}


def test_outside_the_scope_cannot_stand_beside_anything_else() -> None:
    seeded = content(
        [group("Atelier", hours("CNC", 1, 3600, 3600, 3600, category="O", rate_bp=0), line("fee", 100, label="x"))]
    )

    assert Rule.OUTSIDE_MIXED in {one.rule for one in check(seeded)}


def test_a_credit_note_needs_an_original_that_is_older_and_gives_something_back() -> None:
    alone, later, upside_down = partial_credit_note(), partial_credit_note(), french_company()
    alone["corrects"] = []
    later["corrects"][0]["issued_on"] = "2026-12-01"
    upside_down |= {"kind": "credit_note", "corrects": later["corrects"]}

    assert [one.rule for one in check(alone)] == [Rule.NOTHING_CORRECTED]
    assert [one.rule for one in check(later)] == [Rule.CORRECTS_LATER]
    assert Rule.SIGN in [one.rule for one in check(upside_down)]


def test_what_the_schema_refuses_is_named_so() -> None:
    xml = xml_of(french_company()).replace(b"<ram:TypeCode>380</ram:TypeCode>", b"")

    (finding, *_) = norm.validate(xml, french=True)

    assert finding.rule == XSD


def test_a_credit_note_is_positive_in_the_xml_and_names_what_it_corrects() -> None:
    said = terms(partial_credit_note())

    assert (said["BT-3"], said["BT-112"], said["BG-25"][0]["BT-131"]) == ("381", "28.80", "24.00")
    assert said["BG-3"] == [{"BT-25": "F-2026-0417", "BT-26": "2026-11-03"}]


def test_french_platforms_are_told_what_they_ask_for() -> None:
    said = terms(french_company())

    assert (said["BT-23"], said["BT-8"], said["BT-13"]) == ("S1", "payment", "BC-25-118")
    assert {note["BT-21"] for note in said["BG-1"]} == {"AAB", "PMD", "PMT", "BAR"}
    assert said["BG-7"]["legal_identifier"] == FRENCH["siren"]
    assert said["BG-7"]["einvoicing_addr_schemeid"] == "0225"
    assert terms(CASES["public_body"]())["BT-10"] == "ATELIER-2"


def test_vat_on_debits_and_goods_fall_due_at_other_moments() -> None:
    debits = french_company()
    debits["seller"]["vat_on_debits"] = True

    assert terms(debits)["BT-8"] == "invoice"
    assert (terms(CASES["swiss_plate"]())["BT-8"], terms(CASES["swiss_plate"]())["BT-23"]) == ("delivery", "B1")
    assert terms(CASES["mixed_rates"]())["BT-23"] == "M1"


def test_outside_the_scope_no_vat_number_is_said() -> None:
    said = terms(CASES["swiss_outside"]())

    assert "vat_identifier" not in said["BG-4"] | said["BG-7"]
    assert said["BG-23"][0]["BT-121"] == "VATEX-EU-O"


def test_prices_with_fractions_of_a_cent_keep_them_and_what_has_none_is_one_of_its_sum() -> None:
    first, *_ = rows(CASES["every_unit"](), 1)
    off = next(row for row in rows(CASES["caps_and_discounts"](), 1) if row["BT-131"] == "-16.00")

    assert (first["BT-129"], first["BT-130"], first["BT-146"], first["BT-131"]) == ("173.5", "GRM", "0.025", "4.34")
    assert (off["BT-129"], off["BT-130"], off["BT-146"]) == ("-1", "C62", "16")


def test_twenty_minutes_keep_their_price_by_the_hour() -> None:
    row, *_ = rows(content([group("A", hours("P1", 1, 1200, 1200, 2400, quantity="0.333333"))]), 1)

    assert (row["BT-129"], row["BT-146"], row["BT-131"]) == ("0.3333", "24", "8.00")


def test_no_persons_name_is_in_the_xml() -> None:
    texts = etree.fromstring(xml_of(french_company())).xpath("//ram:PersonName/text()", namespaces=RAM)

    assert texts == ["Halle Zéro"], "the contact is the lab itself"


def test_a_report_that_fails_is_no_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = norm._Saxon(norm._saxon().processor, dict.fromkeys((norm.EUROPEAN, norm.FRENCH), _Silent()))
    monkeypatch.setattr(norm, "_saxon", lambda: silent)

    with pytest.raises(RuntimeError, match=re.escape("gave no report")):
        norm.validate(xml_of(french_company()), french=True)


class _Silent:
    def transform_to_string(self, **_: object) -> None:
        """A processor that answers nothing."""


def test_of_several_reasons_for_no_vat_each_category_gets_its_own() -> None:
    said = content(
        [
            group(
                "Atelier",
                hours("CNC", 1, 3600, 3600, 3600, category="AE", rate_bp=0),
                line("item", 100, label="Formation", nature="tenant_training", category="E", rate_bp=0),
            )
        ],
        buyer=CASES["german_reverse_charge"]()["buyer"],
        mentions=["Autoliquidation – art. 259-1 du CGI", "Exonération de TVA – art. 261, 4, 4° a du CGI"],
    )

    codes = {row["BT-118"]: (row["BT-120"][:5], row["BT-121"]) for row in terms(said)["BG-23"]}

    assert codes == {"AE": ("Autol", "VATEX-EU-AE"), "E": ("Exoné", "VATEX-FR-CGI261-4")}
    assert check(said) == ()


def test_the_code_of_a_reason_is_the_one_that_was_decided_and_none_is_guessed_beside_it() -> None:
    """Words that look like the exemption of training, decided for something else."""
    said = CASES["exempt_training"]()
    said["untaxed"] = {"E": {"words": said["mentions"][0], "vatex": "VATEX-EU-132"}}

    (row,) = terms(said)["BG-23"]

    assert (row["BT-120"], row["BT-121"]) == (said["mentions"][0], "VATEX-EU-132")
    said["untaxed"]["E"]["vatex"] = ""
    assert "BT-121" not in terms(said)["BG-23"][0]
    assert check(said) == ()


def test_an_exemption_in_words_of_ones_own_is_not_held_and_one_without_words_is() -> None:
    said = CASES["exempt_training"]()
    own = "Opération hors champ, décision du 3 mars"
    said["mentions"] = [own, *said["mentions"][1:]]
    assert Rule.NO_REASON in {one.rule for one in check(said)}, "nobody has decided these"

    said["untaxed"] = {"E": {"words": own, "vatex": ""}}
    assert check(said) == ()
    said["untaxed"] = {"E": {"words": "", "vatex": "VATEX-FR-CGI261-4"}}
    assert Rule.NO_REASON in {one.rule for one in check(said)}


@pytest.mark.parametrize(("case", "days"), [("french_company", 30), ("private_person", 14), ("full_credit_note", 0)])
def test_every_customer_has_a_term_of_its_own(case: str, days: int) -> None:
    assert term(CASES[case]()) == days
