"""Where scenes write down their visits, refused taps, acts and faults while the demo's timetable is being made."""

from random import Random

from server.demo.diary import Diary
from server.demo.lab import Lab
from server.demo.lab_people import Holder
from server.demo.moments import Act, Break, Ending, Fault, Moment, Plan, Refused, Staff, Tap, Visit
from wire.messages import DenialReason

_CONFIRM_S = 2  # between the tap that asks and the tap that ends
_REFUSAL_S = 15
_TRIES = 200


class Builder:
    def __init__(self, lab: Lab, random: Random, until: int | None = None) -> None:
        """``until``: the last second at which anything may still go on."""
        self.lab = lab
        self.random = random
        self.diary = Diary(until)
        self._moments: list[Moment] = []
        self._visits: list[Visit] = []
        self._refusals: list[Refused] = []

    def visit(self, machine: str, holder: Holder, start: int, end: int, ending: Ending = Ending.HOLDER) -> None:
        """One session. Raises ValueError when the machine is taken."""
        self.diary.take(machine, start, end)
        self._visits.append(Visit(machine, holder.key, start, end, ending))
        self.tap(start, machine, holder.card)
        if ending is Ending.HOLDER:
            self.tap(end - _CONFIRM_S, machine, holder.card)
            self.tap(end, machine, holder.card)
        if ending is Ending.STAFF:
            self.staff(end, Act.END_SESSION, machine=machine)

    def visit_within(self, category: str, holder: Holder, window: range, seconds: int) -> None:
        """The same on whichever machine of the category is free at some second of the window."""
        start, machine = self.some_time(category, window, seconds)
        self.visit(machine, holder, start, start + seconds)

    def some_time(self, category: str, window: range, seconds: int) -> tuple[int, str]:
        """A second of the window, and a machine that is then free for so long. Raises ValueError after many tries."""
        codes = [machine.code for machine in self.lab.machines_of(category)]
        for _ in range(_TRIES):
            start = self.random.choice(window)
            free = [code for code in codes if self.diary.free(code, start, start + seconds)]
            if free:
                return start, self.random.choice(free)
        raise ValueError(f"no {category} is free for {seconds} s between {window.start} and {window.stop}")

    def refused_within(self, category: str, window: range, card: str, reason: DenialReason) -> None:
        """A tap at an idle machine that must be refused."""
        at, machine = self.some_time(category, window, _REFUSAL_S)
        self.diary.take(machine, at, at + _REFUSAL_S)
        self.refused_beside(at, machine, card, reason)

    def refused_beside(self, at: int, machine: str, card: str, reason: DenialReason) -> None:
        """The same at a machine that the caller holds."""
        self._refusals.append(Refused(at, machine, card, reason))
        self.tap(at, machine, card)

    def tap(self, at: int, machine: str, card: str) -> None:
        self._moments.append(Tap(at, machine, card, self.random.randint(2, 5)))

    def staff(
        self, at: int, act: Act, holder: int | None = None, machine: str | None = None, tenant: str | None = None
    ) -> None:
        self._moments.append(Staff(at, act, holder, machine, tenant))

    def fault(self, at: int, what: Break, agent: str | None = None) -> None:
        self._moments.append(Fault(at, what, agent))

    def plan(self, begin: int, finish: int) -> Plan:
        """What was written, in order: at one second faults come first, then staff, then taps."""
        order = {Fault: 0, Staff: 1, Tap: 2}
        moments = sorted(self._moments, key=lambda moment: (moment.at, order[type(moment)]))
        visits = sorted(self._visits, key=lambda visit: (visit.start, visit.machine))
        last = max(visit.end for visit in visits)
        return Plan(begin, max(finish, last + 60), tuple(moments), tuple(visits), tuple(self._refusals))
