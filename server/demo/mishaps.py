"""Makes things break during the demo's month, and puts them right again: broker, agent, clock, database."""

from datetime import datetime

from server.demo import watch
from server.demo.board_client import BoardClient
from server.demo.broker import Broker
from server.demo.moments import Break, Fault
from server.demo.stage import Stage
from server.demo.watch import Counted
from server.jobs import backup

_CLOCK_BEHIND_S = -3 * 24 * 3600
_SERVER_PARTS = ("link", "work")


class Mishaps:
    """Counts what it did. ``broker``: None where it is somebody else's, which nobody kills. What ingest counted between a backup and its restore is remembered here: the restore forgets."""

    def __init__(self, stage: Stage, broker: Broker | None, board: BoardClient) -> None:
        self._stage = stage
        self._broker = broker
        self._board = board
        self.broker_away = False
        self.broker_kills = 0
        self.agent_kills = 0
        self.restores = 0
        self.forgotten = Counted(0, 0)

    def happen(self, fault: Fault, now: datetime) -> None:
        match fault:
            case Fault(what=Break.BROKER_KILLED) if self._broker:
                self._broker.kill()
                self.broker_away = True
                self.broker_kills += 1
            case Fault(what=Break.BROKER_BACK) if self._broker:
                self._broker.start()
                self.broker_away = False
                self._board.settle(receipted=True, connected=True)
            case Fault(what=Break.BACKUP):
                self._board.settle(receipted=True)
                backup.backup(self._stage.site.backup, self._stage.site.documents)
            case Fault(what=Break.RESTORE):
                self._restore(now)
            case Fault(what=what, agent=str(agent)):
                self._agent(what, agent)

    def _agent(self, what: Break, agent: str) -> None:
        match what:
            case Break.AGENT_KILLED:
                self._stage.processes.kill(agent)
                self.agent_kills += 1
                self._until_gone(agent)
            case Break.AGENT_STOPPED:
                self._stage.processes.stop(agent)
                self._until_gone(agent)
            case Break.AGENT_BACK:
                self._start(agent)
            case Break.CLOCKLESS_BOOT:
                self._board.next_boot(agent, new_boot=True, synced=False, wall_offset_s=_CLOCK_BEHIND_S)
                self._start(agent)
            case Break.CLOCK_SET:
                self._board.sync(agent)
                self._board.settle(receipted=True)

    def _start(self, agent: str) -> None:
        self._stage.start_agent(agent)
        self._board.settle(receipted=True, connected=True)

    def _until_gone(self, agent: str) -> None:
        """The board has seen the process die, and its pins fall."""
        self._stage.until(lambda: not self._board.connected(agent), f"the board to miss {agent}")

    def _restore(self, now: datetime) -> None:
        """Last night's books come back. The agents send again what has happened since."""
        self._board.settle(receipted=True)
        site = self._stage.site
        for part in _SERVER_PARTS:
            self._stage.processes.stop(part)
        through, counted = watch.stored_through(), watch.counted()
        backup.restore(site.backup, site.documents, now)
        self.forgotten = counted - watch.counted()
        self.restores += 1
        self._stage.start_server(*_SERVER_PARTS)
        self._stage.until(lambda: _caught_up(through), "the agents to send again what the restore forgot")
        self._board.settle(receipted=True, connected=True)


def _caught_up(through: dict[str, int]) -> bool:
    stored = watch.stored_through()
    return all(stored.get(outbox, 0) >= last_n for outbox, last_n in through.items())
