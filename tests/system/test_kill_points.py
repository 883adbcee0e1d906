"""Kills the agent, and the link, at every commit, output change and publish of one scenario: nothing lost, nothing twice.

The points are numbered by a recording run of the same scenario (``killable.py``). After each kill the process is started
again, as systemd would, the scenario goes on, and the relay's own record is held against the ledger.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from server.db import reading
from server.demo.board_client import BoardError
from server.machines.models import Machine
from server.people import service as people
from server.people.models import Token
from server.usage.models import Denial, Event, RejectedEvent, UsageSession
from tests.system.small_lab import AGENT, Interval, SmallLab, VictimDied, small_lab

FEWEST_POINTS = 25
CHECKPOINT_S = 30


@pytest.fixture
def lab() -> Iterator[SmallLab]:
    with small_lab() as running:
        yield running


@pytest.mark.parametrize("victim", [AGENT, "link"])
def test_a_kill_at_any_point_loses_nothing_and_doubles_nothing(lab: SmallLab, victim: str, tmp_path: Path) -> None:
    lab.start()
    run = _Runs(lab, victim, tmp_path)
    count = run.record()
    assert count >= FEWEST_POINTS

    wrong = {}
    for point in range(1, count + 1):
        run.killed_at(point)
        if problems := run.problems():
            wrong[point] = problems

    print(f"\n{victim}: {count} kill points, killed at {run.kills} of them")
    assert wrong == {}
    assert run.kills >= FEWEST_POINTS, "what comes in one batch or in two differs from run to run, but not by so much"


class _Runs:
    """One lab, the same scenario again and again, the victim killed at another point each time."""

    def __init__(self, lab: SmallLab, victim: str, directory: Path) -> None:
        self._lab = lab
        self._victim = victim
        self._directory = directory
        self._arm = directory / "arm"
        self._killed = False
        self.kills = 0

    def record(self) -> int:
        """Run the scenario unharmed; how many points it passed."""
        self._lab.stop(self._victim)
        self._start()
        file = self._scenario(0)
        assert self.problems() == []
        return len(file.read_text().splitlines())

    def killed_at(self, point: int) -> None:
        self._scenario(point)
        self.kills += self._killed

    def problems(self) -> list[str]:
        """What does not fit between the relay's record, the agent's outbox and the ledger."""
        intervals = self._lab.intervals()
        with reading() as session:
            sessions = session.scalars(select(UsageSession).order_by(UsageSession.started_at)).all()
            stored = {(e.outbox, e.n): e.kind for e in session.scalars(select(Event))}
            rejected = session.scalars(select(RejectedEvent.reason)).all()
            denials = len(session.scalars(select(Denial)).all())
        found = [f"rejected: {reason}" for reason in rejected]
        outbox = self._lab.outbox()
        if stored != outbox:
            found.append(f"outbox {len(outbox)}, ledger {len(stored)}: {set(outbox.items()) ^ set(stored.items())}")
        if denials != list(outbox.values()).count("access_denied"):
            found.append(f"{denials} denials")
        found += [f"relay still closed: {one}" for one in intervals if one.off_ms is None]
        codes = {machine.id: machine.code for machine in _machines()}
        used = {(codes[one.machine_id], _ms(one)): one for one in sessions}
        found += [problem for one in intervals for problem in _compare(one, used.pop((one.machine, one.on_ms), None))]
        found += [f"billed without power: {key}" for key, left in used.items() if left.occupied_s]
        return found

    def _scenario(self, kill_at: int) -> Path:
        points = self._directory / f"points-{kill_at}"
        self._killed = False
        self._arm.write_text(f"{kill_at} {points}")
        for step in (self._maker, self._others, self._staff, self._last):
            step()
        self._put_away()
        return points

    def _maker(self) -> None:
        """Starts, works for more than one checkpoint, asks how long, and ends."""
        ada = self._lab.holder(0)
        self._tap("p1", ada.card)
        self._time(95)
        self._tap("p1", ada.card)
        self._tap("p1", ada.card)

    def _others(self) -> None:
        """A badge nobody knows, and somebody else's at a machine in use."""
        ada, ben = self._lab.holder(0), self._lab.holder(1)
        self._tap("p2", "62FFFFFFF0")
        self._tap("p2", ada.card)
        self._time(31)
        self._tap("p2", ben.card)
        self._time(10)

    def _staff(self) -> None:
        """A badge is lost and blocked while something runs; it is refused from then on; then it is found again."""
        cleo = self._lab.holder(2)
        with reading() as session:
            ref = session.scalars(select(Token.ref).where(Token.holder_number == self._lab.numbers[cleo.key])).one()
        people.block_token(ref, "lost", actor="test", now=self._lab.now)
        self._settle()
        self._tap("p1", cleo.card)
        people.unblock_token(ref, "found again", actor="test", now=self._lab.now)
        self._settle()

    def _last(self) -> None:
        ada = self._lab.holder(0)
        self._tap("p2", ada.card)
        self._tap("p2", ada.card)
        self._time(6)

    def _put_away(self) -> None:
        """Whatever still runs is ended by its holder, and everything has its receipt."""
        self._time(10)  # no question is open any more
        for machine in ("p1", "p2"):
            for _ in range(4):  # two taps end it; a kill in between may cost one of them
                if self._lab.is_on(machine):
                    self._settle()
                    self._tap(machine, self._card_at(machine))
        self._time(10)
        self._settle()

    def _card_at(self, machine: str) -> str:
        """The badge of whoever uses this machine: a kill may have cost the first maker's tap, and let in the second."""
        with reading() as session:
            mine = select(UsageSession.holder_number).join(Machine, Machine.id == UsageSession.machine_id)
            number = session.scalars(mine.where(Machine.code == machine, UsageSession.state == "open")).one()
        return next(holder.card for holder in self._lab.lab.holders if self._lab.numbers[holder.key] == number)

    def _tap(self, machine: str, card: str) -> None:
        """Tap, and let the server take it in, so that what comes in one batch differs little from run to run."""
        self._guarded(lambda: self._lab.tap(machine, card))
        self._guarded(self._lab.events_stored)

    def _time(self, seconds: int) -> None:
        self._guarded(lambda: self._lab.pass_time(seconds))

    def _settle(self) -> None:
        self._guarded(self._lab.lists_in_force)

    def _guarded(self, act: Callable[[], None]) -> None:
        """Do it; should the victim die of it, start it again, unarmed, and wait until it has caught up."""
        try:
            act()
            self._lab.check()
        except (BoardError, VictimDied):
            if not self._lab.victims[self._victim].dead():
                raise
            self._killed = True
            self._start()

    def _start(self) -> None:
        self._arm.unlink(missing_ok=True)
        self._lab.start_killable(self._victim, self._arm)
        self._lab.lists_in_force()


def _compare(interval: Interval, session: UsageSession | None) -> list[str]:
    """To the second; after a kill, at the last checkpoint that was on disk, never more than the relay was closed."""
    if session is None:
        return [f"power without a session: {interval}"]
    if interval.off_ms is None or session.state != "ended":
        return [f"not ended: {interval} {session.state}"]
    powered_s = (interval.off_ms - interval.on_ms) // 1000
    if session.occupied_s == powered_s:
        return []
    on_a_checkpoint = session.occupied_s % CHECKPOINT_S == 0 and session.end_reason == "power_loss"
    if on_a_checkpoint and 0 <= powered_s - session.occupied_s < 2 * CHECKPOINT_S:
        return []
    return [f"{interval.machine}: relay {powered_s} s, ledger {session.occupied_s} s ({session.end_reason})"]


def _ms(session: UsageSession) -> int:
    return round(session.started_at.timestamp() * 1000)


def _machines() -> list[Machine]:
    with reading() as session:
        return list(session.scalars(select(Machine)))
