"""What stands in an edition of a safety sheet or of a checklist: a title, sentences and questions, in up to three languages.

Questions are typed as text: a blank line between two, the first line asks, the others are the answers, and the right one
begins with a star. Pure; pages and services read and write it as JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.domain.refusals import Refusal

LANGUAGES = ("fr", "de", "en")
MOST_QUESTIONS, MOST_POINTS = 10, 40

Texts = Mapping[str, str]
Problem = tuple[str, Refusal]  # the name of the field it is about


@dataclass(frozen=True, slots=True)
class Question:
    """One right answer of several, the same one in every language. ``right`` counts from 0."""

    text: Texts
    choices: Mapping[str, tuple[str, ...]]
    right: int


@dataclass(frozen=True, slots=True)
class Body:
    """``needed``: so many right answers pass, None: all. ``minutes``: how long going through it usually takes."""

    title: Texts = field(default_factory=dict)
    points: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    needed: int | None = None
    minutes: int = 0

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(one for one in LANGUAGES if self.title.get(one) and self.points.get(one))

    @property
    def points_count(self) -> int:
        return max((len(points) for points in self.points.values()), default=0)

    def language_for(self, wanted: str) -> str:
        """The one wanted where it is written, else the first that is."""
        return wanted if wanted in self.languages else next(iter(self.languages), LANGUAGES[0])


def read(kept: Mapping[str, Any]) -> Body:
    questions = tuple(
        Question(one["text"], {name: tuple(said) for name, said in one["choices"].items()}, one["right"])
        for one in kept.get("questions", ())
    )
    points = {name: tuple(said) for name, said in kept.get("points", {}).items()}
    return Body(kept.get("title", {}), points, questions, kept.get("needed"), kept.get("minutes", 0))


def plain(body: Body) -> dict[str, Any]:
    questions = [
        {
            "text": dict(one.text),
            "choices": {name: list(said) for name, said in one.choices.items()},
            "right": one.right,
        }
        for one in body.questions
    ]
    return {
        "title": dict(body.title),
        "points": {name: list(said) for name, said in body.points.items()},
        "questions": questions,
        "needed": body.needed,
        "minutes": body.minutes,
    }


def lines(typed: str) -> tuple[str, ...]:
    """One sentence a line; empty lines are none."""
    return tuple(line.strip() for line in typed.splitlines() if line.strip())


def questions_from(typed: Texts) -> tuple[tuple[Question, ...], list[Problem]]:
    """The questions of all languages put together, and what does not fit. A language without text asks nothing."""
    parsed: dict[str, list[tuple[str, tuple[str, ...], int]]] = {}
    problems: list[Problem] = []
    for language, text in typed.items():
        found, problem = _parsed(text)
        if problem is not None:
            problems.append((f"questions_{language}", problem))
        elif found:
            parsed[language] = found
    if not parsed or problems:
        return (), problems
    first, *others = parsed
    for language in others:
        if [(len(said), right) for _, said, right in parsed[language]] != [
            (len(said), right) for _, said, right in parsed[first]
        ]:
            told = Refusal(
                "Not the same questions, answers or right answers, in the same order, as in %(other)s.", other=first
            )
            problems.append((f"questions_{language}", told))
    if problems:
        return (), problems
    together = range(len(parsed[first]))
    return tuple(_question(parsed, at) for at in together), []


def typed_questions(body: Body, language: str) -> str:
    """The questions as they would be typed."""
    return "\n\n".join(
        "\n".join(
            [one.text[language]]
            + [f"* {said}" if at == one.right else said for at, said in enumerate(one.choices[language])]
        )
        for one in body.questions
        if language in one.text
    )


def problems_of(body: Body, is_sheet: bool) -> list[Problem]:
    """What keeps an edition from being published."""
    if not body.languages:
        return [("title_fr", Refusal("Write a title and at least one point, in one language at least."))]
    found: list[Problem] = []
    for language in LANGUAGES:
        found += _problems_in(body, language)
    if is_sheet and body.needed is not None and not 1 <= body.needed <= len(body.questions):
        found.append(("needed", Refusal("More right answers than questions, or none.")))
    return found


def right_answers(body: Body, answers: Mapping[int, int]) -> frozenset[int]:
    """Which questions, from 0, were answered rightly."""
    return frozenset(at for at, one in enumerate(body.questions) if answers.get(at) == one.right)


def passes(body: Body, right: int) -> bool:
    return right >= (len(body.questions) if body.needed is None else body.needed)


def _problems_in(body: Body, language: str) -> list[Problem]:
    title, points = body.title.get(language, ""), body.points.get(language, ())
    asked = [one for one in body.questions if language in one.text]
    if not (title or points or asked):
        return []
    if not title:
        return [(f"title_{language}", Refusal("Write a title in this language too."))]
    if not points:
        return [(f"points_{language}", Refusal("Write the points in this language too."))]
    found: list[Problem] = []
    if len(points) > MOST_POINTS:
        found.append((f"points_{language}", Refusal("At most %(most)s points.", most=MOST_POINTS)))
    if len(points) != body.points_count:
        found.append((f"points_{language}", Refusal("As many points as in the other languages.")))
    if len(asked) != len(body.questions):
        found.append((f"questions_{language}", Refusal("Write the questions in this language too.")))
    return found


def _question(parsed: Mapping[str, Sequence[tuple[str, tuple[str, ...], int]]], at: int) -> Question:
    text = {language: found[at][0] for language, found in parsed.items()}
    choices = {language: found[at][1] for language, found in parsed.items()}
    return Question(text, choices, next(iter(parsed.values()))[at][2])


def _parsed(typed: str) -> tuple[list[tuple[str, tuple[str, ...], int]], Refusal | None]:
    blocks = [found for block in typed.replace("\r", "").split("\n\n") if (found := lines(block))]
    if len(blocks) > MOST_QUESTIONS:
        return [], Refusal("At most %(most)s questions.", most=MOST_QUESTIONS)
    questions = []
    for number, (text, *said) in enumerate(blocks, 1):
        starred = [at for at, one in enumerate(said) if one.startswith("*")]
        if len(said) < 2 or len(starred) != 1:
            return [], Refusal(
                "Question %(number)s: write two answers or more, each on its line, and begin the right one with a star.",
                number=number,
            )
        questions.append((text, tuple(one.removeprefix("*").strip() for one in said), starred[0]))
    return questions, None
