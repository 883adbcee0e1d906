"""Which agents are to be sent their access list now, and which must wait a moment first.

All are to be sent theirs when the link has connected, because the broker keeps nothing; later those whose list changed
or is due. An agent that holds events the server has not stored waits until they are: after a restore from a backup they
may tell of rights that were taken away, and a list compiled without them would give those rights back.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from server.db import reading
from server.jobs.service import news_of
from server.lists.service import compile_all, due_times, record_all
from server.machines.models import Agent
from server.machines.site_keys import Ring
from server.usage.models import Outbox

ACCESS = "access"  # the topic of changes that lists depend on
WAITS_FOR_EVENTS_S = 30.0  # at most; an agent whose events do not come must not keep an old list for ever
WAITS_FOR_STATUS_S = 2.0  # at most; an agent that is there has spoken by then
_LOOKS_UP_EVERY = timedelta(hours=1)  # when lists are due; sooner where one of them is, or something changed


class Outgoing:
    """Times named ``at`` are real seconds (clock.patience); ``now`` is the lab's time, which stands in the lists."""

    def __init__(self, zone: ZoneInfo, keys: Callable[[datetime], Ring]) -> None:
        self._zone = zone
        self._keys = keys  # as they count at a moment: one of them may just have been changed
        self._wanted: dict[str, float] = {}  # agent → since when
        self._anyway: set[str] = set()  # to be sent although they were sent the same before
        self._heard: set[str] = set()  # since the link connected
        self._connected_at: float | None = None  # while nobody has looked yet who there is
        self._newest = 0  # the newest change seen
        self._due_at: datetime | None = None  # when the next list is; None while that is to be looked up

    def connected(self, at: float) -> None:
        """The broker may have lost everything."""
        self._heard.clear()
        self._wanted.clear()
        self._connected_at = at

    def heard(self, agents: Iterable[str]) -> None:
        """These agents have said what they hold."""
        self._heard.update(agents)

    def look(self, now: datetime, at: float) -> None:
        """Look who is to be sent a list: all after a connect, then those whose list may have changed or is due."""
        if self._connected_at is not None:
            self._anyway.update(_agents())
            self._want(self._anyway, self._connected_at)
            self._connected_at = None
        newest, concerns_lists = news_of(ACCESS, self._newest)
        if concerns_lists or newest < self._newest:  # lower: the books were restored under us
            self._want(_agents(), at)
            self._due_at = None
        self._newest = newest
        if self._due_at is None or self._due_at <= now:
            self._want_due(now, at)

    def take(self, now: datetime, at: float) -> dict[str, bytes]:
        """The lists that may go out now, each under a new revision that is already written down."""
        ready = self._ready(at)
        if not ready:
            return {}
        keys = self._keys(now)
        compiled = compile_all(now, ready, self._zone, keys.newest.id, keys.ids, keys.wrapped)
        sent = {name for name, one in compiled.items() if one.worth_sending or name in self._anyway}
        record_all([(one, name in sent) for name, one in compiled.items()], now)
        self._due_at = None
        for name in ready:
            del self._wanted[name]
        self._anyway -= ready
        return {name: compiled[name].payload for name in compiled if name in sent}

    def _want(self, agents: Iterable[str], at: float) -> None:
        for name in agents:
            self._wanted.setdefault(name, at)

    def _want_due(self, now: datetime, at: float) -> None:
        times = due_times()
        self._want([name for name, due_at in times.items() if due_at is None or due_at <= now], at)
        later = [due_at for due_at in times.values() if due_at is not None and due_at > now]
        self._due_at = min([now + _LOOKS_UP_EVERY, *later])

    def _ready(self, at: float) -> set[str]:
        if not self._wanted:
            return set()
        behind = _behind()
        return {name for name, since in self._wanted.items() if at - since >= self._patience(name, behind)}

    def _patience(self, agent: str, behind: set[str]) -> float:
        if agent not in self._heard:
            return WAITS_FOR_STATUS_S
        return WAITS_FOR_EVENTS_S if agent in behind else 0.0


def _agents() -> list[str]:
    with reading() as session:
        return list(session.scalars(select(Agent.name)))


def _behind() -> set[str]:
    """Agents that have written more events than are stored."""
    wanted = select(Agent.name).outerjoin(Outbox, Outbox.id == Agent.outbox)
    with reading() as session:
        missing = Agent.last_n > func.coalesce(Outbox.last_n, 0)
        return set(session.scalars(wanted.where(Agent.outbox.is_not(None), missing)))
