"""A machine driven stimulus by stimulus, and what the tests of its rules ask of it."""

from dataclasses import replace
from typing import Any

from agent.access import Denied, Grant, Payer
from agent.machine import Machine
from agent.metering import Thresholds
from agent.session import next_deadline, next_glance, step
from agent.stimuli import Effect, Energise, Measured, Record, Release, Stimulus, Tapped, Ticked
from tests.agent.fakes import stamp
from wire.messages import AccessDenied, Body, DenialReason, OnLoss, Policy, RiskClass, SessionEnded, SessionStarted

ID, SECOND_ID = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
ACME, PRIVATE = Payer("acme", "Acme", 900), Payer("ada", "Ada herself", 1200)
ADA = Grant(1, "Ada", "en", (ACME, PRIVATE), 7, Policy())
BOB = Grant(2, "Bob", "de", (ACME,), 7, Policy())
THRESHOLDS = Thresholds(30.0, 20.0, 3, 90)


class Bench:
    """One machine. Time goes on by its own deadlines, as in the main loop."""

    def __init__(self, **machine: Any) -> None:
        self.machine = Machine("p1", OnLoss.OFF, RiskClass.LOW, **machine)
        self.policy = Policy()
        self.seconds = 0.0
        self.effects: list[Effect] = []

    def rules(self, **policy: Any) -> "Bench":
        self.policy = Policy(**policy)
        return self

    def does(self, stimulus: Stimulus, seconds: float | None = None) -> "Bench":
        """``effects`` are those of this stimulus, with what time did on the way before them."""
        self.effects = []
        self.at(self.seconds if seconds is None else seconds)
        self._step(stimulus)
        return self

    def at(self, seconds: float) -> "Bench":
        while (due := self._due()) is not None and due <= seconds * 1000:
            before = self.machine
            self.seconds = max(due / 1000, self.seconds)
            self._step(Ticked())
            assert self.machine != before or due > self.seconds * 1000, (
                "a deadline that changes nothing would never pass"
            )
        self.seconds = seconds
        return self

    def tap(
        self, seconds: float, grant: Grant | Denied = ADA, token: str = "", session: str = ID, **more: Any
    ) -> "Bench":
        if isinstance(grant, Grant) and grant.policy == Policy():
            grant = replace(grant, policy=self.policy)
        return self.does(Tapped(token or f"badge of {grant.name}", grant, session, **more), seconds)

    def measures(self, watts: float, start: int, end: int) -> "Bench":
        """One reading a second, from ``start`` until before ``end``."""
        for second in range(start, end):
            self.does(Measured(watts, None), second)
        return self

    def of(self, kind: type[Body]) -> list[Any]:
        records = [effect for effect in self.effects if isinstance(effect, Record)]
        return [event for record in records for event in record.events if isinstance(event, kind)]

    @property
    def ended(self) -> SessionEnded | None:
        return next(iter(self.of(SessionEnded)), None)

    @property
    def started(self) -> SessionStarted | None:
        return next(iter(self.of(SessionStarted)), None)

    @property
    def denied(self) -> tuple[DenialReason, ...]:
        return next((one.reasons for one in self.of(AccessDenied)), ())

    @property
    def switched(self) -> list[str]:
        """The relay's moves of the last stimulus."""
        names = {Energise: "on", Release: "off"}
        return [names[type(effect)] for effect in self.effects if type(effect) in names]

    def _due(self) -> int | None:
        dues = (next_deadline(self.machine), next_glance(self.machine))
        return min((due for due in dues if due is not None), default=None)

    def _step(self, stimulus: Stimulus) -> None:
        self.machine, effects = step(self.machine, stimulus, stamp(self.seconds))
        self.effects.extend(effects)
