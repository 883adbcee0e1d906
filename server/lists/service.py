"""Compiles the access lists of the agents, and knows which of them must be sent again.

A list goes out when something in it changed, when half of its shortest validity has passed, or when a dated fact begins
or ends. Content that equals the last one sent is not sent again before its renewal.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from server.access.service import load_facts
from server.billing.service import rates_for
from server.db import db, reading, writing
from server.domain.access import compile_list, judge, validity
from server.domain.facts import Facts, next_turn
from server.lists.models import PublishedList
from server.machines.models import Agent, Machine
from wire.codec import encode
from wire.messages import AccessList


@dataclass(frozen=True, slots=True)
class Compiled:
    """One agent's list, ready to send, and what to remember of it once it was sent."""

    list: AccessList
    payload: bytes
    content_sha256: str
    renew_at: datetime
    worth_sending: bool  # False: the agent already has this, and it is not due for renewal
