"""Badge readers on a serial line: RDM6300, and ID-12LA/ID-20LA whose frames differ only by a line end before the last byte.

A frame is STX, ten hex digits, two hex digits that are the XOR of those five bytes, ETX. An RDM6300 repeats it about every
65 ms while the card is there, so that it can tell when the card is gone; an ID-12LA or ID-20LA says it once and cannot. For
the same reason an RDM6300 speaks of a card that has lain there since before a power cut, which is not being held there now.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from serial.serialposix import Serial

from agent.hardware import FrameRefused, Heard, LeftLying, Presented, ReaderDown, ReaderReport, ReaderUp, Removed

log = logging.getLogger(__name__)

BAUD = 9600
RETRY_S = 1.0
PRESENCE_MS = 300
_SILENT_S = 0.3  # a line that was silent for so long had no card on its reader
_LOOK_S = 0.1  # how often to look whether a card is gone, while one is there
_STX, _ETX = 0x02, 0x03
_MAX_CHARS = 14  # twelve digits, carriage return, line feed
_DIGITS = re.compile(rb"([0-9A-Fa-f]{12})(?:\r\n)?")
_BLANK = {bytes(5): "all zero", b"\xff" * 5: "all one"}  # valid by checksum, and what a broken card reads as


class Card(NamedTuple):
    card_id: str


class Bad(NamedTuple):
    why: str


class Frames:
    """Bytes in, cards out. STX always begins anew, so one torn frame never costs the next."""

    def __init__(self) -> None:
        self._chars: bytearray | None = None  # None: outside a frame

    def feed(self, data: bytes) -> Iterator[Card | Bad]:
        for byte in data:
            if byte == _STX:
                if self._chars is not None:
                    yield Bad("torn frame")
                self._chars = bytearray()
            elif byte == _ETX:
                yield Bad("end without a beginning") if self._chars is None else read_digits(bytes(self._chars))
                self._chars = None
            elif self._chars is not None:
                self._chars.append(byte)
                if len(self._chars) > _MAX_CHARS:
                    yield Bad("frame too long")
                    self._chars = None


def read_digits(chars: bytes) -> Card | Bad:
    """The card in what stood between STX and ETX."""
    match = _DIGITS.fullmatch(chars)
    if match is None:
        return Bad("not twelve hex digits")
    *tag, checksum = bytes.fromhex(match[1].decode())
    total = 0
    for byte in tag:
        total ^= byte
    if total != checksum:
        return Bad("wrong checksum")
    if blank := _BLANK.get(bytes(tag)):
        return Bad(f"id {blank}")
    return Card(f"em4100:{bytes(tag).hex().upper()}")


class Presence:
    """Tells a card that has come from a card that is still there: frames less than 300 ms apart are one presentation."""

    def __init__(self) -> None:
        self._card_id = ""
        self._seen_ms = 0

    def is_new(self, card_id: str, now_ms: int) -> bool:
        still_there = card_id == self._card_id and now_ms - self._seen_ms <= PRESENCE_MS
        self._card_id, self._seen_ms = card_id, now_ms
        return not still_there

    @property
    def is_there(self) -> bool:
        return bool(self._card_id)

    def stays(self, now_ms: int) -> None:
        self._seen_ms = now_ms

    def has_gone(self, now_ms: int) -> bool:
        """True once, when no frame has come for 300 ms."""
        gone = self.is_there and now_ms - self._seen_ms > PRESENCE_MS
        if gone:
            self._card_id = ""
        return gone


class SerialReader:
    """One reader in one thread. ``port`` is best a ``/dev/serial/by-id/…`` path, which survives another USB socket.

    ``tells_removal``: it is an RDM6300, whose silence means that the card is gone. Not for the simulated board, where a
    card is two frames at one instant.
    """

    def __init__(self, machine: str, port: str, mono_ms: Callable[[], int], tells_removal: bool = False) -> None:
        self._machine = machine
        self._port = port
        self._mono_ms = mono_ms
        self._tells_removal = tells_removal
        self._presence = Presence()
        self._watching = False  # the reader was empty, or its card is known: whatever comes now, comes before our eyes
        self._seen = 0
        self._line: Any = None  # pyserial carries no types
        self._is_odd = False  # by an error that is not the line's; it is in the log then
        self._stopping = threading.Event()
        self._report: Callable[[ReaderReport], None] = lambda report: None
        self._thread = threading.Thread(target=self._run, name=f"reader-{machine}", daemon=True)

    @property
    def bytes_seen(self) -> int | None:
        return None if self._line is None else self._seen

    def start(self, report: Callable[[ReaderReport], None]) -> None:
        self._report = report
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if (line := self._line) is not None:
            with suppress(OSError, TypeError):  # its own thread may just be closing it
                line.cancel_read()
        self._thread.join(timeout=RETRY_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with Serial(self._port, BAUD, exclusive=True) as line:
                    self._read_until_it_is_gone(line)
            except OSError as error:  # pyserial's own errors too
                self._tell_down(str(error))
            except Exception as error:  # such as termios.error: the thread must not end by any
                if not self._is_odd:
                    log.exception("the reader of %s", self._machine)
                self._is_odd = True
                self._tell_down(str(error) or repr(error))
            self._stopping.wait(RETRY_S)

    def _read_until_it_is_gone(self, line: Any) -> None:
        try:
            self._read(line)
        except OSError as error:
            self._tell_down(str(error))  # before the port is closed: no press of a button comes in between

    def _tell_down(self, detail: str) -> None:
        self._line = None
        self._report(ReaderDown(self._machine, detail))

    def _read(self, line: Any) -> None:
        frames = Frames()
        self._line, self._is_odd = line, False
        self._no_proof_of_absence()
        self._watching = False
        self._look_whether_gone(line)
        self._report(ReaderUp(self._machine))
        if not self._tells_removal:
            self._watch()
        while not self._stopping.is_set():
            data = line.read(1)
            if data:
                data += line.read(line.in_waiting)
                for frame in frames.feed(data):
                    self._take(frame)
                self._seen += len(data)  # only now: a count that is told means that its taps were told before
                self._report(Heard(self._machine))
            elif not self._watching:  # nothing waits in the line: proof of silence, however late we come to look
                self._watch()
            self._look_whether_gone(line)

    def _watch(self) -> None:
        if not self._watching:
            log.info("the reader of %s listens on %s", self._machine, self._port)
        self._watching = True

    def _no_proof_of_absence(self) -> None:
        """The reader has only just begun, or what was read was no card: whatever was there may be there still."""
        if self._tells_removal:
            self._presence.stays(self._mono_ms())

    def _look_whether_gone(self, line: Any) -> None:
        """A read ends by itself only while a card is there, so that an empty reader costs no time."""
        if not self._tells_removal:
            return
        if self._presence.has_gone(self._mono_ms()):
            self._report(Removed(self._machine))
        if not self._watching:
            line.timeout = _SILENT_S
        else:
            line.timeout = _LOOK_S if self._presence.is_there else None

    def _take(self, frame: Card | Bad) -> None:
        if isinstance(frame, Bad):
            self._no_proof_of_absence()
            self._report(FrameRefused(self._machine, frame.why))
            return
        came = self._watching
        self._watch()
        if not self._presence.is_new(frame.card_id, self._mono_ms()):
            return
        if not came:
            log.info("a card lies on the reader of %s: it starts nothing before it is held there again", self._machine)
        self._report((Presented if came else LeftLying)(self._machine, frame.card_id))
