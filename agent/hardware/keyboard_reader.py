"""Badge readers on USB that pretend to be a keyboard: they type a card's number and Enter, once for each presentation.

The keys are read from the kernel by their places, so that a French keyboard setting does not turn digits into letters, and
the device is taken for ourselves, so that no number is typed into a login prompt. Such a reader cannot tell removal.
"""

import fcntl
import logging
import os
import re
import select
import struct
import threading
from collections.abc import Callable, Iterator

from agent.hardware import FrameRefused, Presented, RandomId, ReaderDown, ReaderReport, ReaderUp
from agent.hardware.serial_reader import Bad, Card, Presence
from agent.places import Types

log = logging.getLogger(__name__)

RETRY_S = 1.0
_PAUSE_MS = 100  # longer between two keys, and they belong to different cards
_EVENT = struct.Struct("llHHI")  # struct input_event, in this machine's sizes: seconds, µs, type, code, value
_EV_KEY, _PRESSED = 1, 1
_EVIOCGRAB = 0x40044590
_ENTER, _SHIFT = {28, 96}, {42, 54}
_KEYS = {
    **dict(zip(range(2, 12), "1234567890", strict=True)),
    **dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True)),
    **dict(zip((30, 48, 46, 32, 18, 33), "ABCDEF", strict=True)),
}
_LONGEST = 32


_FORMS = {
    Types.HEX10: ("em4100:", re.compile(r"[0-9A-F]{10}")),
    Types.PRINTED10: ("printed10:", re.compile(r"[0-9]{10}")),
    Types.UID: ("iso14443a:", re.compile(r"(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})")),
}


class MadeUp:
    """A UID that is another one each time."""


Typed = Card | Bad | MadeUp


class Keys:
    """Kernel events in, cards out. Only pauses between keys go by the kernel's time of day, which may be set meanwhile."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._rest = b""
        self._typed = ""
        self._at_ms = 0

    def feed(self, data: bytes) -> Iterator[Typed]:
        self._rest += data
        whole = len(self._rest) // _EVENT.size * _EVENT.size
        events, self._rest = self._rest[:whole], self._rest[whole:]
        for seconds, micros, kind, code, value in _EVENT.iter_unpack(events):
            if kind == _EV_KEY and value == _PRESSED and code not in _SHIFT:
                yield from self._press(code, seconds * 1000 + micros // 1000)

    def _press(self, code: int, at_ms: int) -> Iterator[Typed]:
        if self._typed and (at_ms - self._at_ms > _PAUSE_MS or len(self._typed) >= _LONGEST):
            yield Bad("keys without an end")
            self._typed = ""
        self._at_ms = at_ms
        if code not in _ENTER:
            self._typed += _KEYS.get(code, "?")
        elif self._typed:  # some readers end with two
            yield read_typed(self._typed, self._types)
            self._typed = ""


def read_typed(typed: str, types: Types) -> Typed:
    """The card that these keys mean."""
    kind, form = _FORMS[types]
    if form.fullmatch(typed) is None:
        return Bad(f"not {types}")
    number = int(typed, 10 if types is Types.PRINTED10 else 16)
    all_ones = (1 << (32 if types is Types.PRINTED10 else 4 * len(typed))) - 1
    if number > all_ones:
        return Bad(f"not {types}")
    if number in {0, all_ones}:
        return Bad("id all one" if number else "id all zero")
    if types is Types.UID and len(typed) == 8 and typed.startswith("08"):
        return MadeUp()
    return Card(kind + typed)


def grab(device: int) -> None:
    """From now on its keys are told to nobody else. Raises OSError."""
    fcntl.ioctl(device, _EVIOCGRAB, 1)


class KeyboardReader:
    """One reader in one thread. ``device`` is best a ``/dev/input/by-id/…-event-kbd`` path.

    Most type the printed number; one that types hex digits is refused with that reason, until ``types`` says so.
    """

    def __init__(
        self,
        machine: str,
        device: str,
        mono_ms: Callable[[], int],
        types: Types = Types.PRINTED10,
        take: Callable[[int], None] = grab,
    ) -> None:
        self._machine = machine
        self._device = device
        self._mono_ms = mono_ms
        self._types = types
        self._take = take
        self._presence = Presence()
        self._seen: int | None = None
        self._down = False
        self._stopping = threading.Event()
        self._wake = os.eventfd(0)
        self._report: Callable[[ReaderReport], None] = lambda report: None
        self._thread = threading.Thread(target=self._run, name=f"reader-{machine}", daemon=True)

    @property
    def bytes_seen(self) -> int | None:
        return self._seen

    def start(self, report: Callable[[ReaderReport], None]) -> None:
        self._report = report
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        os.eventfd_write(self._wake, 1)
        if self._thread.is_alive():
            self._thread.join(timeout=RETRY_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                device = os.open(self._device, os.O_RDONLY | os.O_NONBLOCK)
                try:
                    self._take(device)
                    self._read(device)
                finally:
                    os.close(device)
            except Exception as error:
                if not self._down and not isinstance(error, OSError):
                    log.exception("the reader of %s", self._machine)
                self._tell_down(str(error) or repr(error))
            self._stopping.wait(RETRY_S)

    def _read(self, device: int) -> None:
        keys = Keys(self._types)
        self._seen, self._down = self._seen or 0, False
        self._report(ReaderUp(self._machine))
        while not self._stopping.is_set():
            select.select([device, self._wake], [], [])
            if self._stopping.is_set():
                return
            data = os.read(device, 64 * _EVENT.size)
            if not data:
                raise OSError("the reader was pulled out")
            for typed in keys.feed(data):
                self._tell(typed)
            self._seen += len(data)

    def _tell(self, typed: Typed) -> None:
        if isinstance(typed, Bad):
            self._report(FrameRefused(self._machine, typed.why))
        elif isinstance(typed, MadeUp):
            self._report(RandomId(self._machine))
        elif self._presence.is_new(typed.card_id, self._mono_ms()):
            self._report(Presented(self._machine, typed.card_id))

    def _tell_down(self, detail: str) -> None:
        self._seen = None
        if not self._down:
            self._down = True
            self._report(ReaderDown(self._machine, detail))
