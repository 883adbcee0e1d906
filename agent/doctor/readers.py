"""What ``prolab-agent doctor`` asks of readers and serial ports: are they there, are they ours alone, does a chip answer.

Only while the agent is stopped: it has these ports for itself.
"""

import fcntl
import importlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gpiozero.pins import Factory

from agent.doctor.finding import Finding
from agent.places import Place, ReaderKind

_MOVES = re.compile(r"/dev/tty(USB|ACM)\d+|/dev/input/event\d+")
_CONSOLE = re.compile(r"\bconsole=(serial0|ttyAMA\d+|ttyS\d+)")
_SPI_FIX = "set dtparam=spi=on in /boot/firmware/config.txt, reboot, and put the agent's account into the group spi"


@dataclass(frozen=True, slots=True)
class Port:
    """What became of opening a device. ``taken``: another program has it."""

    path: str
    trouble: str = ""
    taken: bool = False


def readers(place: Place, pins: Factory | None, kernel_line: str) -> Iterator[Finding]:
    """The reader of one machine, and its meter's port."""
    check = f"reader of {place.id}"
    if place.reader_kind is ReaderKind.MFRC522:
        yield judge_chip(check, place.reader, *_chip(place, pins))
    else:
        yield from judge_port(check, open_port(place.reader), kernel_line)
    if place.meter is not None:
        yield from judge_port(f"meter port of {place.id}", open_port(place.meter.port), kernel_line)


def open_port(path: str) -> Port:
    """Opens the device for a moment, locked as pyserial locks it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return Port(path, error.strerror or str(error))
    try:
        if not stat.S_ISCHR(os.fstat(descriptor).st_mode):
            return Port(path, "it is no device")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return Port(path, taken=True)
    except OSError as error:
        return Port(path, error.strerror or str(error))
    finally:
        os.close(descriptor)
    return Port(path)


def judge_port(check: str, port: Port, kernel_line: str) -> Iterator[Finding]:
    if port.trouble:
        fix = "look at cable and adapter, at the path in the settings, and whether the agent's account is in the groups dialout and input"
        yield Finding(check, f"{port.path}: {port.trouble}", fix)
        return
    if port.taken:
        yield Finding(check, f"another program has {port.path}", f"end it: sudo fuser -v {port.path} names it")
        return
    yield Finding(check, f"{port.path} is there, and nobody else's")
    if _MOVES.fullmatch(port.path):
        fix = "name it by /dev/serial/by-id/… or /dev/input/by-id/…, or by-path where two share one name"
        yield Finding(f"{check}, name", f"{port.path} may be another device after the next boot", fix)
    console = _CONSOLE.search(kernel_line)
    if console and Path(port.path).resolve() == Path(f"/dev/{console[1]}").resolve():
        fix = f"take console={console[1]} out of /boot/firmware/cmdline.txt and reboot"
        yield Finding(f"{check}, console", f"the login console reads {port.path} too", fix)


def judge_chip(check: str, place: str, version: str | None, trouble: str) -> Finding:
    """``place``: bus and chip select, such as 0.1."""
    if version is not None:
        return Finding(check, f"{version} at SPI {place}")
    if "No such file" in trouble or "spidev" in trouble or "Permission" in trouble:
        return Finding(check, f"there is no SPI {place} here: {trouble}", _SPI_FIX)
    fix = "look at its 3.3 V, at SDA, SCK, MOSI, MISO and RST, and at the pin of its reset in the settings"
    return Finding(check, f"no chip answers at SPI {place}: {trouble}", fix)


def _chip(place: Place, pins: Factory | None) -> tuple[str | None, str]:
    """The chip's version, or why there is none. Whatever its driver raises is a finding, and not the end of the rest."""
    if pins is None and place.reset is not None:
        return None, "there are no pins to wake it with"
    try:
        rfid = importlib.import_module("agent.hardware.rfid")  # not before: it asks for spidev, which only a Pi has
        bus, device = map(int, place.reader.split("."))
        return str(rfid.identify(bus, device, place.reset, pins)), ""
    except Exception as error:  # noqa: BLE001 — whatever it is, it is a finding
        return None, str(error) or repr(error)
