"""Everything that hangs at one agent, made from its settings: actuators, readers, meters, inputs. Pins first, all of them off."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from gpiozero.pins import Factory

from agent.config import Config
from agent.hardware import Meter, Panel, Reader, Relay, Seen
from agent.hardware.gpio import GpioRelay
from agent.hardware.inputs import InputWatcher, wires
from agent.hardware.pzem import PzemMeter
from agent.hardware.serial_reader import SerialReader
from agent.hardware.shelly import Patience, Plug
from agent.places import TELL_REMOVAL, Place, PlugAt, ReaderKind

Put = Callable[[Any], None]


class _Runs(Protocol):
    def start(self, report: Put) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Box:
    relays: dict[str, Relay]
    readers: dict[str, Reader]
    meters: dict[str, Meter]
    plugs: tuple[Plug, ...]
    inputs: InputWatcher

    def start(self, put: Put, panel: Panel) -> None:
        """Reports go to ``put``, all but one: that a card is in the field is shown at once, before anything is decided."""

        def reported(report: Any) -> None:
            if isinstance(report, Seen):
                panel.seen(report.machine)
            else:
                put(report)

        for part in self._parts():
            part.start(reported)

    def stop(self) -> None:
        """After the main loop: a plug still has its release to carry out."""
        for part in self._parts():
            part.stop()

    def _parts(self) -> list[_Runs]:
        return [*self.plugs, *self.meters.values(), self.inputs, *self.readers.values()]


def build(config: Config, factory: Factory, mono_ms: Callable[[], int]) -> Box:
    """The parts as the settings name them, not started yet. Raises what gpiozero raises for a pin that cannot be had."""
    removals = config.board is None or not config.board.virtual  # in virtual time nothing waits for a card to go
    relays: dict[str, Relay] = {
        place.id: GpioRelay(place.relay, factory) for place in config.machines if place.relay is not None
    }
    patience = Patience(mono_ms)
    plugs = {
        place.id: _plug(place, place.plug, mono_ms, patience) for place in config.machines if place.plug is not None
    }
    inputs = [wire for place in config.machines for wire in wires(place.id, place.inputs, factory)]
    return Box(
        relays=relays | plugs,
        readers={place.id: _reader(place, factory, mono_ms, removals) for place in config.machines},
        meters={
            place.id: PzemMeter(place.id, place.meter.port, place.meter.address)
            for place in config.machines
            if place.meter is not None
        },
        plugs=tuple(plugs.values()),
        inputs=InputWatcher(inputs),
    )


def _plug(place: Place, plug: PlugAt, mono_ms: Callable[[], int], patience: Patience) -> Plug:
    return Plug(place.id, plug.host, mono_ms, plug.dead_man_s, plug.password, patience=patience)


def _reader(place: Place, factory: Factory, mono_ms: Callable[[], int], removals: bool) -> Reader:
    match place.reader_kind:
        case ReaderKind.MFRC522:
            from agent.hardware.rfid import RfidReader

            bus, device = map(int, place.reader.split("."))
            return RfidReader(place.id, bus, device, place.reset, factory, mono_ms)
        case ReaderKind.KEYBOARD:
            from agent.hardware.keyboard_reader import KeyboardReader

            return KeyboardReader(place.id, place.reader, mono_ms, place.reader_types)
        case _:
            return SerialReader(
                place.id, place.reader, mono_ms, tells_removal=removals and place.reader_kind in TELL_REMOVAL
            )
