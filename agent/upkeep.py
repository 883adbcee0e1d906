"""What the main loop does when nobody waits for it: the hourly event, what the disk did not take, the time, the watchdog."""

from collections.abc import Callable

from agent import recorder
from agent.driver import Driver
from agent.pulse import Pulse
from agent.records import occupied_s
from agent.state import State
from wire.messages import Checkpoint, RunningSession, Stamp

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
QUIET_MS = 2_000  # nobody has held a badge for so long: time to tidy up
KEEP_TIME_MS = 600_000  # how much of the time a power cut may cost a Pi that boots without a clock


class Upkeep:
    """``touched_ms``: when (mono ms) somebody last did something at the box."""

    def __init__(self, state: State, driver: Driver, pulse: Pulse | None) -> None:
        self._state = state
        self._driver = driver
        self._pulse = pulse
        self._hourly_ms: int | None = None
        self._kept_ms = self._forgot_ms = 0
        self.touched_ms = 0

    @property
    def hard(self) -> int | None:
        return self._hourly_ms

    @property
    def soft(self) -> list[int | None]:
        """When (mono ms) to come back, without hurry."""
        dues = [self._driver.recorder.retry_ms, self._kept_ms + KEEP_TIME_MS]
        if self._state.untidy:
            dues.append(self.touched_ms + QUIET_MS)
        if self._pulse is not None:
            dues.append(self._pulse.due_ms)
        return dues

    @property
    def parts(self) -> tuple[Callable[[Stamp], None], ...]:
        """To be done one by one, so that what is wrong with one of them does not keep the others from it."""
        return self._hourly, self._retry, self._keep_time, self._tidy, self._beat

    def _retry(self, now: Stamp) -> None:
        retry_ms = self._driver.recorder.retry_ms
        if retry_ms is not None and retry_ms <= now.mono_ms:
            self._driver.recorder.retry(now)

    def _tidy(self, now: Stamp) -> None:
        quiet = self._state.untidy and self.touched_ms + QUIET_MS <= now.mono_ms
        if quiet or self._state.too_untidy:
            self._state.tidy()

    def _beat(self, now: Stamp) -> None:
        """Only once pins and disk have answered."""
        if self._pulse is not None and self._pulse.due_ms <= now.mono_ms:
            self._driver.check_outputs(now)
            self._state.answers()
            self._pulse.beat(now.mono_ms)

    def _keep_time(self, now: Stamp) -> None:
        """Every record carries the time to disk; where there was none for a while, or once a day, one for its own sake."""
        if self._state.last_wall_ms >= now.wall_ms:
            self._kept_ms = now.mono_ms
        if now.mono_ms >= min(self._kept_ms + KEEP_TIME_MS, self._forgot_ms + DAY_MS):
            self._kept_ms = self._forgot_ms = now.mono_ms
            self._driver.write(recorder.forget_old, now, key="time")

    def _hourly(self, now: Stamp) -> None:
        """Each hour in which anything runs, one event with the seconds of all that runs."""
        running = [one.session for one in self._driver.machines.values() if one.powered]
        open_sessions = [one for one in running if one is not None]
        if not open_sessions:
            self._hourly_ms = None
        elif self._hourly_ms is None:
            self._hourly_ms = now.mono_ms + HOUR_MS
        elif self._hourly_ms <= now.mono_ms:
            self._hourly_ms = now.mono_ms + HOUR_MS
            seconds = tuple(RunningSession(one.id, one.machine, occupied_s(one, now)) for one in open_sessions)
            self._driver.record([Checkpoint(seconds, now)], now)
