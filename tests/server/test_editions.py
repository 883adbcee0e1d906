"""Safety sheets and checklists: drafts change, editions never do; who accepts which, and what the lists are told of it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from server.db import Stale, reading
from server.domain.editions import Body, Question, plain, problems_of, questions_from, read, typed_questions
from server.domain.facts import SheetFact
from server.instruction import editions
from server.instruction.facts import accepted, sheets
from server.instruction.models import Acceptance, Edition
from server.jobs.models import Change
from server.training.rows import TrainingError

TYPED = "Que faire si ça fume ?\n* J’arrête\nJe continue\n\nQui ouvre ?\nUn autre\n* Moi\nPersonne"
GERMAN = "Was tun, wenn es raucht?\n* Ich halte an\nIch mache weiter\n\nWer öffnet?\nEin anderer\n* Ich\nNiemand"


@pytest.fixture
def by(now: Any) -> dict[str, Any]:
    return {"actor": "account:1", "now": now}


def sheet(title: str = "Imprimer", needed: int | None = None) -> Body:
    questions, problems = questions_from({"fr": TYPED, "de": GERMAN})
    assert problems == []
    points = {"fr": ("Ne pas toucher la buse", "Ventiler"), "de": ("Düse nicht berühren", "Lüften")}
    return Body({"fr": title, "de": "Drucken"}, points, questions, needed, 20)


def publish(by: dict[str, Any], days: int = 14, title: str = "Imprimer") -> Edition:
    editions.save_draft("printing", "sheet", sheet(title), **by)
    return editions.publish("printing", "sheet", by["now"] + timedelta(days=days), **by)


def test_questions_are_typed_as_text_and_come_back_as_they_were_typed() -> None:
    body = sheet()

    assert [(len(one.choices["fr"]), one.right) for one in body.questions] == [(2, 0), (3, 1)]
    assert typed_questions(body, "de") == GERMAN
    assert read(plain(body)) == body


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"fr": "Une question ?\nOui\nNon"}, "Question 1"),
        ({"fr": "Une question ?\n* Oui\n* Non"}, "Question 1"),
        ({"fr": "Une question ?\n* Oui"}, "Question 1"),
        ({"fr": "\n\n".join("Q ?\n* Oui\nNon" for _ in range(11))}, "At most 10"),
        ({"fr": TYPED, "de": "Frage?\n* Ja\nNein"}, "Not the same questions"),
    ],
)
def test_questions_that_do_not_fit_are_told_at_their_field(typed: dict[str, str], told: str) -> None:
    questions, problems = questions_from(typed)

    assert questions == ()
    assert [(name, told in str(refusal)) for name, refusal in problems] == [(f"questions_{list(typed)[-1]}", True)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (Body(), "title_fr"),
        (Body({"fr": "A"}, {"fr": ("b",), "de": ("c",)}), "title_de"),
        (Body({"fr": "A", "de": "B"}, {"fr": ("b",)}), "points_de"),
        (Body({"fr": "A", "de": "B"}, {"fr": ("b", "c"), "de": ("d",)}), "points_de"),
        (Body({"fr": "A"}, {"fr": ("b",)}, (Question({"de": "?"}, {"de": ("x", "y")}, 0),)), "questions_fr"),
        (Body({"fr": "A"}, {"fr": ("b",)}, needed=3), "needed"),
    ],
)
def test_what_is_not_whole_in_every_language_it_is_written_in_is_not_published(body: Body, field: str) -> None:
    assert field in [name for name, _ in problems_of(body, is_sheet=True)]


def test_a_draft_is_edited_by_one_after_the_other_and_an_edition_by_nobody(lab, by):
    first = editions.save_draft("printing", "sheet", sheet("Essai"), **by)
    editions.save_draft("printing", "sheet", sheet(), version=first.version, **by)
    with pytest.raises(Stale):
        editions.save_draft("printing", "sheet", sheet("Autre"), version=first.version - 1, **by)
    published = editions.publish("printing", "sheet", by["now"], **by)
    second = editions.save_draft("printing", "sheet", sheet("Nouvelle"), **by)

    with reading() as session:
        kept = session.get_one(Edition, published.id)
    assert read(kept.body).title["fr"] == "Imprimer"
    assert (published.number, second.number) == (1, 2)
    with pytest.raises(TrainingError, match="no draft"):
        editions.publish("printing", "checklist", **by)


def test_a_sheet_is_required_from_a_day_that_is_not_over(lab, by, now):
    editions.save_draft("printing", "sheet", sheet(), **by)
    with pytest.raises(TrainingError, match="today or later"):
        editions.publish("printing", "sheet", now - timedelta(days=1), **by)
    editions.publish("printing", "sheet", now + timedelta(days=14), **by)

    with reading() as session:
        assert sheets() == (SheetFact("printing", 1, now + timedelta(days=14)),)
        assert "skill:printing" in session.scalars(select(Change.key).where(Change.topic == "access")).all()


def test_a_draft_is_no_fact_and_can_be_thrown_away(lab, by):
    editions.save_draft("printing", "sheet", sheet(), **by)
    with reading():
        before = sheets()
    editions.drop_draft("printing", "sheet", **by)
    with pytest.raises(TrainingError, match="no draft"):
        editions.drop_draft("printing", "sheet", **by)

    assert before == ()


def test_a_holder_answers_ticks_and_is_told_of_again_when_it_changes(lab, by, now):
    publish(by)
    editions.accept(lab.holder, "printing", 1, {0: 0, 1: 1}, "de", **by)
    with reading() as session:
        first = accepted()
        kept = session.scalars(select(Acceptance)).one()
    publish(by, title="Imprimer mieux")
    with reading():
        second = accepted(lab.holder)
    with pytest.raises(TrainingError, match="newer version"):
        editions.accept(lab.holder, "printing", 1, {0: 0, 1: 1}, "de", **by)
    editions.accept(lab.holder, "printing", 2, {0: 0, 1: 1}, "fr", **by)

    assert (kept.language, kept.right, kept.accepted_at) == ("de", 2, now)
    assert first == second == {(lab.holder, "printing"): 1}
    with reading():
        assert accepted() == {(lab.holder, "printing"): 2}


def test_wrong_answers_do_not_pass_unless_fewer_are_needed(lab, by):
    publish(by)
    with pytest.raises(TrainingError, match="Not all answers"):
        editions.accept(lab.holder, "printing", 1, {0: 0, 1: 2}, "fr", **by)
    with pytest.raises(TrainingError, match="not written"):
        editions.accept(lab.holder, "printing", 1, {0: 0, 1: 1}, "en", **by)
    editions.save_draft("printing", "sheet", sheet(needed=1), **by)
    editions.publish("printing", "sheet", by["now"], **by)
    editions.accept(lab.holder, "printing", 2, {0: 0, 1: 2}, "fr", **by)
    editions.accept(lab.holder, "printing", 2, {0: 0, 1: 1}, "fr", **by)

    with reading() as session:
        assert [one.right for one in session.scalars(select(Acceptance))] == [1]  # the second time did nothing
