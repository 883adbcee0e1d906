"""Whether somebody may be expected to use a machine at a moment to come, and who would pay: the rules of the lists, asked
about that moment. A badge may still be lent by then, so the lack of one stands against nothing here.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from server.access.service import load_facts
from server.db import db, reading
from server.domain.access import judge
from server.domain.rights import Rights, rights_of
from server.machines.site_keys import ring
from server.pages.me.words import AGAINST
from server.pages.people.reads import read_file
from server.pages.people.verdict import verdict
from server.training.models import Skill
from server.web.here import now, settings, zone
from wire.messages import DenialReason, PayerCard

_BY_THEN = {DenialReason.UNKNOWN_TOKEN, DenialReason.TOKEN_BLOCKED, DenialReason.TOKEN_EXPIRED}


@dataclass(frozen=True, slots=True)
class Entitled:
    """``against``: why not, in sentences for the holder; empty where nothing stands against it."""

    against: tuple[str, ...]
    payer: PayerCard | None


def entitled(holder: int, machine: str, at: datetime) -> Entitled:
    keys = ring(settings(), now())
    facts = load_facts(now(), keys.newest.id, {}, holder, older_keys=keys.ids)
    rights = rights_of(judge(facts, at, zone()), holder, machine)
    against = [_sentence(reason) for reason in rights.against if reason not in _BY_THEN]
    for right in rights.machines:
        if not right.is_trained:
            against += _missing(holder, replace(rights, machines=(replace(right, machine_reasons=()),)))
    return Entitled(tuple(against), next((right.payer for right in rights.machines), rights.payer))


def _sentence(reason: str) -> str:
    return next((str(text) for word, text in AGAINST.items() if word == reason), reason)


def _missing(holder: int, rights: Rights) -> list[str]:
    """As it is explained on one's own page, of the one machine."""
    with reading():
        skills = dict(db.session.execute(select(Skill.code, Skill.name)).all())
    return [group.text for group in verdict(read_file(holder, sees_sessions=False), rights, skills).groups]
