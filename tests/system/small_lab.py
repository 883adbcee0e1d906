"""A small lab of real processes on the simulated board: broker, link, one agent with three machines, in virtual time."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import func, select

from server.db import reading
from server.demo import watch
from server.demo.board_client import BoardClient, BoardError
from server.demo.broker import Broker
from server.demo.cast import Cast
from server.demo.lab import ZONE, Lab, make_lab
from server.demo.lab_people import MILLING, PRINTING, Holder
from server.demo.lab_tenants import Tenant
from server.demo.processes import clean_environment
from server.demo.site import KEY_ID, SERVER, Access, Site
from server.demo.stage import Stage, books, free_port, own_broker, raised
from server.jobs.service import news_of
from server.lists.models import PublishedList
from server.lists.outgoing import ACCESS
from server.lists.service import compile_all, needs_publishing
from server.machines.models import Agent, Machine
from server.usage.models import Denial, Event, UsageSession
from tests.system.forked import QuickProcesses
from tests.waiting import gone, until

START = datetime(2026, 10, 14, 7, 0, tzinfo=UTC)  # a Wednesday, 09:00 on the lab's clock
AGENT = "agent-1"
_SETTLED_WITHIN_S = 60
_MOMENT_S = 0.1


@dataclass(frozen=True, slots=True)
class Interval:
    """The relay of a machine was closed from–until (ms); ``why`` it opened."""

    machine: str
    on_ms: int
    off_ms: int | None
    why: str


class SmallLab:
    def __init__(
        self,
        site: Site,
        lab: Lab,
        stage: Stage,
        board: BoardClient,
        broker: Broker,
        numbers: dict[int, int],
        begin: datetime,
    ) -> None:
        self.site = site
        self.lab = lab
        self.stage = stage
        self.board = board
        self.broker = broker
        self.numbers = numbers
        self.now_s = int(begin.timestamp())
        self.victims: dict[str, Victim] = {}
        self._lacking = ""
        self._sent_through = 0  # the newest change at which each list said what was sent last,
        self._sent: dict[str, int] = {}  # and which lists those were
        self._wanted: dict[tuple[int, int], dict[str, str]] = {}  # by newest change and second: what lists must say

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_s, UTC)

    def start(self) -> None:
        self.stage.start_server("link")
        self.stage.start_agent(AGENT)
        self.lists_in_force()

    def lists_in_force(self) -> None:
        """Wait until every list is out and in force and every event has its receipt. Raises VictimDied at once."""
        self._until(lambda: self._lists_sent() and self._settled(watch.revisions()))

    def events_stored(self) -> None:
        """Wait until every event has its receipt. Raises VictimDied at once."""
        self._until(lambda: self._settled({}))

    def _until(self, settled: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _SETTLED_WITHIN_S
        while not settled():
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"not settled: {self._lacking}")
            time.sleep(0.01)

    def _lists_sent(self) -> bool:
        """True when no list is due, and each says what was sent last (in this lab no right ends by its own date).

        Asked every few milliseconds, so lists are compiled once for each change that concerns them, and for each that was sent.
        """
        self._lacking = "lists to be sent"
        if needs_publishing(self.now):
            return False
        newest, concerned = news_of(ACCESS, self._sent_through)
        revisions = watch.revisions()
        if not concerned and revisions == self._sent:
            return True
        if (newest, self.now_s) not in self._wanted:
            self._wanted = {(newest, self.now_s): _contents(self.now)}
        if _published() != self._wanted[newest, self.now_s]:
            return False
        self._sent_through, self._sent = newest, revisions
        return True

    def _settled(self, revisions: dict[str, int]) -> bool:
        """The board is asked for a moment only: it cannot know that somebody it waits for has died."""
        try:
            self.board._ask("settle", revision=revisions, receipted=True, connected=True, timeout_s=_MOMENT_S)
        except BoardError as error:
            self._lacking = str(error)
            return False
        return True

    def check(self) -> None:
        self.stage.processes.check()
        for name, victim in self.victims.items():
            if victim.dead():
                raise VictimDied(f"{name}: {self.stage.processes.last_words(name)}")

    def pass_time(self, seconds: int, fine: bool = True) -> None:
        self.now_s += seconds
        self.board.advance(self.now_s, fine=fine)

    def tap(self, machine: str, card: str) -> None:
        """Hold a card to a reader, and one second goes by."""
        self.board.tap(machine, card, 2)
        self.pass_time(1)

    def go_to(self, second: int) -> None:
        """Let time pass until then, in long strides. Broker and link may be away."""
        self.pass_time(second - self.now_s, fine=False)

    def is_on(self, machine: str) -> bool:
        last = [edge for edge in self.edges() if edge["machine"] == machine]
        return bool(last) and last[-1]["level"] == 1

    def edges(self) -> list[dict[str, object]]:
        file = self.site.board / "edges.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def intervals(self) -> list[Interval]:
        """Every time a relay was closed, by start."""
        running: dict[str, int] = {}
        done = []
        for edge in self.edges():
            machine, at = str(edge["machine"]), int(str(edge["t_ms"]))
            if edge["level"] == 1:
                running[machine] = at
            elif machine in running:
                done.append(Interval(machine, running.pop(machine), at, str(edge["why"])))
        done += [Interval(machine, at, None, "") for machine, at in running.items()]
        return sorted(done, key=lambda interval: (interval.on_ms, interval.machine))

    @property
    def state_file(self) -> Path:
        return self.site.agent_settings(AGENT).parent / "agent.db"

    def outbox(self) -> dict[tuple[str, int], str]:
        """What the agent's state file holds: (outbox, n) → kind."""
        with sqlite3.connect(self.state_file) as connection:
            rows = [json.loads(payload) for (payload,) in connection.execute("SELECT payload FROM event")]
        connection.close()
        return {(row["outbox"], row["n"]): row["kind"] for row in rows}

    def unreceipted(self) -> int:
        """Events without a receipt, as the agent last said."""
        waits: dict[str, int] = self.board._ask("state")["agents"][AGENT]["waits"]
        return waits["unreceipted"]

    def stored(self) -> dict[tuple[str, int], str]:
        """What the ledger holds: (outbox, n) → kind."""
        with reading() as session:
            return {(event.outbox, event.n): event.kind for event in session.scalars(select(Event))}

    def sessions(self, machine: str) -> list[UsageSession]:
        """In the order of their start."""
        wanted = (
            select(UsageSession).join(Machine, Machine.id == UsageSession.machine_id).where(Machine.code == machine)
        )
        with reading() as session:
            return list(session.scalars(wanted.order_by(UsageSession.started_at)))

    def denials(self, holder: Holder | None = None) -> list[tuple[str, set[str]]]:
        """Machine and reasons of every refused tap in the ledger, or of one holder's, in their order."""
        wanted = select(Machine.code, Denial.reasons).join(Machine, Machine.id == Denial.machine_id)
        if holder is not None:
            wanted = wanted.where(Denial.holder_number == self.numbers[holder.key])
        with reading() as session:
            return [(code, set(reasons)) for code, reasons in session.execute(wanted.order_by(Denial.event_id))]

    def differences(self) -> list[str]:
        """What does not fit to the second between relay, outbox and ledger, where no session was cut off."""
        events = sorted(self.stored().items() ^ self.outbox().items())
        with reading() as session:
            denied = session.scalar(select(func.count()).select_from(Denial)) or 0
        refused = list(self.outbox().values()).count("access_denied")
        flowed = Counter(_powered(one) for one in self.intervals())
        used = Counter(_used(code, one) for code in self._machines() for one in self.sessions(code))
        return [
            *(f"event in one place only: {one}" for one in events),
            *([f"{refused} taps refused, {denied} in the ledger"] if refused != denied else []),
            *(f"power without its session: {one}" for one in (flowed - used).elements()),
            *(f"session without its power: {one}" for one in (used - flowed).elements()),
        ]

    def _machines(self) -> list[str]:
        return [machine.code for machine in self.lab.machines]

    def holder(self, index: int) -> Holder:
        return self.lab.holders[index]

    def start_agent(self) -> None:
        self.stage.start_agent(AGENT)
        self.stage.until(lambda: self.board.connected(AGENT), "the agent to come to the board")

    def kill_agent(self) -> None:
        self.stage.processes.kill(AGENT)
        self._agent_missed()

    def _agent_missed(self) -> None:
        """Until the board has noticed that the agent is gone; before that it lets no other in."""
        self.stage.until(lambda: not self.board.connected(AGENT), "the board to miss the agent")

    def start_killable(self, name: str, arm: Path) -> None:
        """Start link or the agent with numbered kill points (``killable.py``), or start it again."""
        if name == AGENT:
            self._agent_missed()
            program = ["agent", "run", "--config", str(self.site.agent_settings(AGENT))]
        else:
            program = ["server", name]
        if name not in self.victims:
            self.victims[name] = Victim([str(arm), *program], self.site.settings, self.site.logs / f"{name}.log")
        self.victims[name].start()

    def stop(self, name: str) -> None:
        """In order, whichever way it was started."""
        victim = self.victims.pop(name, None)
        if victim is None:
            self.stage.processes.stop(name)
        else:
            victim.stop()


class Victim:
    """A program that is started, killed and started again."""

    def __init__(self, arguments: list[str], settings: Path, log: Path) -> None:
        command = [sys.executable, "-m", "tests.system.killable", *arguments]
        environment = {**clean_environment(), "PROLAB_CONFIG": str(settings)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with log.open("ab") as errors:
            self._parent = subprocess.Popen(command, stderr=errors, env=environment, **pipes)  # type: ignore[call-overload]
        self.pid = 0

    def start(self) -> None:
        self._parent.stdin.write(b"\n")
        self._parent.stdin.flush()
        self.pid = int(self._parent.stdout.readline())

    def dead(self) -> bool:
        return gone(self.pid)

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        until(self.dead)
        self._parent.communicate()


def _small(whole: Lab) -> Lab:
    """Of the demo's lab one agent, six holders who may use all its machines, and who pays for them."""
    machines = tuple(machine for machine in whole.machines if machine.agent == AGENT)
    able = [holder for holder in whole.holders if {PRINTING, MILLING} <= holder.skills and len(holder.tenants) == 1]
    codes = {None, *(machine.code for machine in machines)}
    return replace(
        whole,
        machines=machines,
        holders=tuple(able[:6]),
        tenants=_with_whom_they_belong_to(whole, {tenant for holder in able[:6] for tenant in holder.tenants}),
        tariffs=tuple(tariff for tariff in whole.tariffs if tariff.machine in codes),
    )


def _with_whom_they_belong_to(whole: Lab, codes: set[str]) -> tuple[Tenant, ...]:
    """These tenants, and those they need: parents, and who pays."""
    more = {code for one in whole.tenants if one.code in codes for code in (one.parent, one.bill_to) if code}
    if more <= codes:
        return tuple(one for one in whole.tenants if one.code in codes)
    return _with_whom_they_belong_to(whole, codes | more)


def _shared(access: Access) -> Access:
    return replace(access, passwords={}, shared=access.account(SERVER))


def _contents(now: datetime) -> dict[str, str]:
    """What each agent's list would say, as a hash."""
    return {name: one.content_sha256 for name, one in compile_all(now, None, ZONE, KEY_ID).items()}


def _published() -> dict[str, str]:
    """What the list says that was sent last."""
    wanted = select(Agent.name, PublishedList.content_sha256).join(PublishedList, PublishedList.agent_id == Agent.id)
    with reading() as session:
        return {name: content for name, content in session.execute(wanted)}  # noqa: C416 — rows, not pairs


def _powered(interval: Interval) -> tuple[str, int, int | None, int | None]:
    seconds = None if interval.off_ms is None else (interval.off_ms - interval.on_ms) // 1000
    return interval.machine, interval.on_ms, interval.off_ms, seconds


def _used(machine: str, session: UsageSession) -> tuple[str, int, int | None, int | None]:
    if session.ended_at is None:
        return machine, _ms(session.started_at), None, None
    return machine, _ms(session.started_at), _ms(session.ended_at), session.occupied_s


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


class VictimDied(RuntimeError):  # noqa: N818 — that is what happened
    """The process that is to be killed has been."""


@contextmanager
def small_lab(begin: datetime = START, one_account: bool = False) -> Iterator[SmallLab]:
    """Nothing but broker and board is running yet; ``start()`` starts link and agent and waits for the list.

    ``one_account``: everybody logs in at the broker as the server, who may read and write everything of prolab's.
    """
    lab = _small(make_lab(1, date(2026, 10, 1)))
    home = Path(tempfile.mkdtemp(prefix="prolab-"))
    site = Site(home)
    site.make()
    try:
        with (
            books(site, lab, Cast((), lab.holders), begin) as numbers,
            own_broker(site, lab) as (broker, own),
            raised(
                site,
                lab,
                _shared(own) if one_account else own,
                int(begin.timestamp()),
                free_port(),
                virtual=True,
                children=QuickProcesses,
            ) as (stage, board),
        ):
            running = SmallLab(site, lab, stage, board, broker, numbers, begin)
            try:
                yield running
            finally:
                for name in list(running.victims):
                    running.stop(name)
    finally:
        shutil.rmtree(home)
