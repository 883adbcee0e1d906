"""Sign-offs at the machine: what two badges and a button give, what the checklist adds, and what is refused with its reason."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from server.accounts import service as accounts
from server.accounts.service import AccountFacts
from server.db import reading, writing
from server.domain.editions import Body
from server.domain.roles import Role, ScopeKind
from server.ingest import ingest
from server.instruction import editions, signoffs
from server.instruction.models import SignOffRow
from server.instruction.signoffs import levels_of, take
from server.machines import service as machines
from server.machines.lab_settings import decide
from server.people import service as people
from server.training import service as training
from server.training.models import Qualification
from server.training.rows import TrainingError
from tests.server.paper_agent import PaperAgent, stamp
from wire.messages import Level, RiskClass, SignOff

CHECKLIST = Body({"fr": "Fraiser"}, {"fr": ("Arrêt d’urgence montré", "Une passe faite")}, minutes=30)


@pytest.fixture
def by(now: datetime) -> dict[str, Any]:
    return {"actor": "account:1", "now": now}


@pytest.fixture
def trainer(lab: Any, now: datetime) -> int:
    """A holder whose login has the role of a trainer in the whole lab."""
    return staff(now, "Maria")


@pytest.fixture
def learner(lab: Any, now: datetime) -> int:
    return people.add_holder("Nils", "Holm", "de", actor="test", now=now - timedelta(days=2)).number


@pytest.fixture
def mill(lab: Any, now: datetime) -> str:
    """A machine of high risk that asks for one skill, whose checklist is published."""
    by: dict[str, Any] = {"actor": "test", "now": now - timedelta(days=2)}
    machines.add_machine("c1", "Mill", "mill", "agent-1", RiskClass.HIGH, **by)
    training.add_skill("milling", "Milling", **by)
    training.require_skills("c1", ["milling"], **by)
    editions.save_draft("milling", "checklist", CHECKLIST, **by)
    editions.publish("milling", "checklist", **by)
    return "c1"


def staff(now: datetime, name: str, kind: ScopeKind = ScopeKind.LAB, scope: str = "") -> int:
    by: dict[str, Any] = {"actor": "test", "now": now - timedelta(days=3)}
    holder = people.add_holder(name, "Trainer", "fr", **by).number
    account = accounts.add_account(AccountFacts(f"{name}@lab.test", name, None, holder), **by)
    accounts.give_role(account, Role.TRAINER, kind, scope, **by)
    return holder


def rows() -> list[SignOffRow]:
    with reading() as session:
        return list(session.scalars(select(SignOffRow).order_by(SignOffRow.id)))


def levels(holder: int, now: datetime) -> dict[str, Level]:
    with reading():
        return levels_of(holder, now)


def tick(number: int, who: int, now: datetime, points: tuple[int, ...] = (0, 1), edition: int = 1) -> None:
    signoffs.confirm(number, who, {"milling": points}, {"milling": edition}, 45, "de", actor="account:1", now=now)


def test_at_a_machine_of_low_risk_two_badges_and_the_button_qualify(lab, trainer, learner, now):
    take(lab.machine, trainer, learner, now, 1, now)

    assert [(row.state, row.reason, row.skills) for row in rows()] == [("done", "", ["printing"])]
    assert levels(learner, now) == {"printing": Level.ALONE}
    with reading() as session:
        given = session.scalars(select(Qualification).where(Qualification.holder_number == learner)).one()
    assert given.granted_by == f"holder:{trainer}"


def test_an_event_that_comes_twice_counts_once(lab, trainer, learner, now):
    take(lab.machine, trainer, learner, now, 7, now)
    take(lab.machine, trainer, learner, now, 7, now + timedelta(minutes=1))

    assert len(rows()) == 1
    with reading() as session:
        assert len(session.scalars(select(Qualification).where(Qualification.holder_number == learner)).all()) == 1


def test_at_a_mill_it_is_supervised_use_until_the_trainer_has_ticked_the_checklist(mill, trainer, learner, now):
    take(mill, trainer, learner, now, 1, now)
    before = levels(learner, now)
    tick(rows()[0].id, trainer, now + timedelta(hours=23))

    assert before == {"milling": Level.SUPERVISED}
    assert levels(learner, now + timedelta(hours=23)) == {"milling": Level.ALONE}
    (row,) = rows()
    assert (row.state, row.ticked, row.minutes, row.language) == ("done", {"milling": 1}, 45, "de")


def test_after_a_day_without_a_tick_it_stays_supervised(mill, trainer, learner, now):
    take(mill, trainer, learner, now, 1, now)
    late = now + timedelta(hours=24)
    with pytest.raises(TrainingError, match="time to tick is over"):
        tick(rows()[0].id, trainer, late)

    assert levels(learner, late) == {"milling": Level.SUPERVISED}


def test_how_long_it_waits_is_the_labs_to_decide(mill, trainer, learner, now, by):
    decide("sign_off_hours", 2, 24, **by)
    take(mill, trainer, learner, now, 1, now)

    assert rows()[0].due_at == now + timedelta(hours=2)


def test_only_the_trainer_who_was_there_ticks_and_every_point_of_the_edition_in_force(mill, trainer, learner, now, by):
    take(mill, trainer, learner, now, 1, now)
    number = rows()[0].id
    with pytest.raises(TrainingError, match="Only the trainer"):
        tick(number, staff(now, "Otto"), now)
    with pytest.raises(TrainingError, match="every point"):
        tick(number, trainer, now, points=(1,))
    editions.save_draft("milling", "checklist", CHECKLIST, **by)
    editions.publish("milling", "checklist", **by)
    with pytest.raises(TrainingError, match="has changed"):
        tick(number, trainer, now)
    tick(number, trainer, now, edition=2)
    with pytest.raises(TrainingError, match="nothing left"):
        tick(number, trainer, now, edition=2)

    assert levels(learner, now) == {"milling": Level.ALONE}


def test_without_a_checklist_there_is_nothing_to_tick_and_it_stays_supervised(lab, trainer, learner, now, by):
    machines.add_machine("c2", "Lathe", "lathe", "agent-1", RiskClass.MEDIUM, **by)
    training.add_skill("turning", "Turning", **by)
    training.require_skills("c2", ["turning"], **by)
    take("c2", trainer, learner, now, 1, now)
    with pytest.raises(TrainingError, match="no checklist"):
        signoffs.confirm(rows()[0].id, trainer, {}, {}, 45, "de", **by)

    assert levels(learner, now) == {"turning": Level.SUPERVISED}


def test_nobody_signs_himself_off_with_a_second_badge(mill, trainer, now):
    take(mill, trainer, trainer, now, 1, now)

    assert [(row.state, row.reason) for row in rows()] == [("refused", "self")]
    assert levels(trainer, now) == {}


@pytest.mark.parametrize(
    ("machine", "who", "whom", "reason"),
    [
        ("c9", "trainer", "learner", "no_machine"),
        ("c1", "trainer", 123456, "no_learner"),
        ("c1", "learner", "ada", "not_a_trainer"),
        ("c1", 123456, "learner", "not_a_trainer"),
    ],
)
def test_what_cannot_count_is_kept_as_refused_with_its_reason(
    lab, mill, trainer, learner, now, machine, who, whom, reason
):
    known = {"trainer": trainer, "learner": learner, "ada": lab.holder}
    take(machine, known.get(who, who), known.get(whom, whom), now, 1, now)

    assert [(row.state, row.reason) for row in rows()] == [("refused", reason)]
    assert levels(learner, now) == {}


def test_a_trainer_of_another_machine_gives_nothing_here(mill, learner, now):
    take(mill, staff(now, "Ina", ScopeKind.MACHINE, "p1"), learner, now, 1, now)
    take(mill, staff(now, "Uwe", ScopeKind.MACHINE, "c1"), learner, now, 2, now)

    assert [(row.state, row.reason) for row in rows()] == [("refused", "not_a_trainer"), ("pending", "")]


def test_whoever_is_certified_as_a_trainer_on_the_skill_signs_off_without_a_role(mill, lab, learner, now, by):
    training.grant(lab.holder, "milling", level=Level.TRAINER, **by)
    take(mill, lab.holder, learner, now, 1, now)

    assert levels(learner, now) == {"milling": Level.SUPERVISED}


def test_a_sign_off_that_comes_late_gives_nothing_back_that_was_revoked_since(lab, trainer, learner, now, by):
    given = training.grant(learner, "printing", **{**by, "now": now - timedelta(days=1)})
    training.revoke(given.ref, "eyes", **by)
    take(lab.machine, trainer, learner, now - timedelta(hours=1), 1, now)

    assert [(row.state, row.reason) for row in rows()] == [("refused", "not_given")]
    assert levels(learner, now) == {}


def test_what_is_revoked_before_the_tick_is_not_given_by_it(mill, trainer, learner, now, by):
    take(mill, trainer, learner, now, 1, now)
    with reading() as session:
        ref = session.scalars(select(Qualification.ref).where(Qualification.holder_number == learner)).one()
    training.revoke(ref, "incident", actor="account:1", now=now + timedelta(hours=1))
    with pytest.raises(TrainingError, match="cannot be given"):
        tick(rows()[0].id, trainer, now + timedelta(hours=2))

    assert levels(learner, now + timedelta(hours=2)) == {}


def test_who_has_everything_already_is_told_so(lab, trainer, now):
    take(lab.machine, trainer, lab.holder, now, 1, now)

    assert [(row.state, row.reason) for row in rows()] == [("done", "held_already")]


def test_it_is_taken_inside_the_transaction_of_whoever_calls(lab, trainer, learner, now):
    def broken_batch() -> None:
        with writing():
            take(lab.machine, trainer, learner, now, 1, now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_batch()

    assert rows() == []
    assert levels(learner, now) == {}


def test_an_agents_word_is_enough_and_said_twice_it_counts_once(mill, lab, trainer, learner, now):
    agent = PaperAgent("agent-1")
    at = now - timedelta(minutes=1)
    agent.says(SignOff(mill, trainer, learner, 1, stamp(at)))
    agent.says(SignOff(mill, trainer, trainer, 1, stamp(at)))
    agent.says(SignOff(lab.machine, 123456, learner, 1, stamp(at)))
    for _ in range(2):
        ingest(agent.sent, now)

    assert [(row.machine, row.state, row.reason, row.at) for row in rows()] == [
        ("c1", "pending", "", at),
        ("c1", "refused", "self", at),
        ("p1", "refused", "not_a_trainer", at),
    ]
    assert levels(learner, now) == {"milling": Level.SUPERVISED}
