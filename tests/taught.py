"""What the furnished lab teaches: a safety sheet and its next draft, a checklist, a sign-off that waits, courses, a class."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from server.courses import service as courses
from server.courses.models import Lesson, LessonMachine
from server.courses.service import CourseFacts
from server.db import writing
from server.domain.editions import Body, questions_from
from server.instruction import editions
from server.instruction.models import SignOffRow
from server.machines.models import Machine
from server.people.models import Payer
from tests.server.paper_agent import uuid

LESSON = uuid("lesson", 1)
_POINTS = {
    "fr": (
        "La buse est à plus de 200 °C : ne la touchez jamais, même machine arrêtée depuis peu.",
        "Capot fermé et ventilation en marche pendant toute l’impression.",
        "Ne laissez pas la première couche sans surveillance ; en cas de fumée, arrêt d’urgence puis accueil.",
    ),
    "de": (
        "Die Düse hat über 200 °C: nie berühren, auch nicht kurz nach dem Abschalten.",
        "Haube geschlossen und Lüftung an, solange gedruckt wird.",
        "Die erste Schicht nicht unbeaufsichtigt lassen; bei Rauch Not-Halt, dann zum Empfang.",
    ),
}
_QUESTIONS = {
    "fr": "De la fumée sort de l’imprimante. Que faites-vous ?\n* Arrêt d’urgence, puis prévenir l’accueil\nJ’ouvre le capot\n\n"
    "Le capot peut rester ouvert :\nPour une petite pièce\n* Jamais pendant l’impression",
    "de": "Aus dem Drucker kommt Rauch. Was tun Sie?\n* Not-Halt, dann den Empfang rufen\nIch öffne die Haube\n\n"
    "Die Haube darf offen bleiben:\nBei kleinen Teilen\n* Nie während des Drucks",
}


def teach(skill: str, holder: int, other: int, payer: str, machine: str, now: Any) -> None:
    """``holder`` has the skill, and signed off ``other`` as its trainer."""
    by: dict[str, Any] = {"actor": "account:1", "now": now}
    body = Body(
        {"fr": "Imprimer en sécurité", "de": "Sicher drucken"}, _POINTS, questions_from(_QUESTIONS)[0], None, 25
    )
    editions.save_draft(skill, "sheet", body, **by)
    editions.publish(skill, "sheet", now + timedelta(days=9), **by)
    editions.save_draft(skill, "sheet", body, **by)
    editions.save_draft(skill, "checklist", Body(body.title, body.points, minutes=30), **by)
    editions.publish(skill, "checklist", **by)
    _courses(skill, holder, other, by)
    with writing() as session:
        waits = SignOffRow(event_id=1, machine=machine, trainer=holder, learner=other, state="pending", skills=[skill])
        waits.at, waits.due_at, waits.ticked = now - timedelta(hours=3), now + timedelta(hours=21), {}
        late = SignOffRow(event_id=2, machine=machine, trainer=holder, learner=holder, state="refused", reason="self")
        late.at, late.skills, late.ticked = now - timedelta(days=2), [], {}
        session.add_all([waits, late])
        paying = session.scalars(select(Payer.id).where(Payer.code == payer)).one()
        lesson = Lesson(
            id=LESSON, title="Lycée Roosevelt, 2de B", trainer=holder, payer_id=paying, prepared_by="account:1"
        )
        lesson.begins_at, lesson.ends_at = now - timedelta(minutes=30), now + timedelta(hours=2)
        session.add(lesson)
        session.flush()
        at = session.scalars(select(Machine.id).where(Machine.code.in_(["m2", "m3"]))).all()
        session.add_all(LessonMachine(lesson_id=LESSON, machine_id=one) for one in at)


def _courses(skill: str, holder: int, other: int, by: dict[str, Any]) -> None:
    """The first date has begun, and its attendance is ticked; the second is to come."""
    now = by["now"]
    facts = CourseFacts(
        "Découverte de l’impression 3D", (skill,), "alone", 4500, "open_course", 8, holder, "fr", 150, True
    )
    course = courses.add_course(facts, **by)
    begun = courses.add_date(course, now - timedelta(hours=1), "Salle 2", **by)
    ahead = courses.add_date(course, now + timedelta(days=2), "Salle 2", **by)
    courses.enrol(begun, other, **by)
    courses.enrol(begun, holder, **by)
    courses.enrol(ahead, holder, **by)
    courses.tick(begun, [other], **by)
