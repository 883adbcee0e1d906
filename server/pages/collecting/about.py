"""What a request about money that came in is about: the lab; 404 for what is not there."""

from typing import Any

from flask import abort

from server.collecting.models import Payment
from server.db import reading
from server.domain.roles import THE_LAB, About


def payment_numbered(number: int, **others: Any) -> About:
    with reading() as session:
        return THE_LAB if session.get(Payment, number) is not None else abort(404)
