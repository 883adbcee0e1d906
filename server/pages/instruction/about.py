"""What a request about instruction is about, for the gate; 404 for what is not there."""

from typing import Any

from flask import abort
from sqlalchemy import select

from server.db import db, reading
from server.domain.roles import About
from server.instruction.models import SignOffRow
from server.instruction.rows import CHECKLIST, SHEET
from server.pages.training.scope import skill_of
from server.training.models import Skill

KINDS = (SHEET, CHECKLIST)


def kind_of(code: str, kind: str, **others: Any) -> About:
    return skill_of(code) if kind in KINDS else abort(404)


def sign_off_of(number: int) -> About:
    """It is the trainer's, and nobody else's."""
    with reading():
        trainer = db.session.scalar(select(SignOffRow.trainer).where(SignOffRow.id == number))
    return About(holder=trainer) if trainer is not None else abort(404)


def sheet_of(code: str) -> About:
    """A safety sheet is for everybody to read."""
    with reading():
        found = db.session.scalar(select(Skill.id).where(Skill.code == code))
    return About() if found is not None else abort(404)
