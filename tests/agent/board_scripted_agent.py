"""A very small agent for tests of the simulated board: a card switches its relay on, the next one off.

Habits: ``minutely`` asks for a wake every minute, ``softly`` for one every 30 s as a soft deadline, ``late`` for one at
a moment that is past, ``deaf`` never opens its reader, ``freezing`` hangs at its first card, ``telling`` prints each
wake: seconds since boot, wall ms since the start of virtual time, quality.
"""

import sys
import threading
import time
from pathlib import Path
from queue import SimpleQueue

import serial
from gpiozero import OutputDevice

from agent.clock import WaitReport, clock_for
from agent.hardware.board_map import read_config
from agent.hardware.simulated import board_pin_factory

FRAME_BYTES = 14
MINUTE_MS = 60_000
HALF_MINUTE_MS = 30_000


class ScriptedAgent:
    def __init__(self, directory: Path, name: str, habits: list[str]) -> None:
        config = read_config(directory)
        places = [place for place in config.places if place.agent == name]
        self.habits = habits
        self.start_ms = config.start_ms
        self.clock = clock_for(directory, config.virtual, name)
        factory = board_pin_factory(directory, name)
        self.relays = {
            place.machine: OutputDevice(place.relay, initial_value=False, pin_factory=factory) for place in places
        }
        self.inbox: SimpleQueue[str] = SimpleQueue()
        self.seen: dict[str, int] = {}
        self.taps = 0
        self.soft_ms = HALF_MINUTE_MS
        if "deaf" not in habits:
            for place in places:
                line = serial.Serial(str(directory / "tty" / place.machine), 9600, exclusive=True)
                self.seen[place.machine] = 0
                threading.Thread(target=self.read, args=(place.machine, line), daemon=True).start()

    def read(self, machine: str, line: serial.Serial) -> None:
        last_ms = -MINUTE_MS
        while True:
            try:
                data = line.read(FRAME_BYTES)
            except serial.SerialException:
                return  # the board is gone; the main loop says so, and nobody talks into its last words
            if (now_ms := self.clock.now().mono_ms) - last_ms > 300:
                self.inbox.put(machine)
            last_ms = now_ms
            self.seen[machine] += len(data)  # after what they meant was queued

    def report(self) -> WaitReport:
        return WaitReport(dict(self.seen), revision=7, unreceipted=self.taps, connected=True)

    def deadlines(self, now_ms: int) -> tuple[int | None, int | None]:
        hard = now_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS if "minutely" in self.habits else None
        late = "late" in self.habits and now_ms > 0
        return now_ms - 1 if late else hard, self.soft_ms if "softly" in self.habits else None

    def run(self) -> None:
        print("waiting", flush=True)
        while True:
            hard, soft = self.deadlines(self.clock.now().mono_ms)
            machine = self.clock.wait(self.inbox, hard, soft, self.report)
            if "telling" in self.habits:
                now = self.clock.now()
                print(now.mono_ms // 1000, now.wall_ms - self.start_ms, now.quality, flush=True)
            if machine is not None:
                self.tapped(machine)
            elif (now_ms := self.clock.now().mono_ms) >= self.soft_ms:
                self.soft_ms = now_ms // HALF_MINUTE_MS * HALF_MINUTE_MS + HALF_MINUTE_MS

    def tapped(self, machine: str) -> None:
        if "freezing" in self.habits:
            time.sleep(3600)
        self.taps += 1
        self.relays[machine].toggle()


if __name__ == "__main__":
    ScriptedAgent(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]).run()
