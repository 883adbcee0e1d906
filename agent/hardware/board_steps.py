"""How virtual time moves: never while an agent is busy, and always to the next moment at which one has something to do.

Every wait ends: with what was waited for, or with the name of the agent and what it has not done.
"""

from collections.abc import Callable, Iterable, Iterator

from agent.hardware.board_agents import AgentSide
from agent.hardware.board_edges import Records
from agent.hardware.board_server import Switchboard
from agent.hardware.board_time import BoardTime, Patience

_FIRST_NUDGE_S, _LAST_NUDGE_S = 0.002, 0.05
_SAME_MOMENT_WAKES = 1000  # an agent woken that often at one moment is not getting anywhere


class StuckError(ValueError):
    """An agent has not done in time what the board waits for."""


class Stepper:
    def __init__(self, switch: Switchboard, agents: Iterable[AgentSide], records: Records, time: BoardTime) -> None:
        self._switch = switch
        self._agents = tuple(agents)
        self._records = records
        self._time = time

    def advance(self, to_ms: int, fine: bool, patience_s: float) -> int:
        """Let time pass until ``to_ms`` with everybody quiet at the end; ``fine`` also stops at soft deadlines.

        Returns the number of steps. Raises ValueError for a moment that is past, StuckError for an agent that hangs.
        """
        steps = wakes_here = 0
        while True:
            self.until_quiet(patience_s)
            self._records.look(self._time.now_ms())
            if not self._due(fine):
                if self._time.now_ms() == to_ms:
                    return steps
                self._time.move_to(min([to_ms, *(at for _, at in self._deadlines(fine))]))
                steps, wakes_here = steps + 1, 0
            due = self._due(fine)
            for side in due:
                side.wake()
            wakes_here += bool(due)
            if wakes_here > _SAME_MOMENT_WAKES:
                raise StuckError(
                    f"{due[0].name} was woken {wakes_here} times at {self._time.now_ms()} and is still not done"
                )

    def until_quiet(self, patience_s: float) -> None:
        """Wait until no connected agent has anything left to do at this moment."""
        self.until(lambda: next(self._unquiet(), None), patience_s, only_the_busy=True)

    def until_settled(self, revisions: dict[str, int], receipted: bool, connected: bool, patience_s: float) -> None:
        """As quiet, and each agent named has that list in force; no event lacks its receipt; all agents are online."""
        self.until(lambda: next(self._unsettled(revisions, receipted, connected), None), patience_s)

    def until(self, lacking: Callable[[], str | None], patience_s: float, only_the_busy: bool = False) -> None:
        """Serve the agents until ``lacking`` finds nothing more to name. Raises StuckError with what it named last.

        An agent is asked again when nothing comes from it: what its other threads did may have changed its answer.
        With ``only_the_busy`` those that have nothing left to do are left alone.
        """
        patience, nudge_s = Patience(patience_s), _FIRST_NUDGE_S
        while (missing := lacking()) is not None:
            if patience.is_over():
                raise StuckError(f"{missing}, after {patience_s:g} s")
            if self._switch.pump(nudge_s):
                continue
            nudge_s = min(2 * nudge_s, _LAST_NUDGE_S)
            for side in self._agents:
                if side.answered() and not (only_the_busy and side.lacks() is None):
                    side.wake()

    def _unquiet(self) -> Iterator[str]:
        for side in self._agents:
            if side.line is not None and (missing := side.lacks()) is not None:
                yield missing

    def _unsettled(self, revisions: dict[str, int], receipted: bool, connected: bool) -> Iterator[str]:
        for side in self._agents:
            report = side.report
            wanted = revisions.get(side.name)
            if report is None:
                if connected or wanted is not None:
                    yield f"{side.name} is not running"
                continue
            if wanted is not None and report.revision < wanted:
                yield f"{side.name} has list {report.revision} in force, not yet {wanted}"
            if receipted and report.unreceipted:
                yield f"{side.name} has {report.unreceipted} events without a receipt"
            if connected and not report.connected:
                yield f"{side.name} is not connected to the broker"
        yield from self._unquiet()  # last, because asking again makes everybody unquiet for a moment

    def _deadlines(self, fine: bool) -> Iterator[tuple[AgentSide, int]]:
        for side in self._agents:
            if side.report is not None and (at := side.report.deadline(fine)) is not None:
                yield side, at

    def _due(self, fine: bool) -> list[AgentSide]:
        return [side for side, at in self._deadlines(fine) if at <= self._time.now_ms()]
