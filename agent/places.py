"""One machine at this agent, as the settings tell: its reader, its actuator, and every part its box has besides."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from agent.metering import Thresholds
from agent.toml_reader import TomlReader
from wire.messages import CARD_STAYS, PRESS_TO_START, OnLoss

T = TypeVar("T", bound=StrEnum)
# 0 to 8 are pulled up at power-on, 14 goes high while the Pi boots, 15 is the serial line's input
RELAY_PINS = frozenset(range(9, 28)) - {14, 15}
HOLD_S = 4 * 3600  # dead-man timer of a plug that is to outlive restarts and updates of the agent
FALL_S = 60  # and of one that is to let go soon
INPUT_PINS = frozenset(range(2, 28)) - {14, 15}
_MACHINES_AT_MOST = 4
_SPI_PINS, _I2C_PINS = range(7, 12), (2, 3)  # of SPI bus 0 and I2C bus 1
_CHIP_SELECT = re.compile(r"\d\.\d")
_THRESHOLDS = ("run_w", "idle_w", "up_s", "down_s", "gap_s", "standby_w")
_INPUTS = ("contact", "estop", "button", "problem", "bypass")


class ReaderKind(StrEnum):
    RDM6300 = "rdm6300"  # 125 kHz, repeats while the card lies there
    ID12LA = "id12la"  # 125 kHz, speaks once a presentation
    MFRC522 = "mfrc522"  # 13.56 MHz on SPI
    KEYBOARD = "keyboard"  # USB, types like a keyboard


class Types(StrEnum):
    """What a USB reader types. Which one it is stands in its manual, or is seen in any text field."""

    HEX10 = "hex10"  # all five bytes of a 125 kHz card
    PRINTED10 = "printed10"  # the low four in decimal: a badge is then known at readers that type this, and at no other
    UID = "uid"  # a 13.56 MHz card in hex


TELL_REMOVAL = frozenset({ReaderKind.RDM6300, ReaderKind.MFRC522})


class ContactKind(StrEnum):
    """Which auxiliary contact tells of the power. A mirror contact opens when a main contact closes, and cannot lie."""

    MIRROR = "mirror"  # normally closed
    AUXILIARY = "auxiliary"  # normally open


@dataclass(frozen=True, slots=True)
class Inputs:
    """Pins in Broadcom numbers; each closes to ground. None: the box has no such part."""

    contact: int | None = None
    contact_kind: ContactKind = ContactKind.MIRROR
    own_start: bool = False  # the machine's own start and stop move the contact too: open is normal while in use
    estop: int | None = None  # normally closed: a broken wire reads as pressed
    button: int | None = None
    problem: int | None = None
    bypass: int | None = None

    @property
    def pins(self) -> list[int]:
        return [pin for pin in (self.contact, self.estop, self.button, self.problem, self.bypass) if pin is not None]


@dataclass(frozen=True, slots=True)
class MeterAt:
    """A PZEM-004T on a serial port."""

    port: str
    address: int


@dataclass(frozen=True, slots=True)
class PlugAt:
    """A smart plug that switches and meters. ``host``: its address in the workshop's network, with a port if need be."""

    host: str
    dead_man_s: int
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Signals:
    """Lamp (red, green, blue), buzzer and display of the panel."""

    lamp: tuple[int, ...] = ()
    buzzer: int | None = None
    display: str | None = None  # ssd1306 or sh1106
    bus: int = 1
    address: int = 0x3C

    @property
    def pins(self) -> list[int]:
        return [*self.lamp, *([] if self.buzzer is None else [self.buzzer])]


@dataclass(frozen=True, slots=True)
class Place:
    """``reader``: a serial or input device, or ``0.1`` for chip select 1 of SPI bus 0. ``relay``: None with a plug."""

    id: str
    reader: str
    relay: int | None
    on_loss: OnLoss
    reader_kind: ReaderKind = ReaderKind.RDM6300
    reader_types: Types = Types.PRINTED10  # of a reader that types
    reset: int | None = None  # pin of an MFRC522
    inputs: Inputs = Inputs()
    signals: Signals = Signals()
    meter: MeterAt | None = None
    plug: PlugAt | None = None
    thresholds: Thresholds | None = None  # None: nothing is metered

    @property
    def parts(self) -> frozenset[str]:
        """Rules of a list that this box has the parts for."""
        has = {
            PRESS_TO_START: self.inputs.button is not None,
            CARD_STAYS: self.reader_kind in TELL_REMOVAL,
        }
        return frozenset(rule for rule, there in has.items() if there)

    @property
    def pins(self) -> list[int]:
        single = [pin for pin in (self.relay, self.reset) if pin is not None]
        return [*single, *self.inputs.pins, *self.signals.pins]


def read_places(reader: TomlReader) -> tuple[Place, ...]:
    parts = reader.parts("machine", _MACHINES_AT_MOST)
    places = tuple(_place(part) for part in parts)
    for what in ("id", "reader"):
        _only_once(reader, f"the same {what}", [str(getattr(place, what)) for place in places])
    _only_once(reader, "the same pin", [str(pin) for place in places for pin in place.pins if pin != place.reset])
    buses = _bus_pins(places)
    for part, place in zip(parts, places, strict=True):
        taken = ", ".join(f"{pin} ({buses[pin]})" for pin in sorted(set(place.pins) & buses.keys()))
        part.check("pins", taken, lambda taken: not taken, f"are taken by a bus: {taken}")
    return places


def _bus_pins(places: Iterable[Place]) -> dict[int, str]:
    """What readers and displays of this box leave to nothing else."""
    taken: dict[int, str] = {}
    for place in places:
        if place.reader_kind is ReaderKind.MFRC522 and place.reader.startswith("0."):
            taken |= dict.fromkeys(_SPI_PINS, "SPI, for an mfrc522")
        if place.signals.display is not None and place.signals.bus == 1:
            taken |= dict.fromkeys(_I2C_PINS, "I2C, for a display")
    return taken


def _only_once(reader: TomlReader, what: str, values: list[str]) -> None:
    twice = sorted(value for value, count in Counter(values).items() if count > 1)
    reader.check("machine", twice, lambda twice: not twice, f"has {what} twice: {', '.join(twice)}")


def _place(reader: TomlReader) -> Place:
    on_loss = _one_of(reader, "on_loss", OnLoss, OnLoss.OFF)
    plug = _plug(reader.part("plug"), on_loss) if reader.has("plug") else None
    meter = _meter(reader.part("meter")) if reader.has("meter") else None
    limits = [_thresholds(reader.part(table)) for table in ("meter", "plug") if reader.has(table)]
    place = Place(
        id=reader.take("id", str),
        reader=reader.take("reader", str),
        relay=None if plug is not None else _pin(reader, "relay", RELAY_PINS, "no others stay low while a Pi boots"),
        on_loss=on_loss,
        reader_kind=_one_of(reader, "reader_kind", ReaderKind, ReaderKind.RDM6300),
        reader_types=_one_of(reader, "reader_types", Types, Types.PRINTED10),
        reset=_pin(reader, "reset", INPUT_PINS, "of the reader's RST") if reader.has("reset") else None,
        inputs=_inputs(reader),
        signals=_signals(reader),
        meter=meter,
        plug=plug,
        thresholds=next((one for one in limits if one is not None), None),
    )
    if place.reader_kind is ReaderKind.MFRC522:
        rule = 'should be such as "0.0": SPI bus and chip select'
        reader.check("reader", place.reader, lambda value: _CHIP_SELECT.fullmatch(value) is not None, rule)
    if plug is not None:
        reader.check("relay", reader.has("relay"), lambda there: not there, "has no place beside a [machine.plug]")
    holds = plug is not None or on_loss is OnLoss.OFF
    reader.check("on_loss", holds, bool, "hold needs an actuator that holds by itself: a [machine.plug]")
    return place


def _inputs(reader: TomlReader) -> Inputs:
    pins = {name: _pin(reader, name, INPUT_PINS, "a free input") for name in _INPUTS if reader.has(name)}
    return Inputs(
        contact_kind=_one_of(reader, "contact_kind", ContactKind, ContactKind.MIRROR),
        own_start=reader.take("own_start", bool, False),
        **pins,
    )


def _signals(reader: TomlReader) -> Signals:
    lamp = tuple(reader.take("lamp", list, []))
    fits = len(lamp) in (0, 3) and all(pin in INPUT_PINS for pin in lamp)
    reader.check("lamp", fits, bool, "should be three pins: red, green, blue")
    display = reader.take("display", str, "")
    reader.check("display", display, ("", "ssd1306", "sh1106").__contains__, "should be ssd1306 or sh1106")
    return Signals(
        lamp=lamp,
        buzzer=_pin(reader, "buzzer", INPUT_PINS, "a free output") if reader.has("buzzer") else None,
        display=display or None,
        bus=reader.take("display_bus", int, 1),
        address=reader.take("display_address", int, 0x3C),
    )


def _meter(reader: TomlReader) -> MeterAt:
    address = reader.take("address", int, 0xF8)
    reader.check("address", address, range(1, 0xF9).__contains__, "should be 1 to 247, or 248 for the only one")
    return MeterAt(reader.take("port", str), address)


def _plug(reader: TomlReader, on_loss: OnLoss) -> PlugAt:
    dead_man_s = reader.take("dead_man_s", int, HOLD_S if on_loss is OnLoss.HOLD else FALL_S)
    reader.check("dead_man_s", dead_man_s, lambda seconds: seconds >= 15, "should be 15 seconds or more")
    password = reader.secret("password") if reader.has("password") or reader.has("password_file") else None
    return PlugAt(reader.take("host", str), dead_man_s, password)


def _thresholds(reader: TomlReader) -> Thresholds | None:
    """What counts as running; None where the settings do not say, and then nothing is metered."""
    if not any(reader.has(key) for key in _THRESHOLDS):
        return None
    run_w, idle_w, standby_w = (reader.take("run_w", int), reader.take("idle_w", int), reader.take("standby_w", int, 0))
    up_s, down_s, gap_s = (reader.take("up_s", int, 3), reader.take("down_s", int, 90), reader.take("gap_s", int, 10))
    try:
        return Thresholds(float(run_w), float(idle_w), up_s, down_s, gap_s, float(standby_w))
    except ValueError as error:
        reader.wrong("run_w", str(error))
        return None


def _pin(reader: TomlReader, key: str, allowed: frozenset[int], why: str) -> int:
    pin: int = reader.take(key, int)
    pins = ", ".join(map(str, sorted(allowed)))
    reader.check(key, pin, allowed.__contains__, f"should be one of {pins}: {why}")
    return pin


def _one_of(reader: TomlReader, key: str, kind: type[T], default: T) -> T:
    value = reader.take(key, str, str(default))
    reader.check(key, value, set(kind).__contains__, f"should be one of {', '.join(kind)}")
    return kind(value) if value in set(kind) else default
