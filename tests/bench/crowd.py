"""Holders by the thousand, written straight into the tables: the services would take minutes and are not what is measured."""

from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert, select

from server.db import Model, db, writing
from server.demo.lab_people import _GIVEN, SKILLS, _skills
from server.demo.site import KEY_ID
from server.people.models import Holder, Membership, Payer, Person, Token
from server.training.models import Qualification, Skill

_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
_FIRST_NUMBER = 20_000_000  # above those the service draws


def add_crowd(count: int) -> list[str]:
    """So many holders with one badge and one membership each, and skills as in the demo. Returns their tokens' refs."""
    if count <= 0:
        return []
    random = Random("crowd")
    with writing() as session:
        payers = session.execute(select(Payer.id, Payer.tenant_id)).all()
        skills = dict(session.execute(select(Skill.code, Skill.id).where(Skill.code.in_(SKILLS))).all())
        numbers = range(_FIRST_NUMBER, _FIRST_NUMBER + count)
        tokens = [_token(random, number) for number in numbers]
        session.execute(insert(Holder), [{"number": number} for number in numbers])
        session.execute(insert(Person), [_person(random, number) for number in numbers])
        session.execute(insert(Token), tokens)
        session.execute(insert(Membership), [_membership(random, number, payers) for number in numbers])
        session.execute(
            insert(Qualification),
            [
                _qualification(random, number, skill)
                for number in numbers
                for code, skill in skills.items()
                if code in _skills(random)
            ],
        )
    return [token["ref"] for token in tokens]


def _person(random: Random, number: int) -> dict[str, Any]:
    names = _GIVEN.split()
    return {
        "holder_number": number,
        "given_name": random.choice(names),
        "family_name": "Personne",
        "language": random.choice(("fr", "fr", "de", "en")),
        "shows_first_name": random.random() < 0.4,
    }


def _token(random: Random, number: int) -> dict[str, Any]:
    mark = f"{random.getrandbits(128):032x}"
    return {
        "ref": _uuid(random),
        "holder_number": number,
        "fingerprint": mark,
        "key_id": KEY_ID,
        "valid_from": _SINCE,
    }


def _membership(random: Random, number: int, payers: Any) -> dict[str, Any]:
    payer_id, tenant_id = random.choice(payers)
    place = {"tenant_id": tenant_id, "payer_id": payer_id, "rank": 0}
    return {"ref": _uuid(random), "holder_number": number, "valid_from": _SINCE, **place}


def _qualification(random: Random, number: int, skill_id: int) -> dict[str, Any]:
    what = {"skill_id": skill_id, "level": "alone", "granted_by": "bench"}
    return {"ref": _uuid(random), "holder_number": number, "valid_from": _SINCE, **what}


def add_rows(model: type[Model], rows: list[dict[str, Any]]) -> None:
    """Into the table itself, not through its class: there may be a million."""
    table = model.__table__
    assert isinstance(table, Table)
    db.session.execute(insert(table), rows)


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))
