"""Prices in words and as fields: what the published lists say stands in one sentence, and in a form that says it back."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from server.domain.allowances import Allowance, Discount, Terms, Unit
from server.domain.nights import ALL_DAYS, Hours, bands_of
from server.domain.rating import RatedSession, rate_month
from server.domain.tariffs import Basis, Cap, Of, Part, Rule, Span, Tier
from server.pages.prices import sentences
from server.pages.prices.reckoning import steps_of
from server.pages.prices.rule_form import RuleForm, rule_data
from tests.domain.price_lists.next_lab import NEXT
from tests.domain.price_lists.published import PUBLISHED
from tests.domain.price_lists.said import PARIS, tariff, use

NIGHT = bands_of([Hours(ALL_DAYS, time(20), time(8), 600)])
WEEKEND = bands_of([Hours((5, 6), time(), time.max, 300)])
PLAIN = Rule((Part(Basis.OCCUPIED, 1200, step_s=900, free_s=600, bands=NIGHT),))
LASER = Rule((Part(Basis.RUNNING, 62, per_s=60),), session_fee_cents=1033)
SLUB = Rule((Part(Basis.RUNNING, 1000, per_s=1200, step_s=1200, free_s=600),))
HYBRID = Rule((Part(Basis.OCCUPIED, 500, step_s=1800, minimum_s=1800), Part(Basis.RUNNING, 10, per_s=60)))
WORKSHOP = Rule(day_fee_cents=250)
LIMITED = Rule(
    (Part(Basis.OCCUPIED, 1000, step_s=1, tiers=(Tier(7200, 800), Tier(18000, 500)), tiers_over=Span.MONTH),),
    minimum_cents=200,
    caps=(Cap(Span.DAY, Of.PERSON, 4000), Cap(Span.MONTH, Of.TENANT, 30000)),
)
ALL = {
    "plain": PLAIN,
    "laser": LASER,
    "slub": SLUB,
    "hybrid": HYBRID,
    "workshop": WORKSHOP,
    "limited": LIMITED,
    "weekend": Rule((Part(Basis.COOLDOWN, 100, step_s=30, bands=NIGHT + WEEKEND),)),
    "free": Rule((Part(Basis.OCCUPIED, 0),)),
}
LISTS = (*PUBLISHED, *NEXT)
SAID = {
    ("plain", "fr"): "12,00 € par heure d’occupation, par tranches de 15 min, les premières 10 min gratuites ; "
    "20:00–08:00 : 6,00 €",
    ("plain", "de"): "12,00 € je Stunde Belegung, in Schritten von 15 min, die ersten 10 min frei; 20:00–08:00: 6,00 €",
    ("plain", "en"): "€12.00 per hour occupied, in steps of 15 min, first 10 min free; 20:00–08:00: €6.00",
    ("laser", "en"): "€0.62 per minute running, to the minute; plus €10.33 a session",
    ("slub", "en"): "€10.00 per 20 min running, in steps of 20 min, first 10 min free",
    ("hybrid", "en"): "€5.00 per hour occupied, in steps of 30 min, at least 30 min; plus "
    "€0.10 per minute running, to the minute",
    ("workshop", "fr"): "2,50 € par personne et par jour",
    ("limited", "en"): "€10.00 per hour occupied, to the second; after 2 h in the month: €8.00; "
    "after 5 h in the month: €5.00; at least €2.00 a session; at most €40.00 a day and person; "
    "at most €300.00 a month and tenant",
    (
        "weekend",
        "fr",
    ): "1,00 € par heure de refroidissement, par tranches de 30 s ; 20:00–08:00 : 6,00 € ; sam., dim. : 3,00 €",
    ("free", "de"): "kostenlos",
}


def typed(**values: Any) -> RuleForm:
    pairs = [(name, one) for name, value in values.items() for one in (value if isinstance(value, list) else [value])]
    return RuleForm(formdata=MultiDict(pairs), meta={"csrf": False})


def raw(field: Any) -> Any:
    """What a browser would send for it."""
    if isinstance(field.data, list):
        return [str(one) for one in field.data]
    return field.data if field.type == "SelectField" else getattr(field, "_value", str)()


def wrong(form: RuleForm) -> dict[str, str]:
    assert not form.validate()
    return {name: str(errors[0]) for name, errors in form.errors.items()}


@pytest.mark.parametrize(("name", "language"), SAID)
def test_a_price_is_one_readable_sentence(speaking: Callable[..., Any], name: str, language: str) -> None:
    speaking(language)

    assert sentences.sentence(ALL[name]).replace("\u00a0", " ") == SAID[name, language]


def test_a_cell_says_the_first_price_and_whether_there_is_more(speaking: Callable[..., Any]) -> None:
    speaking("en")

    assert [sentences.headline(ALL[name]) for name in ("plain", "laser", "hybrid", "workshop")] == [
        "€12.00 +",
        "€0.62 per minute running",
        "€5.00 +",
        "€2.50 a person and day",
    ]
    said = sentences.terms(PLAIN).replace("\u00a0", " ")
    assert said == "in steps of 15 min, first 10 min free; 20:00–08:00: €6.00"
    assert sentences.terms(LASER) == "to the minute; plus €10.33 a session"


def through_the_form(rule: Rule) -> Rule:
    """What a page shows of a rule, sent back as a browser would."""
    shown = RuleForm(formdata=None, data=rule_data(rule), meta={"csrf": False})
    sent = {field.name: raw(field) for field in shown}
    form = typed(**{field: value for field, value in sent.items() if value})
    assert form.validate(), form.errors
    return form.rule()


@pytest.mark.parametrize("name", ALL)
def test_what_a_form_shows_of_a_rule_is_the_rule(speaking: Callable[..., Any], name: str) -> None:
    speaking("fr")

    assert through_the_form(ALL[name]) == ALL[name]


@pytest.mark.parametrize("own", LISTS, ids=lambda own: own.name)
def test_every_price_a_lab_publishes_can_be_typed_and_read(speaking: Callable[..., Any], own: Any) -> None:
    for language in ("fr", "de", "en"):
        speaking(language)
        for one in own.tariffs:
            assert sentences.sentence(one.rule)
    for one in own.tariffs:
        assert through_the_form(one.rule) in {one.rule, Rule((Part(Basis.OCCUPIED, 0, step_s=900),))}


@pytest.mark.parametrize("own", LISTS, ids=lambda own: own.name)
def test_every_step_of_every_worked_session_can_be_said(speaking: Callable[..., Any], own: Any) -> None:
    speaking("en")
    for worked in own.worked:
        for rated in rate_month(worked.sessions, own.tariffs, worked.terms, PARIS):
            if isinstance(rated, RatedSession) and rated.tariff and not rated.session.free:
                *steps, net = steps_of(rated)
                assert (net.label, net.is_sum) == ("Net", True)
                assert all(step.label for step in steps)


def test_one_price_an_hour_is_as_simple_as_can_be(speaking: Callable[..., Any]) -> None:
    speaking("en")

    form = typed(p1_cents="12", p1_step="15", p1_per="60")

    assert form.validate()
    assert form.rule() == Rule((Part(Basis.OCCUPIED, 1200, step_s=900),))
    assert not form.has_more(1)
    assert not form.has_limits()


def test_what_is_wrong_stands_at_its_field(speaking: Callable[..., Any]) -> None:
    speaking("en")
    price = {"p1_cents": "12", "p1_step": "15", "p1_per": "60"}
    night = {"p1_h1_from": "20", "p1_h1_to": "8", "p1_h1_cents": "6"}

    for sent, field, said in (
        ({}, "p1_cents", "Type the price"),
        ({"p1_cents": "a lot"}, "p1_cents", "12,50"),
        (price | {"p1_step": "0"}, "p1_step", "A second at least"),
        (price | {"p1_h1_from": "20"}, "p1_h1_to", "Type from when to when"),
        (price | night | {"p1_h1_from": "25"}, "p1_h1_from", "Type a time"),
        (price | night | {"p1_h1_to": "20:00"}, "p1_h1_to", "It ends when it begins"),
        (price | {"p1_t1_after": "2:00"}, "p1_t1_cents", "Type after what time"),
        (price | night | {"p1_t1_after": "2:00", "p1_t1_cents": "5"}, "p1_t1_after", "not by both"),
        (price | {"p2_free": "10"}, "p2_cents", "Type the price"),
        (price | {"p2_cents": "3", "p2_basis": "occupied"}, "p2_basis", "put the two into one"),
        (
            price | {f"p1_t{n}_{end}": "1:00" for n in (1, 2) for end in ("after", "cents")},
            "p1_t1_cents",
            "12,50",
        ),
        (
            price | {"p1_t1_after": "2:00", "p1_t1_cents": "5", "p1_t2_after": "1:00", "p1_t2_cents": "4"},
            "p1_t2_after",
            "later than the one above",
        ),
    ):
        told = wrong(typed(**sent))
        assert said in told[field], (sent, told)


def test_a_button_adds_a_line_and_keeps_what_was_typed(speaking: Callable[..., Any]) -> None:
    speaking("en")
    form = typed(p1_cents="12", p1_h2_cents="6", parts="1")

    assert form.shown_hours(1) == ["p1_h1", "p1_h2"]
    assert form.add("p1_hours")
    assert form.add("parts")
    assert not form.add("version")
    assert form.shown_hours(1) == ["p1_h1", "p1_h2", "p1_h3"]
    assert form.shown_parts() == [1, 2]
    assert form["p1_hours"]._value() == "3"
    assert form.p1_cents._value() == "12"


def reckoned(sessions: list[Any], rule: Rule, terms: Terms) -> list[list[tuple[str, str]]]:
    rated = rate_month(sessions, [tariff(rule, category="mill")], terms, PARIS)
    plain = []
    for one in rated:
        assert isinstance(one, RatedSession)
        steps = steps_of(one, {"contract:7": "Included hours"}.__getitem__)
        plain.append([(step.label, step.value) for step in steps])
    return [[(a.replace("\u00a0", " "), b.replace("\u00a0", " ")) for a, b in one] for one in plain]


def test_why_this_amount_is_told_step_by_step(speaking: Callable[..., Any]) -> None:
    speaking("en")
    night = bands_of([Hours(ALL_DAYS, time(20), time(8), 600)])
    rule = Rule(
        (Part(Basis.OCCUPIED, 1200, step_s=900, free_s=600, bands=night),),
        session_fee_cents=250,
        day_fee_cents=100,
        caps=(Cap(Span.DAY, Of.PERSON, 1500),),
    )
    terms = Terms((Allowance("contract:7", Unit.SECONDS, 1800),), (Discount("contract:7", 1000),))

    # 5 October, 19:20–20:47:10; counted from 19:30: 77 min 10 s are six quarters, 19:30 and 19:45 by day, four at night.
    # Two quarters are included (6.00 € that nobody pays). Four at night: 6.00; fees 2.50 and 1.00: 9.50; 10 % off: 8.55.
    first, second = reckoned(
        [use("mill", 87 + 1 / 6, "2026-10-05 19:20"), use("mill", 70, "2026-10-05 22:30")], rule, terms
    )

    assert first == [
        ("Measured: machine occupied", "1 h 27 min 10 s"),
        ("Free at the beginning", "−10 min"),
        ("Billed", "1 h 30"),
        ("Covered by: Included hours", "30 min"),
        ("1 h at €6.00 per hour occupied", "€6.00"),
        ("Session fee", "€2.50"),
        ("Fee for the day", "€1.00"),
        ("Discount: Included hours", "−€0.95"),
        ("Net", "€8.55"),
    ]
    assert second == [  # four quarters at night 6.00, fee 2.50: 8.50; 15.00 − 9.50 leave 5.50: 3.00 cut; 10 % off
        ("Measured: machine occupied", "1 h 10"),
        ("Free at the beginning", "−10 min"),
        ("Billed", "1 h"),
        ("1 h at €6.00 per hour occupied", "€6.00"),
        ("Session fee", "€2.50"),
        ("Fee for the day", "€0.00"),
        ("Above the most that is charged", "−€3.00"),
        ("Discount: Included hours", "−€0.55"),
        ("Net", "€4.95"),
    ]


def test_a_minimum_and_a_credit_are_steps_of_their_own(speaking: Callable[..., Any]) -> None:
    speaking("en")
    rule = Rule((Part(Basis.OCCUPIED, 1200, step_s=900, tiers=(Tier(900, 600),)),), minimum_cents=500)
    terms = Terms((Allowance("contract:7", Unit.CENTS, 120),))

    (steps,) = reckoned([use("mill", 20)], rule, terms)  # a quarter at 12.00 and one at 6.00: 3.00 + 1.50 = 4.50

    assert steps == [
        ("Measured: machine occupied", "20 min"),
        ("Billed", "30 min"),
        ("15 min at €12.00 per hour occupied", ""),
        ("15 min at €6.00 per hour occupied", "€4.50"),
        ("Up to the least a session costs", "€0.50"),
        ("Credit: Included hours", "−€1.20"),
        ("Net", "€3.80"),
    ]
