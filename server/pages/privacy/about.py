"""What a request about a hold or a request of somebody is about, for the gate; 404 for what is not there."""

from typing import Any

from flask import abort
from sqlalchemy import select

from server.db import db, reading
from server.domain.retention import Kept
from server.domain.roles import THE_LAB, About
from server.privacy.models import Hold, PrivacyRequest


def class_of(kept: str) -> About:
    return THE_LAB if kept in set(Kept) else abort(404)


def hold_of(hold: int) -> About:
    return _there(select(Hold.id).where(Hold.id == hold))


def request_of(asked: int) -> About:
    return _there(select(PrivacyRequest.id).where(PrivacyRequest.id == asked))


def _there(wanted: Any) -> About:
    with reading():
        return THE_LAB if db.session.scalar(wanted) is not None else abort(404)
