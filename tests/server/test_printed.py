"""The page of every kind of document in three languages, and the file it is in: tagged, archivable, with the invoice for
programs inside where that is wanted."""

import re
import subprocess
from datetime import date
from decimal import Decimal
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from facturx import get_xml_from_pdf
from pypdf import PdfReader

from server.billing.einvoice.service import check, xml_of
from server.billing.einvoice.wanted import has_xml
from server.billing.page import page
from server.billing.printed.figures import euros, hours, long_day, percent, price, span
from server.billing.printed.words import ALL
from server.billing.rendering import pdf
from tests.documents import (
    CASES,
    FRENCH,
    content,
    french_company,
    full_credit_note,
    group,
    item,
    statement,
)
from tests.documents import (
    hours as hours_at,
)

LANGUAGES = ("fr", "de", "en")


@cache
def file_of(case: str, language: str = "") -> bytes:
    frozen = CASES[case]()
    frozen["language"] = language or frozen["language"]
    return rendered(frozen)


def rendered(frozen: dict[str, Any]) -> bytes:
    return pdf(page(frozen), xml_of(frozen) if has_xml(frozen) else None)


def words_of(file: bytes) -> str:
    """All text of a PDF in reading order, every white space as one blank."""
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=file, capture_output=True, check=True).stdout
    return re.sub(r"\s+", " ", text.decode())


def overlaps(file: bytes) -> list[tuple[str, str]]:
    """Words that are printed over each other, or over the edge of the page."""
    html = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=file, capture_output=True, check=True).stdout.decode()
    found = []
    for sheet in html.split("<page ")[1:]:
        width = float(re.findall(r'width="([\d.]+)"', sheet)[0])
        places = re.findall(r'xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*?)<', sheet)
        words = [(*map(float, place[:4]), place[4]) for place in places]
        found += [(word[4], "the edge") for word in words if word[2] > width - 40]  # 15 mm of margin are 42.5 points
        for at, (left, top, right, bottom, text) in enumerate(words):
            middle = (top + bottom) / 2
            beside = (one for one in words[at + 1 :] if one[1] < middle < one[3])
            found += [(text, one[4]) for one in beside if one[0] < right - 0.5 and left < one[2] - 0.5]
    return found


def root_of(file: bytes) -> Any:
    return PdfReader(BytesIO(file)).trailer["/Root"]


def metadata_of(file: bytes) -> str:
    metadata: Any = root_of(file)["/Metadata"]
    return str(metadata.get_data().decode())


def test_the_page_of_a_french_company_says_all_that_the_law_wants() -> None:
    text = words_of(file_of("french_company"))

    for said in (
        *("Facture", "F-2026-0417", "Halle Zéro SAS", "7, quai de la Locomotive", "Orvelin Mécatronique SAS"),
        *("Émise le", "3 novembre 2026", "1er au 31 octobre 2026", "Échéance", "3 décembre 2026"),
        *("BC-25-118 du 12 septembre 2026", "FR 25 900 000 019", "SIREN 900 000 019"),
        *("20 % 1 742,10 € 348,42 €", "Total TTC 2 090,52 €", "FR76 3000 6000 0112 3456 7890 189"),
        *("Prestations de services.", "Pas d’escompte", "40 €", "au capital de 50 000 €", "RCS Mulhouse 900 000 001"),
        *("SIRET 900 000 001 00017", "TVA FR 68 900 000 001", "Factur-X, EN 16931", "page 1 sur 1"),
    ):
        assert said in text


def test_real_and_billed_time_stand_side_by_side_by_cost_centre_and_machine() -> None:
    text = words_of(file_of("french_company"))

    assert "4100 Bureau d’études, commande BC-25-118 19 63 h 05 64 h 45 871,30 €" in text
    assert "Fraiseuse 5 axes 6 14 h 22 15 h 00 36,00 €/h 540,00 €" in text
    assert "FDM XL 9 41 h 12 42 h 00 4,00 €/h 128,00 € dont 10 h 00 incluses" in text
    assert "Filament technique 173 g 0,10 €/g 17,30 €" in text
    assert "Contrat, heures de FDM : 10 h 00 utilisées, 2 h 00 restantes jusqu’au 31 décembre 2026" in text


def test_the_small_pictures_are_told_to_whoever_cannot_see_them() -> None:
    said = page(french_company())

    assert said["machines"]["alt"].startswith("Heures par machine, mesurées et facturées : FDM XL 42\u00a0h\u00a000")
    assert len(said["days"]["columns"]) == 31
    assert "le plus long jour est le" in said["days"]["alt"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statement_says_invoice_only_to_say_that_it_is_none(language: str) -> None:
    """Scene 28."""
    text = words_of(file_of("statement", language)).casefold()

    denials = {"fr": "relevé d’utilisation", "de": "dies ist keine rechnung", "en": "this is not an invoice"}
    without = re.sub(r"ceci n’est pas une facture|dies ist keine rechnung|this is not an invoice", "", text)
    assert "ceci n’est pas une facture" in text
    assert denials[language] in text
    for word in ("factur", "rechnung", "invoice"):
        assert word not in without


def test_a_statement_carries_no_invoice_for_programs_and_asks_for_no_transfer() -> None:
    wanted = statement()
    wanted["buyer"]["wants_einvoice"] = True

    assert not has_xml(wanted)
    assert "IBAN" not in words_of(file_of("statement"))
    assert "/AF" not in root_of(file_of("statement"))
    assert b"acture" not in file_of("statement")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "de",
            ("Rechnung", "Gemessen", "Berechnet", "14:22 h", "2.090,52 €", "1. bis 31. Oktober 2026", "Seite 1 von 1"),
        ),
        ("en", ("Invoice", "Measured", "Billed", "14 h 22", "€2,090.52", "1 to 31 October 2026", "page 1 of 1")),
    ],
)
def test_the_page_is_in_its_tenants_language(language: str, said: tuple[str, ...]) -> None:
    text = words_of(file_of("french_company", language))

    for words in said:
        assert words in text
    assert "Facture " not in text


def test_reverse_charge_stands_in_french_and_german() -> None:
    text = words_of(file_of("german_reverse_charge"))

    assert "Autoliquidation – art. 259-1 du CGI, art. 44 et 196 de la directive 2006/112/CE" in text
    assert "Steuerschuldnerschaft des Leistungsempfängers" in text
    assert "DE136695976" in text
    assert "USt-IdNr. (TVA) FR 68 900 000 001" in text
    assert "Zu zahlen 288,00 €" in text
    assert "Prestations de services." in text


def test_a_day_before_the_period_has_no_column() -> None:
    late = french_company() | {"days": [["2026-09-29", 900, 900]]}
    both = french_company() | {"days": [["2026-09-29", 90_000, 90_000], ["2026-10-05", 3600, 3600]]}

    assert page(late)["days"] is None
    assert page(both)["days"]["highest"] == "au plus 1\u00a0h\u00a000"


def test_the_laws_french_words_are_marked_as_french_for_whoever_listens() -> None:
    said = page(CASES["german_reverse_charge"]())["mentions"]

    assert [[part["language"] for part in mention] for mention in said] == [["fr", "de"], ["de"], ["de"], ["fr"]]
    assert b"/Lang(fr)" in file_of("german_reverse_charge") or b"/Lang (fr)" in file_of("german_reverse_charge")


def test_outside_the_scope_our_own_vat_number_is_printed_all_the_same() -> None:
    text = words_of(file_of("swiss_outside"))

    assert "TVA non applicable – art. 259-1 du CGI / In Frankreich nicht steuerbar" in text
    assert "FR 68 900 000 001" in text


def test_a_private_person_sees_amounts_with_vat_first_and_they_add_up() -> None:
    frozen = content(
        [group("Atelier", *(hours_at(f"P{number}", 1, 900, 900, 333) for number in range(9)))],
        buyer=CASES["private_person"]()["buyer"],
    )
    said = page(frozen)

    shown = [row["amount"] for row in said["groups"][0]["lines"]]
    cents = sum(int(re.sub(r"\D", "", amount)) for amount in shown)
    assert said["head"][-1] == "Montant TTC"
    assert said["totals"]["gross_first"]
    assert cents == frozen["gross_cents"] == 896  # 9 × 0.83 = 7.47, VAT 1.494: 8.96, and nine times 1.00 would be 9.00


def test_with_several_rates_each_row_says_its_own() -> None:
    text = words_of(file_of("mixed_rates"))

    assert "Manuel d’atelier 3 pièces 15,00 €/pièce 5,5 % 45,00 €" in text
    assert "5,5 % 45,00 € 2,48 €" in text
    assert "TVA" not in page(french_company())["head"]


def test_a_credit_note_says_what_is_credited_and_why_and_asks_for_nothing() -> None:
    text = words_of(file_of("full_credit_note"))

    for said in (
        "Avoir",
        "Corrige la facture",
        "F-2026-0417 du 3 novembre 2026",
        "À votre crédit",
        "Total TTC 2 090,52 €",
    ):
        assert said in text
    assert "Motif Facture adressée au mauvais établissement" in text
    assert "IBAN" not in text
    assert "−" not in text, "what is given back is said as an amount, not as less than nothing"


def test_what_is_free_says_why_and_what_began_before_says_when() -> None:
    text = words_of(file_of("caps_and_discounts"))

    assert "Non facturé : panne de la machine" in text
    assert "Broche bloquée" in text
    assert "dont une session du 30 septembre au 2 octobre 2026" in text
    assert "Laser CO2 A, au-delà du plafond −16,00 €" in text


def test_four_hundred_rows_repeat_their_heads_and_say_their_sums_once() -> None:
    file = file_of("long_invoice")
    text, count = words_of(file), len(PdfReader(BytesIO(file)).pages)

    assert text.count(f"sur {count}") == count > 5
    assert text.count("Centre de coûts, machine") in {count - 1, count}, "the last page may have the totals alone"
    assert "4100 Équipe 1 (suite)" in text
    assert text.count("100 h 00 1 398,00 €") == 1
    assert text.count("Total TTC") == 1


@pytest.mark.parametrize(
    ("kind", "language"), [("statement", "fr"), *(("invoice", language) for language in LANGUAGES)]
)
def test_the_laws_sentences_never_have_a_page_to_themselves(kind: str, language: str) -> None:
    long = "Une phrase de loi qui est longue, parce que le comptable l’a voulue ainsi. " * 3
    seen = set()
    for count, more in ((4, []), (14, []), (16, []), (10, [long] * 4)):
        lines = [hours_at(f"Machine {at}", 2, 7000, 7200, 2400) for at in range(count)]
        frozen = content([group("Atelier", *lines)], language=language, kind=kind)
        last = PdfReader(BytesIO(rendered(frozen | {"mentions": frozen["mentions"] + more}))).pages
        seen.add(len(last))
        said, gross = last[-1].extract_text(), euros(frozen["gross_cents"], language)

        assert "".join(gross.split()) in "".join(said.split()), (count, more)
    assert {1, 2} <= seen, "control: some have one page, some more"


@pytest.mark.parametrize("case", ["french_company", "german_reverse_charge", "statement", "full_credit_note"])
def test_the_file_is_archivable_and_can_be_read_aloud(case: str) -> None:
    root, metadata = root_of(file_of(case)), metadata_of(file_of(case))

    assert "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]["/K"]
    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert root["/Lang"] == CASES[case]()["language"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]


def test_tables_heads_and_pictures_are_known_as_such_to_a_reader() -> None:
    kinds = set(_kinds(root_of(file_of("french_company"))["/StructTreeRoot"]["/K"]))

    assert {"/Table", "/TH", "/TD", "/H1", "/H2", "/Figure"} <= kinds


def _kinds(node: Any) -> list[str]:
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        return [kind for each in node for kind in _kinds(each)]
    if not isinstance(node, dict):
        return []
    return [str(node.get("/S")), *_kinds(node.get("/K"))]


def test_only_our_own_fonts_are_used_and_all_are_embedded() -> None:
    listed = subprocess.run(["pdffonts", "-"], input=file_of("french_company"), capture_output=True, check=True).stdout

    fonts = listed.decode().splitlines()[2:]
    assert len(fonts) == 3
    assert all("IBMPlexSans" in font and "yes yes yes" in font for font in fonts)


def test_the_invoice_for_programs_is_in_the_file_as_factur_x_wants_it() -> None:
    file, frozen = file_of("french_company"), french_company()
    root, metadata = root_of(file), metadata_of(file)

    name, xml = get_xml_from_pdf(file, check_xsd=True, check_schematron=False)
    attached = root["/AF"][0]
    assert (name, xml) == ("factur-x.xml", xml_of(frozen))
    assert (attached["/AFRelationship"], attached["/F"], attached["/UF"]) == ("/Data", "factur-x.xml", "factur-x.xml")
    assert attached["/EF"]["/F"]["/Subtype"] == "/text/xml"
    assert "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>" in metadata
    assert "<pdfaSchema:prefix>fx</pdfaSchema:prefix>" in metadata
    assert metadata.count("<rdf:RDF") == 1


@pytest.mark.parametrize(
    ("case", "wanted"),
    [
        ("french_company", True),
        ("public_body", True),
        ("german_upstairs", True),
        ("full_credit_note", True),
        ("german_reverse_charge", False),
        ("swiss_outside", False),
        ("private_person", False),
    ],
)
def test_who_is_established_in_france_gets_an_electronic_invoice(case: str, wanted: bool) -> None:
    assert has_xml(CASES[case]()) is wanted
    assert ("/AF" in root_of(file_of(case))) is wanted


def test_whoever_asks_gets_one_too() -> None:
    asked = CASES["german_reverse_charge"]()
    asked["buyer"]["wants_einvoice"] = True

    assert get_xml_from_pdf(rendered(asked), check_xsd=True, check_schematron=False)[0] == "factur-x.xml"


@pytest.mark.parametrize("case", ["french_company", "statement"])
def test_the_same_words_give_the_same_bytes(case: str) -> None:
    frozen = CASES[case]()

    assert rendered(frozen) == rendered(frozen) == file_of(case)


def test_the_code_to_pay_with_says_what_the_page_says_and_a_specimen_has_none() -> None:
    specimen = french_company() | {"specimen": True}

    assert page(french_company())["payment"]["qr"].startswith("<svg")
    assert page(specimen)["payment"]["qr"] == ""
    assert page(full_credit_note())["payment"]["qr"] == ""
    assert "nicht zahlen" in words_of(rendered(specimen | {"language": "de"}))


def test_every_word_is_there_in_every_language() -> None:
    """A word for one kind of document may be missing where the language has none of its own for it."""
    common = [key for key in ALL["fr"] if not re.search(r"^units_|_(statement|credit_note|private)$", key)]

    for language in ("de", "en"):
        assert [key for key in common if key not in ALL[language]] == []
        assert [key for key in ALL[language] if key not in ALL["fr"]] == []


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_case_can_be_said_in_every_language(case: str, language: str) -> None:
    frozen = CASES[case]()

    said = page(frozen | {"language": language})

    assert said["language"] == language
    assert len(said["head"]) == len(page(frozen)["head"])


def test_no_person_has_a_place_on_a_page() -> None:
    said = str(page(content([group("Atelier", item("Vis", "1", "piece", "100", 100))], buyer=FRENCH)))

    assert "holder" not in said
    assert "person" not in said


def test_amounts_and_times_read_as_in_print() -> None:
    assert [euros(128450), euros(-5), euros(123456789)] == [
        "1\u00a0284,50\u00a0€",
        "−0,05\u00a0€",
        "1\u00a0234\u00a0567,89\u00a0€",
    ]
    assert [euros(128450, "de"), euros(-128450, "en")] == ["1.284,50\u00a0€", "−€1,284.50"]
    assert [price(Decimal("2.5")), price(Decimal(3600)), price(Decimal("2.5"), "en")] == [
        "0,025\u00a0€",
        "36,00\u00a0€",
        "€0.025",
    ]
    assert [hours(seconds) for seconds in (151200, 3629, 3630, 3_600_000)] == [
        "42\u00a0h\u00a000",
        "1\u00a0h\u00a000",
        "1\u00a0h\u00a001",
        "1\u00a0000\u00a0h\u00a000",
    ]
    assert (hours(6480, "de"), hours(6480, "en")) == ("1:48\u00a0h", "1\u00a0h\u00a048")
    assert [percent(550), percent(2000, "de"), percent(2000, "en")] == ["5,5\u00a0%", "20\u00a0%", "20%"]


def test_days_read_as_in_print() -> None:
    first, last = date(2026, 9, 30), date(2026, 10, 2)

    assert long_day(date(2026, 10, 1)) == "1er\u00a0octobre\u00a02026"
    assert span(first, last) == "30\u00a0septembre au 2\u00a0octobre\u00a02026"
    assert span(first, last, "de") == "30.\u00a0September bis 2.\u00a0Oktober\u00a02026"
    assert span(date(2025, 12, 31), date(2026, 1, 1), "en") == "31\u00a0December\u00a02025 to 1\u00a0January\u00a02026"


def test_a_word_longer_than_its_column_is_parted() -> None:
    mill = hours_at("Laserschneidanlagensteuerungseinheit_GrossformatXXL_2026", 1, 3600, 3600, 2400)
    plate = item("Werkstoffbezeichnung-1.4301-X5CrNi18-10-Zuschnitt-300x200x10", "1", "piece", "100", 100)
    centre = group("Sous-traitance_Département_Recherche_et_Développement_2026", mill, plate)
    order = {"number": "EJ2026000471000000000123456789ABCDEFGHIJKLMNOPQRST", "day": "2026-09-12"}

    assert overlaps(rendered(content([centre], order=order))) == []


def test_an_association_has_neither_capital_nor_register() -> None:
    seller = french_company()["seller"] | {"legal_name": "Atelier du Rebberg (association)", "capital": "", "rcs": ""}
    said = content([group("Atelier", hours_at("Fraiseuse", 1, 3600, 3600, 3600))], seller=seller)

    assert page(said)["identity"].startswith("Atelier du Rebberg (association), SIRET 900")
    assert check(said) == ()
    assert b"Au capital" not in xml_of(said)
    assert b"Au capital" in xml_of(french_company())


def test_reverse_charge_of_a_small_business_is_not_called_its_exemption() -> None:
    seller, own = CASES["small_business"]()["seller"], {"category": "E", "rate_bp": 0}
    mill = hours_at("Fraiseuse", 1, 3600, 3600, 3600, category="AE", rate_bp=0)
    course = item("Grundkurs", "1", "person", "9000", 9000, nature="open_course", **own)
    said = page(content([group("Atelier", mill, course)], seller=seller, language="de"))

    assert [row[0] for row in said["vat"]["rows"]] == ["Autoliquidation", "Steuerfrei"]
    assert [line["rate"] for line in said["groups"][0]["lines"]] == ["Autoliquidation", "Steuerfrei"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", [name for name in CASES if name != "long_invoice"])
def test_nothing_is_printed_over_anything_else(case: str, language: str) -> None:
    assert overlaps(file_of(case, language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_long_words_large_amounts_and_long_orders_have_room(language: str) -> None:
    reverse: dict[str, Any] = {"category": "AE", "rate_bp": 0}
    lines = (
        hours_at("Fraiseuse 5 axes à commande numérique DMU 50", 3, 2790000, 2880000, 7250, **reverse),
        item("Grundkurs Fräsen, offen für alle", "2", "person", "1234567", 2469134, nature="open_course"),
    )
    number = "EJ-2026-00471-0000-0000-1234567890-ABCDEFGHIJ"
    centre = group("4100 Bureau d’études", *lines, order=number, on_behalf_of="Association des étudiants de la faculté")
    buyer = CASES["german_reverse_charge"]()["buyer"] | {"service_code": "SERVICE-ACHATS-CENTRALISES-0001"}
    words = {"order": {"number": number, "day": "2026-09-12"}, "buyer": buyer, "language": language}
    long = content([centre], vat_words="Autoliquidation – art. 259-1 du CGI", **words)
    long["seller"]["legal_name"] = "Société d’exploitation de la halle de la locomotive de Mulhouse SAS"
    large = content([group("A", item("x", "1", "piece", "123456789", 123456789))], language=language)

    assert overlaps(rendered(long)) == []
    assert overlaps(rendered(large)) == []
