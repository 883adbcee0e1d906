"""Lives through a timetable on the simulated board: taps, staff, faults, each at its virtual second, nothing skipped.

Time only moves when everybody is done. Before it passes the moment at which a list must be renewed it stops there, and
waits, in real time, until the new lists are in force on every agent.
"""

from datetime import UTC, datetime

from server.demo import watch
from server.demo.board_client import BoardClient
from server.demo.lab import ZONE
from server.demo.mishaps import Mishaps
from server.demo.moments import Break, Fault, Moment, Plan, Staff, Tap
from server.demo.office import Office
from server.demo.progress import Part, Progress
from server.demo.stage import Stage

_FINE_S = 120  # so long before an agent is killed every checkpoint reaches the disk in time


class Month:
    def __init__(
        self, plan: Plan, stage: Stage, board: BoardClient, office: Office, mishaps: Mishaps, progress: Progress | Part
    ) -> None:
        self._plan = plan
        self._stage = stage
        self._board = board
        self._office = office
        self._mishaps = mishaps
        self._progress = progress
        self._kills = [m.at for m in plan.moments if isinstance(m, Fault) and m.what is Break.AGENT_KILLED]
        self._now = plan.begin
        self._renewal = 0
        self._acts: list[Staff] = []  # what staff do at this second

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self._now, UTC)

    def open(self) -> None:
        """Everybody is connected and has a list."""
        self._lists()
        self._board.settle(receipted=True, connected=True)

    def live(self) -> None:
        moments = self._plan.moments
        for number, (moment, following) in enumerate(zip(moments, (*moments[1:], None), strict=True), 1):
            self._go_to(moment.at)
            self._do(moment, last=not (isinstance(following, Staff) and following.at == moment.at))
            self._progress.tick(f"{self.now.astimezone(ZONE):%a %d %b %H:%M}", number, len(moments))
        self._go_to(self._plan.finish)
        self._board.settle(receipted=True, connected=True)

    def _do(self, moment: Moment, last: bool) -> None:
        """``last``: no other act of staff follows at this second, so that one list says it all, in every run alike."""
        match moment:
            case Tap():
                self._board.tap(moment.machine, moment.card, moment.frames)
            case Staff():
                self._acts.append(moment)
                if last:
                    self._board.settle(receipted=True)
                    self._office.do(self._acts, self.now)
                    self._acts.clear()
                    self._lists()
            case Fault():
                self._stage.processes.check()
                self._mishaps.happen(moment, self.now)
                if moment.what in (Break.RESTORE, Break.BROKER_BACK):
                    self._lists()

    def _go_to(self, to: int) -> None:
        while not self._mishaps.broker_away and self._renewal < to:
            self._advance(max(self._renewal, self._now))
            self._stage.until(lambda: watch.all_renewed(self.now), "the lists to be renewed")
            self._in_force()
        self._advance(to)

    def _advance(self, to: int) -> None:
        """In fine steps shortly before an agent is killed."""
        for kill in self._kills:
            if self._now < kill - _FINE_S < to:
                self._step(kill - _FINE_S)
        self._step(to)

    def _step(self, to: int) -> None:
        self._board.advance(to, fine=any(kill - _FINE_S <= self._now <= kill for kill in self._kills))
        self._now = to

    def _lists(self) -> None:
        """Something has changed: wait until every list that says something else now is out and in force."""
        self._stage.until(lambda: watch.all_sent(self.now), "the lists to be sent")
        self._in_force()

    def _in_force(self) -> None:
        self._board.settle(revisions=watch.revisions())
        self._renewal = watch.next_renewal()
