"""The four topics an agent and the server share, and the one way to build and to read them."""

import re
from enum import StrEnum
from typing import NamedTuple

PREFIX = "prolab/1/agents"
_AGENT_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
SERVER_NAME = "server"


class Leaf(StrEnum):
    """The last part of a topic: who writes it, and whether the broker keeps the last one."""

    EVENTS = "events"  # agent writes, QoS 1, in order
    STATUS = "status"  # agent writes, retained, also the last will
    ACCESS_LIST = "access-list"  # server writes, retained
    RECEIPT = "receipt"  # server writes, retained


_LEAVES = frozenset(map(str, Leaf))


class Topic(NamedTuple):
    agent: str
    leaf: Leaf

    def __str__(self) -> str:
        return f"{PREFIX}/{self.agent}/{self.leaf}"


def is_agent_name(name: str) -> bool:
    """True for 2–40 of ``a-z 0-9 -`` that is not the server's own name (it is the broker user name, so no wildcard fits)."""
    return _AGENT_NAME.fullmatch(name) is not None and name != SERVER_NAME


def parse(text: str) -> Topic | None:
    """The agent and leaf of a topic, or None for a topic that is not ours."""
    head, _, leaf = text.rpartition("/")
    prefix, _, agent = head.rpartition("/")
    if prefix != PREFIX or not is_agent_name(agent) or leaf not in _LEAVES:
        return None
    return Topic(agent, Leaf(leaf))


def of_all_agents(leaf: Leaf) -> str:
    """The subscription that receives one leaf of every agent."""
    return f"{PREFIX}/+/{leaf}"
