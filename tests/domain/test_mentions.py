"""The sentences of the law in three languages, with the French ones kept beside."""

from dataclasses import replace

import pytest

from server.domain.mentions import Said, Steps, how_time_is_billed, operation, payment, sentences, vat_words
from server.domain.tariffs import Basis

REVERSE = "Autoliquidation – art. 259-1 du CGI"
SAID = Said(
    language="fr",
    kind="invoice",
    customer="business",
    natures=frozenset({"machine_use"}),
    vat=frozenset({("S", "")}),
    late_rate="trois fois le taux d’intérêt légal",
    machines={Steps(900, 0): ["P1"]},
)


def words(**changed: object) -> str:
    return " ".join(sentences(replace(SAID, **changed)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "meant"), [("de", "Steuerschuldnerschaft des Leistungsempfängers"), ("en", "Reverse charge")]
)
def test_reverse_charge_is_said_in_french_and_in_the_readers_language(language: str, meant: str) -> None:
    assert vat_words("AE", REVERSE, language) == f"{REVERSE} / {meant}"
    assert vat_words("AE", REVERSE) == REVERSE


@pytest.mark.parametrize(
    ("category", "mention", "meant"),
    [
        ("O", "TVA non applicable – art. 259-1 du CGI", "In Frankreich nicht steuerbar"),
        ("E", "TVA non applicable, art. 293 B du CGI", "Kleinunternehmerregelung"),
        ("E", "Exonération de TVA – art. 261, 4, 4° a du CGI", "berufliche Bildung"),
        ("E", "Exonération de TVA – art. 262 du CGI", "Steuerfrei"),
    ],
)
def test_each_reason_for_no_vat_has_its_own_german_words(category: str, mention: str, meant: str) -> None:
    assert meant in vat_words(category, mention, "de")


def test_french_stands_beside_every_other_language_and_not_twice_beside_itself() -> None:
    assert words(language="de").count("Dienstleistungen.") == 1
    assert words(language="de").count("Prestations de services.") == 1
    assert "das Dreifache des französischen gesetzlichen Zinssatzes" in words(language="de")
    assert words().count("Prestations de services.") == 1


def test_a_private_person_owes_neither_penalties_nor_forty_euros() -> None:
    assert "40 €" in words()
    for language in ("fr", "de", "en"):
        own = words(customer="private", language=language)
        assert "40" not in own
        assert "L441-10" not in own
        assert "Pas d’escompte" in own


def test_a_public_body_owes_the_interest_of_its_own_law() -> None:
    own = words(customer="public")

    assert "BCE majoré de huit points" in own
    assert "D2192-35" in own
    assert "trois fois" not in own


@pytest.mark.parametrize(
    ("natures", "said"),
    [
        ({"machine_use"}, "Prestations de services."),
        ({"goods"}, "Livraisons de biens."),
        ({"goods", "machine_use"}, "Opérations mixtes"),
    ],
)
def test_the_category_of_operation_follows_what_was_supplied(natures: set[str], said: str) -> None:
    assert said in operation(False, frozenset(natures))


def test_a_statement_says_nothing_of_payment_and_nothing_of_bills() -> None:
    own = words(kind="statement")

    assert "Temps compté par quart d’heure commencé" in own
    assert "factur" not in own.lower()
    assert "40 €" not in own


def test_a_credit_note_asks_for_no_payment() -> None:
    assert "40 €" not in words(kind="credit_note")
    assert "Prestations de services." in words(kind="credit_note")


def test_free_minutes_and_what_is_measured_are_said() -> None:
    steps = Steps(1200, 0, 600, Basis.RUNNING)

    assert "temps de marche par tranche de 20 min commencée, les premières 10 min offertes" in how_time_is_billed(
        {steps: ["L1"]}
    )
    assert "Laufzeit je angefangene 20 min, die ersten 10 min frei" in how_time_is_billed({steps: ["L1"]}, "de")


def test_an_unusual_late_rate_is_printed_as_the_seller_wrote_it() -> None:
    assert "12 % l’an" in payment("12 % l’an", "business", "en")
